"""The contract on real stores: an embedded Valkey, and Redis in a container."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from evswarm_shared.bus.keys import Keys
from tests.support.bus_contract.central_systems import TRANSACTIONS_KEPT, closing, opened
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


async def test_closed_and_forgotten_transactions_leave_nothing_behind(harness: RedisHarness) -> None:
    bus, keys = harness.bus(), Keys(harness.prefix)
    records = [await opened(bus, str(n)) for n in range(TRANSACTIONS_KEPT + 3)]
    await bus.update_meter([("a", record.transaction_id, 1) for record in records])
    for record in records:
        await bus.stop_transaction(closing(record))
    assert await harness.raw.hlen(keys.csms_meters) == 0
    assert await harness.raw.hlen(keys.csms_open) == 0
    assert await harness.raw.hlen(keys.csms_transactions) == TRANSACTIONS_KEPT
    assert await harness.raw.zcard(keys.csms_closed) == TRANSACTIONS_KEPT
    assert await harness.raw.zcard(keys.csms_station_transactions("a")) == TRANSACTIONS_KEPT
    assert await harness.raw.exists(keys.csms_station_open("a"), keys.csms_tag_open("TAG")) == 0
