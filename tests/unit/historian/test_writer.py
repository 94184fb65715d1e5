"""What the writer says of itself."""

import asyncio
import contextlib
from typing import Any

import pytest

from evswarm_historian.writer import HistorianState, Writer
from evswarm_shared.errors import BusUnavailableError

NOTHING: Any = None


class WithoutStore(Writer):
    """A writer that never reaches its store."""

    def __init__(self) -> None:
        super().__init__(NOTHING, NOTHING)
        self.asked = asyncio.Event()

    async def step(self) -> bool:
        self.asked.set()
        raise BusUnavailableError("nobody listens there")


async def test_a_store_that_is_away_from_the_start_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    writer = WithoutStore()
    for _ in range(2):
        writer.asked.clear()
        running = asyncio.create_task(writer.run())
        await writer.asked.wait()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
    assert writer.state is HistorianState.STORE_AWAY
    assert [record.message for record in caplog.records] == ["not writing: nobody listens there"]
