"""The atomic steps as Lua, one file each, loaded by name. They receive every key name; none is spelled in Lua.

Keys are passed as KEYS, and where a script must build many of one family, that family's common beginning is.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

_FILES: Final = {
    each.name.removesuffix(".lua"): each.read_text("utf-8")
    for each in files(__name__).iterdir()
    if each.name.endswith(".lua")
}
"""Read at the start: a process that has run out of files can still use them."""


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua program and the name under which the store remembers it."""

    source: str
    sha: str


@cache
def load(*names: str) -> Script:
    """The script made of these files, in order: shared functions first."""
    source = "\n".join(_FILES[name] for name in names)
    return Script(source, hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest())
