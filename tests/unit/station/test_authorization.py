"""Tags: asked for, cached, decided offline (OCPP 1.6 §3.5, §4.1)."""

from typing import Any

import pytest

from evswarm_shared.ocpp16.timestamps import format_timestamp
from tests.support.station_rig import StationRig, charging_rig


def plugged(**options: Any) -> StationRig:
    rig = StationRig(**options).start()
    rig.station.plug_in(1, rig.now)
    rig.settle()
    return rig


def present(rig: StationRig, id_tag: str = "TAG1") -> None:
    rig.station.authorize(1, id_tag, rig.now)
    rig.settle()


def test_a_tag_is_asked_for_however_much_else_waits() -> None:
    rig = plugged()
    rig.answers["Heartbeat"] = None
    while rig.command("TriggerMessage", {"requestedMessage": "Heartbeat"}) == {"status": "Accepted"}:
        pass
    present(rig)
    del rig.answers["Heartbeat"]
    rig.run(60.0)
    assert len(rig.sent("StartTransaction")) == 1 and rig.status() == "Charging"


@pytest.mark.parametrize("status", ["Blocked", "Expired", "Invalid", "ConcurrentTx"])
def test_a_refused_tag_starts_nothing(status: str) -> None:
    rig = plugged()
    rig.answers["Authorize"] = {"idTagInfo": {"status": status}}
    present(rig)
    assert not rig.sent("StartTransaction") and rig.status() == "Preparing"
    assert any(f"not authorized: {status}" in line for line in rig.log)


def test_a_known_tag_starts_at_once_where_local_pre_authorize_says_so() -> None:
    rig = charging_rig(configuration={"LocalPreAuthorize": "true"})
    rig.station.press_stop(1, rig.now)
    present(rig)
    assert len(rig.sent("Authorize")) == 1 and len(rig.sent("StartTransaction")) == 2


def test_a_known_tag_that_was_refused_is_asked_about_again() -> None:
    rig = plugged(configuration={"LocalPreAuthorize": "true"})
    rig.answers["Authorize"] = {"idTagInfo": {"status": "Blocked"}}
    present(rig)
    del rig.answers["Authorize"]
    present(rig)
    assert len(rig.sent("Authorize")) == 2 and len(rig.sent("StartTransaction")) == 1


def test_without_the_cache_every_tag_is_asked_about() -> None:
    rig = charging_rig(configuration={"LocalPreAuthorize": "true", "AuthorizationCacheEnabled": "false"})
    rig.station.press_stop(1, rig.now)
    present(rig)
    assert len(rig.sent("Authorize")) == 2


def test_without_the_cache_no_answer_is_remembered_for_when_it_comes_back() -> None:
    rig = charging_rig(configuration={"AuthorizationCacheEnabled": "false"})
    rig.station.press_stop(1, rig.now)
    rig.command("ChangeConfiguration", {"key": "AuthorizationCacheEnabled", "value": "true"})
    rig.lose()
    present(rig)
    assert rig.status() != "Charging"


def test_what_is_remembered_ends_on_the_clock_of_the_central_system() -> None:
    rig = StationRig(configuration={"LocalPreAuthorize": "true"})
    rig.server_ahead = 7200.0
    info = {"status": "Accepted", "expiryDate": format_timestamp(rig.now + 3600.0)}
    rig.answers["Authorize"] = {"idTagInfo": info}
    rig.answers["StartTransaction"] = {"transactionId": 1, "idTagInfo": info}
    rig.start()
    rig.station.plug_in(1, rig.now)
    present(rig)
    rig.station.press_stop(1, rig.now)
    present(rig)
    assert len(rig.sent("Authorize")) == 2


@pytest.mark.parametrize(
    ("configuration", "tag", "starts"),
    [
        ({}, "TAG1", True),
        ({"LocalAuthorizeOffline": "false"}, "TAG1", False),
        ({}, "OTHER", False),
        ({"AllowOfflineTxForUnknownId": "true"}, "OTHER", True),
    ],
)
def test_offline_the_station_decides_by_cache_and_configuration(
    configuration: dict[str, str], tag: str, starts: bool
) -> None:
    rig = charging_rig(configuration=configuration)
    rig.station.press_stop(1, rig.now)
    rig.lose()
    present(rig, tag)
    assert (rig.snapshot().transactions == 1) is starts


def test_a_question_that_the_connection_took_with_it_is_decided_offline() -> None:
    rig = plugged(configuration={"AllowOfflineTxForUnknownId": "true"})
    rig.answers["Authorize"] = None
    present(rig)
    assert rig.snapshot().transactions == 0
    rig.lose()
    assert rig.snapshot().transactions == 1


def test_a_question_without_an_answer_is_no_permission() -> None:
    rig = plugged(call_timeout_seconds=10.0)
    rig.answers["Authorize"] = None
    present(rig)
    rig.run(11.0)
    assert any("no answer" in line for line in rig.log)
    assert not rig.sent("StartTransaction")


def test_an_answer_for_a_tag_that_is_gone_starts_nothing() -> None:
    rig = plugged()
    rig.answers["Authorize"] = None
    present(rig)
    rig.station.unplug(1, rig.now)
    rig.settle()
    rig.answer_late({"idTagInfo": {"status": "Accepted"}})
    assert not rig.sent("StartTransaction") and rig.status() == "Available"


def test_a_tag_of_the_same_group_stops_the_transaction_and_another_one_does_not() -> None:
    rig = StationRig()
    rig.answers["Authorize"] = lambda p: {
        "idTagInfo": {"status": "Accepted", "parentIdTag": "FAMILY" if p["idTag"] != "STRANGER" else "ELSE"}
    }
    rig.start()
    rig.station.plug_in(1, rig.now)
    present(rig, "MUM")
    present(rig, "STRANGER")
    assert rig.snapshot().transactions == 1
    present(rig, "DAD")
    assert rig.sent("StopTransaction")[-1]["idTag"] == "DAD"


def test_a_tag_presented_offline_that_may_not_stop_does_not_stop_the_transaction_later() -> None:
    rig = StationRig()
    rig.answers["Authorize"] = {"idTagInfo": {"status": "Accepted", "parentIdTag": "FAMILY"}}
    rig.start()
    rig.station.plug_in(1, rig.now)
    present(rig, "MUM")
    rig.lose()
    present(rig, "DAD")
    assert any("may not stop" in line for line in rig.log)
    rig.reachable()
    rig.run(120.0)
    assert rig.connected and rig.sent("Authorize") == [{"idTag": "MUM"}] and not rig.sent("StopTransaction")


def test_a_tag_without_a_car_waits_for_one_and_not_for_ever() -> None:
    rig = StationRig(configuration={"ConnectionTimeOut": "30"}).start()
    present(rig)
    assert rig.status() == "Preparing"
    rig.run(31.0)
    assert rig.status() == "Available"
    present(rig)
    rig.run(10.0)
    rig.station.plug_in(1, rig.now)
    rig.settle()
    assert rig.status() == "Charging"


def test_a_car_without_a_tag_leads_to_finishing_and_the_tag_may_still_come() -> None:
    rig = plugged(configuration={"ConnectionTimeOut": "30"})
    rig.run(31.0)
    assert rig.status() == "Finishing"
    present(rig)
    assert rig.statuses()[-3:] == ["Finishing", "Preparing", "Charging"]


def test_tags_are_the_same_in_capital_and_small_letters() -> None:
    rig = charging_rig("Tag1", configuration={"LocalPreAuthorize": "true"})
    rig.forget()
    present(rig, "tAG1")
    assert rig.sent("Authorize") == [] and rig.sent("StopTransaction")
    present(rig, "TAG1")
    assert rig.sent("Authorize") == [] and rig.sent("StartTransaction")
