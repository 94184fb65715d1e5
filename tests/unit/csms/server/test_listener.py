"""What the listener decides without listening."""

import pytest

from evswarm_csms.server.listener import StationServer
from evswarm_shared.telemetry.counts import ProtocolCounts


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
