"""Messages a second and round trips, from the counters."""

from evswarm_shared.telemetry.counts import CALL_DURATION_BOUNDS, StationCounts
from evswarm_worker.throughput import WINDOW_SECONDS, Throughput


def test_the_first_look_knows_no_rate() -> None:
    counts = StationCounts()
    counts.calls_sent.add("Heartbeat", 100)
    assert Throughput(counts).look(5.0) == (0.0, (0,) * (len(CALL_DURATION_BOUNDS) + 1))


def test_messages_of_both_ways_count_and_answers_fall_into_their_buckets() -> None:
    counts = StationCounts()
    throughput = Throughput(counts)
    throughput.look(0.0)
    counts.calls_sent.add("Heartbeat", 3)
    counts.call_results_received.add("Heartbeat", 2)
    counts.calls_received.add("Reset")
    counts.call_duration.observe("Heartbeat", 0.0005)
    counts.call_duration.observe("MeterValues", 0.02)
    counts.call_duration.observe("MeterValues", 99.0)
    rate, answered = throughput.look(2.0)
    assert rate == 3.0
    assert (answered[0], answered[4], answered[-1], sum(answered)) == (1, 1, 1, 3)


def test_what_lies_further_back_than_the_window_is_forgotten() -> None:
    counts = StationCounts()
    throughput = Throughput(counts)
    throughput.look(0.0)
    counts.calls_sent.add("Heartbeat", 100)
    counts.call_duration.observe("Heartbeat", 0.01)
    for second in range(1, 12):
        rate, answered = throughput.look(float(second))
        assert rate == (round(100 / second, 1) if second <= WINDOW_SECONDS else 0.0)
    assert (rate, sum(answered)) == (0.0, 0)
