"""What the historian writes a second, what that costs, how large it becomes, and how fast it answers.

`python -m tests.bench.history --url sqlite:////tmp/bench.db --rows 1000000` writes so many OCPP messages of 10,000
stations into an empty database and asks it the usual questions. Nothing is asserted. Ends by itself.
"""

import argparse
import asyncio
import random
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from sqlalchemy import text

from evswarm_historian.archive import Archive
from evswarm_historian.database import Database
from evswarm_historian.exports import ExportFormat, export, wants_text
from evswarm_historian.library import Library
from evswarm_historian.questions import Topic, read_question
from evswarm_shared.bus.messages import HistoryEntry, HistoryStream
from evswarm_shared.history.records import (
    Direction,
    MessageRecord,
    Outcome,
    Record,
    Side,
    encode_batches,
)

STATIONS = 10_000
RECORDS_A_BATCH = 250
BATCHES_A_WRITE = 24
BEGIN = 1_790_000_000.0


def messages(rows: int, chance: random.Random) -> Iterator[list[Record]]:
    """So many exchanges, a hundred a second a thousand stations, in batches."""
    batch: list[Record] = []
    for number in range(rows):
        at = BEGIN + number / 1000.0
        station = f"CP-{number % STATIONS + 1:06d}"
        wrong = number % 10_007 == 0
        value = (
            f'{{"connectorId":1,"transactionId":{number % 7919},"meterValue":[{{"timestamp":"{at:.3f}","sampledValue":'
            f'[{{"value":"{chance.randrange(10**6)}","measurand":"Energy.Active.Import.Register","unit":"Wh"}},'
            f'{{"value":"{chance.randrange(10**5) / 10}","measurand":"Power.Active.Import","unit":"W"}},'
            f'{{"value":"{chance.randrange(100)}","measurand":"SoC","unit":"Percent"}}]}}]}}'
        )
        batch.append(
            MessageRecord(
                at,
                station,
                Side.STATION,
                Direction.FROM_STATION,
                "StatusNotification" if number % 50 == 0 else "MeterValues",
                f"{chance.randrange(2**32):08x}-{number:012x}",
                Outcome.ERROR if wrong else Outcome.ANSWERED,
                chance.randrange(10_000),
                "InternalError" if wrong else "",
                msgspec.Raw(value.encode()),
                msgspec.Raw(b"{}"),
            )
        )
        if len(batch) == RECORDS_A_BATCH:
            yield batch
            batch = []


async def fill(database: Database, rows: int) -> None:
    """Write, and tell the rate."""
    archive = Archive(database)
    await archive.load()
    first, cpu, busy = 0, 0.0, 0.0
    entries: list[HistoryEntry] = []
    for batch in messages(rows, random.Random(1)):
        for data, count in encode_batches("bench", "bench", batch):
            at = int((BEGIN + first / 1000.0) * 1000)
            entries.append(HistoryEntry(HistoryStream.TRAFFIC, at, 0, first, count, data))
            first += count
        if len(entries) >= BATCHES_A_WRITE:
            began, used = time.perf_counter(), time.process_time()
            await archive.write(entries)
            busy += time.perf_counter() - began
            cpu += time.process_time() - used
            entries = []
    print(
        f"{first:,} rows: {first / busy:,.0f} a second, {cpu / first * 1e6:.1f} µs CPU a row in the historian"
    )


async def size(database: Database, rows: int) -> None:
    """Tell the size a million messages."""
    if database.path is None:
        async with database.transaction() as connection:
            total = await connection.scalar(text("SELECT pg_total_relation_size('messages')"))
            words = await connection.scalar(text("SELECT pg_relation_size('messages_words')"))
        print(
            f"{(total or 0) / rows:,.0f} MB a million messages, of these {(words or 0) / rows:,.0f} for the words"
        )
    else:
        async with database.transaction() as connection:
            await connection.execute(text("SELECT 1"))
        files = [Path(f"{database.path}{end}") for end in ("", "-wal")]
        print(f"{sum(f.stat().st_size for f in files if f.exists()) / rows:,.0f} MB a million messages")


async def ask(database: Database, rows: int) -> None:
    """Ask the usual questions and tell the times."""
    library = Library(database)
    middle = BEGIN + rows / 2000.0
    for what, asked in {
        "newest": {},
        "a station": {"station": "CP-004711"},
        "a station, an hour": {"station": "CP-004711", "since": str(middle), "until": str(middle + 3600)},
        "an action": {"action": "StatusNotification"},
        "errors": {"status": "error"},
        "errors of a station": {"status": "error", "station": "CP-004711"},
        "the middle minute": {"since": str(middle), "until": str(middle + 60)},
        "a frequent word": {"text": "MeterValues"},
        "a rare word": {"text": f"{rows // 3:012x}"},
        "two words": {"text": "StatusNotification 99999"},
        "a word nobody said": {"text": "nowhere"},
    }.items():
        question = read_question(Topic.MESSAGES, asked)
        took = []
        for _ in range(3):
            began = time.perf_counter()
            page = await library.page(question, show_tags=False)
            took.append(time.perf_counter() - began)
        print(
            f"  {what:22} {len(page.items):4} items  first {took[0] * 1000:8.1f} ms, again {min(took) * 1000:7.1f} ms"
        )


async def take_away(database: Database, rows: int) -> None:
    """Export a part and tell the rate."""
    question = read_question(Topic.MESSAGES, {"since": str(BEGIN + max(0, rows - 100_000) / 1000.0)})
    for form in ExportFormat:
        pages = Library(database).pages(question, show_tags=False, parsed=not wants_text(form))
        began, total = time.perf_counter(), 0
        async for part in export(Topic.MESSAGES, form, pages):
            total += len(part)
        took = time.perf_counter() - began
        print(f"  {form.value:8} {min(rows, 100_000) / took:10,.0f} rows a second, {total / 1e6:.1f} MB")


async def run(options: argparse.Namespace) -> None:
    """All of it."""
    database = Database(options.url)
    await database.open()
    try:
        await fill(database, options.rows)
        await size(database, options.rows)
        await ask(database, options.rows)
        await take_away(database, options.rows)
    finally:
        await database.close()


def main() -> None:
    """Parse the command line and do it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--rows", type=int, default=100_000)
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
