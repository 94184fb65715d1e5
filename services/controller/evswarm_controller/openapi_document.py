"""Completes the OpenAPI document that the framework makes: our error bodies, what any request may meet, the token."""

from http import HTTPStatus
from typing import Any, Final

from evswarm_controller import problems
from evswarm_controller.access.gate import CHANGING, PROBES, UPLOADS

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


def completed(document: dict[str, Any], *, token_required: bool) -> dict[str, Any]:
    """The document with our problems where the framework describes its own, and with the token if one is asked for."""
    schemas = document["components"]["schemas"]
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    problem = problems.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    if token_required:
        document["components"]["securitySchemes"] = SECURITY_SCHEMES
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            _complete(operation, path, method.upper(), token_required=token_required)
    return document


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
    if path in PROBES or path.startswith(UPLOADS):
        return
    met = [*ANYWHERE]
    if method in CHANGING:
        met.append(HTTPStatus.TOO_MANY_REQUESTS)
    if "requestBody" in operation:
        met += _FORM
    if token_required and path != SESSION:
        met.append(HTTPStatus.UNAUTHORIZED)
        operation["security"] = [{name: []} for name in SECURITY_SCHEMES]
    for status, described in problems.documented(*met).items():
        responses.setdefault(str(status), described)
