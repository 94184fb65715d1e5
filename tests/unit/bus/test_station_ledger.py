"""A station's own book: facts, where they stand, and the transactions they tell of."""

import itertools

from evswarm_shared.bus.station_ledger import (
    FACT_TAGS,
    LEDGER_TRANSACTIONS_KEPT,
    LedgerFact,
    MessageGivenUp,
    StartLanded,
    StopLanded,
    TransactionBegan,
    TransactionEnded,
    decode_fact,
    encode_fact,
    field_of,
    outdated_fields,
    read_ledger,
)

FACTS: tuple[LedgerFact, ...] = (
    TransactionBegan(3, 1, "TAG", 100, 1000.5),
    StartLanded(3, 77),
    TransactionEnded(3, 250, 150_000, 2000.5, "Local"),
    StopLanded(3),
)


def test_every_fact_comes_back_as_it_was_stored() -> None:
    for fact in (*FACTS, MessageGivenUp(3, "StartTransaction")):
        assert decode_fact(encode_fact(fact)) == fact


def test_every_kind_of_fact_has_a_place_of_its_own() -> None:
    fields = [field_of(fact) for fact in (*FACTS, MessageGivenUp(3, "StopTransaction"))]
    assert sorted(fields) == sorted(f"3{tag}" for tag in FACT_TAGS)


def test_a_transaction_is_told_whatever_the_order_of_its_facts() -> None:
    books = {read_ledger(order) for order in itertools.permutations(FACTS)}
    ((transaction,),) = books
    assert transaction.landed and transaction.stop_landed
    assert (transaction.meter_start, transaction.meter_stop, transaction.energy_mwh) == (100, 250, 150_000)


def test_a_transaction_without_answers_has_not_landed() -> None:
    (transaction,) = read_ledger(FACTS[:1])
    assert not transaction.landed and not transaction.stop_landed
    assert transaction.stopped_at is None


def test_what_was_given_up_is_named() -> None:
    (transaction,) = read_ledger((*FACTS[:1], MessageGivenUp(3, "StartTransaction")))
    assert transaction.given_up == ("StartTransaction",)


def test_facts_about_a_transaction_that_left_the_ledger_are_ignored() -> None:
    assert read_ledger(FACTS[1:]) == ()


def test_only_the_beginning_of_a_transaction_pushes_one_out() -> None:
    newest = LEDGER_TRANSACTIONS_KEPT + 3
    assert outdated_fields(TransactionBegan(newest, 1, "TAG", 0, 0.0)) == [f"3{tag}" for tag in FACT_TAGS]
    assert outdated_fields(StartLanded(newest, 1)) == []
    assert outdated_fields(TransactionBegan(LEDGER_TRANSACTIONS_KEPT, 1, "TAG", 0, 0.0)) == []
