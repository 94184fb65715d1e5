"""TLS as a single station speaks it: its own trusted roots, its own certificate (security whitepaper §2.4, §2.5)."""

import ssl
import tempfile
from weakref import WeakValueDictionary

from evswarm_shared.telemetry.tls_failures import Handshake
from evswarm_worker.errors import EndpointError
from evswarm_worker.station.effects import LinkSecurity


class StationContexts:
    """Contexts by what is in them: stations with the same certificates share one, and the last one takes it along."""

    def __init__(self) -> None:
        self._contexts: WeakValueDictionary[tuple[object, ...], ssl.SSLContext] = WeakValueDictionary()

    def context(self, security: LinkSecurity) -> ssl.SSLContext:
        """A context that trusts the roots of `security`, or the system's, and shows its certificate if it has one.

        Raises:
            EndpointError: a certificate or key cannot be used.
        """
        key = (security.roots, security.certificate, security.private_key)
        context = self._contexts.get(key)
        if context is None:
            context = self._contexts[key] = _context(security)
        return context


def _context(security: LinkSecurity) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cadata="\n".join(security.roots) if security.roots else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.sslobject_class = Handshake
        # An installed root may be signed by the one that it replaced (M05.FR.09).
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
        if security.certificate:
            # The library reads certificates from files alone.
            with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
                file.write(f"{security.certificate}\n{security.private_key}\n")
                file.flush()
                context.load_cert_chain(file.name)
    except (OSError, ssl.SSLError) as error:
        raise EndpointError(f"a certificate of the station cannot be used: {error}") from None
    return context
