"""Which station is connected here, and what the store has to be told and asked about it.

What happens to single stations is gathered for a few milliseconds and written in batches, so that ten thousand
stations that connect at once take some twenty round trips for each kind of news.
"""

import asyncio
import logging
from collections.abc import Callable
from itertools import islice
from typing import Final, NamedTuple, TypeVar

import msgspec
from msgspec import Raw

from evswarm_csms.handlers.acceptance import Acceptance, acceptance_of
from evswarm_csms.session import Session, Wire
from evswarm_shared.bus.csms_records import CsmsNotice, StationRegistration
from evswarm_shared.bus.messages import Command, CommandTarget, StationRecord
from evswarm_shared.bus.port import Bus
from evswarm_shared.errors import BusUnavailableError

BATCH: Final = 500
GATHER_SECONDS: Final = 0.005
RETRY_SECONDS: Final = 0.5

Item = TypeVar("Item")

log = logging.getLogger(__name__)


class ReplacedNotice(msgspec.Struct, frozen=True):
    """The payload of CsmsNotice.CONNECTION_REPLACED: connections with an older epoch are over."""

    epoch: int


class Known(NamedTuple):
    """What the store has of a station."""

    record: StationRecord | None = None
    registration: StationRegistration | None = None

    @property
    def anything(self) -> bool:
        """Whether the station has booted here or is registered."""
        return self.record is not None or self.registration is not None


class Directory:
    """The sessions of this replica by station id. `run` keeps the store up to date for as long as it runs."""

    def __init__(
        self, bus: Bus, replica_id: str, *, clock: Callable[[], float], new_session: Callable[[str], Session]
    ) -> None:
        self._bus = bus
        self._replica_id = replica_id
        self._clock = clock
        self._new_session = new_session
        self._sessions: dict[str, Session] = {}
        self._epochs: dict[str, int] = {}
        self._candidates: dict[str, list[Callable[[Known | None], None]]] = {}
        self._lookups: dict[str, list[Callable[[StationRecord | None], None]]] = {}
        self._records: dict[str, StationRecord] = {}
        self._connected: dict[str, None] = {}
        self._reaffirmed: dict[str, None] = {}
        self._disconnected: dict[str, int] = {}
        self._news = asyncio.Event()
        self._store_away = False
        self.connections = 0

    # --- from connections and sessions

    def attach(self, wire: Wire, station_id: str) -> Session:
        """A station's WebSocket is open: its session talks over it from now on."""
        session = self._sessions.get(station_id)
        if session is None:
            session = self._sessions[station_id] = self._new_session(station_id)
        if session.wire is None:
            self.connections += 1
        session.attach(wire)
        self._connected[station_id] = None
        if session.needs_lookup:
            if self._store_away:
                session.acceptance_known(Acceptance.STORE_AWAY)
            self._look_up(session)
        self._news.set()
        return session

    def ask(self, station_id: str, answer: Callable[[Known | None], None]) -> None:
        """Have what is known of a station soon; None when the store is away."""
        if self._store_away:
            answer(None)
            return
        self._candidates.setdefault(station_id, []).append(answer)
        self._news.set()

    def remember(self, record: StationRecord) -> None:
        """Store a station's record soon; when the store is away, as soon as it is back."""
        self._records[record.station_id] = record
        self._news.set()

    def offline(self, session: Session) -> None:
        """A session has lost its connection."""
        station_id = session.station_id
        self.connections -= 1
        self._connected.pop(station_id, None)
        self._reaffirmed.pop(station_id, None)
        epoch = self._epochs.pop(station_id, None)
        if epoch is not None:
            self._disconnected[station_id] = epoch
            self._news.set()

    def idle(self, session: Session) -> None:
        """A session has neither a connection nor anything left to do."""
        if self._sessions.get(session.station_id) is session:
            del self._sessions[session.station_id]

    # --- from the rest of the service

    def session(self, station_id: str) -> Session | None:
        """The session of a station that is connected here."""
        session = self._sessions.get(station_id)
        return session if session is not None and session.wire is not None else None

    def connected(self) -> list[str]:
        """The stations that are connected here."""
        return [station_id for station_id, session in self._sessions.items() if session.wire is not None]

    def replaced_elsewhere(self, station_id: str, epoch: int) -> None:
        """Another replica holds the station since that epoch: close an older connection of ours."""
        session = self.session(station_id)
        if session is not None and session.wire is not None and self._epochs.get(station_id, epoch) < epoch:
            session.wire.replace()

    def reaffirm(self) -> None:
        """Record every connection again where the record is missing: the store may have come back without it."""
        self._reaffirmed.update(dict.fromkeys(self._epochs))
        self._news.set()

    async def run(self) -> None:
        """Write and read what is to be written and read, for ever."""
        while True:
            await self._news.wait()
            self._news.clear()
            await asyncio.sleep(GATHER_SECONDS)
            if not await self.catch_up():
                await asyncio.sleep(RETRY_SECONDS)
                self._news.set()

    async def catch_up(self) -> bool:
        """Do what is due; False when the store is away, and then the sessions know that it is."""
        try:
            await self.flush()
        except BusUnavailableError as error:
            self._store_gone(error)
            return False
        return True

    async def flush(self) -> None:
        """Write and read everything that is due.

        Raises:
            BusUnavailableError: the store is away; what could not be written is still due.
        """
        # One batch of each in turn: while stations pour in there are always some at the gate, and those that
        # are in already must not wait for the last of them.
        while (
            self._candidates
            or self._lookups
            or self._records
            or self._disconnected
            or self._connected
            or self._reaffirmed
        ):
            if self._candidates:
                await self._read_candidates()
            if self._lookups:
                await self._read_records()
            if self._records:
                await self._write_records()
            if self._disconnected:
                await self._record_disconnects()
            if self._connected:
                await self._record_connects(self._connected, if_absent=False)
            if self._reaffirmed:
                await self._record_connects(self._reaffirmed, if_absent=True)
        self._store_away = False

    # --- inside
    # What is read is older than what waits to be written: a station may come back before its acceptance is stored.

    def _look_up(self, session: Session) -> None:
        self._lookups.setdefault(session.station_id, []).append(
            lambda record: session.acceptance_known(acceptance_of(record))
        )

    def _store_gone(self, error: BusUnavailableError) -> None:
        if not self._store_away:
            log.warning("the store is away, stations stay connected: %s", error)
        self._store_away = True
        candidates, self._candidates = self._candidates, {}
        for answers in candidates.values():
            for answer in answers:
                answer(None)
        for session in tuple(self._sessions.values()):
            if session.needs_lookup:
                session.acceptance_known(Acceptance.STORE_AWAY)

    async def _read_candidates(self) -> None:
        station_ids = list(islice(self._candidates, BATCH))
        records, registrations = await asyncio.gather(
            self._bus.read_stations(station_ids), self._bus.read_registrations(station_ids)
        )
        for station_id, record, registration in zip(station_ids, records, registrations, strict=True):
            for answer in self._candidates.pop(station_id, ()):
                answer(Known(self._records.get(station_id, record), registration))

    async def _read_records(self) -> None:
        station_ids = list(islice(self._lookups, BATCH))
        records = await self._bus.read_stations(station_ids)
        for station_id, record in zip(station_ids, records, strict=True):
            for answer in self._lookups.pop(station_id, ()):
                answer(self._records.get(station_id, record))

    async def _write_records(self) -> None:
        records = list(islice(self._records.values(), BATCH))
        await self._bus.write_stations(records)
        for record in records:
            if self._records.get(record.station_id) is record:
                del self._records[record.station_id]

    async def _record_disconnects(self) -> None:
        ended = list(islice(self._disconnected.items(), BATCH))
        await self._bus.stations_disconnected(self._replica_id, ended)
        for station_id, epoch in ended:
            if self._disconnected.get(station_id) == epoch:
                del self._disconnected[station_id]

    async def _record_connects(self, due: dict[str, None], *, if_absent: bool) -> None:
        station_ids = list(islice(due, BATCH))
        for station_id in station_ids:
            del due[station_id]
        try:
            answers = await self._bus.stations_connected(self._replica_id, station_ids, if_absent=if_absent)
        except BusUnavailableError:
            due.update(dict.fromkeys(each for each in station_ids if self.session(each) is not None))
            raise
        moved: list[tuple[str, str, int]] = []
        for station_id, (epoch, other) in zip(station_ids, answers, strict=True):
            if epoch == 0:
                continue
            if self.session(station_id) is None:
                self._disconnected[station_id] = epoch
                continue
            self._epochs[station_id] = epoch
            if other is not None:
                moved.append((other, station_id, epoch))
        for other, station_id, epoch in moved:
            await self._tell(other, station_id, epoch)

    async def _tell(self, replica_id: str, station_id: str, epoch: int) -> None:
        """Nobody waits for an answer; a replica that does not hear this finds out by its own keep-alive."""
        now = self._clock()
        await self._bus.send_command(
            CommandTarget.CSMS,
            replica_id,
            Command(
                command_id=f"{self._replica_id}:{epoch}",
                station_id=station_id,
                action=CsmsNotice.CONNECTION_REPLACED,
                payload=Raw(msgspec.json.encode(ReplacedNotice(epoch))),
                expires_at=now + 60.0,
                reply_to="",
            ),
        )
