"""What one change costs on the bus does not depend on how large the swarm is."""

import asyncio

from tests.bench.million import simulate

SMALL, LARGE = (1_000, 10), (20_000, 200)
"""Stations and workers: a hundred stations a worker in both."""


def test_a_worker_tells_and_hears_as_much_in_a_large_swarm_as_in_a_small_one() -> None:
    small, large = (asyncio.run(simulate(*size))["bus"] for size in (SMALL, LARGE))
    alone = (
        "one worker's heartbeat",
        "a worker tells one row",
        "a worker tells all its rows",
        "a worker claims its share",
    )
    for change in alone:
        for way in ("bytes_to_store", "bytes_from_store"):
            assert large[change][way] < 1.2 * small[change][way], f"{change}: {way}"
    together = "every worker's heartbeat once"
    assert large[together]["bytes_to_store"] < 1.2 * 20 * small[together]["bytes_to_store"]
