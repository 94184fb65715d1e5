"""A service's own log: text for a terminal, one JSON object a line for everything else. Not the stations' logs."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import IO, Final

from evswarm_shared.settings import LogFormat

QUIET_LIBRARIES: Final = ("websockets", "asyncio", "redis", "uvicorn.error", "httpx")
"""Libraries whose informational lines say nothing that ours do not."""


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (RFC 3339), level, service, logger, message, and the traceback if there is one."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """The record as a JSON object without a line break in it."""
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "service": self._service,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def configure(
    service: str, *, level: str, log_format: LogFormat = LogFormat.AUTO, stream: IO[str] | None = None
) -> None:
    """Send this process's log to `stream` (standard error by default), replacing what was configured before."""
    out = sys.stderr if stream is None else stream
    as_text = log_format is LogFormat.TEXT or (log_format is LogFormat.AUTO and out.isatty())
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        logging.Formatter(f"%(asctime)s {service} %(levelname)s %(message)s", datefmt="%H:%M:%S")
        if as_text
        else JsonFormatter(service)
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
