"""The in-memory bus: the contract, and what only it offers."""

import pytest

from evswarm_shared.bus.memory import MemoryBus, MemoryStore
from evswarm_shared.bus.messages import ChangeHint, DesiredState
from evswarm_shared.errors import BusUnavailableError
from tests.support.bus_contract.central_systems import TRANSACTIONS_KEPT
from tests.support.bus_contract.everything import BusContract
from tests.support.bus_contract.harness import Harness, MemoryHarness
from tests.support.bus_contract.workers import registered, row


@pytest.fixture
def harness() -> Harness:
    return MemoryHarness(transactions_kept=TRANSACTIONS_KEPT)


class TestContract(BusContract):
    """The contract on memory."""


async def test_a_store_taken_away_answers_nothing_and_has_kept_everything_when_it_is_back() -> None:
    store = MemoryStore()
    bus = MemoryBus(store)
    await bus.write_desired(DesiredState(generation=1))
    store.available = False
    with pytest.raises(BusUnavailableError):
        await bus.ping()
    with pytest.raises(BusUnavailableError):
        await bus.read_desired()
    with pytest.raises(BusUnavailableError):
        async with bus.patches():
            pass
    store.available = True
    assert await bus.read_desired() == DesiredState(generation=1)


async def test_listeners_learn_that_the_store_was_away() -> None:
    store = MemoryStore()
    bus = MemoryBus(store)
    epoch = await registered(bus)
    await bus.claim("worker-1", epoch, ["a"])
    async with bus.patches() as patches, bus.changes() as changes:
        store.available = False
        store.available = True
        await bus.publish("worker-1", epoch, [row("a")])
        assert await anext(patches) is None
        assert await anext(patches) is not None
        assert [await anext(changes) for _ in ChangeHint] == list(ChangeHint)


async def test_a_listener_that_falls_far_behind_loses_what_waits_and_learns_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("evswarm_shared.bus.memory.store.MESSAGES_WAITING", 3)
    bus = MemoryBus()
    epoch = await registered(bus)
    await bus.claim("worker-1", epoch, ["a"])
    async with bus.patches() as patches:
        for energy in range(5):
            await bus.publish("worker-1", epoch, [row("a", energy)])
        assert await anext(patches) is None
        last = await anext(patches)
    assert last is not None and bytes(last.rows[0]) == b'["a",4,0]'
