"""After the store has lost everything, what the stations' own books have open is booked again."""

import pytest

from evswarm_csms.restoring import Restoring
from evswarm_shared.bus.keys import TRANSACTION_ID_GAP
from evswarm_shared.bus.memory import MemoryBus
from evswarm_shared.bus.messages import StationCommit, WorkerHeartbeat
from evswarm_shared.bus.station_ledger import LedgerFact, StartLanded, StopLanded, TransactionBegan
from evswarm_shared.errors import BusUnavailableError
from tests.unit.csms.conversation import Replica

BEGAN = TransactionBegan(3, 1, "TAG", 1000, 1763810000.0)


async def told(bus: MemoryBus, station_id: str, *facts: LedgerFact) -> None:
    """A worker writes a station's book."""
    epoch = await bus.register_worker(WorkerHeartbeat("w1"), 10.0)
    await bus.claim("w1", epoch, [station_id])
    await bus.commit("w1", epoch, [StationCommit(station_id, b"1", ledger=facts)])


async def test_what_runs_by_the_stations_book_is_open_again() -> None:
    bus = MemoryBus()
    await told(bus, "CP-1", BEGAN, StartLanded(3, 57))
    await told(bus, "CP-2", BEGAN, StartLanded(3, 58), StopLanded(3))
    await told(bus, "CP-3", BEGAN)
    restoring = Restoring(bus, lambda: ["CP-1", "CP-2", "CP-3", "not ours"])
    assert await restoring.look() == 0, "there is no reason to look"
    restoring.begin(2)
    assert await restoring.look() == 1
    assert await restoring.look() == 0
    [record] = await bus.list_transactions(open_only=True)
    assert (record.transaction_id, record.station_id, record.meter_start) == (57, "CP-1", 1000)
    assert record.flags == ("restored",)


async def test_it_looks_for_a_while_only_and_while_the_store_is_away_that_has_not_begun() -> None:
    bus = MemoryBus()
    restoring = Restoring(bus, lambda: ["CP-1", "CP-2"])
    restoring.begin(1)
    bus.store.available = False
    for _ in range(3):
        with pytest.raises(BusUnavailableError):
            await restoring.look()
    bus.store.available = True
    await told(bus, "CP-1", BEGAN, StartLanded(3, 57))
    assert await restoring.look() == 1
    await told(bus, "CP-2", BEGAN, StartLanded(3, 58))
    assert await restoring.look() == 0


def test_a_store_has_forgotten_when_it_counts_less_or_knows_the_replica_no_more_and_counts_otherwise() -> (
    None
):
    restoring = Restoring(MemoryBus(), list)
    assert not restoring.has_forgotten(70, 0, replica=False), "what others gave before the first look"
    assert not restoring.has_forgotten(75, 75, replica=False)
    assert not restoring.has_forgotten(80, 76, replica=True), "only the lease ran out"
    assert restoring.has_forgotten(0, 80, replica=False), "the answer that told of the replica was lost"
    assert not restoring.has_forgotten(0, 80, replica=False), "it is known already"
    beyond = 81 + TRANSACTION_ID_GAP
    assert not restoring.has_forgotten(beyond, beyond, replica=False), "it goes on counting"
    further = beyond + 1 + TRANSACTION_ID_GAP
    assert restoring.has_forgotten(further, further, replica=True), "by a start of our own it goes on already"
    other = Restoring(MemoryBus(), list)
    assert other.has_forgotten(0, 3, replica=True), "forgotten between the first start and the first look"


async def test_the_stop_of_a_lost_transaction_closes_it_as_the_stations_book_began_it() -> None:
    replica = Replica()
    await told(replica.bus, "CP-1", BEGAN, StartLanded(3, 57))
    station = await replica.booted()
    await station.call(
        "StopTransaction", {"transactionId": 57, "meterStop": 1500, "timestamp": "2025-11-22T12:00:00Z"}
    )
    [record] = await replica.bus.list_transactions()
    assert (record.transaction_id, record.meter_start, record.meter_stop) == (57, 1000, 1500)
    assert record.flags == ("restored",)
