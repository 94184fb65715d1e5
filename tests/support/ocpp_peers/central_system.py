# mypy: disable-error-code="no-untyped-call, untyped-decorator"
"""A central system on the `ocpp` package, as its documentation shows it. Run: `python -m tests.support.ocpp_peers.central_system`."""

import argparse
import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import unquote

from ocpp.routing import on
from ocpp.v16 import ChargePoint, call_result
from ocpp.v16.datatypes import IdTagInfo
from ocpp.v16.enums import Action, AuthorizationStatus, DataTransferStatus, RegistrationStatus
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.support.ocpp_peers.raw_connection import PATIENCE, utc_now

HEARTBEAT_INTERVAL = 300


class StationSession(ChargePoint):
    """One station's connection. `messages` keeps what came, by Action; `call` (inherited) sends a command."""

    def __init__(self, system: "PeerCentralSystem", station_id: str, socket: ServerConnection) -> None:
        super().__init__(station_id, socket)
        self._system = system
        self.socket = socket
        self.messages: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def _note(self, action: Action, payload: dict[str, Any]) -> None:
        self.messages[action.value].append(payload)
        self._system.noticed()

    @on(Action.boot_notification)
    def on_boot_notification(self, **payload: Any) -> call_result.BootNotification:
        self._note(Action.boot_notification, payload)
        return call_result.BootNotification(
            current_time=utc_now(), interval=HEARTBEAT_INTERVAL, status=RegistrationStatus.accepted
        )

    @on(Action.heartbeat)
    def on_heartbeat(self) -> call_result.Heartbeat:
        self._note(Action.heartbeat, {})
        return call_result.Heartbeat(current_time=utc_now())

    @on(Action.status_notification)
    def on_status_notification(self, **payload: Any) -> call_result.StatusNotification:
        self._note(Action.status_notification, payload)
        return call_result.StatusNotification()

    @on(Action.authorize)
    def on_authorize(self, **payload: Any) -> call_result.Authorize:
        self._note(Action.authorize, payload)
        return call_result.Authorize(id_tag_info=IdTagInfo(status=AuthorizationStatus.accepted))

    @on(Action.start_transaction)
    def on_start_transaction(self, **payload: Any) -> call_result.StartTransaction:
        self._note(Action.start_transaction, payload)
        self._system.last_transaction_id += 1
        return call_result.StartTransaction(
            transaction_id=self._system.last_transaction_id,
            id_tag_info=IdTagInfo(status=AuthorizationStatus.accepted),
        )

    @on(Action.meter_values)
    def on_meter_values(self, **payload: Any) -> call_result.MeterValues:
        self._note(Action.meter_values, payload)
        return call_result.MeterValues()

    @on(Action.stop_transaction)
    def on_stop_transaction(self, **payload: Any) -> call_result.StopTransaction:
        self._note(Action.stop_transaction, payload)
        return call_result.StopTransaction()

    @on(Action.data_transfer)
    def on_data_transfer(self, **payload: Any) -> call_result.DataTransfer:
        self._note(Action.data_transfer, payload)
        return call_result.DataTransfer(status=DataTransferStatus.unknown_vendor_id)


class PeerCentralSystem:
    """Accepts every station and every tag."""

    def __init__(self) -> None:
        self.sessions: dict[str, StationSession] = {}
        self.last_transaction_id = 0
        self.port = 0
        self._news = asyncio.Event()

    @property
    def url(self) -> str:
        """Where stations connect, without the identity."""
        return f"ws://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def listening(self, port: int = 0) -> AsyncIterator["PeerCentralSystem"]:
        """Listen on loopback; 0 takes a free port."""
        async with serve(
            self._serve, "127.0.0.1", port, subprotocols=[Subprotocol("ocpp1.6")], compression=None
        ) as server:
            self.port = next(iter(server.sockets)).getsockname()[1]
            yield self

    async def _serve(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        session = StationSession(self, unquote(socket.request.path.rpartition("/")[2]), socket)
        self.sessions[session.id] = session
        self.noticed()
        try:
            await session.start()
        except ConnectionClosed:
            return

    def noticed(self) -> None:
        """Wake whoever waits for something to happen."""
        self._news.set()

    async def session(self, station_id: str) -> StationSession:
        """The station's connection, once it has one."""
        async with asyncio.timeout(PATIENCE):
            while station_id not in self.sessions:
                await self._wait()
        return self.sessions[station_id]

    async def messages(self, station_id: str, action: str, count: int = 1) -> list[dict[str, Any]]:
        """What the station sent of one Action, once there are `count` of them.

        Raises:
            AssertionError: They did not come in time.
        """
        session = await self.session(station_id)
        try:
            async with asyncio.timeout(PATIENCE):
                while len(session.messages[action]) < count:
                    await self._wait()
        except TimeoutError:
            raise AssertionError(f"{action} of {station_id}: {session.messages[action]}") from None
        return session.messages[action]

    async def _wait(self) -> None:
        self._news.clear()
        await self._news.wait()


async def _main(port: int) -> None:
    async with PeerCentralSystem().listening(port) as system:
        print(f"central system on {system.url}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description="A central system that is not ours.")
    arguments.add_argument("--port", type=int, default=9100)
    with suppress(KeyboardInterrupt):
        asyncio.run(_main(arguments.parse_args().port))
