"""The contract of the stations' books and of the sums beside the totals."""

import msgspec

from evswarm_shared.bus.messages import (
    OutboxEntry,
    SnapshotWrite,
    StationCommit,
    StationSnapshot,
    StationState,
    Totals,
)
from evswarm_shared.bus.station_ledger import (
    LEDGER_TRANSACTIONS_KEPT,
    StartLanded,
    TransactionBegan,
    TransactionEnded,
)
from tests.support.bus_contract.harness import Harness
from tests.support.bus_contract.workers import registered


def published(station_id: str, energy_mwh: int, earnings_micro: int) -> SnapshotWrite:
    """A write with a row that can be read."""
    row = StationSnapshot(
        station_id,
        StationState.AVAILABLE,
        ("Available",),
        "worker-1",
        "home",
        True,
        0,
        0,
        0,
        energy_mwh,
        earnings_micro,
        "",
        0.0,
        0.0,
    )
    return SnapshotWrite(station_id, msgspec.json.encode(row), energy_mwh, earnings_micro)


class AuditContract:
    """What an auditor reads."""

    async def test_the_ledger_is_written_with_the_outbox_and_read_with_it(self, harness: Harness) -> None:
        bus = harness.bus()
        epoch = await registered(bus)
        await bus.claim("worker-1", epoch, ["a", "b"])
        began = TransactionBegan(1, 2, "TAG", 100, 5.5)
        step = StationCommit("a", b"1", (OutboxEntry(1, b"start"),), ledger=(began,))
        await bus.commit("worker-1", epoch, [step, StationCommit("b", b"1")])
        facts = (StartLanded(1, 7), TransactionEnded(1, 300, 200_500, 9.5, "Local"))
        landed = StationCommit("a", b"2", outbox_removed=(1,), ledger=facts)
        for _ in range(2):
            await bus.commit("worker-1", epoch, [landed])
        await bus.publish("worker-1", epoch, [published("a", 200_500, 9)])
        a, b, never = await bus.read_books(["a", "b", "never"])
        (transaction,) = a.transactions
        assert (transaction.transaction_id, transaction.meter_stop, transaction.energy_mwh) == (
            7,
            300,
            200_500,
        )
        assert (a.outbox, a.energy_mwh, a.earnings_micro) == (0, 200_500, 9)
        assert a.row is not None and a.row.energy_mwh == 200_500
        assert (b.transactions, b.row) == ((), None)
        assert (never.transactions, never.energy_mwh) == ((), 0)
        assert await bus.recorded_stations() == ["a", "b"]

    async def test_a_refused_commit_writes_no_facts(self, harness: Harness) -> None:
        bus = harness.bus()
        epoch = await registered(bus)
        commit = StationCommit("a", b"1", ledger=(TransactionBegan(1, 1, "TAG", 0, 0.0),))
        assert await bus.commit("worker-1", epoch, [commit]) == {"a"}
        (book,) = await bus.read_books(["a"])
        assert book.transactions == ()

    async def test_a_ledger_keeps_the_newest_transactions(self, harness: Harness) -> None:
        bus = harness.bus()
        epoch = await registered(bus)
        await bus.claim("worker-1", epoch, ["a"])
        for serial in range(1, LEDGER_TRANSACTIONS_KEPT + 3):
            facts = (TransactionBegan(serial, 1, "TAG", 0, 0.0), StartLanded(serial, serial))
            await bus.commit("worker-1", epoch, [StationCommit("a", ledger=facts)])
        (book,) = await bus.read_books(["a"])
        serials = [transaction.serial for transaction in book.transactions]
        assert serials == list(range(3, LEDGER_TRANSACTIONS_KEPT + 3))

    async def test_the_sums_set_those_that_were_retired_apart_and_equal_the_totals(
        self, harness: Harness
    ) -> None:
        bus = harness.bus()
        epoch = await registered(bus)
        await bus.claim("worker-1", epoch, ["a", "b"])
        await bus.publish("worker-1", epoch, [published("a", 10, 1), published("b", 25, 4)])
        await bus.release("worker-1", epoch, ["b"])
        await bus.retire(["b"])
        sums = await bus.register_sums()
        assert sums.totals == Totals(35, 5)
        assert (sums.living, sums.living_stations) == (Totals(10, 1), 1)
        assert (sums.retired, sums.retired_stations) == (Totals(25, 4), 1)
