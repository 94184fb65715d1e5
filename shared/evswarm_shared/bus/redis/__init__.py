"""The bus on Redis or Valkey. The only place that imports the `redis` library.

`link` is the one connection and its round trips, `subscription` the channels, `scripts/*.lua` the atomic steps, and
`worker`, `controller` and `csms` the operations of the port by who calls them.
"""

from evswarm_shared import lean_imports

lean_imports.load_without_packages(lean_imports.REDIS, without=lean_imports.REDIS_OPTIONAL)

from evswarm_shared.bus.redis.adapter import RedisBus  # noqa: E402 - it imports parts of redis

__all__ = ["RedisBus"]
