"""Bulk orders to start and to stop: one change of the desired state, then every station is watched until it follows."""

from collections import defaultdict

from evswarm_controller.bulk_run import REPORT_SECONDS, BulkRun
from evswarm_controller.fleet import Fleet
from evswarm_controller.observer import Observer
from evswarm_controller.operation_progress import settled
from evswarm_controller.wishes import Wishes
from evswarm_shared.bus.messages import StationState
from evswarm_shared.bus.operation_results import OPEN, StationOutcome


async def carry_out(run: BulkRun, wishes: Wishes, observer: Observer, fleet: Fleet, *, stops: bool) -> None:
    """Wish it for every station that is pending, and watch. A wish that another controller made is not made again."""
    pending = run.stations(StationOutcome.PENDING)
    if run.cancelling:
        await run.put(StationOutcome.CANCELLED, "", pending)
    elif begun := await run.begin(pending):
        await wishes.hold(begun, stopped=stops)
    taken_back = False
    while True:
        await _look(run, observer, fleet, stops=stops)
        waiting = run.stations(*OPEN)
        if not waiting:
            break
        if run.overdue:
            verb = "stop" if stops else "start"
            seconds = run.operation.expires_at - run.operation.created_at
            await run.put(StationOutcome.FAILED, f"It did not {verb} in {seconds:g} s.", waiting)
            break
        if run.cancelling and not stops and not taken_back:
            taken_back = True
            await _take_back(run, wishes, fleet, waiting)
            continue
        await run.report()
        await run.pause(REPORT_SECONDS)
    run.inherited.clear()
    await run.end()


async def _look(run: BulkRun, observer: Observer, fleet: Fleet, *, stops: bool) -> None:
    """Note which of the stations have followed, and which never will."""
    run.require_leading()
    wanted = observer.wanted
    found: defaultdict[tuple[StationOutcome, str], list[str]] = defaultdict(list)
    for station_id in run.stations(*OPEN):
        if station_id not in wanted:
            found[StationOutcome.FAILED, "It left the swarm."].append(station_id)
        elif (station_id in wanted.stopped) != stops:
            found[StationOutcome.FAILED, "A newer command wishes otherwise."].append(station_id)
        elif settled(fleet, station_id, stops=stops):
            found[StationOutcome.SUCCEEDED, ""].append(station_id)
    for (outcome, reason), stations in found.items():
        await run.put(outcome, reason, stations)


async def _take_back(run: BulkRun, wishes: Wishes, fleet: Fleet, waiting: list[str]) -> None:
    """Leave those stopped that have not begun to start."""
    rows = (fleet.rows.get(station_id) for station_id in waiting)
    still = [row.station_id for row in rows if row is not None and row.state is StationState.STOPPED]
    await run.put(StationOutcome.CANCELLED, "", still)
    await wishes.hold(still, stopped=True)
