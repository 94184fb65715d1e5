"""The Local Authorization List: keeping it, and what it decides (OCPP 1.6 §3.5.2, §3.5.3, §5.10, §5.15)."""

from typing import Any

import pytest

from evswarm_shared.ocpp16.timestamps import format_timestamp
from tests.support.station_rig import NOON, StationRig, only

ACCEPTED, FAILED = {"status": "Accepted"}, {"status": "Failed"}


def entry(id_tag: str, status: str | None = "Accepted", **info: Any) -> dict[str, Any]:
    return {"idTag": id_tag} | ({} if status is None else {"idTagInfo": {"status": status} | info})


def send(rig: StationRig, version: int, *entries: dict[str, Any], full: bool = True) -> Any:
    return rig.command(
        "SendLocalList",
        {
            "listVersion": version,
            "updateType": "Full" if full else "Differential",
            "localAuthorizationList": list(entries),
        },
    )


def version(rig: StationRig) -> int:
    answer = rig.command("GetLocalListVersion")
    return int(answer["listVersion"])


def listed(*entries: dict[str, Any], **options: Any) -> StationRig:
    """A station with a list of version 5, and a car at connector 1."""
    rig = StationRig(**options).start()
    assert send(rig, 5, *entries) == ACCEPTED
    rig.station.plug_in(1, rig.now)
    rig.settle()
    return rig


def present(rig: StationRig, id_tag: str) -> None:
    rig.forget()
    rig.station.authorize(1, id_tag, rig.now)
    rig.settle()


# --- keeping it ---------------------------------------------------------------------------------------------


def test_a_station_without_a_list_has_version_0_and_one_that_uses_none_minus_1() -> None:
    assert version(StationRig().start()) == 0
    off = StationRig(configuration={"LocalAuthListEnabled": "false"}).start()
    assert version(off) == -1 and send(off, 1, entry("A")) == {"status": "NotSupported"}


def test_a_full_list_replaces_whatever_there_was() -> None:
    rig = listed(entry("A"), configuration={"LocalPreAuthorize": "true"})
    assert send(rig, 2, entry("B")) == ACCEPTED and version(rig) == 2
    present(rig, "B")
    assert rig.sent("Authorize") == [] and rig.sent("StartTransaction")


@pytest.mark.parametrize("payload", [{}, {"localAuthorizationList": []}])
def test_a_full_list_without_entries_empties_it(payload: dict[str, Any]) -> None:
    rig = listed(entry("A"), configuration={"LocalPreAuthorize": "true"})
    assert rig.command("SendLocalList", {"listVersion": 6, "updateType": "Full"} | payload) == ACCEPTED
    assert version(rig) == 0
    present(rig, "A")
    assert rig.sent("Authorize")


def test_a_differential_list_adds_changes_and_removes() -> None:
    rig = listed(entry("A"), entry("B"), entry("C"))
    assert send(rig, 6, entry("A", None), entry("B", "Blocked"), entry("D"), full=False) == ACCEPTED
    assert version(rig) == 6
    rig.lose()
    rig.run(1.0)
    for tag, starts in (("A", False), ("B", False), ("C", True)):
        present(rig, tag)
        assert (rig.status() == "Charging") is starts, tag
    rig.station.press_stop(1, rig.now)
    present(rig, "D")
    assert rig.status() == "Charging"


@pytest.mark.parametrize("number", [5, 4, 1])
def test_a_difference_to_another_version_is_a_mismatch_and_changes_nothing(number: int) -> None:
    rig = listed(entry("A"))
    assert send(rig, number, entry("B"), full=False) == {"status": "VersionMismatch"}
    assert version(rig) == 5


def test_a_full_list_may_have_any_version_but_0_and_less() -> None:
    rig = listed(entry("A"))
    assert send(rig, 1, entry("B")) == ACCEPTED
    assert send(rig, 0, entry("C")) == send(rig, -1, entry("C")) == FAILED
    assert version(rig) == 1


def test_a_list_that_does_not_fit_leaves_the_old_one() -> None:
    rig = listed(entry("A"), configuration={"LocalAuthListMaxLength": "3", "SendLocalListMaxLength": "2"})
    assert send(rig, 6, *(entry(f"T{n}") for n in range(3))) == FAILED
    assert send(rig, 6, entry("B"), entry("C"), full=False) == ACCEPTED
    assert send(rig, 7, entry("D"), full=False) == FAILED
    assert send(rig, 7, entry("D"), entry("d")) == FAILED
    assert send(rig, 7, entry("D", None)) == FAILED
    assert version(rig) == 6


def test_the_list_survives_a_reset_and_a_change_of_owner() -> None:
    rig = listed(entry("A"))
    rig.command("Reset", {"type": "Hard"})
    rig.run(20.0)
    assert version(rig) == 5
    heir = rig.heir().start()
    assert version(heir) == 5


# --- what it decides ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("configuration", "starts"), [({}, True), ({"LocalAuthorizeOffline": "false"}, False)]
)
def test_offline_the_list_decides_where_it_may(configuration: dict[str, str], starts: bool) -> None:
    rig = listed(entry("A"), configuration=configuration)
    rig.lose()
    present(rig, "a")
    assert (rig.status() == "Charging") is starts


@pytest.mark.parametrize(("configuration", "asks"), [({}, True), ({"LocalPreAuthorize": "true"}, False)])
def test_online_the_list_decides_where_it_may(configuration: dict[str, str], asks: bool) -> None:
    rig = listed(entry("A"), configuration=configuration)
    present(rig, "A")
    assert bool(rig.sent("Authorize")) is asks and rig.sent("StartTransaction")


@pytest.mark.parametrize("status", ["Blocked", "Expired", "Invalid"])
def test_a_listed_tag_that_is_not_valid_is_refused_offline_even_where_unknown_ones_are_not(
    status: str,
) -> None:
    rig = listed(entry("A", status), configuration={"AllowOfflineTxForUnknownId": "true"})
    rig.lose()
    present(rig, "A")
    assert rig.status() == "Preparing"
    present(rig, "B")
    assert rig.status() == "Charging"


def test_concurrent_tx_in_the_list_is_a_valid_tag() -> None:
    rig = listed(entry("A", "ConcurrentTx"))
    rig.lose()
    present(rig, "A")
    assert rig.status() == "Charging"


def test_an_entry_whose_time_is_over_is_expired() -> None:
    rig = listed(
        entry("A", expiryDate=format_timestamp(NOON + 60.0)), configuration={"LocalPreAuthorize": "true"}
    )
    rig.run(61.0)
    present(rig, "A")
    assert rig.sent("Authorize")


def test_an_entry_ends_on_the_clock_of_the_central_system() -> None:
    rig = StationRig(configuration={"LocalPreAuthorize": "true"})
    rig.server_ahead = 7200.0
    rig.start()
    over, running = (
        entry(tag, expiryDate=format_timestamp(NOON + at)) for tag, at in (("A", 3600), ("B", 9000))
    )
    send(rig, 1, over, running)
    rig.station.plug_in(1, rig.now)
    present(rig, "B")
    assert not rig.sent("Authorize") and rig.status() == "Charging"
    rig.station.plug_in(2, rig.now)
    rig.station.authorize(2, "A", rig.now)
    rig.settle()
    assert rig.sent("Authorize") == [{"idTag": "A"}]


def test_the_list_goes_before_the_cache_and_what_it_names_never_enters_it() -> None:
    rig = listed(entry("A", "Blocked"), configuration={"LocalPreAuthorize": "true"})
    present(rig, "A")
    assert rig.sent("Authorize") and rig.sent("StartTransaction")
    rig.station.press_stop(1, rig.now)
    rig.lose()
    present(rig, "A")
    assert rig.status() != "Charging"
    rig.reachable()
    rig.run(20.0)
    send(rig, 9)
    rig.station.plug_in(2, rig.now)
    rig.lose()
    rig.forget()
    rig.station.authorize(2, "A", rig.now)
    rig.settle()
    assert rig.status(2) == "Preparing"


def test_an_answer_that_contradicts_the_list_is_told_as_a_conflict() -> None:
    rig = listed(entry("A"))
    rig.answers["Authorize"] = {"idTagInfo": {"status": "Blocked"}}
    present(rig, "A")
    told = only(p for p in rig.sent("StatusNotification") if p["connectorId"] == 0)
    assert told["errorCode"] == "LocalListConflict"


def test_the_parent_tag_of_the_list_makes_a_group() -> None:
    rig = listed(
        entry("A", parentIdTag="FAMILY"),
        entry("B", parentIdTag="FAMILY"),
        entry("C", parentIdTag="OTHERS"),
        configuration={"LocalPreAuthorize": "true"},
    )
    present(rig, "A")
    present(rig, "C")
    assert rig.status() == "Charging"
    rig.lose()
    present(rig, "B")
    assert rig.status() == "Finishing"
