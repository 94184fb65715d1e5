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


def test_a_link_with_a_rhythm_is_pinged_in_it_whatever_is_heard() -> None:
    keepalive, link = KeepAlive(5), WatchedLink()
    keepalive.pace(link, 2)
    keepalive.watch(link)
    for second in range(1, 21):
        link.heard = True
        keepalive.sweep()
        assert len(link.did) == second // 2
    assert set(link.did) == {"ping"}


def test_a_link_with_a_rhythm_is_dropped_when_a_ping_is_not_answered() -> None:
    keepalive, link = KeepAlive(5), WatchedLink()
    keepalive.watch(link)
    keepalive.pace(link, 7)
    periods(keepalive, 13)
    assert link.did == ["ping"]
    periods(keepalive, 1)
    assert link.did == ["ping", DisconnectReason.PING_TIMEOUT]
    link.phase = Phase.CLOSED
    periods(keepalive, 50)
    assert len(link.did) == 2


def test_no_rhythm_means_no_ping_ever() -> None:
    keepalive, link = KeepAlive(5), WatchedLink()
    keepalive.watch(link)
    keepalive.pace(link, 0)
    periods(keepalive, 100)
    assert link.did == []


def test_the_newest_rhythm_holds_and_the_usual_one_comes_back() -> None:
    keepalive, link = KeepAlive(5), WatchedLink()
    keepalive.watch(link)
    for seconds in (3, 0, 3):
        keepalive.pace(link, seconds)
    periods(keepalive, 5)
    assert link.did == ["ping"]
    keepalive.pace(link, 5)
    link.heard = True
    for _ in range(20):
        periods(keepalive, 5)
        link.heard = True
    assert link.did == ["ping"]


def test_closed_links_with_a_rhythm_are_forgotten() -> None:
    keepalive = KeepAlive(5)
    links = [WatchedLink() for _ in range(2)]
    for link, seconds in zip(links, (0, 3), strict=True):
        keepalive.pace(link, seconds)
        link.phase = Phase.CLOSED
    periods(keepalive, 6)
    for link in links:
        link.phase = Phase.OPEN
    periods(keepalive, 20)
    assert [link.did for link in links] == [[], []]
