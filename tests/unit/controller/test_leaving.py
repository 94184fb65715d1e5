"""Stations that left the swarm while nobody ran them: who they are, and who ends them."""

from evswarm_controller.leaving import shared_out, suspects, unfinished
from evswarm_shared.bus.books import StationBook
from evswarm_shared.bus.messages import (
    Assignment,
    DesiredState,
    IndexRange,
    ProfileName,
    Segment,
    StationSnapshot,
    StationState,
)
from evswarm_shared.bus.station_ledger import LedgerTransaction

MIX = {ProfileName.DEPOT: 1.0}
DESIRED = DesiredState(generation=2, count=0, segments=(Segment(IndexRange(1, 100), MIX),))


def row(station_id: str, worker_id: str, transactions: int) -> StationSnapshot:
    return StationSnapshot(
        station_id, StationState.CHARGING, (), worker_id, "home", True, transactions, 0, 0, 0, 0, "", 0.0, 0.0
    )


def book(station_id: str, *stopped_at: float | None) -> StationBook:
    transactions = tuple(
        LedgerTransaction(serial, 1, "TAG", 0, 1.0, stopped_at=at) for serial, at in enumerate(stopped_at, 1)
    )
    return StationBook(station_id, 0, 0, 0, None, transactions)


def test_a_row_of_a_living_worker_without_transactions_is_above_suspicion() -> None:
    rows = [row("A", "alive", 0), row("B", "alive", 1), row("C", "dead", 0)]
    assert suspects(rows, {"alive"}) == ["B", "C"]


def test_only_open_transactions_make_a_station_unfinished() -> None:
    books = [book("CP-000001", 5.0), book("CP-000002", 5.0, None), book("CP-000003")]
    assert unfinished(books, "CP-") == {2}


def test_a_station_created_by_name_is_gone_with_its_description() -> None:
    assert unfinished([book("garage", None)], "CP-") == frozenset()


def share(previous: dict[str, Assignment], *indexes: int) -> dict[str, Assignment]:
    planned = {name: Assignment(name, 1, 2) for name in ("a", "b", "draining")}
    return shared_out(planned, indexes, previous, DESIRED, ["a", "b"])


def test_they_are_shared_out_evenly_with_their_profiles() -> None:
    shares = share({}, 1, 2, 3, 4)
    assert [sum(map(len, shares[name].leaving)) for name in ("a", "b", "draining")] == [2, 2, 0]
    assert all(segment.mix == MIX for segment in shares["a"].segments)
    assert sum(len(segment.range) for segment in shares["a"].segments) == 2


def test_one_that_a_worker_has_already_stays_with_it() -> None:
    before = {"b": Assignment("b", 1, 1, leaving=(IndexRange(1, 4),))}
    assert share(before, 1, 2, 3)["b"].leaving == (IndexRange(1, 4),)


def test_without_a_worker_nobody_gets_them() -> None:
    planned = {"a": Assignment("a", 1, 2)}
    assert shared_out(planned, [1], {}, DESIRED, []) == planned
