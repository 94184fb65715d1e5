"""DataTransfer from the central system (OCPP 1.6 §5.6)."""

from ocpp.v16.enums import DataTransferStatus

from evswarm_shared.ocpp16.messages import DataTransfer, DataTransferResponse
from evswarm_worker.station.cabinet import Cabinet


def data_transfer(cabinet: Cabinet, request: DataTransfer) -> DataTransferResponse:
    """No vendor's extension is built in, so every vendor is unknown (OCPP 1.6 §4.3)."""
    cabinet.log(f"DataTransfer for vendor {request.vendor_id} not understood")
    return DataTransferResponse(DataTransferStatus.unknown_vendor_id)
