"""The CALLs of a station: one in flight, the others in line, each with an id of its own (OCPP-J 1.6 §4.1).

Transaction messages wait in the outbox, not here; they pass through `begin` like everything that is sent.
"""

from collections import deque
from hashlib import blake2b
from typing import Final

from msgspec import Struct
from ocpp.v16.enums import Action

from evswarm_shared.ocpp16.messages import Request
from evswarm_worker.station.outbox import OutboxMessage

QUEUE_LIMIT: Final = 48
"""Calls in line besides those of the connectors; a line this long means a peer that does not answer."""

QUEUE_LIMIT_OF_A_CONNECTOR: Final = 2
"""Every status is told at once after a boot, and there is room for all of them once more."""


class PendingCall(Struct, eq=False, gc=False):
    """A CALL and what its answer is for.

    `connector_id` and `id_tag` name the business that it settles; `message` is the outbox message that it carries.
    `allowed_while_pending`: the central system asked for it by TriggerMessage (OCPP 1.6 §4.2).
    """

    action: Action
    request: Request
    connector_id: int = 0
    id_tag: str = ""
    message: OutboxMessage | None = None
    allowed_while_pending: bool = False


class Calls:
    """The call in flight and the line behind it, of a station with so many connectors. Times are real unix seconds."""

    __slots__ = ("_limit", "_number", "_prefix", "exchanged_at", "in_flight", "line", "sent_at", "unique_id")

    def __init__(self, connectors: int) -> None:
        self.in_flight: PendingCall | None = None
        self.unique_id = ""
        self.sent_at = 0.0
        self.exchanged_at = 0.0
        """When the peer last proved to be there by answering."""
        self.line: deque[PendingCall] | None = None
        self._limit = QUEUE_LIMIT + QUEUE_LIMIT_OF_A_CONNECTOR * connectors
        self._prefix = ""
        self._number = 0

    def new_connection(self, run_id: str, station_id: str, now: float) -> None:
        """Begin a range of ids that no other connection of the station has, in this run or in any other.

        Servers exist that answer a repeated id with the cached answer to the old one, so the range hangs on the
        moment of the connection, which does not repeat, and not on a counter, which a crash would set back.
        """
        digest = blake2b(f"{run_id}/{station_id}/{now!r}".encode(), digest_size=10).hexdigest()
        self._prefix = f"{digest[:8]}-{digest[8:12]}-4{digest[12:15]}-8{digest[15:18]}-"
        self._number = 0

    @property
    def room(self) -> int:
        """How many calls the line still takes."""
        return self._limit - len(self.line or ())

    def enqueue(self, call: PendingCall, *, first: bool = False) -> bool:
        """Put a call in line; False when the line is full and the call was not taken, which is never the `first`."""
        if self.line is None:
            self.line = deque()
        if first:
            self.line.appendleft(call)
            return True
        if len(self.line) >= self._limit:
            return False
        self.line.append(call)
        return True

    def take_allowed_while_pending(self) -> PendingCall | None:
        """The first call of the line that the central system has asked for itself."""
        for position, call in enumerate(self.line or ()):
            if call.allowed_while_pending:
                assert self.line is not None
                del self.line[position]
                return call
        return None

    def begin(self, call: PendingCall, now: float) -> str:
        """Put a call in flight; returns its unique id."""
        self._number += 1
        self.unique_id = f"{self._prefix}{self._number:012x}"
        self.in_flight = call
        self.sent_at = now
        return self.unique_id

    def end(self) -> PendingCall | None:
        """Take the call out of flight: it was answered, timed out, or its connection is gone."""
        call, self.in_flight = self.in_flight, None
        self.unique_id = ""
        return call

    def abandon(self) -> list[PendingCall]:
        """The connection is gone: everything in flight and in line, in order, is handed back."""
        call = self.end()
        abandoned = [] if call is None else [call]
        if self.line:
            abandoned.extend(self.line)
        self.line = None
        return abandoned
