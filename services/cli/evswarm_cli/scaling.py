"""Waiting for `evswarm scale`: until the swarm has its size, or stations stay away for too long."""

import time
from collections.abc import Callable
from typing import Any, Final, Protocol

from evswarm_cli.controller_client import ControllerClient
from evswarm_cli.errors import ControllerError
from evswarm_cli.progress import why_not_connected

POLL_SECONDS: Final = 0.25
HINT_SECONDS: Final = 8.0
"""After so long without progress it is shown what the stations say."""


class Clock(Protocol):
    """Where the seconds come from."""

    def monotonic(self) -> float:
        """Seconds from anywhere."""

    def sleep(self, seconds: float, /) -> None:
        """Let them pass."""


def wait_for(
    client: ControllerClient,
    operation: dict[str, Any],
    *,
    patience_seconds: float,
    show: Callable[[str], None],
    clock: Clock = time,
) -> dict[str, Any]:
    """Follow a scale operation to its end and return it as it is then; `show` is told how it goes.

    Raises:
        ControllerError: it failed or another replaced it, or for `patience_seconds` no station more came or went. It
            says how many are missing and why.
    """
    hint, looked_at = "", clock.monotonic()
    done, came_on_at = operation["done"], looked_at
    while operation["state"] == "running":
        now = clock.monotonic()
        if operation["done"] != done:
            done, came_on_at, hint = operation["done"], now, ""
        quiet = now - came_on_at
        if quiet > HINT_SECONDS and now - looked_at > HINT_SECONDS:
            hint, looked_at = _reason(client, operation), now
        show(_so_far(operation) + (f"; {hint}" if hint else ""))
        if quiet > patience_seconds:
            reason = _reason(client, operation)
            raise ControllerError(
                f"{_so_far(operation)} and no more within {patience_seconds:g} s{f': {reason}' if reason else ''}. "
                f"The swarm goes on trying; --patience waits longer"
            )
        clock.sleep(POLL_SECONDS)
        operation = client.operation(operation["operation_id"])
    if operation["state"] in ("failed", "superseded"):
        reasons = [operation.get("message") or f"The operation ended as {operation['state']}."]
        if operation["state"] == "failed" and (why := why_not_connected(client)):
            reasons.append(why)
        raise ControllerError(" ".join(reasons))
    return operation


def _so_far(operation: dict[str, Any]) -> str:
    return f"{operation['done']:,} of {operation['target']:,}"


def _reason(client: ControllerClient, operation: dict[str, Any]) -> str:
    return why_not_connected(client) or str(operation.get("message", ""))
