"""Actions by hand: what is asked, and what is answered."""

from typing import Any

import msgspec
import pytest

from evswarm_shared.bus.memory import MemoryBus
from evswarm_shared.bus.messages import (
    Command,
    CommandOutcome,
    CommandReply,
    Shortfall,
    StationSnapshot,
    StationState,
)
from evswarm_worker.commands import CommandService
from evswarm_worker.share import StationPlan
from evswarm_worker.station.errors import StationActionError
from tests.unit.worker.fakes import FakeStation
from tests.unit.worker.test_host import Shell


def served(
    action: str, payload: str = "null", *, station: FakeStation | None = None, expires_at: float = 1e12
) -> tuple[CommandReply | None, FakeStation]:
    station = station or FakeStation()
    host = Shell().host(StationPlan("CP-000001", 1, {}), station)
    service = CommandService(MemoryBus(), "w1", {"CP-000001": host}, lambda: 1000.0, lambda host: "TAG1")
    command = Command(
        "c1", "CP-000001", action, msgspec.Raw(payload.encode()), expires_at=expires_at, reply_to="controller"
    )
    return service.serve(command), station


@pytest.mark.parametrize(
    ("action", "payload", "done"),
    [
        ("plug_in", "null", ("plug_in", 1)),
        ("plug_in", '{"connector_id": 2}', ("plug_in", 2)),
        ("authorize", "{}", ("authorize", 1, "TAG1")),
        ("authorize", '{"id_tag": "AB", "connector_id": 2}', ("authorize", 2, "AB")),
        ("fault", '{"connector_id": 0, "error_code": "GroundFailure"}', ("fault", 0, "GroundFailure", "")),
        ("fault", '{"info": "hot"}', ("fault", 1, "OtherError", "hot")),
        ("press_stop", "{}", ("press_stop", 1, "Local")),
        ("press_stop", '{"reason": "EmergencyStop"}', ("press_stop", 1, "EmergencyStop")),
        ("power_cycle", "null", ("power_cycle", "PowerLoss")),
        ("power_cycle", '{"reason": "Reboot"}', ("power_cycle", "Reboot")),
        ("set_configuration", '{"key": "A", "value": ""}', ("set_configuration", "A", "")),
        ("add_to_cache", '{"id_tag": "AB"}', ("add_to_cache", "AB", "Accepted")),
        ("add_to_cache", '{"id_tag": "AB", "status": "Blocked"}', ("add_to_cache", "AB", "Blocked")),
        ("open_door", "null", ("open_door",)),
        ("reconnect", "null", ("reconnect",)),
        ("set_autonomous", '{"autonomous": false}', ("set_autonomous", False)),
    ],
)
def test_an_action_reaches_the_station_and_its_state_comes_back(
    action: str, payload: str, done: tuple[Any, ...]
) -> None:
    reply, station = served(action, payload)
    assert station.inputs == [done]
    assert reply is not None
    assert reply.outcome is CommandOutcome.DONE
    row = msgspec.json.decode(reply.payload, type=StationSnapshot)
    assert row.station_id == "CP-000001"
    assert row.state is StationState.AVAILABLE
    assert row.connectors == ("Available",)


@pytest.mark.parametrize(
    ("action", "payload", "words"),
    [
        ("dance", "{}", "unknown action dance"),
        ("plug_in", '{"connector_id": "1"}', "connector_id"),
        ("plug_in", '{"connector_id": 0}', "connector_id"),
        ("plug_in", '{"connector": 1}', "connector"),
        ("plug_in", "[1]", "object"),
        ("plug_in", "{", "malformed|truncated"),
        ("authorize", '{"id_tag": "123456789012345678901"}', "id_tag"),
        ("fault", '{"error_code": "Boredom"}', "error_code"),
        ("fault", '{"error_code": "NoError"}', "NoError"),
        ("press_stop", '{"reason": "Boredom"}', "reason"),
        ("set_configuration", '{"key": "A"}', "value"),
        ("add_to_cache", "{}", "id_tag"),
        ("set_autonomous", "{}", "autonomous"),
        ("network_down", '{"connector_id": 1}', "connector_id"),
    ],
)
def test_a_request_that_does_not_fit_is_refused_by_name(action: str, payload: str, words: str) -> None:
    import re

    reply, station = served(action, payload)
    assert reply is not None
    assert reply.outcome is CommandOutcome.INVALID
    assert re.search(words, reply.description)
    assert station.inputs == []


def test_what_is_not_possible_now_is_refused_with_the_stations_own_sentence() -> None:
    station = FakeStation()
    station.raises = StationActionError("Connector 1 has a car already: unplug it first.")
    reply, _ = served("plug_in", station=station)
    assert reply is not None
    assert reply.outcome is CommandOutcome.REFUSED
    assert reply.description == "Connector 1 has a car already: unplug it first."


def test_a_command_that_nobody_waits_for_is_not_carried_out() -> None:
    reply, station = served("plug_in", expires_at=999.0)
    assert reply is None
    assert station.inputs == []


def test_a_station_that_is_not_here_is_unknown() -> None:
    service = CommandService(MemoryBus(), "w1", {}, lambda: 0.0, lambda host: "")
    reply = service.serve(Command("c1", "CP-9", "plug_in", msgspec.Raw(b"{}"), 10.0, "controller"))
    assert reply is not None
    assert reply.outcome is CommandOutcome.UNKNOWN_STATION


def test_a_description_is_answered_with_the_station_as_it_is_and_counts_as_no_input() -> None:
    reply, station = served("describe", '{"schedule_seconds": 60, "full_tags": true}')
    assert reply is not None and reply.outcome is CommandOutcome.DONE
    assert msgspec.json.decode(reply.payload)["asked"] == [1000.0, 60, True]
    assert station.inputs == []


def test_a_description_that_is_asked_for_wrongly_is_refused() -> None:
    reply, _ = served("describe", '{"schedule_seconds": -1}')
    assert reply is not None and reply.outcome is CommandOutcome.INVALID
    assert "describe" in reply.description


class Several:
    """A worker with stations CP-1 to CP-3 and a clock."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.stations = {f"CP-{number}": FakeStation(f"CP-{number}") for number in (1, 2, 3)}
        hosts = {
            station_id: Shell().host(StationPlan(station_id, 1, {}), station)
            for station_id, station in self.stations.items()
        }
        self.service = CommandService(MemoryBus(), "w1", hosts, lambda: self.now, lambda host: "TAG1")

    async def serve(self, action: str, *station_ids: str) -> tuple[Shortfall, ...]:
        """What was not done."""
        command = Command(
            "c1", "", action, msgspec.Raw(b"null"), 1001.0, "controller", station_ids=station_ids
        )
        reply = await self.service.serve_many(command)
        assert (reply.command_id, reply.outcome) == ("c1", CommandOutcome.DONE)
        return reply.shortfalls


async def test_one_command_is_carried_out_at_many_stations_and_names_where_it_was_not() -> None:
    worker = Several()
    worker.stations["CP-2"].raises = StationActionError("no car")
    assert await worker.serve("plug_in", "CP-1", "CP-2", "CP-9", "CP-3") == (
        Shortfall("CP-2", CommandOutcome.REFUSED, "no car"),
        Shortfall("CP-9", CommandOutcome.UNKNOWN_STATION),
    )
    assert [station.inputs for station in worker.stations.values()] == [[("plug_in", 1)]] * 3


async def test_stations_that_come_after_the_time_is_over_are_left_alone_and_said_to_be() -> None:
    worker = Several()

    def late(connector_id: int, now: float) -> None:
        worker.now = 1002.0

    worker.stations["CP-1"].plug_in = late  # type: ignore[method-assign]
    (shortfall,) = await worker.serve("plug_in", "CP-1", "CP-2")
    assert (shortfall.station_id, shortfall.outcome) == ("CP-2", CommandOutcome.TIMEOUT)
    assert worker.stations["CP-2"].inputs == []
