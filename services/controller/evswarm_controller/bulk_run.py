"""A bulk order under way: its stations with what became of them, in memory as in the store, and how it ends.

Whatever is asked of a station is preceded by its result becoming RUNNING, which only one controller can bring about. So
a leader that comes later asks nothing twice: it goes on with what is PENDING, and says of what another had begun
and did not write down that nobody knows.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

import msgspec

from evswarm_controller.errors import LeadershipLostError
from evswarm_controller.observer import Observer
from evswarm_shared.bus.messages import OperationSnapshot, OperationState
from evswarm_shared.bus.operation_results import OPEN, StationOutcome, StationResult
from evswarm_shared.bus.port import ControllerBus
from evswarm_shared.errors import BusUnavailableError

REPORT_SECONDS: Final = 0.5
STORE_AWAY_SECONDS: Final = 0.5
WRITING_SECONDS: Final = 2.0
"""How long after the answer to a command what it says is surely written down, by whatever controller."""
NOT_KNOWN: Final = "The controller that asked has ended: whether it was done is not known."


class BulkRun:
    """One order. `load` comes first, `end` last; `pause` waits for so many seconds."""

    def __init__(
        self,
        operation: OperationSnapshot,
        bus: ControllerBus,
        observer: Observer,
        *,
        leads: Callable[[], bool],
        now: Callable[[], float],
        told: Callable[[OperationSnapshot], None],
        answer_seconds: float,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`answer_seconds` is how long any controller waits for the answer to a command."""
        self.operation = operation
        self.results: dict[str, StationResult] = {}
        self.inherited: list[str] = []
        """Stations that another controller had begun with."""
        self.pause = pause
        self.now = now
        self._bus = bus
        self._observer = observer
        self._leads = leads
        self._told = told
        self._answer_seconds = answer_seconds
        self._loaded_at = self._reported_at = now()

    async def load(self) -> None:
        """Read what has become of the stations so far."""
        await self._read()
        self.inherited = self.stations(StationOutcome.RUNNING)

    def stations(self, *outcomes: StationOutcome) -> list[str]:
        """Those with one of the outcomes, in order."""
        return [each for each, result in self.results.items() if result.outcome in outcomes]

    @property
    def cancelling(self) -> bool:
        """Whether somebody wishes it to end."""
        known = self._observer.operations.get(self.operation.operation_id)
        return known is not None and known.cancelling

    @property
    def overdue(self) -> bool:
        """Whether its time is over."""
        return self.now() >= self.operation.expires_at

    def require_leading(self) -> None:
        """Go on only as the leader.

        Raises:
            LeadershipLostError: another controller carries it through.
        """
        if not self._leads():
            raise LeadershipLostError(
                f"{self.operation.operation_id} is another controller's to carry through"
            )

    async def begin(self, station_ids: Sequence[str]) -> list[str]:
        """Take stations that are pending; ask something of these and no others."""
        self.require_leading()
        begun = await self._bus.begin_results(self.operation.operation_id, station_ids)
        self.results.update((each, StationResult(each, StationOutcome.RUNNING)) for each in begun)
        return begun

    async def put(self, outcome: StationOutcome, reason: str, station_ids: Iterable[str]) -> None:
        """Write down what became of stations, once the store takes it."""
        results = [StationResult(each, outcome, reason) for each in station_ids]
        self.results.update((result.station_id, result) for result in results)
        while results:
            try:
                await self._bus.write_results(self.operation.operation_id, results)
                return
            except BusUnavailableError:
                self.require_leading()
                await self.pause(STORE_AWAY_SECONDS)

    async def give_up(self, station_ids: Iterable[str], reason: str) -> None:
        """Leave alone stations that nothing was asked of: cancelled, or failed for the reason."""
        if self.cancelling:
            await self.put(StationOutcome.CANCELLED, "", station_ids)
        else:
            await self.put(StationOutcome.FAILED, reason, station_ids)

    async def report(self, message: str = "") -> None:
        """Tell how far it has come, not more often than anybody looks."""
        if self.now() - self._reported_at >= REPORT_SECONDS:
            self._reported_at = self.now()
            await self._write(message="Cancelling…" if self.cancelling else message)

    async def end(self) -> None:
        """End the operation as its results say; what is open now was asked by a controller that says no more."""
        while self.inherited and self.now() < self._loaded_at + self._answer_seconds + WRITING_SECONDS:
            self.require_leading()
            await self.pause(REPORT_SECONDS)
        await self._read()
        await self.put(StationOutcome.UNKNOWN, NOT_KNOWN, self.stations(*OPEN))
        unknown, failed, cancelled = (
            len(self.stations(outcome))
            for outcome in (StationOutcome.UNKNOWN, StationOutcome.FAILED, StationOutcome.CANCELLED)
        )
        # A store that was emptied has forgotten them.
        unknown += self.operation.target - len(self.results)
        parts = [
            f"{cancelled} of {self.operation.target} stations were not begun with" if cancelled else "",
            f"{failed} of {self.operation.target} stations failed" if failed else "",
            f"of {unknown} it is not known" if unknown else "",
        ]
        state = OperationState.FAILED if failed or unknown else OperationState.SUCCEEDED
        message = "; ".join(filter(None, parts))
        await self._write(OperationState.CANCELLED if cancelled else state, message and f"{message}.")
        self._told(self.operation)

    async def _read(self) -> None:
        read = await self._bus.read_results(self.operation.operation_id)
        self.results = {result.station_id: result for result in read}

    async def _write(self, state: OperationState = OperationState.RUNNING, message: str = "") -> None:
        counts = Counter(result.outcome for result in self.results.values())
        self.operation = msgspec.structs.replace(
            self.operation,
            state=state,
            done=counts[StationOutcome.SUCCEEDED],
            failed=counts[StationOutcome.FAILED]
            + counts[StationOutcome.UNKNOWN]
            + self.operation.target
            - len(self.results),
            message=message,
            updated_at=self.now(),
            cancelling=self.cancelling,
        )
        self.require_leading()
        await self._bus.write_operation(self.operation)
        self._observer.take_operation(self.operation)
