"""An HTTP and an FTP server for files, on loopback: what stations fetch from and store to."""

import asyncio
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import aioftp

from evswarm_cli.ports import free_port

USER, PASSWORD = "station", "pass:word"


class FileServer:
    """What an HTTP server was asked. GET answers from `files`, PUT as `put_status` says.

    `requests` are (method, path, headers, body), headers by their names in lower case. A path in `redirects` leads elsewhere; one in
    `broken` ends in the middle.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.redirects: dict[str, str] = {}
        self.statuses: dict[str, int] = {}
        self.broken: set[str] = set()
        self.put_status = 201
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.url = ""

    def of(self, method: str) -> list[tuple[str, dict[str, str], bytes]]:
        """The requests with this method."""
        return [(path, headers, body) for name, path, headers, body in self.requests if name == method]


@contextmanager
def http_files(context: ssl.SSLContext | None = None) -> Iterator[FileServer]:
    """A running HTTP server, or HTTPS with a context."""
    files = FileServer()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            files.requests.append((self.command, self.path, headers, body))
            if self.command == "PUT":
                self._answer(files.put_status)
            elif self.command == "POST":
                self._answer(201)
            elif self.path in files.redirects:
                self.send_response(302)
                self.send_header("Location", files.redirects[self.path])
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif self.path in files.broken:
                self.send_response(200)
                self.send_header("Content-Length", "1000000")
                self.end_headers()
                self.wfile.write(b"only this")
            else:
                found = files.files.get(self.path)
                self._answer(files.statuses.get(self.path, 404 if found is None else 200), found or b"")

        def _answer(self, status: int, body: bytes = b"") -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST = _serve  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    files.url = f"{'http' if context is None else 'https'}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield files
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


ANONYMOUS: Final = "anonymous"


@asynccontextmanager
async def ftp_files(directory: Path, *, anonymous: bool = False) -> AsyncIterator[str]:
    """The URL, with its credentials, of an FTP server whose root is `directory`. Lives in the loop of the test."""
    user = aioftp.User(
        None if anonymous else USER,
        None if anonymous else PASSWORD,
        base_path=directory,
        permissions=[aioftp.Permission("/", readable=True, writable=True)],
    )
    server = aioftp.Server([user], path_io_factory=aioftp.PathIO, socket_timeout=10)
    port = free_port()
    await server.start("127.0.0.1", port)
    try:
        yield f"ftp://{'' if anonymous else f'{USER}:pass%3Aword@'}127.0.0.1:{port}"
    finally:
        async with asyncio.timeout(5):
            await server.close()
