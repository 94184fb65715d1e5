"""Ends of a station's life: reset, power loss, being switched off (OCPP 1.6 §5.14).

A station that ends in order first stops its transactions, then waits a while for their messages to be delivered;
what is not delivered by then stays in the outbox for the next life. Who leaves the swarm has no next life, and waits
for as long as it takes.
"""

from collections.abc import Mapping
from enum import StrEnum
from math import inf
from typing import Final

from ocpp.v16.enums import ChargePointStatus, Reason

from evswarm_worker.station import security_events
from evswarm_worker.station.authorization import begin_use
from evswarm_worker.station.cabinet import Cabinet, Ending
from evswarm_worker.station.charging import leave_free, stop
from evswarm_worker.station.connector import Connector
from evswarm_worker.station.link import LinkEvent, LinkState
from evswarm_worker.station.registration import REBOOT_SECONDS, hang_up
from evswarm_worker.station.security import SecurityEventType

FAREWELL_SECONDS: Final[Mapping[Ending, float]] = {Ending.REBOOT: 5.0, Ending.STOP: 60.0}
"""How long an end waits for the last messages to be answered while the station is connected, in real seconds.

A reboot comes back and delivers them then. A station that is switched off may never: it waits for a central system that
has thousands to say goodbye to.
"""

_IN_USE: Final = frozenset((ChargePointStatus.preparing, ChargePointStatus.finishing))
"""What a connector shows because of somebody whom a new life knows nothing of."""

GOING_AWAY: Final = 1001
NORMAL_CLOSURE: Final = 1000


class StopCause(StrEnum):
    """Why a station is switched off, as its log says it."""

    COMMAND = "it was told to stop"
    LEAVING = "it leaves the swarm"
    WORKER_ENDS = "its worker ends"


def begin_reboot(cabinet: Cabinet, reason: Reason, *, at_once: bool) -> bool:
    """End every transaction and start again; `at_once` leaves their messages for the next life.

    False when the station is being switched off, which goes on.
    """
    if cabinet.ending is Ending.STOP:
        return False
    _begin_ending(cabinet, Ending.REBOOT, reason, at_once=at_once)
    # Whoever takes the station over before it has happened boots it.
    cabinet.lasting_changed = True
    cabinet.log(f"Rebooting: {reason}")
    return True


def begin_stop(cabinet: Cabinet, cause: StopCause) -> None:
    """End every transaction and switch off; who leaves the swarm, not before its outbox is empty."""
    _begin_ending(cabinet, Ending.STOP, Reason.other, at_once=False)
    cabinet.log(f"Shutting down: {cause}")
    if cause is StopCause.LEAVING:
        cabinet.end_at = inf
        if cabinet.outbox and not cabinet.online:
            cabinet.log(
                f"Waits for the central system: {len(cabinet.outbox)} message(s) of transactions to tell"
            )


def _begin_ending(cabinet: Cabinet, ending: Ending, reason: Reason, *, at_once: bool) -> None:
    cabinet.ending = ending
    for connector in cabinet.connectors:
        stop(cabinet, connector, reason)
        connector.forget_tag()
        connector.schedule()
    cabinet.end_at = cabinet.now if at_once else cabinet.now + FAREWELL_SECONDS[ending]
    cabinet.touch()


def may_end(cabinet: Cabinet) -> bool:
    """Whether nothing is left to wait for."""
    if cabinet.ending is None:
        return False
    if cabinet.outbox and cabinet.end_at == inf:
        # It leaves the swarm: nobody would tell later what it knows.
        return False
    if cabinet.now >= cabinet.end_at or not cabinet.online:
        return True
    return not cabinet.outbox and cabinet.calls.in_flight is None and not cabinet.calls.line


def end(cabinet: Cabinet) -> bool:
    """Do what the ending is for; True when the station is switched off now."""
    ending, cabinet.ending = cabinet.ending, None
    cabinet.end_at = inf
    cabinet.booted = False
    cabinet.lasting_changed = True
    if ending is Ending.STOP:
        cabinet.switched_off = True
        hang_up(cabinet, LinkEvent.STOP, NORMAL_CLOSURE, "station stopped")
        cabinet.log("Stopped")
        return True
    security_events.record(cabinet, SecurityEventType.RESET_OR_REBOOT)
    hang_up(cabinet, LinkEvent.REBOOT, GOING_AWAY, "station reboots")
    if cabinet.link is LinkState.DOWN:
        cabinet.attempt_at = cabinet.now + REBOOT_SECONDS
    for connector in cabinet.connectors:
        wake_up(cabinet, connector)
    return False


def wake_up(cabinet: Cabinet, connector: Connector) -> None:
    """The first look at a connector in a new life: a car at the cable has everything before it again, where it may be
    served; whose turn it was before is forgotten.
    """
    connector.forget_tag()
    connector.reported = None
    if connector.plugged and connector.operative and cabinet.operative:
        begin_use(cabinet, connector, anew=True)
    elif connector.status in _IN_USE:
        leave_free(cabinet, connector)
    connector.schedule()
