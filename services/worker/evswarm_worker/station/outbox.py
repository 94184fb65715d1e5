"""Transaction messages on their way: in order, stored before they are sent, kept until answered (OCPP 1.6 §3.7).

What begins, lands and ends is noted for the station's own book of transactions in the same step (`station_ledger`).
StartTransaction and StopTransaction are stored at once. MeterValues, which no bill hangs on, are stored only when
they are not answered soon, and are the first to go when there are too many.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from msgspec import structs
from ocpp.v16.enums import Action, Reason

from evswarm_shared.bus.messages import OutboxEntry
from evswarm_shared.bus.station_ledger import (
    LedgerFact,
    MessageGivenUp,
    StartLanded,
    StopLanded,
    TransactionBegan,
    TransactionEnded,
)
from evswarm_shared.ocpp16.actions import Sender
from evswarm_shared.ocpp16.frames import encode_payload
from evswarm_shared.ocpp16.messages import MeterValues, StartTransaction, StopTransaction
from evswarm_shared.ocpp16.payloads import decode_request

UNKNOWN_TRANSACTION: Final = -1
"""The transaction id of a start that did not land (OCPP 1.6 errata §3.18)."""

METER_VALUES_LIMIT: Final = 60
"""MeterValues kept for a peer that does not take them; when there are more, every second one goes."""

TransactionRequest = StartTransaction | StopTransaction | MeterValues

_METER_VALUES: Final = Action.meter_values
_CARRIED: Final[Mapping[str, Action]] = {
    action.value: action
    for action in (Action.start_transaction, Action.stop_transaction, Action.meter_values)
}


class StoredMessage(msgspec.Struct, array_like=True, frozen=True):
    """A message in the store: its Action, the station's own number of the transaction, its payload."""

    action: str
    serial: int
    payload: msgspec.Raw


class OutboxMessage(msgspec.Struct, eq=False, gc=False):
    """One message; it has its `request`, or its `stored` form, or both. `failures`: CALLERRORs that it was answered with."""

    sequence: int
    action: Action
    serial: int
    request: TransactionRequest | None
    stored: bytes | None = None
    failures: int = 0


class Outbox:
    """The line of transaction messages of one station. Times are real unix seconds.

    A transaction has a `serial`, the station's own number, until the central system gives it an id; the id enters
    its messages when they are sent, so that messages made before the start landed carry it too.
    """

    __slots__ = (
        "_added",
        "_ended",
        "_facts",
        "_messages",
        "_meter_values",
        "_removed",
        "next_sequence",
        "not_before",
        "transaction_ids",
    )

    def __init__(self) -> None:
        self._messages: list[OutboxMessage] | None = None
        self._added: list[OutboxEntry] | None = None
        self._removed: list[int] | None = None
        self._facts: list[LedgerFact] | None = None
        self._ended: dict[int, tuple[TransactionBegan, LedgerFact]] | None = None
        """serial → beginning and end of transactions whose stop is not answered."""
        self._meter_values = 0
        self.next_sequence = 1
        self.not_before = 0.0
        """No message leaves before: the wait before a retransmission (OCPP 1.6 §3.7.1)."""
        self.transaction_ids: dict[int, int] | None = None
        """serial → id of the transactions that landed and may still have messages to come."""

    def __len__(self) -> int:
        return len(self._messages) if self._messages else 0

    def restore(self, entries: Iterable[OutboxEntry], transaction_ids: Mapping[int, int]) -> None:
        """Take over what another owner of the station left, and the ids that its checkpoint knows."""
        for entry in sorted(entries, key=lambda entry: entry.sequence):
            stored = msgspec.json.decode(entry.message, type=StoredMessage)
            message = OutboxMessage(
                entry.sequence, _CARRIED[stored.action], stored.serial, None, entry.message
            )
            self._append(message)
            self.next_sequence = max(self.next_sequence, entry.sequence + 1)
        if transaction_ids:
            self.transaction_ids = dict(transaction_ids)

    def add(
        self,
        action: Action,
        serial: int,
        request: TransactionRequest,
        *,
        energy_mwh: int = 0,
        began: TransactionBegan | None = None,
    ) -> int:
        """Put a message at the end of the line; returns how many older MeterValues had to go for it.

        `energy_mwh` is what flowed in the transaction that a StopTransaction ends, more exactly than its Wh, and `began`
        how it began, in case that the store forgets it before the stop is answered.
        StartTransaction and StopTransaction are in the next `take_changes`, which must be stored before the message
        is sent.
        """
        message = OutboxMessage(self.next_sequence, action, serial, request)
        self.next_sequence += 1
        self._append(message)
        if action is not _METER_VALUES:
            self._store(message)
            fact = _fact_of(request, serial, energy_mwh)
            self._note(fact)
            if began is not None:
                self._ended = {**(self._ended or {}), serial: (began, fact)}
            return 0
        return self._thin_out() if self._meter_values > METER_VALUES_LIMIT else 0

    def head(self, now: float) -> OutboxMessage | None:
        """The message to send next, if its time has come."""
        return self._messages[0] if self._messages and now >= self.not_before else None

    def alone(self, now: float) -> OutboxMessage | None:
        """The message to send next, if its time has come, it is the only one, and nothing is to be stored first."""
        messages = self._messages
        if (
            messages is None
            or len(messages) != 1
            or now < self.not_before
            or self._added is not None
            or self._removed is not None
            or self._facts is not None
        ):
            return None
        return messages[0]

    def request_of(self, message: OutboxMessage) -> TransactionRequest:
        """What to send for the message now, with the transaction's id as far as it is known."""
        request = _read(message) if message.request is None else message.request
        if isinstance(request, StartTransaction) or request.transaction_id != UNKNOWN_TRANSACTION:
            return request
        known = self.transaction_id(message.serial)
        return request if known == UNKNOWN_TRANSACTION else structs.replace(request, transaction_id=known)

    def transaction_id(self, serial: int) -> int:
        """The central system's id of a transaction, UNKNOWN_TRANSACTION until its start landed."""
        ids = self.transaction_ids
        return UNKNOWN_TRANSACTION if ids is None else ids.get(serial, UNKNOWN_TRANSACTION)

    def landed(self, serial: int, transaction_id: int) -> None:
        """The start of a transaction was answered."""
        if self.transaction_ids is None:
            self.transaction_ids = {}
        self.transaction_ids[serial] = transaction_id
        self._note(StartLanded(serial, transaction_id))

    def answered(self, message: OutboxMessage) -> bool:
        """The message is delivered: it leaves the line and the store. True when the line is empty now."""
        messages = self._messages
        if (
            message.stored is None
            and messages is not None
            and len(messages) == 1
            and messages[0] is message
            and message.action is _METER_VALUES
        ):
            # Nearly all there are: in the line alone, and never in the store.
            self._messages = None
            self._meter_values = 0
            self.not_before = 0.0
            return True
        if self._leave(message) and message.action is Action.stop_transaction:
            self._note(StopLanded(message.serial))
        return not self._messages

    def _leave(self, message: OutboxMessage) -> bool:
        messages = self._messages
        if messages and messages[0] is message:
            del messages[0]
        elif messages and message in messages:
            messages.remove(message)
        else:
            return False
        self._forget(message)
        self.not_before = 0.0
        if not messages:
            self._messages = None
        if message.action is Action.stop_transaction:
            if self.transaction_ids is not None:
                self.transaction_ids.pop(message.serial, None)
            if self._ended is not None:
                self._ended.pop(message.serial, None)
                self._ended = self._ended or None
        return True

    def failed(self, message: OutboxMessage, now: float, *, attempts: int, interval: float) -> bool:
        """The peer reported that it could not process the message; True when that was the last attempt.

        Before the next one the line waits `interval` seconds for each attempt so far (OCPP 1.6 §3.7.1).
        """
        message.failures += 1
        if message.failures >= attempts:
            if self._leave(message) and message.action is not _METER_VALUES:
                self._note(MessageGivenUp(message.serial, message.action.value))
            return True
        self.not_before = now + interval * message.failures
        return False

    def store_all(self) -> None:
        """Let everything that is still unanswered enter the store with the next `take_changes`."""
        if self._messages and self._meter_values:
            for message in self._messages:
                if message.stored is None:
                    self._store(message)
                    # Only its stored form stays: a long line is held as compactly as possible.
                    message.request = None

    def rests(self) -> bool:
        """Whether the line is empty and there is nothing to store."""
        return (
            self._messages is None and self._added is None and self._removed is None and self._facts is None
        )

    def has_changes(self) -> bool:
        """Whether `take_changes` or `take_facts` has anything."""
        return self._added is not None or self._removed is not None or self._facts is not None

    def take_changes(self) -> tuple[tuple[OutboxEntry, ...], tuple[int, ...]]:
        """What entered and what left since the last call, for one commit."""
        added, removed = tuple(self._added or ()), tuple(self._removed or ())
        self._added = self._removed = None
        return added, removed

    def entries(self) -> tuple[OutboxEntry, ...]:
        """The whole line as it is stored, for a store that has forgotten it; `take_changes` has nothing then."""
        for message in self._messages or ():
            if message.stored is None:
                self._store(message)
        self.take_changes()
        return tuple(OutboxEntry(each.sequence, each.stored) for each in self._messages or () if each.stored)

    def ended_facts(self) -> list[LedgerFact]:
        """What the book of transactions has of those that are over while their stop is not answered."""
        facts: list[LedgerFact] = []
        for serial, (began, ended) in (self._ended or {}).items():
            facts += (began, ended)
            if self.transaction_id(serial) != UNKNOWN_TRANSACTION:
                facts.append(StartLanded(serial, self.transaction_id(serial)))
        return facts

    def take_facts(self) -> tuple[LedgerFact, ...]:
        """What the book of transactions gains since the last call, for the same commit."""
        facts = tuple(self._facts or ())
        self._facts = None
        return facts

    def _note(self, fact: LedgerFact) -> None:
        if self._facts is None:
            self._facts = []
        self._facts.append(fact)

    def _append(self, message: OutboxMessage) -> None:
        if self._messages is None:
            self._messages = [message]
        else:
            self._messages.append(message)
        if message.action is _METER_VALUES:
            self._meter_values += 1

    def _store(self, message: OutboxMessage) -> None:
        assert message.request is not None
        payload = msgspec.Raw(encode_payload(message.request))
        message.stored = msgspec.json.encode(StoredMessage(message.action.value, message.serial, payload))
        if self._added is None:
            self._added = []
        self._added.append(OutboxEntry(message.sequence, message.stored))

    def _forget(self, message: OutboxMessage) -> None:
        if message.action is _METER_VALUES:
            self._meter_values -= 1
        if message.stored is None:
            return
        # What entered and left between two commits never was in the store.
        for position, entry in enumerate(self._added or ()):
            if entry.sequence == message.sequence:
                assert self._added is not None
                del self._added[position]
                if not self._added:
                    self._added = None
                return
        if self._removed is None:
            self._removed = []
        self._removed.append(message.sequence)

    def _thin_out(self) -> int:
        """Drop every second MeterValues except the first of the line, which may be in flight, and the newest."""
        assert self._messages is not None
        kept: list[OutboxMessage] = []
        drop = False
        dropped = 0
        last = len(self._messages) - 1
        for position, message in enumerate(self._messages):
            if message.action is _METER_VALUES and 0 < position < last:
                drop = not drop
                if drop:
                    self._forget(message)
                    dropped += 1
                    continue
            kept.append(message)
        self._messages = kept
        return dropped


def _fact_of(request: TransactionRequest, serial: int, energy_mwh: int) -> LedgerFact:
    if isinstance(request, StartTransaction):
        return TransactionBegan(
            serial, request.connector_id, request.id_tag, request.meter_start, float(request.timestamp)
        )
    assert isinstance(request, StopTransaction)
    reason = Reason.local if request.reason is msgspec.UNSET else request.reason
    return TransactionEnded(serial, request.meter_stop, energy_mwh, float(request.timestamp), reason.value)


def _read(message: OutboxMessage) -> TransactionRequest:
    assert message.stored is not None
    stored = msgspec.json.decode(message.stored, type=StoredMessage)
    request = decode_request(stored.action, stored.payload, receiver=Sender.CSMS)
    assert isinstance(request, TransactionRequest)
    return request
