"""A controller telling how much of the history waits."""

import asyncio

from evswarm_controller.history_streams import HistoryStreams
from evswarm_shared.bus.memory import MemoryBus, MemoryStore
from evswarm_shared.bus.messages import HistoryBatch, HistoryStream

TRAFFIC = HistoryStream.TRAFFIC


def told(streams: HistoryStreams) -> dict[str, float]:
    return {
        f"{sample.name} {sample.labels.get('stream', '')}".strip(): sample.value
        for metric in streams.metrics()
        for sample in metric.samples
    }


async def test_what_nobody_takes_shows_beside_what_may_wait() -> None:
    bus = MemoryBus(MemoryStore())
    streams = HistoryStreams(bus, 64)
    await bus.append_history(TRAFFIC, "w", [HistoryBatch(n, b"x", 10) for n in range(3)])
    await streams.look()
    assert told(streams) == {
        "evswarm_history_entries_waiting facts": 0,
        "evswarm_history_entries_waiting traffic": 3,
        "evswarm_history_entries_kept": 64,
        "evswarm_history_records_taken_total facts": 0,
        "evswarm_history_records_taken_total traffic": 0,
    }
    first, *_ = await bus.read_history(TRAFFIC, 9)
    await bus.remove_history(TRAFFIC, [first.entry_id])
    await streams.look()
    assert told(streams)["evswarm_history_entries_waiting traffic"] == 2
    assert told(streams)["evswarm_history_records_taken_total traffic"] == 10


async def test_a_store_that_is_away_leaves_what_was_seen_last() -> None:
    store = MemoryStore()
    bus = MemoryBus(store)
    streams = HistoryStreams(bus, 64)
    await bus.append_history(TRAFFIC, "w", [HistoryBatch(0, b"x", 10)])
    await streams.look()
    store.available = False
    task = asyncio.create_task(streams.run())
    for _ in range(5):
        await asyncio.sleep(0)
    assert not task.done()
    assert told(streams)["evswarm_history_entries_waiting traffic"] == 1
    task.cancel()
