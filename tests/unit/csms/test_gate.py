"""Who is let in, with the store and without it."""

import base64

import pytest

from evswarm_csms.gate import Gate
from evswarm_csms.handlers.admission import Admission, Approach, ClientCertificate, Ruling, SecurityRules
from evswarm_shared import authorization_key
from evswarm_shared.bus.csms_records import StationEventKind, StationRegistration
from evswarm_shared.bus.messages import StationRecord
from tests.unit.csms.conversation import NOW, Replica

KEY = "0123456789abcdef"
OPEN = SecurityRules()


class Visitor:
    """A connection that asks to come in."""

    def __init__(self, approach: Approach | None = None) -> None:
        self._approach = approach or Approach()
        self.ruling: Ruling | None = None

    def approach(self) -> Approach:
        return self._approach

    def admitted(self, ruling: Ruling) -> None:
        self.ruling = ruling


def gate(replica: Replica, rules: SecurityRules = OPEN, *, accept_unknown: bool = True) -> Gate:
    made = Gate(
        replica.bus,
        replica.directory,
        replica.events,
        rules,
        accept_unknown=accept_unknown,
        clock=lambda: replica.now,
        spawn=replica.spawn,
    )
    made.registrations = 0
    return made


async def admission(replica: Replica, door: Gate, approach: Approach | None = None) -> Admission:
    visitor = Visitor(approach)
    door.admit(visitor, "CP-1")
    await replica.directory.catch_up()
    assert visitor.ruling is not None
    await replica.settle()
    return visitor.ruling.admission


async def test_unknown_stations_are_a_matter_of_the_switch() -> None:
    replica = Replica()
    assert await admission(replica, gate(replica)) is Admission.ADMITTED
    assert await admission(replica, gate(replica, accept_unknown=False)) is Admission.UNKNOWN_STATION


async def test_a_registration_or_an_earlier_boot_makes_a_station_known() -> None:
    replica = Replica()
    door = gate(replica, accept_unknown=False)
    await replica.bus.write_station(StationRecord("CP-1", accepted=False))
    assert await admission(replica, door) is Admission.ADMITTED
    await replica.bus.forget_station("CP-1")
    await replica.bus.write_registration(StationRegistration("CP-1"))
    assert await admission(replica, door) is Admission.ADMITTED


async def test_the_registration_says_what_is_to_be_shown_and_a_refusal_is_an_event() -> None:
    replica = Replica()
    await replica.bus.write_registration(
        StationRegistration("CP-1", 1, "salt", authorization_key.digests("salt", KEY))
    )
    door = gate(replica)
    assert await admission(replica, door) is Admission.WRONG_CREDENTIALS
    shown = Approach(authorization="Basic " + base64.b64encode(f"CP-1:{KEY}".encode()).decode())
    assert await admission(replica, door, shown) is Admission.ADMITTED
    await replica.events.flush()
    [event] = await replica.bus.read_events("CP-1")
    assert (event.at, event.kind, event.status) == (
        NOW,
        StationEventKind.CONNECTION_REFUSED,
        "WRONG_CREDENTIALS",
    )


async def test_names_that_nobody_knows_fill_no_event_lists() -> None:
    replica = Replica()
    assert await admission(replica, gate(replica, SecurityRules(3))) is Admission.NEEDS_TLS
    await replica.events.flush()
    assert await replica.bus.read_events("CP-1") == []


MUTUAL = Approach(True, ClientCertificate("CP-1", ""))


async def test_a_station_that_came_with_a_higher_profile_may_not_come_with_a_lower_one_again() -> None:
    replica = Replica()
    await replica.bus.write_registration(StationRegistration("CP-1", 0))
    door = gate(replica)
    assert await admission(replica, door) is Admission.ADMITTED
    assert await admission(replica, door, MUTUAL) is Admission.ADMITTED
    [registration] = await replica.bus.read_registrations(["CP-1"])
    assert registration == StationRegistration("CP-1", 3)
    assert await admission(replica, door) is Admission.NEEDS_TLS


def basic(key: str) -> Approach:
    return Approach(authorization="Basic " + base64.b64encode(f"CP-1:{key}".encode()).decode())


@pytest.mark.parametrize("of_its_own", [True, False], ids=["its own key before", "the common key before"])
async def test_the_key_before_ends_with_the_first_connection_by_the_next_one(of_its_own: bool) -> None:
    replica = Replica()
    old, new = "the key before it", "the key after it is"
    registration = StationRegistration(
        "CP-1",
        1,
        "salt",
        authorization_key.digests("salt", old) if of_its_own else (),
        next_key_digests=authorization_key.digests("salt", new),
    )
    await replica.bus.write_registration(registration)
    door = gate(replica, OPEN if of_its_own else SecurityRules.of(0, old, None))
    assert await admission(replica, door, basic(old)) is Admission.ADMITTED
    assert await admission(replica, door, basic("neither of the two")) is Admission.WRONG_CREDENTIALS
    assert await replica.bus.read_registrations(["CP-1"]) == [registration]
    assert await admission(replica, door, basic(new)) is Admission.ADMITTED
    assert await admission(replica, door, basic(old)) is Admission.WRONG_CREDENTIALS
    assert await admission(replica, door, basic(new)) is Admission.ADMITTED


async def test_what_a_connection_shows_takes_back_no_change_of_the_registration() -> None:
    replica = Replica()
    registration = StationRegistration("CP-1", 0, "salt", authorization_key.digests("salt", KEY))
    await replica.bus.write_registration(registration)
    visitor = Visitor(basic(KEY))
    gate(replica).admit(visitor, "CP-1")
    await replica.directory.catch_up()
    assert visitor.ruling == Ruling(Admission.ADMITTED, 1)
    await replica.bus.forget_station("CP-1")
    await replica.settle()
    assert await replica.bus.read_registrations(["CP-1"]) == [None]


async def test_a_station_without_a_profile_of_its_own_is_not_bound_by_what_it_shows() -> None:
    replica = Replica()
    await replica.bus.write_registration(StationRegistration("CP-1"))
    door = gate(replica)
    assert await admission(replica, door, MUTUAL) is Admission.ADMITTED
    assert await admission(replica, door) is Admission.ADMITTED


async def test_without_the_store_stations_get_in_only_where_none_was_ever_registered() -> None:
    replica = Replica()
    door = gate(replica)
    closed = gate(replica, accept_unknown=False)
    replica.store.available = False
    assert await admission(replica, door) is Admission.ADMITTED
    assert await admission(replica, closed) is Admission.STORE_AWAY
    for registrations in (1, None):
        door.registrations = registrations
        assert await admission(replica, door) is Admission.STORE_AWAY


async def test_without_the_store_the_rules_of_the_listener_hold() -> None:
    replica = Replica()
    door = gate(replica, SecurityRules.of(1, KEY, None))
    replica.store.available = False
    assert await admission(replica, door) is Admission.WRONG_CREDENTIALS
