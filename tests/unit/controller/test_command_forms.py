"""What the forms of commands and actions are made from."""

from typing import Any

import msgspec
import pytest
from jsonschema import Draft4Validator

from evswarm_controller.api.central_system import CsmsAction
from evswarm_controller.api.command_forms import HAND_FORMS
from evswarm_controller.api.schemas import HandActionRequest
from evswarm_controller.api.stations import HandAction
from evswarm_worker.actions import ACTIONS
from evswarm_worker.actions import HandAction as WorkersAction
from tests.unit.controller.desk import Desk


async def test_every_command_has_its_official_schema_and_an_example_that_fits(desk: Desk) -> None:
    forms = (await desk.client.get("/csms/commands")).json()
    assert set(forms) == {action.value for action in CsmsAction}
    for form in forms.values():
        Draft4Validator.check_schema(form["schema"])
        Draft4Validator(form["schema"]).validate(form["example"])
        assert form["schema"]["type"] == "object"


async def test_schemas_stand_for_themselves(desk: Desk) -> None:
    text = (await desk.client.get("/csms/commands")).text
    assert "$ref" not in text and "definitions" not in text
    log = msgspec.json.decode(text)["GetLog"]["schema"]
    assert log["properties"]["log"]["properties"]["remoteLocation"]["maxLength"] == 512
    assert log["required"] == ["logType", "requestId", "log"]


async def test_every_action_by_hand_has_a_form_whose_example_the_api_takes(desk: Desk) -> None:
    forms = (await desk.client.get("/actions")).json()
    assert set(forms) == {action.value for action in HandAction}
    for form in forms.values():
        Draft4Validator(form["schema"]).validate(form["example"])
        HandActionRequest.model_validate(form["example"])


def fields_of(action: str) -> tuple[set[str], set[str]]:
    """The fields that the worker takes for an action, and those it insists on."""
    payload: Any = ACTIONS[WorkersAction(action)][0]
    fields = msgspec.structs.fields(payload)
    return {field.name for field in fields}, {field.name for field in fields if field.required}


@pytest.mark.parametrize("action", sorted({action.value for action in HandAction} & set(WorkersAction)))
def test_a_form_has_the_fields_that_the_worker_takes(action: str) -> None:
    fields, required, _ = HAND_FORMS.get(action, ({}, (), {}))
    assert (set(fields), set(required)) == fields_of(action)
