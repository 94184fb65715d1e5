"""What the controller leaves for the historian: commands, operations, prices, and the run itself."""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from evswarm_controller.observer import Observer
from evswarm_shared.bus.messages import (
    CommandOutcome,
    CommandTarget,
    DesiredState,
    OperationKind,
    OperationSnapshot,
    TariffChange,
)
from evswarm_shared.history.recorder import Recorder
from evswarm_shared.history.records import EventKind, EventRecord, RunRecord
from evswarm_shared.settings import ControllerSettings

LOOK_SECONDS: Final = 0.5
FAULTS: Final = frozenset(("fault", "clear_fault", "power_cycle", "network_down", "network_up"))
"""Hand actions that make something go wrong, or right again."""

_encode = msgspec.json.Encoder().encode


class SwarmHistory:
    """Takes down what is done to the swarm. `leads`: only the leading controller tells of the run."""

    def __init__(
        self,
        recorder: Recorder,
        settings: ControllerSettings,
        observer: Observer,
        *,
        now: Callable[[], float],
        leads: Callable[[], bool],
    ) -> None:
        self.recorder = recorder
        self._settings = settings
        self._observer = observer
        self._now = now
        self._leads = leads
        self._told: DesiredState | None = None

    async def run(self) -> None:
        """Tell of the run, and of each change of what should be, for ever."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Tell of the desired state unless that was done."""
        desired = self._observer.known_desired
        if desired is None:
            return
        self.recorder.run_id = desired.run_id
        if self._told is not None and self._told.generation == desired.generation:
            return
        if not self._leads():
            return
        self._told = desired
        configuration = {
            "generation": desired.generation,
            "count": desired.count,
            "id_prefix": desired.id_prefix,
            "segments": [
                {"start": each.range.start, "stop": each.range.stop, "mix": each.mix}
                for each in desired.segments
            ],
            "individuals": [each.station_id for each in desired.individuals],
            "stopped": sorted(desired.stopped),
            "ramp_per_second": desired.ramp_per_second,
            "clock_factor": desired.clock.factor,
            "price": self._observer.price(),
            "currency": self._settings.currency,
        }
        self.recorder.fact(
            RunRecord(
                at=self._now(),
                run_id=desired.run_id,
                started_at=desired.began_at,
                seed=desired.seed,
                stations=desired.count + len(desired.individuals),
                configuration=msgspec.Raw(_encode(configuration)),
            )
        )

    def command(
        self,
        target: CommandTarget,
        station_id: str,
        action: str,
        payload: bytes,
        outcome: CommandOutcome,
        problem: str,
        began: float,
    ) -> None:
        """A command was carried out, or was not. `began` is real unix time."""
        if target is CommandTarget.CSMS:
            kind = EventKind.COMMAND
        else:
            kind = EventKind.FAULT if action in FAULTS else EventKind.ACTION
        now = self._now()
        detail = _encode({"payload": msgspec.Raw(payload), "problem": problem or None})
        self.recorder.fact(
            EventRecord(
                began,
                kind,
                action,
                station_id,
                outcome.value,
                round((now - began) * 1000),
                msgspec.Raw(detail),
            )
        )

    def operation(self, operation: OperationSnapshot) -> None:
        """An operation began or ended."""
        kind = EventKind.SCALE if operation.kind is OperationKind.SCALE else EventKind.OPERATION
        station_id = operation.station_ids[0] if len(operation.station_ids) == 1 else ""
        took = round((operation.updated_at - operation.created_at) * 1000)
        self.recorder.fact(
            EventRecord(
                self._now(),
                kind,
                operation.kind,
                station_id,
                operation.state.value,
                took,
                msgspec.Raw(_encode(operation)),
            )
        )

    def price(self, change: TariffChange) -> None:
        """The price changed."""
        detail = {
            "price": change.price_micro / 1e6,
            "currency": self._settings.currency,
            "simulated_at": change.at,
        }
        self.recorder.fact(
            EventRecord(self._now(), EventKind.PRICE, "price", "", "done", None, msgspec.Raw(_encode(detail)))
        )
