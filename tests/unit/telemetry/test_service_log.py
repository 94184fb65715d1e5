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


def test_what_a_line_is_about_stands_in_fields_of_the_same_name_everywhere() -> None:
    stream = io.StringIO()
    service_log.configure("csms", level="INFO", log_format=LogFormat.JSON, stream=stream)
    extra = service_log.about(
        station_id="CP-1", worker="w1", action="Reset", message_id="m1", operation_id="o1"
    )
    logging.getLogger("x").info("about much", extra=extra)
    entry = json.loads(stream.getvalue())
    assert {name: entry[name] for name in service_log.FIELDS} == extra


def test_a_terminal_shows_what_a_line_is_about_behind_it() -> None:
    stream = Terminal()
    service_log.configure("csms", level="INFO", stream=stream)
    logging.getLogger("x").info("too late", extra=service_log.about(station_id="CP-1", action="Reset"))
    assert stream.getvalue().endswith("csms INFO too late station_id=CP-1 action=Reset\n")


def test_a_worker_that_knows_its_name_puts_it_into_every_line() -> None:
    stream = io.StringIO()
    identity = service_log.configure("worker", level="INFO", log_format=LogFormat.JSON, stream=stream)
    logging.getLogger("x").info("before")
    identity.worker = "w1"
    logging.getLogger("x").info("after")
    before, after = map(json.loads, stream.getvalue().splitlines())
    assert "worker" not in before
    assert after["worker"] == "w1"


@pytest.mark.parametrize("log_format", [LogFormat.JSON, LogFormat.TEXT])
def test_no_secret_reaches_a_line_or_a_traceback(log_format: LogFormat) -> None:
    stream = io.StringIO()
    service_log.configure(
        "worker", level="INFO", log_format=log_format, stream=stream, secrets=["hunter2hunter2", None]
    )
    try:
        raise ValueError('"idTag":"CAFE0001" hunter2hunter2')
    except ValueError:
        logging.getLogger("x").exception("redis://me:pass@host refused hunter2hunter2")
    written = stream.getvalue()
    assert "ValueError" in written
    for secret in ("hunter2", "CAFE0001", "me:pass"):
        assert secret not in written
