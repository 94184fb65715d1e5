"""What the listener decides without listening."""

import pytest

from evswarm_csms.handlers.admission import Admission, Ruling
from evswarm_csms.server.connection import StationConnection
from evswarm_csms.server.listener import WAITING_ROOM, StationServer
from evswarm_shared.telemetry.counts import ConnectResult, ProtocolCounts


def server(ping_interval_seconds: float) -> StationServer:
    def unused(*_: object) -> None:
        raise AssertionError

    return StationServer(
        counts=ProtocolCounts(),
        max_frame_bytes=1024,
        ping_interval_seconds=ping_interval_seconds,
        admit=unused,
        attach=unused,  # type: ignore[arg-type]
    )


def test_stations_are_pinged_at_different_times_and_never_late() -> None:
    listener = server(30.0)
    after = [listener.ping_after() for _ in range(1000)]
    assert (min(after), max(after)) == (20, 30)
    assert max(after.count(ticks) for ticks in set(after)) < 100


@pytest.mark.parametrize(("interval", "tick"), [(0.05, 0.05), (1.0, 1.0), (30.0, 1.0)])
def test_a_tick_is_never_longer_than_the_interval(interval: float, tick: float) -> None:
    listener = server(interval)
    assert listener.tick_seconds == tick
    assert listener.ping_after() >= 1


class Caller(StationConnection):
    """A connection that only remembers what it is told."""

    def __init__(self, host: StationServer) -> None:
        super().__init__(host)
        self.rulings: list[Admission] = []
        self.cut_off = False

    def admitted(self, ruling: Ruling) -> None:
        self.rulings.append(ruling.admission)

    def abort(self) -> None:
        self.cut_off = True


def crowded(room: int, callers: int) -> tuple[StationServer, list[Caller]]:
    listener = StationServer(
        counts=ProtocolCounts(),
        max_frame_bytes=1024,
        ping_interval_seconds=30.0,
        admit=lambda connection, _: connection.admitted(Ruling(Admission.ADMITTED)),
        attach=lambda *_: None,  # type: ignore[arg-type]
        room=room,
    )
    come = [Caller(listener) for _ in range(callers)]
    for each in come:
        listener.opening(each)
    for each in come:
        if not each.cut_off:
            listener.admit(each, "CP-1")
    return listener, come


def test_who_comes_first_has_the_room_and_the_others_are_told_that_there_is_none(
    caplog: pytest.LogCaptureFixture,
) -> None:
    listener, come = crowded(room=3, callers=5)
    assert [each.rulings for each in come] == 3 * [[Admission.ADMITTED]] + 2 * [[Admission.NO_ROOM]]
    assert [record.message[:25] for record in caplog.records] == ["3 stations are connected,"]
    listener.gone(come[4])
    listener.gone(come[0])
    later = Caller(listener)
    listener.opening(later)
    listener.admit(later, "CP-2")
    assert later.rulings == [Admission.ADMITTED]


def test_a_crowd_that_would_take_the_last_files_is_cut_off_and_counted() -> None:
    listener, come = crowded(room=3, callers=3 + WAITING_ROOM + 2)
    assert [each.cut_off for each in come[-3:]] == [False, True, True]
    assert listener.counts.connects[ConnectResult.REFUSED] == 2
