"""The meter: the register follows the car, however time is cut, and money follows the price at the time."""

from fractions import Fraction
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from evswarm_shared.bus.messages import Tariff, TariffChange
from evswarm_worker.behaviour.car import Car, Curve
from evswarm_worker.station.meter import Meter

FLAT = Tariff(1, (TariffChange(0.0, 300_000),))


def car(curve: Curve = Curve.AC) -> Car:
    return Car(60_000.0, 0.2, 0.9, 11_000.0, 3 if curve is Curve.AC else 1, curve)


def meter(curve: Curve = Curve.AC) -> Meter:
    made = Meter(0.0)
    made.plug(car(curve))
    made.limit_w = 50_000.0
    return made


@given(
    st.lists(st.floats(0.001, 30_000), min_size=1, max_size=12),
    st.sampled_from(list(Curve)),
)
def test_any_cut_of_a_time_gives_the_same_register_and_the_same_money(
    steps: list[float], curve: Curve
) -> None:
    tariff = Tariff(1, (TariffChange(0.0, 300_000), TariffChange(5000.0, 700_000), TariffChange(9000.0, 0)))
    whole, cut = meter(curve), meter(curve)
    at = 0.0
    register = 0
    for step in steps:
        at += step
        cut.advance(at, tariff)
        assert cut.register_mwh >= register
        register = cut.register_mwh
    whole.advance(at, tariff)
    assert abs(whole.register_mwh - cut.register_mwh) <= 1
    assert abs(whole.earned_units - cut.earned_units) <= 3 * 700_000


def test_energy_earns_the_price_of_its_time() -> None:
    tariff = Tariff(1, (TariffChange(0.0, 300_000), TariffChange(3600.0, 500_000)))
    one = meter()
    one.advance(7200.0, tariff)
    assert one.register_mwh == 22_000_000
    assert Fraction(one.earnings_micro, 1_000_000) == Fraction(11 * 3 + 11 * 5, 10)


def test_a_change_that_comes_late_does_not_touch_what_is_metered() -> None:
    one = meter()
    one.advance(3600.0, FLAT)
    one.forget_price()
    one.advance(7200.0, Tariff(2, (*FLAT.changes, TariffChange(1800.0, 600_000))))
    assert one.earnings_micro == 11 * 300_000 + 11 * 600_000


def test_nothing_flows_without_a_car_or_with_an_open_contactor() -> None:
    one = meter()
    one.limit_w = 0.0
    one.advance(3600.0, FLAT)
    assert one.register_mwh == 0 and one.power_w() == 0.0
    one.unplug()
    one.limit_w = 11_000.0
    one.advance(7200.0, FLAT)
    assert one.register_mwh == 0 and one.power_w() == 0.0


def test_time_does_not_run_backwards_and_the_register_neither() -> None:
    one = meter()
    one.advance(3600.0, FLAT)
    before = one.register_mwh
    one.advance(1800.0, FLAT)
    assert one.register_mwh == before and one.at == 3600.0


def test_the_register_goes_on_from_car_to_car() -> None:
    one = meter()
    one.advance(3600.0, FLAT)
    one.unplug()
    one.plug(car())
    assert one.plugged_mwh == 0
    one.limit_w = 11_000.0
    one.advance(7200.0, FLAT)
    assert one.register_mwh == 22_000_000 and one.plugged_mwh == 11_000_000


@given(st.floats(0.0, 41_000.0), st.floats(0.0, 20_000.0), st.sampled_from(list(Curve)))
def test_the_register_shows_a_reading_at_the_moment_that_was_foretold(
    wh: float, since: float, curve: Curve
) -> None:
    told = meter(curve)
    told.advance(since, FLAT)
    wanted = max(told.register_mwh, round(wh * 1000.0))
    told.advance(told.reaches_at(wanted), FLAT)
    assert wanted <= told.register_mwh <= wanted + 1


def test_no_register_shows_what_a_car_never_takes() -> None:
    full, off = meter(), Meter(0.0)
    off.plug(car())
    assert full.reaches_at(42_000_001.0) == off.reaches_at(1.0) == inf and full.reaches_at(41_000_000.0) < inf
