"""Loads single modules of large packages without all that their packages pull in.

`ocpp.v16` imports its ChargePoint and with it a JSON schema validator; `redis` imports its cluster, its sentinel and
every command it knows. We use the enums of the one and the connection of the other: 32 MiB and half a second less for
each process (docs/performance.md). Whoever imports the whole package afterwards still gets it, with the same classes.
"""

import importlib
import sys
from importlib.machinery import PathFinder
from types import ModuleType
from typing import Final

OCPP: Final = ("ocpp.v16.enums",)
REDIS: Final = ("redis.exceptions", "redis.backoff", "redis.asyncio.retry", "redis.asyncio.connection")


def load_without_packages(names: tuple[str, ...]) -> None:
    """Import modules while empty packages stand in for their parents; parents that are loaded already stay.

    Raises:
        ModuleNotFoundError: a package is not installed.
    """
    parents = sorted({name.rpartition(".")[0] for name in names} | {name.split(".")[0] for name in names})
    empty = [parent for parent in parents if parent not in sys.modules]
    for parent in empty:
        sys.modules[parent] = _empty_package(parent)
    try:
        for name in names:
            importlib.import_module(name)
    finally:
        for parent in empty:
            del sys.modules[parent]


def _empty_package(name: str) -> ModuleType:
    above = name.rpartition(".")[0]
    spec = PathFinder.find_spec(name, sys.modules[above].__path__ if above else None)
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError(f"no package named {name!r}; is evswarm installed whole?", name=name)
    package = ModuleType(name)
    package.__spec__ = spec
    package.__path__ = list(spec.submodule_search_locations)
    return package
