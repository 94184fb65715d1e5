"""Signing in and out with a browser."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from evswarm_controller.access.names import port_of
from evswarm_controller.access.refusal import Refused
from evswarm_controller.access.sessions import cookie_name
from evswarm_controller.api import views
from evswarm_controller.api.schemas import Body
from evswarm_controller.context import ContextOf
from evswarm_controller.http_rules import exchange_of
from evswarm_controller.problems import documented, problem

MAX_TOKEN: Final = 256

router = APIRouter(prefix="/session", tags=["session"])


class SignInRequest(Body):
    """Who signs in knows the token."""

    token: Annotated[str, Field(max_length=MAX_TOKEN, description="The controller's EVSWARM_API_TOKEN.")]


class SessionView(BaseModel):
    """Whether the API can be used."""

    token_required: bool = Field(description="Whether this controller asks for a token.")
    signed_in: bool = Field(
        description="Whether what this request brought would do; true where nothing is asked for."
    )


@router.get("", response_model=SessionView, responses=documented())
async def read_session(context: ContextOf, request: Request) -> Response:
    """Whether a token is asked for, and whether what this request brings would do."""
    signed_in = context.gate.is_signed_in(exchange_of(request.scope), context.now())
    return views.json_response({"token_required": context.gate.token_required, "signed_in": signed_in})


@router.post(
    "",
    status_code=HTTPStatus.NO_CONTENT,
    responses=documented(
        HTTPStatus.UNAUTHORIZED, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.TOO_MANY_REQUESTS
    ),
)
async def sign_in(context: ContextOf, request: Request, body: SignInRequest) -> Response:
    """Give the token for a cookie that lasts EVSWARM_SESSION_HOURS. Where no token is asked for there is none."""
    client = request.client.host if request.client else ""
    found = context.gate.sign_in(body.token, client, context.now())
    if isinstance(found, Refused):
        context.telemetry.refusals.add(found.reason)
        return problem(found.status, found.detail, headers=found.headers)
    answer = Response(status_code=HTTPStatus.NO_CONTENT)
    if found is not None:
        _set_cookie(answer, request, found, context.gate.session_seconds)
    return answer


@router.delete("", status_code=HTTPStatus.NO_CONTENT, responses=documented())
async def sign_out(request: Request) -> Response:
    """Have the browser forget the cookie."""
    answer = Response(status_code=HTTPStatus.NO_CONTENT)
    _set_cookie(answer, request, "", 0)
    return answer


def _set_cookie(answer: Response, request: Request, value: str, seconds: int) -> None:
    # A proxy that ends TLS says so; who lies about it only harms a cookie of their own.
    is_secure = "https" in (request.url.scheme, request.headers.get("x-forwarded-proto"))
    answer.set_cookie(
        cookie_name(port_of(request.headers.get("host", ""))),
        value,
        max_age=seconds,
        httponly=True,
        samesite="strict",
        secure=is_secure,
    )
