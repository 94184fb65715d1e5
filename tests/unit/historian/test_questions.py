"""Questions to the history, and how their answers look."""

import json
from typing import Any

import pytest

from evswarm_historian.errors import BadQueryError, MissingLibraryError
from evswarm_historian.exports import ExportFormat, export
from evswarm_historian.items import COLUMNS, item
from evswarm_historian.questions import LATEST_MS, Topic, read_question, statement
from evswarm_historian.rows import rows_of
from evswarm_shared.bus.messages import HistoryStream
from evswarm_shared.history.readable import masked, shown_payload
from tests.support.history import Tape, event, ledger, log, message


@pytest.mark.parametrize(
    ("topic", "parameters", "field"),
    [
        (Topic.LOGS, {"direction": "to_station"}, "direction"),
        (Topic.RUNS, {"station": "CP-1"}, "station"),
        (Topic.TRANSACTIONS, {"text": "x"}, "text"),
        (Topic.TRANSACTIONS, {"status": "lost"}, "status"),
        (Topic.LOGS, {"text": "--- ..."}, "text"),
        (Topic.LOGS, {"since": "yesterday"}, "since"),
        (Topic.LOGS, {"until": "-5"}, "until"),
        (Topic.LOGS, {"since": "99999999999999"}, "since"),
        (Topic.LOGS, {"cursor": "x"}, "cursor"),
        (Topic.LOGS, {"cursor": "99999999999999999999"}, "cursor"),
        (Topic.LOGS, {"limit": "0"}, "limit"),
        (Topic.LOGS, {"limit": "1001"}, "limit"),
        (Topic.LOGS, {"limit": "²"}, "limit"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_by_its_field(
    topic: Topic, parameters: dict[str, str], field: str
) -> None:
    with pytest.raises(BadQueryError) as refused:
        read_question(topic, parameters)
    assert refused.value.field == field


def test_a_date_before_or_after_all_history_means_its_bound() -> None:
    asked = read_question(Topic.LOGS, {"since": "0001-01-01T00:00:00Z", "until": "9999-12-31T23:59:59Z"})
    assert (asked.since_ms, asked.until_ms) == (0, LATEST_MS)
    numbers = statement(asked, postgres=False).compile().params.values()
    assert all(number < 2**63 for number in numbers if isinstance(number, int))


@pytest.mark.parametrize(
    "time",
    [
        "2026-09-21T16:53:20Z",
        "2026-09-21T18:53:20+02:00",
        "2026-09-21T16:53:20",
        "2026-09-21 16:53:20",
        "1790009600",
        # A plus in an address means a space.
        "2026-09-21T18:53:20 02:00",
        "2026-09-21T18:53:20.000 02:00",
    ],
)
def test_a_time_may_be_written_in_several_ways(time: str) -> None:
    assert read_question(Topic.LOGS, {"since": time}).since_ms == 1_790_009_600_000


def test_an_empty_parameter_is_none() -> None:
    assert read_question(Topic.LOGS, {"since": "", "station": "", "text": ""}).equal == {}


@pytest.mark.parametrize("topic", Topic)
@pytest.mark.parametrize("postgres", [True, False])
def test_values_never_become_part_of_the_statement(topic: Topic, postgres: bool) -> None:
    asked = {"run": "'; DROP TABLE logs; --"} | (
        {"text": "it's"} if topic in (Topic.LOGS, Topic.MESSAGES) else {}
    )
    assert "DROP TABLE" not in str(statement(read_question(topic, asked), postgres=postgres))


def row(topic: Topic) -> dict[str, Any]:
    rows = rows_of(
        [
            Tape(HistoryStream.FACTS).entry(
                ledger(stopped=True), event(), log(), message(request=b'{"idTag":"SECRET-77"}')
            )
        ],
        "r",
    )
    if topic is Topic.TRANSACTIONS:
        return next(iter(rows.transactions.values()))
    return {Topic.LOGS: rows.logs, Topic.MESSAGES: rows.messages, Topic.EVENTS: rows.events}[topic][0]


@pytest.mark.parametrize("topic", [Topic.LOGS, Topic.MESSAGES, Topic.EVENTS, Topic.TRANSACTIONS])
def test_an_item_has_the_fields_that_exports_promise(topic: Topic) -> None:
    assert list(item(topic, row(topic))) == list(COLUMNS[topic])


def test_tags_are_masked_unless_asked_for() -> None:
    hidden, shown = (item(Topic.MESSAGES, row(Topic.MESSAGES), show_tags=show) for show in (False, True))
    assert json.loads(bytes(hidden["request"])) == {"idTag": "*******77"}
    assert json.loads(bytes(shown["request"])) == {"idTag": "SECRET-77"}
    assert item(Topic.TRANSACTIONS, row(Topic.TRANSACTIONS))["id_tag"] == masked("TAG-42") == "****42"
    assert [masked(tag) for tag in ("", "A", "AB", "ABC")] == ["", "*", "**", "*BC"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (r'{"idTag":"SECRET\"x"}', r'{"idTag":"******\"x"}'),
        (r'{"idTag":"SECRET\\n"}', r'{"idTag":"******\\n"}'),
        (r'{"data":"{\"idTag\":\"SECRET77\"}"}', r'{"data":"{\"idTag\":\"******77\"}"}'),
        # Frames that are none: kept as text, or told as they came, and often cut short.
        (
            r'"[2,\"1\",\"Authorize\",{\"idTag\":\"SECRET77"',
            r'"[2,\"1\",\"Authorize\",{\"idTag\":\"******77"',
        ),
        ('[2,"1","Authorize",{"idTag": "SECRET77', '[2,"1","Authorize",{"idTag": "******77'),
        ('{"idTag":"SECRET\\', '{"idTag":"****ET\\'),
        ('{"idTag":"SECRET\\u00', '{"idTag":"**********'),
        ('{"idTag":null,"status":"idTag"}', '{"idTag":null,"status":"idTag"}'),
    ],
)
def test_a_tag_is_masked_wherever_it_stands_and_the_rest_stays_what_it_is(text: str, shown: str) -> None:
    assert shown_payload(text, show_tags=False, parsed=False) == shown
    assert shown_payload(text, show_tags=True, parsed=False) == text


async def pages(*items: dict[str, Any]) -> Any:
    yield list(items)


async def test_a_cell_that_a_spreadsheet_would_run_is_text() -> None:
    line = item(Topic.LOGS, row(Topic.LOGS)) | {"text": "=HYPERLINK(1)"}
    content = b"".join([part async for part in export(Topic.LOGS, ExportFormat.CSV, pages(line))]).decode()
    assert "'=HYPERLINK(1)" in content


@pytest.mark.parametrize(("form", "empty"), [(ExportFormat.JSON, b"[]"), (ExportFormat.JSONL, b"")])
async def test_an_export_of_nothing_is_well_formed(form: ExportFormat, empty: bytes) -> None:
    assert b"".join([part async for part in export(Topic.LOGS, form, pages())]) == empty


def test_parquet_without_its_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(MissingLibraryError, match="evswarm-historian\\[parquet\\]"):
        export(Topic.LOGS, ExportFormat.PARQUET, pages())
