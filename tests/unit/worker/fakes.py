"""A station that only does as it is told, and a transport that only remembers."""

import asyncio
from collections.abc import Iterable
from typing import Any

from evswarm_shared.bus.messages import (
    Assignment,
    Conditions,
    StationCommit,
    StationSnapshot,
    StationState,
    StoredStation,
    Tariff,
)
from evswarm_shared.clock import SimulatedClock
from evswarm_shared.ocpp16.datatypes import IdTagInfo
from evswarm_shared.ocpp16.frames import Frame
from evswarm_shared.telemetry.counts import ConnectResult, DisconnectReason
from evswarm_worker.host import StationMachine
from evswarm_worker.share import StationPlan
from evswarm_worker.station.effects import STOPPED, Effect, LogLine, SnapshotChanged
from evswarm_worker.station.rebooting import StopCause
from evswarm_worker.station.transfer import TransferResult


class FakeStation(StationMachine):
    """Records its inputs as (name, arguments without the time) and asks for what a test puts into `asks`."""

    def __init__(self, station_id: str = "CP-000001") -> None:
        self.station_id = station_id
        self.inputs: list[tuple[Any, ...]] = []
        self.asks: list[Effect] = []
        self.answers: dict[str, list[Effect]] = {"stop": [STOPPED], "hand_over": [STOPPED]}
        self.wakeup: float | None = None
        self.state = StationState.AVAILABLE
        self.energy_mwh = 0
        self.raises: Exception | None = None
        self.stop_cause: StopCause | None = None
        self.in_flight = ""

    def _input(self, *what: Any) -> None:
        self.inputs.append(what)
        if self.raises is not None:
            raise self.raises
        self.asks.extend(self.answers.get(what[0], []))

    def start(self, now: float) -> None:
        self._input("start")
        self.asks += [LogLine("[00:00:00] started"), SnapshotChanged()]

    def connected(self, now: float, server_chain: tuple[bytes, ...] = ()) -> None:
        self._input("connected")

    def connection_failed(self, reason: ConnectResult, now: float) -> None:
        self._input("connection_failed", reason)

    def disconnected(self, reason: DisconnectReason, now: float) -> None:
        self._input("disconnected", reason)

    def receive(self, frame: bytes | Frame, now: float) -> None:
        self._input("receive", frame)

    def transferred(self, transfer: int, result: TransferResult, now: float) -> None:
        self._input("transferred", transfer, result)

    def key_made(self, request: int, private_key: str, signing_request: str, now: float) -> None:
        self._input("key_made", request, private_key, signing_request)

    def wake(self, now: float) -> None:
        self.wakeup = None
        self._input("wake")

    def tariff_changed(self, tariff: Tariff, now: float) -> None:
        self._input("tariff_changed", tariff)

    def clock_changed(self, clock: SimulatedClock, now: float) -> None:
        self._input("clock_changed", clock)

    def conditions_changed(self, conditions: Conditions, now: float) -> None:
        self._input("conditions_changed", conditions)

    def stop(self, now: float, cause: StopCause = StopCause.COMMAND) -> None:
        self.state = StationState.STOPPED
        self.stop_cause = cause
        self._input("stop")

    def hand_over(self, now: float) -> None:
        self._input("hand_over")

    def reconnect(self, now: float) -> None:
        self._input("reconnect")

    def plug_in(self, connector_id: int, now: float) -> None:
        self._input("plug_in", connector_id)

    def authorize(self, connector_id: int, id_tag: str, now: float) -> None:
        self._input("authorize", connector_id, id_tag)

    def fault(self, connector_id: int, error_code: str, now: float, *, info: str = "") -> None:
        self._input("fault", connector_id, error_code, info)

    def press_stop(self, connector_id: int, now: float, *, reason: str) -> None:
        self._input("press_stop", connector_id, reason)

    def power_cycle(self, now: float, *, reason: str) -> None:
        self._input("power_cycle", reason)

    def set_configuration(self, key: str, value: str, now: float) -> None:
        self._input("set_configuration", key, value)

    def add_to_cache(self, id_tag: str, info: IdTagInfo, now: float) -> None:
        self._input("add_to_cache", id_tag, info.status)

    def open_door(self, now: float) -> None:
        self._input("open_door")

    def set_autonomous(self, autonomous: bool, now: float) -> None:
        self._input("set_autonomous", autonomous)

    def effects(self) -> Iterable[Effect]:
        asks, self.asks = self.asks, []
        return asks

    def next_wakeup(self) -> float | None:
        return self.wakeup

    def snapshot(self, now: float) -> StationSnapshot:
        return row(self.station_id, state=self.state, energy_mwh=self.energy_mwh)

    def awaits(self, unique_id: str) -> bool:
        return unique_id == self.in_flight

    def detail(self, now: float, *, schedule_seconds: int, full_tags: bool) -> dict[str, Any]:
        return {"station_id": self.station_id, "asked": [now, schedule_seconds, full_tags]}

    def whole(self, now: float) -> StationCommit:
        return StationCommit(self.station_id, b"whole")

    @property
    def names(self) -> list[str]:
        """The inputs by name."""
        return [str(what[0]) for what in self.inputs]


class FakeStations:
    """A builder of fake stations that keeps all it built, newest last."""

    def __init__(self) -> None:
        self.built: dict[str, list[FakeStation]] = {}

    def __call__(
        self, plan: StationPlan, stored: StoredStation, assignment: Assignment, tariff: Tariff, now: float
    ) -> FakeStation:
        station = FakeStation(plan.station_id)
        if plan.stopped:
            station.state = StationState.STOPPED
            station.answers["start"] = [STOPPED]
        self.built.setdefault(plan.station_id, []).append(station)
        return station

    def __getitem__(self, station_id: str) -> FakeStation:
        return self.built[station_id][-1]


def row(
    station_id: str = "CP-000001",
    *,
    state: StationState = StationState.AVAILABLE,
    connectors: tuple[str, ...] = ("Available",),
    running: bool = True,
    transactions: int = 0,
    power_w: int = 0,
    energy_mwh: int = 0,
    earnings_micro: int = 0,
) -> StationSnapshot:
    """A station's row."""
    return StationSnapshot(
        station_id,
        state,
        connectors,
        "w1",
        "home",
        running,
        transactions,
        power_w,
        0,
        energy_mwh,
        earnings_micro,
        "Heartbeat",
        0.0,
        0.0,
    )


class FakeTransport(asyncio.Transport):
    """Remembers what was written; its buffer is as full as a test says."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.buffered = 0
        self.closed = False
        self.aborted = False
        self.readings: list[bool] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self.limits = (high, low)

    def get_write_buffer_size(self) -> int:
        return self.buffered

    def is_closing(self) -> bool:
        return self.closed or self.aborted

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.aborted = True

    def pause_reading(self) -> None:
        self.readings.append(False)

    def resume_reading(self) -> None:
        self.readings.append(True)

    def take(self) -> bytes:
        """What was written since the last call."""
        data = bytes(self.written)
        self.written.clear()
        return data


async def turns(count: int = 5) -> None:
    """Let everything that is ready run."""
    for _ in range(count):
        await asyncio.sleep(0)
