"""Fixtures that every tier may use; each lives in the module of tests/support named after what it gives."""

import pytest

pytest.register_assert_rewrite("tests.support")

pytest_plugins = (
    "tests.support.valkey",
    "tests.support.redis_container",
    "tests.support.postgres_container",
)
