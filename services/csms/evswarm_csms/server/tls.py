"""TLS for the stations' listener (security whitepaper A00.FR.305 to A00.FR.323)."""

import ssl
from pathlib import Path
from typing import Final

from evswarm_csms.errors import TlsError

CIPHERS: Final = ":".join(
    (
        "ECDHE+AESGCM",
        "ECDHE+CHACHA20",
        # Without forward secrecy, but the whitepaper wants a central system to offer them (A00.FR.317).
        "AES128-GCM-SHA256",
        "AES256-GCM-SHA384",
    )
)


def server_context(
    certificate: Path, rsa_certificate: Path | None, client_ca: Path | None, client_crl: Path | None = None
) -> ssl.SSLContext:
    """TLS 1.2 or newer with these certificates (PEM with key); clients that show a certificate are verified.

    With `client_crl` every authority's revocation list is needed, and no certificate in it is good (A00.FR.702, FR.704).

    Raises:
        TlsError: a file cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    _load(context, certificate, "EVSWARM_CSMS_TLS_CERT")
    if rsa_certificate is not None:
        _load(context, rsa_certificate, "EVSWARM_CSMS_TLS_CERT_RSA")
    if client_ca is not None:
        try:
            context.load_verify_locations(client_ca)
        except OSError as error:
            raise TlsError(f"EVSWARM_CSMS_TLS_CLIENT_CA: {client_ca}: {_reason(error)}") from error
        context.verify_mode = ssl.CERT_OPTIONAL
    if client_crl is not None:
        if client_ca is None:
            raise TlsError("EVSWARM_CSMS_TLS_CLIENT_CRL needs EVSWARM_CSMS_TLS_CLIENT_CA, whose list it is")
        try:
            context.load_verify_locations(client_crl)
        except OSError as error:
            raise TlsError(f"EVSWARM_CSMS_TLS_CLIENT_CRL: {client_crl}: {_reason(error)}") from error
        if not context.cert_store_stats()["crl"]:
            raise TlsError(f"EVSWARM_CSMS_TLS_CLIENT_CRL: {client_crl} holds no revocation list in PEM")
        context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF
    return context


def _load(context: ssl.SSLContext, path: Path, setting: str) -> None:
    try:
        # An encrypted key would be asked for in the terminal.
        context.load_cert_chain(path, password="")
    except OSError as error:
        raise TlsError(
            f"{setting}: {path}: {_reason(error)}; it takes a certificate and its unencrypted key in PEM"
        ) from error


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
