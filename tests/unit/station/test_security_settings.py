"""AuthorizationKey and SecurityProfile: prerequisites, the reconnect, the way back (security whitepaper A01, A05)."""

from typing import Any

import pytest

from evswarm_shared.telemetry.counts import ConnectResult
from evswarm_worker.station.config import StationSecurity
from evswarm_worker.station.errors import StationActionError
from tests.support.station_certificates import authority, pem, station_pem
from tests.support.station_rig import NOON, StationRig

KEY, NEW_KEY = "0123456789abcdef", "fedcba9876543210"
ROOT = authority(NOON)
ROOT_PEM = pem(ROOT.certificate)
STATION_PEM = station_pem(ROOT, "CP-000002", NOON)
CERTIFICATE, _, REST = STATION_PEM.partition("-----BEGIN PRIVATE KEY-----")
PRIVATE_KEY = "-----BEGIN PRIVATE KEY-----" + REST


def delivered(profile: int, **fields: Any) -> StationSecurity:
    return StationSecurity(profile, **({"authorization_key": KEY, "roots": (ROOT_PEM,)} | fields))


def change(rig: StationRig, key: str, value: str) -> Any:
    return rig.command("ChangeConfiguration", {"key": key, "value": value})["status"]


def test_a_plain_station_connects_as_its_url_says() -> None:
    assert StationRig().start().connects[0].security is None


def test_a_profile_and_key_can_be_preset_as_configuration() -> None:
    preset = {"SecurityProfile": "1", "AuthorizationKey": KEY}
    used = StationRig(configuration=preset).start().connects[0].security
    assert used is not None and (used.profile, used.authorization_key) == (1, KEY)


@pytest.mark.parametrize(
    ("profile", "key", "roots", "certificate"),
    [(1, KEY, 0, False), (2, KEY, 1, False), (3, "", 1, True)],
)
def test_each_profile_uses_what_belongs_to_it_and_nothing_else(
    profile: int, key: str, roots: int, certificate: bool
) -> None:
    security = delivered(profile, certificate=CERTIFICATE, private_key=PRIVATE_KEY)
    used = StationRig(security=security).start().connects[0].security
    assert used is not None
    assert (used.profile, used.authorization_key, len(used.roots)) == (profile, key, roots)
    assert bool(used.certificate) is certificate is bool(used.private_key)


def test_a_changed_key_is_used_on_a_new_connection_after_the_answer() -> None:
    rig = StationRig(security=delivered(1)).start()
    assert change(rig, "AuthorizationKey", NEW_KEY) == "Accepted"
    rig.run(10.0)
    assert len(rig.disconnects) == 1
    assert [c.security.authorization_key for c in rig.connects if c.security] == [KEY, NEW_KEY]
    assert len(rig.sent("BootNotification")) == 1


def test_a_changed_key_outlives_the_worker() -> None:
    rig = StationRig(security=delivered(1)).start()
    change(rig, "AuthorizationKey", NEW_KEY)
    heir = rig.heir(security=delivered(1)).start()
    assert heir.connects[0].security is not None
    assert heir.connects[0].security.authorization_key == NEW_KEY


@pytest.mark.parametrize("value", ["short", "x" * 41, "ключ" * 5])
def test_a_key_of_the_wrong_length_is_rejected(value: str) -> None:
    assert change(StationRig(security=delivered(1)).start(), "AuthorizationKey", value) == "Rejected"


def test_the_key_is_never_told_and_never_logged() -> None:
    rig = StationRig(security=delivered(1)).start()
    change(rig, "AuthorizationKey", NEW_KEY)
    answer = rig.command("GetConfiguration", {"key": ["AuthorizationKey"]})
    assert answer["configurationKey"] == [{"key": "AuthorizationKey", "readonly": False}]
    assert NEW_KEY not in "".join(rig.log)


def test_a_hand_changes_the_key_like_the_central_system_and_as_silently() -> None:
    rig = StationRig(security=delivered(1)).start()
    rig.station.set_configuration("AuthorizationKey", NEW_KEY, rig.now)
    rig.settle()
    rig.run(10.0)
    used = rig.connects[-1].security
    assert used is not None and used.authorization_key == NEW_KEY
    assert NEW_KEY not in "".join(rig.log)
    with pytest.raises(StationActionError):
        rig.station.set_configuration("SecurityProfile", "1", rig.now)


def test_without_basic_authentication_a_changed_key_leaves_the_connection_alone() -> None:
    rig = StationRig().start()
    assert change(rig, "AuthorizationKey", NEW_KEY) == "Accepted"
    rig.run(10.0)
    assert not rig.disconnects


@pytest.mark.parametrize(
    ("security", "value"),
    [
        (delivered(2), "2"),
        (delivered(2), "1"),
        (delivered(2), "0"),
        (delivered(0, authorization_key=""), "1"),
        (delivered(0, authorization_key=""), "2"),
        (delivered(1, roots=()), "2"),
        (delivered(1, roots=(pem(authority(NOON, days=0).certificate),)), "2"),
        (delivered(2), "3"),
        (delivered(2), "4"),
    ],
)
def test_a_profile_without_its_prerequisites_is_rejected(security: StationSecurity, value: str) -> None:
    rig = StationRig(security=security).start()
    assert change(rig, "SecurityProfile", value) == "Rejected"
    rig.run(10.0)
    assert not rig.disconnects


def test_a_higher_profile_is_used_on_a_new_connection_and_stays() -> None:
    rig = StationRig(security=delivered(1, certificate=CERTIFICATE, private_key=PRIVATE_KEY)).start()
    assert change(rig, "SecurityProfile", "3") == "Accepted"
    rig.run(10.0)
    assert [c.security.profile for c in rig.connects if c.security] == [1, 3]
    rig.refusal = ConnectResult.UNTRUSTED
    rig.lose()
    rig.run(300.0)
    assert {c.security.profile for c in rig.connects[1:] if c.security} == {3}


@pytest.mark.parametrize(
    ("refusal", "attempts"),
    [(ConnectResult.UNTRUSTED, 1), (ConnectResult.AUTHENTICATION_REFUSED, 1), (ConnectResult.UNREACHABLE, 3)],
)
def test_a_profile_that_never_works_is_given_up(refusal: ConnectResult, attempts: int) -> None:
    rig = StationRig(security=delivered(1)).start()
    rig.refusal = refusal
    change(rig, "SecurityProfile", "2")
    rig.run(60.0)
    rig.refusal = None
    rig.run(200.0)
    profiles = [c.security.profile for c in rig.connects if c.security]
    assert profiles[: attempts + 2] == [1] + [2] * attempts + [1]
    answer = rig.command("GetConfiguration", {"key": ["SecurityProfile"]})
    assert answer["configurationKey"][0]["value"] == "1"


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_key_in_another_case_is_a_secret_all_the_same(by_hand: bool) -> None:
    rig = StationRig(security=delivered(1)).start()
    if by_hand:
        rig.station.set_configuration("AUTHORIZATIONKEY", NEW_KEY, rig.now)
        rig.settle()
    else:
        assert change(rig, "authorizationkey", NEW_KEY) == "Accepted"
    rig.run(60.0)
    used = rig.connects[-1].security
    assert used is not None and used.authorization_key == NEW_KEY
    assert not any(NEW_KEY in line for line in rig.log)
    told = rig.command("GetConfiguration", {"key": ["authorizationKEY"]})
    assert told["configurationKey"] == [{"key": "AuthorizationKey", "readonly": False}]
