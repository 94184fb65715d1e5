"""The contract on real stores: an embedded Valkey, and Redis in a container."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.support.bus_contract.central_systems import TRANSACTIONS_KEPT
from tests.support.bus_contract.everything import BusContract
from tests.support.bus_contract.harness import RedisHarness
from tests.support.bus_contract.workers import registered


@pytest.fixture(params=["valkey_url", "redis_url"], ids=["valkey", "redis"])
async def harness(request: pytest.FixtureRequest) -> AsyncIterator[RedisHarness]:
    harness = RedisHarness(request.getfixturevalue(request.param), transactions_kept=TRANSACTIONS_KEPT)
    yield harness
    await harness.close()


class TestContract(BusContract):
    """The contract on the Redis protocol."""


async def test_a_lease_ends_by_itself(harness: RedisHarness) -> None:
    bus = harness.bus()
    await registered(bus, ttl=0.05)
    while await bus.live_workers():  # noqa: ASYNC110
        await asyncio.sleep(0.01)  # its end is the store's own doing: nothing tells us
