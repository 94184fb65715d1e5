"""Work that nobody waits for."""

import asyncio

import pytest

from evswarm_csms.dispatch import FailedPart
from evswarm_csms.service import CentralSystem
from evswarm_csms.supervision import supervised
from evswarm_shared.bus.memory import MemoryBus
from evswarm_shared.settings import CsmsSettings
from evswarm_shared.telemetry.counts import Tally


async def broken() -> None:
    raise ZeroDivisionError


async def test_what_fails_is_logged_and_counted_and_goes_no_further(caplog: pytest.LogCaptureFixture) -> None:
    failures = Tally(FailedPart)
    await supervised(broken(), failures)
    assert failures["errand"] == 1
    [record] = caplog.records
    assert record.levelname == "ERROR" and record.exc_info is not None


async def test_an_end_from_outside_goes_through() -> None:
    failures = Tally(FailedPart)
    work = asyncio.create_task(supervised(asyncio.sleep(3600), failures))
    await asyncio.sleep(0)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert not any(failures.values())


async def test_the_central_system_outlives_what_it_has_begun(caplog: pytest.LogCaptureFixture) -> None:
    system = CentralSystem(CsmsSettings(), MemoryBus())
    async with asyncio.TaskGroup() as group:
        system._group = group
        await system._office.spawn(broken())
    assert system._failures["errand"] == 1
    assert "broken" in caplog.text
