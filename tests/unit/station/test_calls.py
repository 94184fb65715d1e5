"""One call in flight, ids that never repeat, a line with an end."""

from ocpp.v16.enums import Action

from evswarm_shared.ocpp16.messages import Heartbeat
from evswarm_worker.station.calls import Calls, PendingCall


def call(*, allowed: bool = False) -> PendingCall:
    return PendingCall(Action.heartbeat, Heartbeat(), allowed_while_pending=allowed)


def test_ids_differ_within_a_connection_between_connections_stations_and_runs() -> None:
    ids = set()
    for run_id, station_id, now in (("a", "x", 1.0), ("a", "x", 2.0), ("a", "y", 1.0), ("b", "x", 1.0)):
        calls = Calls(1)
        calls.new_connection(run_id, station_id, now)
        for _ in range(50):
            ids.add(calls.begin(call(), now))
            calls.end()
    assert len(ids) == 200
    assert all(len(unique_id) == 36 for unique_id in ids)


def test_the_same_connection_numbers_its_calls_the_same_way() -> None:
    first, second = Calls(1), Calls(1)
    for calls in (first, second):
        calls.new_connection("run", "CP-1", 17.5)
    assert first.begin(call(), 0.0) == second.begin(call(), 0.0)


def test_a_full_line_takes_nothing_more_but_what_goes_first() -> None:
    calls = Calls(1)
    for room in range(calls.room, 0, -1):
        assert calls.room == room and calls.enqueue(call())
    assert not calls.enqueue(call()) and calls.room == 0
    urgent = call()
    assert calls.enqueue(urgent, first=True)
    assert calls.line is not None and calls.line[0] is urgent


def test_the_line_takes_every_status_of_a_large_station_twice() -> None:
    assert Calls(100).room >= 2 * 101


def test_while_pending_only_what_was_asked_for_leaves_the_line() -> None:
    calls = Calls(1)
    own, asked = call(), call(allowed=True)
    calls.enqueue(own)
    calls.enqueue(asked)
    assert calls.take_allowed_while_pending() is asked
    assert calls.take_allowed_while_pending() is None
    assert calls.line is not None and list(calls.line) == [own]


def test_a_lost_connection_hands_back_what_was_in_flight_and_in_line() -> None:
    calls = Calls(1)
    one, two = call(), call()
    calls.begin(one, 1.0)
    calls.enqueue(two)
    assert calls.abandon() == [one, two]
    assert calls.in_flight is None and not calls.line and calls.unique_id == ""
