"""Configuration keys that the makers of the simulated stations add to those of the standard (OCPP 1.6 §9).

Here rather than with the behaviour profiles that carry them, because whoever takes in a new station must know the
keys that may be preset.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from evswarm_shared.bus.messages import ProfileName

NAME_LENGTH: Final = 50
VALUE_LENGTH: Final = 500


class VendorKey(msgspec.Struct, frozen=True):
    """A key of the maker's own; whatever is written to it must be of the type of its default.

    `true` and `false` make it a boolean, digits a whole number from 0, everything else a text that is not empty.
    """

    name: str
    default: str
    readonly: bool = False
    reboot_required: bool = False

    def __post_init__(self) -> None:
        if not 0 < len(self.name) <= NAME_LENGTH:
            raise ValueError(f"a configuration key has 1 to {NAME_LENGTH} characters, not {self.name!r}")
        if not 0 < len(self.default) <= VALUE_LENGTH:
            raise ValueError(f"the default of {self.name} needs 1 to {VALUE_LENGTH} characters")


VENDOR_KEYS: Final[Mapping[ProfileName, tuple[VendorKey, ...]]] = MappingProxyType(
    {
        ProfileName.HOME: (
            VendorKey("HouseFuseAmperes", "35", reboot_required=True),
            VendorKey("CableLockedAlways", "false"),
        ),
        ProfileName.PUBLIC: (
            VendorKey("DisplayLanguage", "en"),
            VendorKey("SocketHardwareRevision", "C2", readonly=True),
        ),
        ProfileName.HIGHWAY: (
            VendorKey("DisplayLanguage", "en"),
            VendorKey("CoolingFanPercentMax", "100", reboot_required=True),
            VendorKey("PowerModules", "5", readonly=True),
        ),
    }
)
"""The keys by behaviour profile; one that is not named here has none."""
