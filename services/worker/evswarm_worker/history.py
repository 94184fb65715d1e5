"""What a worker's stations leave for the historian: their messages, log lines and ledgers."""

from typing import Final

from evswarm_shared.history.exchange import ExchangeTap, Selection
from evswarm_shared.history.recorder import Recorder
from evswarm_shared.history.records import LedgerRecord, Side
from evswarm_shared.settings import HistoryMessages, WorkerSettings


class StationHistory:
    """Takes down what stations say and hear; with no recorder, nothing."""

    __slots__ = ("_recorder", "_selection")

    def __init__(self, recorder: Recorder | None = None, selection: Selection | None = None) -> None:
        self._recorder = recorder
        self._selection = selection

    def tap(self, station_id: str) -> ExchangeTap | None:
        """Somebody to listen to the station's connections; None when its messages are not kept."""
        return None if self._selection is None else ExchangeTap(station_id, Side.STATION, self._selection)

    def line(self, at: float, station_id: str, text: str) -> None:
        """A line of the station's log, at a real unix time."""
        if self._recorder is not None:
            self._recorder.log_line(at, station_id, text)

    def ledger(self, record: LedgerRecord) -> None:
        """A transaction began or ended at the station, and that is stored."""
        if self._recorder is not None:
            self._recorder.fact(record)

    def follow(self, run_id: str) -> None:
        """The run that the stations belong to from now on."""
        if self._recorder is not None:
            self._recorder.run_id = run_id


NO_HISTORY: Final = StationHistory()


def station_history(settings: WorkerSettings, recorder: Recorder) -> StationHistory:
    """What the settings ask for."""
    if not settings.history:
        return NO_HISTORY
    if settings.history_messages is HistoryMessages.OFF:
        return StationHistory(recorder)
    selection = Selection(settings.history_messages, settings.history_sample_every, recorder.message)
    return StationHistory(recorder, selection)
