# mypy: disable-error-code="no-untyped-call, untyped-decorator"
"""A station on the `ocpp` package, as its documentation shows it. Run: `python -m tests.support.ocpp_peers.charge_point --url ws://…`."""

import argparse
import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import quote

from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from ocpp.v16.datatypes import MeterValue, SampledValue
from ocpp.v16.enums import (
    Action,
    AvailabilityStatus,
    ChargePointErrorCode,
    ChargePointStatus,
    ClearCacheStatus,
    ConfigurationStatus,
    DataTransferStatus,
    Measurand,
    RemoteStartStopStatus,
    ResetStatus,
    TriggerMessageStatus,
    UnitOfMeasure,
    UnlockStatus,
)
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.support.ocpp_peers.raw_connection import utc_now


class PeerChargePoint(ChargePoint):
    """One connector, no car, does what it is told. `commands` keeps what came, by Action."""

    def __init__(self, station_id: str, socket: ClientConnection) -> None:
        super().__init__(station_id, socket)
        self.socket = socket
        self.commands: dict[str, list[dict[str, Any]]] = defaultdict(list)

    async def boot(self) -> call_result.BootNotification:
        """Introduce the station."""
        answer: call_result.BootNotification = await self.call(
            call.BootNotification(charge_point_model="Peer One", charge_point_vendor="Somebody Else")
        )
        return answer

    async def report_status(self, status: ChargePointStatus, connector_id: int = 1) -> None:
        """Tell a connector's status."""
        await self.call(
            call.StatusNotification(
                connector_id=connector_id,
                error_code=ChargePointErrorCode.no_error,
                status=status,
                timestamp=utc_now(),
            )
        )

    async def charge(self, id_tag: str, meter_start: int = 1000, energy_wh: int = 500) -> int:
        """A whole transaction with one meter value in the middle; its id."""
        await self.call(call.Authorize(id_tag=id_tag))
        started = await self.call(
            call.StartTransaction(connector_id=1, id_tag=id_tag, meter_start=meter_start, timestamp=utc_now())
        )
        await self.report_status(ChargePointStatus.charging)
        reading = SampledValue(
            value=str(meter_start + energy_wh // 2),
            measurand=Measurand.energy_active_import_register,
            unit=UnitOfMeasure.wh,
        )
        await self.call(
            call.MeterValues(
                connector_id=1,
                transaction_id=started.transaction_id,
                meter_value=[MeterValue(timestamp=utc_now(), sampled_value=[reading])],
            )
        )
        await self.call(
            call.StopTransaction(
                meter_stop=meter_start + energy_wh,
                timestamp=utc_now(),
                transaction_id=started.transaction_id,
                id_tag=id_tag,
            )
        )
        await self.report_status(ChargePointStatus.available)
        transaction_id: int = started.transaction_id
        return transaction_id

    @on(Action.change_availability)
    def on_change_availability(self, **payload: Any) -> call_result.ChangeAvailability:
        self.commands[Action.change_availability.value].append(payload)
        return call_result.ChangeAvailability(status=AvailabilityStatus.accepted)

    @on(Action.change_configuration)
    def on_change_configuration(self, **payload: Any) -> call_result.ChangeConfiguration:
        self.commands[Action.change_configuration.value].append(payload)
        return call_result.ChangeConfiguration(status=ConfigurationStatus.accepted)

    @on(Action.clear_cache)
    def on_clear_cache(self) -> call_result.ClearCache:
        self.commands[Action.clear_cache.value].append({})
        return call_result.ClearCache(status=ClearCacheStatus.accepted)

    @on(Action.data_transfer)
    def on_data_transfer(self, **payload: Any) -> call_result.DataTransfer:
        self.commands[Action.data_transfer.value].append(payload)
        return call_result.DataTransfer(status=DataTransferStatus.unknown_vendor_id)

    @on(Action.get_configuration)
    def on_get_configuration(self, **payload: Any) -> call_result.GetConfiguration:
        self.commands[Action.get_configuration.value].append(payload)
        return call_result.GetConfiguration(
            configuration_key=[{"key": "HeartbeatInterval", "readonly": False, "value": "300"}],
            unknown_key=[key for key in payload.get("key", ()) if key != "HeartbeatInterval"],
        )

    @on(Action.remote_start_transaction)
    def on_remote_start_transaction(self, **payload: Any) -> call_result.RemoteStartTransaction:
        self.commands[Action.remote_start_transaction.value].append(payload)
        return call_result.RemoteStartTransaction(status=RemoteStartStopStatus.accepted)

    @on(Action.remote_stop_transaction)
    def on_remote_stop_transaction(self, **payload: Any) -> call_result.RemoteStopTransaction:
        self.commands[Action.remote_stop_transaction.value].append(payload)
        return call_result.RemoteStopTransaction(status=RemoteStartStopStatus.rejected)

    @on(Action.reset)
    def on_reset(self, **payload: Any) -> call_result.Reset:
        self.commands[Action.reset.value].append(payload)
        return call_result.Reset(status=ResetStatus.accepted)

    @on(Action.trigger_message)
    def on_trigger_message(self, **payload: Any) -> call_result.TriggerMessage:
        self.commands[Action.trigger_message.value].append(payload)
        return call_result.TriggerMessage(status=TriggerMessageStatus.accepted)

    @on(Action.unlock_connector)
    def on_unlock_connector(self, **payload: Any) -> call_result.UnlockConnector:
        self.commands[Action.unlock_connector.value].append(payload)
        return call_result.UnlockConnector(status=UnlockStatus.unlocked)


@asynccontextmanager
async def peer_charge_point(url: str, station_id: str) -> AsyncIterator[PeerChargePoint]:
    """A connected station that listens for commands; nothing is sent yet."""
    async with connect(
        f"{url}/{quote(station_id, safe='')}",
        subprotocols=[Subprotocol("ocpp1.6")],
        proxy=None,
        compression=None,
    ) as socket:
        station = PeerChargePoint(station_id, socket)
        listening = asyncio.create_task(_listen(station))
        try:
            yield station
        finally:
            await socket.close()
            await listening


async def _listen(station: PeerChargePoint) -> None:
    try:
        await station.start()
    except ConnectionClosed:
        return


async def _main(url: str, station_id: str, id_tag: str) -> None:
    async with peer_charge_point(url, station_id) as station:
        answer = await station.boot()
        print(f"{station_id}: boot {answer.status}, heartbeat every {answer.interval} s", flush=True)
        await station.report_status(ChargePointStatus.available, 0)
        await station.report_status(ChargePointStatus.available)
        print(f"{station_id}: transaction {await station.charge(id_tag)} done", flush=True)
        while True:
            await asyncio.sleep(answer.interval)
            await station.call(call.Heartbeat())


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(
        description="A station that is not ours: one transaction, then heartbeats."
    )
    arguments.add_argument("--url", default="ws://127.0.0.1:9000")
    arguments.add_argument("--id", default="PEER-1")
    arguments.add_argument("--tag", default="PEER-TAG-1")
    given = arguments.parse_args()
    with suppress(KeyboardInterrupt):
        asyncio.run(_main(given.url, given.id, given.tag))
