"""The historian's entry point: `python -m evswarm_historian`.

Ends with 0 after SIGTERM or SIGINT, 2 when the settings do not do, 3 when an address cannot be had.
"""

import asyncio
import contextlib
import logging
import signal
import sys
from typing import Final, NoReturn

import uvloop

from evswarm_historian.service import Historian, Listening
from evswarm_shared.bus.redis import RedisBus
from evswarm_shared.errors import BusUnavailableError, LocalError
from evswarm_shared.settings import HistorianSettings, SettingsError
from evswarm_shared.telemetry import service_log

EXIT_SETTINGS: Final = 2
EXIT_CANNOT_RUN: Final = 3

log = logging.getLogger("evswarm_historian")


def main() -> None:
    """Run one historian until it is told to end."""
    try:
        settings = HistorianSettings.load()
    except SettingsError as error:
        _give_up(str(error), EXIT_SETTINGS)
    service_log.configure("historian", level=settings.log_level, log_format=settings.log_format)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # Its debug lines have the values of every row, id tags among them.
    logging.getLogger("aiosqlite").setLevel(logging.INFO)
    try:
        uvloop.run(_serve(settings))
    except OSError as error:
        _give_up(
            f"cannot listen on {settings.historian_host}:{settings.historian_port} or its metrics address: "
            f"{error.strerror or error}",
            EXIT_CANNOT_RUN,
        )
    except LocalError as error:
        _give_up(str(error), EXIT_SETTINGS)


async def _serve(settings: HistorianSettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def ready(listening: Listening) -> None:
        log.info(
            "answers on http://%s:%d/history, metrics on %s",
            settings.historian_host,
            listening.port,
            listening.metrics_url,
        )

    bus = RedisBus.connect(settings.redis_url, settings.key_prefix)
    try:
        await Historian(settings, bus).run(stop, ready)
    finally:
        with contextlib.suppress(BusUnavailableError):
            await bus.close()
    log.info("stopped")


def _give_up(reason: str, code: int) -> NoReturn:
    print(f"evswarm historian: {reason}", file=sys.stderr)
    raise SystemExit(code)


if __name__ == "__main__":
    main()
