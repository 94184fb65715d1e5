"""What the services of a running swarm write about themselves."""

import json
import re
from collections.abc import Iterator

import pytest

from evswarm_shared.telemetry.service_log import FIELDS
from tools.panel_check.activity import be_busy
from tools.panel_check.local_stack import LocalStack

KEY = "a-very-secret-key-0123"
PASSWORD = "the-stores-password"
TAG = "CAFE4711CAFE"
STATIONS = 6
SERVICES = ("csms", "controller", "worker", "historian")

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The log of each service at its most talkative, after a busy time and a failure."""
    settings = {
        "EVSWARM_LOG_LEVEL": "DEBUG",
        "EVSWARM_CSMS_AUTH_KEY": KEY,
        "EVSWARM_PROFILE": "public",
        "EVSWARM_COMMAND_TIMEOUT_SECONDS": "3",
    }
    folder = tmp_path_factory.mktemp("history")
    with LocalStack(STATIONS, **settings) as stack:
        stack.service("worker")
        stack.wait_for_running(STATIONS)
        stack.post("/stations/CP-000001/actions/plug_in", {"connector_id": 1})
        stack.post("/stations/CP-000001/actions/authorize", {"connector_id": 1, "id_tag": TAG})
        body = {"key": "AuthorizationKey", "value": KEY}
        stack.post("/csms/stations/CP-000002/commands/ChangeConfiguration", body)
        start = {"idTag": TAG, "connectorId": 1}
        stack.post("/csms/stations/CP-000003/commands/RemoteStartTransaction", start)
        be_busy(stack, 3)
        stack.kill("store")
        stack.wait(lambda: "store" in stack.log("worker"), "the worker does not notice", 20)
        # A store with a password that is not there: the message must not repeat it.
        wrong = f"redis://user:{PASSWORD}@127.0.0.1:9/0"
        for service in SERVICES:
            own = {"EVSWARM_PORT": "0", "EVSWARM_CSMS_PORT": "0", "EVSWARM_HISTORIAN_PORT": "0"}
            own["EVSWARM_DATABASE_URL"] = f"sqlite:///{folder}/history.db"
            stack.service(service, f"{service}-without-store", EVSWARM_REDIS_URL=wrong, **own)
        stack.processes["csms-without-store"].wait(20)
        stack.processes["controller-without-store"].wait(20)
        stack.processes["worker-without-store"].wait(20)
        # What it cannot read waits in the store, so it waits as well.
        stack.wait(
            lambda: "store" in stack.log("historian-without-store"), "the historian does not notice", 20
        )
        yield {name: stack.log(name) for name in [*SERVICES, *(f"{s}-without-store" for s in SERVICES)]}


def test_no_key_password_or_tag_is_in_any_line(logs: dict[str, str]) -> None:
    assert all(logs[name] for name in logs)
    for name, text in logs.items():
        for secret in (KEY, PASSWORD, TAG):
            assert secret not in text, name


def test_every_line_is_an_object_with_the_same_names_in_every_service(logs: dict[str, str]) -> None:
    always = {"time", "level", "service", "logger", "message"}
    for service in SERVICES:
        for line in logs[service].splitlines():
            entry = json.loads(line)
            assert always <= entry.keys() <= always | {*FIELDS, "traceback"}
            assert entry["service"] == service
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00", entry["time"])


def test_lines_say_which_operation_and_which_worker_they_are_about(logs: dict[str, str]) -> None:
    operations = [json.loads(line) for line in logs["controller"].splitlines() if "operation_id" in line]
    assert operations
    lines = [json.loads(line) for line in logs["worker"].splitlines()]
    named = [entry for entry in lines if "has a lease" in entry["message"]]
    assert named
    assert named[0]["worker"] in named[0]["message"]
