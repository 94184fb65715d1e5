"""Events on their way to the store."""

import pytest

from evswarm_csms import event_log
from evswarm_csms.event_log import EventLog
from evswarm_shared.bus.csms_records import StationEvent, StationEventKind
from evswarm_shared.bus.memory import MemoryBus, MemoryStore
from evswarm_shared.errors import BusUnavailableError


def event(number: int) -> StationEvent:
    return StationEvent(float(number), StationEventKind.BOOT)


async def test_events_are_written_in_their_order_and_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "EVENTS_PER_WRITE", 2)
    bus = MemoryBus()
    log = EventLog(bus.append_events)
    for number in range(5):
        log.note("CP-1", event(number))
    await log.flush()
    assert await bus.read_events("CP-1") == [event(number) for number in range(5)]


async def test_events_wait_for_the_store_in_their_order() -> None:
    store = MemoryStore()
    log = EventLog(MemoryBus(store).append_events)
    log.note("CP-1", event(1))
    log.note("CP-1", event(2))
    store.available = False
    with pytest.raises(BusUnavailableError):
        await log.flush()
    store.available = True
    await log.flush()
    assert await MemoryBus(store).read_events("CP-1") == [event(1), event(2)]


async def test_the_oldest_events_go_when_too_many_wait_and_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(event_log, "EVENTS_WAITING", 2)
    bus = MemoryBus()
    log = EventLog(bus.append_events)
    for number in range(3):
        log.note("CP-1", event(number))
    await log.flush()
    assert log.dropped == 1
    assert await bus.read_events("CP-1") == [event(1), event(2)]
