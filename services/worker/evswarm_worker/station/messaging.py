"""What goes over the wire and in which order: one CALL at a time, answers before calls, lasting state before both.

Knows when a message may leave and that its answer came; what messages mean is in `answers` and `commands`.
"""

from math import inf
from typing import Final

from evswarm_shared.ocpp16.actions import Sender
from evswarm_shared.ocpp16.errors import ErrorCode, FrameError, FrameFault, PayloadError
from evswarm_shared.ocpp16.frames import (
    Call,
    CallError,
    CallResult,
    Frame,
    decode_frame,
    encode_call,
    encode_call_error,
    encode_call_result,
)
from evswarm_shared.ocpp16.messages import MeterValues, StatusNotification
from evswarm_shared.ocpp16.payloads import decode_request, decode_response
from evswarm_shared.ocpp16.timestamps import Timestamp
from evswarm_shared.telemetry.counts import DroppedFrame
from evswarm_worker.station import answers
from evswarm_worker.station.cabinet import Cabinet
from evswarm_worker.station.calls import PendingCall
from evswarm_worker.station.checkpoint import commit_of
from evswarm_worker.station.commands import HANDLERS
from evswarm_worker.station.effects import HandlerFailed, Persist, Send
from evswarm_worker.station.link import CONNECTED, SERVING, LinkState
from evswarm_worker.station.outbox import OutboxMessage

SHORT_OUTBOX: Final = 3
"""Up to so many transaction messages go before a status that came after them; a backlog does not (OCPP 1.6 §3.7)."""

_ACCEPTED: Final = LinkState.ACCEPTED


def receive(cabinet: Cabinet, frame: bytes | str | Frame) -> bool:
    """A text frame arrived; False when it settled a call and touched nothing else of the station."""
    if cabinet.link not in CONNECTED:
        cabinet.counts.dropped_frames.add(DroppedFrame.UNSOLICITED)
        return False
    try:
        message = decode_frame(frame) if isinstance(frame, bytes | str) else frame
    except FrameError as error:
        _malformed(cabinet, error)
        return True
    if type(message) is CallResult:
        return _result(cabinet, message)
    if type(message) is Call:
        _call(cabinet, message)
    elif type(message) is CallError:
        _error(cabinet, message)
    return True


def flush(cabinet: Cabinet) -> None:
    """Send what may leave now: store lasting changes first, then answers, then at most one call."""
    outbox = cabinet.outbox
    link = cabinet.link
    if link is not _ACCEPTED:
        outbox.store_all()
    if cabinet.lasting_changed or outbox.has_changes():
        persist(cabinet)
    if cabinet.replies:
        cabinet.effects.extend([Send(reply) for reply in cabinet.replies])
        cabinet.replies = None
    if cabinet.calls.in_flight is not None or cabinet.now >= cabinet.end_at:
        return
    if link is _ACCEPTED:
        call = _next_call(cabinet)
    elif link in CONNECTED:
        call = cabinet.calls.take_allowed_while_pending()
    else:
        return
    if call is not None:
        send(cabinet, call)


def waits(cabinet: Cabinet) -> bool:
    """Whether anything is left that `flush` might send or store after a call was settled."""
    return bool(cabinet.calls.line) or not cabinet.outbox.rests()


def persist(cabinet: Cabinet) -> None:
    """Have every lasting change stored before anything that follows."""
    if cabinet.lasting_changed or cabinet.outbox.has_changes():
        cabinet.effects.append(Persist(commit_of(cabinet, checkpoint=cabinet.lasting_changed)))
        cabinet.lasting_changed = False


def store_unanswered(cabinet: Cabinet) -> None:
    """MeterValues that nobody answered for a while enter the store."""
    cabinet.store_at = inf
    cabinet.outbox.store_all()


def call_deadline(cabinet: Cabinet) -> float:
    """When the call in flight has waited too long, in real unix seconds."""
    if cabinet.calls.in_flight is None:
        return inf
    return cabinet.calls.sent_at + cabinet.call_timeout


def time_out(cabinet: Cabinet) -> None:
    """The call in flight has waited too long."""
    call = _end(cabinet)
    if call is None:
        return
    cabinet.counts.call_timeouts.add(call.action)
    cabinet.log(f"No answer to {call.action}")
    answers.failed(cabinet, call, refused=False)


def _next_call(cabinet: Cabinet) -> PendingCall | None:
    outbox = cabinet.outbox
    message = outbox.head(cabinet.now)
    line = cabinet.calls.line
    if line and (message is None or len(outbox) > SHORT_OUTBOX or _came_before(line[0], message)):
        return line.popleft()
    if message is None:
        return None
    return PendingCall(message.action, outbox.request_of(message), message=message)


def _came_before(call: PendingCall, message: OutboxMessage) -> bool:
    """Whether the call goes before the transaction message: a status does when it is the older one of the two."""
    status = call.request
    if not isinstance(status, StatusNotification):
        return True
    request = message.request
    if request is None or not isinstance(status.timestamp, Timestamp):
        return False
    at = request.meter_value[0].timestamp if isinstance(request, MeterValues) else request.timestamp
    return status.timestamp < at


def send(cabinet: Cabinet, call: PendingCall) -> None:
    """Put a call in flight: nothing else is, and nothing is to be stored before."""
    unique_id = cabinet.calls.begin(call, cabinet.now)
    cabinet.counts.calls_sent[call.action] += 1
    cabinet.counts.calls_pending += 1
    cabinet.last_message = call.action
    cabinet.last_message_at = cabinet.now
    cabinet.effects.append(Send(encode_call(unique_id, call.request)))


def _end(cabinet: Cabinet) -> PendingCall | None:
    call = cabinet.calls.end()
    if call is not None:
        cabinet.counts.calls_pending -= 1
    return call


def _result(cabinet: Cabinet, result: CallResult) -> bool:
    calls = cabinet.calls
    call = calls.in_flight
    if call is None or result.unique_id != calls.unique_id:
        cabinet.counts.dropped_frames.add(DroppedFrame.UNSOLICITED)
        return False
    counts = cabinet.counts
    duration = cabinet.now - calls.sent_at
    calls.end()
    counts.calls_pending -= 1
    calls.exchanged_at = cabinet.now
    # The label is one of ours: no need to ask whether it is on the list.
    counts.call_results_received[call.action] += 1
    counts.call_duration[call.action].observe(duration)
    try:
        response = decode_response(call.action, result.payload, strict=cabinet.config.strict)
    except PayloadError as error:
        counts.dropped_frames.add(DroppedFrame.INVALID)
        cabinet.log(f"Answer to {call.action} not understood: {error.description}")
        answers.failed(cabinet, call, refused=True)
        return True
    return answers.answered(cabinet, call, response)


def _error(cabinet: Cabinet, error: CallError) -> None:
    calls = cabinet.calls
    call = calls.in_flight
    if call is None or error.unique_id != calls.unique_id:
        cabinet.counts.dropped_frames.add(DroppedFrame.UNSOLICITED)
        return
    duration = cabinet.now - calls.sent_at
    _end(cabinet)
    calls.exchanged_at = cabinet.now
    cabinet.counts.call_errors_received.add(call.action)
    cabinet.counts.call_errors.add(call.action, error.code)
    cabinet.counts.call_duration.observe(call.action, duration)
    cabinet.log(f"{call.action} answered with {error.code[:40]} {error.description[:80]}".rstrip())
    answers.failed(cabinet, call, refused=True)


def _malformed(cabinet: Cabinet, error: FrameError) -> None:
    unknown = error.fault is FrameFault.UNKNOWN_TYPE
    cabinet.counts.dropped_frames.add(DroppedFrame.UNKNOWN_TYPE if unknown else DroppedFrame.MALFORMED)
    if error.code is not None and error.unique_id is not None:
        if cabinet.link in SERVING:
            _reply_error(cabinet, "", error.unique_id, error.code, error.description)
    elif not unknown and error.unique_id is not None and error.unique_id == cabinet.calls.unique_id:
        call = _end(cabinet)
        if call is not None:
            cabinet.log(f"Answer to {call.action} not understood: {error.description}")
            answers.failed(cabinet, call, refused=True)


def _call(cabinet: Cabinet, call: Call) -> None:
    if cabinet.link not in SERVING:
        # A rejected station does not answer (OCPP 1.6 §4.2).
        cabinet.counts.dropped_frames.add(DroppedFrame.NOT_REGISTERED)
        return
    action = call.action
    cabinet.counts.calls_received.add(action)
    cabinet.last_message = action[:50]
    cabinet.last_message_at = cabinet.now
    try:
        handler = HANDLERS.get(action)
        request = decode_request(action, call.payload, receiver=Sender.STATION, strict=cabinet.config.strict)
        if handler is None:
            raise PayloadError(ErrorCode.NOT_SUPPORTED, f"{action} is not supported")
        response = handler(cabinet, request)
    except PayloadError as error:
        _reply_error(cabinet, action, call.unique_id, error.code, error.description)
        return
    except Exception as error:  # noqa: BLE001 - one command's fault must not cost the station its connection
        cabinet.log(f"{action} failed inside the station")
        cabinet.effects.append(HandlerFailed(action, error))
        _reply_error(cabinet, action, call.unique_id, ErrorCode.INTERNAL_ERROR, "the station failed")
        return
    cabinet.counts.call_results_sent.add(action)
    _reply(cabinet, encode_call_result(call.unique_id, response))


def _reply_error(cabinet: Cabinet, action: str, unique_id: str, code: ErrorCode, description: str) -> None:
    cabinet.counts.call_errors_sent.add(action)
    _reply(cabinet, encode_call_error(unique_id, code, description))


def _reply(cabinet: Cabinet, frame: bytes) -> None:
    if cabinet.replies is None:
        cabinet.replies = []
    cabinet.replies.append(frame)
