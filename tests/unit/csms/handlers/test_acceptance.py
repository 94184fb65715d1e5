"""Which messages are taken from a station that is not known as accepted."""

from itertools import product

import pytest

from evswarm_csms.handlers.acceptance import TABLE, Acceptance, Kind, Verdict, acceptance_of, verdict
from evswarm_shared.bus.messages import StationRecord
from evswarm_shared.ocpp16.messages import (
    BootNotification,
    Heartbeat,
    MeterValues,
    Request,
    StartTransaction,
    StatusNotification,
    StopTransaction,
)


def test_the_table_has_an_answer_to_everything() -> None:
    assert set(TABLE) == set(product(Acceptance, Kind))


def test_the_record_says_whether_the_station_is_accepted() -> None:
    assert acceptance_of(None) is Acceptance.NO_RECORD
    assert acceptance_of(StationRecord("CP-1", accepted=False)) is Acceptance.REGISTERED
    assert acceptance_of(StationRecord("CP-1", accepted=True)) is Acceptance.ACCEPTED


@pytest.mark.parametrize("acceptance", Acceptance)
def test_a_boot_is_always_taken(acceptance: Acceptance) -> None:
    assert verdict(acceptance, BootNotification, triggered=False) == Verdict(take=True, ask_to_boot=False)


@pytest.mark.parametrize("request_type", [Heartbeat, StatusNotification, StartTransaction, MeterValues])
def test_a_station_that_was_never_accepted_may_say_nothing_else(request_type: type[Request]) -> None:
    assert verdict(Acceptance.REGISTERED, request_type, triggered=False) == Verdict(
        take=False, ask_to_boot=False
    )


@pytest.mark.parametrize("request_type", [StartTransaction, StopTransaction, MeterValues])
def test_transaction_messages_of_a_forgotten_station_are_taken_while_it_is_asked_to_boot(
    request_type: type[Request],
) -> None:
    assert verdict(Acceptance.NO_RECORD, request_type, triggered=False) == Verdict(
        take=True, ask_to_boot=True
    )


def test_other_messages_of_a_forgotten_station_are_refused_while_it_is_asked_to_boot() -> None:
    assert verdict(Acceptance.NO_RECORD, Heartbeat, triggered=False) == Verdict(take=False, ask_to_boot=True)


def test_heartbeats_go_on_while_the_store_is_away() -> None:
    assert verdict(Acceptance.STORE_AWAY, Heartbeat, triggered=False).take


def test_a_message_that_was_asked_for_is_taken_before_acceptance() -> None:
    assert verdict(Acceptance.REGISTERED, StatusNotification, triggered=True).take
