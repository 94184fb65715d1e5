"""Growth is told from warming up."""

from tests.soak.process_samples import growth


def test_a_run_that_warms_up_and_then_stays_is_flat() -> None:
    assert growth([10, 20, 30, 40, *[50] * 20]) == 0.0


def test_a_leak_is_growth() -> None:
    assert growth([100 + i for i in range(100)]) > 0.1


def test_one_spike_is_no_growth() -> None:
    assert growth([*[50] * 18, 500, 50]) == 0.0
