"""What the contract needs from a store: buses on it, and time that can be moved."""

import uuid
from typing import Protocol

from redis.asyncio import Redis

from evswarm_shared.bus.memory import MemoryBus, MemoryStore
from evswarm_shared.bus.port import Bus
from evswarm_shared.bus.redis import RedisBus


class Harness(Protocol):
    """One store for one test."""

    def bus(self) -> Bus:
        """A further process's bus on this store."""
        ...

    async def pass_time(self, seconds: float) -> None:
        """Let everything that has a life in the store be this much older."""
        ...


class MemoryHarness:
    """A store in memory with a clock that only moves when told."""

    def __init__(self, *, transactions_kept: int) -> None:
        self.time = 1_700_000_000.0
        self.store = MemoryStore(lambda: self.time, transactions_kept=transactions_kept)

    def bus(self) -> Bus:
        """See `Harness.bus`."""
        return MemoryBus(self.store)

    async def pass_time(self, seconds: float) -> None:
        """See `Harness.pass_time`."""
        self.time += seconds


class RedisHarness:
    """A prefix of its own in a running store; time passes by shortening the life of every key under it."""

    def __init__(self, url: str, *, transactions_kept: int) -> None:
        self.url = url
        self.prefix = f"test-{uuid.uuid4().hex}"
        self.raw = Redis.from_url(url)
        self._transactions_kept = transactions_kept
        self._buses: list[RedisBus] = []

    def bus(self) -> Bus:
        """See `Harness.bus`."""
        bus = RedisBus.connect(
            self.url, self.prefix, timeout_seconds=10.0, transactions_kept=self._transactions_kept
        )
        self._buses.append(bus)
        return bus

    async def keys(self) -> list[bytes]:
        """Every key of this test."""
        return [key async for key in self.raw.scan_iter(match=f"{self.prefix}:*", count=1000)]

    async def pass_time(self, seconds: float) -> None:
        """See `Harness.pass_time`."""
        for key in await self.keys():
            left_ms = await self.raw.pttl(key)
            if left_ms > seconds * 1000:
                await self.raw.pexpire(key, round(left_ms - seconds * 1000))
            elif left_ms >= 0:
                await self.raw.delete(key)

    async def close(self) -> None:
        """Close all buses and leave nothing in the store."""
        for bus in self._buses:
            await bus.close()
        keys = await self.keys()
        if keys:
            await self.raw.delete(*keys)
        await self.raw.aclose()
