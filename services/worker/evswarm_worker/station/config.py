"""What a station is told about itself when it is made. Immutable; what changes later is configuration or state."""

from collections.abc import Mapping

import msgspec

from evswarm_worker.behaviour.profiles import Profile


class StationConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One station's identity, its nature, and how it talks. Times in real seconds.

    `seed` and `index` fix everything random about it. `connectors` None takes the profile's number. `strict` refuses
    unknown extra fields of the peer. `configuration` presets OCPP configuration keys. `stopped`: it exists, but is
    switched off until it is started. `autonomous` False: what happens at it is left to the hand.
    """

    station_id: str
    index: int
    seed: int
    profile: Profile
    run_id: str
    worker_id: str
    timezone: str = "UTC"
    strict: bool = True
    connectors: int | None = None
    call_timeout_seconds: float = 30.0
    reconnect_floor_seconds: float = 2.0
    reconnect_ceiling_seconds: float = 60.0
    configuration: Mapping[str, str] = {}
    stopped: bool = False
    autonomous: bool = True
