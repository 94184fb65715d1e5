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


def server_context(certificate: Path, rsa_certificate: Path | None, client_ca: Path | None) -> ssl.SSLContext:
    """TLS 1.2 or newer with these certificates (PEM with key); clients that show a certificate are verified.

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
