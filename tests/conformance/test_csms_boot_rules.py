"""Stations that our central system accepts, lets wait or turns away, by its rules (OCPP 1.6 §4.2)."""

from collections.abc import AsyncIterator, Iterator

import pytest

from evswarm_shared.bus.csms_records import BootDecision, BootRule
from evswarm_shared.bus.messages import CommandOutcome
from evswarm_shared.bus.redis import RedisBus
from tests.conformance.command_sender import CommandSender
from tests.conformance.conftest import CentralSystem, running_central_system
from tests.support.ocpp_peers.raw_connection import Answer, raw_station

BOOT = {"chargePointVendor": "Vendor", "chargePointModel": "Model"}
STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
START = {"connectorId": 1, "idTag": "TAG", "meterStart": 0, "timestamp": "2026-11-22T12:00:00.000Z"}
INTERVAL = 17


@pytest.fixture(scope="module")
def strict_system(valkey_url: str) -> Iterator[CentralSystem]:
    """A central system of its own: rules hold for all its stations."""
    with running_central_system(valkey_url) as system:
        yield system


@pytest.fixture
async def rules(strict_system: CentralSystem) -> AsyncIterator[RedisBus]:
    """Its store; the rules are gone after the test."""
    bus = RedisBus.connect(strict_system.redis_url, strict_system.key_prefix)
    yield bus
    await bus.write_boot_rules([])
    await bus.close()


@pytest.mark.parametrize("decision", list(BootDecision))
async def test_4_2_the_rule_decides_and_its_interval_is_told(
    strict_system: CentralSystem, station_id: str, rules: RedisBus, decision: BootDecision
) -> None:
    await rules.write_boot_rules([BootRule(decision, station_id=station_id, interval_seconds=INTERVAL)])
    async with raw_station(strict_system.url, station_id) as station:
        answer = (await station.call("BootNotification", BOOT))[2]
    assert (answer["status"], answer["interval"]) == (decision.value, INTERVAL)
    assert answer["currentTime"].endswith("Z")


async def test_4_2_1_a_pending_station_may_say_nothing_else_and_gets_commands(
    strict_system: CentralSystem, station_id: str, rules: RedisBus
) -> None:
    await rules.write_boot_rules([BootRule(BootDecision.PENDING, station_id=station_id)])
    answers: dict[str, Answer] = {"GetConfiguration": {"configurationKey": []}}
    async with raw_station(strict_system.url, station_id, answers=answers) as station:
        await station.call("BootNotification", BOOT)
        assert (await station.call("StatusNotification", STATUS))[2] == "SecurityError"
        assert (await station.call("StartTransaction", START))[2] == "SecurityError"
        reply = await CommandSender(rules).to_station(station_id, "GetConfiguration", {})
        assert reply.outcome is CommandOutcome.DONE


async def test_4_2_a_message_that_was_triggered_while_pending_is_taken(
    strict_system: CentralSystem, station_id: str, rules: RedisBus
) -> None:
    await rules.write_boot_rules([BootRule(BootDecision.PENDING, station_id=station_id)])
    async with raw_station(
        strict_system.url, station_id, answers={"TriggerMessage": {"status": "Accepted"}}
    ) as station:
        await station.call("BootNotification", BOOT)
        trigger = {"requestedMessage": "StatusNotification", "connectorId": 1}
        reply = await CommandSender(rules).to_station(station_id, "TriggerMessage", trigger)
        assert reply.outcome is CommandOutcome.DONE
        assert (await station.call("StatusNotification", STATUS))[0] == 3


async def test_4_2_a_station_that_had_to_wait_is_accepted_when_the_rule_is_gone(
    strict_system: CentralSystem, station_id: str, rules: RedisBus
) -> None:
    await rules.write_boot_rules([BootRule(BootDecision.REJECTED, station_id=station_id)])
    async with raw_station(strict_system.url, station_id) as station:
        assert (await station.call("BootNotification", BOOT))[2]["status"] == "Rejected"
        await rules.write_boot_rules([])
        assert (await station.call("BootNotification", BOOT))[2]["status"] == "Accepted"
        assert (await station.call("StatusNotification", STATUS))[0] == 3


async def test_4_2_the_first_rule_that_fits_the_model_counts(
    strict_system: CentralSystem, station_id: str, rules: RedisBus
) -> None:
    await rules.write_boot_rules(
        [
            BootRule(BootDecision.ACCEPTED, station_id=station_id, model="Model 2*"),
            BootRule(BootDecision.REJECTED, station_id=station_id, vendor="vendor"),
        ]
    )
    async with raw_station(strict_system.url, station_id) as station:
        first = await station.call("BootNotification", BOOT)
        second = await station.call("BootNotification", BOOT | {"chargePointModel": "Model 22"})
    assert (first[2]["status"], second[2]["status"]) == ("Rejected", "Accepted")
