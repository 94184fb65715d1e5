"""The peers themselves: a referee that cannot tell right from wrong is none."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from ocpp.v16.enums import ChargePointStatus, RegistrationStatus
from websockets.exceptions import ConnectionClosedOK

from tests.support.ocpp_peers.central_system import PeerCentralSystem
from tests.support.ocpp_peers.charge_point import peer_charge_point
from tests.support.ocpp_peers.raw_connection import RawCentralSystem, RawConnection, raw_station


async def test_the_peer_station_and_the_peer_central_system_complete_a_transaction() -> None:
    async with PeerCentralSystem().listening() as system, peer_charge_point(system.url, "PEER/1") as station:
        assert (await station.boot()).status == RegistrationStatus.accepted
        await station.report_status(ChargePointStatus.available)
        assert await station.charge("TAG") == 1

        (stopped,) = await system.messages("PEER/1", "StopTransaction")
    assert stopped["transaction_id"] == 1


async def test_the_raw_peers_keep_every_frame_and_answer_from_their_tables() -> None:
    async with RawCentralSystem().listening() as system:
        async with raw_station(system.url, "RAW", answers={"Reset": {"status": "Accepted"}}) as station:
            session = await system.next_connection("RAW")
            assert (await station.call("BootNotification", {}))[2]["status"] == "Accepted"
            assert await session.call("Reset", {"type": "Soft"}, "mine") == [
                3,
                "mine",
                {"status": "Accepted"},
            ]
            await station.send("not JSON")
            assert await session.next(lambda m: m == "not JSON", "the text as it was sent") == "not JSON"
        assert await session.closed() == 1000


async def test_waiting_for_what_does_not_come_fails_and_says_what_came() -> None:
    async with RawCentralSystem().listening() as system, raw_station(system.url, "RAW") as station:
        await station.call("Heartbeat", {})
        with pytest.raises(AssertionError, match="no a unicorn"):
            await station.next(lambda _: False, "a unicorn", seconds=0.05)


class EndedSocket:
    """A WebSocket whose peer has said everything and gone before anything of it was read."""

    close_code = 1001

    def __init__(self, *frames: str) -> None:
        self._frames = frames

    async def __aiter__(self) -> AsyncIterator[str]:
        for frame in self._frames:
            yield frame

    async def send(self, frame: str) -> None:
        """Too late."""
        raise ConnectionClosedOK(None, None)


async def test_what_came_before_the_end_of_a_connection_is_read_though_nothing_can_be_answered_any_more() -> (
    None
):
    socket: Any = EndedSocket('[2,"1","Heartbeat",{}]', '[3,"mine",{"status":"Accepted"}]')
    connection = RawConnection(socket, "RAW", {"Heartbeat": {}})
    assert await connection.answer_to("mine") == [3, "mine", {"status": "Accepted"}]
    with pytest.raises(AssertionError, match=r"ended .1001. before"):
        await connection.answer_to("another")
