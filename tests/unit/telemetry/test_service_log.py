"""The services' own log."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from evswarm_shared.settings import LogFormat
from evswarm_shared.telemetry import service_log


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def root_logger_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


def written(stream: io.StringIO, log_format: LogFormat, level: str = "INFO") -> str:
    service_log.configure("worker", level=level, log_format=log_format, stream=stream)
    logging.getLogger("evswarm_worker.x").info("a line\nwith a break and %s", "é")
    return stream.getvalue()


def test_a_terminal_gets_text_and_a_pipe_gets_json() -> None:
    assert " worker INFO a line" in written(Terminal(), LogFormat.AUTO)
    line = written(io.StringIO(), LogFormat.AUTO)
    assert line.count("\n") == 1
    entry = json.loads(line)
    assert entry["service"] == "worker"
    assert entry["level"] == "INFO"
    assert entry["message"] == "a line\nwith a break and é"
    assert entry["time"].endswith("+00:00")


def test_the_format_can_be_chosen() -> None:
    assert json.loads(written(Terminal(), LogFormat.JSON))
    assert written(io.StringIO(), LogFormat.TEXT).startswith(tuple("0123456789"))


def test_less_severe_lines_and_chatty_libraries_are_left_out() -> None:
    assert written(io.StringIO(), LogFormat.JSON, "WARNING") == ""
    stream = io.StringIO()
    service_log.configure("worker", level="DEBUG", log_format=LogFormat.JSON, stream=stream)
    logging.getLogger("websockets.client").info("chatter")
    assert stream.getvalue() == ""


def test_a_traceback_stays_on_its_line() -> None:
    stream = io.StringIO()
    service_log.configure("worker", level="INFO", log_format=LogFormat.JSON, stream=stream)
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("x").exception("failed")
    entry = json.loads(stream.getvalue())
    assert "ValueError: broken" in entry["traceback"]
