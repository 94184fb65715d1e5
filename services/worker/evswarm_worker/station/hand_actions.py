"""What a person at the station, or the world, can do to it. Each says clearly when it is not possible."""

from math import inf

from ocpp.v16.enums import (
    ChargePointErrorCode,
    ChargePointStatus,
    ConfigurationKey,
    ConfigurationStatus,
    Reason,
)

from evswarm_shared.ocpp16.datatypes import IdTagInfo
from evswarm_shared.telemetry.counts import FaultKind
from evswarm_worker.behaviour.visits import next_visit
from evswarm_worker.station import security_events, visiting
from evswarm_worker.station.authorization import present_tag
from evswarm_worker.station.cabinet import Cabinet, masked
from evswarm_worker.station.charging import leave_free, stop, try_to_begin
from evswarm_worker.station.commands import security_settings
from evswarm_worker.station.commands.reservation import give_up
from evswarm_worker.station.configuration import Access
from evswarm_worker.station.connector import Connector
from evswarm_worker.station.errors import StationActionError
from evswarm_worker.station.link import LinkEvent, LinkState
from evswarm_worker.station.rebooting import NORMAL_CLOSURE, begin_reboot
from evswarm_worker.station.registration import apply, hang_up
from evswarm_worker.station.reporting import report, report_station
from evswarm_worker.station.security import SecurityEventType
from evswarm_worker.station.taking_effect import take_effect

_NO_ERROR = ChargePointErrorCode.no_error


def plug_in(cabinet: Cabinet, connector_id: int) -> None:
    """Put the plug of a car that stays until it is unplugged by hand into a free connector."""
    connector = _connector(cabinet, connector_id)
    if connector.plugged:
        raise StationActionError(f"connector {connector_id} has a car already: unplug it first")
    visit = next_visit(cabinet.config.profile, cabinet.draws, cabinet.at, cabinet.utc_offset())
    _take_over(connector)
    visiting.plug_in(cabinet, connector, visit.car)


def unplug(cabinet: Cabinet, connector_id: int) -> None:
    """Take the plug out of the car."""
    connector = _connector(cabinet, connector_id)
    if not connector.plugged:
        raise StationActionError(f"connector {connector_id} has no car to unplug")
    visiting.unplug(cabinet, connector)


def authorize(cabinet: Cabinet, connector_id: int, id_tag: str) -> None:
    """Present a tag: it starts or stops a transaction (OCPP 1.6 §4.1)."""
    if not 1 <= len(id_tag) <= 20:
        raise StationActionError("an id tag has 1 to 20 characters")
    connector = _connector(cabinet, connector_id)
    if connector.faulted:
        raise StationActionError(f"connector {connector_id} is faulted: clear the fault first")
    if cabinet.faulted:
        raise StationActionError("the station is faulted: clear the fault of connector 0 first")
    if connector.transaction is None and not (connector.operative and cabinet.operative):
        raise StationActionError(f"connector {connector_id} is out of service")
    if not cabinet.accepted_ever:
        raise StationActionError("the central system has not accepted the station yet")
    connector.settled = False
    if not connector.plugged:
        _take_over(connector)
    if connector.status is ChargePointStatus.finishing and not connector.plugged:
        # The tag frees a cable that stayed locked (OCPP 1.6 §4.10).
        leave_free(cabinet, connector)
        return
    present_tag(cabinet, connector, id_tag)


def press_stop(cabinet: Cabinet, connector_id: int, reason: Reason = Reason.local) -> None:
    """Press the button that ends the transaction; `reason` is what the central system is told (OCPP 1.6 §7.36)."""
    connector = _connector(cabinet, connector_id)
    if connector.transaction is None:
        raise StationActionError(f"connector {connector_id} has no transaction to stop")
    connector.settled = True
    stop(cabinet, connector, reason)


def fault(cabinet: Cabinet, connector_id: int, error_code: ChargePointErrorCode, info: str = "") -> None:
    """Let something break that prevents charging (OCPP 1.6 §4.9 A9 to I9); connector 0 is the station as a whole."""
    if error_code is _NO_ERROR:
        raise StationActionError("NoError is no fault: use clear_fault")
    broken = _meant(cabinet, connector_id)
    cabinet.counts.faults_injected.add(FaultKind.CONNECTOR_FAULT)
    if connector_id == 0:
        cabinet.error_code = error_code
        cabinet.log(f"Station faulted: {error_code}")
        give_up(cabinet, cabinet)
        cabinet.reported = None
        report_station(cabinet, info)
    for connector in broken:
        if connector_id:
            connector.error_code = error_code
            cabinet.log(f"Connector {connector_id} faulted: {error_code}")
        give_up(cabinet, connector)
        report(cabinet, connector, info)
        if connector.transaction is not None:
            connector.settled = True
            stop(cabinet, connector, Reason.other)
    cabinet.lasting_changed = True
    cabinet.touch()


def clear_fault(cabinet: Cabinet, connector_id: int) -> None:
    """Mend it; the connector shows again what lay behind the fault."""
    if connector_id == 0:
        _require_on(cabinet)
        if not cabinet.faulted:
            raise StationActionError("the station as a whole is not faulted")
        cabinet.error_code = _NO_ERROR
        cabinet.log("Station repaired")
        report_station(cabinet)
    else:
        connector = _connector(cabinet, connector_id)
        if not connector.faulted:
            raise StationActionError(f"connector {connector_id} is not faulted")
        connector.error_code = _NO_ERROR
        cabinet.log(f"Connector {connector_id} repaired: {connector.status}")
        report(cabinet, connector)
    cabinet.lasting_changed = True
    cabinet.touch()
    for connector in _meant(cabinet, connector_id):
        try_to_begin(cabinet, connector)
    visiting.in_service(cabinet)


def power_cycle(cabinet: Cabinet, reason: Reason = Reason.power_loss) -> None:
    """Take the power away and give it back; open transactions are stopped for `reason` after the boot."""
    _require_on(cabinet)
    if not begin_reboot(cabinet, reason, at_once=True):
        raise StationActionError("the station is being switched off: start it again first")
    cabinet.counts.faults_injected.add(FaultKind.POWER_CYCLE)


def set_configuration(cabinet: Cabinet, key: str, value: str) -> None:
    """Set a configuration key at the station itself; what the central system may not change, a hand may not either."""
    _require_on(cabinet)
    name = cabinet.configuration.name_of(key)
    if name is None:
        raise StationActionError(f"there is no configuration key {key!r}: GetConfiguration lists them")
    if security_settings.is_security_key(name):
        if security_settings.change(cabinet, name, value) is ConfigurationStatus.rejected:
            raise StationActionError(f"{name} cannot be that now: the station's log says why")
        return
    if cabinet.configuration.change(name, value) is ConfigurationStatus.rejected:
        if cabinet.configuration.keys[name].access is Access.READ:
            raise StationActionError(f"configuration key {name} is read-only")
        raise StationActionError(cabinet.configuration.misfit(name, value))
    cabinet.log(f"Configuration by hand: {name} = {value}")
    take_effect(cabinet, name)


def add_to_cache(cabinet: Cabinet, id_tag: str, info: IdTagInfo) -> None:
    """Let the authorization cache know a tag as if the central system had told it (OCPP 1.6 §3.5.1)."""
    _require_on(cabinet)
    if not cabinet.configuration.flag(ConfigurationKey.authorization_cache_enabled):
        raise StationActionError(
            "the authorization cache is off: set AuthorizationCacheEnabled to true first"
        )
    cabinet.cache.remember(id_tag, info)
    cabinet.log(f"Tag {masked(id_tag)} added to the cache: {info.status}")


def set_autonomous(cabinet: Cabinet, autonomous: bool) -> None:
    """Leave everything at the station to the hand, or let people come and go by themselves again."""
    if cabinet.autonomous is autonomous:
        return
    cabinet.autonomous = autonomous
    cabinet.log("Left to itself" if autonomous else "Left to the hand")
    if not autonomous:
        visiting.leave_to_the_hand(cabinet)


def open_door(cabinet: Cabinet) -> None:
    """Open the housing: the tamper sensor notices (security whitepaper §8)."""
    _require_on(cabinet)
    security_events.record(cabinet, SecurityEventType.TAMPER_DETECTION, "the door was opened")


def network_down(cabinet: Cabinet) -> None:
    """Cut the station off; it goes on alone until `network_up`."""
    _require_on(cabinet)
    if cabinet.link is LinkState.CUT:
        raise StationActionError("the network is down already")
    cabinet.counts.faults_injected.add(FaultKind.NETWORK_DOWN)
    hang_up(cabinet, LinkEvent.NETWORK_CUT, NORMAL_CLOSURE, "network down")
    cabinet.log("Connection lost: network down by hand")


def network_up(cabinet: Cabinet) -> None:
    """Give the network back; the station connects after the shortest wait."""
    _require_on(cabinet)
    if not apply(cabinet, LinkEvent.NETWORK_BACK):
        raise StationActionError("the network is not down")
    cabinet.failures = 0
    cabinet.attempt_at = cabinet.now + cabinet.config.reconnect_floor_seconds
    cabinet.log("Network back")


def reconnect(cabinet: Cabinet) -> None:
    """Drop the connection, if there is one, and connect after the shortest wait, also where the network was down."""
    if cabinet.link is not LinkState.CUT:
        network_down(cabinet)
    network_up(cabinet)


def _take_over(connector: Connector) -> None:
    connector.visit = None
    connector.arrive_at = connector.leave_at = connector.tag_at = inf


def _require_on(cabinet: Cabinet) -> None:
    if cabinet.link is LinkState.OFF:
        raise StationActionError("the station is stopped: start it first")


def _meant(cabinet: Cabinet, connector_id: int) -> tuple[Connector, ...]:
    """The connector of this id, or all of them for 0."""
    if connector_id == 0:
        _require_on(cabinet)
        return cabinet.connectors
    return (_connector(cabinet, connector_id),)


def _connector(cabinet: Cabinet, connector_id: int) -> Connector:
    _require_on(cabinet)
    connector = cabinet.connector(connector_id)
    if connector is None:
        raise StationActionError(
            f"there is no connector {connector_id}: the station has 1 to {len(cabinet.connectors)}"
        )
    return connector
