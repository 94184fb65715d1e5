"""How late the loop is."""

from evswarm_shared.telemetry.loop_lag import LoopLag


def test_the_worst_lag_is_told_once() -> None:
    lag = LoopLag()
    for seconds in (0.001, 0.2, 0.003):
        lag.observe(seconds)
    assert lag.take_worst() == 0.2
    assert lag.take_worst() == 0.0
    assert lag.histogram.count == 3
