"""What is configured by ChangeConfiguration (OCPP 1.6 §5.3): wishes for stations, and what the central system has to know
of it itself, which is a station's new key or security profile (security whitepaper A01, A05).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final, Protocol, TypeVar

from msgspec.structs import replace
from ocpp.v16.enums import ConfigurationStatus

from evswarm_csms.event_log import EventLog
from evswarm_csms.outgoing import Answer
from evswarm_shared import authorization_key
from evswarm_shared.bus.csms_records import (
    ConfigurationReport,
    StationEvent,
    StationEventKind,
    StationRegistration,
)
from evswarm_shared.bus.messages import CommandOutcome
from evswarm_shared.bus.port import CsmsBus
from evswarm_shared.errors import BusUnavailableError
from evswarm_shared.ocpp16.messages import ChangeConfiguration, ChangeConfigurationResponse, Request

AUTHORIZATION_KEY: Final = "authorizationkey"
SECURITY_PROFILE: Final = "securityprofile"
ANSWERS: Final = frozenset(status.value for status in ConfigurationStatus)
STORE_PAUSES_SECONDS: Final = (0.2, 1.0, 5.0)

Result = TypeVar("Result")


class Reachable(Protocol):
    """A station as the session has it: it can be called, over a connection of this security profile."""

    @property
    def security_profile(self) -> int:
        """That of the connection."""
        ...

    def call(self, request: Request) -> Awaitable[Answer]:
        """How the call ended; never raises."""
        ...


log = logging.getLogger(__name__)


class ConfigurationDesk:
    """Applies wishes one after the other and keeps registrations as stations are configured. `clock`: unix seconds."""

    def __init__(self, bus: CsmsBus, events: EventLog, *, clock: Callable[[], float]) -> None:
        self._bus = bus
        self._events = events
        self._clock = clock
        self._under_way: dict[str, bool] = {}
        """Stations whose wishes are being applied, and whether they have to be once more."""

    async def apply(
        self, station_id: str, station: Reachable, answered: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Send a station what it is wished to be, and store what it answered. Without wishes nothing is sent.

        `answered` are results that it has given before, by key; these are not asked again.
        """
        if station_id in self._under_way:
            self._under_way[station_id] = True
            return
        self._under_way[station_id] = True
        try:
            while self._under_way[station_id]:
                self._under_way[station_id] = False
                await self._apply_once(station_id, station, answered)
                answered = {}
        except BusUnavailableError as error:
            log.warning("the configuration of %s is not applied: %s", station_id, error)
        finally:
            del self._under_way[station_id]

    async def resume(self, station_id: str, station: Reachable) -> None:
        """Apply those wishes for a station that comes back without a boot that it has not answered before."""
        try:
            wishes = await self._bus.read_configuration_wishes(station_id)
            if not wishes:
                return
            report = await self._bus.read_configuration_report(station_id)
        except BusUnavailableError as error:
            log.warning("the configuration of %s is not applied: %s", station_id, error)
            return
        results = {} if report is None else report.results
        answered = {key: results[key] for key in wishes if results.get(key) in ANSWERS}
        if len(answered) < len(wishes):
            await self.apply(station_id, station, answered)

    def connected_anew(self, station_id: str) -> None:
        """A newer connection has replaced the station's: what was sent over the older one may not have arrived."""
        if station_id in self._under_way:
            self._under_way[station_id] = True

    async def answered(self, station_id: str, request: Request, answer: Answer, profile: int) -> None:
        """Learn from the station's answer to a ChangeConfiguration. `profile` is that of its connection.

        Raises:
            BusUnavailableError: the store is away; then the station's new key is not known here.
        """
        if not isinstance(request, ChangeConfiguration):
            return
        key = request.key.casefold()
        status = _status(answer)
        taken = status in (ConfigurationStatus.accepted, ConfigurationStatus.reboot_required)
        if not taken or key not in (AUTHORIZATION_KEY, SECURITY_PROFILE):
            return
        [found] = await self._persistently(lambda: self._bus.read_registrations((station_id,)))
        registration = found or StationRegistration(station_id, registered_at=self._clock())
        if registration.security_profile is None:
            # What it has shown; lest a key that it does not send yet locks it out.
            registration = replace(registration, security_profile=profile)
        if key == AUTHORIZATION_KEY:
            registration = _with_key(
                registration, request.value, at_once=status is ConfigurationStatus.accepted
            )
        if registration != found:
            changed = registration
            await self._persistently(lambda: self._bus.write_registration(changed))

    async def _apply_once(self, station_id: str, station: Reachable, answered: Mapping[str, str]) -> None:
        wishes = await self._persistently(lambda: self._bus.read_configuration_wishes(station_id))
        if not wishes:
            return
        results = {key: answered[key] for key in wishes if key in answered}
        for key, value in wishes.items():
            if key in results:
                continue
            request = ChangeConfiguration(key=key, value=value)
            profile = station.security_profile
            answer = await station.call(request)
            results[key] = _result(answer)
            await self.answered(station_id, request, answer, profile)
            if answer.outcome is CommandOutcome.NOT_CONNECTED:
                break
        if await self._persistently(lambda: self._bus.read_configuration_wishes(station_id)) != wishes:
            return  # others are wished for by now, or none: these results would pass for the answer to them
        report = ConfigurationReport(self._clock(), results)
        await self._persistently(lambda: self._bus.write_configuration_report(station_id, report))
        refused = [
            f"{key}: {results.get(key, 'not sent')}"
            for key in wishes
            if results.get(key) != ConfigurationStatus.accepted.value
        ]
        self._events.note(
            station_id,
            StationEvent(
                self._clock(),
                StationEventKind.CONFIGURATION,
                "Applied" if not refused else "Incomplete",
                "; ".join(refused),
            ),
        )

    async def _persistently(self, operation: Callable[[], Awaitable[Result]]) -> Result:
        for pause in STORE_PAUSES_SECONDS:
            try:
                return await operation()
            except BusUnavailableError:
                await asyncio.sleep(pause)
        return await operation()


def _status(answer: Answer) -> ConfigurationStatus | None:
    """What the station answered to a ChangeConfiguration; None when it did not."""
    response = answer.response
    return response.status if isinstance(response, ChangeConfigurationResponse) else None


def _result(answer: Answer) -> str:
    status = _status(answer)
    if status is not None:
        return str(status.value)
    return f"{answer.error_code or answer.outcome.value}: {answer.description}"


def _with_key(registration: StationRegistration, key: str, *, at_once: bool) -> StationRegistration:
    """A01.FR.03: the old key is over once the new one was accepted; not before a reboot that it waits for."""
    if at_once or not registration.key_digests:
        registration = replace(registration, key_salt=authorization_key.new_salt())
    digests = authorization_key.digests(registration.key_salt, key)
    if at_once:
        return replace(registration, key_digests=digests, next_key_digests=())
    return replace(registration, next_key_digests=digests)
