"""The life of a station's connection and of its registration, as one literal table. No timers, no messages."""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final


class LinkState(Enum):
    """Where a station stands between switched off and accepted by its central system."""

    OFF = auto()
    """Switched off; nothing happens."""
    DOWN = auto()
    """Not connected; waits before the next attempt, or while it reboots."""
    CUT = auto()
    """Not connected, and no attempt is made until the network is back."""
    CONNECTING = auto()
    REGISTERING = auto()
    """Connected; nothing but BootNotification may be sent (OCPP 1.6 §4.2)."""
    PENDING = auto()
    """Told to wait, but serves the central system's commands."""
    REJECTED = auto()
    """Told to wait, and is deaf to commands meanwhile."""
    ACCEPTED = auto()

    __hash__ = object.__hash__


class LinkEvent(Enum):
    """What can happen to a connection or registration."""

    START = auto()
    ATTEMPT = auto()
    """The wait is over."""
    CONNECTED_TO_BOOT = auto()
    CONNECTED_AGAIN = auto()
    """Connected, and accepted since the last boot: a reconnect is not a boot."""
    LOST = auto()
    """The attempt failed or the connection ended."""
    BOOT_ACCEPTED = auto()
    BOOT_PENDING = auto()
    BOOT_REJECTED = auto()
    REBOOT = auto()
    NETWORK_CUT = auto()
    NETWORK_BACK = auto()
    STOP = auto()

    __hash__ = object.__hash__


_S = LinkState
_E = LinkEvent

TRANSITIONS: Final[Mapping[tuple[LinkState, LinkEvent], LinkState]] = {
    (_S.OFF, _E.START): _S.DOWN,
    (_S.DOWN, _E.ATTEMPT): _S.CONNECTING,
    (_S.DOWN, _E.REBOOT): _S.DOWN,
    (_S.DOWN, _E.NETWORK_CUT): _S.CUT,
    (_S.DOWN, _E.STOP): _S.OFF,
    (_S.CUT, _E.NETWORK_BACK): _S.DOWN,
    (_S.CUT, _E.REBOOT): _S.CUT,
    (_S.CUT, _E.STOP): _S.OFF,
    (_S.CONNECTING, _E.CONNECTED_TO_BOOT): _S.REGISTERING,
    (_S.CONNECTING, _E.CONNECTED_AGAIN): _S.ACCEPTED,
    (_S.CONNECTING, _E.LOST): _S.DOWN,
    (_S.CONNECTING, _E.REBOOT): _S.DOWN,
    (_S.CONNECTING, _E.NETWORK_CUT): _S.CUT,
    (_S.CONNECTING, _E.STOP): _S.OFF,
    (_S.REGISTERING, _E.BOOT_ACCEPTED): _S.ACCEPTED,
    (_S.REGISTERING, _E.BOOT_PENDING): _S.PENDING,
    (_S.REGISTERING, _E.BOOT_REJECTED): _S.REJECTED,
    (_S.REGISTERING, _E.LOST): _S.DOWN,
    (_S.REGISTERING, _E.REBOOT): _S.DOWN,
    (_S.REGISTERING, _E.NETWORK_CUT): _S.CUT,
    (_S.REGISTERING, _E.STOP): _S.OFF,
    (_S.PENDING, _E.BOOT_ACCEPTED): _S.ACCEPTED,
    (_S.PENDING, _E.BOOT_PENDING): _S.PENDING,
    (_S.PENDING, _E.BOOT_REJECTED): _S.REJECTED,
    (_S.PENDING, _E.LOST): _S.DOWN,
    (_S.PENDING, _E.REBOOT): _S.DOWN,
    (_S.PENDING, _E.NETWORK_CUT): _S.CUT,
    (_S.PENDING, _E.STOP): _S.OFF,
    (_S.REJECTED, _E.BOOT_ACCEPTED): _S.ACCEPTED,
    (_S.REJECTED, _E.BOOT_PENDING): _S.PENDING,
    (_S.REJECTED, _E.BOOT_REJECTED): _S.REJECTED,
    (_S.REJECTED, _E.LOST): _S.DOWN,
    (_S.REJECTED, _E.REBOOT): _S.DOWN,
    (_S.REJECTED, _E.NETWORK_CUT): _S.CUT,
    (_S.REJECTED, _E.STOP): _S.OFF,
    (_S.ACCEPTED, _E.BOOT_ACCEPTED): _S.ACCEPTED,
    (_S.ACCEPTED, _E.BOOT_PENDING): _S.PENDING,
    (_S.ACCEPTED, _E.BOOT_REJECTED): _S.REJECTED,
    (_S.ACCEPTED, _E.LOST): _S.DOWN,
    (_S.ACCEPTED, _E.REBOOT): _S.DOWN,
    (_S.ACCEPTED, _E.NETWORK_CUT): _S.CUT,
    (_S.ACCEPTED, _E.STOP): _S.OFF,
}
"""state × event → state; a pair that is missing changes nothing."""

CONNECTED: Final = frozenset((_S.REGISTERING, _S.PENDING, _S.REJECTED, _S.ACCEPTED))
"""The states in which a WebSocket is open."""

SERVING: Final = frozenset((_S.REGISTERING, _S.PENDING, _S.ACCEPTED))
"""The states in which the central system's commands are answered (OCPP 1.6 §4.2)."""


def reconnect_delay(failures: int, floor: float, ceiling: float, uniform: float) -> float:
    """Seconds to wait before the next attempt: doubling with each failure, the upper half of it random.

    `failures` counts from 0, `uniform` lies in [0, 1). Never below `floor`, never above `ceiling`.
    """
    span = min(ceiling, floor * 2.0 ** min(failures + 1, 32))
    return max(floor, span * (0.5 + 0.5 * uniform))
