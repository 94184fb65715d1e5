"""What a database's address names."""

from pathlib import Path

import pytest

from evswarm_historian.database import Database


@pytest.mark.parametrize("name", ["history.db", "a b.db", "100%20.db", "what?.db", "half#.db"])
def test_the_name_of_a_file_is_taken_as_it_stands(tmp_path: Path, name: str) -> None:
    database = Database(f"sqlite:///{tmp_path / name}")
    assert database.path == tmp_path / name
    assert database.engine.url.database == str(tmp_path / name)
