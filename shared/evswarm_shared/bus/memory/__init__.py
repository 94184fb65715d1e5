"""The bus in memory: the same operations without a store, for unit tests.

`MemoryStore` is what the processes share, `MemoryBus` is one process's way to it.
"""

from evswarm_shared.bus.memory.adapter import MemoryBus
from evswarm_shared.bus.memory.store import MemoryStore

__all__ = ["MemoryBus", "MemoryStore"]
