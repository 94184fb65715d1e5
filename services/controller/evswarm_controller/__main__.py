"""The controller's entry point: `python -m evswarm_controller`.

Ends with 0 after SIGTERM or SIGINT, 2 when the settings or the port do not do, 3 when the store does not answer.
"""

import asyncio
import contextlib
import signal
import socket
import sys
import time
from collections.abc import Iterator
from typing import Final, NoReturn

import uvicorn
import uvloop

from evswarm_controller import controller
from evswarm_controller.app import create_app
from evswarm_controller.context import Context
from evswarm_controller.dashboard_files import DashboardFiles
from evswarm_shared.bus.redis import RedisBus
from evswarm_shared.errors import BusUnavailableError
from evswarm_shared.settings import ControllerSettings, SettingsError
from evswarm_shared.telemetry import service_log
from evswarm_shared.telemetry.own_addresses import reachable
from evswarm_shared.telemetry.tracing import TRACER, TracingError

EXIT_CONFIGURATION: Final = 2
EXIT_STORE: Final = 3
STORE_ATTEMPTS: Final = 3
MAX_CLIENT_MESSAGE_BYTES: Final = 4096
GRACE_SECONDS: Final = 3
IDLE_SECONDS: Final = 75
"""For how long a connection may wait for its next request: longer than clients keep one (mostly 5 or 60 s), since
a request that meets the end of its connection fails."""
SEND_BUFFER_BYTES: Final = 256 * 1024


class _Server(uvicorn.Server):
    """A uvicorn that leaves signals to us: its own handling ends the process by the signal instead of with 0."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def main() -> None:
    """Run the controller until it is told to end."""
    try:
        settings = ControllerSettings.load()
        settings.require_protection()
        listener = _listen(settings.host, settings.port)
    except SettingsError as error:
        _end(EXIT_CONFIGURATION, str(error))
    service_log.configure(
        "controller",
        level=settings.log_level,
        log_format=settings.log_format,
        secrets=[settings.api_token],
    )
    try:
        TRACER.start("controller", settings.traces_url)
        with listener, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run(settings, listener))
    except (SettingsError, TracingError) as error:
        _end(EXIT_CONFIGURATION, str(error))
    except BusUnavailableError as error:
        # Only what follows the '@': a password may stand before it.
        store = settings.redis_url.rpartition("@")[2]
        _end(EXIT_STORE, f"the store at {store} does not answer: {error}")
    finally:
        TRACER.stop()


async def _run(settings: ControllerSettings, listener: socket.socket) -> None:
    bus = RedisBus.connect(settings.redis_url, settings.key_prefix)
    try:
        await _await_store(bus)
        context = controller.build(settings, bus, time.time)
        context.presence.metrics_url = _metrics_url(listener)
        async with controller.running(context):
            await _serve(context, listener)
    finally:
        await bus.close()


async def _await_store(bus: RedisBus) -> None:
    """Give a store that starts with us a moment.

    Raises:
        BusUnavailableError: it does not answer.
    """
    for attempt in range(1, STORE_ATTEMPTS + 1):
        try:
            await bus.ping()
        except BusUnavailableError:
            if attempt == STORE_ATTEMPTS:
                raise
            await asyncio.sleep(attempt)
        else:
            return


async def _serve(context: Context, listener: socket.socket) -> None:
    server = _Server(
        uvicorn.Config(
            create_app(context, DashboardFiles.load()),
            ws="websockets-sansio",
            ws_max_size=MAX_CLIENT_MESSAGE_BYTES,
            ws_per_message_deflate=False,
            access_log=False,
            log_config=None,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=GRACE_SECONDS,
            timeout_keep_alive=IDLE_SECONDS,
        )
    )

    def end() -> None:
        context.hub.ending = True
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    await server.serve(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    """Take the port before anything else starts.

    Raises:
        SettingsError: it cannot be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Connections inherit it. Left to itself the system takes megabytes off the feed for a page that does not read.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        listener.bind(address)
    except OSError as error:
        reason = error.strerror or str(error)
        raise SettingsError(
            f"the controller cannot listen on {host}:{port} (EVSWARM_HOST, EVSWARM_PORT): {reason}"
        ) from None
    return listener


def _metrics_url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return reachable(f"http://{f'[{host}]' if ':' in host else host}:{port}/metrics")


def _end(code: int, message: str) -> NoReturn:
    print(f"evswarm controller: {message}", file=sys.stderr)
    raise SystemExit(code)


if __name__ == "__main__":
    main()
