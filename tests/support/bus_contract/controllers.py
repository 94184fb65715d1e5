"""The contract of leadership, desired state, assignments and the tariff."""

import asyncio

import pytest

from evswarm_shared.bus.keys import TARIFF_CHANGES_KEPT
from evswarm_shared.bus.messages import (
    DEFAULT_MIX,
    Assignment,
    ChangeHint,
    ControllerHeartbeat,
    DesiredState,
    IndexRange,
    ProfileName,
    Segment,
    StationSpec,
    Tariff,
    TariffChange,
)
from evswarm_shared.errors import StaleGenerationError
from tests.support.bus_contract.harness import Harness

TTL = 10.0


class LeadershipContract:
    """At most one controller leads, and each term has an epoch of its own."""

    async def test_one_controller_leads_and_the_others_stand_by(self, harness: Harness) -> None:
        one, two = harness.bus(), harness.bus()
        epoch = await one.acquire_leadership("controller-1", TTL)
        assert epoch is not None
        assert await two.acquire_leadership("controller-2", TTL) is None
        assert await one.renew_leadership("controller-1", epoch, TTL)

    async def test_live_controllers_are_those_that_said_so_in_time(self, harness: Harness) -> None:
        bus = harness.bus()
        await bus.controller_heartbeat(ControllerHeartbeat("controller-2", dashboards=1), 100 * TTL)
        await bus.controller_heartbeat(ControllerHeartbeat("controller-1", leads=True), 100 * TTL)
        await bus.controller_heartbeat(ControllerHeartbeat("controller-3"), TTL)
        await harness.pass_time(TTL + 1)
        await bus.controller_heartbeat(ControllerHeartbeat("controller-2", dashboards=2), 100 * TTL)
        assert await bus.live_controllers() == [
            ControllerHeartbeat("controller-1", leads=True),
            ControllerHeartbeat("controller-2", dashboards=2),
        ]

    async def test_a_term_that_ran_out_passes_to_another_with_a_larger_epoch(self, harness: Harness) -> None:
        bus = harness.bus()
        first = await bus.acquire_leadership("controller-1", TTL)
        await harness.pass_time(TTL + 1)
        second = await bus.acquire_leadership("controller-2", TTL)
        assert first is not None and second is not None and second > first
        assert not await bus.renew_leadership("controller-1", first, TTL)
        assert await bus.renew_leadership("controller-2", second, TTL)

    async def test_a_renewed_term_goes_on(self, harness: Harness) -> None:
        bus = harness.bus()
        epoch = await bus.acquire_leadership("controller-1", TTL)
        assert epoch is not None
        for _ in range(3):
            await harness.pass_time(TTL - 1)
            assert await bus.renew_leadership("controller-1", epoch, TTL)

    async def test_a_released_term_is_free_at_once(self, harness: Harness) -> None:
        bus = harness.bus()
        epoch = await bus.acquire_leadership("controller-1", TTL)
        assert epoch is not None
        await bus.release_leadership("controller-2", epoch)
        assert await bus.acquire_leadership("controller-2", TTL) is None
        await bus.release_leadership("controller-1", epoch)
        assert await bus.acquire_leadership("controller-2", TTL) is not None

    async def test_the_leader_that_asks_again_gets_a_new_term(self, harness: Harness) -> None:
        bus = harness.bus()
        first = await bus.acquire_leadership("controller-1", TTL)
        second = await bus.acquire_leadership("controller-1", TTL)
        assert first is not None and second is not None and second > first
        assert not await bus.renew_leadership("controller-1", first, TTL)

    async def test_only_the_present_leader_writes_assignments(self, harness: Harness) -> None:
        bus = harness.bus()
        first = await bus.acquire_leadership("controller-1", TTL)
        assert first is not None
        ours = Assignment("worker-1", first, 1, ranges=(IndexRange(1, 11),))
        assert await bus.write_assignments("controller-1", first, [ours, Assignment("worker-2", first, 1)])
        await harness.pass_time(TTL + 1)
        assert not await bus.write_assignments("controller-1", first, [], ["worker-1"])
        second = await bus.acquire_leadership("controller-2", TTL)
        assert second is not None
        assert not await bus.write_assignments("controller-1", second, [], ["worker-1"])
        assert await bus.write_assignments("controller-2", second, [], ["worker-2", "worker-9"])
        assert await bus.read_assignments() == {"worker-1": ours}


class DesiredStateContract:
    """The desired state is replaced one generation at a time."""

    async def test_a_new_store_has_no_desired_state(self, harness: Harness) -> None:
        assert await harness.bus().read_desired() is None

    async def test_what_was_written_is_read_back(self, harness: Harness) -> None:
        bus = harness.bus()
        desired = DesiredState(
            generation=1,
            count=2**31,
            segments=(Segment(IndexRange(1, 9), dict(DEFAULT_MIX)),),
            stopped=frozenset({"CP-000001", "CP-000002"}),
            individuals=(StationSpec("Depot/1", ProfileName.DEPOT, configuration={"a": "b"}),),
            ramp_per_second=12.5,
            seed=2**60,
        )
        await bus.write_desired(desired)
        assert await harness.bus().read_desired() == desired

    async def test_a_write_from_an_older_generation_is_stale(self, harness: Harness) -> None:
        bus = harness.bus()
        await bus.write_desired(DesiredState(generation=1, count=1))
        await bus.write_desired(DesiredState(generation=2, count=2))
        for generation in (1, 2, 4):
            with pytest.raises(StaleGenerationError):
                await bus.write_desired(DesiredState(generation=generation, count=9))
        assert await bus.read_desired() == DesiredState(generation=2, count=2)

    async def test_the_first_state_of_a_new_store_has_generation_1(self, harness: Harness) -> None:
        with pytest.raises(StaleGenerationError):
            await harness.bus().write_desired(DesiredState(generation=2))

    async def test_the_same_write_repeated_succeeds(self, harness: Harness) -> None:
        bus = harness.bus()
        for _ in range(2):
            await bus.write_desired(DesiredState(generation=1, stopped=frozenset("abcdef")))
        assert (await bus.read_desired()) == DesiredState(generation=1, stopped=frozenset("abcdef"))


class TariffContract:
    """The tariff only grows, in order of time."""

    async def test_a_new_store_has_an_empty_tariff(self, harness: Harness) -> None:
        assert await harness.bus().read_tariff() == Tariff()

    async def test_each_change_grows_the_version_by_one(self, harness: Harness) -> None:
        bus = harness.bus()
        await bus.change_tariff(TariffChange(1763810000.123456, 300_000))
        after = await bus.change_tariff(TariffChange(1763810001.5, 250_000))
        assert after.version == 2
        assert after.changes == (
            TariffChange(1763810000.123456, 300_000),
            TariffChange(1763810001.5, 250_000),
        )
        assert await harness.bus().read_tariff() == after

    async def test_a_change_repeated_changes_nothing(self, harness: Harness) -> None:
        bus = harness.bus()
        once = await bus.change_tariff(TariffChange(1.0, 300_000))
        assert await bus.change_tariff(TariffChange(1.0, 300_000)) == once

    async def test_a_price_that_comes_back_at_the_same_moment_is_a_change(self, harness: Harness) -> None:
        bus = harness.bus()
        for price in (10, 20, 10):
            tariff = await bus.change_tariff(TariffChange(1.0, price))
        assert (tariff.version, tariff.price_micro(1.0)) == (3, 10)

    async def test_changes_made_at_the_same_moment_are_all_kept(self, harness: Harness) -> None:
        buses = [harness.bus(), harness.bus()]
        await asyncio.gather(*(buses[n % 2].change_tariff(TariffChange(float(n), n)) for n in range(20)))
        tariff = await buses[0].read_tariff()
        assert (tariff.version, len(tariff.changes)) == (20, 20)

    async def test_changes_stay_in_order_of_time(self, harness: Harness) -> None:
        bus = harness.bus()
        for at, price in ((2.0, 20), (1.0, 10), (2.0, 21)):
            await bus.change_tariff(TariffChange(at, price))
        changes = (await bus.read_tariff()).changes
        assert [(each.at, each.price_micro) for each in changes] == [(1.0, 10), (2.0, 20), (2.0, 21)]

    async def test_the_oldest_changes_go_when_there_are_too_many(self, harness: Harness) -> None:
        bus = harness.bus()
        for n in range(TARIFF_CHANGES_KEPT + 2):
            await bus.change_tariff(TariffChange(float(n), n))
        tariff = await bus.read_tariff()
        assert tariff.version == TARIFF_CHANGES_KEPT + 2
        assert len(tariff.changes) == TARIFF_CHANGES_KEPT
        assert tariff.changes[0] == TariffChange(2.0, 2)


class ChangeHintContract:
    """Whoever listens hears sooner that something was written."""

    async def test_every_kind_of_write_gives_its_hint_and_a_refused_one_gives_none(
        self, harness: Harness
    ) -> None:
        bus = harness.bus()
        leader = await bus.acquire_leadership("controller-1", TTL)
        assert leader is not None
        async with harness.bus().changes() as changes:
            await bus.write_desired(DesiredState(generation=1))
            with pytest.raises(StaleGenerationError):
                await bus.write_desired(DesiredState(generation=3))
            assert not await bus.write_assignments("controller-2", leader, [])
            await bus.write_assignments("controller-1", leader, [])
            await bus.change_tariff(TariffChange(1.0, 1))
            heard = [await anext(changes) for _ in range(3)]
        assert heard == [ChangeHint.DESIRED, ChangeHint.ASSIGNMENTS, ChangeHint.TARIFF]
