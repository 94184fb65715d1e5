"""Where work that nobody waits for ends when it fails: logged and counted, and the central system goes on."""

import logging
from collections.abc import Coroutine
from typing import Any

from evswarm_csms.dispatch import FailedPart
from evswarm_shared.telemetry.counts import Tally

log = logging.getLogger(__name__)


async def supervised(work: Coroutine[Any, Any, None], failures: Tally) -> None:
    """Do the work. What it raises by our own fault is counted in `failures`, by `FailedPart`, and goes no further."""
    try:
        await work
    except Exception:
        log.exception("something that was begun after a message or a command failed")
        failures.add(FailedPart.ERRAND)
