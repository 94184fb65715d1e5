"""Root certificates and the station's own certificate on request (security whitepaper A02, M03, M04, M05).

`cryptography` is loaded when the first certificate comes.
"""

from ocpp.v16.enums import (
    CertificateSignedStatus,
    CertificateStatus,
    CertificateUse,
    ConfigurationKey,
    DeleteCertificateStatus,
    GetInstalledCertificateStatus,
    HashAlgorithm,
)

from evswarm_shared.ocpp16.messages import (
    CertificateSigned,
    CertificateSignedResponse,
    DeleteCertificate,
    DeleteCertificateResponse,
    GetInstalledCertificateIds,
    GetInstalledCertificateIdsResponse,
    InstallCertificate,
    InstallCertificateResponse,
)
from evswarm_worker.station import certificate_renewal, security_events
from evswarm_worker.station.cabinet import Cabinet
from evswarm_worker.station.security import (
    TLS,
    SecurityEventType,
    root_certificates,
    security_of,
    security_profile,
)

_CENTRAL = CertificateUse.central_system_root_certificate


def certificate_signed(cabinet: Cabinet, request: CertificateSigned) -> CertificateSignedResponse:
    """Take the certificate that was requested, if it can be used."""
    used = certificate_renewal.certificate_came(cabinet, request.certificate_chain)
    return CertificateSignedResponse(
        CertificateSignedStatus.accepted if used else CertificateSignedStatus.rejected
    )


def install_certificate(cabinet: Cabinet, request: InstallCertificate) -> InstallCertificateResponse:
    """Trust a root certificate from now on."""
    from evswarm_worker.station import certificates

    central = request.certificate_type is _CENTRAL
    installed = _installed(cabinet, request.certificate_type)
    pem = request.certificate
    try:
        certificates.check_root(pem, installed, cabinet.now)
        replaced = (
            central
            and installed
            and cabinet.configuration.flag(ConfigurationKey.additional_root_certificate_check)
        )
        if replaced and not certificates.signed_by(pem, installed[-1]):
            raise certificates.CertificateFaultError("not signed by the root that it replaces")
        known = any(_names_same(pem, one, installed) for one in installed)
    except certificates.CertificateFaultError as fault:
        cabinet.log(f"{request.certificate_type} refused: {fault}")
        return InstallCertificateResponse(CertificateStatus.rejected)
    if known:
        return InstallCertificateResponse(CertificateStatus.accepted)
    if not replaced and _stored(cabinet) >= cabinet.configuration.integer(
        ConfigurationKey.certificate_store_max_length
    ):
        cabinet.log(f"{request.certificate_type} refused: the store is full")
        return InstallCertificateResponse(CertificateStatus.rejected)
    security = security_of(cabinet)
    if not central:
        security.manufacturer_roots = [*installed, pem]
    elif replaced:
        # The old root stays until a connection with the new one was made (M05.FR.11).
        security.fallback_root = installed[-1]
        security.on_fallback = False
        security.roots = [pem]
    else:
        security.roots = [*installed, pem]
    _changed(cabinet, f"{request.certificate_type} installed")
    return InstallCertificateResponse(CertificateStatus.accepted)


def delete_certificate(cabinet: Cabinet, request: DeleteCertificate) -> DeleteCertificateResponse:
    """Trust a root certificate no more; the one that the connection hangs on stays (M04.FR.06)."""
    from evswarm_worker.station import certificates

    wanted = request.certificate_hash_data
    for use in CertificateUse:
        installed = _installed(cabinet, use)
        for pem in installed:
            if not certificates.same_certificate(
                certificates.hash_data(pem, installed, HashAlgorithm(wanted.hash_algorithm)), wanted
            ):
                continue
            rest = [one for one in installed if one is not pem]
            if use is not _CENTRAL:
                security_of(cabinet).manufacturer_roots = rest
            elif security_profile(cabinet) >= TLS and _in_use(cabinet, pem, installed):
                return DeleteCertificateResponse(DeleteCertificateStatus.failed)
            else:
                security_of(cabinet).roots = rest
            _changed(cabinet, f"{use} deleted")
            return DeleteCertificateResponse(DeleteCertificateStatus.accepted)
    return DeleteCertificateResponse(DeleteCertificateStatus.not_found)


def _in_use(cabinet: Cabinet, pem: str, installed: list[str]) -> bool:
    """Whether the server of this connection was verified by this root; where it is not known by which, by any of them."""
    from evswarm_worker.station import certificates

    chain = cabinet.server_chain
    if len(installed) == 1 or not chain:
        return len(installed) == 1
    used = [root for root in installed if certificates.vouches(root, chain)]
    return not used or pem in used


def get_installed_certificate_ids(
    cabinet: Cabinet, request: GetInstalledCertificateIds
) -> GetInstalledCertificateIdsResponse:
    """Name the installed root certificates of a kind."""
    installed = _installed(cabinet, request.certificate_type)
    if not installed:
        return GetInstalledCertificateIdsResponse(GetInstalledCertificateStatus.not_found)
    from evswarm_worker.station import certificates

    return GetInstalledCertificateIdsResponse(
        GetInstalledCertificateStatus.accepted,
        [certificates.hash_data(pem, installed, HashAlgorithm.sha256) for pem in installed],
    )


def _installed(cabinet: Cabinet, use: CertificateUse) -> list[str]:
    if use is _CENTRAL:
        return root_certificates(cabinet)
    return [] if cabinet.security is None else cabinet.security.manufacturer_roots


def _stored(cabinet: Cabinet) -> int:
    return sum(len(_installed(cabinet, use)) for use in CertificateUse)


def _names_same(pem: str, other: str, installed: list[str]) -> bool:
    from evswarm_worker.station import certificates

    return certificates.same_certificate(
        certificates.hash_data(pem, installed, HashAlgorithm.sha256),
        certificates.hash_data(other, installed, HashAlgorithm.sha256),
    )


def _changed(cabinet: Cabinet, what: str) -> None:
    cabinet.lasting_changed = True
    cabinet.log(what)
    security_events.record(cabinet, SecurityEventType.RECONFIGURATION, what)
