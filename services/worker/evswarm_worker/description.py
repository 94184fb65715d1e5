"""The question what a station looks like in whole, which comes like an action by hand and changes nothing."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta, Raw

from evswarm_shared.bus.messages import Command
from evswarm_worker.errors import InvalidActionError
from evswarm_worker.host import StationHost

DESCRIBE: Final = "describe"


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The payload of `describe`: how many seconds ahead composite schedules are wanted, and whether id tags are masked."""

    schedule_seconds: Annotated[int, Meta(ge=0)] = 0
    full_tags: bool = False


_DECODER: Final = msgspec.json.Decoder(Asked)
_ENCODER: Final = msgspec.json.Encoder()


def of(host: StationHost, command: Command, now: float) -> Raw:
    """The station as JSON.

    Raises:
        InvalidActionError: the payload does not fit.
    """
    try:
        asked = _DECODER.decode(command.payload)
    except msgspec.MsgspecError as error:
        raise InvalidActionError(f"the payload of {DESCRIBE} does not fit: {error}") from None
    detail = host.station.detail(now, schedule_seconds=asked.schedule_seconds, full_tags=asked.full_tags)
    return Raw(_ENCODER.encode(detail))
