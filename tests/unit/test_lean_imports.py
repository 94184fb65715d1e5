"""What a process loads of the packages that we use only a little of."""

import subprocess
import sys

import pytest

from evswarm_shared.lean_imports import load_without_packages

HEAVY = (
    "ocpp.charge_point",
    "ocpp.v16",
    "redis.client",
    "redis.cluster",
    "jsonschema",
    "valkey",
)


def run(code: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    "module",
    [
        "evswarm_csms.__main__",
        "evswarm_worker.__main__",
        "evswarm_historian.__main__",
        "evswarm_controller.__main__",
        "evswarm_cli.main",
    ],
)
def test_a_process_starts_without_the_heavy_parts(module: str) -> None:
    code = f"import sys, {module}; print([m for m in {HEAVY!r} if m in sys.modules])"
    assert run(code) == "[]"


def test_a_worker_without_certificates_loads_no_cryptography() -> None:
    modules = ("cryptography.x509", "evswarm_worker.station.certificates", "evswarm_worker.key_making")
    code = f"import sys, evswarm_worker.__main__; print([m for m in {modules!r} if m in sys.modules])"
    assert run(code) == "[]"


def test_the_whole_package_may_be_imported_afterwards_and_has_the_same_classes() -> None:
    code = (
        "import evswarm_shared.bus.redis, sys; lean = sys.modules['ocpp.v16.enums'].Action;"
        "connection = sys.modules['redis.asyncio.connection'].Connection;"
        "import ocpp.v16, ocpp.v16.enums as enums, redis, redis.asyncio;"
        "from ocpp.v16 import ChargePoint;"
        "print(enums.Action is lean, redis.asyncio.Connection is connection, redis.Redis.__name__)"
    )
    assert run(code) == "True True Redis"


def test_a_package_that_was_there_before_stays() -> None:
    code = (
        "import redis, sys; whole = sys.modules['redis'];"
        "import evswarm_shared.bus.redis; print(sys.modules['redis'] is whole, 'redis.cluster' in sys.modules)"
    )
    assert run(code) == "True True"


def test_a_missing_package_is_named() -> None:
    with pytest.raises(ModuleNotFoundError, match="no package named 'evswarm_absent'"):
        load_without_packages(("evswarm_absent.part",))
    assert "evswarm_absent" not in sys.modules


@pytest.mark.parametrize("service", ["csms", "worker"])
def test_redis_brings_no_telemetry_kit_along(service: str) -> None:
    code = f"import sys, evswarm_{service}.__main__; print('opentelemetry.sdk.metrics' in sys.modules)"
    assert run(code) == "False"


def test_an_optional_part_is_left_out_and_its_package_does_without() -> None:
    code = (
        "import evswarm_shared, httpx, sys;"
        "print('rich' in sys.modules, httpx.get.__name__, sys.modules['httpx._main'])"
    )
    assert run(code) == "False get None"


def test_what_redis_did_without_can_still_be_imported() -> None:
    code = (
        "import evswarm_shared.bus.redis, sys; before = 'opentelemetry' in sys.modules;"
        "import opentelemetry.trace; print(before, opentelemetry.trace.__name__)"
    )
    assert run(code) == "False opentelemetry.trace"
