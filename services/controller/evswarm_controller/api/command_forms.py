"""What can be done to a station and what each needs, for whoever draws a form: OCPP commands and actions by hand."""

import json
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec
from fastapi import APIRouter
from ocpp.v16.enums import ConfigurationKey
from pydantic import BaseModel, Field
from starlette.responses import Response

from evswarm_controller.api.central_system import CsmsAction
from evswarm_controller.api.command_examples import COMMAND_EXAMPLES
from evswarm_controller.api.schemas import ERROR_CODES, REASONS, TAG_STATUSES
from evswarm_controller.api.stations import HandAction
from evswarm_controller.openapi_document import COMMANDS, HAND_ACTIONS
from evswarm_controller.problems import documented

Schema = dict[str, Any]

KEPT_SECONDS: Final = 3600
"""A browser may keep the answers so long; they change with the version only."""

router = APIRouter()


class Form(BaseModel):
    """One thing that can be done."""

    schema_: Schema = Field(alias="schema", description="JSON Schema of the body, without references.")
    example: dict[str, Any] = Field(description="A body that fits.")


_CONNECTOR: Final[Schema] = {
    "type": "integer",
    "minimum": 1,
    "maximum": 100,
    "description": "Which outlet; the first without it.",
}
_TAG: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 20}
_DRIVER: Final = {**_TAG, "description": "The station's usual tag without it."}

HAND_FORMS: Final[dict[str, tuple[dict[str, Schema], tuple[str, ...], dict[str, Any]]]] = {
    "plug_in": ({"connector_id": _CONNECTOR}, (), {"connector_id": 1}),
    "unplug": ({"connector_id": _CONNECTOR}, (), {"connector_id": 1}),
    "authorize": ({"connector_id": _CONNECTOR, "id_tag": _DRIVER}, (), {"connector_id": 1}),
    "press_stop": (
        {
            "connector_id": _CONNECTOR,
            "reason": {"type": "string", "enum": REASONS, "description": "Local without it."},
        },
        (),
        {"connector_id": 1},
    ),
    "fault": (
        {
            "connector_id": {**_CONNECTOR, "minimum": 0, "description": "0 is the station as a whole."},
            "error_code": {
                "type": "string",
                "enum": tuple(code for code in ERROR_CODES if code != "NoError"),
            },
            "info": {"type": "string", "maxLength": 50},
        },
        (),
        {"connector_id": 1, "error_code": "GroundFailure"},
    ),
    "clear_fault": (
        {"connector_id": {**_CONNECTOR, "minimum": 0, "description": "0 is the station as a whole."}},
        (),
        {"connector_id": 1},
    ),
    "power_cycle": (
        {"reason": {"type": "string", "enum": REASONS, "description": "PowerLoss without it."}},
        (),
        {},
    ),
    "set_configuration": (
        {
            "key": {"type": "string", "minLength": 1, "maxLength": 50},
            "value": {"type": "string", "maxLength": 500},
        },
        ("key", "value"),
        {"key": ConfigurationKey.local_pre_authorize.value, "value": "true"},
    ),
    "add_to_cache": (
        {
            "id_tag": _TAG,
            "status": {"type": "string", "enum": TAG_STATUSES, "description": "Accepted without it."},
            "parent_id_tag": _TAG,
        },
        ("id_tag",),
        {"id_tag": "TAG-1", "status": "Blocked"},
    ),
}
"""Fields, which of them are required, and an example; an action that is not here takes nothing."""


@router.get("/csms/commands", response_model=dict[str, Form], responses=documented(), tags=["csms"])
async def read_commands() -> Response:
    """Every command that our central system can send, with the official schema of its payload and an example."""
    return _kept(msgspec.json.encode(command_forms()))


@router.get("/actions", response_model=dict[str, Form], responses=documented(), tags=["stations"])
async def read_actions() -> Response:
    """Everything that can be done by hand at a station, with the schema of its body and an example."""
    return _kept(msgspec.json.encode(hand_forms()))


def _kept(content: bytes) -> Response:
    headers = {"Cache-Control": f"private, max-age={KEPT_SECONDS}"}
    return Response(content, media_type="application/json", headers=headers)


@cache
def command_forms() -> dict[str, dict[str, Any]]:
    """Schema and example of the payload of each command that our central system can send."""
    return {
        action.value: {"schema": _official(action.value), "example": COMMAND_EXAMPLES[action.value]}
        for action in CsmsAction
    }


@cache
def hand_forms() -> dict[str, dict[str, Any]]:
    """Schema and example of the body of each action by hand."""
    forms = {}
    for action in HandAction:
        fields, required, example = HAND_FORMS.get(action.value, ({}, (), {}))
        schema: Schema = {"type": "object", "properties": fields, "additionalProperties": False}
        if required:
            schema["required"] = required
        forms[action.value] = {"schema": schema, "example": example}
    return forms


def forms_by_path() -> dict[str, dict[str, dict[str, Any]]]:
    """Path of a route that takes an action by name → what each takes."""
    return {
        COMMANDS: command_forms(),
        HAND_ACTIONS: hand_forms(),
    }


def _official(name: str) -> Schema:
    text = files("ocpp").joinpath("v16", "schemas", f"{name}.json").read_text(encoding="utf-8-sig")
    document = json.loads(text)
    schema: Schema = _resolved(document, document.get("definitions", {}))
    return schema


def _resolved(part: Any, definitions: dict[str, Schema]) -> Any:
    """The schema with every reference into its definitions replaced by what it refers to."""
    if isinstance(part, list):
        return [_resolved(each, definitions) for each in part]
    if not isinstance(part, dict):
        return part
    reference = part.get("$ref")
    if isinstance(reference, str):
        return _resolved(definitions[reference.removeprefix("#/definitions/")], definitions)
    return {
        key: _resolved(value, definitions)
        for key, value in part.items()
        if key not in ("$schema", "$id", "definitions", "title")
    }
