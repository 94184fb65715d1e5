"""A store that has lost everything gets the wishes back from a controller that remembers them."""

import msgspec

from evswarm_controller.observer import LOSS_SHOWN_SECONDS
from evswarm_shared.bus.memory import MemoryStore
from evswarm_shared.bus.messages import IndexRange, TariffChange
from tests.unit.controller.desk import LEASE_SECONDS, Desk


def empty(store: MemoryStore) -> None:
    """As FLUSHALL does."""
    fresh = MemoryStore(now=store.now)
    for name in ("desired", "tariff", "leader", "assignments", "leases", "workers", "owners", "snapshots"):
        setattr(store, name, getattr(fresh, name))


async def test_what_was_wished_for_is_wished_for_again_at_the_same_price(swarm: Desk) -> None:
    await swarm.context.bus.change_tariff(TariffChange(at=swarm.clock(), price_micro=770_000))
    await swarm.look()
    before = swarm.context.observer.desired
    empty(swarm.store)
    swarm.workers.clear()
    await swarm.look()
    await swarm.look()
    after = await swarm.context.bus.read_desired()
    assert after is not None
    assert (after.count, after.segments, after.seed) == (before.count, before.segments, before.seed)
    assert (await swarm.context.bus.read_tariff()).changes[-1].price_micro == 770_000


async def test_workers_get_a_lease_of_time_to_give_back_what_they_know(swarm: Desk) -> None:
    empty(swarm.store)
    swarm.workers.clear()
    await swarm.add_worker("w9")
    await swarm.look()
    await swarm.look()
    assert await swarm.context.bus.read_assignments() == {}
    await swarm.pass_time(LEASE_SECONDS + 1)
    assert set(await swarm.context.bus.read_assignments()) == {"w9"}


async def test_the_loss_is_counted_and_shown_for_a_while(swarm: Desk) -> None:
    observer = swarm.context.observer
    assert (observer.losses, observer.lost_at()) == (0, None)
    empty(swarm.store)
    await swarm.look()
    await swarm.look()
    assert observer.losses == 1
    assert observer.lost_at() is not None
    await swarm.pass_time(LOSS_SHOWN_SECONDS)
    assert observer.lost_at() is None


async def test_a_controller_that_did_not_see_the_store_empty_knows_it_by_the_generation(swarm: Desk) -> None:
    await swarm.context.wishes.scale(3, profile=None, ramp_per_second=None)
    await swarm.look()
    assert swarm.store.desired is not None
    swarm.store.desired = msgspec.structs.replace(swarm.store.desired, generation=1)
    await swarm.look()
    assert swarm.context.observer.losses == 1


async def test_stations_stay_where_the_last_plan_had_them(swarm: Desk) -> None:
    # A plan from nothing would give the first stations to the worker whose name comes first.
    await swarm.add_worker("a worker that came last")
    await swarm.settle()
    await swarm.settle()
    before = await ranges(swarm)
    assert "a worker that came last" in before
    empty(swarm.store)
    for worker in swarm.workers:
        await worker.join()
    await swarm.look()
    await swarm.look()
    assert await ranges(swarm) == {}
    await swarm.pass_time(LEASE_SECONDS + 1)
    assert await ranges(swarm) == before


async def ranges(swarm: Desk) -> dict[str, tuple[IndexRange, ...]]:
    """Who runs which stations."""
    return {name: plan.ranges for name, plan in (await swarm.context.bus.read_assignments()).items()}
