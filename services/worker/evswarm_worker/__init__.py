"""A worker: runs one shard of the swarm. `station` and `behaviour` are pure, the rest is their shell."""

import evswarm_shared  # noqa: F401 - first of all: it loads ocpp lean
