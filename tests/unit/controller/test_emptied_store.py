"""A store that has lost everything gets the wishes back from a controller that remembers them."""

from evswarm_shared.bus.memory import MemoryStore
from evswarm_shared.bus.messages import TariffChange
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
