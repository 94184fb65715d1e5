"""The worker as a process: `python -m evswarm_worker`, configured by EVSWARM_… variables.

Exit codes: 0 ended in order, 2 wrongly configured, 3 the store cannot be reached.
"""

import asyncio
import gc
import logging
import signal
import sys
from typing import Final

import uvloop

from evswarm_shared.bus.redis import RedisBus
from evswarm_shared.errors import BusUnavailableError, LocalError
from evswarm_shared.file_limit import capacity, raise_file_limit
from evswarm_shared.settings import WorkerSettings
from evswarm_shared.telemetry import service_log
from evswarm_shared.telemetry.tracing import TRACER
from evswarm_worker.delivered_security import STATION_ID, require_usable_files
from evswarm_worker.endpoint import Endpoint
from evswarm_worker.memory_limit import memory_limit, stations_in
from evswarm_worker.source_addresses import source_addresses
from evswarm_worker.worker import Worker

EXIT_CONFIGURATION: Final = 2
EXIT_STORE: Final = 3
GC_YOUNG_THRESHOLD: Final = 20_000
"""Objects made before the young generation is collected: the default runs it thousands of times over a long life."""

log = logging.getLogger(__name__)


def main() -> None:
    """Run a worker until SIGTERM or SIGINT."""
    try:
        settings = WorkerSettings.load()
        identity = service_log.configure(
            "worker",
            level=settings.log_level,
            log_format=settings.log_format,
            secrets=[settings.csms_auth_key],
        )
        TRACER.start("worker", settings.traces_url)
        code = uvloop.run(_run(settings, identity))
    except LocalError as error:
        print(f"evswarm worker: {error}", file=sys.stderr)
        sys.exit(EXIT_CONFIGURATION)
    except BusUnavailableError as error:
        print(f"evswarm worker: the store does not answer: {error}", file=sys.stderr)
        sys.exit(EXIT_STORE)
    finally:
        TRACER.stop()
    sys.exit(code)


async def _run(settings: WorkerSettings, identity: service_log.Identity) -> int:
    def named(worker_id: str) -> None:
        identity.worker = worker_id

    for_each = settings.client_cert is not None and STATION_ID in str(settings.client_cert)
    Endpoint(settings.csms_url, ca=settings.csms_ca, client_cert=None if for_each else settings.client_cert)
    if settings.csms_tls_url is not None:
        Endpoint(settings.csms_tls_url, ca=settings.csms_ca)
    require_usable_files(settings)
    source_addresses(settings.source_addresses)
    able = capacity(raise_file_limit(), settings.worker_capacity)
    in_memory = stations_in(memory_limit())
    able = able if in_memory is None else min(able, in_memory)
    bus = RedisBus.connect(settings.redis_url, settings.key_prefix)
    try:
        await bus.ping()
        gc.set_threshold(GC_YOUNG_THRESHOLD, 20, 50)
        worker = Worker(settings, bus, able)
        worker.named = named
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, worker.stop)
        try:
            await worker.run()
        except OSError as error:
            print(f"evswarm worker: cannot serve metrics: {error}", file=sys.stderr)
            return EXIT_CONFIGURATION
    finally:
        await bus.close()
    log.info("ended in order")
    return 0


if __name__ == "__main__":
    main()
