"""A station's log for those who ask once and for those who go on listening: lines from the store, calls from the history."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from evswarm_controller.context import Context
from evswarm_controller.errors import HistorianError
from evswarm_controller.log_entries import Entry, LogFilter, call_entry, in_order, line_entry, told
from evswarm_shared.bus.messages import DesiredState
from evswarm_shared.errors import BusUnavailableError
from evswarm_shared.history.log_kinds import Level
from evswarm_shared.history.log_lines import LogLine, read_line
from evswarm_shared.history.records import Outcome

HISTORY_SECONDS: Final = 2.0
"""How long a log waits for its calls before it comes without them."""
LOOK_SECONDS: Final = 0.5
ANY_FAILURE: Final = "failed"
"""As the status of messages: whatever was not answered well."""


class Log(msgspec.Struct, frozen=True):
    """A log as it is now. `messages` says whether calls can be among the entries: kept, off or away."""

    lines: list[LogLine]
    entries: list[Entry]
    messages: str


async def read_log(context: Context, station_id: str, wanted: LogFilter, calls: int) -> Log:
    """The kept lines, and as entries those that are wanted with up to `calls` of the last calls among them.

    Raises:
        BusUnavailableError: the store does not answer.
    """
    stored, (messages, items) = await asyncio.gather(
        context.bus.read_log(station_id), _last_calls(context, station_id, wanted, calls)
    )
    lines = [read_line(line) for line in stored]
    clock = _Clock(context)
    found = [entry for entry in map(clock.call, items) if wanted.takes(entry)]
    entries = in_order(map(line_entry, lines), found[-calls:])
    return Log(lines, [entry for entry in entries if wanted.takes(entry)], messages)


async def follow_log(context: Context, station_id: str, wanted: LogFilter) -> AsyncGenerator[str, None]:
    """The log's entries as lines of text: those that are kept, then each as it comes.

    It ends with the station, and with the controller.
    """
    shown: Sequence[str] = ()
    followed = context.hub.follow(station_id)
    try:
        while station_id in context.fleet.rows and not context.hub.ending:
            fresh: Sequence[str] = ()
            if followed.grown:
                followed.grown = False
                try:
                    stored = await context.bus.read_log(station_id)
                except BusUnavailableError:
                    followed.grown = True
                else:
                    shown, fresh = stored, new_lines(shown, stored)
            passed, skipped = followed.calls.take()
            clock = _Clock(context)
            calls = [clock.call(msgspec.json.decode(each.item)) for each in passed]
            entries = in_order((line_entry(read_line(line)) for line in fresh), calls)
            text = "".join(f"{told(entry)}\n" for entry in entries if wanted.takes(entry))
            if skipped:
                text = f"[{skipped} calls were too many to show]\n{text}"
            if text:
                yield text
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        context.hub.unfollow(followed)


def new_lines(shown: Sequence[str], lines: Sequence[str]) -> Sequence[str]:
    """The part of `lines` that follows on `shown`, both being the last lines of one growing log.

    >>> new_lines(["a", "b"], ["b", "c"])
    ['c']
    """
    for overlap in range(min(len(shown), len(lines)), 0, -1):
        if shown[-overlap:] == lines[:overlap]:
            return lines[overlap:]
    return lines


class _Clock:
    """The stations' own clock, for calls, which carry real time only.

    How time ran before its present pace nobody keeps: calls of then bear no time of a station.
    """

    def __init__(self, context: Context) -> None:
        # An emptied store has no desired state for a moment, and the log goes on.
        self._clock = (context.observer.known_desired or DesiredState()).clock
        self._zone = context.zone

    def call(self, item: dict[str, Any]) -> Entry:
        at = datetime.fromisoformat(item["at"]).timestamp()
        if at < self._clock.real_origin:
            return call_entry(item, "")
        told_at = datetime.fromtimestamp(self._clock.simulated(at), self._zone)
        return call_entry(item, told_at.strftime("%H:%M:%S"))


async def _last_calls(
    context: Context, station_id: str, wanted: LogFilter, limit: int
) -> tuple[str, list[dict[str, Any]]]:
    if not context.settings.history:
        return "off", []
    if wanted.only_lines or not limit:
        return "kept", []
    asked = {"station": station_id, "limit": str(limit)}
    if wanted.action:
        asked["action"] = wanted.action
    if wanted.direction is not None:
        asked["direction"] = wanted.direction.value
    if wanted.level is not Level.INFO:
        asked["status"] = ANY_FAILURE if wanted.level is Level.WARNING else Outcome.MALFORMED.value
    questions = [asked]
    if any(letter.isalnum() for letter in wanted.text):
        # The history looks for whole words, in all calls; parts of words are looked for among the last ones.
        questions.append({**asked, "text": wanted.text})
    try:
        async with asyncio.timeout(HISTORY_SECONDS):
            answers = await asyncio.gather(*(context.historian.items("messages", each) for each in questions))
    except (HistorianError, TimeoutError):
        return "away", []
    items = {item["id"]: item for answer in answers for item in answer}
    return "kept", sorted(items.values(), key=lambda item: datetime.fromisoformat(item["at"]))
