"""The OCPP-J conversation with one station, over whichever connection it has just now.

A session outlives a connection that is replaced by a newer one: what was received is still processed in its order,
and commands that wait are sent over the new connection. Both directions may have one CALL open at the same time.
"""

import asyncio
import logging
import math
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, Protocol

from msgspec import UNSET
from ocpp.v16.enums import MessageTrigger, TriggerMessageStatus

from evswarm_csms.dispatch import AT_ONCE, WITH_STORE, Desk, FailedPart, StationFile
from evswarm_csms.handlers.acceptance import Acceptance, acceptance_after, verdict
from evswarm_csms.handlers.admission import NO_SECURITY
from evswarm_csms.outgoing import Answer, CallRules, OutgoingCalls
from evswarm_shared.bus.messages import CommandOutcome
from evswarm_shared.errors import BusUnavailableError
from evswarm_shared.ocpp16.actions import ACTION_OF, Sender
from evswarm_shared.ocpp16.errors import ErrorCode, FrameError, FrameFault, PayloadError
from evswarm_shared.ocpp16.frames import (
    Call,
    CallError,
    CallResult,
    decode_frame,
    decode_request,
    encode_call_error,
    encode_call_result,
)
from evswarm_shared.ocpp16.messages import (
    BootNotificationResponse,
    ExtendedTriggerMessage,
    ExtendedTriggerMessageResponse,
    RemoteStartTransaction,
    RemoteStopTransaction,
    Request,
    Response,
    TriggerMessage,
    TriggerMessageResponse,
)
from evswarm_shared.telemetry.counts import DroppedFrame
from evswarm_shared.telemetry.service_log import about

INBOX_HIGH: Final = 16
"""So many CALLs may wait for the store before the station is read no further."""

ASKED_TO_BOOT_SECONDS: Final = 10.0
"""How long the answer to our own wish for a BootNotification is waited for: commands wait in line behind it."""

OF_EACH_CONNECTOR: Final = frozenset(("MeterValues", "StatusNotification"))
"""Asked for without a connector, these come once for each (OCPP 1.6 §5.17)."""

_DROPPED: Final = {
    FrameFault.MALFORMED: DroppedFrame.MALFORMED,
    FrameFault.UNKNOWN_TYPE: DroppedFrame.UNKNOWN_TYPE,
}

log = logging.getLogger(__name__)


class Wire(Protocol):
    """The connection as a session sees it. `security_profile` is the one that it was let in with."""

    security_profile: int

    @property
    def last_words(self) -> str:
        """Code and reason with which the station closed the connection; empty when it did not."""
        ...

    def send(self, data: bytes) -> bool:
        """Send a text message; False when that is not possible any more."""
        ...

    def hold(self, held: bool) -> None:
        """Stop or go on reading."""
        ...

    def replace(self) -> None:
        """A newer connection of the same station has taken over: close this one."""
        ...

    def dismiss(self) -> None:
        """The station is not welcome any more: close this one."""
        ...


@dataclass(frozen=True, slots=True)
class Office:
    """What all sessions share.

    `spawn` runs a coroutine to its end; `offline` hears of sessions that lost their connection, `idle` of those that
    have nothing more to do without one.
    """

    desk: Desk
    rules: CallRules
    strict: bool
    spawn: Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]
    offline: Callable[["Session"], None]
    idle: Callable[["Session"], None]


class Session:
    """One station's conversation. Created without a connection; CALLs wait until `acceptance_known`."""

    __slots__ = (
        "_acceptance",
        "_asked_to_boot",
        "_counts",
        "_file",
        "_inbox",
        "_office",
        "_outgoing",
        "_tap",
        "_task",
        "_triggered",
        "station_id",
        "wire",
    )

    def __init__(self, station_id: str, office: Office) -> None:
        self.station_id = station_id
        self.wire: Wire | None = None
        self._office = office
        self._counts = office.desk.counts
        self._file = StationFile(station_id)
        self._acceptance: Acceptance | None = None
        self._asked_to_boot = False
        self._triggered: dict[str, bool] = {}
        """Actions that a station which is not accepted has promised to send, and whether several of each may come."""
        self._inbox: deque[tuple[Wire, Call]] | None = None
        self._task: asyncio.Task[None] | None = None
        self._outgoing: OutgoingCalls | None = None
        self._tap = office.desk.history.tap(station_id)

    # --- the connection

    def attach(self, wire: Wire) -> None:
        """Talk over `wire` from now on and close the connection that it replaces, if there is one."""
        replaced, self.wire = self.wire, wire
        self._asked_to_boot = False
        self._triggered = {}
        if replaced is not None:
            if self._outgoing is not None:
                self._outgoing.connection_lost(replaced=True)
            self._office.desk.configuration.connected_anew(self.station_id)
            replaced.replace()
        if self._outgoing is not None:
            self._outgoing.go_on()

    def detach(self, wire: Wire) -> None:
        """That connection is gone; harmless when a newer one has replaced it before."""
        if wire is not self.wire:
            return
        self.wire = None
        if self._tap is not None:
            self._tap.closed(self._office.desk.clock())
        if self._outgoing is not None:
            self._outgoing.connection_lost(replaced=False, last_words=wire.last_words)
        self._office.offline(self)
        self._rest()

    def acceptance_known(self, acceptance: Acceptance) -> None:
        """What the store says of the station, or that it is away; CALLs are processed from now on.

        Does not take back an acceptance that was given meanwhile.
        """
        if self._acceptance is not Acceptance.ACCEPTED:
            self._acceptance = acceptance
            if self.accepted and self.wire is not None:
                self._office.spawn(self._office.desk.configuration.resume(self.station_id, self))
        self._work_off()

    @property
    def needs_lookup(self) -> bool:
        """Whether the store has not said yet what it knows of the station."""
        return self._acceptance is None or self._acceptance is Acceptance.STORE_AWAY

    @property
    def accepted(self) -> bool:
        """Whether the station may do everything."""
        return self._acceptance is Acceptance.ACCEPTED

    @property
    def security_profile(self) -> int:
        """That of the connection."""
        return NO_SECURITY if self.wire is None else self.wire.security_profile

    def dismiss(self) -> None:
        """The station is not known any more: it has to connect and boot anew."""
        self._acceptance = Acceptance.NO_RECORD
        if self.wire is not None:
            self.wire.dismiss()

    # --- from the station

    def receive(self, wire: Wire, data: bytes | str) -> None:
        """A text message came over `wire`."""
        try:
            frame = decode_frame(data)
        except FrameError as error:
            if self._tap is not None:
                self._tap.malformed(data, self._office.desk.clock())
            self._broken_frame(wire, error)
            return
        if self._tap is not None:
            self._tap.received(frame, self._office.desk.clock())
        if type(frame) is Call:
            if self._task is None and self._acceptance is not None and not self._inbox:
                self._process(wire, frame)
            else:
                self._put_off(wire, frame)
        elif self._outgoing is None:
            self._counts.dropped_frames.add(DroppedFrame.UNSOLICITED)
        elif isinstance(frame, CallResult):
            answered = self._outgoing.result(frame)
            if answered is not None:
                self._note_trigger(*answered)
        elif isinstance(frame, CallError):
            self._outgoing.error(frame)

    # --- to the station

    def call(
        self,
        request: Request,
        *,
        expires_at: float = math.inf,
        message_id: str = "",
        patience_seconds: float = math.inf,
    ) -> "asyncio.Future[Answer]":
        """Send a CALL when its turn comes; the future always gets an `Answer`. `expires_at` in unix seconds.

        `message_id` is its unique id; by default one is made. `patience_seconds`: as `OutgoingCalls.call`.
        """
        refusal = self._refusal(request)
        if refusal is not None:
            future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
            future.set_result(refusal)
            return future
        if self._outgoing is None:
            self._outgoing = OutgoingCalls(self._office.rules, self._send)
        return self._outgoing.call(
            request, expires_at=expires_at, message_id=message_id, patience_seconds=patience_seconds
        )

    # --- inside

    def _send(self, data: bytes) -> bool:
        return self.wire is not None and self._write(self.wire, data)

    def _write(self, wire: Wire, data: bytes, answered: Call | None = None) -> bool:
        if not wire.send(data):
            return False
        if self._tap is not None:
            now = self._office.desk.clock()
            if answered is None:
                self._tap.sent(data, now)
            else:
                self._tap.replied(answered.unique_id, data, now)
        return True

    def _refusal(self, request: Request) -> Answer | None:
        if self.wire is None:
            return Answer(CommandOutcome.NOT_CONNECTED, description="the station is not connected")
        remote = isinstance(request, RemoteStartTransaction | RemoteStopTransaction)
        if self._acceptance is Acceptance.REJECTED:
            # OCPP 1.6 §4.2: it would not answer.
            return Answer(CommandOutcome.REFUSED, description="the station has been rejected at its boot")
        if remote and self._acceptance in (Acceptance.REGISTERED, Acceptance.NO_RECORD):
            # OCPP 1.6 §4.2: not before the station is accepted.
            return Answer(CommandOutcome.REFUSED, description="the station has not been accepted yet")
        return None

    def _note_trigger(self, request: Request, response: Response) -> None:
        """What a station that is not accepted yet may say because it was asked to (OCPP 1.6 §4.2, §5.17)."""
        if self.accepted or not isinstance(response, TriggerMessageResponse | ExtendedTriggerMessageResponse):
            return
        assert isinstance(request, TriggerMessage | ExtendedTriggerMessage)
        if response.status is TriggerMessageStatus.accepted:
            action = _triggered_action(request.requested_message)
            self._triggered[action] = request.connector_id is UNSET and action in OF_EACH_CONNECTOR

    def _put_off(self, wire: Wire, call: Call) -> None:
        if self._inbox is None:
            self._inbox = deque()
        self._inbox.append((wire, call))
        if len(self._inbox) >= INBOX_HIGH:
            wire.hold(True)

    def _work_off(self) -> None:
        while self._inbox and self._task is None and self._acceptance is not None:
            wire, call = self._inbox.popleft()
            self._process(wire, call)
        if not self._inbox and self._inbox is not None:
            self._inbox = None
            if self.wire is not None:
                self.wire.hold(False)
        self._rest()

    def _process(self, wire: Wire, call: Call) -> None:
        action = call.action
        self._counts.calls_received.add(action)
        try:
            request = decode_request(action, call.payload, receiver=Sender.CSMS, strict=self._office.strict)
        except PayloadError as error:
            self._counts.dropped_frames.add(DroppedFrame.INVALID)
            self._refuse(wire, call, error.code, error.description)
            return
        kind = type(request)
        if self._acceptance is not Acceptance.ACCEPTED and not self._taken(wire, call, kind):
            return
        at_once = AT_ONCE.get(kind)
        if at_once is None:
            self._task = self._office.spawn(self._answer_with_store(wire, call, request))
            return
        try:
            self._answer(wire, call, at_once(request, self._file, self._office.desk))
        except Exception:  # noqa: BLE001 - supervision: one bad message must not end the connection
            self._failed(wire, call)

    def _taken(self, wire: Wire, call: Call, kind: type[Request]) -> bool:
        assert self._acceptance is not None
        action = ACTION_OF[kind].value
        ruling = verdict(self._acceptance, kind, triggered=action in self._triggered)
        if self._triggered.get(action) is False:
            del self._triggered[action]
        if not ruling.take:
            self._counts.dropped_frames.add(DroppedFrame.NOT_REGISTERED)
            self._refuse(wire, call, ErrorCode.SECURITY_ERROR, "send a BootNotification first")
        if ruling.ask_to_boot and not self._asked_to_boot:
            self._asked_to_boot = True
            request = TriggerMessage(requested_message=MessageTrigger.boot_notification)
            self.call(request, patience_seconds=ASKED_TO_BOOT_SECONDS)
        return ruling.take

    async def _answer_with_store(self, wire: Wire, call: Call, request: Request) -> None:
        try:
            response = await WITH_STORE[type(request)](request, self._file, self._office.desk)
            if isinstance(response, BootNotificationResponse):
                self._acceptance = acceptance_after(response.status)
                if self.accepted:
                    self._triggered = {}
            self._answer(wire, call, response)
        except BusUnavailableError:
            self._refuse(wire, call, ErrorCode.INTERNAL_ERROR, "the store is away; please send this again")
        except Exception:  # noqa: BLE001 - supervision: one bad message must not end the connection
            self._failed(wire, call)
        finally:
            self._task = None
        self._follow_up()
        self._work_off()

    def _follow_up(self) -> None:
        """Begin what an answer has promised, now that the answer is out."""
        promised, self._file.promised = self._file.promised, None
        if promised is not None:
            self._office.spawn(promised(self))

    def _answer(self, wire: Wire, call: Call, response: Response) -> None:
        if self._write(wire, encode_call_result(call.unique_id, response), call):
            self._counts.call_results_sent.add(call.action)

    def _refuse(self, wire: Wire, call: Call, code: ErrorCode, description: str) -> None:
        if self._write(wire, encode_call_error(call.unique_id, code, description), call):
            self._counts.call_errors_sent.add(call.action)

    def _failed(self, wire: Wire, call: Call) -> None:
        self._office.desk.failures.add(FailedPart.MESSAGE)
        self._file.promised = None  # by an answer that was not given
        log.exception(
            "a %s of %s could not be handled",
            call.action,
            self.station_id,
            extra=about(station_id=self.station_id, action=call.action, message_id=call.unique_id),
        )
        self._refuse(wire, call, ErrorCode.INTERNAL_ERROR, "the central system failed on this message")

    def _broken_frame(self, wire: Wire, error: FrameError) -> None:
        if error.code is None:
            self._counts.dropped_frames.add(_DROPPED[error.fault])
            if self._outgoing is not None:
                self._outgoing.broken(error.unique_id, error.description)
            return
        self._counts.dropped_frames.add(DroppedFrame.MALFORMED)
        if error.unique_id is not None and self._write(
            wire, encode_call_error(error.unique_id, error.code, error.description)
        ):
            self._counts.call_errors_sent.add("")

    def _rest(self) -> None:
        if self.wire is None and self._task is None and not self._inbox:
            self._office.idle(self)


def _triggered_action(trigger: MessageTrigger) -> str:
    # The one trigger that is not named as the message it brings (security whitepaper A02).
    if trigger is MessageTrigger.sign_charge_point_certificate:
        return "SignCertificate"
    return str(trigger.value)
