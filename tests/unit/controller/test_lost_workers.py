"""Telling a lost worker from one that ended in order."""

from evswarm_controller.lost_workers import FORGET_SECONDS, LostWorkers
from evswarm_shared.bus.messages import WorkerHeartbeat

LEASE = 10.0


def alive(**sent_at: float) -> dict[str, WorkerHeartbeat]:
    return {name: WorkerHeartbeat(worker_id=name, sent_at=at) for name, at in sent_at.items()}


def test_a_worker_whose_lease_ran_out_is_lost() -> None:
    lost = LostWorkers(LEASE)
    lost.look(alive(a=100.0, b=100.0), 100.0)
    assert len(lost) == 0
    lost.look(alive(a=110.0), 110.5)
    assert len(lost) == 1


def test_a_worker_that_gave_its_lease_back_is_not() -> None:
    lost = LostWorkers(LEASE)
    lost.look(alive(a=100.0, b=100.0), 100.0)
    lost.look(alive(a=101.0), 101.5)
    assert len(lost) == 0


def test_a_worker_that_appears_takes_the_place_of_a_lost_one() -> None:
    lost = LostWorkers(LEASE)
    lost.look(alive(a=100.0, b=100.0), 100.0)
    lost.look({}, 111.0)
    assert len(lost) == 2
    lost.look(alive(c=112.0), 112.0)
    assert len(lost) == 1
    lost.look(alive(c=113.0, d=113.0, e=113.0), 113.0)
    assert len(lost) == 0


def test_a_loss_is_not_remembered_for_ever() -> None:
    lost = LostWorkers(LEASE)
    lost.look(alive(a=100.0), 100.0)
    lost.look({}, 111.0)
    lost.look({}, 111.0 + FORGET_SECONDS)
    assert len(lost) == 1
    lost.look({}, 112.0 + FORGET_SECONDS)
    assert len(lost) == 0
