"""SignCertificate (security whitepaper A02)."""

from ocpp.v16.enums import GenericStatus

from evswarm_shared.ocpp16.messages import SignCertificate, SignCertificateResponse


def handle(_: SignCertificate) -> SignCertificateResponse:
    """Decline: this central system runs no certificate authority, so no CertificateSigned would follow."""
    return SignCertificateResponse(status=GenericStatus.rejected)
