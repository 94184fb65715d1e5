"""One controller: its parts, wired to one bus, and the tasks that run them."""

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from evswarm_controller.access.gate import Gate
from evswarm_controller.app import VERSION
from evswarm_controller.bulk_orders import BulkOrders
from evswarm_controller.bulk_work import BulkWork
from evswarm_controller.command_router import CommandRouter
from evswarm_controller.context import Context
from evswarm_controller.desired_state import founded
from evswarm_controller.fleet import Fleet
from evswarm_controller.historian_client import HistorianClient
from evswarm_controller.history_streams import HistoryStreams
from evswarm_controller.live_frames import Greeting
from evswarm_controller.live_hub import LiveHub
from evswarm_controller.live_tail import MessageTail
from evswarm_controller.mirror import Mirror
from evswarm_controller.observer import Observer
from evswarm_controller.presence import Presence
from evswarm_controller.reconciler import Reconciler
from evswarm_controller.station_commands import StationCommands
from evswarm_controller.swarm_history import SwarmHistory
from evswarm_controller.telemetry import ControllerTelemetry
from evswarm_controller.wishes import Wishes
from evswarm_shared.bus.messages import DesiredState, OperationSnapshot, ProfileName
from evswarm_shared.bus.port import Bus
from evswarm_shared.clock import SimulatedClock
from evswarm_shared.errors import BusUnavailableError
from evswarm_shared.history.recorder import Recorder
from evswarm_shared.settings import ControllerSettings, SettingsError

RESIGN_SECONDS: Final = 2.0


def build(settings: ControllerSettings, bus: Bus, now: Callable[[], float]) -> Context:
    """Put a controller together; nothing runs yet.

    Raises:
        SettingsError: the profile is none of the presets, or there is no such time zone.
    """
    profile = _profile(settings.profile)
    zone = _zone(settings.timezone)
    controller_id = f"controller-{socket.gethostname()}-{secrets.token_hex(4)}"

    def found(at: float) -> DesiredState:
        return founded(
            count=settings.stations,
            profile=profile,
            ramp_per_second=settings.ramp_per_second,
            seed=settings.seed,
            id_prefix=settings.id_prefix,
            run_id=secrets.token_hex(4),
            clock=SimulatedClock(
                real_origin=at,
                simulated_origin=settings.clock_start.timestamp() if settings.clock_start else at,
                factor=settings.clock_factor,
            ),
        )

    fleet = Fleet()
    observer = Observer(bus, fleet, now, lease_seconds=settings.lease_seconds)
    telemetry = ControllerTelemetry(VERSION)
    hub = LiveHub(
        fleet,
        observer,
        MessageTail(bus, lambda station_id: row.worker_id if (row := fleet.rows.get(station_id)) else ""),
        Greeting(
            version=VERSION,
            currency=settings.currency,
            window_above=settings.live_window_above,
            grafana=settings.grafana_url,
            history=settings.history,
        ),
        now=now,
        ready=lambda: mirror.synced and observer.known_desired is not None,
    )
    mirror = Mirror(bus, fleet, now, on_logged=hub.logged)
    history = SwarmHistory(
        Recorder(bus, controller_id, enabled=settings.history, entries_kept=settings.history_entries_kept),
        settings,
        observer,
        now=now,
        leads=lambda: reconciler.leads,
    )

    def ended(operation: OperationSnapshot) -> None:
        telemetry.count_operation(operation)
        history.operation(operation)

    reconciler = Reconciler(
        bus,
        observer,
        fleet,
        controller_id=controller_id,
        lease_seconds=settings.lease_seconds,
        found=found,
        opening_price_micro=round(settings.price * 1_000_000),
        now=now,
        on_ended=ended,
    )
    wishes = Wishes(bus, observer, fleet, now=now, poke=reconciler.poke, told=history.operation)
    router = CommandRouter(
        bus,
        controller_id=controller_id,
        timeout_seconds=settings.command_timeout_seconds,
        now=now,
        told=history.command,
    )
    work = BulkWork(bus, observer, fleet, wishes, router, leads=lambda: reconciler.leads, now=now, told=ended)
    return Context(
        settings=settings,
        gate=Gate(settings),
        bus=bus,
        fleet=fleet,
        observer=observer,
        mirror=mirror,
        reconciler=reconciler,
        wishes=wishes,
        router=router,
        commands=StationCommands(bus, observer, router, now=now),
        orders=BulkOrders(bus, observer, fleet, wishes, now=now, poke=work.poke, told=history.operation),
        work=work,
        hub=hub,
        telemetry=telemetry,
        history=history,
        history_streams=HistoryStreams(bus, settings.history_entries_kept),
        historian=HistorianClient(settings.historian_url),
        presence=Presence(
            bus,
            controller_id=controller_id,
            version=VERSION,
            lease_seconds=settings.lease_seconds,
            now=now,
            leads=lambda: reconciler.leads,
            dashboards=lambda: len(hub),
        ),
        zone=zone,
        now=now,
    )


@asynccontextmanager
async def running(context: Context) -> AsyncIterator[None]:
    """The controller at work while the block runs; at its end it resigns, so that a standby takes over at once."""
    context.telemetry.lag.start(asyncio.get_running_loop())
    try:
        async with context.history.recorder.running(), asyncio.TaskGroup() as tasks:
            started = [
                tasks.create_task(part.run(), name=type(part).__name__)
                for part in (
                    context.mirror,
                    context.router,
                    context.reconciler,
                    context.work,
                    context.hub,
                    context.hub.tail,
                    context.history,
                    context.history_streams,
                    context.presence,
                )
            ]
            yield
            for task in started:
                task.cancel()
    finally:
        context.telemetry.lag.stop()
        await context.historian.close()
        with suppress(BusUnavailableError, TimeoutError):
            async with asyncio.timeout(RESIGN_SECONDS):
                await context.reconciler.resign()


def _profile(name: str | None) -> ProfileName | None:
    if name is None:
        return None
    try:
        return ProfileName(name)
    except ValueError:
        known = ", ".join(ProfileName)
        raise SettingsError(f"EVSWARM_PROFILE: {name!r} is none of {known}") from None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(f"EVSWARM_TIMEZONE: there is no time zone {name!r}") from None
