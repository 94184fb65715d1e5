"""Looking at the store while this controller writes to it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest

from evswarm_controller.errors import NotReadyError
from evswarm_controller.fleet import Fleet
from evswarm_controller.observer import OPERATIONS_SHOWN, Observer
from evswarm_shared.bus.memory import MemoryBus, MemoryStore
from evswarm_shared.bus.messages import (
    DesiredState,
    OperationKind,
    OperationSnapshot,
    OperationState,
    TariffChange,
    Totals,
)
from tests.unit.controller.desk import Clock


class SlowBus(MemoryBus):
    """Does something else after the desired state and the tariff were read, and before the look has ended."""

    meanwhile: Callable[[], Awaitable[None]] | None = None

    async def read_totals(self) -> Totals:
        totals = await super().read_totals()
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile()
        return totals


@asynccontextmanager
async def looking() -> AsyncIterator[tuple[SlowBus, Observer]]:
    clock = Clock()
    bus = SlowBus(MemoryStore(now=clock))
    await bus.write_desired(DesiredState(generation=1, count=3))
    await bus.change_tariff(TariffChange(at=0.0, price_micro=100_000))
    observer = Observer(bus, Fleet(), clock)
    await observer.look()
    yield bus, observer


async def test_nothing_is_wanted_before_the_first_look() -> None:
    observer = Observer(MemoryBus(), Fleet(), Clock())
    assert not observer.available
    with pytest.raises(NotReadyError):
        _ = observer.desired


async def test_a_look_brings_what_is_stored() -> None:
    async with looking() as (_, observer):
        assert observer.available
        assert (observer.desired.count, len(observer.wanted), observer.price()) == (3, 3, 0.1)


async def test_what_was_written_during_a_look_is_newer_than_what_it_brings() -> None:
    async with looking() as (bus, observer):

        async def write() -> None:
            desired = DesiredState(generation=3, count=9)
            await bus.write_desired(desired)
            observer.take_desired(desired)
            observer.take_tariff(await bus.change_tariff(TariffChange(at=1.0, price_micro=200_000)))

        await bus.write_desired(DesiredState(generation=2, count=5))
        bus.meanwhile = write
        await observer.look()
        assert (observer.desired.count, observer.price()) == (9, 0.2)


async def test_what_others_wrote_comes_with_the_next_look() -> None:
    async with looking() as (bus, observer):
        await bus.write_desired(DesiredState(generation=2, count=9))
        await observer.look()
        assert observer.desired.count == 9


async def test_an_older_state_is_not_taken_back() -> None:
    async with looking() as (_, observer):
        observer.take_desired(DesiredState(generation=1, count=1))
        assert observer.desired.count == 3


def running(name: str, at: float = 1.0) -> OperationSnapshot:
    return OperationSnapshot(
        operation_id=name,
        kind=OperationKind.BULK,
        generation=0,
        state=OperationState.RUNNING,
        target=1,
        created_at=at,
    )


async def test_operations_of_all_controllers_are_known_until_they_end_and_the_newest_longer() -> None:
    async with looking() as (bus, observer):
        operation = running("o")
        await bus.write_operation(operation)
        await observer.look()
        assert observer.operations == {"o": operation}
        assert observer.running_operations() == [operation]
        ended = msgspec.structs.replace(operation, state=OperationState.SUCCEEDED)
        await bus.write_operation(ended)
        await observer.look()
        assert observer.operations == {"o": ended}
        for number in range(OPERATIONS_SHOWN):
            await bus.write_operation(running(f"newer-{number}", 2.0))
        await observer.look()
        assert "o" not in observer.operations
        assert len(observer.running_operations()) == OPERATIONS_SHOWN


async def test_the_end_of_an_operation_is_learned_however_many_began_meanwhile() -> None:
    async with looking() as (bus, observer):
        await bus.write_operation(running("o"))
        await observer.look()
        for number in range(OPERATIONS_SHOWN):
            await bus.write_operation(running(f"newer-{number}", 2.0))
        ended = msgspec.structs.replace(running("o"), state=OperationState.FAILED)
        await bus.write_operation(ended)
        await observer.look()
        assert observer.operations["o"] == ended
        await observer.look()
        assert "o" not in observer.operations


async def test_an_operation_that_ended_here_does_not_run_again() -> None:
    async with looking() as (bus, observer):
        ended = msgspec.structs.replace(running("o"), state=OperationState.SUCCEEDED)
        observer.take_operation(ended)
        observer.take_operation(running("o"))
        assert observer.operations == {"o": ended}
        await bus.write_operation(running("o"))
        await observer.look()
        assert observer.operations == {"o": ended}
