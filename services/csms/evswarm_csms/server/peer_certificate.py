"""The client certificate of a TLS connection, as the TLS layer has verified it."""

import asyncio

from evswarm_csms.handlers.admission import ClientCertificate


def client_certificate(transport: asyncio.BaseTransport) -> ClientCertificate | None:
    """The subject of the certificate that the client has shown; None without one.

    The TLS layer has let no certificate pass that is not issued by a trusted authority for this use.
    """
    certificate = transport.get_extra_info("peercert")
    if not certificate:
        return None
    subject = {name: value for attributes in certificate["subject"] for name, value in attributes}
    return ClientCertificate(subject.get("commonName", ""), subject.get("organizationName", ""))
