"""Dead connections are found."""

from evswarm_shared.telemetry.counts import DisconnectReason
from evswarm_worker.keepalive import KeepAlive
from evswarm_worker.runner import Link, Phase


class WatchedLink(Link):
    """A link that remembers what the keep-alive did to it."""

    def __init__(self) -> None:
        self.phase = Phase.OPEN
        self.heard = self.pinged = False
        self.did: list[object] = []

    def ping(self) -> None:
        self.pinged = True
        self.did.append("ping")

    def drop(self, reason: DisconnectReason) -> None:
        self.did.append(reason)


def periods(keepalive: KeepAlive, seconds: int) -> None:
    for _ in range(seconds):
        keepalive.sweep()


def test_a_silent_link_is_pinged_and_dropped_a_period_later() -> None:
    keepalive, link = KeepAlive(5), WatchedLink()
    keepalive.watch(link)
    periods(keepalive, 5)
    assert link.did == ["ping"]
    periods(keepalive, 5)
    assert link.did == ["ping", DisconnectReason.PING_TIMEOUT]
    periods(keepalive, 50)
    assert len(link.did) == 2


def test_a_link_that_is_heard_is_left_alone() -> None:
    keepalive, link = KeepAlive(5), WatchedLink()
    keepalive.watch(link)
    for _ in range(20):
        link.heard = True
        periods(keepalive, 5)
    assert link.did == []


def test_anything_heard_after_a_ping_is_a_sign_of_life() -> None:
    keepalive, link = KeepAlive(5), WatchedLink()
    keepalive.watch(link)
    periods(keepalive, 5)
    link.heard = True
    periods(keepalive, 5)
    periods(keepalive, 5)
    assert link.did == ["ping", "ping"]


def test_a_closed_link_is_forgotten() -> None:
    keepalive, link = KeepAlive(1), WatchedLink()
    keepalive.watch(link)
    link.phase = Phase.CLOSED
    keepalive.sweep()
    link.phase = Phase.OPEN
    keepalive.sweep()
    assert link.did == []


def test_links_are_spread_over_the_seconds_of_a_period() -> None:
    keepalive = KeepAlive(5)
    links = [WatchedLink() for _ in range(10)]
    for link in links:
        keepalive.watch(link)
    keepalive.sweep()
    assert sum(bool(link.did) for link in links) == 2
