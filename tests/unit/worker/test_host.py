"""A station in its shell: effects are carried out in order, and behind commits."""

from typing import Any

import pytest

from evswarm_shared.bus.keys import LOG_LINES_KEPT
from evswarm_shared.bus.messages import StationCommit
from evswarm_shared.history.log_lines import read_line
from evswarm_shared.telemetry.counts import ConnectResult, DisconnectReason
from evswarm_worker.host import HELD_PAUSE, HostShell, StationHost
from evswarm_worker.runner import Link
from evswarm_worker.share import Goal, StationPlan
from evswarm_worker.station.effects import (
    CancelTransfer,
    Connect,
    Disconnect,
    Download,
    Effect,
    HandlerFailed,
    LinkSecurity,
    LogLine,
    MakeKey,
    Persist,
    PingEvery,
    Send,
    SnapshotChanged,
    Stopped,
    Upload,
)
from evswarm_worker.station.errors import StationActionError
from tests.unit.worker.fakes import FakeStation

PLAN = StationPlan("CP-000001", 1, {})


class HostLink(Link):
    """Writes into the shell's list of deeds."""

    def __init__(self, did: list[Any]) -> None:
        self.did = did

    def send(self, frame: bytes) -> bool:
        self.did.append(("send", frame))
        return True

    def close(self, code: int, reason: str) -> None:
        self.did.append(("close", code, reason))

    def server_chain(self) -> tuple[bytes, ...]:
        return ()

    def abandon(self) -> None:
        self.did.append("abandon")

    def pause(self) -> None:
        self.did.append("pause")

    def resume(self) -> None:
        self.did.append("resume")


class Shell(HostShell):
    """Remembers, in order, everything a host asks for."""

    def __init__(self) -> None:
        self.did: list[Any] = []
        self.valid = True
        self.dropped = 0
        self.securities: list[LinkSecurity | None] = []

    def host(self, plan: StationPlan = PLAN, station: FakeStation | None = None) -> StationHost:
        return StationHost(self, plan, station or FakeStation(), 0)

    def now(self) -> float:
        return 1000.0

    def may_act(self) -> bool:
        return self.valid

    def connect(self, host: StationHost, security: LinkSecurity | None) -> Link | None:
        self.did.append("connect")
        self.securities.append(security)
        return HostLink(self.did)

    def commit(self, host: StationHost, commit: StationCommit) -> None:
        self.did.append(("commit", commit.checkpoint))

    def pace(self, link: Link, seconds: int) -> None:
        self.did.append(("pace", seconds))

    def errand(self, host: StationHost, errand: Download | Upload | CancelTransfer | MakeKey) -> None:
        self.did.append(errand)

    def mark_dirty(self, host: StationHost) -> None:
        self.did.append("dirty")

    def rearm(self, host: StationHost) -> None:
        pass

    def settled(self, host: StationHost) -> None:
        self.did.append("settled")

    def crashed(self, host: StationHost) -> None:
        self.did.append("crashed")
        host.discard()

    def handler_failed(self, host: StationHost, failure: HandlerFailed) -> None:
        self.did.append(failure)

    def line_dropped(self) -> None:
        self.dropped += 1


def persist(checkpoint: bytes) -> Persist:
    return Persist(StationCommit("CP-000001", checkpoint))


def connected() -> tuple[Shell, FakeStation, StationHost]:
    shell, station = Shell(), FakeStation()
    host = shell.host(PLAN, station)
    station.asks = [Connect()]
    host.carry_out(host.shell.now())
    shell.did.clear()
    return shell, station, host


def test_effects_are_carried_out_in_the_order_they_came() -> None:
    shell, station, host = connected()
    station.asks = [Send(b"a"), SnapshotChanged(), Send(b"b"), Disconnect(1000, "bye")]
    host.carry_out(host.shell.now())
    assert shell.did == [("send", b"a"), "dirty", ("send", b"b"), ("close", 1000, "bye")]


def test_the_rhythm_of_pings_is_that_of_the_link_there_is() -> None:
    shell, station, host = connected()
    station.asks = [PingEvery(5), Disconnect(1000, "bye"), PingEvery(7)]
    host.carry_out(host.shell.now())
    assert shell.did == [("pace", 5), ("close", 1000, "bye")]


def test_everything_behind_a_commit_waits_until_it_is_written() -> None:
    shell, station, host = connected()
    station.asks = [Send(b"a"), persist(b"1"), Send(b"b"), persist(b"2"), Send(b"c")]
    host.carry_out(host.shell.now())
    assert shell.did == [("send", b"a"), ("commit", b"1")]
    station.asks = [Send(b"d")]
    host.link_message(b"meanwhile")
    assert len(shell.did) == 2
    host.committed()
    assert shell.did[2:] == [("send", b"b"), ("commit", b"2")]
    host.committed()
    assert shell.did[4:] == [("send", b"c"), ("send", b"d")]


def test_a_station_with_too_much_behind_a_commit_is_not_read_until_it_is_written() -> None:
    shell, station, host = connected()
    station.asks = [persist(b"1"), *[Send(b"x")] * HELD_PAUSE]
    host.carry_out(host.shell.now())
    assert "pause" not in shell.did
    station.asks = [Send(b"y")]
    host.carry_out(host.shell.now())
    assert shell.did[-1] == "pause"
    host.committed()
    assert shell.did[2] == "resume"


def test_what_happens_on_the_socket_reaches_the_station() -> None:
    _, station, host = connected()
    host.link_opened()
    host.link_message(b"frame")
    host.link_closed(DisconnectReason.LOST)
    host.link_failed(ConnectResult.TIMEOUT)
    assert station.inputs == [
        ("connected",),
        ("receive", b"frame"),
        ("disconnected", DisconnectReason.LOST),
        ("connection_failed", ConnectResult.TIMEOUT),
    ]


def test_without_a_lease_the_station_hears_nothing_and_does_nothing() -> None:
    shell, station, host = connected()
    station.asks = [persist(b"1"), Send(b"late")]
    host.carry_out(host.shell.now())
    shell.valid = False
    host.committed()
    host.link_message(b"frame")
    assert station.inputs == []
    assert shell.did == [("commit", b"1")]


def test_a_station_that_raises_is_dropped_and_the_caller_lives() -> None:
    shell, station, host = connected()
    station.raises = ZeroDivisionError("a mistake of ours")
    host.link_message(b"frame")
    assert shell.did == ["crashed", "abandon"]
    host.link_message(b"another")
    assert len(station.inputs) == 1


def test_a_failed_command_is_told_and_the_station_keeps_its_link() -> None:
    shell, station, host = connected()
    failure = HandlerFailed("ClearCache", ZeroDivisionError("a mistake of ours"))
    station.asks = [failure, Send(b"answer")]
    host.link_message(b"frame")
    assert failure in shell.did and "crashed" not in shell.did


def test_a_refused_action_is_no_crash() -> None:
    shell, station, host = connected()
    station.raises = StationActionError("no car")
    with pytest.raises(StationActionError):
        host.drive(station.plug_in, 1)
    assert shell.did == []


def test_more_lines_than_a_log_keeps_push_out_the_oldest_and_are_counted() -> None:
    shell, station, host = connected()
    station.asks = [LogLine(str(number)) for number in range(LOG_LINES_KEPT + 3)]
    host.carry_out(host.shell.now())
    assert read_line(host.lines[0]).line == "3"
    assert len(host.lines) == LOG_LINES_KEPT
    assert shell.dropped == 3


def test_a_new_connection_replaces_the_old_one() -> None:
    shell, station, host = connected()
    station.asks = [Connect()]
    host.carry_out(host.shell.now())
    assert shell.did == ["abandon", "connect"]


def test_an_ended_station_is_reported() -> None:
    shell, station, host = connected()
    station.asks = [persist(b"last"), Stopped()]
    host.carry_out(host.shell.now())
    assert shell.did == [("commit", b"last")]
    host.committed()
    assert host.settled
    assert shell.did[-1] == "settled"


def test_an_end_is_reported_once() -> None:
    shell, station, host = connected()
    station.asks = [Stopped(), Stopped()]
    host.carry_out(host.shell.now())
    assert shell.did == ["settled"]


def test_a_station_that_is_to_be_stopped_has_that_as_its_goal() -> None:
    host = Shell().host(StationPlan("CP-000001", 1, {}, stopped=True))
    assert host.goal is Goal.STOP_AND_STAY


def test_the_outbox_is_counted_from_the_commits() -> None:
    from evswarm_shared.bus.messages import OutboxEntry

    _, station, host = connected()
    station.asks = [
        Persist(StationCommit("CP-000001", outbox_added=(OutboxEntry(1, b""), OutboxEntry(2, b""))))
    ]
    host.carry_out(host.shell.now())
    station.asks = [Persist(StationCommit("CP-000001", outbox_removed=(1,)))]
    host.committed()
    host.carry_out(host.shell.now())
    assert host.outbox == 1


def test_how_to_connect_and_errands_are_the_shells_business() -> None:
    shell, station, host = connected()
    security = LinkSecurity(1, "0123456789abcdef")
    errands: list[Effect] = [Download(1, "http://x"), CancelTransfer(1), MakeKey(1, "CP-1", "CPO")]
    shell.did.clear()
    station.asks = [Connect(security), *errands]
    host.wake(shell.now())
    assert shell.securities[-1] is security
    assert [deed for deed in shell.did if not isinstance(deed, str)] == errands
