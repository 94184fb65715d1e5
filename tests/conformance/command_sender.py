"""Commands to our processes, given as a controller gives them."""

import asyncio
import time
import uuid

import msgspec

from evswarm_shared.bus.messages import Command, CommandReply, CommandTarget
from evswarm_shared.bus.redis import RedisBus
from tests.support.ocpp_peers.raw_connection import PATIENCE


class CommandSender:
    """Sends commands as a controller does."""

    def __init__(self, bus: RedisBus) -> None:
        self._bus = bus
        self._name = f"conformance-{uuid.uuid4().hex}"

    async def to_station(
        self, station_id: str, action: str, payload: object, seconds: float = PATIENCE
    ) -> CommandReply:
        """Have our central system send a CALL to a connected station; what became of it."""
        async with asyncio.timeout(PATIENCE):
            while (replica := await self._bus.csms_of(station_id)) is None:  # noqa: ASYNC110 - the store tells nobody
                await asyncio.sleep(0.02)
        return await self.send(CommandTarget.CSMS, replica, station_id, action, payload, seconds)

    async def send(
        self,
        target: CommandTarget,
        process_id: str,
        station_id: str,
        action: str,
        payload: object,
        seconds: float = PATIENCE,
    ) -> CommandReply:
        """Send a command to a process and wait for its reply."""
        async with self._bus.replies(self._name) as replies, asyncio.timeout(PATIENCE):
            command = Command(
                command_id=uuid.uuid4().hex,
                station_id=station_id,
                action=action,
                payload=msgspec.Raw(msgspec.json.encode(payload)),
                expires_at=time.time() + seconds,
                reply_to=self._name,
            )
            assert await self._bus.send_command(target, process_id, command)
            async for reply in replies:
                if reply.command_id == command.command_id:
                    return reply
        raise AssertionError("the replies ended")
