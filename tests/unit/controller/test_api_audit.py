"""The routes that an audit reads."""

import msgspec

from evswarm_shared.bus.messages import SnapshotWrite, StationCommit, WorkerHeartbeat
from evswarm_shared.bus.station_ledger import StartLanded, TransactionBegan
from tests.unit.controller.desk import Desk


async def ran(desk: Desk, *station_ids: str) -> None:
    """Let stations leave a checkpoint, a ledger and a register of 1,000 mWh."""
    bus = desk.context.bus
    epoch = await bus.register_worker(WorkerHeartbeat("audited"), 10.0)
    won = [stored.station_id for stored in await bus.claim("audited", epoch, station_ids)]
    facts = (TransactionBegan(1, 1, "TAG", 0, 5.0), StartLanded(1, 9))
    await bus.commit("audited", epoch, [StationCommit(each, b"1", ledger=facts) for each in won])
    rows = await bus.read_snapshots()
    writes = [SnapshotWrite(each, rows[each], 1000, 10) for each in won if each in rows]
    await bus.publish("audited", epoch, writes)


async def test_books_come_in_pages_by_station_id(desk: Desk) -> None:
    await ran(desk, "A", "B", "C")
    first = (await desk.client.get("/audit/stations?limit=2")).json()
    assert [book["station_id"] for book in first["stations"]] == ["A", "B"]
    second = (await desk.client.get(f"/audit/stations?limit=2&after={first['next_after']}")).json()
    assert [book["station_id"] for book in second["stations"]] == ["C"]
    assert second["next_after"] is None
    (transaction,) = second["stations"][0]["transactions"]
    assert (transaction["transaction_id"], transaction["stopped_at"]) == (9, None)


async def test_the_sums_say_what_the_totals_add_up_to(desk: Desk) -> None:
    answer = (await desk.client.get("/audit/sums")).json()
    assert answer["totals"] == {
        unit: answer["living"][unit] + answer["retired"][unit] for unit in ("energy_mwh", "earnings_micro")
    }
    assert answer["csms_replicas"] == 0


async def test_a_page_has_a_bound(desk: Desk) -> None:
    assert (await desk.client.get("/audit/stations?limit=100000")).status_code == 422
    assert msgspec.json.decode((await desk.client.get("/audit/stations")).content)["next_after"] is None
