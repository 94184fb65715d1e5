"""The heartbeat and the lease."""

import time

import pytest

from evswarm_shared.bus.memory import MemoryBus, MemoryStore
from evswarm_shared.bus.messages import HeartbeatReply, WorkerHeartbeat
from evswarm_shared.errors import BusUnavailableError, LeaseLostError
from evswarm_worker.lease import DEADLINE_SHARE, Lease
from evswarm_worker.pulse import Pulse


class Setup:
    async def begin(self, now: float = 0.0) -> "Setup":
        self.now = now
        self.store = MemoryStore(now=lambda: self.now)
        self.bus = MemoryBus(self.store)
        self.epoch = await self.bus.register_worker(WorkerHeartbeat("w1"), 10.0)
        self.lease = Lease("w1", self.epoch, 10.0, time.monotonic() - 1.0)
        self.replies: list[HeartbeatReply] = []
        self.takes_up: list[BaseException | None] = []
        self.pulse = Pulse(
            self.bus,
            self.lease,
            lambda: WorkerHeartbeat("w1", lease_epoch=self.epoch),
            self.replies.append,
            self._take_up_again,
        )
        return self

    async def _take_up_again(self) -> None:
        outcome = self.takes_up.pop()
        if outcome is not None:
            raise outcome
        epoch = await self.bus.register_worker(WorkerHeartbeat("w1"), 10.0)
        self.lease.granted_anew(epoch, time.monotonic())
        self.epoch = epoch


def test_the_deadline_counts_from_when_the_renewal_was_sent() -> None:
    lease = Lease("w1", 1, 10.0, 100.0)
    assert lease.deadline == 100.0 + 10.0 * DEADLINE_SHARE
    lease.renewed(105.0)
    assert lease.deadline == 105.0 + 10.0 * DEADLINE_SHARE
    lease.renewed(103.0)
    assert lease.deadline == 105.0 + 10.0 * DEADLINE_SHARE


def test_a_lost_lease_is_not_found_again() -> None:
    lease = Lease("w1", 1, 10.0, time.monotonic())
    assert lease.valid()
    lease.lose()
    lease.renewed(time.monotonic())
    assert not lease.valid()


async def test_a_beat_renews_the_lease_and_brings_what_to_do() -> None:
    setup = await Setup().begin()
    before = setup.lease.deadline
    assert await setup.pulse.beat()
    assert setup.lease.deadline > before
    assert len(setup.replies) == 1


async def test_a_store_that_is_away_costs_nothing_before_the_deadline() -> None:
    setup = await Setup().begin()
    before = setup.lease.deadline
    setup.store.available = False
    assert not await setup.pulse.beat()
    assert setup.lease.deadline == before
    assert setup.lease.valid()
    assert setup.pulse.lag_seconds >= 0
    setup.store.available = True
    assert await setup.pulse.beat()


async def test_past_the_deadline_the_lease_is_lost_even_if_the_store_would_renew_it() -> None:
    setup = await Setup().begin()
    setup.lease.deadline = time.monotonic() - 0.001
    with pytest.raises(LeaseLostError):
        await setup.pulse.beat()
    assert not setup.lease.valid()
    assert setup.replies == []


async def test_a_lease_that_the_store_forgot_before_it_ran_out_is_taken_up_again() -> None:
    setup = await Setup().begin()
    setup.now = 11.0
    before = setup.lease.epoch
    setup.takes_up = [None]
    assert await setup.pulse.beat()
    assert setup.lease.valid()
    assert setup.lease.epoch > before
    assert await setup.pulse.beat()
    assert len(setup.replies) == 1


async def test_a_lease_is_not_taken_back_from_another_worker_of_the_same_name() -> None:
    setup = await Setup().begin()
    await setup.bus.register_worker(WorkerHeartbeat("w1"), 10.0)
    setup.takes_up = [None]
    with pytest.raises(LeaseLostError, match="EVSWARM_WORKER_ID"):
        await setup.pulse.beat()
    assert setup.takes_up == [None]


async def test_the_name_is_not_taken_from_us_by_a_lease_that_we_asked_for_ourselves() -> None:
    setup = await Setup().begin()
    setup.lease.asked_anew = True
    await setup.bus.register_worker(WorkerHeartbeat("w1"), 10.0)
    setup.takes_up = [None]
    assert await setup.pulse.beat()
    assert setup.lease.valid()
    await setup.bus.register_worker(WorkerHeartbeat("w1"), 10.0)
    with pytest.raises(LeaseLostError, match="EVSWARM_WORKER_ID"):
        await setup.pulse.beat()


async def test_it_is_tried_again_while_the_store_is_away() -> None:
    setup = await Setup().begin()
    setup.now = 11.0
    setup.takes_up = [None, BusUnavailableError("away")]
    assert not await setup.pulse.beat()
    assert setup.lease.valid()
    assert await setup.pulse.beat()


async def test_a_lease_that_is_not_given_again_is_lost() -> None:
    setup = await Setup().begin()
    setup.now = 11.0
    setup.takes_up = [LeaseLostError("no")]
    with pytest.raises(LeaseLostError):
        await setup.pulse.beat()
    assert not setup.lease.valid()


async def test_what_the_store_refuses_waits_while_the_lease_has_not_run_out() -> None:
    async def refused() -> None:
        raise LeaseLostError("unknown")

    lease = Lease("w1", 1, 10.0, time.monotonic())
    with pytest.raises(BusUnavailableError):
        await lease.covering(refused())
    lease.lose()
    with pytest.raises(LeaseLostError):
        await lease.covering(refused())
