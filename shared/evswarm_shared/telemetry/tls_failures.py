"""Why a TLS handshake came to nothing, in the words of `ConnectResult` (security whitepaper A00.FR.313 to A00.FR.322).

The libraries that run the handshake tell it by a text alone; only the handshake itself knows how far it had come.
"""

import ssl
from collections.abc import Callable
from typing import Final

from evswarm_shared.telemetry.counts import ConnectResult

VERSION_REASONS: Final = frozenset(
    ("TLSV1_ALERT_PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "VERSION_TOO_LOW", "WRONG_SSL_VERSION")
)
"""One side has no version of TLS that the other takes; the first is what the peer says, the others what we find."""

CIPHER_REASONS: Final = frozenset(
    (
        "DH_KEY_TOO_SMALL",
        "NO_SHARED_CIPHER",
        "TLSV1_ALERT_INSUFFICIENT_SECURITY",
        "UNKNOWN_CIPHER_RETURNED",
        "WRONG_CIPHER_RETURNED",
    )
)
"""The same of cipher suites."""

HANDSHAKE_FAILURE: Final = "SSLV3_ALERT_HANDSHAKE_FAILURE"
"""What the peer says when nothing that was offered suits it; after the choice of a cipher suite it means other things."""

_UNFINISHED: Final = (ssl.SSLWantReadError, ssl.SSLWantWriteError)


class HandshakeError(ssl.SSLError):
    """A handshake failed; `result` says how."""

    def __init__(self, error: ssl.SSLError, result: ConnectResult) -> None:
        super().__init__(*error.args)
        self.result = result


def failure_of(error: ssl.SSLError, *, suite_chosen: bool) -> ConnectResult:
    """What an error in a handshake means; `suite_chosen`: the two sides had agreed on a cipher suite already."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return ConnectResult.UNTRUSTED
    if error.reason in VERSION_REASONS:
        return ConnectResult.TLS_VERSION
    if error.reason in CIPHER_REASONS or (error.reason == HANDSHAKE_FAILURE and not suite_chosen):
        return ConnectResult.TLS_CIPHER_SUITE
    return ConnectResult.TLS


class Handshake(ssl.SSLObject):
    """A handshake whose failure is a HandshakeError. Set it as `sslobject_class` of a context."""

    def do_handshake(self) -> None:
        """One step.

        Raises:
            HandshakeError: there will be no connection.
        """
        try:
            super().do_handshake()
        except _UNFINISHED:
            raise
        except ssl.SSLError as error:
            raise HandshakeError(error, failure_of(error, suite_chosen=self.cipher() is not None)) from error


def watched(failed: Callable[[HandshakeError], None]) -> type[Handshake]:
    """Handshakes of a server: `failed` hears of each that comes to nothing, for the event loop tells nobody."""

    class WatchedHandshake(Handshake):
        def do_handshake(self) -> None:
            try:
                super().do_handshake()
            except HandshakeError as error:
                failed(error)
                raise

    return WatchedHandshake
