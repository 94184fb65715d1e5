"""Sums over rows."""

from evswarm_shared.bus.messages import StationState
from evswarm_worker.gauges import ShardGauges
from tests.unit.worker.fakes import row


def test_the_sums_follow_the_rows() -> None:
    gauges = ShardGauges()
    first = row(
        state=StationState.AVAILABLE,
        connectors=("Available", "Faulted"),
        energy_mwh=200,
        earnings_micro=50,
    )
    second = row(
        state=StationState.CHARGING,
        connectors=("Charging", "Faulted"),
        transactions=1,
        power_w=7000,
        energy_mwh=500,
        earnings_micro=150,
    )
    gauges.replace(None, first)
    gauges.replace(first, second)
    assert {state: count for state, count in gauges.states.items() if count} == {"Charging": 1}
    assert {status: count for status, count in gauges.connectors.items() if count} == {
        "Charging": 1,
        "Faulted": 1,
    }
    assert (gauges.running, gauges.transactions, gauges.power_w) == (1, 1, 7000)
    assert (gauges.energy_mwh, gauges.earnings_micro) == (300, 100)


def test_a_station_that_leaves_takes_its_row_but_not_what_it_delivered() -> None:
    gauges = ShardGauges()
    before, after = row(power_w=1), row(energy_mwh=9, power_w=1)
    gauges.replace(None, before)
    gauges.replace(before, after)
    gauges.replace(after, None)
    assert sum(gauges.states.values()) == gauges.power_w == gauges.running == 0
    assert gauges.energy_mwh == 9


def test_what_a_station_delivered_elsewhere_is_not_counted_here() -> None:
    gauges = ShardGauges()
    gauges.replace(None, row(energy_mwh=10_000))
    assert gauges.energy_mwh == 0


def test_a_reset_forgets_the_stations_only() -> None:
    gauges = ShardGauges()
    gauges.replace(None, row())
    gauges.replace(row(), row(energy_mwh=3))
    gauges.reset()
    assert sum(gauges.states.values()) == gauges.running == 0
    assert gauges.energy_mwh == 3
