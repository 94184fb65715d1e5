"""Messages as they pass: who gets which, how many, and that nobody reads while nobody watches."""

import asyncio
import json
from contextlib import suppress
from typing import Any

import pytest

from evswarm_controller.live_tail import ITEMS_WAITING, MessageFilter, MessageTail, Watch
from evswarm_shared.bus.memory import MemoryBus, MemoryStore
from evswarm_shared.bus.messages import HistoryBatch, HistoryEntry, HistoryStream
from evswarm_shared.history.records import Direction, Outcome, encode_batches
from tests.support.history import Tape, log, message

WORKERS = {"CP-1": "w1", "CP-2": "w2"}


def tail() -> MessageTail:
    return MessageTail(MemoryBus(MemoryStore()), lambda station_id: WORKERS.get(station_id, ""))


def items(watch: Watch) -> list[dict[str, Any]]:
    return [json.loads(passing.item) for passing in watch.take()[0]]


def test_a_message_is_shown_as_the_history_shows_it_with_tags_and_keys_masked() -> None:
    passing = tail()
    watch = passing.watch(MessageFilter())
    request = b'{"idTag":"CAFE0001","key":"AuthorizationKey","value":"secret"}'
    entry = Tape().entry(log(), message("Authorize", request=request, response=b'{"x":1}'))
    passing.take(entry)
    (item,) = items(watch)
    assert item["request"] == {"idTag": "******01", "key": "AuthorizationKey", "value": "***"}
    assert (item["response"], item["outcome"], item["round_trip_ms"]) == ({"x": 1}, "answered", 1.5)
    assert item["id"] == str((entry.milliseconds << 22) + 1)
    assert (item["at"], item["run_id"]) == ("2026-09-21T14:13:20.000Z", "run-1")
    assert items(watch) == []


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (MessageFilter(), ["a", "b", "c"]),
        (MessageFilter(station="CP-1"), ["a"]),
        (MessageFilter(worker="w2"), ["b", "c"]),
        (MessageFilter(action="Reset"), ["b"]),
        (MessageFilter(direction="to_station"), ["b"]),
        (MessageFilter(side="csms"), []),
        (MessageFilter(kind="error"), ["c"]),
        (MessageFilter(errors=True), ["b", "c"]),
        (MessageFilter(text=" METERvalue "), ["a"]),
        (MessageFilter(station="CP-2", errors=True, text="heartbeat"), ["c"]),
        (MessageFilter(text="CAFE0001"), []),
    ],
)
def test_only_what_fulfils_the_whole_filter_is_shown(wanted: MessageFilter, found: list[str]) -> None:
    passing = tail()
    watch = passing.watch(wanted)
    request = b'{"meterValue":[],"idTag":"CAFE0001"}'
    reset = message(
        "Reset",
        station="CP-2",
        unique_id="b",
        direction=Direction.TO_STATION,
        outcome=Outcome.UNANSWERED,
    )
    passing.take(
        Tape().entry(
            message("MeterValues", station="CP-1", unique_id="a", request=request),
            reset,
            message("Heartbeat", station="CP-2", unique_id="c", outcome=Outcome.ERROR),
        )
    )
    assert [item["unique_id"] for item in items(watch)] == found


def test_of_too_many_the_newest_are_shown_and_the_others_counted() -> None:
    passing = tail()
    watch = passing.watch(MessageFilter())
    passing.take(Tape().entry(*(message(unique_id=str(n)) for n in range(ITEMS_WAITING + 7))))
    taken, skipped = watch.take()
    assert (len(taken), skipped) == (ITEMS_WAITING, 7)
    assert json.loads(taken[-1].item)["unique_id"] == str(ITEMS_WAITING + 6)
    assert watch.take() == ([], 0)


def test_an_item_is_made_once_for_all_who_watch() -> None:
    passing = tail()
    one, two = passing.watch(MessageFilter()), passing.watch(MessageFilter(station="CP-000001"))
    passing.take(Tape().entry(message()))
    assert one.take()[0][0].item is two.take()[0][0].item


def test_what_cannot_be_read_is_passed_over() -> None:
    passing = tail()
    watch = passing.watch(MessageFilter())
    passing.take(HistoryEntry(HistoryStream.TRAFFIC, 1, 0, 0, 5, b"no batch"))
    passing.take(Tape().entry(message(unique_id="next")))
    assert [item["unique_id"] for item in items(watch)] == ["next"]


async def test_it_reads_only_while_somebody_watches_and_goes_on_after_the_store_was_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("evswarm_controller.live_tail.RETRY_SECONDS", 0)
    store = MemoryStore()
    bus = MemoryBus(store)
    channel = store.keys.history_passing(HistoryStream.TRAFFIC)
    passing = MessageTail(bus, lambda _: "")
    task = asyncio.create_task(passing.run())

    async def turn() -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    number = 0

    async def append(unique_id: str) -> None:
        nonlocal number
        number += 1
        ((data, count),) = encode_batches("", "w", [message(unique_id=unique_id)])
        await bus.append_history(HistoryStream.TRAFFIC, "w", [HistoryBatch(number, data, count)])
        await turn()

    await turn()
    assert store.send(channel, None) == 0
    store.available = False
    watch = passing.watch(MessageFilter())
    await turn()
    store.available = True
    await turn()
    await append("seen")
    assert [item["unique_id"] for item in items(watch)] == ["seen"]
    passing.unwatch(watch)
    await turn()
    assert store.send(channel, None) == 0
    await append("unseen")
    again = passing.watch(MessageFilter(station="CP-000001"))
    await turn()
    await append("seen again")
    assert [item["unique_id"] for item in items(again)] == ["seen again"]
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
