"""How many stations the memory of a container allows."""

from pathlib import Path

import pytest

from evswarm_worker.memory_limit import PROCESS_BYTES, STATION_BYTES, memory_limit, stations_in


@pytest.mark.parametrize(
    ("text", "limit"),
    [("max\n", None), ("2147483648\n", 2 << 30), ("9223372036854771712\n", None)],
)
def test_the_limit_is_read_from_the_cgroup(tmp_path: Path, text: str, limit: int | None) -> None:
    (tmp_path / "memory.max").write_text(text)
    assert memory_limit((tmp_path / "memory.max",)) == limit


def test_without_a_cgroup_there_is_no_limit(tmp_path: Path) -> None:
    assert memory_limit((tmp_path / "nothing",)) is None
    assert stations_in(None) is None


def test_a_limit_allows_what_fits_beside_the_process() -> None:
    assert stations_in(PROCESS_BYTES + 1000 * STATION_BYTES) == 1000
    assert stations_in(1) == 1
