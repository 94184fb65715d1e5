"""The status table, over the full product, against the table of OCPP 1.6 §4.9 with errata §3.20."""

import pytest
from ocpp.v16.enums import ChargePointErrorCode, ChargePointStatus

from evswarm_worker.station.connector import Connector
from evswarm_worker.station.connector_status import TRANSITIONS, ConnectorEvent, next_status

S, E = ChargePointStatus, ConnectorEvent

NORM = {
    S.available: {S.preparing, S.charging, S.suspended_ev, S.suspended_evse, S.reserved, S.unavailable},
    S.preparing: {S.available, S.charging, S.suspended_ev, S.suspended_evse, S.finishing},
    S.charging: {S.available, S.suspended_ev, S.suspended_evse, S.finishing, S.unavailable},
    S.suspended_ev: {S.available, S.charging, S.suspended_evse, S.finishing, S.unavailable},
    S.suspended_evse: {S.available, S.charging, S.suspended_ev, S.finishing, S.unavailable},
    S.finishing: {S.available, S.preparing, S.unavailable},
    S.reserved: {S.available, S.preparing, S.unavailable},
    S.unavailable: {S.available, S.preparing, S.charging, S.suspended_ev, S.suspended_evse},
}
"""Where a status may lead, Faulted aside: from every status to it and back."""

LEADS_TO = {
    E.USE_BEGINS: {S.preparing: {S.available, S.finishing, S.reserved, S.unavailable}},
    E.USE_ENDS: {
        S.available: {S.preparing, S.charging, S.suspended_ev, S.suspended_evse, S.finishing},
    },
    E.ENERGY_FLOWS: {S.charging: {S.preparing, S.suspended_ev, S.suspended_evse}},
    E.EV_PAUSES: {S.suspended_ev: {S.preparing, S.charging, S.suspended_evse}},
    E.EVSE_PAUSES: {S.suspended_evse: {S.preparing, S.charging, S.suspended_ev}},
    E.TRANSACTION_ENDS: {S.finishing: {S.charging, S.suspended_ev, S.suspended_evse}},
    E.TAG_TIMES_OUT: {S.finishing: {S.preparing}},
    E.RESERVATION_BEGINS: {S.reserved: {S.available}},
    E.RESERVATION_ENDS: {S.available: {S.reserved}},
    E.GOES_OUT_OF_SERVICE: {S.unavailable: {S.available, S.finishing, S.reserved}},
    E.COMES_INTO_SERVICE: {S.available: {S.unavailable}},
}


@pytest.mark.parametrize("event", E)
@pytest.mark.parametrize("status", S)
def test_every_pair_leads_where_its_event_leads_or_changes_nothing(
    status: ChargePointStatus, event: ConnectorEvent
) -> None:
    ((target, sources),) = LEADS_TO[event].items()
    assert next_status(status, event) is (target if status in sources else status)


@pytest.mark.parametrize("pair", TRANSITIONS)
def test_no_transition_is_one_that_the_norm_does_not_have(
    pair: tuple[ChargePointStatus, ConnectorEvent],
) -> None:
    assert TRANSITIONS[pair] in NORM[pair[0]]


@pytest.mark.parametrize("status", S)
@pytest.mark.parametrize("error_code", ChargePointErrorCode)
def test_a_fault_hides_the_status_and_clearing_it_shows_it_again(
    status: ChargePointStatus, error_code: ChargePointErrorCode
) -> None:
    connector = Connector(1, 0.0)
    connector.status, connector.error_code = status, error_code
    assert connector.visible_status is (status if error_code is ChargePointErrorCode.no_error else S.faulted)
