"""What a process tells, on its way through an absent store."""

import msgspec
from msgspec.structs import replace

from evswarm_shared.bus.memory import MemoryBus, MemoryStore
from evswarm_shared.bus.messages import HistoryStream
from evswarm_shared.history.recorder import RECORDS_KEPT, Recorder
from evswarm_shared.history.records import (
    BATCH_BYTES,
    LIFE_SECONDS,
    AnsweredRecord,
    LogRecord,
    Outcome,
    decode_batch,
)
from evswarm_shared.telemetry.secrets import HIDDEN
from tests.support.history import event, message

TRAFFIC, FACTS = HistoryStream.TRAFFIC, HistoryStream.FACTS


def text(content: bytes) -> msgspec.Raw:
    """What is kept of a frame that is none."""
    return msgspec.Raw(msgspec.json.encode(content.decode()))


class Desk:
    """A recorder on a store in memory, and a clock."""

    def __init__(self, *, enabled: bool = True) -> None:
        self.now = 1000.0
        self.store = MemoryStore(lambda: self.now)
        self.bus = MemoryBus(self.store)
        self.recorder = Recorder(self.bus, "w", enabled=enabled, clock=lambda: self.now)

    async def texts(self) -> list[str]:
        """The lines that reached the stream."""
        entries = await self.bus.read_history(TRAFFIC, 1000)
        records = [record for entry in entries for record in decode_batch(entry.data).records]
        return [record.text for record in records if isinstance(record, LogRecord)]


async def test_records_reach_their_streams_in_order_with_their_run() -> None:
    desk = Desk()
    desk.recorder.run_id = "run-7"
    desk.recorder.log_line(desk.now, "CP-1", "a")
    desk.recorder.message(message(at=desk.now))
    desk.recorder.log_line(desk.now, "CP-1", "b")
    desk.recorder.fact(event(at=desk.now))
    await desk.recorder.flush()
    (traffic,), (facts,) = await desk.bus.read_history(TRAFFIC, 9), await desk.bus.read_history(FACTS, 9)
    batch = decode_batch(traffic.data)
    assert (batch.run_id, batch.producer_id, traffic.count) == ("run-7", "w", 3)
    assert [type(record).__name__ for record in batch.records] == ["LogRecord", "MessageRecord", "LogRecord"]
    assert decode_batch(facts.data).records == [event(at=desk.now)]
    assert desk.recorder.written == {TRAFFIC: 3, FACTS: 1}


async def test_an_answered_call_that_nobody_has_read_reaches_the_stream_as_a_message() -> None:
    desk = Desk()
    call = msgspec.Raw(b'[2,"u-1","Heartbeat",{}]')
    desk.recorder.message(AnsweredRecord(desk.now, "CP-000001", 1500, call, msgspec.Raw(b"{}")))
    await desk.recorder.flush()
    (entry,) = await desk.bus.read_history(TRAFFIC, 9)
    assert decode_batch(entry.data).records == [message(at=desk.now)]


async def test_what_the_store_did_not_take_comes_later_and_once() -> None:
    desk = Desk()
    desk.recorder.log_line(desk.now, "CP-1", "a")
    desk.store.available = False
    await desk.recorder.flush()
    desk.recorder.log_line(desk.now, "CP-1", "b")
    desk.store.available = True
    await desk.recorder.flush()
    await desk.recorder.flush()
    assert await desk.texts() == ["a", "b"]


async def test_past_its_room_the_oldest_go_counted() -> None:
    desk = Desk()
    for number in range(RECORDS_KEPT + 5):
        desk.recorder.log_line(desk.now, "CP-1", str(number))
    await desk.recorder.flush()
    texts = await desk.texts()
    assert (len(texts), texts[0]) == (RECORDS_KEPT, "5")
    assert desk.recorder.dropped == {TRAFFIC: 5, FACTS: 0}


async def test_what_waited_too_long_is_dropped_counted() -> None:
    desk = Desk()
    desk.store.available = False
    desk.recorder.log_line(desk.now, "CP-1", "tried")
    await desk.recorder.flush()
    call = msgspec.Raw(b'[2,"u-1","Heartbeat",{}]')
    desk.recorder.message(AnsweredRecord(desk.now, "CP-1", 1500, call, msgspec.Raw(b"{}")))
    desk.recorder.log_line(desk.now, "CP-1", "never tried")
    desk.now += LIFE_SECONDS[TRAFFIC] + 1
    desk.recorder.log_line(desk.now, "CP-1", "fresh")
    desk.store.available = True
    await desk.recorder.flush()
    assert await desk.texts() == ["fresh"]
    assert desk.recorder.dropped[TRAFFIC] == 3


async def test_batches_are_bounded_in_bytes() -> None:
    desk = Desk()
    for _ in range(100):
        desk.recorder.log_line(desk.now, "CP-1", "x" * 5000)
    await desk.recorder.flush()
    entries = await desk.bus.read_history(TRAFFIC, 100)
    assert sum(entry.count for entry in entries) == 100
    assert all(len(entry.data) < BATCH_BYTES + 200 for entry in entries)


async def test_without_history_nothing_is_told() -> None:
    desk = Desk(enabled=False)
    desk.recorder.log_line(desk.now, "CP-1", "a")
    desk.recorder.fact(event())
    await desk.recorder.flush()
    assert desk.store.history == {}


async def test_the_end_of_the_block_flushes() -> None:
    desk = Desk()
    async with desk.recorder.running():
        desk.recorder.log_line(desk.now, "CP-1", "last words")
    assert await desk.texts() == ["last words"]


async def test_no_password_leaves_the_process() -> None:
    desk = Desk()
    secret = "0123456789abcdef"
    setting = msgspec.Raw(msgspec.json.encode({"key": "authorizationKey", "value": secret}))
    listed = msgspec.Raw(
        msgspec.json.encode(
            {"configurationKey": [{"key": "AuthorizationKey", "readonly": False, "value": secret}]}
        )
    )
    now = desk.now
    records = [
        replace(message(at=now), action="ChangeConfiguration", request=setting),
        replace(message(at=now), action="GetConfiguration", response=listed),
        replace(
            message(at=now),
            action="",
            outcome=Outcome.MALFORMED,
            request=text(b"AuthorizationKey" + secret.encode()),
        ),
    ]
    for record in records:
        desk.recorder.message(record)
    detail = msgspec.Raw(b'{"payload":' + bytes(setting) + b',"problem":null}')
    desk.recorder.fact(replace(event(at=now), name="ChangeConfiguration", detail=detail))
    desk.recorder.fact(replace(event(at=now), name="set_configuration", detail=detail))
    await desk.recorder.flush()
    for stream, count in ((TRAFFIC, 3), (FACTS, 2)):
        (entry,) = await desk.bus.read_history(stream, 9)
        assert entry.count == count
        assert secret.encode() not in entry.data
        assert HIDDEN.encode() in entry.data
        decode_batch(entry.data)


async def test_what_holds_no_password_stays_as_it_was() -> None:
    desk = Desk()
    setting = msgspec.Raw(b'{"key":"HeartbeatInterval","value":"60"}')
    kept = [
        replace(message(at=desk.now), action="ChangeConfiguration", request=setting),
        replace(message(at=desk.now), action="", outcome=Outcome.MALFORMED, request=text(b"hello")),
    ]
    for record in kept:
        desk.recorder.message(record)
    await desk.recorder.flush()
    (entry,) = await desk.bus.read_history(TRAFFIC, 9)
    assert decode_batch(entry.data).records == kept
