"""What a station itself says about its transactions: a second book, kept apart from that of the central system.

Facts are stored in the same step as the outbox entry or checkpoint that they belong to, so this book is ahead of the
central system's by what waits in the outbox and never behind it. Data only; who compares the two books is an auditor.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

LEDGER_TRANSACTIONS_KEPT: Final = 50
"""Transactions a station's ledger keeps, the newest ones."""


class TransactionBegan(msgspec.Struct, array_like=True, frozen=True, tag="b"):
    """A StartTransaction entered the outbox. `meter_start` in Wh, `at` in unix seconds: both as on the wire."""

    serial: int
    connector_id: int
    id_tag: str
    meter_start: int
    at: float


class StartLanded(msgspec.Struct, array_like=True, frozen=True, tag="l"):
    """The central system answered the start with this id."""

    serial: int
    transaction_id: int


class TransactionEnded(msgspec.Struct, array_like=True, frozen=True, tag="e"):
    """A StopTransaction entered the outbox. `meter_stop` in Wh as on the wire, `energy_mwh` what flowed, exactly."""

    serial: int
    meter_stop: int
    energy_mwh: int
    at: float
    reason: str


class StopLanded(msgspec.Struct, array_like=True, frozen=True, tag="s"):
    """The central system answered the stop."""

    serial: int


class MessageGivenUp(msgspec.Struct, array_like=True, frozen=True, tag="x"):
    """The central system refused a message of the transaction for good; it was not sent again (OCPP 1.6 §3.7.1)."""

    serial: int
    action: str


class BookRebuilt(msgspec.Struct, array_like=True, frozen=True, tag="r"):
    """The store lost the book, and its station wrote what it still knew: transactions from `first_serial` on.

    `energy_mwh` is what the register shows beyond what flowed in these.
    """

    serial: int
    """Always 0: it is about the book and not about one transaction."""
    first_serial: int
    energy_mwh: int


LedgerFact = TransactionBegan | StartLanded | TransactionEnded | StopLanded | MessageGivenUp | BookRebuilt

FACT_TAGS: Final = "blesx"
"""The tags of all facts: with the serial in front, the fields of the hash that is the ledger."""

_encoder = msgspec.json.Encoder()
_decoder: Final[msgspec.json.Decoder[LedgerFact]] = msgspec.json.Decoder(LedgerFact)


def field_of(fact: LedgerFact) -> str:
    """Where in the ledger the fact stands. Each fact has its place, so that writing it again changes nothing."""
    return f"{fact.serial}{fact.__struct_config__.tag}"


def outdated_fields(fact: LedgerFact) -> list[str]:
    """The fields of the transaction that leaves the ledger when `fact` begins one."""
    if not isinstance(fact, TransactionBegan):
        return []
    serial = fact.serial - LEDGER_TRANSACTIONS_KEPT
    return [f"{serial}{tag}" for tag in FACT_TAGS] if serial > 0 else []


def encode_fact(fact: LedgerFact) -> bytes:
    """A fact as it is stored."""
    return _encoder.encode(fact)


def decode_fact(stored: bytes) -> LedgerFact:
    """A fact as `encode_fact` made it."""
    return _decoder.decode(stored)


class LedgerTransaction(msgspec.Struct, frozen=True):
    """One transaction of a station, by what its ledger says.

    `landed` and `stop_landed` tell what the central system has answered; `transaction_id` is None until then.
    The stop's fields are None while the transaction runs. `given_up` names messages that were refused for good.
    """

    serial: int
    connector_id: int
    id_tag: str
    meter_start: int
    started_at: float
    transaction_id: int | None = None
    meter_stop: int | None = None
    energy_mwh: int | None = None
    stopped_at: float | None = None
    reason: str | None = None
    stop_landed: bool = False
    given_up: tuple[str, ...] = ()

    @property
    def landed(self) -> bool:
        """Whether the central system knows the transaction."""
        return self.transaction_id is not None


def rebuilt(facts: Iterable[LedgerFact]) -> BookRebuilt | None:
    """Whether and from where on the book was written anew."""
    return next((fact for fact in facts if isinstance(fact, BookRebuilt)), None)


def read_ledger(facts: Iterable[LedgerFact]) -> tuple[LedgerTransaction, ...]:
    """The transactions that the facts tell of, oldest first. Facts about one that has left the ledger are ignored."""
    found: dict[int, LedgerTransaction] = {}
    for fact in sorted(facts, key=lambda fact: (fact.serial, not isinstance(fact, TransactionBegan))):
        serial = fact.serial
        if isinstance(fact, TransactionBegan):
            found[serial] = LedgerTransaction(
                serial, fact.connector_id, fact.id_tag, fact.meter_start, fact.at
            )
        elif serial in found:
            found[serial] = _with(found[serial], fact)
    return tuple(found.values())


def _with(known: LedgerTransaction, fact: LedgerFact) -> LedgerTransaction:
    if isinstance(fact, StartLanded):
        return msgspec.structs.replace(known, transaction_id=fact.transaction_id)
    if isinstance(fact, TransactionEnded):
        return msgspec.structs.replace(
            known,
            meter_stop=fact.meter_stop,
            energy_mwh=fact.energy_mwh,
            stopped_at=fact.at,
            reason=fact.reason,
        )
    if isinstance(fact, StopLanded):
        return msgspec.structs.replace(known, stop_landed=True)
    if isinstance(fact, MessageGivenUp):
        return msgspec.structs.replace(known, given_up=(*known.given_up, fact.action))
    return known
