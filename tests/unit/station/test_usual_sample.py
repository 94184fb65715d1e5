"""The short way through a sample does what the general way does, whatever else goes on at the station."""

import contextlib
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ocpp.v16.enums import ChargePointErrorCode

from evswarm_shared.bus.messages import Conditions, ProfileName, Tariff, TariffChange
from evswarm_shared.clock import SimulatedClock
from evswarm_shared.telemetry.counts import Histogram, StationCounts
from evswarm_worker.station import StationActionError, usual_sample
from evswarm_worker.station.cabinet import Cabinet
from evswarm_worker.station.connector import Connector
from tests.support.station_rig import StationRig, charging_rig, quiet_profile

Step = Callable[[StationRig], None]

SOON = {"chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 4000.0}]}
LIMIT = {
    "connectorId": 1,
    "csChargingProfiles": {
        "chargingProfileId": 1,
        "stackLevel": 1,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": SOON,
    },
}
COMMANDS: list[tuple[str, dict[str, Any]]] = [
    ("TriggerMessage", {"requestedMessage": "MeterValues"}),
    ("RemoteStartTransaction", {"idTag": "APP"}),
    ("RemoteStopTransaction", {"transactionId": 101}),
    ("ChangeAvailability", {"connectorId": 0, "type": "Inoperative"}),
    ("ChangeAvailability", {"connectorId": 0, "type": "Operative"}),
    ("SetChargingProfile", LIMIT),
    ("ClearChargingProfile", {}),
    ("Reset", {"type": "Soft"}),
]
KEYS = [
    ("MeterValueSampleInterval", "0"),
    ("MeterValueSampleInterval", "1"),
    ("MeterValueSampleInterval", "30"),
    ("MeterValuesSampledData", "SoC"),
    ("MeterValuesSampledData", "Energy.Active.Import.Register,Energy.Active.Import.Interval"),
    ("ClockAlignedDataInterval", "10"),
    ("StopTxnSampledData", "Energy.Active.Import.Register"),
    ("HeartbeatInterval", "20"),
]


def by_hand(act: Callable[[StationRig], None]) -> Step:
    def step(rig: StationRig) -> None:
        with contextlib.suppress(StationActionError):
            act(rig)
        rig.settle()

    return step


def charge(rig: StationRig) -> None:
    for act in (
        lambda rig: rig.station.plug_in(1, rig.now),
        lambda rig: rig.station.authorize(1, "BLUE", rig.now),
    ):
        by_hand(act)(rig)


def answering(action: str, kind: str) -> Step:
    def step(rig: StationRig) -> None:
        rig.answers.pop(action, None)
        if kind != "fine":
            rig.answers[action] = None if kind == "silent" else ("InternalError", "")

    return step


def priced(price: int, in_seconds: float) -> Step:
    def step(rig: StationRig) -> None:
        changes = (TariffChange(0.0, 100_000), TariffChange(rig.now + in_seconds, price))
        rig.station.tariff_changed(Tariff(int(rig.now * 1000), changes), rig.now)
        rig.settle()

    return step


def under(grid_load: float | None) -> Step:
    def step(rig: StationRig) -> None:
        rig.station.conditions_changed(Conditions(grid_load=grid_load), rig.now)
        rig.settle()

    return step


def paced(factor: float) -> Step:
    def step(rig: StationRig) -> None:
        rig.station.clock_changed(SimulatedClock(rig.now, rig.snapshot().changed_at, factor), rig.now)
        rig.settle()

    return step


def lagging(seconds: float, lag: float) -> Step:
    """For so many seconds the station is woken too late every time."""

    def step(rig: StationRig) -> None:
        end = rig.now + seconds
        for _ in range(5000):
            due = rig.station.next_wakeup()
            if due is None or due + lag >= end:
                return
            rig.now = max(rig.now, due + lag)
            rig.station.wake(rig.now)
            rig.settle()
        raise AssertionError("the station does not stop waking up")

    return step


def early(rig: StationRig) -> None:
    """A wake-up that nobody asked for."""
    rig.station.wake(rig.now)
    rig.settle()


def away(rig: StationRig) -> None:
    """The connection is lost, and cannot be opened for a while."""
    if rig.connected:
        rig.lose()
    rig.run(25.0)
    rig.reachable()


def slow(seconds: float) -> Step:
    return lambda rig: setattr(rig, "latency", seconds)


CONNECTORS = st.integers(1, 2)
WAITS: st.SearchStrategy[Step] = st.one_of(
    st.sampled_from([0.3, 11.0, 70.0, 900.0]).map(lambda seconds: lambda rig: rig.run(seconds)),
    st.builds(lagging, st.sampled_from([30.0, 700.0]), st.sampled_from([0.01, 0.7, 4.0, 45.0])),
)
EVENTS: st.SearchStrategy[Step] = st.one_of(
    st.just(charge),
    CONNECTORS.map(lambda n: by_hand(lambda rig: rig.station.plug_in(n, rig.now))),
    CONNECTORS.map(lambda n: by_hand(lambda rig: rig.station.unplug(n, rig.now))),
    CONNECTORS.map(lambda n: by_hand(lambda rig: rig.station.authorize(n, "RED", rig.now))),
    CONNECTORS.map(lambda n: by_hand(lambda rig: rig.station.press_stop(n, rig.now))),
    st.just(by_hand(lambda rig: rig.station.fault(1, ChargePointErrorCode.ground_failure, rig.now))),
    st.just(by_hand(lambda rig: rig.station.clear_fault(1, rig.now))),
    st.builds(
        answering,
        st.sampled_from(["MeterValues", "Heartbeat", "StartTransaction"]),
        st.sampled_from(["fine", "silent", "refused"]),
    ),
    st.builds(priced, st.sampled_from([100_000, 5_000_000]), st.sampled_from([5.0, 25.0])),
    st.sampled_from([None, 0.5, 0.88, 0.99]).map(under),
    st.sampled_from([0.0, 1.0, 1.0, 5.0]).map(paced),
    st.just(early),
    st.sampled_from([0.0, 0.1]).map(slow),
    st.sampled_from(COMMANDS).map(lambda command: lambda rig: rig.command(*command)),
    st.sampled_from(KEYS).map(
        lambda pair: lambda rig: rig.command("ChangeConfiguration", {"key": pair[0], "value": pair[1]})
    ),
    st.just(away),
)


def told(rig: StationRig) -> dict[str, Any]:
    """Everything that came out of a station, and how it stands."""
    return {
        "frames": rig.frames,
        "order": rig.order,
        "log": rig.log,
        "commits": rig.commits,
        "snapshots": rig.snapshots,
        "row": rig.snapshot(),
        "counts": counted(rig.counts),
        "wakes": rig.station.next_wakeup(),
        "now": rig.now,
        "detail": rig.station.detail(rig.now, schedule_seconds=60, full_tags=True),
    }


def counted(counts: StationCounts) -> dict[str, Any]:
    names = (*StationCounts.__slots__, *StationCounts.__mro__[1].__slots__)  # type: ignore[attr-defined]
    return {name: plain(getattr(counts, name)) for name in names}


def plain(value: Any) -> Any:
    if isinstance(value, Histogram):
        return value.buckets, value.sum
    if isinstance(value, dict):
        return {label: plain(held) for label, held in value.items()}
    return value


def lived(steps: list[tuple[Step, Step]], visits_per_day: float, connectors: int) -> dict[str, Any]:
    profile = quiet_profile(ProfileName.HIGHWAY, visits_per_day=visits_per_day)
    rig = StationRig(profile=profile, connectors=connectors, seed=5).start()
    charge(rig)
    for event, wait in steps:
        event(rig)
        wait(rig)
    return told(rig)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(EVENTS, WAITS), min_size=1, max_size=12),
    st.sampled_from([1e-6, 500.0]),
    st.integers(1, 2),
)
def test_the_short_way_is_the_general_way(
    steps: list[tuple[Step, Step]], visits: float, connectors: int
) -> None:
    short = lived(steps, visits, connectors)
    with patch.object(usual_sample, "due_alone", lambda *_: None):
        general = lived(steps, visits, connectors)
    assert short == general


def met(where: str, name: str, offset: float, lag: float) -> dict[str, Any]:
    """A sample with something else due so many seconds after it, and a wake-up so many seconds late."""
    rig = charging_rig(profile=quiet_profile(ProfileName.HIGHWAY), connectors=2)
    rig.run(25.0)
    cabinet = rig.station._cabinet
    charging, other = cabinet.connectors
    due = charging.sample_at + offset
    match where:
        case "here":
            setattr(charging, name, due)
        case "there":
            setattr(other, name, due)
        case _:
            setattr(cabinet, name, cabinet.clock.real(due))
    rig.station._settle()
    rig.settle()
    rig.now = cabinet.clock.real(charging.sample_at) + lag
    rig.station.wake(rig.now)
    next_wakeup = rig.station.next_wakeup()
    rig.settle()
    rig.run(30.0)
    return told(rig) | {"next_wakeup": next_wakeup}


AT_A_CONNECTOR = ("leave_at", "arrive_at", "timeout_at", "tag_at", "retry_at", "aligned_at", "attend_at")
AT_THE_STATION = ("heartbeat_at", "report_due", "upkeep_at", "store_at")


@pytest.mark.parametrize(("offset", "lag"), [(-0.001, 0.0), (0.0, 0.0), (0.2, 0.5), (0.2, 0.0)])
@pytest.mark.parametrize(
    ("where", "name"),
    [
        *(("here", name) for name in AT_A_CONNECTOR),
        *(("there", name) for name in AT_A_CONNECTOR),
        *(("station", name) for name in AT_THE_STATION),
    ],
)
def test_what_is_due_with_a_sample_happens_in_the_same_order(
    where: str, name: str, offset: float, lag: float
) -> None:
    short = met(where, name, offset, lag)
    with patch.object(usual_sample, "due_alone", lambda *_: None):
        assert short == met(where, name, offset, lag)


def test_a_charge_without_events_goes_the_short_way_to_its_end() -> None:
    rig = charging_rig(profile=quiet_profile(ProfileName.HOME))
    rig.run(30.0)
    short: list[bool] = []
    take = usual_sample.take

    def watched(cabinet: Cabinet, connector: Connector, now: float, horizon: float) -> bool:
        short.append(take(cabinet, connector, now, horizon))
        return short[-1]

    with patch.object(usual_sample, "take", watched):
        rig.calls.clear()
        rig.run(100.0)
    assert [action for action, _ in rig.calls] == ["MeterValues"] * 10
    assert short == [True] * 10
