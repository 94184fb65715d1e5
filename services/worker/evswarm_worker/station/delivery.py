"""What becomes of transaction messages: the central system took them, or would not (OCPP 1.6 §3.7.1, §4.8, §4.10)."""

from msgspec import UNSET
from ocpp.v16.enums import Action, AuthorizationStatus, ConfigurationKey, Reason

from evswarm_shared.ocpp16.messages import StartTransactionResponse, StopTransactionResponse
from evswarm_shared.telemetry.counts import DroppedFrame
from evswarm_worker.station.authorization import remember
from evswarm_worker.station.cabinet import Cabinet, masked
from evswarm_worker.station.charging import advance, stop, withhold
from evswarm_worker.station.connector import Connector
from evswarm_worker.station.outbox import OutboxMessage
from evswarm_worker.station.transaction import TransactionEvent


def start_answered(
    cabinet: Cabinet, message: OutboxMessage, id_tag: str, response: StartTransactionResponse
) -> None:
    """The central system knows the transaction now, and says whether it may go on (OCPP 1.6 §4.8)."""
    cabinet.outbox.landed(message.serial, response.transaction_id)
    cabinet.outbox.answered(message)
    remember(cabinet, id_tag, response.id_tag_info)
    cabinet.lasting_changed = True
    connector = _connector_of(cabinet, message.serial)
    if connector is None or connector.transaction is None:
        return
    transaction = connector.transaction
    transaction.transaction_id = response.transaction_id
    parent = response.id_tag_info.parent_id_tag
    if isinstance(parent, str):
        # A transaction begun from afar or offline learns here which group may stop it (§3.10).
        transaction.parent_id_tag = parent
    if response.id_tag_info.status is AuthorizationStatus.accepted:
        transaction.apply(TransactionEvent.ACCEPTED)
        return
    transaction.apply(TransactionEvent.REFUSED)
    connector.settled = True
    cabinet.log(f"Tag {masked(id_tag)} refused: {response.id_tag_info.status}")
    configuration = cabinet.configuration
    if configuration.flag(ConfigurationKey.stop_transaction_on_invalid_id):
        stop(cabinet, connector, Reason.de_authorized)
        return
    granted = configuration.integer(ConfigurationKey.max_energy_on_invalid_id)
    transaction.stop_at_mwh = transaction.meter_start_mwh + granted * 1000
    advance(cabinet, connector)
    withhold(cabinet, connector)


def stop_answered(
    cabinet: Cabinet, message: OutboxMessage, id_tag: str, response: StopTransactionResponse
) -> None:
    """The central system knows that the transaction is over (OCPP 1.6 §4.10)."""
    cabinet.outbox.answered(message)
    cabinet.lasting_changed = True
    if id_tag and response.id_tag_info is not UNSET:
        remember(cabinet, id_tag, response.id_tag_info)


def message_refused(cabinet: Cabinet, message: OutboxMessage) -> None:
    """The central system reported that it could not process a transaction message (OCPP 1.6 §3.7.1)."""
    configuration = cabinet.configuration
    given_up = cabinet.outbox.failed(
        message,
        cabinet.now,
        attempts=configuration.integer(ConfigurationKey.transaction_message_attempts),
        interval=float(configuration.integer(ConfigurationKey.transaction_message_retry_interval)),
    )
    if not given_up:
        return
    cabinet.counts.dropped_frames.add(DroppedFrame.INVALID)
    cabinet.log(f"{message.action} given up after {message.failures} attempts")
    if message.action is Action.start_transaction:
        connector = _connector_of(cabinet, message.serial)
        if connector is not None and connector.transaction is not None:
            connector.transaction.apply(TransactionEvent.GIVEN_UP)
    cabinet.lasting_changed = True


def _connector_of(cabinet: Cabinet, serial: int) -> Connector | None:
    for connector in cabinet.connectors:
        if connector.transaction is not None and connector.transaction.serial == serial:
            return connector
    return None
