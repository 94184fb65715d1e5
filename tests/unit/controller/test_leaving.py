"""Stations that left the swarm while nobody ran them: who they are, and who ends them."""

from evswarm_controller.leaving import Leaving, departed, shared_out, unfinished
from evswarm_shared.bus.books import StationBook
from evswarm_shared.bus.messages import (
    Assignment,
    DesiredState,
    IndexRange,
    ProfileName,
    Segment,
    StationSpec,
)
from evswarm_shared.bus.station_ledger import LedgerTransaction

MIX = {ProfileName.DEPOT: 1.0}
DESIRED = DesiredState(generation=2, count=0, segments=(Segment(IndexRange(1, 100), MIX),))

GARAGE, YARD, CARPORT = (StationSpec(name, ProfileName.HOME) for name in ("garage", "yard", "carport"))


def book(station_id: str, *stopped_at: float | None, outbox: int = 0) -> StationBook:
    transactions = tuple(
        LedgerTransaction(serial, 1, "TAG", 0, 1.0, stopped_at=at) for serial, at in enumerate(stopped_at, 1)
    )
    return StationBook(station_id, outbox, 0, 0, None, transactions)


def test_open_transactions_and_untold_messages_make_a_station_unfinished() -> None:
    books = [
        book("CP-000001", 5.0),
        book("CP-000002", 5.0, None),
        book("CP-000003"),
        book("CP-000004", 5.0, outbox=1),
    ]
    assert unfinished(books, "CP-", {}) == Leaving(frozenset({2, 4}))


def test_a_station_created_by_name_is_ended_as_long_as_its_description_is_known() -> None:
    books = [book("garage", None), book("forgotten", None)]
    assert unfinished(books, "CP-", {"garage": GARAGE}) == Leaving(specs=(GARAGE,))


def test_descriptions_of_deleted_stations_are_found_in_the_assignments_before() -> None:
    before = [
        Assignment("a", 1, 1, individuals=(GARAGE, YARD)),
        Assignment("b", 1, 1, leaving_individuals=(CARPORT,)),
    ]
    after = DesiredState(generation=2, individuals=(YARD,))
    gone = departed({}, before, after)
    assert gone == {"garage": GARAGE, "carport": CARPORT}
    assert departed(gone, (), after) == gone, "also when no assignment names them any more"


def test_only_those_with_a_row_are_still_leaving() -> None:
    both = Leaving(frozenset({1, 2}), (GARAGE, YARD))
    assert both.still(["CP-000002", "yard"], "CP-") == Leaving(frozenset({2}), (YARD,))
    assert Leaving(specs=(YARD,)) | Leaving(frozenset({1}), (YARD,)) == Leaving(frozenset({1}), (YARD,))


def share(previous: dict[str, Assignment], *indexes: int) -> dict[str, Assignment]:
    planned = {name: Assignment(name, 1, 2) for name in ("a", "b", "draining")}
    return shared_out(planned, Leaving(frozenset(indexes)), previous, DESIRED, ["a", "b"])


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
    assert shared_out(planned, Leaving(frozenset({1})), {}, DESIRED, []) == planned


def test_ones_created_by_name_are_shared_out_too_and_stay() -> None:
    planned = {name: Assignment(name, 1, 2) for name in ("a", "b")}
    shares = shared_out(planned, Leaving(frozenset({1}), (GARAGE,)), {}, DESIRED, ["a", "b"])
    assert (shares["a"].leaving, shares["b"].leaving_individuals) == ((IndexRange(1, 2),), (GARAGE,))
    before = {"a": Assignment("a", 1, 1, leaving_individuals=(GARAGE,))}
    shares = shared_out(planned, Leaving(specs=(GARAGE, YARD)), before, DESIRED, ["a", "b"])
    assert [shares[name].leaving_individuals for name in ("a", "b")] == [(GARAGE,), (YARD,)]
