"""Two books of the same transactions compared: the stations' own ledgers, and that of the central system. Pure.

The stations' books are read before and after the central system's: what stood in the first must be in the central
system's, and what is there must be in the second. So nothing that happens in between looks wrong.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from evswarm_shared.bus.keys import TRANSACTIONS_KEPT
from evswarm_shared.bus.station_ledger import LedgerTransaction

SAME_MOMENT_SECONDS: Final = 0.002
"""Times on the wire have milliseconds."""
MWH_PER_WH: Final = 1000
EXPECTED_FLAGS: Final = frozenset({"id_tag_refused", "restored", "far_from_now"})
"""What the central system may note about a transaction without anything being wrong."""


class Rebuilt(msgspec.Struct, frozen=True):
    """Where a book begins that the store once lost: `carried_mwh` are on the register from before."""

    first_serial: int
    carried_mwh: int


class Book(msgspec.Struct, frozen=True):
    """A station's book, as the controller tells it. Energy in mWh."""

    station_id: str
    outbox: int
    energy_mwh: int
    earnings_micro: int
    row_energy_mwh: int | None
    open_transactions: int
    transactions: tuple[LedgerTransaction, ...] = ()
    rebuilt: Rebuilt | None = None


class CsmsTransaction(msgspec.Struct, frozen=True):
    """A transaction as the central system has it, as the controller tells it. Meters in Wh."""

    transaction_id: int
    station_id: str
    connector_id: int
    id_tag: str
    meter_start: int
    started_at: datetime
    meter_stop: int | None = None
    stopped_at: datetime | None = None
    reason: str | None = None
    flags: tuple[str, ...] = ()


class RegisterSum(msgspec.Struct, frozen=True):
    """A sum of registers: mWh and millionths of the currency."""

    energy_mwh: int
    earnings_micro: int


class Sums(msgspec.Struct, frozen=True):
    """The totals, and what they must add up to."""

    totals: RegisterSum
    living: RegisterSum
    retired: RegisterSum
    living_stations: int
    retired_stations: int
    csms_replicas: int


class Fault(StrEnum):
    """What can be wrong."""

    LOST = "lost"
    """The central system answered for it and does not have it."""
    DOUBLED = "doubled"
    UNKNOWN = "unknown"
    """The central system has it, and the station knows nothing of it."""
    LEFT_OPEN = "left_open"
    CLOSED_EARLY = "closed_early"
    DIFFERS = "differs"
    GIVEN_UP = "given_up"
    FLAGGED = "flagged"
    REGISTER_FELL = "register_fell"
    ENERGY = "energy"
    """The transactions of a station do not add up to its register."""
    TOTALS = "totals"
    UNDELIVERED = "undelivered"
    """In a swarm that should have settled everything, a message still waits."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong, with a sentence for people."""

    fault: Fault
    station_id: str
    transaction_id: int | None
    detail: str


class AuditReport(msgspec.Struct, frozen=True):
    """What an audit found. `not_compared` are transactions that one book has forgotten by its cap.

    `rebuilt_books` are stations whose book the store once lost: of what ended before, no book tells.
    """

    passed: bool
    stations: int
    transactions: int
    closed: int
    open: int
    waiting: int
    not_compared: int
    rebuilt_books: int
    energy_wh: int
    csms_energy_wh: int
    totals_energy_mwh: int
    csms_compared: bool
    faults: dict[str, int]
    findings: tuple[Finding, ...]


class Evidence(msgspec.Struct, frozen=True):
    """What was read, in this order: `before`, `csms`, `after`, `sums`."""

    before: Sequence[Book]
    csms: Sequence[CsmsTransaction]
    after: Sequence[Book]
    sums: Sums


def audit(evidence: Evidence, *, settled: bool = False) -> AuditReport:
    """Compare the books. `settled`: nothing may be open or on its way any more, as when all stations have stopped."""
    return _Audit(evidence, settled).report()


class _Audit:
    def __init__(self, evidence: Evidence, settled: bool) -> None:
        self._evidence = evidence
        self._settled = settled
        self._findings: list[Finding] = []
        self._not_compared = 0
        self._waiting = 0
        self._energy_wh = 0
        self._csms_energy_wh = 0
        self._by_id = {transaction.transaction_id: transaction for transaction in evidence.csms}
        closed = sum(transaction.stopped_at is not None for transaction in evidence.csms)
        self._kept_from = min(self._by_id, default=0) if closed >= TRANSACTIONS_KEPT else 0

    def report(self) -> AuditReport:
        evidence = self._evidence
        compared = evidence.sums.csms_replicas > 0 or bool(evidence.csms)
        for book in evidence.before:
            for mine in book.transactions:
                self._look_at(book, mine, compared)
            self._look_at_meters(book)
        for book in evidence.after:
            self._add_up(book)
        if compared:
            self._look_at_csms()
        self._look_at_totals()
        faults = Counter(finding.fault.value for finding in self._findings)
        transactions = [mine for book in evidence.after for mine in book.transactions]
        still_open = sum(mine.stopped_at is None for mine in transactions)
        return AuditReport(
            passed=not self._findings,
            stations=len(evidence.after),
            transactions=len(transactions),
            closed=len(transactions) - still_open,
            open=still_open,
            waiting=self._waiting,
            not_compared=self._not_compared,
            rebuilt_books=sum(book.rebuilt is not None for book in evidence.after),
            energy_wh=self._energy_wh,
            csms_energy_wh=self._csms_energy_wh,
            totals_energy_mwh=evidence.sums.totals.energy_mwh,
            csms_compared=compared,
            faults=dict(sorted(faults.items())),
            findings=tuple(self._findings),
        )

    def _find(self, fault: Fault, station_id: str, transaction_id: int | None, detail: str) -> None:
        self._findings.append(Finding(fault, station_id, transaction_id, detail))

    # --- what the stations say ---

    def _look_at(self, book: Book, mine: LedgerTransaction, compared: bool) -> None:
        station_id, number = book.station_id, mine.transaction_id
        if mine.given_up:
            self._find(Fault.GIVEN_UP, station_id, number, f"refused for good: {', '.join(mine.given_up)}")
        stopped = mine.stopped_at is not None
        if number is None or (stopped and not mine.stop_landed):
            self._waiting += 1
            if self._settled and not mine.given_up:
                self._find(Fault.UNDELIVERED, station_id, number, f"transaction {mine.serial} still waits")
        if self._settled and not stopped:
            self._find(Fault.LEFT_OPEN, station_id, number, f"transaction {mine.serial} runs at the station")
        if mine.meter_stop is not None and mine.energy_mwh is not None:
            wh = mine.meter_stop - mine.meter_start
            if abs(mine.energy_mwh - wh * MWH_PER_WH) >= MWH_PER_WH:
                self._find(
                    Fault.ENERGY, station_id, number, f"{mine.energy_mwh} mWh flowed, {wh} Wh are told"
                )
        if compared and number is not None:
            self._compare(station_id, number, mine)

    def _compare(self, station_id: str, number: int, mine: LedgerTransaction) -> None:
        theirs = self._by_id.get(number)
        if theirs is None:
            if number < self._kept_from:
                self._not_compared += 1
            else:
                self._find(Fault.LOST, station_id, number, "the central system does not have it")
            return
        if theirs.station_id != station_id:
            self._find(Fault.DIFFERS, station_id, number, f"the central system has it at {theirs.station_id}")
            return
        begun = (mine.connector_id, mine.id_tag, mine.meter_start)
        booked = (theirs.connector_id, theirs.id_tag, theirs.meter_start)
        if begun != booked or not _same_moment(mine.started_at, theirs.started_at):
            self._find(Fault.DIFFERS, station_id, number, f"begun as {begun}, booked as {booked}")
        if theirs.stopped_at is None:
            if mine.stop_landed:
                self._find(Fault.LEFT_OPEN, station_id, number, "its stop was answered and it is open still")
        elif mine.stopped_at is not None:
            self._compare_ends(station_id, number, mine, theirs)

    def _compare_ends(
        self, station_id: str, number: int, mine: LedgerTransaction, theirs: CsmsTransaction
    ) -> None:
        ended, booked = (mine.meter_stop, mine.reason), (theirs.meter_stop, theirs.reason)
        if ended != booked or not _same_moment(mine.stopped_at, theirs.stopped_at):
            self._find(Fault.DIFFERS, station_id, number, f"ended as {ended}, booked as {booked}")
        if mine.meter_stop is not None and theirs.meter_stop is not None:
            self._energy_wh += mine.meter_stop - mine.meter_start
            self._csms_energy_wh += theirs.meter_stop - theirs.meter_start

    def _look_at_meters(self, book: Book) -> None:
        meters: dict[int, int] = {}
        for mine in book.transactions:
            last = meters.get(mine.connector_id, mine.meter_start)
            ends = mine.meter_start if mine.meter_stop is None else mine.meter_stop
            if mine.meter_start < last or ends < mine.meter_start:
                self._find(
                    Fault.REGISTER_FELL,
                    book.station_id,
                    mine.transaction_id,
                    f"connector {mine.connector_id}: {last} Wh before, then {mine.meter_start} to {ends} Wh",
                )
            meters[mine.connector_id] = max(last, ends)
        if book.row_energy_mwh is not None and book.row_energy_mwh < book.energy_mwh:
            self._find(
                Fault.REGISTER_FELL,
                book.station_id,
                None,
                f"its row says {book.row_energy_mwh} mWh after {book.energy_mwh} mWh",
            )

    def _add_up(self, book: Book) -> None:
        """What flowed in all transactions is what the register shows: outside of them nothing flows."""
        transactions = book.transactions
        first, carried = (book.rebuilt.first_serial, book.rebuilt.carried_mwh) if book.rebuilt else (1, 0)
        if transactions and transactions[0].serial > first:
            return  # the first ones have left the ledger
        flowed = carried + sum(mine.energy_mwh or 0 for mine in transactions)
        runs = book.open_transactions > 0 or any(mine.stopped_at is None for mine in transactions)
        if flowed > book.energy_mwh or (not runs and flowed != book.energy_mwh):
            self._find(
                Fault.ENERGY,
                book.station_id,
                None,
                f"its transactions add up to {flowed} mWh, its register shows {book.energy_mwh} mWh",
            )

    # --- what the central system says ---

    def _look_at_csms(self) -> None:
        ledgers = {book.station_id: book.transactions for book in self._evidence.after}
        begun: Mapping[tuple[str, int, str, int, float], list[int]] = defaultdict(list)
        for theirs in self._evidence.csms:
            number, station_id = theirs.transaction_id, theirs.station_id
            flags = [flag for flag in theirs.flags if flag not in EXPECTED_FLAGS]
            if flags:
                self._find(Fault.FLAGGED, station_id, number, ", ".join(flags))
            key = (
                station_id,
                theirs.connector_id,
                theirs.id_tag,
                theirs.meter_start,
                theirs.started_at.timestamp(),
            )
            begun[key].append(number)
            if self._settled and theirs.stopped_at is None:
                self._find(Fault.LEFT_OPEN, station_id, number, "it is open at the central system")
            ledger = ledgers.get(station_id)
            if ledger is None:
                self._not_compared += 1  # a station that is not ours
                continue
            mine = _counterpart(theirs, ledger)
            if mine is None:
                if ledger and ledger[0].serial > 1 and theirs.started_at.timestamp() <= ledger[0].started_at:
                    self._not_compared += 1
                else:
                    self._find(Fault.UNKNOWN, station_id, number, "the station's ledger does not have it")
            elif theirs.stopped_at is not None and mine.stopped_at is None:
                self._find(Fault.CLOSED_EARLY, station_id, number, "it runs at the station")
        for (station_id, *_), numbers in begun.items():
            if len(numbers) > 1:
                self._find(Fault.DOUBLED, station_id, min(numbers), f"booked as {sorted(numbers)}")

    def _look_at_totals(self) -> None:
        sums = self._evidence.sums
        for unit in ("energy_mwh", "earnings_micro"):
            total = getattr(sums.totals, unit)
            added = getattr(sums.living, unit) + getattr(sums.retired, unit)
            if total != added:
                self._find(Fault.TOTALS, "", None, f"{unit} says {total}, the stations add up to {added}")


def _counterpart(theirs: CsmsTransaction, ledger: Iterable[LedgerTransaction]) -> LedgerTransaction | None:
    """The station's entry of a transaction: by id, or by how it began while its id has not arrived."""
    for mine in ledger:
        if mine.transaction_id == theirs.transaction_id:
            return mine
    for mine in ledger:
        if (
            mine.transaction_id is None
            and (mine.connector_id, mine.id_tag, mine.meter_start)
            == (theirs.connector_id, theirs.id_tag, theirs.meter_start)
            and _same_moment(mine.started_at, theirs.started_at)
        ):
            return mine
    return None


def _same_moment(mine: float | None, theirs: datetime | None) -> bool:
    if mine is None or theirs is None:
        return mine is None and theirs is None
    return abs(mine - theirs.timestamp()) < SAME_MOMENT_SECONDS
