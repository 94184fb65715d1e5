"""The transaction table, over the full product."""

import pytest

from evswarm_worker.station.transaction import Transaction, TransactionEvent, TransactionState

S, E = TransactionState, TransactionEvent


@pytest.mark.parametrize("event", E)
@pytest.mark.parametrize("state", S)
def test_a_start_is_answered_once_and_a_transaction_stops_once(
    state: TransactionState, event: TransactionEvent
) -> None:
    transaction = Transaction(1, "TAG", "", 0, 0.0)
    transaction.state = state
    transaction.apply(event)
    if state is S.STOPPED or event is E.STOP:
        expected = S.STOPPED
    elif state is S.STARTED:
        expected = {E.ACCEPTED: S.CONFIRMED, E.REFUSED: S.REFUSED, E.GIVEN_UP: S.LOST}[event]
    else:
        expected = state
    assert transaction.state is expected
