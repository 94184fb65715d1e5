"""Loads single modules of large packages without all that their packages pull in.

`ocpp.v16` imports its ChargePoint and with it a JSON schema validator; `redis` imports its cluster, its sentinel, every
command it knows, and a telemetry kit where one is installed. We use the enums of the one and the connection of the
other: some 30 MiB and half a second less for each process (docs/performance.md). Whoever imports a whole package
afterwards still gets it, with the same classes.
"""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import PathFinder
from types import ModuleType
from typing import Final

OCPP: Final = ("ocpp.v16.enums",)
REDIS: Final = ("redis.exceptions", "redis.backoff", "redis.asyncio.retry", "redis.asyncio.connection")
REDIS_OPTIONAL: Final = ("opentelemetry",)
"""What redis takes along where it is installed, for measurements of its own that we never switch on."""
NEVER_USED: Final = ("httpx._main", "mako.ext.pygmentplugin")
"""Optional parts that draw in a terminal library: httpx's own command, and colours for mako's error pages."""


def leave_out(*names: str) -> None:
    """Make modules unimportable; their packages do without them, as where they are not installed."""
    for name in names:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]


def load_without_packages(names: tuple[str, ...], *, without: tuple[str, ...] = ()) -> None:
    """Import modules while empty packages stand in for their parents; parents that are loaded already stay.

    `without` are optional packages that cannot be imported meanwhile.

    Raises:
        ModuleNotFoundError: a package is not installed.
    """
    parents = {name.rpartition(".")[0] for name in names} | {name.split(".")[0] for name in names}
    with _standing_in(sorted(parents), without):
        for name in names:
            importlib.import_module(name)


@contextmanager
def _standing_in(parents: list[str], without: tuple[str, ...]) -> Iterator[None]:
    added: list[str] = []
    try:
        for name in (name for name in without if name not in sys.modules):
            leave_out(name)
            added.append(name)
        for parent in (parent for parent in parents if parent not in sys.modules):
            sys.modules[parent] = _empty_package(parent)
            added.append(parent)
        yield
    finally:
        for name in added:
            del sys.modules[name]


def _empty_package(name: str) -> ModuleType:
    above = name.rpartition(".")[0]
    spec = PathFinder.find_spec(name, sys.modules[above].__path__ if above else None)
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError(f"no package named {name!r}; is evswarm installed whole?", name=name)
    package = ModuleType(name)
    package.__spec__ = spec
    package.__path__ = list(spec.submodule_search_locations)
    return package
