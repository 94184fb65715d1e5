"""The outbox: order, storing, retries, thinning out, and ids that come later."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from ocpp.v16.enums import Action, Measurand

from evswarm_shared.bus.station_ledger import (
    MessageGivenUp,
    StartLanded,
    StopLanded,
    TransactionBegan,
    TransactionEnded,
    read_ledger,
)
from evswarm_shared.ocpp16.datatypes import MeterValue, SampledValue
from evswarm_shared.ocpp16.frames import encode_payload
from evswarm_shared.ocpp16.messages import MeterValues, StartTransaction, StopTransaction
from evswarm_shared.ocpp16.timestamps import Timestamp
from evswarm_worker.station.outbox import METER_VALUES_LIMIT, Outbox, TransactionRequest

START, STOP, METER = Action.start_transaction, Action.stop_transaction, Action.meter_values


def start() -> StartTransaction:
    return StartTransaction(1, "TAG", 0, Timestamp(1e9))


def stop(transaction_id: int = -1) -> StopTransaction:
    return StopTransaction(10, Timestamp(1e9 + 60), transaction_id)


def meter(transaction_id: int = -1) -> MeterValues:
    value = MeterValue(
        Timestamp(1e9 + 10), [SampledValue("5", measurand=Measurand.energy_active_import_register)]
    )
    return MeterValues(1, [value], transaction_id)


def drain(outbox: Outbox, now: float = 0.0) -> list[TransactionRequest]:
    requests: list[TransactionRequest] = []
    while (message := outbox.head(now)) is not None:
        requests.append(outbox.request_of(message))
        outbox.answered(message)
    return requests


def test_messages_leave_in_the_order_they_came() -> None:
    outbox = Outbox()
    outbox.add(START, 1, start())
    outbox.add(METER, 1, meter())
    outbox.add(STOP, 1, stop())
    assert [type(request) for request in drain(outbox)] == [StartTransaction, MeterValues, StopTransaction]
    assert len(outbox) == 0


def test_start_and_stop_are_stored_at_once_and_meter_values_only_when_asked() -> None:
    outbox = Outbox()
    outbox.add(START, 1, start())
    outbox.add(METER, 1, meter())
    outbox.add(STOP, 1, stop())
    assert [entry.sequence for entry in outbox.take_changes()[0]] == [1, 3]
    outbox.store_all()
    assert [entry.sequence for entry in outbox.take_changes()[0]] == [2]
    outbox.store_all()
    outbox.take_facts()
    assert not outbox.has_changes()


def test_what_is_answered_leaves_the_store_if_it_was_there() -> None:
    outbox = Outbox()
    outbox.add(START, 1, start())
    outbox.add(METER, 1, meter())
    outbox.take_changes()
    drain(outbox)
    assert outbox.take_changes() == ((), (1,))


def test_what_entered_and_left_between_two_commits_is_in_neither() -> None:
    outbox = Outbox()
    outbox.add(START, 1, start())
    drain(outbox)
    assert outbox.take_changes() == ((), ())
    outbox.take_facts()
    assert not outbox.has_changes()


def test_the_book_of_transactions_tells_what_began_landed_and_ended() -> None:
    outbox = Outbox()
    outbox.add(START, 7, start())
    outbox.landed(7, 4711)
    outbox.add(METER, 7, meter())
    outbox.add(STOP, 7, stop(), energy_mwh=1_234_567)
    drain(outbox)
    facts = outbox.take_facts()
    assert [type(fact) for fact in facts] == [TransactionBegan, StartLanded, TransactionEnded, StopLanded]
    (told,) = read_ledger(facts)
    assert (told.transaction_id, told.energy_mwh, told.stop_landed) == (4711, 1_234_567, True)
    assert outbox.take_facts() == ()


def test_a_message_given_up_is_in_the_book_and_is_not_told_as_landed() -> None:
    outbox = Outbox()
    outbox.add(STOP, 7, stop())
    message = outbox.head(0.0)
    assert message is not None
    assert outbox.failed(message, 0.0, attempts=1, interval=60.0)
    assert outbox.take_facts()[1:] == (MessageGivenUp(7, STOP.value),)


def test_the_id_of_a_landed_start_enters_the_messages_that_were_made_before() -> None:
    outbox = Outbox()
    outbox.add(START, 7, start())
    outbox.add(METER, 7, meter())
    outbox.add(STOP, 7, stop())
    outbox.store_all()
    head = outbox.head(0.0)
    assert head is not None
    outbox.landed(7, 4711)
    outbox.answered(head)
    one, two = drain(outbox)
    assert isinstance(one, MeterValues) and one.transaction_id == 4711
    assert isinstance(two, StopTransaction) and two.transaction_id == 4711


def test_the_messages_of_a_start_that_never_landed_carry_minus_one() -> None:
    outbox = Outbox()
    outbox.add(START, 7, start())
    outbox.add(STOP, 7, stop())
    head = outbox.head(0.0)
    assert head is not None and outbox.failed(head, 0.0, attempts=1, interval=60.0)
    (last,) = drain(outbox)
    assert isinstance(last, StopTransaction) and last.transaction_id == -1


def test_a_failed_message_waits_longer_each_time_and_is_given_up_after_its_attempts() -> None:
    outbox = Outbox()
    outbox.add(START, 1, start())
    message = outbox.head(0.0)
    assert message is not None
    assert not outbox.failed(message, 100.0, attempts=3, interval=60.0)
    assert outbox.head(159.9) is None and outbox.head(160.0) is message
    assert not outbox.failed(message, 160.0, attempts=3, interval=60.0)
    assert outbox.head(279.9) is None and outbox.head(280.0) is message
    assert outbox.failed(message, 280.0, attempts=3, interval=60.0)
    assert len(outbox) == 0


def test_too_many_meter_values_are_thinned_out_and_nothing_else_is_lost() -> None:
    outbox = Outbox()
    dropped = 0
    outbox.add(START, 1, start())
    for _ in range(500):
        dropped += outbox.add(METER, 1, meter())
    outbox.add(STOP, 1, stop())
    kept = drain(outbox)
    assert isinstance(kept[0], StartTransaction) and isinstance(kept[-1], StopTransaction)
    values = len(kept) - 2
    assert METER_VALUES_LIMIT // 2 <= values <= METER_VALUES_LIMIT
    assert values + dropped == 500


def test_a_dropped_message_leaves_the_store_too() -> None:
    outbox = Outbox()
    stored: set[int] = set()
    for _ in range(METER_VALUES_LIMIT * 4):
        outbox.add(METER, 1, meter())
        outbox.store_all()
        added, removed = outbox.take_changes()
        stored |= {entry.sequence for entry in added}
        stored -= set(removed)
    assert len(stored) == len(outbox)


@given(st.lists(st.sampled_from([START, METER, STOP]), max_size=30), st.booleans())
def test_another_owner_finds_the_same_messages(actions: list[Action], landed: bool) -> None:
    outbox = Outbox()
    makers: dict[Action, Callable[[], TransactionRequest]] = {START: start, METER: meter, STOP: stop}
    for action in actions:
        outbox.add(action, 3, makers[action]())
    if landed:
        outbox.landed(3, 99)
    outbox.store_all()
    added, _ = outbox.take_changes()
    heir = Outbox()
    heir.restore(reversed(added), dict(outbox.transaction_ids or {}))
    assert heir.next_sequence == outbox.next_sequence
    assert [encode_payload(one) for one in drain(heir)] == [encode_payload(one) for one in drain(outbox)]


def test_a_transaction_that_is_over_is_remembered_until_its_stop_is_answered() -> None:
    outbox = Outbox()
    began = TransactionBegan(1, 1, "TAG", 0, 1e9)
    outbox.add(START, 1, start())
    outbox.landed(1, 57)
    outbox.answered(outbox.head(0.0))  # type: ignore[arg-type]
    assert outbox.ended_facts() == []
    outbox.add(STOP, 1, stop(57), energy_mwh=10_200, began=began)
    assert [type(fact) for fact in outbox.ended_facts()] == [TransactionBegan, TransactionEnded, StartLanded]
    drain(outbox)
    assert outbox.ended_facts() == []
