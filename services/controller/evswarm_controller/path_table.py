"""Which methods each path knows. The framework tells of the first route that has a path, but each method is a route."""

import re
from collections.abc import Iterable

from starlette.routing import BaseRoute, Route


class PathTable:
    """The paths of all routes."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        methods: dict[str, set[str]] = {}
        patterns: dict[str, re.Pattern[str]] = {}
        for route in routes:
            if isinstance(route, Route):
                methods.setdefault(route.path, set()).update(route.methods or ())
                patterns[route.path] = route.path_regex
        # The most literal first: /stations/bulk is no station of that name.
        order = sorted(methods, key=lambda path: path.count("{"))
        self._paths = [(patterns[path], frozenset(methods[path])) for path in order]

    def methods(self, path: str) -> tuple[str, ...]:
        """The methods of what this path means, in alphabetical order; none when it leads nowhere."""
        for pattern, methods in self._paths:
            if pattern.match(path):
                return tuple(sorted(methods))
        return ()

    def leads(self, method: str, path: str) -> bool:
        """Whether a request with this method and path finds a route."""
        return any(method in methods and pattern.match(path) for pattern, methods in self._paths)
