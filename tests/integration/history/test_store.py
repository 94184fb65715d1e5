"""The contract of the database, on SQLite and on Postgres: what is written once, found again, and forgotten in time."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import Connection, func, inspect, select, text
from sqlalchemy.event import listen

from evswarm_historian import migrations
from evswarm_historian.archive import Archive
from evswarm_historian.database import Database
from evswarm_historian.days import DAYS_SHOWN
from evswarm_historian.errors import DatabaseAwayError, DiskFullError, RecordsRefusedError
from evswarm_historian.exports import ExportFormat, export, wants_text
from evswarm_historian.library import Library
from evswarm_historian.questions import Topic, read_question
from evswarm_historian.retention import Limit, Retention
from evswarm_historian.tables import events, logs, messages, metadata, runs
from evswarm_historian.writer import Writer
from evswarm_shared.bus.memory import MemoryBus
from evswarm_shared.bus.messages import HistoryBatch, HistoryStream
from evswarm_shared.history.records import (
    Direction,
    EventKind,
    MessageRecord,
    Outcome,
    Record,
    RunRecord,
    encode_batches,
)
from evswarm_shared.telemetry.catalogue import HISTORY_TABLES
from tests.support.history import AT, Tape, central, event, ledger, log, message
from tools.generate.sessions_dashboard import queries

FACTS = HistoryStream.FACTS
KEEP_ALL = Limit(0, 0)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'history.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    await database.open()
    yield database
    await database.close()


async def found(database: Database, topic: Topic, **asked: str) -> list[dict[str, Any]]:
    """All that answers, page by page of two."""
    library, items, cursor = Library(database), [], ""
    while True:
        question = read_question(topic, {"limit": "2", "cursor": cursor, **asked})
        page = await library.page(question, show_tags=True)
        items += page.items
        if page.next_cursor is None:
            return items
        cursor = page.next_cursor


async def test_migrations_make_what_the_code_expects_and_take_it_away_again(database: Database) -> None:
    def differences(connection: Connection) -> list[Any]:
        # What a migration makes by hand is not in the metadata: the words, and the index of what went wrong.
        def ours(_: Any, name: str | None, kind: str, *__: Any) -> bool:
            return not (
                kind in ("table", "index") and name and ("_words" in name or name == "messages_wrong")
            )

        context = MigrationContext.configure(connection, opts={"include_object": ours})
        return [d for d in compare_metadata(context, metadata) if "alembic_version" not in str(d)]

    async with database.transaction() as connection:
        assert await connection.run_sync(differences) == []
        await connection.run_sync(migrations.downgrade)
        assert await connection.run_sync(lambda c: inspect(c).get_table_names()) == ["alembic_version"]
        await connection.run_sync(migrations.upgrade)
        assert "messages" in await connection.run_sync(lambda c: inspect(c).get_table_names())


async def test_a_first_start_that_is_cut_short_leaves_nothing_that_hinders_the_next(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class CutShortError(Exception):
        """The process ends here."""

    def until_the_indexes(*_: object, **__: object) -> None:
        raise CutShortError

    first = Database(url)
    with monkeypatch.context() as during, pytest.raises(CutShortError):
        during.setattr("alembic.op.create_index", until_the_indexes)
        await first.open()
    await first.close()
    again = Database(url)
    await again.open()
    assert await found(again, Topic.LOGS) == []
    await again.close()


async def test_a_database_of_a_newer_version_is_left_alone_and_said_to_be_one(
    database: Database, url: str
) -> None:
    async with database.transaction() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    older = Database(url)
    with pytest.raises(DatabaseAwayError, match=r"another version.*9999.*EVSWARM_DATABASE_URL"):
        await older.open()
    await older.close()


async def test_an_up_to_date_database_is_opened_as_it_is(database: Database, url: str) -> None:
    await Archive(database).write([Tape().entry(log())])
    again = Database(url)
    await again.open()
    assert len(await found(again, Topic.LOGS)) == 1
    await again.close()


async def test_what_comes_again_after_a_crash_is_there_once(database: Database) -> None:
    tape = Tape()
    entries = [tape.entry(log("a"), message()), tape.entry(log("b"))]
    await Archive(database).write(entries)
    restarted = Archive(database)
    await restarted.load()
    written = await restarted.write([*entries, tape.entry(log("c"))])
    assert written.rows["logs"] == 1
    assert [item["text"] for item in await found(database, Topic.LOGS)] == ["c", "b", "a"]
    assert len(await found(database, Topic.MESSAGES)) == 1


async def test_the_rows_own_keys_refuse_a_repetition_too(database: Database) -> None:
    entry = Tape().entry(log("a"), message())
    await Archive(database).write([entry])
    await Archive(database).write([entry])  # an archive that does not know how far the stream is written
    assert len(await found(database, Topic.LOGS)) == 1
    assert len(await found(database, Topic.LOGS, text="a")) == 1
    assert len(await found(database, Topic.MESSAGES)) == 1


async def test_rows_that_were_there_already_are_held_once(database: Database) -> None:
    tape = Tape()
    first = tape.entry(log("a"), message())
    await Archive(database).write([first])
    # The answer to the commit was lost: nobody knows that the first entry is written.
    written = await Archive(database).write([first, tape.entry(log("b"), event())])
    assert {table: rows for table, rows in written.rows.items() if rows} == {"logs": 1, "events": 1}
    held = await Retention(database, {}).holdings()
    for table, name in ((logs, "logs"), (messages, "messages"), (events, "events")):
        async with database.transaction() as connection:
            rows = (await connection.execute(select(func.count(), func.sum(table.c.bytes)))).one()
        assert (held[name].rows, held[name].bytes) == tuple(rows)


async def test_a_strangers_numbers_of_any_size_have_a_place(database: Database) -> None:
    told = central(station="STRANGER")
    largest = 2**53 - 1
    told = replace(
        told,
        transaction=replace(
            told.transaction, connector_id=largest, meter_start=largest, transaction_id=largest
        ),
    )
    await Archive(database).write([Tape(FACTS).entry(told)])
    (row,) = await found(database, Topic.TRANSACTIONS)
    assert (row["connector_id"], row["meter_start"], row["transaction_id"]) == (largest, largest, largest)


async def test_of_an_entry_that_is_refused_only_the_records_at_fault_are_left_out(database: Database) -> None:
    if not database.is_postgres:
        await run(
            database,
            "CREATE TRIGGER no BEFORE INSERT ON logs WHEN length(new.station_id) > 64 "
            "BEGIN SELECT RAISE(ABORT, 'no'); END",
        )
    bus, tape = MemoryBus(), [log(str(n), station="x" * 70 if n in (3, 17) else "CP-1") for n in range(20)]
    ((data, count),) = encode_batches("run", "test", [*tape, ledger()])
    await bus.append_history(FACTS, "test", [HistoryBatch(0, data, count), HistoryBatch(1, data, count)])
    archive = Archive(database)
    writer = Writer(bus, archive)
    assert await writer.step()
    assert writer.refused[FACTS] == 4
    assert archive.positions[FACTS].next_record == 42
    assert archive.positions[FACTS].lost == 0
    kept = [item["text"] for item in await found(database, Topic.LOGS)]
    assert kept == [str(n) for n in reversed(range(20)) if n not in (3, 17)] * 2
    assert len(await found(database, Topic.TRANSACTIONS)) == 1
    assert (await Retention(database, {}).holdings())["logs"].rows == len(kept) == writer.rows["logs"]
    restarted = Archive(database)
    await restarted.load()
    assert restarted.positions == archive.positions
    assert not await writer.step()


async def test_nothing_of_a_write_that_fails_is_there(database: Database) -> None:
    archive, tape = Archive(database), Tape()
    good, bad = (
        tape.entry(log("good")),
        tape.entry(log("bad", station="x" * 70) if database.is_postgres else log("bad")),
    )
    if not database.is_postgres:
        async with database.transaction() as connection:
            await connection.execute(
                text(
                    "CREATE TRIGGER no BEFORE INSERT ON logs WHEN new.text = 'bad' BEGIN SELECT RAISE(ABORT, 'no'); END"
                )
            )
    with pytest.raises(RecordsRefusedError):
        await archive.write([good, bad])
    assert await found(database, Topic.LOGS) == []
    assert archive.positions[HistoryStream.TRAFFIC].next_record == 0
    await archive.write([good])
    assert len(await found(database, Topic.LOGS)) == 1


async def test_records_that_the_cap_took_are_counted_also_over_a_restart(database: Database) -> None:
    archive, tape = Archive(database), Tape()
    await archive.write([tape.entry(log())])
    tape.lose(40)
    await archive.write([tape.entry(log())])
    restarted = Archive(database)
    await restarted.load()
    tape.lose(2)
    await restarted.write([tape.entry(log())])
    assert restarted.positions[HistoryStream.TRAFFIC].lost == 42


async def test_a_store_that_lost_everything_counts_anew_and_that_is_no_loss(database: Database) -> None:
    archive, tape = Archive(database), Tape()
    await archive.write([tape.entry(log(), log())])
    tape.first = 0
    await archive.write([tape.entry(log())])
    assert archive.positions[HistoryStream.TRAFFIC].lost == 0
    assert archive.positions[HistoryStream.TRAFFIC].next_record == 1


async def test_a_new_database_on_an_old_store_lost_only_what_no_historian_took(database: Database) -> None:
    bus = MemoryBus()

    async def tell(number: int, lines: int = 10, entries_kept: int = 100) -> None:
        ((data, count),) = encode_batches("run", "test", [log()] * lines)
        batch = HistoryBatch(number, data, count)
        await bus.append_history(HistoryStream.TRAFFIC, "test", [batch], entries_kept)

    for number in range(5):
        await tell(number)
    taken = await bus.read_history(HistoryStream.TRAFFIC, 4)
    await bus.remove_history(HistoryStream.TRAFFIC, [entry.entry_id for entry in taken])
    writer = Writer(bus, Archive(database))
    await writer.count_backlog()
    assert writer.backlog[HistoryStream.TRAFFIC] == 10
    await tell(5, entries_kept=1)
    assert await writer.step()
    assert writer.lost[HistoryStream.TRAFFIC] == 10
    await writer.count_backlog()
    assert writer.backlog[HistoryStream.TRAFFIC] == 0
    assert len(await found(database, Topic.LOGS)) == 10


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
@pytest.mark.parametrize("together", [True, False])
async def test_both_sides_of_a_transaction_meet_in_one_row(
    database: Database, order: tuple[int, ...], together: bool
) -> None:
    told: list[Record] = [ledger(), central(), ledger(stopped=True), central(stopped=True, meter_stop=3400)]
    archive, tape = Archive(database), Tape(FACTS)
    if together:
        await archive.write([tape.entry(*(told[n] for n in order))])
    else:
        for n in order:
            await archive.write([tape.entry(told[n])])
    (row,) = await found(database, Topic.TRANSACTIONS)
    assert row["station_meter_stop"] == 3500
    assert row["csms_meter_stop"] == 3400
    assert row["transaction_id"] == 7
    assert row["energy_kwh"] == 2.5
    assert row["earnings"] == 0.75
    assert row["price"] == 0.3
    assert row["csms_flags"] == "odd"
    assert row["station_seen"]
    assert row["csms_seen"]
    assert len(await found(database, Topic.TRANSACTIONS, status="disputed")) == 1
    assert await found(database, Topic.TRANSACTIONS, status="open") == []


async def test_transactions_are_found_by_what_is_missing(database: Database) -> None:
    archive, tape = Archive(database), Tape(FACTS)
    await archive.write(
        [tape.entry(ledger(), ledger(station="CP-2"), central(station="CP-2"), central(station="CP-3"))]
    )

    async def stations(status: str) -> set[str]:
        return {row["station_id"] for row in await found(database, Topic.TRANSACTIONS, status=status)}

    assert await stations("one_sided") == {"CP-000001", "CP-3"}
    assert await stations("open") == {"CP-000001", "CP-2", "CP-3"}
    assert await stations("closed") == set()


async def test_sessions_energy_and_earnings_are_summed_by_the_day_they_began(database: Database) -> None:
    day = 86_400.0
    later = replace(ledger(stopped=True, station="CP-2"), started_at=AT - 600 + day, energy_mwh=1_000_500)
    told = central(stopped=True, station="CP-3", meter_stop=1200)
    midnight = AT - AT % day
    records: list[Record] = [
        ledger(stopped=True),
        told,
        ledger(station="CP-4"),
        later,
        replace(ledger(station="CP-5"), started_at=midnight),
        replace(ledger(station="CP-6"), started_at=midnight - 0.001),
    ]
    await Archive(database).write([Tape(FACTS).entry(*records)])

    async def days(**asked: str) -> list[tuple[str, int, float, float]]:
        items = await Library(database).days(read_question(Topic.TRANSACTIONS, asked))
        return [(each["day"], each["sessions"], each["energy_wh"], each["earnings"]) for each in items]

    first = ("2026-09-21", 4, 2700.0, 0.75)
    assert await days() == [("2026-09-20", 1, 0.0, 0.0), first, ("2026-09-22", 1, 1000.5, 0.75)]
    assert await days(since=str(midnight), until=str(midnight + day)) == [first]
    assert await days(station="CP-3") == [("2026-09-21", 1, 200.0, 0.0)]
    assert await days(run="none") == []


async def test_of_many_days_the_last_are_shown_unless_asked_since_when(database: Database) -> None:
    numbers = (*range(9), *range(10, DAYS_SHOWN + 9))
    records = [replace(ledger(), started_at=AT - number * 86_400.0) for number in numbers]
    await Archive(database).write([Tape(FACTS).entry(*records)])
    library = Library(database)
    shown = await library.days(read_question(Topic.TRANSACTIONS, {}))
    # One of the days had no session.
    assert (len(shown), shown[0]["day"], shown[-1]["day"]) == (DAYS_SHOWN - 1, "2026-08-22", "2026-09-21")
    since = await library.days(read_question(Topic.TRANSACTIONS, {"since": "0"}))
    assert len(since) == DAYS_SHOWN + 8
    assert await library.days(read_question(Topic.TRANSACTIONS, {"station": "nobody"})) == []


async def test_records_without_a_run_belong_to_the_run_told_last(database: Database) -> None:
    archive, tape = Archive(database), Tape(FACTS, run_id="")
    run = RunRecord(AT, "r-9", AT, 1, 20, log_free())
    await archive.write([tape.entry(run)])
    await archive.write([tape.entry(event())])
    await archive.write([tape.entry(RunRecord(AT + 5, "r-9", AT, 1, 30, log_free()))])
    assert [item["run_id"] for item in await found(database, Topic.EVENTS)] == ["r-9"]
    assert [(item["run_id"], item["stations"]) for item in await found(database, Topic.RUNS)] == [("r-9", 30)]


def log_free() -> Any:
    """An empty configuration."""
    import msgspec

    return msgspec.Raw(b"{}")


STATIONS = ("CP-1", "CP-2", "CP-3")
ACTIONS = ("Heartbeat", "MeterValues", "StatusNotification")
WORDS = ("alpha", "Beta", "gamma-7", "0815", "über")
exchanges = st.lists(
    st.builds(
        lambda station, action, direction, outcome, second, words: message(
            action,
            at=AT + second,
            station=station,
            direction=direction,
            outcome=outcome,
            request=f'{{"w":"{" ".join(words)}"}}'.encode(),
        ),
        st.sampled_from(STATIONS),
        st.sampled_from(ACTIONS),
        st.sampled_from(Direction),
        st.sampled_from(Outcome),
        st.integers(0, 50),
        st.lists(st.sampled_from(WORDS), max_size=3),
    ),
    max_size=12,
)
filters: dict[str, tuple[list[str], Callable[[MessageRecord, str], bool]]] = {
    "station": (list(STATIONS), lambda m, v: m.station_id == v),
    "action": (list(ACTIONS), lambda m, v: m.action == v),
    "direction": ([d.value for d in Direction], lambda m, v: m.direction.value == v),
    "status": (
        [*(o.value for o in Outcome), "failed"],
        lambda m, v: m.outcome.value == v or (v == "failed" and m.outcome is not Outcome.ANSWERED),
    ),
    "since": ([str(AT + 10), str(AT + 30)], lambda m, v: m.at >= float(v)),
    "until": ([str(AT + 20), str(AT + 40)], lambda m, v: m.at < float(v)),
    "text": (
        ["ALPHA", "beta", "gamma 7", "alpha 0815", "über", "heartbeat"],
        lambda m, v: all(
            word
            in "".join(c if c.isalnum() else " " for c in f"{m.action} {bytes(m.request).decode()}")
            .lower()
            .split()
            for word in v.lower().split()
        ),
    ),
}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(exchanges)
async def test_what_went_in_comes_out_under_every_filter(
    database: Database, sent: list[MessageRecord]
) -> None:
    test_what_went_in_comes_out_under_every_filter.runs += 1  # type: ignore[attr-defined]
    run_id = f"run-{test_what_went_in_comes_out_under_every_filter.runs}"  # type: ignore[attr-defined]
    archive = Archive(database)
    await archive.load()
    tape = Tape(run_id=run_id)
    tape.milliseconds += 100 * test_what_went_in_comes_out_under_every_filter.runs  # type: ignore[attr-defined]
    tape.first = archive.positions[HistoryStream.TRAFFIC].next_record
    if sent:
        await archive.write([tape.entry(each) for each in sent])

    def as_sent(each: MessageRecord) -> tuple[str, str, str, str, str]:
        return each.station_id, each.action, each.direction, each.outcome, bytes(each.request).decode()

    async def check(asked: dict[str, str], wanted: list[MessageRecord]) -> None:
        items = await found(database, Topic.MESSAGES, run=run_id, **asked)
        got = [
            (i["station_id"], i["action"], i["direction"], i["outcome"], bytes(i["request"]).decode())
            for i in items
        ]
        assert got == [as_sent(each) for each in reversed(wanted)], asked

    await check({}, sent)
    for name, (values, matches) in filters.items():
        for value in values:
            wanted = [each for each in sent if matches(each, value)]
            await check({name: value}, wanted)
            await check(
                {name: value, "since": str(AT + 5)}, [e for e in wanted if e.at >= (max(AT + 5, 0))]
            ) if name != "since" else None


test_what_went_in_comes_out_under_every_filter.runs = 0  # type: ignore[attr-defined]


async def test_text_that_a_database_has_no_room_for_is_kept_without_it(database: Database) -> None:
    await Archive(database).write([Tape().entry(log("a\0b"), message(request=b'{"x":"\\u0000"}'))])
    assert (await found(database, Topic.LOGS))[0]["text"] == "a\ufffdb"
    assert len(await found(database, Topic.MESSAGES)) == 1


async def test_lines_and_events_are_found_by_their_labels(database: Database) -> None:
    await Archive(database).write(
        [Tape().entry(log("[10:00:00] Connector 1 faulted: GroundFailure"), log("[10:00:01] Connected"))]
    )
    await Archive(database).write([Tape(FACTS).entry(event(), event("scale", EventKind.SCALE))])
    assert [i["kind"] for i in await found(database, Topic.LOGS, level="error")] == ["fault"]
    assert [i["text"] for i in await found(database, Topic.LOGS, kind="connection")] == [
        "[10:00:01] Connected"
    ]
    assert [i["name"] for i in await found(database, Topic.EVENTS, kind="scale")] == ["scale"]
    assert [i["name"] for i in await found(database, Topic.EVENTS, action="Reset")] == ["Reset"]


async def test_what_is_too_old_goes_and_its_words_with_it(database: Database) -> None:
    tape = Tape()
    await Archive(database).write(
        [tape.entry(log("old")), tape.entry(log("new", at=AT + 3600), later_ms=3_600_000)]
    )
    retention = Retention(database, {"logs": Limit(1800, 0)})
    held = (await retention.holdings())["logs"]
    assert held.rows == 2
    held = await retention.step("logs", AT + 3601, held)
    assert held.rows == 1
    assert (await retention.step("logs", AT + 3601, held)) == held
    assert (await retention.holdings())["logs"] == held
    assert [i["text"] for i in await found(database, Topic.LOGS)] == ["new"]
    assert await found(database, Topic.LOGS, text="old") == []
    assert len(await found(database, Topic.LOGS, text="new")) == 1


async def test_what_is_too_much_goes_oldest_first(database: Database) -> None:
    tape = Tape()
    await Archive(database).write(
        [tape.entry(message(unique_id=f"u-{n}", request=b'"%s"' % (b"x" * 1000))) for n in range(20)]
    )
    retention = Retention(database, {"messages": Limit(0, 10_000)})
    held = (await retention.holdings())["messages"]
    while (less := await retention.step("messages", AT, held)) != held:
        held = less
    assert 8 <= held.rows <= 10
    assert held.bytes <= 10_000
    kept = [i["unique_id"] for i in await found(database, Topic.MESSAGES)]
    assert kept == [f"u-{n}" for n in range(19, 19 - held.rows, -1)]


async def test_a_reader_and_what_takes_rows_away_do_not_wait_for_each_other(database: Database) -> None:
    tape = Tape()
    await Archive(database).write([tape.entry(message(unique_id=f"u-{n}")) for n in range(20)])
    retention = Retention(database, {"messages": Limit(0, 1)})
    rows = select(func.count()).select_from(messages)
    async with asyncio.timeout(10), database.engine.connect() as reader:
        if not database.is_postgres:
            # Else its driver begins a transaction at the first writing only.
            await reader.exec_driver_sql("BEGIN")
        assert await reader.scalar(rows) == 20
        held = await retention.step("messages", AT, (await retention.holdings())["messages"])
        assert held.rows < 20
        # What it saw first stays so in SQLite; in Postgres each statement of it sees what is.
        assert await reader.scalar(rows) == (held.rows if database.is_postgres else 20)


async def test_without_a_limit_nothing_goes(database: Database) -> None:
    await Archive(database).write([Tape().entry(log())])
    retention = Retention(database, {"logs": KEEP_ALL})
    held = (await retention.holdings())["logs"]
    assert await retention.step("logs", AT + 1e9, held) == held


async def test_every_table_says_what_it_holds_that_of_the_runs_too(database: Database) -> None:
    run = RunRecord(AT, "r-9", AT, 1, 20, log_free())
    await Archive(database).write([Tape(FACTS).entry(run, ledger(), event())])
    held = await Retention(database, {}).holdings()
    assert {name: held[name].rows for name in HISTORY_TABLES} == {
        "logs": 0,
        "messages": 0,
        "transactions": 1,
        "events": 1,
        "runs": 1,
    }
    assert held["runs"].bytes == len("{}")


async def test_transactions_and_events_expire_too(database: Database) -> None:
    await Archive(database).write([Tape(FACTS).entry(ledger(), event())])
    retention = Retention(database, {"transactions": Limit(60, 0), "events": Limit(60, 0)})
    held = await retention.holdings()
    assert (held["transactions"].rows, held["events"].rows) == (1, 1)
    for name in ("transactions", "events"):
        assert (await retention.step(name, AT + 3600, held[name])).rows == 0
    assert await found(database, Topic.TRANSACTIONS) == []


@pytest.mark.parametrize("form", ExportFormat)
async def test_an_export_holds_everything_in_order(
    database: Database, form: ExportFormat, tmp_path: Path
) -> None:
    tape = Tape()
    await Archive(database).write([tape.entry(log(f'line {n}, with "quotes"')) for n in range(5)])
    pages = Library(database).pages(
        read_question(Topic.LOGS, {}), show_tags=False, parsed=not wants_text(form)
    )
    content = b"".join([part async for part in export(Topic.LOGS, form, pages)])
    texts = read_back(form, content, tmp_path)
    assert texts == [f'line {n}, with "quotes"' for n in (4, 3, 2, 1, 0)]


def read_back(form: ExportFormat, content: bytes, folder: Path) -> list[str]:
    """The texts of an export, read as its users would."""
    import csv
    import io
    import json

    import pyarrow.parquet as parquet

    if form is ExportFormat.CSV:
        return [row["text"] for row in csv.DictReader(io.StringIO(content.decode()))]
    if form is ExportFormat.JSON:
        return [item["text"] for item in json.loads(content)]
    if form is ExportFormat.JSONL:
        return [json.loads(line)["text"] for line in content.splitlines()]
    file = folder / "export.parquet"
    file.write_bytes(content)
    return [str(text) for text in parquet.read_table(file).column("text").to_pylist()]


async def test_who_goes_away_in_the_middle_of_an_answer_costs_no_connection(database: Database) -> None:
    library, opened = Library(database), list[object]()
    question = read_question(Topic.LOGS, {})
    await library.page(question, show_tags=False)
    engine = database.engine.sync_engine
    listen(engine, "connect", lambda connection, _: opened.append(connection))
    for _ in range(3):
        asking = asyncio.create_task(library.page(question, show_tags=False))
        listen(engine, "before_cursor_execute", lambda *_, asking=asking: asking.cancel())
        with pytest.raises(asyncio.CancelledError):
            await asking
        async with asyncio.timeout(30):
            while engine.pool.checkedout():  # type: ignore[attr-defined]  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    assert opened == []


async def test_readers_do_not_wait_for_the_writer(database: Database) -> None:
    archive, tape = Archive(database), Tape()
    await archive.write([tape.entry(log("before"))])
    async with database.transaction() as connection:
        await database.insert(connection, logs, [])
        await connection.execute(text("UPDATE logs SET level = 'info'"))
        async with asyncio.timeout(10):
            assert len(await found(database, Topic.LOGS)) == 1


async def test_the_questions_of_the_sessions_dashboard_have_answers(postgres_url: str) -> None:
    database = Database(postgres_url)
    await database.open()
    await Archive(database).write(
        [Tape(FACTS).entry(ledger(), central(), ledger(stopped=True), central(stopped=True))]
    )
    answers = {}
    async with database.transaction() as connection:
        for title, sql in queries().items():
            filled = sql.replace(
                "$__unixEpochFilter(started_ms / 1000)", "started_ms / 1000 BETWEEN 0 AND 4000000000"
            )
            answers[title] = (
                await connection.exec_driver_sql(filled.replace("$__interval_ms", "60000"))
            ).all()
    assert [tuple(map(float, answers[title][0])) for title in ("Sessions", "Energy", "Earnings")] == [
        (1.0,),
        (2.5,),
        (0.75,),
    ]
    assert float(answers["Mean duration"][0][0]) == 600
    assert all(answers.values())
    await database.close()


async def test_the_graphs_of_the_sessions_dashboard_are_as_fine_as_grafana_asks(postgres_url: str) -> None:
    database = Database(postgres_url)
    await database.open()
    minutes = [AT - 600 + 60 * number for number in (0, 1, 1, 5)]
    await Archive(database).write(
        [
            Tape(FACTS).entry(
                *(replace(ledger(station=f"CP-{number}"), started_at=at) for number, at in enumerate(minutes))
            )
        ]
    )
    filled = queries()["Sessions begun"].replace("$__unixEpochFilter(started_ms / 1000)", "true")
    async with database.transaction() as connection:
        rows = (await connection.exec_driver_sql(filled.replace("$__interval_ms", "60000"))).all()
    await database.close()
    assert [(row.time.timestamp(), row.sessions) for row in rows] == [
        (at // 60 * 60, count) for at, count in ((minutes[0], 1), (minutes[1], 2), (minutes[3], 1))
    ]


async def test_a_disk_that_fills_up_is_said_to_be_full_and_the_write_comes_again_whole(
    database: Database,
) -> None:
    archive, tape = Archive(database), Tape()
    fills_up, has_room = (
        (
            "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full'; END $$; "
            "CREATE TRIGGER no_room BEFORE INSERT ON logs EXECUTE FUNCTION no_room()",
            "DROP TRIGGER no_room ON logs",
        )
        if database.is_postgres
        else ("PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1000000")
    )
    entry = tape.entry(*(log("x" * 1000) for _ in range(50)))
    await run(database, fills_up)
    with pytest.raises(DiskFullError, match="no room left"):
        await archive.write([entry])
    assert await found(database, Topic.LOGS) == []
    await run(database, has_room)
    assert (await archive.write([entry])).rows["logs"] == 50


async def run(database: Database, statements: str) -> None:
    """One statement after another."""
    async with database.transaction() as connection:
        for statement in re.split("; (?=CREATE)", statements):
            await connection.exec_driver_sql(statement)


async def test_a_database_that_is_not_there_is_away(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for url in (f"sqlite:///{tmp_path / 'file' / 'history.db'}", "postgresql://u:p@127.0.0.1:9/nothing"):
        database = Database(url)
        with pytest.raises(DatabaseAwayError):
            await database.open()
        await database.close()


def test_every_large_table_has_its_place() -> None:
    assert {table.name for table in (logs, messages, runs)} <= set(metadata.tables)


async def test_postgres_is_told_what_words_cost_before_it_plans_to_look_for_them(postgres_url: str) -> None:
    database = Database(postgres_url)
    await database.open()
    said: list[str] = []
    listen(database.engine.sync_engine, "before_cursor_execute", lambda *of: said.append(of[2]))
    try:
        for asked in ({}, {"text": "nowhere"}):
            await Library(database).page(read_question(Topic.MESSAGES, asked), show_tags=False)
        plain, told, words = said
    finally:
        await database.close()
    assert "cpu_operator_cost" in told and "to_tsvector" in words and "to_tsvector" not in plain
