"""What holds for the whole swarm beside the price: its clock, the grid, and the charging policies on trial."""

from http import HTTPStatus
from typing import Any, Final

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from evswarm_controller.api import views
from evswarm_controller.api.schemas import ConditionsRequest, ConditionsView, PolicyFields
from evswarm_controller.context import Context, ContextOf
from evswarm_controller.problems import documented
from evswarm_shared.bus.messages import Conditions, PolicyChange
from evswarm_shared.history.log_lines import stamped

SIGNALS: Final = ("grid_load", "carbon_intensity")

router = APIRouter(tags=["conditions"])


@router.get("/conditions", response_model=ConditionsView, responses=documented())
async def read_conditions(context: ContextOf) -> Response:
    """The clock, the grid and what the policies go by instead of their profiles' own values."""
    context.require_ready()
    return views.json_response(_view(context))


@router.patch(
    "/conditions",
    response_model=ConditionsView,
    responses=documented(HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY),
)
async def change_conditions(context: ContextOf, body: ConditionsRequest) -> Response:
    """Change what is named. Policies are asked at every meter value, so it shows within a sample interval."""
    context.require_ready()
    before, at = context.observer.desired.conditions, context.told_time()
    if await context.wishes.change_conditions(
        lambda conditions: changed(conditions, body), body.clock_factor
    ):
        after = context.observer.desired
        told = [] if body.clock_factor is None else [f"time runs {body.clock_factor:g} times as fast"]
        told += differences(before, after.conditions)
        line = f"[{at}] Conditions: {', '.join(told) or 'unchanged'}"
        await context.bus.append_log(list(context.fleet.rows), stamped(context.now(), line))
        context.hub.logged(tuple(context.fleet.rows))
    return views.json_response(_view(context))


def changed(conditions: Conditions, body: ConditionsRequest) -> Conditions:
    """The conditions with what the request names."""
    signals = {name: getattr(body, name) for name in SIGNALS if name in body.model_fields_set}
    policies = dict(conditions.policies)
    for profile, fields in body.policies.items():
        if fields is None:
            policies.pop(profile, None)
        else:
            policy = msgspec.structs.replace(policies.get(profile, PolicyChange()), **_named(fields))
            policies[profile] = policy
            if policy == PolicyChange():
                del policies[profile]
    return msgspec.structs.replace(conditions, **signals, policies=policies)


def differences(before: Conditions, after: Conditions) -> list[str]:
    """What is different, in words."""
    told = [
        f"{name.replace('_', ' ')} {'unknown' if value is None else format(value, 'g')}"
        for name in SIGNALS
        if (value := getattr(after, name)) != getattr(before, name)
    ]
    profiles = sorted(
        profile
        for profile in before.policies.keys() | after.policies.keys()
        if before.policies.get(profile) != after.policies.get(profile)
    )
    return told + [f"another policy for {profile}" for profile in profiles]


def _named(fields: PolicyFields) -> dict[str, Any]:
    named = fields.model_dump(include=fields.model_fields_set)
    hours = named.get("peak_hours")
    return named if hours is None else named | {"peak_hours": frozenset(hours)}


def _view(context: Context) -> dict[str, Any]:
    desired = context.observer.desired
    conditions = desired.conditions
    return {
        "simulated_time": views.timestamp(context.observer.simulated_now()),
        "clock_factor": desired.clock.factor,
        "grid_load": conditions.grid_load,
        "carbon_intensity": conditions.carbon_intensity,
        "policies": conditions.policies,
    }
