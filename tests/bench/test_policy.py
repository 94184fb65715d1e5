"""What a policy call costs, next to the bare comparisons that any answer needs."""

from collections.abc import Callable
from timeit import repeat
from typing import Any

import pytest

from evswarm_shared.charging_policy import evaluate_charging_policy, evaluate_meter_value_decision

CALLS = 20_000
STATE = {"energy_dispensed": 5.0, "charging": True, "session_active": True}
PROFILE = {
    "charge_if_price_below": 0.30,
    "max_energy_kwh": 20.0,
    "allow_peak_hours": False,
    "peak_hours": frozenset({17, 18, 19, 20}),
}
ENV = {"current_price": 0.20, "hour": 12}


def four_bare_comparisons(
    station_state: dict[str, Any], profile: dict[str, Any], env: dict[str, Any]
) -> dict[str, str]:
    """The rules without any care for what comes in."""
    if station_state["energy_dispensed"] >= profile["max_energy_kwh"]:
        return {"action": "pause", "reason": "Energy cap reached"}
    if env["current_price"] > profile["charge_if_price_below"]:
        return {"action": "wait", "reason": "Price too high"}
    if env["hour"] in profile["peak_hours"] and not profile["allow_peak_hours"]:
        return {"action": "wait", "reason": "Peak hour block"}
    return {"action": "charge", "reason": "Conditions OK"}


def before_a_transaction() -> None:
    evaluate_charging_policy(STATE, PROFILE, ENV)


def at_a_meter_value() -> None:
    evaluate_meter_value_decision(STATE, PROFILE, ENV, current_wh=5_000, max_wh=20_000)


def bare() -> None:
    four_bare_comparisons(STATE, PROFILE, ENV)


def seconds_a_call(*calls: Callable[[], object]) -> list[float]:
    """The best of several rounds for each, in turn, so that a busy machine slows all of them alike."""
    rounds = [[repeat(call, number=CALLS, repeat=1)[0] for call in calls] for _ in range(15)]
    return [min(times) / CALLS for times in zip(*rounds, strict=True)]


@pytest.mark.parametrize("call", [before_a_transaction, at_a_meter_value], ids=lambda call: call.__name__)
def test_a_policy_call_costs_at_most_twice_the_bare_comparisons(call: Callable[[], None]) -> None:
    least, cost = seconds_a_call(bare, call)
    print(f"\n{call.__name__}: {cost * 1e9:.0f} ns, bare {least * 1e9:.0f} ns, ratio {cost / least:.2f}")
    assert cost <= 2.0 * least
