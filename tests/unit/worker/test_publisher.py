"""Rows and lines on their way to the store."""

import logging

import msgspec
import pytest

from evswarm_shared.bus.messages import StationSnapshot
from evswarm_shared.history.log_lines import read_line
from tests.unit.worker.test_admission import World, world


def energy(w: World, station_id: str) -> int:
    return msgspec.json.decode(w.store.snapshots[station_id], type=StationSnapshot).energy_mwh


def kept_lines(w: World, station_id: str) -> list[str]:
    return [read_line(line).line for line in w.store.logs[station_id]]


async def test_only_what_changed_is_published_with_its_new_lines() -> None:
    async with world() as w:
        w.assign((1, 3))
        await w.turn()
        await w.shard.publisher.flush()
        w.stations["CP-000001"].energy_mwh = 5
        w.stations["CP-000002"].energy_mwh = 7
        w.shard.mark_dirty(w.shard.hosts["CP-000001"])
        await w.shard.publisher.flush()
        assert energy(w, "CP-000001") == 5
        assert energy(w, "CP-000002") == 0
        assert kept_lines(w, "CP-000001") == ["[00:00:00] started"]
        assert w.store.totals == (5, 0)
        assert w.shard.gauges.energy_mwh == 5


async def test_what_the_store_did_not_take_is_published_later_in_order(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    async with world() as w:
        w.assign((1, 2))
        await w.turn()
        w.store.available = False
        await w.shard.publisher.flush()
        await w.shard.publisher.flush()
        w.shard.hosts["CP-000001"].lines.append("second")
        w.store.available = True
        await w.shard.publisher.flush()
        await w.shard.publisher.flush()
        assert kept_lines(w, "CP-000001") == ["[00:00:00] started", "second"]
        assert w.shard.gauges.publish_failures == 2
        said = [r.levelname for r in caplog.records if "rows" in r.message and r.levelno > logging.DEBUG]
        assert said == ["WARNING", "INFO"], "once each, however long it takes"
        assert w.shard.gauges.running == 1


async def test_a_station_that_the_store_gave_to_another_is_dropped() -> None:
    async with world() as w:
        w.assign((1, 3))
        await w.turn()
        del w.store.owners["CP-000001"]
        await w.shard.publisher.flush()
        assert w.running == ["CP-000002"]
        assert w.shard.gauges.running == 1


async def test_without_a_lease_nothing_is_published() -> None:
    async with world() as w:
        w.assign((1, 2))
        await w.turn()
        w.lease.lose()
        await w.shard.publisher.flush()
        assert w.store.snapshots == {}
