"""Randomness that fits in one integer: the n-th draw of a station is a function of seed, station and n.

A checkpoint stores the counter alone, and a repeated run draws the same numbers. Not for secrets.
"""

from hashlib import blake2b
from typing import Final, Self

_MASK: Final = (1 << 64) - 1
# Increment and multipliers of SplitMix64 (Steele, Lea, Flood 2014): a full-period Weyl sequence behind a bijective
# mixer. Random access is what we take it for: the n-th output needs no earlier one.
_WEYL: Final = 0x9E3779B97F4A7C15
_MIX_1: Final = 0xBF58476D1CE4E5B9
_MIX_2: Final = 0x94D049BB133111EB
_UNIT: Final = 2.0**-53


def _key(seed: int, station_index: int, purpose: str) -> int:
    digest = blake2b(f"{seed}/{station_index}/{purpose}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def _mixed(position: int) -> int:
    z = position & _MASK
    z = ((z ^ (z >> 30)) * _MIX_1) & _MASK
    z = ((z ^ (z >> 27)) * _MIX_2) & _MASK
    return z ^ (z >> 31)


def bits_at(seed: int, station_index: int, purpose: str) -> int:
    """64 bits that a station has for good for this purpose."""
    return _mixed(_key(seed, station_index, purpose))


def uniform_at(seed: int, station_index: int, purpose: str) -> float:
    """A number in [0, 1) that a station has for good for this purpose (its profile, its heartbeat phase)."""
    return (bits_at(seed, station_index, purpose) >> 11) * _UNIT


class Draws:
    """The stream of draws of one station. `counter` is the whole state: how many draws were taken."""

    __slots__ = ("_key", "counter")

    def __init__(self, seed: int, station_index: int, counter: int = 0, purpose: str = "") -> None:
        self._key = _key(seed, station_index, purpose)
        self.counter = counter

    @classmethod
    def from_key(cls, key: int, counter: int = 0) -> Self:
        """The stream with this key (see `derive`)."""
        draws = cls.__new__(cls)
        draws._key = key & _MASK
        draws.counter = counter
        return draws

    def bits64(self) -> int:
        """The next 64 random bits."""
        self.counter += 1
        return _mixed(self._key + self.counter * _WEYL)

    def uniform(self) -> float:
        """The next number in [0, 1)."""
        self.counter += 1
        z = (self._key + self.counter * _WEYL) & _MASK
        z = ((z ^ (z >> 30)) * _MIX_1) & _MASK
        z = ((z ^ (z >> 27)) * _MIX_2) & _MASK
        return ((z ^ (z >> 31)) >> 11) * _UNIT

    def between(self, low: float, high: float) -> float:
        """The next number in [low, high)."""
        return low + (high - low) * self.uniform()

    def below(self, count: int) -> int:
        """The next whole number in 0 .. count - 1 (count well below 2**53)."""
        return int(self.uniform() * count)

    def chance(self, probability: float) -> bool:
        """True with this probability. Takes one draw whatever the probability is."""
        return self.uniform() < probability

    def derive(self, purpose: str) -> "Draws":
        """A stream of its own, fixed by this stream's key and the purpose; takes no draw from this one."""
        digest = blake2b(f"{self._key}/{purpose}".encode(), digest_size=8).digest()
        return Draws.from_key(int.from_bytes(digest, "big"))
