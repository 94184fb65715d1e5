"""Meter readings on their way to the store."""

from collections.abc import Sequence

import pytest

from evswarm_csms import meter_batch
from evswarm_csms.meter_batch import READINGS_PER_WRITE, MeterBatch
from evswarm_shared.errors import BusUnavailableError


class Store:
    """Keeps what is written to it, unless it is away."""

    def __init__(self) -> None:
        self.written: list[list[tuple[str, int, int]]] = []
        self.away_after = 1_000
        self.foreign = 0

    async def update(self, readings: Sequence[tuple[str, int, int]]) -> int:
        if len(self.written) >= self.away_after:
            raise BusUnavailableError("away")
        self.written.append(list(readings))
        return self.foreign


async def test_only_the_newest_reading_of_a_transaction_is_written() -> None:
    store = Store()
    batch = MeterBatch(store.update)
    batch.note("A", 1, 10)
    batch.note("A", 2, 20)
    batch.note("A", 1, 11)
    await batch.flush()
    assert store.written == [[("A", 1, 11), ("A", 2, 20)]]


async def test_nothing_is_written_when_there_is_nothing() -> None:
    store = Store()
    batch = MeterBatch(store.update)
    batch.note("A", 1, 10)
    await batch.flush()
    await batch.flush()
    assert len(store.written) == 1


async def test_many_readings_are_written_in_parts() -> None:
    store = Store()
    batch = MeterBatch(store.update)
    for transaction_id in range(READINGS_PER_WRITE + 1):
        batch.note("A", transaction_id, 1)
    await batch.flush()
    assert [len(part) for part in store.written] == [READINGS_PER_WRITE, 1]


async def test_readings_wait_while_the_store_is_away_and_newer_ones_win() -> None:
    store = Store()
    store.away_after = 0
    batch = MeterBatch(store.update)
    batch.note("A", 1, 10)
    batch.note("A", 2, 20)
    await batch.flush()
    batch.note("A", 1, 11)
    store.away_after = 1_000
    await batch.flush()
    assert [sorted(part) for part in store.written] == [[("A", 1, 11), ("A", 2, 20)]]


async def test_a_reading_that_comes_during_a_failing_write_is_newer_than_what_failed() -> None:
    store = Store()

    async def fails_slowly(_: Sequence[tuple[str, int, int]]) -> int:
        batch.note("A", 1, 11)
        raise BusUnavailableError("away")

    batch = MeterBatch(fails_slowly)
    batch.note("A", 1, 10)
    await batch.flush()
    batch._update = store.update
    await batch.flush()
    assert store.written == [[("A", 1, 11)]]


async def test_what_was_written_before_the_store_went_away_is_not_written_again() -> None:
    store = Store()
    store.away_after = 1
    batch = MeterBatch(store.update)
    for transaction_id in range(READINGS_PER_WRITE + 1):
        batch.note("A", transaction_id, 1)
    await batch.flush()
    store.away_after = 1_000
    await batch.flush()
    assert [len(part) for part in store.written] == [READINGS_PER_WRITE, 1]


async def test_readings_that_find_no_room_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meter_batch, "READINGS_KEPT", 1)
    batch = MeterBatch(Store().update)
    batch.note("A", 1, 10)
    batch.note("A", 2, 20)
    batch.note("A", 1, 11)
    assert batch.dropped == 1


async def test_readings_of_another_stations_transaction_stand_apart_and_are_counted() -> None:
    store = Store()
    store.foreign = 1
    batch = MeterBatch(store.update)
    batch.note("A", 1, 10)
    batch.note("B", 1, 99)
    await batch.flush()
    assert store.written == [[("A", 1, 10), ("B", 1, 99)]]
    assert batch.dropped == 1
