"""SignCertificate (security whitepaper A02, A03)."""

from ocpp.v16.enums import GenericStatus

from evswarm_shared.bus.csms_records import StationEvent, StationEventKind
from evswarm_shared.ocpp16.messages import SignCertificateResponse

NO_AUTHORITY = "this central system has no signing authority (EVSWARM_CSMS_SIGNING_CA)"


def answer(refusal: str | None, *, now: float) -> tuple[SignCertificateResponse, StationEvent]:
    """Accepted, and then a CertificateSigned has to follow, or Rejected for the reason `refusal`."""
    status = GenericStatus.accepted if refusal is None else GenericStatus.rejected
    event = StationEvent(now, StationEventKind.CERTIFICATE, f"SignCertificate {status.value}", refusal or "")
    return SignCertificateResponse(status=status), event
