"""Commands from controllers to stations."""

import asyncio
from typing import Any

import msgspec
import pytest

from evswarm_csms.commands import CommandDesk
from evswarm_shared import authorization_key
from evswarm_shared.bus.csms_records import ConfigurationReport, CsmsNotice, StationRegistration
from evswarm_shared.bus.messages import Command, CommandOutcome, CommandReply, CommandTarget, IdTagRecord
from tests.unit.csms.conversation import NOW, Replica, Station, until


def command(action: str = "ClearCache", payload: Any = None, **changes: Any) -> Command:
    fields: dict[str, Any] = {
        "command_id": "c-1",
        "station_id": "CP-1",
        "action": action,
        "payload": msgspec.Raw(msgspec.json.encode({} if payload is None else payload)),
        "expires_at": NOW + 30,
        "reply_to": "controller-1",
    }
    return Command(**{**fields, **changes})


def desk(replica: Replica) -> CommandDesk:
    return CommandDesk(
        replica.bus,
        replica.name,
        replica.directory,
        spawn=replica.spawn,
        failures=replica.failures,
        configuration=replica.configuration,
        accept_unknown_tags=True,
        clock=lambda: replica.now,
    )


async def carried_out(replica: Replica, station: Station, order: Command, *answer: Any) -> Any:
    """Carry an order out while the station gives `answer` (without the message id)."""
    waiting = asyncio.create_task(desk(replica).carry_out(order))
    await until(lambda: station.wire.sent)
    [call] = station.wire.take()
    station.say(answer[0], call[1], *answer[1:])
    return await waiting, call


async def test_the_payload_is_sent_and_the_stations_answer_comes_back() -> None:
    replica = Replica()
    station = await replica.booted()
    order = command("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "5"})
    answer, call = await carried_out(replica, station, order, 3, {"status": "Accepted"})
    assert call[2:] == ["ChangeConfiguration", {"key": "HeartbeatInterval", "value": "5"}]
    assert answer.outcome is CommandOutcome.DONE
    assert msgspec.json.decode(answer.payload) == {"status": "Accepted"}


async def test_a_call_error_is_passed_on_with_its_code() -> None:
    replica = Replica()
    station = await replica.booted()
    answer, _ = await carried_out(replica, station, command(), 4, "NotSupported", "no cache", {})
    assert (answer.outcome, answer.error_code, answer.description) == (
        CommandOutcome.CALL_ERROR,
        "NotSupported",
        "no cache",
    )


@pytest.mark.parametrize(
    ("action", "payload", "named"),
    [
        ("Reset", {}, "type"),
        ("Reset", {"type": "Gentle"}, "type"),
        ("ChangeConfiguration", {"key": "k", "value": 5}, "value"),
        ("Heartbeat", {}, "Heartbeat"),
        ("Dance", {}, "Action"),
    ],
)
async def test_a_bad_command_is_invalid_and_names_what_is_wrong(
    action: str, payload: Any, named: str
) -> None:
    replica = Replica()
    station = await replica.booted()
    answer = await desk(replica).carry_out(command(action, payload))
    assert answer.outcome is CommandOutcome.INVALID
    assert named in answer.description
    assert station.wire.take() == []


async def test_a_station_that_is_not_here_is_not_connected() -> None:
    answer = await desk(Replica()).carry_out(command())
    assert answer.outcome is CommandOutcome.NOT_CONNECTED


async def test_a_command_that_comes_too_late_is_not_sent() -> None:
    replica = Replica()
    station = await replica.booted()
    answer = await desk(replica).carry_out(command(expires_at=NOW))
    assert answer.outcome is CommandOutcome.TIMEOUT
    assert station.wire.take() == []


async def test_a_command_from_the_bus_is_replied_to_and_counted() -> None:
    replica = Replica()
    await replica.booted()
    commands = desk(replica)
    listening = asyncio.Event()
    running = asyncio.create_task(commands.run(listening))
    await listening.wait()
    async with replica.bus.replies("controller-1") as replies:
        await replica.bus.send_command(CommandTarget.CSMS, "csms-1", command("Reset", {}))
        reply = await anext(aiter(replies))
    assert isinstance(reply, CommandReply)
    assert (reply.command_id, reply.outcome) == ("c-1", CommandOutcome.INVALID)
    assert commands.counts["Reset", "invalid"] == 1
    running.cancel()


async def test_a_command_that_fails_by_our_fault_is_refused_and_the_next_is_served(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError

    replica = Replica()
    await replica.booted()
    running = asyncio.create_task(desk(replica).run(listening := asyncio.Event()))
    await listening.wait()
    async with replica.bus.replies("controller-1") as replies:
        answers = aiter(replies)
        with monkeypatch.context() as failing:
            failing.setattr("evswarm_csms.commands.decode_request", broken)
            await replica.bus.send_command(CommandTarget.CSMS, "csms-1", command())
            assert (await anext(answers)).outcome is CommandOutcome.REFUSED
        await replica.bus.send_command(CommandTarget.CSMS, "csms-1", command("Reset", {}))
        assert (await anext(answers)).outcome is CommandOutcome.INVALID
    assert replica.failures["command"] == 1
    assert len([record for record in caplog.records if record.exc_info]) == 1
    running.cancel()


async def test_a_notice_of_another_replica_closes_the_older_connection() -> None:
    replica = Replica()
    station = await replica.booted()
    commands = desk(replica)
    listening = asyncio.Event()
    running = asyncio.create_task(commands.run(listening))
    await listening.wait()
    await replica.bus.send_command(
        CommandTarget.CSMS, "csms-1", command(CsmsNotice.CONNECTION_REPLACED, {"epoch": 9}, reply_to="")
    )
    await until(lambda: not station.wire.open)
    running.cancel()


async def test_a_tag_that_may_not_charge_starts_nothing_by_remote() -> None:
    replica = Replica()
    station = await replica.booted()
    await replica.bus.write_tag(IdTagRecord("tag-1", "Blocked"))
    answer = await desk(replica).carry_out(command("RemoteStartTransaction", {"idTag": "TAG-1"}))
    assert answer.outcome is CommandOutcome.REFUSED
    assert "'TAG-1' is Blocked" in answer.description
    assert station.wire.take() == []


async def change(replica: Replica, station: Station, key: str, value: str, status: str) -> Any:
    """Carry a ChangeConfiguration out that the station answers with this status."""
    order = command("ChangeConfiguration", {"key": key, "value": value})
    await carried_out(replica, station, order, 3, {"status": status})
    [registration] = await replica.bus.read_registrations(["CP-1"])
    return registration


KEY = "0123456789abcdef0123456789abcdef"


async def test_an_accepted_authorization_key_is_the_only_one_from_then_on() -> None:
    replica = Replica()
    station = await replica.booted()
    station.wire.security_profile = 2
    old = "an older key of the station"
    await replica.bus.write_registration(
        StationRegistration("CP-1", None, "salt", authorization_key.digests("salt", old))
    )
    registration = await change(replica, station, "authorizationKEY", KEY, "Accepted")
    salt, digests = registration.key_salt, registration.key_digests
    assert authorization_key.matches(salt, digests, KEY.encode())
    assert authorization_key.matches(salt, digests, bytes.fromhex(KEY))
    assert not authorization_key.matches(salt, digests, old.encode())
    assert registration.security_profile == 2


async def test_the_key_in_use_and_the_last_one_that_waits_for_a_reboot_are_good() -> None:
    replica = Replica()
    station = await replica.booted()
    await change(replica, station, "AuthorizationKey", "the first key of it", "Accepted")
    for key in ("one that never came to be", KEY):
        registration = await change(replica, station, "AuthorizationKey", key, "RebootRequired")
    salt = registration.key_salt
    assert registration.key_digests == authorization_key.digests(salt, "the first key of it")
    assert registration.next_key_digests == authorization_key.digests(salt, KEY)
    registration = await change(replica, station, "AuthorizationKey", "and another that is", "Accepted")
    assert registration.key_digests == authorization_key.digests(registration.key_salt, "and another that is")
    assert registration.next_key_digests == ()


@pytest.mark.parametrize("status", ["Rejected", "NotSupported"])
async def test_a_key_that_the_station_did_not_take_changes_nothing(status: str) -> None:
    replica = Replica()
    station = await replica.booted()
    assert await change(replica, station, "AuthorizationKey", KEY, status) is None


async def test_a_key_does_not_lock_out_a_station_that_does_not_send_it_yet() -> None:
    replica = Replica()
    station = await replica.booted()
    registration = await change(replica, station, "AuthorizationKey", KEY, "Accepted")
    assert registration.security_profile == 0


async def test_other_keys_register_nothing() -> None:
    replica = Replica()
    station = await replica.booted()
    assert await change(replica, station, "HeartbeatInterval", "5", "Accepted") is None


async def test_a_forgotten_station_is_dismissed_and_has_to_boot_again() -> None:
    replica = Replica()
    station = await replica.booted()
    await told(replica, command(CsmsNotice.STATION_FORGOTTEN, reply_to=""))
    assert station.wire.open is False


async def told(replica: Replica, notice: Command) -> None:
    """Have the desk hear a notice."""
    listening = asyncio.Event()
    running = asyncio.create_task(desk(replica).run(listening))
    await listening.wait()
    await replica.bus.send_command(CommandTarget.CSMS, "csms-1", notice)
    await until(lambda: replica.tasks)
    await replica.settle()
    running.cancel()


async def test_wishes_are_applied_when_they_are_told_of() -> None:
    replica = Replica()
    station = await replica.booted()
    await replica.bus.write_configuration_wishes("CP-1", {"HeartbeatInterval": "7"})
    telling = asyncio.create_task(told(replica, command(CsmsNotice.CONFIGURATION_WISHED, reply_to="")))
    await until(lambda: station.wire.sent)
    [call] = station.wire.take()
    assert call[2:] == ["ChangeConfiguration", {"key": "HeartbeatInterval", "value": "7"}]
    station.say(3, call[1], {"status": "Accepted"})
    await telling
    assert await replica.bus.read_configuration_report("CP-1") == ConfigurationReport(
        NOW, {"HeartbeatInterval": "Accepted"}
    )
