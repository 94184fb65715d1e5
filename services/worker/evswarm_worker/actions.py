"""Actions by hand: what a person at the station, or the world, can do to it. Checks the request, then does it."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import partial
from typing import Annotated, Any, Final, Protocol

import msgspec
from msgspec import UNSET, Meta
from ocpp.v16.enums import AuthorizationStatus, ChargePointErrorCode, Reason

from evswarm_shared.bus.messages import Command
from evswarm_shared.ocpp16.datatypes import IdTagInfo
from evswarm_worker.errors import InvalidActionError
from evswarm_worker.host import StationHost


class HandAction(StrEnum):
    """The actions there are."""

    PLUG_IN = "plug_in"
    UNPLUG = "unplug"
    AUTHORIZE = "authorize"
    PRESS_STOP = "press_stop"
    FAULT = "fault"
    CLEAR_FAULT = "clear_fault"
    POWER_CYCLE = "power_cycle"
    NETWORK_DOWN = "network_down"
    NETWORK_UP = "network_up"
    RECONNECT = "reconnect"
    SET_CONFIGURATION = "set_configuration"
    ADD_TO_CACHE = "add_to_cache"
    OPEN_DOOR = "open_door"
    SET_AUTONOMOUS = "set_autonomous"


class HandledStation(Protocol):
    """A station as a hand reaches it; each raises `StationActionError` when that is not possible now."""

    def plug_in(self, connector_id: int, now: float) -> None:
        """A car is connected."""

    def unplug(self, connector_id: int, now: float) -> None:
        """The cable is pulled."""

    def authorize(self, connector_id: int, id_tag: str, now: float) -> None:
        """A tag is presented."""

    def press_stop(self, connector_id: int, now: float, *, reason: Reason) -> None:
        """The stop button is pressed."""

    def fault(self, connector_id: int, error_code: ChargePointErrorCode, now: float, *, info: str) -> None:
        """Something breaks."""

    def clear_fault(self, connector_id: int, now: float) -> None:
        """It is repaired."""

    def power_cycle(self, now: float, *, reason: Reason) -> None:
        """Power fails and comes back."""

    def network_down(self, now: float) -> None:
        """The network fails and stays away."""

    def network_up(self, now: float) -> None:
        """The network is back."""

    def reconnect(self, now: float) -> None:
        """The connection is lost and made anew."""

    def set_configuration(self, key: str, value: str, now: float) -> None:
        """A configuration key is set at the station itself."""

    def add_to_cache(self, id_tag: str, info: IdTagInfo, now: float) -> None:
        """The authorization cache learns of a tag."""

    def open_door(self, now: float) -> None:
        """Somebody opens the housing."""

    def set_autonomous(self, autonomous: bool, now: float) -> None:
        """People come and go by themselves, or everything is left to the hand."""


class NothingMore(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The payload of an action that says it all."""


class OnConnector(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The payload of an action at one connector."""

    connector_id: Annotated[int, Meta(ge=1)] = 1


class WithReason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The payload of `press_stop`: what StopTransaction gives as the reason."""

    connector_id: Annotated[int, Meta(ge=1)] = 1
    reason: Reason = Reason.local


class WithPowerReason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The payload of `power_cycle`: what StopTransaction gives as the reason."""

    reason: Reason = Reason.power_loss


class WithSetting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The payload of `set_configuration`: key and value as ChangeConfiguration has them (OCPP 1.6 §6.9)."""

    key: Annotated[str, Meta(min_length=1, max_length=50)]
    value: Annotated[str, Meta(max_length=500)]


class WithTagInfo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The payload of `add_to_cache`: a tag and what the cache shall know of it (OCPP 1.6 §7.27)."""

    id_tag: Annotated[str, Meta(min_length=1, max_length=20)]
    status: AuthorizationStatus = AuthorizationStatus.accepted
    parent_id_tag: Annotated[str, Meta(min_length=1, max_length=20)] | None = None

    def info(self) -> IdTagInfo:
        """As an answer of the central system would say it."""
        return IdTagInfo(
            status=self.status, parent_id_tag=UNSET if self.parent_id_tag is None else self.parent_id_tag
        )


class WithAutonomy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The payload of `set_autonomous`."""

    autonomous: bool


class WithTag(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The payload of `authorize`. `id_tag` is a CiString20; without one the station's usual tag is presented."""

    connector_id: Annotated[int, Meta(ge=1)] = 1
    id_tag: Annotated[str, Meta(min_length=1, max_length=20)] | None = None


class WithError(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The payload of `fault`. Connector 0 is the station as a whole (OCPP 1.6 §4.9)."""

    connector_id: Annotated[int, Meta(ge=0)] = 1
    error_code: ChargePointErrorCode = ChargePointErrorCode.other_error
    info: Annotated[str, Meta(max_length=50)] = ""


class Cleared(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The payload of `clear_fault`."""

    connector_id: Annotated[int, Meta(ge=0)] = 1


Input = tuple[Callable[..., None], tuple[Any, ...]]
"""A bound method of the station and its arguments before the time."""

_Perform = Callable[[HandledStation, Any, str], Input]

ACTIONS: Final[Mapping[HandAction, tuple[type[msgspec.Struct], _Perform]]] = {
    HandAction.PLUG_IN: (OnConnector, lambda station, p, tag: (station.plug_in, (p.connector_id,))),
    HandAction.UNPLUG: (OnConnector, lambda station, p, tag: (station.unplug, (p.connector_id,))),
    HandAction.AUTHORIZE: (
        WithTag,
        lambda station, p, tag: (station.authorize, (p.connector_id, p.id_tag or tag)),
    ),
    HandAction.PRESS_STOP: (
        WithReason,
        lambda station, p, tag: (partial(station.press_stop, reason=p.reason), (p.connector_id,)),
    ),
    HandAction.FAULT: (
        WithError,
        lambda station, p, tag: (partial(station.fault, info=p.info), (p.connector_id, p.error_code)),
    ),
    HandAction.CLEAR_FAULT: (Cleared, lambda station, p, tag: (station.clear_fault, (p.connector_id,))),
    HandAction.POWER_CYCLE: (
        WithPowerReason,
        lambda station, p, tag: (partial(station.power_cycle, reason=p.reason), ()),
    ),
    HandAction.NETWORK_DOWN: (NothingMore, lambda station, p, tag: (station.network_down, ())),
    HandAction.NETWORK_UP: (NothingMore, lambda station, p, tag: (station.network_up, ())),
    HandAction.RECONNECT: (NothingMore, lambda station, p, tag: (station.reconnect, ())),
    HandAction.SET_CONFIGURATION: (
        WithSetting,
        lambda station, p, tag: (station.set_configuration, (p.key, p.value)),
    ),
    HandAction.ADD_TO_CACHE: (
        WithTagInfo,
        lambda station, p, tag: (station.add_to_cache, (p.id_tag, p.info())),
    ),
    HandAction.OPEN_DOOR: (NothingMore, lambda station, p, tag: (station.open_door, ())),
    HandAction.SET_AUTONOMOUS: (
        WithAutonomy,
        lambda station, p, tag: (station.set_autonomous, (p.autonomous,)),
    ),
}


def read(command: Command) -> tuple[HandAction, msgspec.Struct]:
    """The action a command asks for, and its payload (null is read as an empty object).

    Raises:
        InvalidActionError: the action is unknown or the payload does not fit.
    """
    try:
        action = HandAction(command.action)
    except ValueError:
        known = ", ".join(HandAction)
        raise InvalidActionError(f"unknown action {command.action}: there are {known}") from None
    payload_type, _ = ACTIONS[action]
    raw = bytes(command.payload)
    try:
        payload = msgspec.json.decode(b"{}" if raw in (b"", b"null") else raw, type=payload_type)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise InvalidActionError(f"the payload of {action} does not fit: {error}") from None
    if isinstance(payload, WithError) and payload.error_code is ChargePointErrorCode.no_error:
        raise InvalidActionError("the payload of fault does not fit: error_code NoError is not a fault")
    return action, payload


def perform(host: StationHost, action: HandAction, payload: msgspec.Struct, usual_tag: str) -> None:
    """Do it to the station of `host`.

    Raises:
        StationActionError: it is not possible now; the message says why.
    """
    _, bind = ACTIONS[action]
    step, arguments = bind(host.station, payload, usual_tag)  # type: ignore[arg-type]
    host.drive(step, *arguments)
