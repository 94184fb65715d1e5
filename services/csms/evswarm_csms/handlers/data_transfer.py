"""DataTransfer from a station (OCPP 1.6 §4.3)."""

from ocpp.v16.enums import DataTransferStatus

from evswarm_shared.ocpp16.messages import DataTransfer, DataTransferResponse


def handle(_: DataTransfer) -> DataTransferResponse:
    """No vendor has an agreement with this central system."""
    return DataTransferResponse(status=DataTransferStatus.unknown_vendor_id)
