"""Bulk orders of what hands can do: each worker gets one command for many of its stations, one after another."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from evswarm_controller.bulk_run import BulkRun
from evswarm_controller.command_router import CommandRouter
from evswarm_controller.errors import CommandFailedError
from evswarm_controller.fleet import Fleet
from evswarm_shared.bus.batches import in_batches
from evswarm_shared.bus.messages import CommandOutcome
from evswarm_shared.bus.operation_results import StationOutcome

STATIONS_PER_COMMAND: Final = 100
"""A worker answers so many in some ten milliseconds; so much is unknown when it dies over one."""
SWEEP_PAUSE_SECONDS: Final = 1.0
NOT_DONE: Final = frozenset((CommandOutcome.UNKNOWN_STATION, CommandOutcome.TIMEOUT))
"""Answers for one station of a command that say it was certainly not done, and may be elsewhere or later."""


async def carry_out(run: BulkRun, router: CommandRouter, fleet: Fleet) -> None:
    """Ask every station that is pending, until none is or the time is over; stations between workers are waited for."""
    while pending := run.stations(StationOutcome.PENDING):
        if run.cancelling or run.overdue:
            await run.give_up(pending, "Not begun: no living worker had it in time.")
            break
        await run.put(
            StationOutcome.FAILED, "It left the swarm.", [each for each in pending if each not in fleet.rows]
        )
        by_worker: defaultdict[str, list[str]] = defaultdict(list)
        for station_id in pending:
            row = fleet.rows.get(station_id)
            if row is not None and fleet.lives(row.worker_id):
                by_worker[row.worker_id].append(station_id)
        await asyncio.gather(*(_sweep(run, router, worker, mine) for worker, mine in by_worker.items()))
        waiting = len(run.stations(StationOutcome.PENDING))
        if waiting and not run.cancelling:
            await run.report(f"{waiting} stations have no living worker at the moment.")
            await run.pause(SWEEP_PAUSE_SECONDS)
    await run.end()


async def _sweep(run: BulkRun, router: CommandRouter, worker_id: str, station_ids: Sequence[str]) -> None:
    for batch in in_batches(station_ids, STATIONS_PER_COMMAND):
        if run.cancelling or run.overdue or not await _ask(run, router, worker_id, batch):
            return
        await run.report()


async def _ask(run: BulkRun, router: CommandRouter, worker_id: str, station_ids: Sequence[str]) -> bool:
    """Whether the worker answered."""
    begun = await run.begin(station_ids)
    if not begun:
        return True
    order = run.operation
    try:
        shortfalls = await router.ask_many(worker_id, begun, order.action, bytes(order.payload))
    except CommandFailedError as error:
        if len(begun) == 1 and error.outcome not in NOT_DONE | {CommandOutcome.NOT_CONNECTED}:
            await run.put(StationOutcome.FAILED, str(error), begun)
            return True
        if error.outcome is CommandOutcome.TIMEOUT:
            reason = f"No answer in {router.timeout_seconds:g} s: whether it was done is not known."
            await run.put(StationOutcome.UNKNOWN, reason, begun)
        else:
            await run.put(StationOutcome.PENDING, "", begun)
        return False
    by_answer: defaultdict[tuple[StationOutcome, str], list[str]] = defaultdict(list)
    for shortfall in shortfalls:
        certain = shortfall.outcome in NOT_DONE
        outcome = StationOutcome.PENDING if certain else StationOutcome.FAILED
        by_answer[outcome, "" if certain else shortfall.description].append(shortfall.station_id)
    missed = {shortfall.station_id for shortfall in shortfalls}
    by_answer[StationOutcome.SUCCEEDED, ""] += [each for each in begun if each not in missed]
    for (outcome, reason), stations in by_answer.items():
        await run.put(outcome, reason, stations)
    return True
