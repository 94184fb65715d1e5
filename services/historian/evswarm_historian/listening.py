"""The socket of the read API, and a web server on it that leaves signals to the process."""

import contextlib
import socket
from collections.abc import Iterator

import uvicorn


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        OSError: the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=128)


class Server(uvicorn.Server):
    """A uvicorn whose process handles the signals itself."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them alone."""
        yield
