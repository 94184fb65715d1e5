"""How fast stations may start."""

from evswarm_worker.ramp import Ramp


def test_without_a_rate_there_is_no_bound() -> None:
    assert Ramp(None, 0.0).allowance(0.0, 500) == 500


def test_stations_start_at_the_asked_rate() -> None:
    ramp = Ramp(10.0, 0.0)
    started = 0
    for tick in range(201):
        allowed = ramp.allowance(tick * 0.05, 500)
        ramp.spend(allowed)
        started += allowed
    assert 100 <= started <= 102


def test_a_long_pause_saves_up_one_second_of_stations_at_most() -> None:
    ramp = Ramp(10.0, 0.0)
    assert ramp.allowance(1000.0, 500) == 10


def test_a_rate_below_one_starts_a_station_now_and_then() -> None:
    ramp = Ramp(0.5, 0.0)
    ramp.spend(ramp.allowance(0.0, 1))
    assert ramp.allowance(1.9, 500) == 0
    assert ramp.allowance(2.1, 500) == 1


def test_what_was_saved_at_a_high_rate_is_not_spent_at_a_low_one() -> None:
    ramp = Ramp(100.0, 0.0)
    ramp.allowance(5.0, 500)
    ramp.change(2.0, 5.0)
    assert ramp.allowance(5.0, 500) == 2
