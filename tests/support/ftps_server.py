"""An FTP server for files that wants TLS, on loopback (RFC 4217)."""

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.file_servers import PASSWORD, USER

with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # of a module it is built on
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.handlers import TLS_FTPHandler
    from pyftpdlib.ioloop import IOLoop
    from pyftpdlib.servers import FTPServer


@contextmanager
def ftps_files(directory: Path, certificate: Path) -> Iterator[str]:
    """The URL, with its credentials, of an FTP server that wants TLS (AUTH TLS) before it takes a password.

    `certificate` is a PEM file with certificate and key. The server runs in a thread of its own.
    """

    class Handler(TLS_FTPHandler):  # type: ignore[misc]
        authorizer = DummyAuthorizer()
        certfile = str(certificate)
        tls_control_required = tls_data_required = True

    logging.getLogger("pyftpdlib").setLevel(logging.WARNING)
    Handler.authorizer.add_user(USER, PASSWORD, str(directory), perm="elrw")
    server = FTPServer(("127.0.0.1", 0), Handler, ioloop=IOLoop())
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            server.serve_forever(timeout=0.02, blocking=False)
        server.close_all()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"ftps://{USER}:pass%3Aword@127.0.0.1:{server.address[1]}"
    finally:
        ended.set()
        thread.join()
