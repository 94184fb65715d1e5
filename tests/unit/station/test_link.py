"""The link table, over the full product of states and events, and the back-off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evswarm_worker.station.link import (
    CONNECTED,
    SERVING,
    TRANSITIONS,
    LinkEvent,
    LinkState,
    reconnect_delay,
)

S, E = LinkState, LinkEvent

MEANINGFUL = {
    E.START: {S.OFF},
    E.ATTEMPT: {S.DOWN},
    E.CONNECTED_TO_BOOT: {S.CONNECTING},
    E.CONNECTED_AGAIN: {S.CONNECTING},
    E.LOST: {S.CONNECTING, *CONNECTED},
    E.BOOT_ACCEPTED: set(CONNECTED),
    E.BOOT_PENDING: set(CONNECTED),
    E.BOOT_REJECTED: set(CONNECTED),
    E.REBOOT: set(S) - {S.OFF},
    E.NETWORK_CUT: set(S) - {S.OFF, S.CUT},
    E.NETWORK_BACK: {S.CUT},
    E.STOP: set(S) - {S.OFF},
}

LEADS_TO = {
    E.START: S.DOWN,
    E.ATTEMPT: S.CONNECTING,
    E.CONNECTED_TO_BOOT: S.REGISTERING,
    E.CONNECTED_AGAIN: S.ACCEPTED,
    E.LOST: S.DOWN,
    E.BOOT_ACCEPTED: S.ACCEPTED,
    E.BOOT_PENDING: S.PENDING,
    E.BOOT_REJECTED: S.REJECTED,
    E.NETWORK_CUT: S.CUT,
    E.NETWORK_BACK: S.DOWN,
    E.STOP: S.OFF,
}


@pytest.mark.parametrize("event", E)
@pytest.mark.parametrize("state", S)
def test_every_pair_leads_where_its_event_leads_or_means_nothing(state: LinkState, event: LinkEvent) -> None:
    target = TRANSITIONS.get((state, event))
    if state not in MEANINGFUL[event]:
        assert target is None
    elif event is E.REBOOT:
        assert target is (S.CUT if state is S.CUT else S.DOWN)
    else:
        assert target is LEADS_TO[event]


def test_a_rejected_station_is_connected_but_serves_no_commands() -> None:
    assert {S.REJECTED} == CONNECTED - SERVING


@given(
    failures=st.integers(0, 1000),
    floor=st.floats(0.1, 60),
    more=st.floats(0, 600),
    uniform=st.floats(0, 1, exclude_max=True),
)
def test_the_delay_stays_between_floor_and_ceiling(
    failures: int, floor: float, more: float, uniform: float
) -> None:
    assert floor <= reconnect_delay(failures, floor, floor + more, uniform) <= floor + more


def test_the_delay_doubles_and_half_of_it_is_random() -> None:
    spans = [(reconnect_delay(n, 2, 60, 0.0), reconnect_delay(n, 2, 60, 0.999999)) for n in range(6)]
    assert [round(low) for low, _ in spans] == [2, 4, 8, 16, 30, 30]
    assert [round(high) for _, high in spans] == [4, 8, 16, 32, 60, 60]
