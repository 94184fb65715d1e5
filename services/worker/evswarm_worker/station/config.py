"""What a station is told about itself when it is made. Immutable; what changes later is configuration or state."""

from collections.abc import Mapping

import msgspec

from evswarm_worker.behaviour.profiles import Profile


class StationSecurity(msgspec.Struct, frozen=True):
    """How a station is delivered: security profile, password, trusted roots, certificate and key (PEM).

    The certificate ends at `valid_until`, real unix seconds; 0 without one.
    """

    profile: int
    authorization_key: str = ""
    roots: tuple[str, ...] = ()
    certificate: str = ""
    private_key: str = ""
    valid_until: float = 0.0


class StationConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One station's identity, its nature, and how it talks. Times in real seconds.

    `seed` and `index` fix everything random about it. `connectors` None takes the profile's number. `strict` refuses
    unknown extra fields of the peer. `configuration` presets OCPP configuration keys. `stopped`: it exists, but is
    switched off until it is started. `autonomous` False: what happens at it is left to the hand. `security` None: neither
    password nor certificate nor trusted roots of its own. `revocations`: lists of manufacturers' revoked certificates, PEM.
    `creation` is another for each station that was created under this name.
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
    security: StationSecurity | None = None
    revocations: str = ""
    creation: int = 0
