"""A service's own log: text for a terminal, one JSON object a line for everything else. Not the stations' logs.

Lines that are about something say so in fields of the same name in every service: `log.info("…", extra=about(…))`.
"""

import json
import logging
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import IO, Final

from evswarm_shared.settings import LogFormat
from evswarm_shared.telemetry.secrets import scrubbed

FIELDS: Final = ("station_id", "worker", "action", "message_id", "operation_id")
"""What a line can be about, beside its words. `message_id` is the unique id of an OCPP CALL or of a command."""
QUIET_LIBRARIES: Final = ("websockets", "asyncio", "redis", "uvicorn.error", "httpx", "httpcore")
"""Libraries whose informational lines say nothing that ours do not."""


def about(
    *,
    station_id: str | None = None,
    worker: str | None = None,
    action: str | None = None,
    message_id: str | None = None,
    operation_id: str | None = None,
) -> dict[str, str]:
    """The `extra` of a log line: what it is about."""
    given = (station_id, worker, action, message_id, operation_id)
    return {name: value for name, value in zip(FIELDS, given, strict=True) if value is not None}


class Identity(logging.Filter):
    """Adds to every line what is the same for the whole process, once it is known."""

    def __init__(self) -> None:
        super().__init__()
        self.worker: str | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        if self.worker is not None and not hasattr(record, "worker"):
            record.worker = self.worker
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (RFC 3339), level, service, logger, message, what it is about, the traceback."""

    def __init__(self, service: str, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._service = service
        self._secrets = tuple(secrets)

    def format(self, record: logging.LogRecord) -> str:
        """The record as a JSON object without a line break in it."""
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "service": self._service,
            "logger": record.name,
            "message": scrubbed(record.getMessage(), self._secrets),
            **_fields(record),
        }
        if record.exc_info:
            entry["traceback"] = scrubbed(self.formatException(record.exc_info), self._secrets)
        return json.dumps(entry, ensure_ascii=False)


class TextFormatter(logging.Formatter):
    """For people: the time of day, the service, the level, the message, and what it is about."""

    def __init__(self, service: str, secrets: Iterable[str] = ()) -> None:
        super().__init__(f"%(asctime)s {service} %(levelname)s %(message)s", datefmt="%H:%M:%S")
        self._secrets = tuple(secrets)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is logging's
        """The line without a traceback."""
        fields = "".join(f" {name}={value}" for name, value in _fields(record).items() if name != "worker")
        return super().formatMessage(record) + fields

    def format(self, record: logging.LogRecord) -> str:
        """The record, with a traceback below it if there is one."""
        return scrubbed(super().format(record), self._secrets)


def _fields(record: logging.LogRecord) -> dict[str, str]:
    return {name: str(vars(record)[name]) for name in FIELDS if name in vars(record)}


def configure(
    service: str,
    *,
    level: str,
    log_format: LogFormat = LogFormat.AUTO,
    stream: IO[str] | None = None,
    secrets: Iterable[str | None] = (),
) -> Identity:
    """Send this process's log to `stream` (standard error by default), replacing what was configured before.

    `secrets` are values that must never be read there. The answer is for a process that learns later who it is.
    """
    out = sys.stderr if stream is None else stream
    as_text = log_format is LogFormat.TEXT or (log_format is LogFormat.AUTO and out.isatty())
    hidden = [secret for secret in secrets if secret]
    handler = logging.StreamHandler(out)
    handler.setFormatter((TextFormatter if as_text else JsonFormatter)(service, hidden))
    identity = Identity()
    handler.addFilter(identity)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    return identity
