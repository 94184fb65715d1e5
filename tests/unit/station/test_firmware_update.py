"""The table of an update's stages, over the full product, and the version in a file's name."""

from itertools import product

import pytest

from evswarm_worker.station.firmware_update import (
    OVER,
    TRANSITIONS,
    FirmwareUpdate,
    Stage,
    UpdateEvent,
    host_of,
    version_of,
)


@pytest.mark.parametrize(("stage", "event"), list(product(Stage, UpdateEvent)))
def test_every_stage_knows_every_event_or_ignores_it(stage: Stage, event: UpdateEvent) -> None:
    update = FirmwareUpdate("http://x/", 0.0, 1, 1.0, stage=stage)
    moved = update.apply(event)
    assert moved is ((stage, event) in TRANSITIONS)
    assert update.stage is (TRANSITIONS[stage, event] if moved else stage)


def test_what_is_over_stays_over_and_every_other_stage_leads_there() -> None:
    assert not {stage for stage, _ in TRANSITIONS} & OVER
    reached = set(OVER)
    for _ in Stage:
        reached |= {stage for (stage, _), target in TRANSITIONS.items() if target in reached}
    assert reached == set(Stage)


@pytest.mark.parametrize(
    ("location", "version"),
    [
        ("http://x/box-2.4.1.bin", "2.4.1"),
        ("ftp://x/a/b/v10.2.img?sig=1.1", "10.2"),
        ("http://x/2.0.0-rc1.bin", "2.0.0-rc1"),
        ("http://x/fresh.bin", "fresh"),
        ("http://x/", "unnamed"),
        ("http://x/" + "1." * 60 + "1", ("1." * 60)[:50]),
    ],
)
def test_the_version_is_read_from_the_name_of_the_file(location: str, version: str) -> None:
    assert version_of(location) == version


def test_logs_show_where_an_image_comes_from_but_no_password() -> None:
    assert host_of("ftp://user:secret@files.example:2121/x.bin") == "files.example:2121"
