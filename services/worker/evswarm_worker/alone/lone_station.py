"""One station from start to end: its kept state, the worker that runs it, and the port that the hand uses."""

import asyncio
import contextlib
import os
import secrets
import signal
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import msgspec

from evswarm_shared.bus.messages import Assignment, StationSpec, StoredStation, Tariff
from evswarm_shared.errors import BusUnavailableError
from evswarm_shared.history.log_lines import read_line
from evswarm_shared.settings import WorkerSettings
from evswarm_shared.telemetry.counts import StationCounts
from evswarm_worker.actions import HandAction
from evswarm_worker.alone.control_answers import ControlAnswers
from evswarm_worker.alone.control_port import ControlPort
from evswarm_worker.alone.kept_bus import KeptBus
from evswarm_worker.alone.options import WORKER_ID, StationOptions, UsageError
from evswarm_worker.alone.state_directory import KeptState, StateDirectory
from evswarm_worker.building import StationBuilder
from evswarm_worker.endpoint import Endpoint
from evswarm_worker.share import plans
from evswarm_worker.worker import Worker

INTERRUPTED: Final = 130
START_LOOK_SECONDS: Final = 0.02


async def run(options: StationOptions, settings: WorkerSettings, told: Callable[[str], None]) -> None:
    """Run the station until SIGTERM or SIGINT; a second one ends at once, as `kill -9` would. `told` hears its log.

    Raises:
        LocalError: something asked for cannot be had; the message says what to do.
    """
    directory = None if options.state is None else StateDirectory(options.state)
    try:
        await _run(options, settings, directory, told)
    finally:
        if directory is not None:
            directory.close()


async def _run(
    options: StationOptions,
    settings: WorkerSettings,
    directory: StateDirectory | None,
    told: Callable[[str], None],
) -> None:
    station_id = options.spec.station_id
    endpoint = Endpoint(settings.csms_url, ca=settings.csms_ca)
    kept = None if directory is None else directory.read(station_id)
    spec = options.spec if kept is None else as_it_was_built(options, kept)
    state = kept or KeptState(
        station_id=station_id,
        run_id=secrets.token_hex(4),
        profile=spec.profile,
        connectors=spec.connectors,
    )
    assignment = assigned(spec, state.run_id)
    try_out(settings, assignment, state)
    bus = KeptBus(state, directory, told)
    bus.store.assignments[WORKER_ID] = assignment
    worker = Worker(settings, bus, 1)
    worker.listening = True
    answers = ControlAnswers(
        station_id, worker.carry_out, lambda: worker.row(station_id), lambda: log_lines(bus, station_id)
    )
    port = ControlPort(answers.answer)
    control = None if options.control_port is None else await _listen(port, options.control_port)
    loop = asyncio.get_running_loop()

    def asked_to_end() -> None:
        if worker.stopping.is_set():
            os._exit(INTERRUPTED)
        told("Ending: once more ends at once")
        worker.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked_to_end)
    told(f"{'New station' if kept is None else 'Going on with'} {station_id}")
    told(f"central system   {endpoint.url.rstrip('/')} as {endpoint.path(station_id)}")
    if directory is not None:
        told(f"state            {directory.path}")
    if control is not None:
        told(f"control          {control}/")
    try:
        hand = asyncio.create_task(_hold(answers, worker)) if options.manual and kept is not None else None
        try:
            await worker.run()
        except OSError as error:
            raise UsageError(f"cannot serve metrics: {error}; see EVSWARM_METRICS_PORT") from None
        finally:
            if hand is not None:
                hand.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await hand
    finally:
        await port.stop()
        with contextlib.suppress(BusUnavailableError):
            bus.keep()
    told("ended in order")


def as_it_was_built(options: StationOptions, kept: KeptState) -> StationSpec:
    """The station that is kept, which has the connectors and the profile that it had.

    Raises:
        UsageError: others are asked for.
    """
    asked = options.spec
    if asked.connectors not in (None, kept.connectors):
        has = "those of its profile" if kept.connectors is None else kept.connectors
        raise UsageError(f"--connectors {asked.connectors}: the station that is kept has {has}; leave it out")
    if options.profile_given and asked.profile is not kept.profile:
        raise UsageError(
            f"--profile {asked.profile}: the station that is kept is {kept.profile}; leave it out"
        )
    return msgspec.structs.replace(asked, connectors=kept.connectors, profile=kept.profile)


def assigned(spec: StationSpec, run_id: str) -> Assignment:
    """The assignment that says: run this station and no other."""
    return Assignment(
        worker_id=WORKER_ID,
        leader_epoch=1,
        generation=1,
        individuals=(spec,),
        run_id=run_id,
        swarm_individuals=frozenset((spec.station_id,)),
    )


def try_out(settings: WorkerSettings, assignment: Assignment, state: KeptState) -> None:
    """Make the station once for nothing, so that what is wrong with it is said before anything runs.

    Raises:
        LocalError: it cannot be made.
    """
    plan = plans(assignment)[state.station_id]
    stored = StoredStation(state.station_id, state.checkpoint, state.outbox)
    builder = StationBuilder(settings, WORKER_ID, StationCounts())
    builder(plan, stored, assignment, Tariff(), time.time())


def log_lines(bus: KeptBus, station_id: str) -> list[str]:
    """The last lines of the log as people read them."""
    return [read_line(line).line for line in bus.store.logs[station_id]]


async def _listen(port: ControlPort, number: int) -> str:
    try:
        return await port.start(number)
    except OSError as error:
        raise UsageError(
            f"--control-port {number} cannot be had ({os.strerror(error.errno or 0).lower()}): name another, or 0 for any"
        ) from None


async def _hold(answers: ControlAnswers, worker: Worker) -> None:
    """Leave a station that goes on from an earlier life to the hand: its state may say otherwise."""
    body = msgspec.json.encode({"autonomous": False})
    while not worker.stopping.is_set():
        answer = await answers.answer("POST", f"/actions/{HandAction.SET_AUTONOMOUS}", body)
        if answer.status is HTTPStatus.OK:
            return
        await asyncio.sleep(START_LOOK_SECONDS)
