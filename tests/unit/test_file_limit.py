"""How many stations the open files allow."""

import resource

import pytest

from evswarm_shared import file_limit


def test_the_capacity_leaves_files_for_everything_else() -> None:
    assert file_limit.capacity(20_000, None) == 20_000 - file_limit.RESERVED
    assert file_limit.capacity(20_000, 500) == 500
    assert file_limit.capacity(1000, 5000) == 1000 - file_limit.RESERVED
    assert file_limit.capacity(10, None) == 1


def test_the_soft_limit_is_raised_to_the_hard_one(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = [(1024, 20_000)]
    monkeypatch.setattr(resource, "getrlimit", lambda which: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda which, new: limits.append(new))
    assert file_limit.raise_file_limit() == 20_000


def test_a_limit_that_cannot_be_raised_is_lived_with(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(which: int, new: tuple[int, int]) -> None:
        raise ValueError("not permitted")

    monkeypatch.setattr(resource, "getrlimit", lambda which: (1024, resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert file_limit.raise_file_limit() == 1024
