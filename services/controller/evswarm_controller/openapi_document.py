"""Completes the OpenAPI document that the framework makes: our error bodies, what any request may meet, the token."""

import copy
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from evswarm_controller import problems
from evswarm_controller.access.gate import CHANGING, PROBES, UPLOADS
from evswarm_controller.api.operations import BARE

ANYWHERE: Final = (HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.MISDIRECTED_REQUEST)
"""What any request may be answered with: broken HTTP, a foreign page, a name that is not ours."""
SESSION: Final = "/session"
SECURITY_SCHEMES: Final = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "The controller's EVSWARM_API_TOKEN.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "evswarm_session",
        "description": "What POST /session gives a browser; the port of the address, if it has one, is appended.",
    },
}


ACTION: Final = "{action}"
MOST_INTEGER: Final = 2**53 - 1
HAND_ACTIONS: Final = "/stations/{station_id}/actions/{action}"
COMMANDS: Final = "/csms/stations/{station_id}/commands/{action}"
"""Routes whose body depends on the action that the path names."""
WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})

Forms = Mapping[str, Mapping[str, Any]]
"""Name of an action → `schema` and `example` of its body."""


def completed(
    document: dict[str, Any], *, token_required: bool, forms: Mapping[str, Forms]
) -> dict[str, Any]:
    """The document with our problems where the framework describes its own, and with the token if one is asked for.

    A path of `forms` that ends with {action} becomes a path for each action, with the body that this one takes.
    """
    schemas = document["components"]["schemas"]
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    problem = problems.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    if token_required:
        document["components"]["securitySchemes"] = SECURITY_SCHEMES
    hand_forms = {action: _or_null(form) for action, form in forms[HAND_ACTIONS].items()}
    commands = {action: _bounded(form) for action, form in forms[COMMANDS].items()}
    forms = {HAND_ACTIONS: hand_forms, COMMANDS: commands}
    _split_bulk(schemas, hand_forms)
    document["paths"] = {
        concrete: methods
        for path, operations in document["paths"].items()
        for concrete, methods in _by_action(path, operations, forms.get(path, {})).items()
    }
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            _complete(operation, path, method.upper(), token_required=token_required)
    return document


def _by_action(path: str, operations: dict[str, Any], forms: Forms) -> dict[str, dict[str, Any]]:
    if not forms:
        return {path: operations}
    found = {}
    for action, form in forms.items():
        concrete = copy.deepcopy(operations)
        for operation in concrete.values():
            operation["summary"] = f"{operation['summary']}: {action}"
            operation["operationId"] = f"{operation['operationId']}_{action}"
            operation["parameters"] = [p for p in operation["parameters"] if p["name"] != ACTION.strip("{}")]
            operation["requestBody"]["content"]["application/json"] = {
                "schema": form["schema"],
                "example": form["example"],
            }
        found[path.replace(ACTION, action)] = concrete
    return found


def _may_be_a_file(operation: dict[str, Any]) -> None:
    """Where `format` asks for a file, JSON is a page without it and one list with it."""
    if any(parameter["name"] == "format" for parameter in operation.get("parameters", ())):
        content = operation["responses"]["200"]["content"]["application/json"]
        content["schema"] = {"anyOf": [content["schema"], {"type": "array", "items": {"type": "object"}}]}


def _split_bulk(schemas: dict[str, Any], forms: Forms) -> None:
    """Say of the body of a command to many stations which payload belongs to which action."""
    properties = schemas["BulkRequest"]["properties"]
    description = properties["payload"].get("description", "")
    properties["payload"] = {"description": description}
    schemas["BulkRequest"]["anyOf"] = [
        {
            "properties": {
                "action": {"const": action},
                "payload": {"type": "null"} if action in BARE else forms[action]["schema"],
            }
        }
        for action in schemas["BulkAction"]["enum"]
    ]


def _or_null(form: Mapping[str, Any]) -> dict[str, Any]:
    """A form whose optional fields may be null as well as left out, and the whole of it, when it needs none."""
    schema = form["schema"]
    required = schema.get("required", ())
    properties = {
        name: value if name in required else {"anyOf": [value, {"type": "null"}]}
        for name, value in schema["properties"].items()
    }
    filled = {**schema, "properties": properties}
    return {**form, "schema": filled if required else {"anyOf": [filled, {"type": "null"}]}}


def _bounded(part: Any) -> Any:
    """An official schema as we judge it: whole numbers as far as every language reads them, addresses as any text."""
    if isinstance(part, list):
        return [_bounded(each) for each in part]
    if not isinstance(part, dict):
        return part
    result = {key: _bounded(value) for key, value in part.items() if (key, value) != ("format", "uri")}
    if result.get("type") == "integer":
        result = {"minimum": -MOST_INTEGER, "maximum": MOST_INTEGER} | result
    return result


def general_statuses() -> frozenset[str]:
    """The statuses that are described once for all operations rather than with each."""
    general = (*ANYWHERE, HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS, *_FORM)
    return frozenset(str(status.value) for status in general)


_FORM: Final = (
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.LENGTH_REQUIRED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
)


def _complete(operation: dict[str, Any], path: str, method: str, *, token_required: bool) -> None:
    responses = operation["responses"]
    if "422" in responses:
        unprocessable = HTTPStatus.UNPROCESSABLE_ENTITY
        responses["422"] = problems.documented(unprocessable)[unprocessable.value]
    _may_be_a_file(operation)
    if path in PROBES or path.startswith(UPLOADS):
        return
    met = [*ANYWHERE]
    if "{" in path:
        met.append(HTTPStatus.NOT_FOUND)
    if method in CHANGING:
        met.append(HTTPStatus.TOO_MANY_REQUESTS)
    if method in WITH_BODY:
        # Whatever changes something is JSON, even where nothing is to be said.
        body = operation.setdefault("requestBody", {"content": {"application/json": {"schema": {}}}})
        body["required"] = True
        met += _FORM
    if token_required and path != SESSION:
        # The second after too many wrong tokens.
        met += (HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS)
        operation["security"] = [{name: []} for name in SECURITY_SCHEMES]
    for status, described in problems.documented(*met).items():
        responses.setdefault(str(status), described)
