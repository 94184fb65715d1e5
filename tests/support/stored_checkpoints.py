"""What stations have stored, read beside the running swarm."""

from typing import Any

import msgspec
import redis

from evswarm_shared.bus.keys import Keys
from evswarm_worker.station.checkpoint import Checkpoint

_decoder = msgspec.msgpack.Decoder(Checkpoint)


def read_checkpoints(redis_url: str) -> dict[str, Checkpoint]:
    """station_id → its last checkpoint."""
    client = redis.Redis.from_url(redis_url)
    try:
        stored: Any = client.hgetall(Keys().checkpoints)
    finally:
        client.close()
    return {station_id.decode(): _decoder.decode(blob) for station_id, blob in stored.items()}
