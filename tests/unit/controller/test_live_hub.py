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
    Mode,
    Rate,
    Subscribe,
    Unsubscribe,
    decode_client,
    log_frame,
)
from evswarm_controller.live_hub import TICK_SECONDS, TREND_SECONDS
from evswarm_controller.live_schema import live_schema
from evswarm_controller.live_subscriber import LOGS_FOLLOWED, Subscriber
from evswarm_controller.live_tail import MessageFilter
from evswarm_controller.live_window import WindowQuery
from evswarm_controller.station_query import Direction, SortField
from evswarm_shared.bus.messages import (
    ROW_FIELDS,
    OperationKind,
    OperationSnapshot,
    OperationState,
    StationState,
)
from evswarm_shared.history.log_lines import LogLine
from evswarm_shared.history.records import Outcome
from evswarm_shared.telemetry.counts import CALL_DURATION_BOUNDS
from tests.support.history import Tape, message
from tests.unit.controller.desk import Desk, encoded, open_desk, row

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
        (
            '{"type":"sub","messages":{"station":"","kind":"error","errors":true}}',
            Subscribe(messages=MessageFilter(kind="error", errors=True)),
        ),
        ('{"type":"unsub","messages":true}', Unsubscribe(messages=True)),
        (
            '{"type":"window","q":"","status":"running","worker":"","profile":"","sort":"power_kw","dir":"desc","offset":50,"limit":200}',
            WindowQuery(status="running", sort=SortField.POWER_KW, dir=Direction.DESC, offset=50, limit=200),
        ),
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
        '{"type":"sub","log":"A","messages":{}}',
        '{"type":"sub","messages":{"kind":"lost"}}',
        '{"type":"sub","messages":{"tag":"A"}}',
        '{"type":"unsub","messages":false}',
        '{"type":"window","limit":201}',
        '{"type":"window","offset":-1}',
        '{"type":"window","sort":"power"}',
        '{"type":"resync","more":1}',
        '{"type":"quit"}',
        "[]",
    ],
)
def test_what_the_schema_refuses_is_refused(text: str) -> None:
    assert not CLIENT.is_valid(json.loads(text))
    with pytest.raises(msgspec.ValidationError):
        decode_client(text)


def test_a_hidden_page_whose_patches_are_longer_than_a_snapshot_gets_that_and_counts_as_no_slow_one(
    swarm: Desk,
) -> None:
    publish(swarm, *(row(f"X{i:04d}") for i in range(500)))
    page = Page(swarm)
    page.subscriber.interval_seconds = 10.0
    page.take()
    for power in range(21):
        publish(swarm, *(row(f"X{i:04d}", power_w=power) for i in range(500)))
        tick(swarm)
    frames = page.take()
    assert [f["type"] for f in frames] == ["resync", "snapshot"]
    assert frames[0]["reason"] == "paced"
    assert swarm.context.hub.counts.frames_dropped == 0
    assert page.shows_the_fleet()


async def test_what_workers_say_and_how_soon_they_are_answered_is_told_and_kept(swarm: Desk) -> None:
    buckets = [0] * (len(CALL_DURATION_BOUNDS) + 1)
    for worker, (rate, within_5ms, within_10ms) in zip(
        swarm.workers, [(12.5, 90, 0), (7.5, 0, 10)], strict=True
    ):
        buckets[2], buckets[3] = within_5ms, within_10ms
        await worker.work(messages_per_second=rate, round_trips=tuple(buckets))
    await swarm.look()
    tick(swarm)
    page = Page(swarm)
    page.take()
    assert page.agg["messages_per_second"] == 20.0
    assert page.agg["round_trip_p95_ms"] == 7.5
    trend = json.loads(swarm.context.hub.hello())["trend"]
    assert trend["points"][-1][-2:] == [20.0, 7.5]
    read([swarm.context.hub.hello()])


async def test_a_worker_that_went_without_a_word_is_named(swarm: Desk) -> None:
    gone = swarm.workers.pop()
    for _ in range(4):
        await swarm.pass_time(5.0)
    tick(swarm)
    page = Page(swarm)
    page.take()
    assert page.agg["lost_workers"] == [gone.worker_id]


def test_messages_come_with_the_tick_and_at_once_who_watches_learns_what_is_kept(swarm: Desk) -> None:
    hub = swarm.context.hub
    page = Page(swarm)
    page.take()
    page.subscriber.watch_messages(MessageFilter(errors=True))
    (first,) = [f for f in page.take() if f["type"] == "messages"]
    assert first == {"type": "messages", "items": [], "skipped": 0, "kept": "all"}
    hub.tail.take(Tape().entry(message(outcome=Outcome.ERROR, unique_id="bad"), message()))
    tick(swarm)
    (told,) = [f for f in page.take() if f["type"] == "messages"]
    assert ([item["unique_id"] for item in told["items"]], told["skipped"]) == (["bad"], 0)
    tick(swarm)
    assert [f["type"] for f in page.take()] == ["patch"]
    page.subscriber.watch_messages(None)
    assert not hub.tail.watched


@pytest.mark.parametrize(
    ("by_worker", "kept"),
    [(("all", "all"), "all"), (("errors", "all"), "errors"), (("off", "sampled"), "off")],
)
async def test_what_is_kept_is_the_least_that_a_worker_keeps(
    swarm: Desk, by_worker: tuple[str, str], kept: str
) -> None:
    for worker, keeps in zip(swarm.workers, by_worker, strict=True):
        await worker.work(messages_kept=keeps)
    await swarm.look()
    assert swarm.context.hub.messages_kept() == kept


async def test_without_a_history_nothing_is_kept() -> None:
    async with open_desk(history=False) as desk:
        assert desk.context.hub.messages_kept() == "off"
        (hello,) = read([desk.context.hub.hello()])
        assert (hello["history"], hello["mode"], hello["grafana"]) == (False, "all", None)


def test_who_leaves_watches_and_follows_nothing_any_more(swarm: Desk) -> None:
    hub = swarm.context.hub
    subscriber = hub.join(None, None)
    subscriber.follow("CP-000001")
    subscriber.watch_messages(MessageFilter())
    assert hub.tail.watched
    hub.leave(subscriber)
    assert not hub.tail.watched


async def test_a_large_swarm_is_sent_by_windows_and_goes_back_when_it_is_well_below_the_limit() -> None:
    async with open_desk(stations=13, live_window_above=12) as desk:
        await desk.add_worker("w1")
        await desk.settle()
        hub = desk.context.hub
        before = Page(desk)
        tick(desk)
        assert hub.mode is Mode.WINDOW
        assert not hub.holds(before.subscriber)
        assert json.loads(hub.hello())["mode"] == "window"
        page = Page(desk)
        assert [(f["type"], f["rows"]) for f in page.take()] == [("snapshot", [])]
        page.subscriber.show(WindowQuery(offset=2, limit=3))
        (window,) = [f for f in page.take() if f["type"] == "window"]
        assert ([r[0] for r in window["rows"]], window["total"]) == (
            ["CP-000003", "CP-000004", "CP-000005"],
            13,
        )
        publish(desk, row("CP-000009", power_w=5))
        tick(desk, 4)
        assert {f["type"] for f in page.take()} == {"patch"}
        publish(desk, row("CP-000004", power_w=5))
        tick(desk, 4)
        frames = page.take()
        assert [f["type"] for f in frames] == ["patch"] * 4 + ["window"]
        assert frames[-1]["rows"][1][7] == 5
        assert not any("rows" in f for f in frames[:-1])
        desk.context.fleet.remove([f"CP-{n:06d}" for n in (11, 12, 13)])
        tick(desk)
        assert json.loads(hub.hello())["mode"] == "all"
        assert not hub.holds(page.subscriber)
        again = Page(desk)
        again.take()
        assert again.shows_the_fleet()


def test_who_types_gets_the_first_window_at_once_and_the_last_with_the_next_tick(swarm: Desk) -> None:
    page = Page(swarm)
    page.take()

    def windows() -> list[int]:
        return [f["total"] for f in page.take() if f["type"] == "window"]

    page.subscriber.show(WindowQuery(q="CP-00001"))
    assert windows() == [10]
    for letters in ("CP-00002", "CP-000020"):
        page.subscriber.show(WindowQuery(q=letters))
        assert windows() == []
    tick(swarm)
    assert windows() == [1]


async def test_a_swarm_about_the_limit_does_not_flutter() -> None:
    async with open_desk(stations=13, live_window_above=12) as desk:
        await desk.add_worker("w1")
        await desk.settle()
        tick(desk)
        desk.context.fleet.remove(["CP-000013", "CP-000012"])
        tick(desk)
        assert desk.context.hub.mode is Mode.WINDOW
