"""Bulk orders of what hands can do: each worker gets one command for many of its stations, one after another.

What a worker says it did has happened. A reconnect has happened when the station is back, so it is watched until then.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from evswarm_controller.bulk_orders import BulkAction
from evswarm_controller.bulk_run import REPORT_SECONDS, BulkRun
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
AWAY_SECONDS: Final = 1.0
"""A station that was told to reconnect is away for two seconds at least: a row that changed before half of that is old."""


async def carry_out(run: BulkRun, router: CommandRouter, fleet: Fleet) -> None:
    """Ask every station that is pending, until none is or the time is over; stations between workers are waited for."""
    sweep = _Sweep(run, router, fleet)
    while True:
        pending = run.stations(StationOutcome.PENDING)
        if pending and (run.cancelling or run.overdue):
            await run.give_up(pending, "Not begun: no living worker had it in time.")
        elif pending:
            await sweep.ask(pending)
        await sweep.watch()
        waiting = len(run.stations(StationOutcome.PENDING))
        if not waiting and not sweep.away:
            break
        await run.report(f"{waiting} stations have no living worker at the moment." if waiting else "")
        await run.pause(SWEEP_PAUSE_SECONDS if waiting else REPORT_SECONDS)
    await run.end()


class _Sweep:
    """Asks stations by their workers. `away`: those that reconnect, with the time that they were told to."""

    def __init__(self, run: BulkRun, router: CommandRouter, fleet: Fleet) -> None:
        self.away: dict[str, float] = {}
        self._run = run
        self._router = router
        self._fleet = fleet

    async def ask(self, pending: Sequence[str]) -> None:
        """Ask each of the stations that has a living worker, unless its worker does not answer."""
        rows = self._fleet.rows
        gone = [station_id for station_id in pending if station_id not in rows]
        await self._run.put(StationOutcome.FAILED, "It left the swarm.", gone)
        by_worker: defaultdict[str, list[str]] = defaultdict(list)
        for station_id in pending:
            row = rows.get(station_id)
            if row is not None and self._fleet.lives(row.worker_id):
                by_worker[row.worker_id].append(station_id)
        await asyncio.gather(*(self._ask_worker(worker, mine) for worker, mine in by_worker.items()))

    async def watch(self) -> None:
        """Note which of those that reconnect are back."""
        rows, run = self._fleet.rows, self._run
        back = [
            station_id
            for station_id, told_at in self.away.items()
            if (row := rows.get(station_id)) is not None
            and row.running
            and row.changed_at >= told_at + AWAY_SECONDS
        ]
        await run.put(StationOutcome.SUCCEEDED, "", back)
        for station_id in back:
            del self.away[station_id]
        if self.away and run.overdue:
            await run.put(StationOutcome.FAILED, "It has not come back in time.", list(self.away))
            self.away.clear()

    async def _ask_worker(self, worker_id: str, station_ids: Sequence[str]) -> None:
        for batch in in_batches(station_ids, STATIONS_PER_COMMAND):
            if self._run.cancelling or self._run.overdue or not await self._ask(worker_id, batch):
                return
            await self._run.report()

    async def _ask(self, worker_id: str, station_ids: Sequence[str]) -> bool:
        """Whether the worker answered."""
        run, order = self._run, self._run.operation
        begun = await run.begin(station_ids)
        if not begun:
            return True
        told_at = run.now()
        try:
            shortfalls = await self._router.ask_many(worker_id, begun, order.action, bytes(order.payload))
        except CommandFailedError as error:
            if error.outcome is CommandOutcome.TIMEOUT:
                seconds = self._router.timeout_seconds
                reason = f"No answer in {seconds:g} s: whether it was done is not known."
                await run.put(StationOutcome.UNKNOWN, reason, begun)
            elif error.outcome in (CommandOutcome.NOT_CONNECTED, CommandOutcome.UNKNOWN_STATION):
                await run.put(StationOutcome.PENDING, "", begun)
            else:
                await run.put(StationOutcome.FAILED, str(error), begun)
                return True
            return False
        by_answer: defaultdict[tuple[StationOutcome, str], list[str]] = defaultdict(list)
        for shortfall in shortfalls:
            certain = shortfall.outcome in NOT_DONE
            outcome = StationOutcome.PENDING if certain else StationOutcome.FAILED
            by_answer[outcome, "" if certain else shortfall.description].append(shortfall.station_id)
        missed = {shortfall.station_id for shortfall in shortfalls}
        done = [each for each in begun if each not in missed]
        if order.action == BulkAction.RECONNECT:
            self.away.update(dict.fromkeys(done, told_at))
        else:
            by_answer[StationOutcome.SUCCEEDED, ""] += done
        for (outcome, reason), stations in by_answer.items():
            await run.put(outcome, reason, stations)
        return True
