"""What the control port answers: the routes of one station in the controller's API, with its JSON."""

import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from evswarm_shared.bus.messages import Command, CommandOutcome, CommandReply, StationSnapshot
from evswarm_shared.history.readable import milliseconds, moment
from evswarm_shared.ocpp16.payloads import UNREADABLE
from evswarm_worker.actions import HandAction
from evswarm_worker.description import DESCRIBE
from evswarm_worker.passed_frames import FRAMES_KEPT
from evswarm_worker.raw_access import MESSAGES, SEND

PATIENCE_SECONDS: Final = 30.0
SCHEDULE_HOURS: Final = 24
ROUTES: Final = (
    "GET /, GET /detail, GET /messages, GET /logs, POST /actions/{action}, POST /send, PATCH / "
    "(each also below /stations/{id})"
)
STATUS_OF: Final[Mapping[CommandOutcome, HTTPStatus]] = {
    CommandOutcome.DONE: HTTPStatus.OK,
    CommandOutcome.REFUSED: HTTPStatus.CONFLICT,
    CommandOutcome.INVALID: HTTPStatus.UNPROCESSABLE_ENTITY,
}

CarryOut = Callable[[Command], Awaitable[CommandReply | None]]


class Answer(NamedTuple):
    """A status and a JSON document."""

    status: HTTPStatus
    body: bytes


class ControlAnswers:
    """Answers requests about `station_id`: `carry_out` does what is asked, `snapshot` and `log_lines` tell how it is."""

    def __init__(
        self,
        station_id: str,
        carry_out: CarryOut,
        snapshot: Callable[[], StationSnapshot | None],
        log_lines: Callable[[], list[str]],
    ) -> None:
        self._station_id = station_id
        self._carry_out = carry_out
        self._snapshot = snapshot
        self._log_lines = log_lines

    async def answer(self, method: str, target: str, body: bytes) -> Answer:
        """The answer to one request; `target` as it stands in the request line."""
        parts = urlsplit(target)
        path, whole = self._inside(parts.path)
        if path is None:
            return problem(HTTPStatus.NOT_FOUND, f"there is no {parts.path}; here are {ROUTES}")
        asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        match method, path.split("/"):
            case "GET", [""]:
                return await self._station(whole=whole)
            case "PATCH", [""]:
                return await self._do(HandAction.SET_AUTONOMOUS, body)
            case "GET", ["detail"]:
                return await self._told(DESCRIBE, self._detail(asked))
            case "GET", ["messages"]:
                return await self._told(MESSAGES, self._frames(asked))
            case "GET", ["logs"]:
                lines = self._log_lines()
                return done({"station_id": self._station_id, "logs": lines, "count": len(lines)})
            case "POST", ["send"]:
                return await self._told(SEND, body or b"{}")
            case "POST", ["actions", action]:
                return await self._do(action, body)
        known = path in ("", "detail", "messages", "logs", "send") or path.startswith("actions/")
        if known:
            return problem(HTTPStatus.METHOD_NOT_ALLOWED, f"{method} {parts.path}: here are {ROUTES}")
        return problem(HTTPStatus.NOT_FOUND, f"there is no {parts.path}; here are {ROUTES}")

    def _inside(self, path: str) -> tuple[str | None, bool]:
        """The part behind the station, and whether the station was left out, as at a port of its own."""
        parts = [unquote(part) for part in path.strip("/").split("/")]
        if parts[0] != "stations":
            return "/".join(parts), True
        if parts[1:2] != [self._station_id]:
            return None, False
        return "/".join(parts[2:]), False

    async def _station(self, *, whole: bool) -> Answer:
        row = self._snapshot()
        if row is None:
            return _starting()
        if not whole:
            return done(station_view(row))
        detail = await self._told(DESCRIBE, self._detail({}))
        if detail.status is not HTTPStatus.OK:
            return detail
        return done({"station": station_view(row), "detail": msgspec.Raw(detail.body)})

    async def _do(self, action: str, body: bytes) -> Answer:
        answer = await self._told(action, body)
        if answer.status is not HTTPStatus.OK:
            return answer
        return done(station_view(msgspec.json.decode(answer.body, type=StationSnapshot)))

    async def _told(self, action: str, payload: bytes) -> Answer:
        try:
            msgspec.json.decode(payload or b"null")
        except UNREADABLE as error:
            return problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"the body is no JSON: {error}")
        command = Command(
            command_id=secrets.token_hex(8),
            station_id=self._station_id,
            action=action,
            payload=msgspec.Raw(payload or b"null"),
            expires_at=time.time() + PATIENCE_SECONDS,
            reply_to="",
        )
        reply = await self._carry_out(command)
        if reply is None or reply.outcome is CommandOutcome.UNKNOWN_STATION:
            return _starting()
        status = STATUS_OF.get(reply.outcome, HTTPStatus.CONFLICT)
        if status is not HTTPStatus.OK:
            return problem(status, reply.description)
        return Answer(status, bytes(reply.payload))

    def _detail(self, asked: Mapping[str, str]) -> bytes:
        hours = _number(asked.get("schedule_hours"), SCHEDULE_HOURS)
        return msgspec.json.encode({"schedule_seconds": hours * 3600, "full_tags": _full(asked)})

    def _frames(self, asked: Mapping[str, str]) -> bytes:
        return msgspec.json.encode(
            {"limit": _number(asked.get("limit"), FRAMES_KEPT), "full_tags": _full(asked)}
        )


def station_view(row: StationSnapshot) -> dict[str, Any]:
    """A station as the controller's API tells of it."""
    return {
        "station_id": row.station_id,
        "status": row.state,
        "running": row.running,
        "charging": row.transactions > 0,
        "connectors": row.connectors,
        "transactions": row.transactions,
        "power_kw": row.power_w / 1000,
        "session_kwh": row.session_wh / 1000,
        "energy_kwh": row.energy_mwh / 1_000_000,
        "earnings": row.earnings_micro / 1_000_000,
        "worker_id": row.worker_id,
        "profile": row.profile,
        "last_message": row.last_message,
        "last_message_at": _moment(row.last_message_at),
        "changed_at": _moment(row.changed_at),
    }


def done(document: object) -> Answer:
    """All is well."""
    return Answer(HTTPStatus.OK, msgspec.json.encode(document))


def problem(status: HTTPStatus, detail: str) -> Answer:
    """A problem document (RFC 9457)."""
    document = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    return Answer(status, msgspec.json.encode(document))


def _starting() -> Answer:
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, "the station is just starting or ending; try again")


def _full(asked: Mapping[str, str]) -> bool:
    return asked.get("tags") == "full"


def _number(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isascii() and text.isdecimal() else default


def _moment(at: float) -> str | None:
    return moment(milliseconds(at)) if at else None
