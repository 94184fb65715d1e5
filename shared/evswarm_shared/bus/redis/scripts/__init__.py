"""The atomic steps as Lua, one file each, loaded by name. They receive every key name; none is spelled in Lua.

Keys are passed as KEYS, and where a script must build many of one family, that family's common beginning is.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua program and the name under which the store remembers it."""

    source: str
    sha: str


@cache
def load(*names: str) -> Script:
    """The script made of these files, in order: shared functions first."""
    source = "\n".join(files(__name__).joinpath(f"{name}.lua").read_text("utf-8") for name in names)
    return Script(source, hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest())
