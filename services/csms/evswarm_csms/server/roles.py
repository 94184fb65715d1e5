"""Who a connection deals with: the server that it belongs to, and the listener that gets its messages."""

from typing import TYPE_CHECKING, Protocol

from evswarm_shared.telemetry.counts import ProtocolCounts

if TYPE_CHECKING:
    from evswarm_csms.server.connection import StationConnection


class Listener(Protocol):
    """Who gets what one connection brings."""

    def receive(self, connection: "StationConnection", data: bytes | str) -> None:
        """A text message came, as UTF-8."""
        ...

    def detach(self, connection: "StationConnection") -> None:
        """The connection is gone."""
        ...


class Host(Protocol):
    """What a connection needs of the server it belongs to."""

    counts: ProtocolCounts
    max_frame_bytes: int

    def ping_after(self) -> int:
        """After how many silent ticks the next connection is to be pinged; not the same for all of them."""
        ...

    def opening(self, connection: "StationConnection") -> None:
        """The TCP connection stands."""
        ...

    def admit(self, connection: "StationConnection", station_id: str) -> None:
        """Decide about a station identity, now or later, by calling `admitted` of the connection."""
        ...

    def attach(self, connection: "StationConnection", station_id: str) -> Listener:
        """The WebSocket is open; say who listens to it."""
        ...

    def gone(self, connection: "StationConnection") -> None:
        """The TCP connection is over."""
        ...
