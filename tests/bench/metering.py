"""Has the stations of a swarm charge, so that each sends MeterValues with two values every simulated second."""

import asyncio
from typing import Any, Final

import httpx

AT_ONCE: Final = 16
TWO_VALUES: Final = "Energy.Active.Import.Register,Power.Active.Import"
STEPS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("set_configuration", {"key": "MeterValueSampleInterval", "value": "1"}),
    ("set_configuration", {"key": "MeterValuesSampledData", "value": TWO_VALUES}),
    ("plug_in", {"connector_id": 1}),
    ("authorize", {"connector_id": 1, "id_tag": "BENCH"}),
)


async def charge(url: str, station_ids: list[str]) -> int:
    """Set up the stations and plug in a car at connector 1 of each; how many had one already."""
    gate = asyncio.Semaphore(AT_ONCE)
    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as api:

        async def one(station_id: str) -> bool:
            async with gate:
                for action, body in STEPS:
                    answer = await api.post(f"/stations/{station_id}/actions/{action}", json=body)
                    if answer.status_code == httpx.codes.CONFLICT:
                        return True
                    answer.raise_for_status()
                return False

        return sum(await asyncio.gather(*map(one, station_ids)))
