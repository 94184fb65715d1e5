"""The charging policy: every rule on both sides of its border, their order, and whom bad input is blamed on."""

import json
from decimal import Decimal
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evswarm_shared.charging_policy import (
    DEFAULT_MAX_POWER_KW,
    PolicyAction,
    PolicyInputError,
    PolicyReason,
    evaluate_charging_policy,
    evaluate_meter_value_decision,
    is_peak_hour,
)

EVENING = frozenset({17, 18, 19, 20})
OK = {"action": "charge", "reason": "Conditions OK"}
CAP = {"action": "pause", "reason": "Energy cap reached"}
PRICE = {"action": "wait", "reason": "Price too high"}
PEAK = {"action": "wait", "reason": "Peak hour block"}


def state(energy_dispensed: Any = 5.0, **more: Any) -> dict[str, Any]:
    return {"energy_dispensed": energy_dispensed, "charging": False, "session_active": False, **more}


def profile(**changes: Any) -> dict[str, Any]:
    return {
        "charge_if_price_below": 0.30,
        "max_energy_kwh": 20.0,
        "allow_peak_hours": False,
        "peak_hours": EVENING,
    } | changes


def env(current_price: Any = 0.20, hour: Any = 12, **more: Any) -> dict[str, Any]:
    return {"current_price": current_price, "hour": hour, **more}


# --- before a transaction -----------------------------------------------------------------------------------


def test_a_station_charges_when_nothing_speaks_against_it() -> None:
    assert evaluate_charging_policy(state(), profile(), env()) == OK


@pytest.mark.parametrize(
    ("dispensed", "expected"),
    [(0.0, OK), (19.999, OK), (20.0, CAP), (20.001, CAP), (500.0, CAP)],
    ids=["nothing yet", "just below", "at the cap", "just above", "far above"],
)
def test_the_energy_cap_pauses_from_the_cap_on(dispensed: float, expected: dict[str, str]) -> None:
    assert evaluate_charging_policy(state(dispensed), profile(), env()) == expected


def test_a_cap_of_nothing_is_always_reached() -> None:
    assert evaluate_charging_policy(state(0.0), profile(max_energy_kwh=0.0), env()) == CAP


def test_an_infinite_cap_is_never_reached() -> None:
    assert evaluate_charging_policy(state(1e12), profile(max_energy_kwh=inf), env()) == OK


@pytest.mark.parametrize(
    ("price", "expected"),
    [(-0.10, OK), (0.0, OK), (0.2999, OK), (0.30, OK), (0.3001, PRICE), (9.99, PRICE)],
    ids=["negative", "free", "just below", "at the threshold", "just above", "far above"],
)
def test_the_price_blocks_only_above_the_threshold(price: float, expected: dict[str, str]) -> None:
    assert evaluate_charging_policy(state(), profile(), env(price)) == expected


def test_a_negative_threshold_waits_for_being_paid() -> None:
    paid = profile(charge_if_price_below=-0.05)
    assert evaluate_charging_policy(state(), paid, env(0.0)) == PRICE
    assert evaluate_charging_policy(state(), paid, env(-0.05)) == OK


def test_an_infinite_threshold_takes_any_price() -> None:
    assert evaluate_charging_policy(state(), profile(charge_if_price_below=inf), env(1e9)) == OK


@pytest.mark.parametrize("hour", range(24))
def test_each_of_several_peak_hours_blocks_and_no_other_hour(hour: int) -> None:
    expected = PEAK if hour in EVENING else OK
    assert evaluate_charging_policy(state(), profile(), env(hour=hour)) == expected


@pytest.mark.parametrize(("hour", "expected"), [(17, OK), (18, PEAK), (19, OK)])
def test_a_single_peak_hour_blocks_that_hour_alone(hour: int, expected: dict[str, str]) -> None:
    assert evaluate_charging_policy(state(), profile(peak_hours=[18]), env(hour=hour)) == expected


@pytest.mark.parametrize("hour", range(24))
def test_no_hour_blocks_a_station_that_is_allowed_at_peak(hour: int) -> None:
    assert evaluate_charging_policy(state(), profile(allow_peak_hours=True), env(hour=hour)) == OK


def test_no_hour_blocks_where_there_are_no_peak_hours() -> None:
    assert evaluate_charging_policy(state(), profile(peak_hours=()), env(hour=18)) == OK


@pytest.mark.parametrize("kind", [list, tuple, set, frozenset])
def test_peak_hours_may_be_any_collection(kind: type) -> None:
    assert evaluate_charging_policy(state(), profile(peak_hours=kind((18, 19))), env(hour=18)) == PEAK


def test_the_cap_comes_before_the_price() -> None:
    assert evaluate_charging_policy(state(20.0), profile(), env(0.99)) == CAP


def test_the_price_comes_before_the_peak_hour() -> None:
    assert evaluate_charging_policy(state(), profile(), env(0.99, 18)) == PRICE


def test_the_cap_comes_before_everything() -> None:
    assert evaluate_charging_policy(state(20.0), profile(), env(0.99, 18)) == CAP


@pytest.mark.parametrize("charging", [True, False])
@pytest.mark.parametrize("session_active", [True, False])
def test_what_the_station_is_doing_decides_nothing(charging: bool, session_active: bool) -> None:
    doing = state(charging=charging, session_active=session_active)
    assert evaluate_charging_policy(doing, profile(), env()) == OK


def test_fields_that_decide_nothing_may_be_absent() -> None:
    assert evaluate_charging_policy({"energy_dispensed": 1}, profile(), env()) == OK


def test_an_answer_has_an_action_and_a_reason_and_goes_into_json() -> None:
    answer = evaluate_charging_policy(state(), profile(), env())
    assert set(answer) == {"action", "reason"}
    assert isinstance(answer["action"], str) and isinstance(answer["reason"], str)
    assert json.loads(json.dumps(answer)) == OK


def test_each_answer_is_the_callers_own() -> None:
    first = evaluate_charging_policy(state(), profile(), env())
    first["action"] = PolicyAction.WAIT
    assert evaluate_charging_policy(state(), profile(), env()) == OK


def test_decimal_prices_are_compared_exactly() -> None:
    third = profile(charge_if_price_below=Decimal("0.30"))
    assert evaluate_charging_policy(state(), third, env(Decimal("0.30"))) == OK
    assert evaluate_charging_policy(state(), third, env(Decimal("0.3000000000000000001"))) == PRICE


# --- at a meter value ---------------------------------------------------------------------------------------


def at_meter(current_wh: Any = 5_000, max_wh: Any = 20_000, **changes: Any) -> Any:
    return evaluate_meter_value_decision(
        state(),
        changes.get("profile", profile()),
        changes.get("env", env()),
        current_wh=current_wh,
        max_wh=max_wh,
    )


GO_ON = {"action": "continue", "reason": "Conditions OK"}
STOP_CAP = {"action": "stop", "reason": "Energy cap reached"}
STOP_PRICE = {"action": "stop", "reason": "Price too high"}
STOP_PEAK = {"action": "stop", "reason": "Peak hour block"}


@pytest.mark.parametrize(
    ("current_wh", "expected"), [(0, GO_ON), (19_999, GO_ON), (20_000, STOP_CAP), (20_001, STOP_CAP)]
)
def test_a_transaction_stops_to_the_watt_hour(current_wh: int, expected: dict[str, str]) -> None:
    assert at_meter(current_wh) == expected


def test_watt_hours_are_not_rounded_through_kilowatt_hours() -> None:
    large = 2**53 + 1
    assert at_meter(large - 1, large) == GO_ON
    assert at_meter(large, large) == STOP_CAP


def test_a_transaction_stops_when_the_price_passes_the_threshold() -> None:
    assert at_meter(env=env(0.30)) == GO_ON
    assert at_meter(env=env(0.31)) == STOP_PRICE


def test_a_transaction_stops_when_a_peak_hour_begins() -> None:
    assert at_meter(env=env(hour=16)) == GO_ON
    assert at_meter(env=env(hour=17)) == STOP_PEAK
    assert at_meter(env=env(hour=17), profile=profile(allow_peak_hours=True)) == GO_ON


def test_at_a_meter_value_the_rules_have_the_same_order() -> None:
    assert at_meter(20_000, env=env(0.99, 18)) == STOP_CAP
    assert at_meter(env=env(0.99, 18)) == STOP_PRICE


def test_at_a_meter_value_the_kilowatt_hour_fields_are_not_read() -> None:
    bare = profile()
    del bare["max_energy_kwh"]
    assert evaluate_meter_value_decision({}, bare, env(), current_wh=1, max_wh=2) == GO_ON


# --- the optional constraints -------------------------------------------------------------------------------

GRID = {"max_grid_load": 0.8, "ramp_margin": 0.25, "max_power_kw": 10.0}
CARBON = {"max_carbon_intensity": 400.0, "ramp_margin": 0.25, "max_power_kw": 10.0}


@pytest.mark.parametrize(
    ("limits", "measured", "action", "reason", "limit_kw"),
    [
        (GRID, {"grid_load": 0.5}, "charge", "Conditions OK", None),
        (GRID, {"grid_load": 0.7}, "ramp_down", "Grid load near its limit", 5.0),
        (GRID, {"grid_load": 0.8}, "ramp_down", "Grid load near its limit", 0.0),
        (GRID, {"grid_load": 0.81}, "wait", "Grid load too high", None),
        (CARBON, {"carbon_intensity": 300.0}, "charge", "Conditions OK", None),
        (CARBON, {"carbon_intensity": 375.0}, "ramp_down", "Carbon intensity near its limit", 2.5),
        (CARBON, {"carbon_intensity": 401}, "wait", "Carbon intensity too high", None),
    ],
)
def test_power_ramps_down_over_the_margin_and_waits_beyond_the_limit(
    limits: dict[str, float], measured: dict[str, float], action: str, reason: str, limit_kw: float | None
) -> None:
    before = evaluate_charging_policy(state(), profile(**limits), env(**measured))
    running = at_meter(profile=profile(**limits), env=env(**measured))
    assert (before["action"], before["reason"]) == (action, reason)
    assert running["action"] == {"charge": "continue", "wait": "stop"}.get(action, action)
    assert before.get("limit_kw") == running.get("limit_kw") == pytest.approx(limit_kw)


def test_of_two_near_constraints_the_tighter_one_limits() -> None:
    both = profile(**GRID, max_carbon_intensity=400.0)
    answer = evaluate_charging_policy(state(), both, env(grid_load=0.7, carbon_intensity=390.0))
    assert answer["reason"] == PolicyReason.CARBON_INTENSITY_NEAR
    assert answer["limit_kw"] == pytest.approx(1.0)


def test_a_passed_constraint_outweighs_a_near_one() -> None:
    both = profile(**GRID, max_carbon_intensity=400.0)
    answer = evaluate_charging_policy(state(), both, env(grid_load=0.79, carbon_intensity=500.0))
    assert answer == {"action": "wait", "reason": "Carbon intensity too high"}


def test_without_a_margin_there_is_no_ramp() -> None:
    sharp = profile(max_grid_load=0.8)
    assert evaluate_charging_policy(state(), sharp, env(grid_load=0.8)) == OK
    assert evaluate_charging_policy(state(), sharp, env(grid_load=0.81))["action"] == "wait"


def test_without_a_power_the_ramp_starts_from_the_default() -> None:
    answer = evaluate_charging_policy(
        state(), profile(max_grid_load=0.8, ramp_margin=0.5), env(grid_load=0.6)
    )
    assert answer["limit_kw"] == pytest.approx(DEFAULT_MAX_POWER_KW / 2)


def test_a_constraint_needs_its_limit_and_its_measurement() -> None:
    assert evaluate_charging_policy(state(), profile(), env(grid_load=1.0, carbon_intensity=900.0)) == OK
    assert evaluate_charging_policy(state(), profile(max_grid_load=0.1), env()) == OK
    assert evaluate_charging_policy(state(), profile(max_grid_load=None), env(grid_load=0.9)) == OK


def test_the_three_old_rules_come_before_the_constraints() -> None:
    loaded = {"grid_load": 1.0}
    assert evaluate_charging_policy(state(20.0), profile(**GRID), env(**loaded)) == CAP
    assert evaluate_charging_policy(state(), profile(**GRID), env(0.99, **loaded)) == PRICE
    assert evaluate_charging_policy(state(), profile(**GRID), env(hour=18, **loaded)) == PEAK


# --- bad input ----------------------------------------------------------------------------------------------

BAD_NUMBERS: list[Any] = [nan, None, "0.2", [], Decimal("NaN")]
BAD_HOURS: list[Any] = [-1, 24, 3.5, nan, inf, None, "12", [], {}]
BAD_PEAK_HOURS: list[Any] = [None, 18, "18", [24], [-1], ["18"], [[]], [3.5], [18, nan]]


def bad_inputs() -> list[Any]:
    cases: list[Any] = []
    wrong: dict[str, list[Any]] = {
        "energy_dispensed": [*BAD_NUMBERS, -0.001, inf],
        "max_energy_kwh": [*BAD_NUMBERS, -1.0],
        "current_price": BAD_NUMBERS,
        "charge_if_price_below": BAD_NUMBERS,
        "hour": BAD_HOURS,
        "peak_hours": BAD_PEAK_HOURS,
        "allow_peak_hours": [None, "no", 2, [], nan],
    }
    for name, values in wrong.items():
        cases += [pytest.param(name, value, id=f"{name}={value!r}") for value in values]
    return cases


def with_field(name: str, value: Any) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    inputs = (state(), profile(), env())
    for fields in inputs:
        if name in fields:
            fields[name] = value
    return inputs


@pytest.mark.parametrize(("name", "value"), bad_inputs())
def test_a_bad_value_is_blamed_on_its_field(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"^{name} ") as caught:
        evaluate_charging_policy(*with_field(name, value))
    assert isinstance(caught.value, PolicyInputError) and caught.value.field == name


@pytest.mark.parametrize(
    ("name", "value"), [case for case in bad_inputs() if "energy" not in str(case.values[0])]
)
def test_a_bad_value_is_blamed_on_its_field_at_a_meter_value_too(name: str, value: Any) -> None:
    _, bad_profile, bad_env = with_field(name, value)
    with pytest.raises(ValueError, match=rf"^{name} "):
        at_meter(profile=bad_profile, env=bad_env)


@pytest.mark.parametrize(("name", "value"), bad_inputs())
def test_a_bad_value_is_found_whichever_rule_would_decide(name: str, value: Any) -> None:
    for deciding in ({"energy_dispensed": 99.0}, {"current_price": 9.0}, {"hour": 18}):
        inputs = with_field(name, value)
        for fields in inputs:
            fields.update({k: v for k, v in deciding.items() if k in fields and k != name})
        with pytest.raises(ValueError, match=rf"^{name} "):
            evaluate_charging_policy(*inputs)


@pytest.mark.parametrize(
    "name",
    [
        "energy_dispensed",
        "max_energy_kwh",
        "current_price",
        "charge_if_price_below",
        "hour",
        "peak_hours",
        "allow_peak_hours",
    ],
)
def test_a_missing_field_is_named(name: str) -> None:
    inputs = (state(), profile(), env())
    for fields in inputs:
        fields.pop(name, None)
    with pytest.raises(ValueError, match=rf"^{name} is missing"):
        evaluate_charging_policy(*inputs)


@pytest.mark.parametrize(
    ("position", "name"), [(0, "station_state"), (1, "profile"), (2, "env")], ids=lambda v: str(v)
)
def test_something_that_is_no_mapping_is_named(position: int, name: str) -> None:
    inputs: list[Any] = [state(), profile(), env()]
    inputs[position] = None
    with pytest.raises(ValueError, match=rf"^{name} must be a mapping"):
        evaluate_charging_policy(*inputs)


@pytest.mark.parametrize("name", ["current_wh", "max_wh"])
@pytest.mark.parametrize("value", [*BAD_NUMBERS, -1], ids=repr)
def test_bad_watt_hours_are_named(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"^{name} "):
        at_meter(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("grid_load", nan),
        ("grid_load", 1.1),
        ("grid_load", "0.5"),
        ("carbon_intensity", -1.0),
        ("max_grid_load", -0.1),
        ("max_carbon_intensity", Decimal("NaN")),
        ("ramp_margin", 1.5),
        ("max_power_kw", nan),
    ],
)
def test_a_bad_constraint_is_named(name: str, value: Any) -> None:
    limits = profile(**GRID, max_carbon_intensity=400.0)
    measured = env(grid_load=0.7, carbon_intensity=350.0)
    (measured if name in measured else limits)[name] = value
    with pytest.raises(ValueError, match=rf"^{name} "):
        evaluate_charging_policy(state(), limits, measured)


def test_of_two_bad_fields_the_first_rule_names_its_own() -> None:
    with pytest.raises(ValueError, match=r"^energy_dispensed "):
        evaluate_charging_policy(state(nan), profile(), env(nan, 99))


# --- the helper ---------------------------------------------------------------------------------------------


def test_is_peak_hour_looks_the_hour_up() -> None:
    assert is_peak_hour(18, EVENING)
    assert not is_peak_hour(21, [17, 18])
    assert not is_peak_hour(0, ())


@pytest.mark.parametrize("hour", BAD_HOURS, ids=repr)
def test_is_peak_hour_refuses_an_hour_that_no_day_has(hour: Any) -> None:
    with pytest.raises(ValueError, match=r"^hour "):
        is_peak_hour(hour, EVENING)


@pytest.mark.parametrize("peak_hours", BAD_PEAK_HOURS, ids=repr)
def test_is_peak_hour_refuses_peak_hours_that_no_day_has(peak_hours: Any) -> None:
    with pytest.raises(ValueError, match=r"^peak_hours "):
        is_peak_hour(12, peak_hours)


# --- properties ---------------------------------------------------------------------------------------------

energies = st.floats(0.0, 200.0)
prices = st.floats(-1.0, 2.0)
hours = st.integers(0, 23)
hour_sets = st.frozensets(hours)


@given(energies, energies, prices, prices, hours, hour_sets, st.booleans())
def test_the_first_rule_that_speaks_decides(
    dispensed: float,
    cap: float,
    price: float,
    threshold: float,
    hour: int,
    peak_hours: frozenset[int],
    allowed: bool,
) -> None:
    rules = profile(
        charge_if_price_below=threshold, max_energy_kwh=cap, peak_hours=peak_hours, allow_peak_hours=allowed
    )
    spoken = [
        answer
        for speaks, answer in (
            (dispensed >= cap, CAP),
            (price > threshold, PRICE),
            (hour in peak_hours and not allowed, PEAK),
            (True, OK),
        )
        if speaks
    ]
    assert evaluate_charging_policy(state(dispensed), rules, env(price, hour)) == spoken[0]


@given(st.integers(0, 10**6), st.integers(0, 10**6), prices, prices, hours, hour_sets, st.booleans())
def test_both_questions_get_the_same_reason(
    current_wh: int,
    max_wh: int,
    price: float,
    threshold: float,
    hour: int,
    peak_hours: frozenset[int],
    allowed: bool,
) -> None:
    # the cap in Wh as the unit of both, so that no rounding comes between them
    rules = profile(
        charge_if_price_below=threshold,
        max_energy_kwh=max_wh,
        peak_hours=peak_hours,
        allow_peak_hours=allowed,
    )
    before = evaluate_charging_policy(state(current_wh), rules, env(price, hour))
    running = at_meter(current_wh, max_wh, profile=rules, env=env(price, hour))
    assert before["reason"] == running["reason"]
    assert (before["action"] == "charge") == (running["action"] == "continue")


@given(energies, st.floats(0.0, 0.5), prices)
def test_more_energy_or_a_higher_price_never_makes_a_station_charge(
    dispensed: float, more: float, price: float
) -> None:
    if evaluate_charging_policy(state(dispensed), profile(), env(price)) != OK:
        assert evaluate_charging_policy(state(dispensed + more), profile(), env(price)) != OK
        assert evaluate_charging_policy(state(dispensed), profile(), env(price + more)) != OK


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_ramp_stays_between_nothing_and_full_power_and_never_rises_with_the_load(
    load: float, other: float, margin: float
) -> None:
    limits = profile(max_grid_load=0.8, ramp_margin=margin, max_power_kw=10.0)

    def allowed_kw(grid_load: float) -> float:
        answer = evaluate_charging_policy(state(), limits, env(grid_load=grid_load))
        if answer["action"] == "ramp_down":
            assert 0.0 <= answer["limit_kw"] <= 10.0
            return answer["limit_kw"]
        return 10.0 if answer["action"] == "charge" else 0.0

    assert allowed_kw(max(load, other)) <= allowed_kw(min(load, other))


anything = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.lists(st.integers(0, 30))
)


@given(st.data())
def test_any_input_is_answered_or_blamed_on_a_field(data: st.DataObject) -> None:
    names = {name for fields in (state(), profile(**GRID), env(grid_load=0.2)) for name in fields}
    names -= {"charging", "session_active"}
    inputs = (state(), profile(**GRID), env(grid_load=0.2))
    for name in data.draw(st.sets(st.sampled_from(sorted(names)), max_size=3)):
        value = data.draw(anything)
        for fields in inputs:
            if name in fields:
                fields[name] = value
    blamed: str | None = None
    try:
        evaluate_charging_policy(*inputs)
    except PolicyInputError as error:
        blamed = error.field
    assert blamed is None or blamed in names


# --- the page about it --------------------------------------------------------------------------------------


def test_the_example_of_the_documentation_is_true() -> None:
    page = (Path(__file__).parents[2] / "docs" / "policy.md").read_text(encoding="utf-8")
    example = page.split("```python\n", 1)[1].split("```", 1)[0]
    exec(compile(example, "docs/policy.md", "exec"), {})


def test_the_documentation_names_every_reason() -> None:
    page = (Path(__file__).parents[2] / "docs" / "policy.md").read_text(encoding="utf-8")
    assert [reason for reason in PolicyReason if reason not in page] == []
