"""The station's own account of its transactions, for the history: what it began, what it delivered, what that earned."""

from msgspec import UNSET

from evswarm_shared.history.records import LedgerRecord
from evswarm_shared.ocpp16.messages import StartTransaction, StopTransaction
from evswarm_worker.station.cabinet import Cabinet
from evswarm_worker.station.connector import Connector
from evswarm_worker.station.effects import Ledger
from evswarm_worker.station.meter import UNITS_PER_MICRO
from evswarm_worker.station.outbox import UNKNOWN_TRANSACTION
from evswarm_worker.station.transaction import Transaction


def open_in_ledger(
    cabinet: Cabinet, connector: Connector, transaction: Transaction, request: StartTransaction
) -> None:
    """A transaction begins, with this StartTransaction."""
    transaction.told_started_at = float(request.timestamp)
    transaction.earned_units_before = connector.meter.earned_units
    cabinet.effects.append(
        Ledger(
            LedgerRecord(
                at=cabinet.now,
                station_id=cabinet.config.station_id,
                connector_id=connector.connector_id,
                started_at=transaction.told_started_at,
                meter_start=request.meter_start,
                id_tag=request.id_tag,
                price_micro=connector.meter.price_micro(cabinet.at, cabinet.tariff),
            )
        )
    )


def close_in_ledger(
    cabinet: Cabinet, connector: Connector, transaction: Transaction, request: StopTransaction
) -> None:
    """A transaction ends, with this StopTransaction; the meter stands at this moment."""
    meter, transaction_id = connector.meter, transaction.transaction_id
    reason = request.reason
    cabinet.effects.append(
        Ledger(
            LedgerRecord(
                at=cabinet.now,
                station_id=cabinet.config.station_id,
                connector_id=connector.connector_id,
                started_at=transaction.told_started_at,
                meter_start=transaction.meter_start_mwh // 1000,
                id_tag=transaction.id_tag,
                transaction_id=None if transaction_id == UNKNOWN_TRANSACTION else transaction_id,
                stopped_at=float(request.timestamp),
                meter_stop=request.meter_stop,
                reason=None if reason is UNSET else str(reason.value),
                energy_mwh=meter.register_mwh - transaction.meter_start_mwh,
                earnings_micro=(meter.earned_units - transaction.earned_units_before) // UNITS_PER_MICRO,
            )
        )
    )
