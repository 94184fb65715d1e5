"""The task that carries bulk orders through, on the controller that leads; on the others it only watches."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from evswarm_controller import bulk_actions, bulk_switches
from evswarm_controller.bulk_orders import BulkAction
from evswarm_controller.bulk_run import BulkRun
from evswarm_controller.command_router import CommandRouter
from evswarm_controller.errors import LeadershipLostError, NotReadyError
from evswarm_controller.fleet import Fleet
from evswarm_controller.observer import Observer
from evswarm_controller.wishes import Wishes
from evswarm_shared.bus.messages import OperationKind, OperationSnapshot
from evswarm_shared.bus.port import ControllerBus
from evswarm_shared.errors import BusUnavailableError
from evswarm_shared.telemetry.service_log import about

LOOK_SECONDS: Final = 0.5
ORDERS_AT_ONCE: Final = 8
SWITCHES: Final = frozenset((BulkAction.START.value, BulkAction.STOP.value))

log = logging.getLogger(__name__)


class BulkWork:
    """Finds orders among the operations and carries each through; `told` hears of every end."""

    def __init__(
        self,
        bus: ControllerBus,
        observer: Observer,
        fleet: Fleet,
        wishes: Wishes,
        router: CommandRouter,
        *,
        leads: Callable[[], bool],
        now: Callable[[], float],
        told: Callable[[OperationSnapshot], None],
    ) -> None:
        self._bus = bus
        self._observer = observer
        self._fleet = fleet
        self._wishes = wishes
        self._router = router
        self._leads = leads
        self._now = now
        self._told = told
        self._poked = asyncio.Event()
        self._under_way: set[str] = set()

    def poke(self) -> None:
        """Look for orders at once."""
        self._poked.set()

    async def run(self) -> None:
        """Carry orders through for ever."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                for operation in self._due():
                    self._under_way.add(operation.operation_id)
                    tasks.create_task(self._work(operation), name=operation.operation_id)
                try:
                    await asyncio.wait_for(self._poked.wait(), LOOK_SECONDS)
                except TimeoutError:
                    continue
                finally:
                    self._poked.clear()

    async def carry_through(self, run: BulkRun) -> None:
        """Do what the order says until it has ended.

        Raises:
            BusUnavailableError: the store does not answer; what was written down so far stays.
            NotReadyError: the desired state cannot be changed at the moment.
            LeadershipLostError: another controller goes on with it.
        """
        await run.load()
        action = run.operation.action
        if action in SWITCHES:
            stops = action == BulkAction.STOP
            await bulk_switches.carry_out(run, self._wishes, self._observer, self._fleet, stops=stops)
        else:
            await bulk_actions.carry_out(run, self._router, self._fleet)

    def _due(self) -> list[OperationSnapshot]:
        if not self._leads():
            return []
        room = ORDERS_AT_ONCE - len(self._under_way)
        orders = [
            operation
            for operation in self._observer.running_operations()
            if operation.kind is OperationKind.BULK and operation.operation_id not in self._under_way
        ]
        return sorted(orders, key=lambda each: each.created_at)[:room]

    async def _work(self, operation: OperationSnapshot) -> None:
        run = BulkRun(
            operation,
            self._bus,
            self._observer,
            leads=self._leads,
            now=self._now,
            told=self._told,
            answer_seconds=self._router.timeout_seconds,
        )
        try:
            await self.carry_through(run)
            log.info(
                "%s of %d stations %s",
                operation.action,
                operation.target,
                run.operation.state,
                extra=about(operation_id=operation.operation_id),
            )
        except (BusUnavailableError, NotReadyError, LeadershipLostError) as error:
            log.warning(
                "%s of %d stations waits: %s",
                operation.action,
                operation.target,
                error,
                extra=about(operation_id=operation.operation_id),
            )
            await asyncio.sleep(LOOK_SECONDS)
        finally:
            self._under_way.discard(operation.operation_id)
