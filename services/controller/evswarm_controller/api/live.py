"""The WebSocket of the live feed: one task reads what the client says, one writes what is due."""

import asyncio
from typing import Final

import msgspec
from fastapi import APIRouter, WebSocket, WebSocketDisconnect, status
from starlette.websockets import WebSocketState

from evswarm_controller.context import Context, ContextOf
from evswarm_controller.live_frames import (
    AskResync,
    ClientHello,
    ClientMessage,
    Rate,
    Subscribe,
    Unsubscribe,
    decode_client,
    log_frame,
)
from evswarm_controller.live_subscriber import Subscriber
from evswarm_controller.live_window import WindowQuery
from evswarm_shared.errors import BusUnavailableError
from evswarm_shared.history.log_lines import read_line

HELLO_TIMEOUT_SECONDS: Final = 10.0
MODE_CHANGED_CODE: Final = 4010
"""Closes a client's connection when rows are sent in another way from now on; it comes back at once."""

router = APIRouter()


class ModeChangedError(Exception):
    """The client has to begin anew."""


@router.websocket("/live")
async def live(websocket: WebSocket, context: ContextOf) -> None:
    """The feed as `live.schema.json` describes it; pages of other sites do not get past the gate."""
    await websocket.accept()
    try:
        await _serve(websocket, context)
    except* WebSocketDisconnect:
        pass
    except* ModeChangedError:
        await websocket.close(
            MODE_CHANGED_CODE, "the swarm has crossed the size up to which all rows are sent"
        )
    except* (msgspec.DecodeError, TimeoutError) as group:
        if websocket.application_state is WebSocketState.CONNECTED:
            reason = str(group.exceptions[0])[:100] or "no hello in time"
            await websocket.close(status.WS_1008_POLICY_VIOLATION, reason)


async def _serve(websocket: WebSocket, context: Context) -> None:
    hub = context.hub
    await websocket.send_text(hub.hello())
    async with asyncio.timeout(HELLO_TIMEOUT_SECONDS):
        first = await _receive(websocket)
    if not isinstance(first, ClientHello):
        raise msgspec.ValidationError("the first message is a hello")
    subscriber = hub.join(first.epoch, first.seq)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_read(websocket, subscriber))
            tasks.create_task(_write(websocket, subscriber, context))
    finally:
        hub.leave(subscriber)


async def _read(websocket: WebSocket, subscriber: Subscriber) -> None:
    while True:
        match await _receive(websocket):
            case Subscribe(log=str(station_id)):
                subscriber.follow(station_id)
            case Subscribe(messages=wanted):
                subscriber.watch_messages(wanted)
            case Unsubscribe(log=str(station_id)):
                subscriber.unfollow(station_id)
            case Unsubscribe():
                subscriber.watch_messages(None)
            case WindowQuery() as window:
                subscriber.show(window)
            case Rate(hz=hz):
                subscriber.interval_seconds = 1 / hz
            case AskResync():
                subscriber.asked_resync = True
                subscriber.wake.set()
            case ClientHello():
                raise msgspec.ValidationError("hello is said once")


async def _write(websocket: WebSocket, subscriber: Subscriber, context: Context) -> None:
    hub = context.hub
    while True:
        await subscriber.wake.wait()
        subscriber.wake.clear()
        if not hub.holds(subscriber):
            raise ModeChangedError
        if not hub.is_due(subscriber, context.now()):
            continue
        for frame in hub.due(subscriber, context.now()):
            await websocket.send_text(frame)
            hub.sent(frame)
        for station_id in subscriber.due_logs():
            followed = subscriber.logs.get(station_id)
            if followed is None:
                continue
            followed.grown = False
            try:
                lines = await context.bus.read_log(station_id)
            except BusUnavailableError:
                followed.grown = True
                break
            calls, _ = followed.calls.take()
            frame = log_frame(station_id, [read_line(line) for line in lines], [call.item for call in calls])
            await websocket.send_text(frame)
            hub.sent(frame)


async def _receive(websocket: WebSocket) -> ClientMessage:
    try:
        return decode_client(await websocket.receive_text())
    except KeyError:
        raise msgspec.DecodeError("messages are text") from None
