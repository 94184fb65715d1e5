"""Changes of the desired state that meet changes by others."""

import pytest

from evswarm_controller.errors import NotReadyError, UnknownStationError
from evswarm_controller.fleet import Fleet
from evswarm_controller.observer import Observer
from evswarm_controller.wishes import ATTEMPTS, Wishes
from evswarm_shared.bus.memory import MemoryBus, MemoryStore
from evswarm_shared.bus.messages import DesiredState, OperationSnapshot
from tests.unit.controller.desk import Clock


class ContestedBus(MemoryBus):
    """Others change the desired state between our reading and our writing, `times` times."""

    times = 0

    async def write_desired(self, desired: DesiredState) -> None:
        if self.times:
            self.times -= 1
            stored = await self.read_desired()
            assert stored is not None
            other = DesiredState(
                generation=stored.generation + 1, count=stored.count + 1, operations=stored.operations
            )
            await super().write_desired(other)
        await super().write_desired(desired)


async def wishing(times: int) -> tuple[ContestedBus, Wishes, list[None]]:
    clock = Clock()
    bus = ContestedBus(MemoryStore(now=clock))
    await bus.write_desired(DesiredState(generation=1, count=3))
    bus.times = times
    fleet = Fleet()
    pokes: list[None] = []
    observer = Observer(bus, fleet, clock)
    return bus, Wishes(bus, observer, fleet, now=clock, poke=lambda: pokes.append(None)), pokes


async def test_a_change_that_meets_another_is_made_on_top_of_it() -> None:
    bus, wishes, pokes = await wishing(times=2)
    operation = await wishes.stop("CP-000002")
    desired = await bus.read_desired()
    assert operation is not None
    assert desired is not None
    assert (desired.count, set(desired.stopped), desired.generation) == (5, {"CP-000002"}, 4)
    assert operation.generation == 4
    assert await bus.read_operation(operation.operation_id) == operation
    assert len(pokes) == 1


async def test_a_change_that_always_meets_another_gives_up() -> None:
    _, wishes, pokes = await wishing(times=ATTEMPTS)
    with pytest.raises(NotReadyError, match="try again"):
        await wishes.scale(10, profile=None, ramp_per_second=None)
    assert pokes == []


async def test_the_operation_is_stored_before_the_state_that_names_it() -> None:
    bus, wishes, _ = await wishing(times=0)
    order: list[str] = []
    write_operation, write_desired = bus.write_operation, bus.write_desired

    async def note_operation(operation: OperationSnapshot) -> bool:
        order.append("operation")
        return await write_operation(operation)

    async def note_desired(desired: DesiredState) -> None:
        order.append("desired")
        await write_desired(desired)

    bus.write_operation, bus.write_desired = note_operation, note_desired  # type: ignore[method-assign]
    await wishes.scale(4, profile=None, ramp_per_second=None)
    assert order == ["operation", "desired"]


async def test_there_is_nothing_to_change_before_there_is_a_swarm() -> None:
    clock = Clock()
    bus = MemoryBus(MemoryStore(now=clock))
    wishes = Wishes(bus, Observer(bus, Fleet(), clock), Fleet(), now=clock, poke=lambda: None)
    with pytest.raises(NotReadyError):
        await wishes.scale(1, profile=None, ramp_per_second=None)


async def test_an_unknown_station_leaves_no_operation_behind() -> None:
    bus, wishes, _ = await wishing(times=0)
    with pytest.raises(UnknownStationError):
        await wishes.stop("CP-000004")
    assert bus.store.operations == {}
