"""The behaviour presets, and which of them a station has.

A profile is data: what the outlet can do, what its policy accepts, and which of the arrival tables its drivers
follow. The tables themselves live in `visits`, the cars in `car`.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from itertools import accumulate
from math import isfinite
from types import MappingProxyType
from typing import Any, Final

import msgspec

from evswarm_shared.bus.messages import DEFAULT_MIX, PolicyChange, ProfileName
from evswarm_shared.bus.vendor_keys import VENDOR_KEYS, VendorKey
from evswarm_shared.charging_policy import HOURS
from evswarm_worker.behaviour.draws import bits_at, uniform_at
from evswarm_worker.behaviour.errors import ProfileMixError, UnknownProfileError

__all__ = [
    "DEFAULT_MIX",
    "PRESETS",
    "ArrivalPattern",
    "CurrentKind",
    "Profile",
    "ProfileName",
    "id_tags",
    "pick_profile",
    "policy_fields",
    "preset",
]


class CurrentKind(StrEnum):
    """What flows through the connector."""

    AC = "AC"
    DC = "DC"


class ArrivalPattern(StrEnum):
    """Which table of arrivals, stays and energies the drivers follow."""

    HOME = "home"
    PUBLIC = "public"
    WORKPLACE = "workplace"
    DEPOT = "depot"
    HIGHWAY = "highway"


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What a kind of station is and does.

    Power in kW for one connector, energy in kWh, prices in the currency a kWh, times in simulated seconds. The
    `max_grid_load`, `max_carbon_intensity` and `ramp_margin` of the charging policy are None where the station has
    no such limit. `visits_per_day` is how many drivers would come to one connector if it were always free.
    `stops_with_tag` is the probability that a driver presents the tag before leaving instead of just unplugging,
    `forgets_tag` that a driver plugs in and never presents one. `vendor_keys` are configuration keys beside the standard's.
    """

    name: ProfileName
    # the charging policy
    charge_if_price_below: float
    max_energy_kwh: float
    allow_peak_hours: bool
    peak_hours: frozenset[int]
    max_grid_load: float | None = None
    max_carbon_intensity: float | None = None
    ramp_margin: float | None = None
    # the hardware
    vendor: str
    model: str
    connectors: int
    current: CurrentKind
    phases: int
    max_power_kw: float
    meter_interval_seconds: int = 10
    tags: int = 1
    vendor_keys: tuple[VendorKey, ...] = ()
    # the drivers
    arrivals: ArrivalPattern
    visits_per_day: float
    tag_delay_seconds: tuple[float, float]
    stops_with_tag: float
    forgets_tag: float = 0.01

    def __post_init__(self) -> None:
        if not HOURS.issuperset(self.peak_hours):
            raise ValueError(f"peak_hours of {self.name} must lie in 0 to 23")
        if len({key.name.casefold() for key in self.vendor_keys}) < len(self.vendor_keys):
            raise ValueError(f"two vendor_keys of {self.name} have the same name")

    @property
    def fixed_cable(self) -> bool:
        """Whether the cable belongs to the outlet, as at every DC outlet (IEC 61851-1, mode 4)."""
        return self.current is CurrentKind.DC

    @property
    def max_power_w(self) -> float:
        """Highest power of one connector in W."""
        return self.max_power_kw * 1000.0


_EVENING: Final = frozenset({17, 18, 19, 20})

PRESETS: Final[Mapping[ProfileName, Profile]] = MappingProxyType(
    {
        ProfileName.HOME: Profile(
            name=ProfileName.HOME,
            charge_if_price_below=0.35,
            max_energy_kwh=60.0,
            allow_peak_hours=False,
            peak_hours=_EVENING,
            vendor="evswarm",
            model="Wallbox 7",
            vendor_keys=VENDOR_KEYS[ProfileName.HOME],
            connectors=1,
            current=CurrentKind.AC,
            phases=1,
            max_power_kw=7.36,
            arrivals=ArrivalPattern.HOME,
            visits_per_day=1.6,
            tag_delay_seconds=(2.0, 20.0),
            stops_with_tag=0.2,
        ),
        ProfileName.PUBLIC: Profile(
            name=ProfileName.PUBLIC,
            charge_if_price_below=0.60,
            max_energy_kwh=50.0,
            allow_peak_hours=True,
            peak_hours=_EVENING,
            vendor="evswarm",
            model="Kerb 22",
            vendor_keys=VENDOR_KEYS[ProfileName.PUBLIC],
            connectors=2,
            current=CurrentKind.AC,
            phases=3,
            max_power_kw=22.08,
            arrivals=ArrivalPattern.PUBLIC,
            visits_per_day=2.5,
            tag_delay_seconds=(5.0, 40.0),
            stops_with_tag=0.8,
            forgets_tag=0.02,
        ),
        ProfileName.WORKPLACE: Profile(
            name=ProfileName.WORKPLACE,
            charge_if_price_below=0.40,
            max_energy_kwh=40.0,
            allow_peak_hours=True,
            peak_hours=frozenset({8, 9, 17, 18}),
            vendor="evswarm",
            model="Office 11",
            connectors=2,
            current=CurrentKind.AC,
            phases=3,
            max_power_kw=11.04,
            arrivals=ArrivalPattern.WORKPLACE,
            visits_per_day=1.8,
            tag_delay_seconds=(3.0, 30.0),
            stops_with_tag=0.6,
        ),
        ProfileName.DEPOT: Profile(
            name=ProfileName.DEPOT,
            charge_if_price_below=0.38,
            max_energy_kwh=150.0,
            allow_peak_hours=False,
            peak_hours=_EVENING,
            vendor="evswarm",
            model="Yard 50",
            connectors=1,
            current=CurrentKind.DC,
            phases=3,
            max_power_kw=50.0,
            arrivals=ArrivalPattern.DEPOT,
            visits_per_day=2.0,
            tag_delay_seconds=(2.0, 10.0),
            stops_with_tag=0.3,
            forgets_tag=0.0,
        ),
        ProfileName.HIGHWAY: Profile(
            name=ProfileName.HIGHWAY,
            charge_if_price_below=0.90,
            max_energy_kwh=90.0,
            allow_peak_hours=True,
            peak_hours=_EVENING,
            vendor="evswarm",
            model="Transit 150",
            vendor_keys=VENDOR_KEYS[ProfileName.HIGHWAY],
            connectors=2,
            current=CurrentKind.DC,
            phases=3,
            max_power_kw=150.0,
            arrivals=ArrivalPattern.HIGHWAY,
            visits_per_day=14.0,
            tag_delay_seconds=(3.0, 15.0),
            stops_with_tag=0.9,
            forgets_tag=0.0,
        ),
    }
)
"""Every preset by name. All of them charge at the default price of 0.30; public, workplace and highway at peak too."""


def preset(name: str) -> Profile:
    """The preset with this name.

    Raises:
        UnknownProfileError: there is none; the message lists the names that exist.
    """
    try:
        return PRESETS[ProfileName(name)]
    except ValueError:
        raise UnknownProfileError(
            f"unknown behaviour profile {name!r}: known are {', '.join(ProfileName)}"
        ) from None


def pick_profile(mix: Mapping[ProfileName, float], seed: int, index: int) -> Profile:
    """The profile of station `index`: drawn by the weights of `mix`, the same one for good.

    Station 1 draws among those of the mix that charge at peak hours too, where there are any, so that a swarm of
    one shows a car charging whatever the hour.

    Raises:
        UnknownProfileError: the mix names a profile that does not exist.
        ProfileMixError: the mix is empty or a weight is not a positive number.
    """
    profiles = [preset(name) for name in sorted(mix)]
    weights = [mix[profile.name] for profile in profiles]
    if not profiles:
        raise ProfileMixError("a mix needs at least one profile")
    for profile, weight in zip(profiles, weights, strict=True):
        if not (isfinite(weight) and weight > 0.0):
            raise ProfileMixError(f"the weight of {profile.name} must be a positive number, not {weight!r}")
    if index == 1 and any(profile.allow_peak_hours for profile in profiles):
        weights = [w if p.allow_peak_hours else 0.0 for p, w in zip(profiles, weights, strict=True)]
    bounds = list(accumulate(weights))
    target = uniform_at(seed, index, "profile") * bounds[-1]
    return next((p for p, bound in zip(profiles, bounds, strict=True) if target < bound), profiles[-1])


@cache
def policy_fields(
    profile: Profile, connectors: int | None = None, change: PolicyChange | None = None
) -> Mapping[str, Any]:
    """The profile as `evswarm_shared.charging_policy` wants it: one shared mapping, to be read only.

    `max_power_kw` is that of the whole station: of as many connectors as it has, by default the profile's. What
    `change` names goes before what the profile says.
    """
    fields: dict[str, Any] = {
        "charge_if_price_below": profile.charge_if_price_below,
        "max_energy_kwh": profile.max_energy_kwh,
        "allow_peak_hours": profile.allow_peak_hours,
        "peak_hours": profile.peak_hours,
        "max_power_kw": profile.max_power_kw * (connectors or profile.connectors),
    }
    for name in ("max_grid_load", "max_carbon_intensity", "ramp_margin"):
        value = getattr(profile, name)
        if value is not None:
            fields[name] = value
    if change is not None:
        fields.update(
            (name, value) for name, value in msgspec.structs.asdict(change).items() if value is not None
        )
    return fields


def id_tags(profile: Profile, seed: int, index: int) -> tuple[str, ...]:
    """The id tags of the drivers who come to station `index`, `profile.tags` of them; no two stations share one.

    Hexadecimal like the serial number of an RFID card, at most 20 characters for an index below 2**48.
    """
    scramble = bits_at(seed, index, "id tags") >> 40
    return tuple(f"{scramble:06X}{number:02X}{index:06X}" for number in range(profile.tags))
