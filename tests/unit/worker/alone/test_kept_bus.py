"""What a station alone keeps in its directory, and when."""

import logging
from pathlib import Path

import pytest

from evswarm_shared.bus.messages import (
    OutboxEntry,
    ProfileName,
    SnapshotWrite,
    StationCommit,
    WorkerHeartbeat,
)
from evswarm_shared.errors import BusUnavailableError
from evswarm_worker.alone.kept_bus import KeptBus
from evswarm_worker.alone.options import UsageError
from evswarm_worker.alone.state_directory import STATE, KeptState, StateDirectory

NEW = KeptState(station_id="CP1", run_id="run", profile=ProfileName.WORKPLACE, connectors=2)


async def claimed(bus: KeptBus) -> int:
    """The epoch of a lease that owns the station."""
    epoch = await bus.register_worker(WorkerHeartbeat("alone"), 10.0)
    await bus.claim("alone", epoch, ["CP1"])
    return epoch


async def test_a_commit_is_in_the_file_before_it_counts_as_written(tmp_path: Path) -> None:
    directory = StateDirectory(tmp_path)
    told: list[str] = []
    bus = KeptBus(NEW, directory, told.append)
    epoch = await claimed(bus)
    await bus.publish("alone", epoch, [SnapshotWrite("CP1", b"[]", 1, 2, ("12.000 [10:00:00] Connected",))])
    entries = (OutboxEntry(1, b"start"), OutboxEntry(2, b"meter"))
    await bus.commit("alone", epoch, [StationCommit("CP1", b"first", entries)])
    await bus.commit("alone", epoch, [StationCommit("CP1", b"second", (), (1,))])
    directory.close()
    assert told == ["[10:00:00] Connected"]

    again = StateDirectory(tmp_path)
    kept = again.read("CP1")
    assert kept is not None
    assert (kept.run_id, kept.connectors, kept.checkpoint) == ("run", 2, b"second")
    assert kept.outbox == (OutboxEntry(2, b"meter"),)
    bus = KeptBus(kept, again, told.append)
    (stored,) = await bus.claim("alone", await claimed(bus), ["CP1"])
    assert (stored.checkpoint, stored.outbox) == (b"second", (OutboxEntry(2, b"meter"),))
    assert await bus.read_log("CP1") == ["12.000 [10:00:00] Connected"]
    again.close()


async def test_what_cannot_be_kept_is_not_written_and_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    directory = StateDirectory(tmp_path)
    bus = KeptBus(NEW, directory, lambda _: None)
    epoch = await claimed(bus)

    def full(state: KeptState) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr(directory, "write", full)
        for _ in range(2):
            with pytest.raises(BusUnavailableError, match="No space left"):
                await bus.commit("alone", epoch, [StationCommit("CP1", b"first")])
    await bus.commit("alone", epoch, [StationCommit("CP1", b"first")])
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    kept = directory.read("CP1")
    assert kept is not None
    assert kept.checkpoint == b"first"
    directory.close()


def test_a_directory_is_one_process_and_one_stations(tmp_path: Path) -> None:
    directory = StateDirectory(tmp_path)
    assert directory.read("CP1") is None
    directory.write(NEW)
    with pytest.raises(UsageError, match="in use by another process"):
        StateDirectory(tmp_path)
    with pytest.raises(UsageError, match="keeps the station CP1: say --id CP1"):
        directory.read("CP2")
    (tmp_path / STATE).write_text("{")
    with pytest.raises(UsageError, match="no station's state"):
        directory.read("CP1")
    (tmp_path / STATE).write_text('{"version":9,"station_id":"CP1","run_id":"","profile":"home"}')
    with pytest.raises(UsageError, match="version 9"):
        directory.read("CP1")
    directory.close()
    StateDirectory(tmp_path).close()


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    directory = StateDirectory(tmp_path / "state")
    directory.write(NEW)
    directory.close()
    assert (tmp_path / "state" / STATE).stat().st_mode & 0o077 == 0
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0
