"""Fetching and storing one file by HTTP(S) or FTP(S). Blocks: for threads only.

An upload by HTTP is a PUT of the bytes. A location that ends with "/" is a folder: the file's name is appended. A server that
does not know PUT there (404, 405, 501) gets a POST of multipart/form-data with one part, `file`, at the location itself.
By FTP (passive, anonymous unless the URL names somebody) a location that is a folder gets the file under its name, any
other is the file. FTPS is explicit TLS. Certificates are always verified.
"""

import base64
import ftplib
import hashlib
import io
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Final
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from evswarm_worker.station.transfer import HEAD_BYTES, TransferOutcome, TransferResult

CHUNK_BYTES: Final = 64 * 1024
SOCKET_SECONDS: Final = 20.0
"""How long a server may be silent."""
REDIRECTS: Final = 3
DOWNLOAD_LIMIT_BYTES: Final = 256 * 1024 * 1024

_O = TransferOutcome
_HTTP_OUTCOMES: Final = {
    400: _O.BAD_ADDRESS,
    401: _O.DENIED,
    403: _O.DENIED,
    404: _O.NOT_FOUND,
    405: _O.NOT_SUPPORTED,
    410: _O.NOT_FOUND,
    413: _O.TOO_BIG,
    501: _O.NOT_SUPPORTED,
}
_FTP_OUTCOMES: Final = {
    "502": _O.NOT_SUPPORTED,
    "504": _O.NOT_SUPPORTED,
    "530": _O.DENIED,
    "532": _O.DENIED,
    "550": _O.NOT_FOUND,
    "552": _O.TOO_BIG,
    "553": _O.DENIED,
}
_TRY_POST: Final = frozenset((404, 405, 501))
_REDIRECTED: Final = frozenset((301, 302, 303, 307, 308))


class _EndedError(Exception):
    """The transfer has ended without success."""

    def __init__(self, outcome: TransferOutcome, detail: str = "") -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.detail = detail


class FileTransfer:
    """One transfer. `context` verifies servers; `seconds` bounds all of it."""

    def __init__(
        self,
        context: Callable[[], ssl.SSLContext],
        *,
        seconds: float,
        limit_bytes: int = DOWNLOAD_LIMIT_BYTES,
    ) -> None:
        self.cancelled = threading.Event()
        self._context = context
        self._seconds = seconds
        self._deadline = float("inf")
        self._limit = limit_bytes
        self._size = 0
        self._digest = hashlib.sha256()
        self._head = b""
        self._connection: HTTPConnection | ftplib.FTP | None = None

    def cancel(self) -> None:
        """End it early, from another thread: nothing is waited for any more."""
        self.cancelled.set()
        sock = getattr(self._connection, "sock", None)
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def download(self, url: str) -> TransferResult:
        """Fetch a file: its size, digest and beginning; the rest of it is not kept."""
        return self._through(lambda: self._fetch(url))

    def upload(self, url: str, file_name: str, data: bytes) -> TransferResult:
        """Store a file."""
        return self._through(lambda: self._store(url, file_name, data))

    def _through(self, transfer: Callable[[], None]) -> TransferResult:
        """Run a transfer; whatever a server or a network does to it is its outcome, never an error."""
        self._deadline = time.monotonic() + self._seconds
        try:
            transfer()
        except _EndedError as end:
            return TransferResult(end.outcome, end.detail)
        except ssl.SSLCertVerificationError as error:
            return TransferResult(_O.TLS, error.verify_message)
        except TimeoutError:
            return TransferResult(_O.TIMEOUT)
        except ftplib.error_perm as error:
            return TransferResult(_FTP_OUTCOMES.get(str(error)[:3], _O.REFUSED), str(error))
        except (HTTPException, ftplib.Error) as error:
            return TransferResult(_O.REFUSED, str(error) or type(error).__name__)
        except (OSError, EOFError) as error:
            return TransferResult(_O.UNREACHABLE, str(error))
        except ValueError as error:
            return TransferResult(_O.BAD_ADDRESS, str(error))
        return TransferResult(_O.DONE, size=self._size, sha256=self._digest.digest(), head=self._head)

    # --- fetching ---------------------------------------------------------------------------------------------

    def _fetch(self, url: str) -> None:
        for _ in range(REDIRECTS + 1):
            parts = _parsed(url)
            if parts.scheme.startswith("ftp"):
                with self._ftp(parts) as ftp:
                    ftp.retrbinary(f"RETR {unquote(parts.path)}", self._take, CHUNK_BYTES)
                return
            with self._http(parts) as connection:
                connection.request("GET", _target(parts), headers=_headers(parts))
                response = connection.getresponse()
                location = response.getheader("Location")
                if response.status in _REDIRECTED and location:
                    url = urljoin(url, location)
                    continue
                _require_success(response)
                while data := response.read(CHUNK_BYTES):
                    self._take(data)
                if response.length:
                    raise _EndedError(_O.UNREACHABLE, "the file broke off")
                return
        raise _EndedError(_O.REFUSED, "too many redirects")

    def _take(self, data: bytes) -> None:
        self._check()
        self._size += len(data)
        if self._size > self._limit:
            raise _EndedError(_O.TOO_BIG, f"more than {self._limit} bytes")
        self._digest.update(data)
        if len(self._head) < HEAD_BYTES:
            self._head += data[: HEAD_BYTES - len(self._head)]

    # --- storing ----------------------------------------------------------------------------------------------

    def _store(self, url: str, file_name: str, data: bytes) -> None:
        parts = _parsed(url)
        self._size = len(data)
        if parts.scheme.startswith("ftp"):
            with self._ftp(parts) as ftp:
                name = self._enter_folder(ftp, unquote(parts.path), file_name)
                ftp.storbinary(f"STOR {name}", io.BytesIO(data), CHUNK_BYTES, lambda _: self._check())
            return
        folder = parts.path.endswith("/")
        target = parts._replace(path=parts.path + quote(file_name)) if folder else parts
        with self._http(target) as connection:
            connection.request(
                "PUT", _target(target), data, _headers(target) | {"Content-Type": "text/plain; charset=utf-8"}
            )
            response = connection.getresponse()
            response.read(CHUNK_BYTES)
            if response.status not in _TRY_POST:
                _require_success(response)
                return
        self._check()
        with self._http(parts) as connection:
            content_type, body = _multipart(file_name, data)
            connection.request("POST", _target(parts), body, _headers(parts) | {"Content-Type": content_type})
            response = connection.getresponse()
            response.read(CHUNK_BYTES)
            _require_success(response)

    def _enter_folder(self, ftp: ftplib.FTP, path: str, file_name: str) -> str:
        """Go to the folder that `path` names, if it is one; the name to store under."""
        if path in ("", "/"):
            return file_name
        try:
            ftp.cwd(path)
        except ftplib.error_perm:
            if path.endswith("/"):
                raise
            return path
        return file_name

    # --- connections ------------------------------------------------------------------------------------------

    @contextmanager
    def _http(self, parts: SplitResult) -> Iterator[HTTPConnection]:
        host = parts.hostname or ""
        timeout = self._patience()
        if parts.scheme == "https":
            connection: HTTPConnection = HTTPSConnection(
                host, parts.port, timeout=timeout, context=self._context()
            )
        else:
            connection = HTTPConnection(host, parts.port, timeout=timeout)
        self._connection = connection
        try:
            yield connection
        finally:
            connection.close()

    @contextmanager
    def _ftp(self, parts: SplitResult) -> Iterator[ftplib.FTP]:
        timeout = self._patience()
        ftp: ftplib.FTP
        if parts.scheme == "ftps":
            ftp = ftplib.FTP_TLS(timeout=timeout, context=self._context())  # noqa: S321
        else:
            ftp = ftplib.FTP(timeout=timeout)  # noqa: S321
        self._connection = ftp
        try:
            ftp.connect(parts.hostname or "", parts.port or ftplib.FTP_PORT)
            ftp.login(unquote(parts.username or ""), unquote(parts.password or ""))
            if isinstance(ftp, ftplib.FTP_TLS):
                ftp.prot_p()
            yield ftp
        finally:
            ftp.close()

    def _patience(self) -> float:
        self._check()
        return max(0.1, min(SOCKET_SECONDS, self._deadline - time.monotonic()))

    def _check(self) -> None:
        if self.cancelled.is_set():
            raise _EndedError(_O.REFUSED, "cancelled")
        if time.monotonic() > self._deadline:
            raise TimeoutError


def _parsed(url: str) -> SplitResult:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https", "ftp", "ftps"):
        raise _EndedError(
            _O.NOT_SUPPORTED, f"{parts.scheme or 'no scheme'}: HTTP, HTTPS, FTP and FTPS are known"
        )
    if not parts.hostname:
        raise _EndedError(_O.BAD_ADDRESS, "no host in it")
    return parts


def _target(parts: SplitResult) -> str:
    path = quote(parts.path, safe="/%:@!$&'()*+,;=~-._") or "/"
    return f"{path}?{parts.query}" if parts.query else path


def _headers(parts: SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Authorization": "Basic " + base64.b64encode(secret.encode()).decode()}


def _require_success(response: HTTPResponse) -> None:
    if not 200 <= response.status < 300:
        outcome = _HTTP_OUTCOMES.get(response.status, _O.REFUSED)
        raise _EndedError(outcome, f"HTTP {response.status} {response.reason}".rstrip())


def _multipart(file_name: str, data: bytes) -> tuple[str, bytes]:
    boundary = secrets.token_hex(16)
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{file_name}"\r\n'
        "Content-Type: text/plain; charset=utf-8\r\n\r\n"
    )
    return (
        f"multipart/form-data; boundary={boundary}",
        head.encode() + data + f"\r\n--{boundary}--\r\n".encode(),
    )
