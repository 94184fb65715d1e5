"""What a station rarely has to look after: firmware, uploads, certificates, security events, a changed connection.

One moment, `cabinet.upkeep_at`, stands for all of it, so that a station without any of it pays a comparison.
"""

from math import inf
from typing import Final

from evswarm_worker.station import certificate_renewal, firmware, log_upload, security_events
from evswarm_worker.station.cabinet import Cabinet
from evswarm_worker.station.link import CONNECTED, LinkEvent
from evswarm_worker.station.registration import hang_up
from evswarm_worker.station.transfer import TransferResult

NORMAL_CLOSURE: Final = 1000


def look(cabinet: Cabinet) -> None:
    """Do everything that is due, and find the moment to look again."""
    cabinet.upkeep_at = inf
    due = min(firmware.look(cabinet), log_upload.look(cabinet), certificate_renewal.look(cabinet))
    security_events.send_next(cabinet)
    # Recording an event asks for a look that has just happened.
    cabinet.upkeep_at = due
    security = cabinet.security
    if security is not None and security.reconnect and cabinet.ending is None:
        if cabinet.replies:
            # The answer that this follows leaves first.
            cabinet.upkeep_at = cabinet.now
            return
        security.reconnect = False
        if cabinet.link in CONNECTED:
            hang_up(cabinet, LinkEvent.LOST, NORMAL_CLOSURE, "connection settings changed")
            cabinet.log("Reconnecting with the new security settings")
            cabinet.failures = 0
            cabinet.attempt_at = cabinet.now + cabinet.config.reconnect_floor_seconds


def transferred(cabinet: Cabinet, transfer: int, result: TransferResult) -> None:
    """A download or upload ended; one that nobody waits for any more changes nothing."""
    if not firmware.transferred(cabinet, transfer, result):
        log_upload.transferred(cabinet, transfer, result)
