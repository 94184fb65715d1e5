"""A directory that keeps one station: a file that is replaced whole, and a lock that one process holds."""

import fcntl
import os
from pathlib import Path
from typing import IO, Final

import msgspec

from evswarm_shared.bus.messages import OutboxEntry, ProfileName
from evswarm_worker.alone.options import UsageError

VERSION: Final = 1
STATE: Final = "station.json"
LOCK: Final = "lock"


class KeptState(msgspec.Struct, frozen=True, kw_only=True):
    """All that lasts of a station, as the bus has it, and how it was built: that stays as it is."""

    version: int = VERSION
    station_id: str
    run_id: str
    profile: ProfileName
    connectors: int | None = None
    checkpoint: bytes | None = None
    outbox: tuple[OutboxEntry, ...] = ()
    ledger: dict[str, bytes] = {}
    log: tuple[str, ...] = ()


class StateDirectory:
    """The caller owes a `close`.

    Raises:
        UsageError: it cannot be used, or another process uses it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock: IO[bytes] = (path / LOCK).open("ab")
        except OSError as error:
            raise UsageError(f"--state {path} cannot be used: {error.strerror}") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise UsageError(f"--state {path} is in use by another process: end that one first") from None

    def read(self, station_id: str) -> KeptState | None:
        """What is kept; None in a new directory.

        Raises:
            UsageError: it is another station's, or cannot be read.
        """
        file = self.path / STATE
        try:
            kept = msgspec.json.decode(file.read_bytes(), type=KeptState)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UsageError(f"{file} cannot be read: {error.strerror}") from None
        except msgspec.MsgspecError as error:
            raise UsageError(
                f"{file} is no station's state ({error}): remove it to begin anew, or name another --state"
            ) from None
        if kept.version != VERSION:
            raise UsageError(f"{file} is of version {kept.version}, this is {VERSION}: name another --state")
        if kept.station_id != station_id:
            raise UsageError(
                f"--state {self.path} keeps the station {kept.station_id}: say --id {kept.station_id}, "
                "or name another directory"
            )
        return kept

    def write(self, state: KeptState) -> None:
        """Replace what is kept; when this returns, it outlives the process and the machine.

        Raises:
            OSError: it could not be written; what was kept before still is.
        """
        file = self.path / STATE
        draft = file.with_suffix(".new")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as output:
            output.write(msgspec.json.encode(state))
            output.flush()
            os.fsync(output.fileno())
        draft.replace(file)
        directory = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def close(self) -> None:
        """Let others have it."""
        self._lock.close()
