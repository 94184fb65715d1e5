"""What the central system leaves for the historian: its view of the transactions, and of the messages that are kept."""

from collections.abc import Callable
from typing import Final

from evswarm_shared.bus.messages import TransactionRecord
from evswarm_shared.history.exchange import ExchangeTap, Selection
from evswarm_shared.history.recorder import Recorder
from evswarm_shared.history.records import CentralRecord, Record, Side
from evswarm_shared.settings import CsmsSettings, HistoryMessages


class CentralHistory:
    """Takes down what happens here; without a `record` function, nothing."""

    __slots__ = ("_record", "_selection")

    def __init__(
        self, record: Callable[[Record], None] | None = None, selection: Selection | None = None
    ) -> None:
        self._record = record
        self._selection = selection

    def tap(self, station_id: str) -> ExchangeTap | None:
        """Somebody to listen to the station's session; None when its messages are not kept."""
        return None if self._selection is None else ExchangeTap(station_id, Side.CSMS, self._selection)

    def transaction(self, record: TransactionRecord, at: float) -> None:
        """A transaction was opened or closed, and that is stored. `at` is real unix time."""
        if self._record is not None:
            self._record(CentralRecord(at, record))


NO_HISTORY: Final = CentralHistory()


def central_history(settings: CsmsSettings, recorder: Recorder) -> CentralHistory:
    """What the settings ask for."""
    if not settings.history:
        return NO_HISTORY
    if settings.csms_history_messages is HistoryMessages.OFF:
        return CentralHistory(recorder.fact)
    selection = Selection(settings.csms_history_messages, settings.history_sample_every, recorder.message)
    return CentralHistory(recorder.fact, selection)
