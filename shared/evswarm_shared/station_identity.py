"""What can be a station's identity: the last part of its URL, decoded (OCPP-J 1.6 §3.1.1)."""

from typing import Final

STATION_ID_MAX_LENGTH: Final = 48


def usable(station_id: str) -> bool:
    """Whether a station can connect under this identity.

    It is not empty, at most 48 characters long, and holds no slash, no control character and no outer spaces.
    """
    return (
        0 < len(station_id) <= STATION_ID_MAX_LENGTH
        and station_id.isprintable()
        and "/" not in station_id
        and station_id == station_id.strip()
    )
