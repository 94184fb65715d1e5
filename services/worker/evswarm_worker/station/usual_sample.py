"""The wake-up that most of a charging station's are: one sample of a running transaction, and nothing else is due.

What happens is what happens at any wake-up, in the same order, only without looking for all that might be due and is
not. Anything out of the ordinary goes the general way of `Station`: from the start, or from where it turns up.
"""

from typing import Final

from evswarm_worker.station import messaging
from evswarm_worker.station.cabinet import Cabinet
from evswarm_worker.station.calls import PendingCall
from evswarm_worker.station.charging import sample
from evswarm_worker.station.connector import Connector
from evswarm_worker.station.effects import SNAPSHOT_CHANGED
from evswarm_worker.station.link import LinkState

_ACCEPTED: Final = LinkState.ACCEPTED


def due_alone(cabinet: Cabinet, now: float, horizon: float) -> Connector | None:
    """The connector whose sample is all that is due at the real time `now`, simulated `horizon`, and may leave at once."""
    if (
        now < cabinet.wake_at
        or cabinet.link is not _ACCEPTED
        or cabinet.real_due <= now
        or cabinet.calls.in_flight is not None
        or cabinet.ending is not None
    ):
        return None
    found: Connector | None = None
    for connector in cabinet.connectors:
        if connector.due <= horizon:
            if found is not None:
                return None
            found = connector
    if found is None or found.transaction is None:
        return None
    at = found.sample_at
    # What comes before a sample when it is due at the same moment; for what comes behind it, `take` looks.
    if (
        at > found.due
        or found.leave_at <= at
        or found.arrive_at <= at
        or found.timeout_at <= at
        or found.tag_at <= at
    ):
        return None
    return found


def take(cabinet: Cabinet, connector: Connector, now: float, horizon: float) -> bool:
    """Take the sample that `due_alone` found, and send it; False: it was taken, and the general way goes on from there."""
    if now > cabinet.now:
        cabinet.now = now
    if connector.due > cabinet.at:
        cabinet.at = connector.due
    sample(cabinet, connector)
    message = cabinet.outbox.alone(now)
    # As long as it is not scheduled anew, the general way comes to the connector once more, at this very moment.
    if message is None or message.request is None or cabinet.lasting_changed or cabinet.calls.line:
        return False
    connector.schedule()
    due = connector.due
    for other in cabinet.connectors:
        if other.due < due:
            due = other.due
    if due <= horizon:
        return False
    cabinet.simulated_due = due
    messaging.send(cabinet, PendingCall(message.action, message.request, message=message))
    cabinet.snapshot_changed = False
    cabinet.effects.append(SNAPSHOT_CHANGED)
    return True
