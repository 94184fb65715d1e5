"""Fixtures of the controller's unit tests."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.unit.controller.desk import Desk, open_desk


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    """A controller of a new swarm of twenty stations, before its first pass."""
    async with open_desk(stations=20) as opened:
        yield opened


@pytest_asyncio.fixture
async def swarm(desk: Desk) -> Desk:
    """The same with two workers that run all stations."""
    await desk.add_worker("w1")
    await desk.add_worker("w2")
    await desk.settle()
    return desk
