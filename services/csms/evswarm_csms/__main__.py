"""The entry point of the central system: `python -m evswarm_csms`."""

import asyncio
import contextlib
import logging
import signal
import sys
from typing import Final

import uvloop

from evswarm_csms.service import CentralSystem, Listening
from evswarm_shared.bus.redis import RedisBus
from evswarm_shared.errors import BusUnavailableError, EvswarmError
from evswarm_shared.file_limit import capacity, raise_file_limit
from evswarm_shared.settings import CsmsSettings, SettingsError
from evswarm_shared.telemetry import service_log
from evswarm_shared.telemetry.tracing import TRACER, TracingError

EXIT_SETTINGS: Final = 2
EXIT_CANNOT_RUN: Final = 3

log = logging.getLogger("evswarm_csms")


def main() -> None:
    """Run one replica until SIGTERM or SIGINT; exits 2 for wrong settings, 3 when store or address cannot be had."""
    try:
        settings = CsmsSettings.load()
    except SettingsError as error:
        _give_up(str(error), EXIT_SETTINGS)
    service_log.configure(
        "csms",
        level=settings.log_level,
        log_format=settings.log_format,
        secrets=[settings.csms_auth_key],
    )
    try:
        TRACER.start("csms", settings.traces_url)
        uvloop.run(_serve(settings))
    except BusUnavailableError as error:
        # Only what follows the '@': a password may stand before it.
        store = settings.redis_url.rpartition("@")[2]
        _give_up(f"the store at {store} cannot be reached: {error}", EXIT_CANNOT_RUN)
    except TracingError as error:
        _give_up(str(error), EXIT_SETTINGS)
    except EvswarmError as error:
        _give_up(str(error), EXIT_CANNOT_RUN)
    finally:
        TRACER.stop()


async def _serve(settings: CsmsSettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def ready(listening: Listening) -> None:
        log.info(
            "%s listens for stations on ws://%s:%d%s, metrics on %s",
            listening.replica_id,
            settings.csms_host,
            listening.port,
            "" if listening.tls_port is None else f" and wss://{settings.csms_host}:{listening.tls_port}",
            listening.metrics_url,
        )

    bus = RedisBus.connect(settings.redis_url, settings.key_prefix)
    try:
        await CentralSystem(settings, bus, room=capacity(raise_file_limit())).run(stop, ready)
    finally:
        with contextlib.suppress(BusUnavailableError):
            await bus.close()
    log.info("stopped")


def _give_up(reason: str, code: int) -> None:
    print(f"evswarm csms: {reason}", file=sys.stderr)
    raise SystemExit(code)


if __name__ == "__main__":
    main()
