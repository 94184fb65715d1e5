"""Telling a lost worker from one that ended in order."""

from evswarm_controller.lost_workers import FORGET_SECONDS, LOSSES_KEPT, LostWorkers, fate
from evswarm_shared.bus.messages import StationState, WorkerHeartbeat
from tests.unit.controller.desk import row

LEASE = 10.0


def alive(**sent_at: float) -> dict[str, WorkerHeartbeat]:
    return {name: WorkerHeartbeat(worker_id=name, sent_at=at) for name, at in sent_at.items()}


def test_a_worker_whose_lease_ran_out_is_lost() -> None:
    lost = LostWorkers(LEASE, lambda worker_id: [f"{worker_id}-1", f"{worker_id}-2"])
    lost.look(alive(a=100.0, b=100.0), 100.0)
    assert len(lost) == 0
    lost.look(alive(a=110.0), 110.5)
    assert len(lost) == 1


def test_a_worker_that_gave_its_lease_back_is_not() -> None:
    lost = LostWorkers(LEASE, lambda worker_id: [f"{worker_id}-1", f"{worker_id}-2"])
    lost.look(alive(a=100.0, b=100.0), 100.0)
    lost.look(alive(a=101.0), 101.5)
    assert len(lost) == 0


def test_a_worker_that_appears_takes_the_place_of_a_lost_one() -> None:
    lost = LostWorkers(LEASE, lambda worker_id: [f"{worker_id}-1", f"{worker_id}-2"])
    lost.look(alive(a=100.0, b=100.0), 100.0)
    lost.look({}, 111.0)
    assert len(lost) == 2
    lost.look(alive(c=112.0), 112.0)
    assert len(lost) == 1
    lost.look(alive(c=113.0, d=113.0, e=113.0), 113.0)
    assert len(lost) == 0


def test_a_loss_is_not_remembered_for_ever() -> None:
    lost = LostWorkers(LEASE, lambda worker_id: [f"{worker_id}-1", f"{worker_id}-2"])
    lost.look(alive(a=100.0), 100.0)
    lost.look({}, 111.0)
    lost.look({}, 111.0 + FORGET_SECONDS)
    assert len(lost) == 1
    lost.look({}, 112.0 + FORGET_SECONDS)
    assert len(lost) == 0


def test_a_loss_is_told_of_with_what_the_worker_had_although_another_took_its_place() -> None:
    lost = LostWorkers(LEASE, lambda worker_id: [f"{worker_id}-1", f"{worker_id}-2"])
    lost.look(alive(a=100.0), 100.0)
    lost.look(alive(), 111.0)
    assert lost.ids == ["a"]
    lost.look(alive(b=112.0), 112.0)
    assert lost.ids == []
    [loss] = lost.recent
    assert (loss.heartbeat.worker_id, loss.lost_at, loss.station_ids) == ("a", 111.0, ("a-1", "a-2"))
    lost.look(alive(b=112.0 + FORGET_SECONDS), 112.0 + FORGET_SECONDS)
    assert not lost.recent


def test_only_so_many_losses_are_told_of() -> None:
    lost = LostWorkers(LEASE, lambda _: [])
    lost.look(alive(**{f"w{i}": 100.0 for i in range(LOSSES_KEPT + 5)}), 100.0)
    lost.look({}, 111.0)
    assert len(lost.recent) == LOSSES_KEPT
    assert len(lost) == LOSSES_KEPT + 5


def test_the_fate_of_stations_is_where_they_are_now() -> None:
    lost = LostWorkers(LEASE, lambda _: ["1", "2", "3", "4", "5"])
    lost.look(alive(a=100.0), 100.0)
    lost.look({}, 111.0)
    rows = {
        "1": row("1", worker_id="b"),
        "2": row("2", worker_id="b"),
        "3": row("3", worker_id="a"),
        "4": row("4", worker_id="a", state=StationState.STOPPED),
    }
    became = fate(lost.recent[0], rows, lambda worker_id: worker_id == "b")
    assert (became.taken_over, became.waiting, became.stopped, became.removed) == ({"b": 2}, 1, 1, 1)
