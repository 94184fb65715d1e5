"""The command line of a station alone: what it takes, and what it makes of the worker's settings."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from evswarm_shared.bus.messages import ProfileName, StationSpec
from evswarm_shared.settings import ShutdownPolicy, WorkerSettings
from evswarm_worker.errors import WorkerError

LONGEST_ID: Final = 48
WORKER_ID: Final = "alone"
DEFAULT_PROFILE: Final = ProfileName.WORKPLACE
"""Charges at any hour."""
TICK_SECONDS: Final = 0.2
"""How often new log lines are shown."""
GRACE_SECONDS: Final = 60.0
"""How long a central system may take to answer the station's last messages."""


class UsageError(WorkerError):
    """The command line asks for something impossible; the message says what to write instead."""


@dataclass(frozen=True, slots=True)
class StationOptions:
    """What was asked for. `state` None: nothing survives the process; `control_port` None: there is none, 0: any."""

    spec: StationSpec
    profile_given: bool
    state: Path | None
    control_port: int | None
    manual: bool


def parser() -> argparse.ArgumentParser:
    """The options there are."""
    parser = argparse.ArgumentParser(
        prog="evswarm station",
        description="Run one station here, without a store: for a test of your central system, or a container of one. "
        "Ctrl-C ends its transactions and the station. Further settings come from EVSWARM_… variables of the worker.",
    )
    parser.add_argument("--id", required=True, help="Its identity; appended to the URL, percent-encoded.")
    parser.add_argument(
        "--csms-url", help="Its central system, ws:// or wss://; by default EVSWARM_CSMS_URL, else our own."
    )
    parser.add_argument("--connectors", type=int, help="How many it has; by default as its profile says.")
    parser.add_argument(
        "--profile",
        type=ProfileName,
        choices=list(ProfileName),
        help="What kind of station it is, and who comes to it (workplace).",
    )
    parser.add_argument(
        "--state",
        type=Path,
        help="Keep its state in this directory, and go on from it after any kind of end.",
    )
    parser.add_argument(
        "--config",
        type=Path,
        help='Configuration keys of a new station: a JSON file such as {"HeartbeatInterval": "60"}.',
    )
    parser.add_argument(
        "--control-port",
        type=int,
        help="Listen on this port of 127.0.0.1 for what the hand does; 0 takes a free one.",
    )
    parser.add_argument(
        "--manual", action="store_true", help="Nobody comes by himself: all is left to the hand."
    )
    parser.add_argument(
        "--security-profile",
        type=int,
        choices=range(4),
        help="0 to 3; by default as URL, key and certificate imply.",
    )
    parser.add_argument("--csms-auth-key", help="It sends HTTP Basic with this key (EVSWARM_CSMS_AUTH_KEY).")
    parser.add_argument("--csms-ca", type=Path, help="Trusted authorities (PEM) for wss.")
    parser.add_argument("--client-cert", type=Path, help="Client certificate and key (PEM) for mutual TLS.")
    return parser


def read(arguments: Sequence[str], settings: WorkerSettings) -> tuple[StationOptions, WorkerSettings]:
    """What is asked for, and the settings of the worker that does it.

    Raises:
        UsageError: a value cannot be right.
        SystemExit: the options are none, or only help was asked for.
    """
    asked = parser().parse_args(arguments)
    if not (1 <= len(asked.id) <= LONGEST_ID and asked.id.isprintable()):
        raise UsageError(f"--id {asked.id!r}: an identity has 1 to {LONGEST_ID} printable characters")
    if asked.connectors is not None and not 1 <= asked.connectors <= 100:
        raise UsageError(f"--connectors {asked.connectors}: a station has 1 to 100")
    if asked.control_port is not None and not 0 <= asked.control_port <= 65535:
        raise UsageError(f"--control-port {asked.control_port}: a port is a number up to 65535")
    if asked.state is not None and asked.state.exists() and not asked.state.is_dir():
        raise UsageError(f"--state {asked.state} is a file: name a directory")
    spec = StationSpec(
        station_id=asked.id,
        profile=asked.profile or DEFAULT_PROFILE,
        connectors=asked.connectors,
        configuration={} if asked.config is None else _configuration(asked.config),
        autonomous=not asked.manual,
        security_profile=asked.security_profile,
    )
    given = {
        name: value
        for name in ("csms_url", "csms_auth_key", "csms_ca", "client_cert")
        if (value := getattr(asked, name)) is not None
    }
    own = {
        "worker_id": WORKER_ID,
        "history": False,
        "tick_seconds": TICK_SECONDS,
        "worker_on_shutdown": ShutdownPolicy.STOP,
        "worker_grace_seconds": GRACE_SECONDS,
    }
    options = StationOptions(spec, asked.profile is not None, asked.state, asked.control_port, asked.manual)
    return options, settings.model_copy(update={**own, **given})


def _configuration(path: Path) -> dict[str, str]:
    try:
        values = msgspec.json.decode(path.read_bytes(), type=dict[str, str | bool | int | float])
    except OSError as error:
        raise UsageError(f"--config {path} cannot be read: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise UsageError(
            f"--config {path} is no JSON object of configuration keys and values: {error}"
        ) from None
    return {key: _text(value) for key, value in values.items()}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
