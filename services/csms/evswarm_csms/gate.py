"""Who gets in: each WebSocket handshake is judged by the registration of its station and the rules of this listener."""

import logging
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from msgspec.structs import replace

from evswarm_csms.directory import Directory, Known
from evswarm_csms.event_log import EventLog
from evswarm_csms.handlers.admission import Admission, Approach, Ruling, SecurityRules, judge
from evswarm_shared.bus.csms_records import StationEvent, StationEventKind, StationRegistration
from evswarm_shared.bus.port import CsmsBus
from evswarm_shared.errors import BusUnavailableError

log = logging.getLogger(__name__)


class Candidate(Protocol):
    """A connection that wants to become a station's."""

    def approach(self) -> Approach:
        """How it comes."""
        ...

    def admitted(self, ruling: Ruling) -> None:
        """It has been decided."""
        ...


class Gate:
    """Decides about connections. `registrations` is how many there are, as last read; None before that.

    While the store is away only a system that never had a registration lets stations in: without reading them it
    cannot know what a registered station must show.
    """

    def __init__(
        self,
        bus: CsmsBus,
        directory: Directory,
        events: EventLog,
        rules: SecurityRules,
        *,
        accept_unknown: bool,
        clock: Callable[[], float],
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._bus = bus
        self._directory = directory
        self._events = events
        self._rules = rules
        self._accept_unknown = accept_unknown
        self._clock = clock
        self._spawn = spawn
        self.registrations: int | None = None

    def admit(self, candidate: Candidate, station_id: str) -> None:
        """Call `admitted` of the candidate, now or when the store has answered."""
        self._directory.ask(
            station_id,
            lambda known: candidate.admitted(self._ruling(candidate.approach(), station_id, known)),
        )

    def _ruling(self, approach: Approach, station_id: str, known: Known | None) -> Ruling:
        if known is None:
            if self.registrations != 0 or not self._accept_unknown:
                return Ruling(Admission.STORE_AWAY)
            return judge(station_id, approach, None, self._rules)
        if not self._accept_unknown and not known.anything:
            return Ruling(Admission.UNKNOWN_STATION)
        registration = known.registration
        ruling = judge(station_id, approach, registration, self._rules)
        if ruling.admission is not Admission.ADMITTED:
            if known.anything:  # an event list for every name that somebody tries would be theirs to fill
                self._events.note(
                    station_id,
                    StationEvent(self._clock(), StationEventKind.CONNECTION_REFUSED, ruling.admission.name),
                )
        elif registration is not None:
            learnt = _learnt(registration, ruling)
            if learnt is not registration:
                self._spawn(self._keep(registration, learnt))
        return ruling

    async def _keep(self, judged: StationRegistration, registration: StationRegistration) -> None:
        try:
            [stored] = await self._bus.read_registrations((judged.station_id,))
            # One that was changed or forgotten meanwhile stays so; the next connection is judged by it.
            if stored == judged:
                await self._bus.write_registration(registration)
        except BusUnavailableError as error:
            log.info("the registration of %s stays as it was: %s", registration.station_id, error)


def _learnt(registration: StationRegistration, ruling: Ruling) -> StationRegistration:
    """The registration after a connection that was let in; the same object when it has shown nothing new.

    Security whitepaper A05.FR.09: who has come with a higher profile may not come with a lower one again. A01.FR.03: the
    old key is over once the new one is in use.
    """
    if registration.security_profile is not None and ruling.profile > registration.security_profile:
        registration = replace(registration, security_profile=ruling.profile)
    if ruling.next_key:
        registration = replace(registration, key_digests=registration.next_key_digests, next_key_digests=())
    return registration
