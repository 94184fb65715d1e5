"""The live feed without sockets: what each client gets, held against the schema and against the fleet."""

import json
from typing import Any

import jsonschema
import msgspec
import pytest

from evswarm_controller.live_frames import (
    RING_FRAMES,
    SNAPSHOT_PART_ROWS,
    AskResync,
    ClientHello,
    Rate,
    Subscribe,
    decode_client,
    log_frame,
)
from evswarm_controller.live_hub import TICK_SECONDS, TREND_SECONDS
from evswarm_controller.live_schema import live_schema
from evswarm_controller.live_subscriber import LOGS_FOLLOWED, Subscriber
from evswarm_shared.bus.messages import (
    ROW_FIELDS,
    OperationKind,
    OperationSnapshot,
    OperationState,
    StationState,
)
from evswarm_shared.history.log_lines import LogLine
from tests.unit.controller.desk import Desk, encoded, row

SCHEMA = live_schema()


def part(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator({**SCHEMA, "oneOf": [{"$ref": f"#/$defs/{name}"}]})


SERVER, CLIENT = part("server"), part("client")


def read(frames: list[str]) -> list[dict[str, Any]]:
    decoded = [json.loads(frame) for frame in frames]
    for frame in decoded:
        SERVER.validate(frame)
    return decoded


class Page:
    """A client that does with frames what the schema tells it to."""

    def __init__(self, desk: Desk, subscriber: Subscriber | None = None) -> None:
        self.desk = desk
        self.subscriber = subscriber or desk.context.hub.join(None, None)
        self.rows: dict[str, list[Any]] = {}
        self.seq = -1
        self.agg: dict[str, Any] = {}
        self.types: list[str] = []

    def take(self) -> list[dict[str, Any]]:
        frames = read(self.desk.context.hub.due(self.subscriber, self.desk.clock()))
        for frame in frames:
            self.types.append(frame["type"])
            if frame["type"] == "snapshot":
                if frame["part"] == 1:
                    self.rows = {}
                self.seq = frame["seq"]
            elif frame["type"] == "patch":
                assert frame["seq"] == self.seq + 1
                self.seq = frame["seq"]
            for changed in (*frame.get("rows", []), *frame.get("add", [])):
                self.rows[changed[0]] = changed
            for station_id in frame.get("del", []):
                self.rows.pop(station_id, None)
            self.agg = frame.get("agg", self.agg)
        return frames

    def shows_the_fleet(self) -> bool:
        fleet = self.desk.context.fleet
        return self.rows == {r.station_id: json.loads(encoded(r)) for r in fleet.rows.values()}


def tick(desk: Desk, times: int = 1) -> None:
    for _ in range(times):
        desk.clock.at += TICK_SECONDS
        desk.context.hub.tick()


def publish(desk: Desk, *rows: Any) -> None:
    desk.context.fleet.apply("w1", [encoded(r) for r in rows], desk.clock())


def test_the_schema_is_a_schema_and_names_the_rows_columns() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    titles = [column["title"] for column in SCHEMA["$defs"]["row"]["prefixItems"]]
    assert titles == list(ROW_FIELDS)
    assert SCHEMA["$defs"]["row"]["minItems"] == len(ROW_FIELDS)


def test_before_everything_is_read_nothing_is_sent(desk: Desk) -> None:
    page = Page(desk)
    tick(desk)
    assert page.take() == []


def test_hello_tells_how_to_read_the_rest(swarm: Desk) -> None:
    tick(swarm, 3)
    (frame,) = read([swarm.context.hub.hello()])
    assert frame["fields"] == list(ROW_FIELDS)
    assert frame["seq"] == 3
    assert frame["currency"] == "EUR"
    assert set(frame["states"]) == {state.value for state in StationState}


def test_a_new_client_gets_everything_and_then_what_changes(swarm: Desk) -> None:
    page = Page(swarm)
    page.take()
    assert page.shows_the_fleet()
    publish(swarm, row("CP-000001", power_w=7000), row("NEW-1"))
    swarm.context.fleet.remove(["CP-000002"])
    tick(swarm, 2)
    page.take()
    assert page.types == ["snapshot", "patch", "patch"]
    assert page.shows_the_fleet()
    assert page.agg["stations"] == 20
    assert page.agg["power_w"] == 7000


def test_a_snapshot_comes_in_parts(swarm: Desk) -> None:
    publish(swarm, *(row(f"X{i:05d}") for i in range(2 * SNAPSHOT_PART_ROWS)))
    page = Page(swarm)
    frames = page.take()
    assert [(f["part"], f["parts"], len(f["rows"])) for f in frames] == [
        (1, 3, SNAPSHOT_PART_ROWS),
        (2, 3, SNAPSHOT_PART_ROWS),
        (3, 3, 20),
    ]
    assert ["agg" in f for f in frames] == [False, False, True]
    assert page.shows_the_fleet()


def test_states_come_with_every_patch_and_figures_with_every_second(swarm: Desk) -> None:
    page = Page(swarm)
    tick(swarm)
    page.take()
    publish(swarm, row("CP-000001", power_w=1), row("CP-000002", state=StationState.FAULTED))
    tick(swarm)
    assert [r[0] for r in page.take()[0].get("rows", [])] == ["CP-000002"]
    tick(swarm)
    assert [r[0] for r in page.take()[0]["rows"]] == ["CP-000001"]


def test_the_same_frame_goes_to_every_client(swarm: Desk) -> None:
    first, second = swarm.context.hub.join(None, None), swarm.context.hub.join(None, None)
    hub = swarm.context.hub
    for _ in range(2):
        a, b = hub.due(first, swarm.clock()), hub.due(second, swarm.clock())
        assert all(x is y for x, y in zip(a, b, strict=True))
        tick(swarm)


def test_a_client_that_was_away_for_a_moment_goes_on_where_it_was(swarm: Desk) -> None:
    page = Page(swarm)
    tick(swarm)
    page.take()
    epoch = json.loads(swarm.context.hub.hello())["epoch"]
    publish(swarm, row("CP-000001", power_w=3))
    tick(swarm, 4)
    page.subscriber = swarm.context.hub.join(epoch, page.seq)
    frames = page.take()
    assert [f["type"] for f in frames] == ["patch"] * 4
    assert page.shows_the_fleet()


@pytest.mark.parametrize("missed", [RING_FRAMES + 1, -1])
def test_a_client_that_was_away_too_long_or_is_ahead_gets_everything(swarm: Desk, missed: int) -> None:
    tick(swarm, RING_FRAMES + 5)
    hello = json.loads(swarm.context.hub.hello())
    page = Page(swarm, swarm.context.hub.join(hello["epoch"], hello["seq"] - missed))
    page.take()
    assert page.types == ["snapshot"]


def test_a_client_of_another_life_of_the_feed_gets_everything(swarm: Desk) -> None:
    tick(swarm)
    page = Page(swarm, swarm.context.hub.join("another", 1))
    page.take()
    assert page.types == ["snapshot"]


def test_a_client_that_asks_gets_everything_anew(swarm: Desk) -> None:
    page = Page(swarm)
    page.take()
    page.subscriber.asked_resync = True
    page.take()
    assert page.types == ["snapshot", "resync", "snapshot"]
    tick(swarm)
    page.take()
    assert page.types[-1] == "patch"


def test_a_slow_client_gets_a_snapshot_when_that_is_shorter(swarm: Desk) -> None:
    publish(swarm, *(row(f"X{i:04d}") for i in range(500)))
    page = Page(swarm)
    page.take()
    for power in range(20):
        publish(swarm, *(row(f"X{i:04d}", power_w=power) for i in range(500)))
        tick(swarm)
    frames = page.take()
    assert [f["type"] for f in frames] == ["resync", "snapshot"]
    assert frames[0]["reason"] == "behind"
    assert page.shows_the_fleet()
    counts = swarm.context.hub.counts
    assert (counts.frames_dropped, counts.resyncs) == (20, 1)


def test_a_hidden_page_gets_its_patches_together(swarm: Desk) -> None:
    publish(swarm, *(row(f"X{i:04d}") for i in range(200)))
    page = Page(swarm)
    page.subscriber.interval_seconds = 5.0
    page.take()
    got = []
    for _ in range(20):
        tick(swarm)
        got.append(len(page.take()))
    assert [n for n in got if n] == [10, 10]
    assert page.shows_the_fleet()


def test_a_page_at_the_feeds_own_pace_skips_nothing(swarm: Desk) -> None:
    page = Page(swarm)
    page.subscriber.interval_seconds = TICK_SECONDS
    page.take()
    for _ in range(5):
        tick(swarm)
        assert len(page.take()) == 1


async def test_operations_are_told_as_they_go_and_to_who_comes_later(swarm: Desk) -> None:
    page = Page(swarm)
    page.take()
    operation = await swarm.context.wishes.scale(25, profile=None, ramp_per_second=None)
    tick(swarm)
    (told,) = [f for f in page.take() if f["type"] == "op"]
    assert (told["id"], told["state"], told["total"]) == (operation.operation_id, "running", 5)
    late = Page(swarm)
    assert [f["id"] for f in late.take() if f["type"] == "op"] == [operation.operation_id]
    await swarm.settle()
    tick(swarm)
    (told,) = [f for f in page.take() if f["type"] == "op"]
    assert (told["state"], told["done"]) == ("succeeded", 5)
    tick(swarm)
    assert [f["type"] for f in page.take()] == ["patch"]
    assert [f["type"] for f in Page(swarm).take()] == ["snapshot"]


async def test_every_kind_of_operation_is_told_also_when_it_was_over_before_anybody_looked(
    swarm: Desk,
) -> None:
    page = Page(swarm)
    page.take()
    now = swarm.clock()
    command = OperationSnapshot(
        operation_id="command-1",
        kind=OperationKind.COMMAND,
        generation=0,
        state=OperationState.SUCCEEDED,
        target=1,
        done=1,
        created_at=now,
        updated_at=now,
        station_ids=("CP-000001",),
        action="Reset",
    )
    swarm.context.observer.take_operation(command)
    tick(swarm)
    (told,) = [f for f in page.take() if f["type"] == "op"]
    assert (told["kind"], told["action"], told["station_ids"]) == ("command", "Reset", ["CP-000001"])


async def test_what_ended_long_ago_is_not_told_as_news(swarm: Desk) -> None:
    page = Page(swarm)
    page.take()
    now = swarm.clock()
    old = OperationSnapshot(
        operation_id="bulk-1",
        kind=OperationKind.BULK,
        generation=0,
        state=OperationState.FAILED,
        target=1,
        created_at=now - 60,
        updated_at=now - 60,
    )
    swarm.context.observer.take_operation(old)
    tick(swarm)
    assert [f["type"] for f in page.take()] == ["patch"]


def test_who_follows_a_log_is_told_when_it_has_grown(swarm: Desk) -> None:
    page, other = Page(swarm), Page(swarm)
    page.subscriber.follow("CP-000001")
    assert page.subscriber.due_logs() == ["CP-000001"]
    page.subscriber.logs["CP-000001"].grown = False
    assert page.subscriber.due_logs() == []
    swarm.context.hub.logged(("CP-000001", "CP-000002"))
    assert page.subscriber.due_logs() == ["CP-000001"]
    assert other.subscriber.due_logs() == []


def test_a_log_comes_as_lines_and_with_its_labels() -> None:
    lines = [LogLine(1.5, "[10:00:00] Connection lost: reset"), LogLine(None, "no clock")]
    (frame,) = read([log_frame("CP-000001", lines)])
    assert frame["events"] == ["[10:00:00] Connection lost: reset", "no clock"]
    assert frame["entries"] == [
        {
            "at": 1.5,
            "time": "10:00:00",
            "kind": "connection",
            "level": "warning",
            "text": "Connection lost: reset",
        },
        {"at": None, "time": "", "kind": "other", "level": "info", "text": "no clock"},
    ]


def test_of_too_many_logs_the_oldest_is_no_longer_followed(swarm: Desk) -> None:
    page = Page(swarm)
    for i in range(LOGS_FOLLOWED + 1):
        page.subscriber.follow(f"S{i}")
    assert "S0" not in page.subscriber.logs
    assert len(page.subscriber.logs) == LOGS_FOLLOWED


def test_the_trend_is_kept_for_who_comes_later(swarm: Desk) -> None:
    tick(swarm, int(3 * TREND_SECONDS / TICK_SECONDS))
    points = json.loads(swarm.context.hub.hello())["trend"]["points"]
    assert len(points) == 3
    assert points[1][0] - points[0][0] == TREND_SECONDS
    assert points[-1][1:4] == [20, 20, 20]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"type":"hello"}', ClientHello()),
        ('{"type":"hello","epoch":"e","seq":3}', ClientHello(epoch="e", seq=3)),
        ('{"type":"sub","log":"CP-000001"}', Subscribe(log="CP-000001")),
        ('{"type":"rate","hz":0.2}', Rate(hz=0.2)),
        ('{"type":"resync"}', AskResync()),
    ],
)
def test_the_clients_messages_are_read_as_the_schema_has_them(text: str, message: object) -> None:
    CLIENT.validate(json.loads(text))
    assert decode_client(text) == message


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"hello","epoch":"e"}',
        '{"type":"sub"}',
        '{"type":"sub","log":""}',
        '{"type":"rate","hz":9}',
        '{"type":"resync","more":1}',
        '{"type":"quit"}',
        "[]",
    ],
)
def test_what_the_schema_refuses_is_refused(text: str) -> None:
    assert not CLIENT.is_valid(json.loads(text))
    with pytest.raises(msgspec.ValidationError):
        decode_client(text)
