"""What one MeterValues call costs a station, and what a station weighs. Printed, compared, never asserted.

A call is: wake for the sample, integrate, ask the policy, build, encode; then decode and take the answer.
"""

import gc
import tracemalloc
from itertools import cycle

from pytest_benchmark.fixture import BenchmarkFixture

from evswarm_shared.bus.messages import ProfileName
from evswarm_shared.telemetry.counts import StationCounts
from evswarm_worker.behaviour.profiles import PRESETS
from evswarm_worker.station import Send, Station
from tests.support.station_rig import NOON, StationRig, charging_rig, quiet_profile

STATIONS = 500
HEARTBEAT_ANSWER = b'{"currentTime":"2026-11-22T12:00:00Z"}'


class Sampler:
    """Charging stations that sample in turn, as those of a worker do."""

    def __init__(self, stations: int = 100) -> None:
        profile = quiet_profile(ProfileName.WORKPLACE, max_energy_kwh=1e9)
        counts = StationCounts()
        self._rigs = [charging_rig(profile=profile, index=2, counts=counts) for _ in range(stations)]
        self._turn = cycle([rig.station for rig in self._rigs])

    def call(self) -> None:
        """One MeterValues, sent and answered."""
        station = next(self._turn)
        due = station.next_wakeup()
        assert due is not None
        station.wake(due)
        while effects := station.effects():
            for effect in effects:
                if type(effect) is Send:
                    answer = HEARTBEAT_ANSWER if effect.data[43:52] == b"Heartbeat" else b"{}"
                    station.receive(b'[3,"' + effect.data[4:40] + b'",' + answer + b"]", due)


def test_one_meter_values_call(benchmark: BenchmarkFixture) -> None:
    sampler = Sampler()
    benchmark.pedantic(sampler.call, rounds=50, iterations=100, warmup_rounds=5)  # type: ignore[no-untyped-call]


def test_making_and_booting_a_station(benchmark: BenchmarkFixture) -> None:
    numbers = iter(range(1, 10_000_000))

    def boot() -> None:
        StationRig(profile=PRESETS[ProfileName.HOME], index=next(numbers)).start()

    benchmark(boot)


def test_what_a_station_weighs() -> None:
    weigh(1)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        stations = weigh(STATIONS)
        gc.collect()
        weight = (tracemalloc.get_traced_memory()[0] - before) / STATIONS
    finally:
        tracemalloc.stop()
    print(f"\none {stations[0].snapshot(NOON).profile} station with one connector: {weight:.0f} bytes")


def weigh(count: int) -> list[Station]:
    """Booted stations with one connector, every tenth of them charging."""
    stations = []
    counts = StationCounts()
    for index in range(1, count + 1):
        rig = StationRig(profile=PRESETS[ProfileName.HOME], index=index, counts=counts).start()
        rig.run(60.0)
        stations.append(rig.station)
    return stations
