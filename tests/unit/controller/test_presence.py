"""A controller telling the others that it lives."""

import asyncio

from evswarm_controller.presence import Presence
from evswarm_shared.bus.memory import MemoryBus, MemoryStore
from tests.unit.controller.desk import Clock


def presence(store: MemoryStore, clock: Clock, leads: list[bool]) -> Presence:
    return Presence(
        MemoryBus(store),
        controller_id="controller-1",
        version="9.9",
        lease_seconds=10.0,
        now=clock,
        leads=lambda: leads[-1],
        dashboards=lambda: 3,
    )


async def test_each_beat_says_how_it_is_at_that_moment() -> None:
    clock, leads = Clock(), [False]
    store = MemoryStore(now=clock)
    told = presence(store, clock, leads)
    began = clock.at
    leads.append(True)
    clock.at += 5.0
    await told.beat()
    [heard] = await MemoryBus(store).live_controllers()
    assert (heard.controller_id, heard.version, heard.leads, heard.dashboards) == (
        "controller-1",
        "9.9",
        True,
        3,
    )
    assert (heard.started_at, heard.sent_at) == (began, began + 5.0)
    clock.at += 10.5
    assert await MemoryBus(store).live_controllers() == []


async def test_a_store_that_is_away_does_not_end_it() -> None:
    clock = Clock()
    store = MemoryStore(now=clock)
    store.available = False
    task = asyncio.create_task(presence(store, clock, [True]).run())
    for _ in range(5):
        await asyncio.sleep(0)
    assert not task.done()
    task.cancel()
