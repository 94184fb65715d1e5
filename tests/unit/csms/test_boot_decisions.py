"""What a BootNotification leads to: decisions by rule, and configuration wishes (OCPP 1.6 §4.2)."""

import pytest

from evswarm_shared.bus.csms_records import BootDecision, BootRule, ConfigurationReport, StationEventKind
from evswarm_shared.bus.messages import CommandOutcome
from evswarm_shared.ocpp16.messages import ChangeConfiguration, ClearCache, RemoteStartTransaction
from tests.unit.csms.conversation import BOOT, NOW, START, Replica, Station, until


async def test_a_pending_station_may_be_commanded_but_says_nothing_unasked() -> None:
    replica = Replica()
    await replica.bus.write_boot_rules([BootRule(BootDecision.PENDING, interval_seconds=5)])
    station = await replica.connect()
    answer = await station.call("BootNotification", BOOT)
    assert (answer[2]["status"], answer[2]["interval"]) == ("Pending", 5)
    assert (await station.call("StartTransaction", START))[2] == "SecurityError"
    waiting = station.session.call(ChangeConfiguration(key="HeartbeatInterval", value="5"))
    [call] = station.wire.take()
    station.say(3, call[1], {"status": "Accepted"})
    assert (await waiting).outcome is CommandOutcome.DONE
    assert (await station.session.call(RemoteStartTransaction("TAG"))).outcome is CommandOutcome.REFUSED


async def test_a_rejected_station_is_not_commanded() -> None:
    replica = Replica()
    await replica.bus.write_boot_rules([BootRule(BootDecision.REJECTED)])
    station = await replica.connect()
    assert (await station.call("BootNotification", BOOT))[2]["status"] == "Rejected"
    answer = await station.session.call(ClearCache())
    assert answer.outcome is CommandOutcome.REFUSED
    assert "rejected" in answer.description
    assert (await station.call("Heartbeat", {}))[2] == "SecurityError"
    assert station.wire.take() == []


async def test_new_rules_count_for_the_next_boot() -> None:
    replica = Replica()
    station = await replica.booted()
    await replica.bus.write_boot_rules([BootRule(BootDecision.PENDING)])
    assert (await station.call("Heartbeat", {}))[0] == 3
    assert (await station.call("BootNotification", BOOT))[2]["status"] == "Pending"
    assert (await station.call("Heartbeat", {}))[2] == "SecurityError"
    await replica.bus.write_boot_rules([])
    assert (await station.call("BootNotification", BOOT))[2]["status"] == "Accepted"
    assert (await station.call("Heartbeat", {}))[0] == 3


async def test_without_the_store_the_rules_stay_as_they_were() -> None:
    replica = Replica()
    await replica.bus.write_boot_rules([BootRule(BootDecision.PENDING)])
    station = await replica.connect()
    await station.call("BootNotification", BOOT)
    replica.store.available = False
    assert (await station.call("BootNotification", BOOT))[2]["status"] == "Pending"


async def test_boots_are_events() -> None:
    replica = Replica()
    await replica.booted()
    await replica.events.flush()
    [event] = await replica.bus.read_events("CP-1")
    assert (event.at, event.kind, event.status, event.detail) == (
        NOW,
        StationEventKind.BOOT,
        "Accepted",
        "Vendor Model",
    )


async def test_wishes_are_sent_after_the_boot_and_reported() -> None:
    replica = Replica()
    wishes = {"HeartbeatInterval": "5", "Nonsense": "x", "LightIntensity": "50"}
    await replica.bus.write_configuration_wishes("CP-1", wishes)
    station = await replica.connect()
    station.say(2, "boot", "BootNotification", BOOT)
    await until(lambda: len(station.wire.sent) == 2)
    boot, call = station.wire.take()
    assert boot[:2] == [3, "boot"]
    for key, answer in (
        ("HeartbeatInterval", [3, {"status": "Accepted"}]),
        ("Nonsense", [3, {"status": "NotSupported"}]),
        ("LightIntensity", [4, "InternalError", "no lamp", {}]),
    ):
        assert call[2:] == ["ChangeConfiguration", {"key": key, "value": wishes[key]}]
        station.say(answer[0], call[1], *answer[1:])
        if key != "LightIntensity":
            await until(lambda: station.wire.sent)
            [call] = station.wire.take()
    await replica.settle()
    assert await replica.bus.read_configuration_report("CP-1") == ConfigurationReport(
        NOW,
        {
            "HeartbeatInterval": "Accepted",
            "Nonsense": "NotSupported",
            "LightIntensity": "InternalError: no lamp",
        },
    )
    await replica.events.flush()
    event = (await replica.bus.read_events("CP-1"))[-1]
    assert (event.kind, event.status) == (StationEventKind.CONFIGURATION, "Incomplete")
    assert event.detail == "Nonsense: NotSupported; LightIntensity: InternalError: no lamp"


async def test_an_answer_with_an_extra_field_counts_when_lenient() -> None:
    replica = Replica(strict=False)
    await replica.bus.write_configuration_wishes("CP-1", {"a": "1"})
    station = await replica.connect()
    station.say(2, "boot", "BootNotification", BOOT)
    await until(lambda: len(station.wire.sent) == 2)
    _, call = station.wire.take()
    station.say(3, call[1], {"status": "Accepted", "vendor": 1})
    await replica.settle()
    report = await replica.bus.read_configuration_report("CP-1")
    assert report is not None
    assert report.results == {"a": "Accepted"}


@pytest.mark.parametrize(
    ("report", "sent"),
    [
        (None, ["a", "b"]),
        (ConfigurationReport(NOW, {"a": "Accepted"}), ["b"]),
        (ConfigurationReport(NOW, {"a": "Accepted", "b": "not_connected: the connection ended"}), ["b"]),
    ],
    ids=["never", "in part", "cut off"],
)
async def test_wishes_that_were_not_answered_are_sent_when_the_station_comes_back_without_a_boot(
    report: ConfigurationReport | None, sent: list[str]
) -> None:
    replica = Replica()
    (await replica.booted()).leave()
    await replica.bus.write_configuration_wishes("CP-1", {"a": "1", "b": "2"})
    if report is not None:
        await replica.bus.write_configuration_report("CP-1", report)
    station = await replica.connect()
    for key in sent:
        await until(lambda: station.wire.sent)
        [call] = station.wire.take()
        assert call[3]["key"] == key
        station.say(3, call[1], {"status": "Accepted"})
    await replica.settle()
    kept = await replica.bus.read_configuration_report("CP-1")
    assert kept is not None
    assert kept.results == {"a": "Accepted", "b": "Accepted"}


async def test_wishes_that_were_answered_are_not_sent_again_without_a_boot() -> None:
    replica = Replica()
    (await replica.booted()).leave()
    await replica.bus.write_configuration_wishes("CP-1", {"a": "1", "b": "2"})
    report = ConfigurationReport(NOW, {"a": "Rejected", "b": "RebootRequired"})
    await replica.bus.write_configuration_report("CP-1", report)
    station = await replica.connect()
    await replica.settle()
    assert station.wire.take() == []


async def test_a_security_profile_that_was_wished_for_may_not_be_lowered_again() -> None:
    replica = Replica()
    await replica.bus.write_configuration_wishes("CP-1", {"SecurityProfile": "2"})
    station = await replica.connect()
    station.wire.security_profile = 1
    station.say(2, "boot", "BootNotification", BOOT)
    await until(lambda: len(station.wire.sent) == 2)
    _, call = station.wire.take()
    station.say(3, call[1], {"status": "Accepted"})
    await replica.settle()
    # What it has shown: the gate raises that when it comes with more, and bars anything less from then on.
    [registration] = await replica.bus.read_registrations(["CP-1"])
    assert registration is not None
    assert registration.security_profile == 1


async def test_wishes_that_meet_a_newer_connection_are_sent_over_it() -> None:
    replica = Replica()
    await replica.bus.write_configuration_wishes("CP-1", {"a": "1"})
    station = await replica.connect()
    station.say(2, "boot", "BootNotification", BOOT)
    await until(lambda: len(station.wire.sent) == 2)
    newer = Station(replica, "CP-1")
    await until(lambda: newer.wire.sent)
    [call] = newer.wire.take()
    newer.say(3, call[1], {"status": "Accepted"})
    await replica.settle()
    report = await replica.bus.read_configuration_report("CP-1")
    assert report is not None
    assert report.results == {"a": "Accepted"}


async def test_wishes_that_come_while_others_are_applied_are_applied_too() -> None:
    replica = Replica()
    await replica.bus.write_configuration_wishes("CP-1", {"a": "1"})
    station = await replica.connect()
    station.say(2, "boot", "BootNotification", BOOT)
    await until(lambda: len(station.wire.sent) == 2)
    _, call = station.wire.take()
    await replica.bus.write_configuration_wishes("CP-1", {"b": "2"})
    await replica.configuration.apply("CP-1", station.session)
    station.say(3, call[1], {"status": "Accepted"})
    await until(lambda: station.wire.sent)
    [call] = station.wire.take()
    assert call[3] == {"key": "b", "value": "2"}
    station.say(3, call[1], {"status": "Accepted"})
    await replica.settle()
    report = await replica.bus.read_configuration_report("CP-1")
    assert report is not None
    assert report.results == {"b": "Accepted"}


@pytest.mark.parametrize("wished", [{"b": "2"}, {}], ids=["replaced", "withdrawn"])
async def test_answers_to_wishes_that_do_not_stand_any_more_are_not_reported(wished: dict[str, str]) -> None:
    replica = Replica()
    await replica.bus.write_configuration_wishes("CP-1", {"a": "1"})
    station = await replica.connect()
    station.say(2, "boot", "BootNotification", BOOT)
    await until(lambda: len(station.wire.sent) == 2)
    _, call = station.wire.take()
    await replica.bus.write_configuration_wishes("CP-1", wished)
    station.say(3, call[1], {"status": "Accepted"})
    await replica.settle()
    assert await replica.bus.read_configuration_report("CP-1") is None


async def test_a_station_that_leaves_in_between_gets_no_further_wishes() -> None:
    replica = Replica()
    await replica.bus.write_configuration_wishes("CP-1", {"a": "1", "b": "2"})
    station = await replica.connect()
    station.say(2, "boot", "BootNotification", BOOT)
    await until(lambda: len(station.wire.sent) == 2)
    station.leave()
    await replica.settle()
    report = await replica.bus.read_configuration_report("CP-1")
    assert report is not None
    assert list(report.results) == ["a"]
    assert report.results["a"].startswith("not_connected")


async def test_what_is_implausible_is_answered_and_becomes_an_event() -> None:
    replica = Replica()
    station = await replica.booted()
    stop = {"transactionId": 77, "meterStop": 6000, "timestamp": "2027-01-15T08:00:00Z"}
    assert (await station.call("StopTransaction", stop))[0] == 3
    assert (await station.call("StopTransaction", stop))[0] == 3
    await replica.events.flush()
    flagged = [
        event
        for event in await replica.bus.read_events("CP-1")
        if event.kind is StationEventKind.TRANSACTION_FLAGGED
    ]
    assert len(flagged) == 1
    assert "unknown_transaction=77" in flagged[0].detail
