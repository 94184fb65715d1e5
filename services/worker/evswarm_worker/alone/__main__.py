"""A station alone as a process: `python -m evswarm_worker.alone`, and `evswarm station`.

Exit codes: 0 ended in order, 2 wrongly asked for, 130 ended at once.
"""

import sys
from typing import Final

import uvloop

from evswarm_shared.errors import LocalError
from evswarm_shared.settings import WorkerSettings
from evswarm_shared.telemetry import service_log
from evswarm_worker.alone import options
from evswarm_worker.alone.lone_station import run

EXIT_CONFIGURATION: Final = 2


def main() -> None:
    """Run one station until SIGTERM or SIGINT."""
    try:
        asked, settings = options.read(sys.argv[1:], WorkerSettings.load())
        service_log.configure(
            "station", level="WARNING", log_format=settings.log_format, secrets=[settings.csms_auth_key]
        )
        uvloop.run(run(asked, settings, lambda line: print(line, flush=True)))
    except LocalError as error:
        print(f"evswarm station: {error}", file=sys.stderr)
        sys.exit(EXIT_CONFIGURATION)


if __name__ == "__main__":
    main()
