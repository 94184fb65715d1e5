"""deploy/stack.yml: what Swarm mode gets of docker-compose.yml."""

import re
from typing import Any

import pytest
import yaml

from evswarm_shared.settings import DEPLOYMENT_NAMES, ControllerSettings, known_names
from tests.support.machine import ROOT
from tools.generate.stack import REFUSED, stack_of


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


@pytest.fixture(scope="module")
def stack(compose: dict[str, Any]) -> dict[str, Any]:
    return stack_of(compose)


def test_only_the_gateway_is_published(stack: dict[str, Any]) -> None:
    assert [name for name, service in stack["services"].items() if "ports" in service] == ["gateway"]
    assert [port["target"] for port in stack["services"]["gateway"]["ports"]] == [8000, 9000]


def test_a_controller_that_is_published_everywhere_is_not_on_a_trusted_network(
    compose: dict[str, Any], stack: dict[str, Any]
) -> None:
    at_home = compose["services"]["controller"]["environment"]
    abroad = stack["services"]["controller"]["environment"]
    assert at_home["EVSWARM_TRUSTED_NETWORK"] == "${EVSWARM_TRUSTED_NETWORK:-${PUBLISH_ADDRESS:-true}}"
    assert abroad["EVSWARM_TRUSTED_NETWORK"] == "${EVSWARM_TRUSTED_NETWORK:-false}"
    assert abroad["EVSWARM_API_TOKEN"] == at_home["EVSWARM_API_TOKEN"] == "${EVSWARM_API_TOKEN:-}"


@pytest.mark.parametrize("setting", ["EVSWARM_GRAFANA_URL", "EVSWARM_PROMETHEUS_URL"])
def test_what_is_left_out_of_the_stack_is_linked_to_only_if_somebody_says_where_it_is(
    compose: dict[str, Any], stack: dict[str, Any], setting: str
) -> None:
    assert "http://127.0.0.1" in compose["services"]["controller"]["environment"][setting]
    assert stack["services"]["controller"]["environment"][setting] == f"${{{setting}:-}}"


def test_nothing_is_left_that_swarm_mode_refuses(stack: dict[str, Any]) -> None:
    assert not [(n, key) for n, service in stack["services"].items() for key in REFUSED if key in service]


def test_limits_are_those_of_the_compose_file(compose: dict[str, Any], stack: dict[str, Any]) -> None:
    for name, service in stack["services"].items():
        limits = service["deploy"]["resources"]["limits"]
        assert limits["pids"] == compose["services"][name]["pids_limit"]
        asked = compose["services"][name]["mem_limit"]
        assert limits["memory"] == {"256m": "256M", "512m": "512M", "1g": "1024M", "2g": "2048M"}[asked]


def test_the_store_refuses_before_it_is_killed(compose: dict[str, Any]) -> None:
    pods = yaml.safe_load_all((ROOT / "deploy" / "kubernetes" / "redis.yaml").read_text())
    (container,) = [
        each
        for pod in pods
        if pod["kind"] == "StatefulSet"
        for each in pod["spec"]["template"]["spec"]["containers"]
    ]
    assert compose["services"]["redis"]["mem_limit"] == "1g"
    assert container["resources"]["limits"]["memory"] == "1Gi"
    for command in (compose["services"]["redis"]["command"], container["args"]):
        assert command[command.index("--maxmemory") + 1] == "768mb"
        assert command[command.index("--maxmemory-policy") + 1] == "noeviction"


def test_what_holds_data_stays_on_its_machine_and_is_never_there_twice(stack: dict[str, Any]) -> None:
    deploy = stack["services"]["redis"]["deploy"]
    assert deploy["placement"] == {"constraints": ["node.labels.evswarm.store == true"]}
    assert deploy["update_config"]["order"] == "stop-first"


def test_what_scales_is_replaced_before_it_is_stopped(stack: dict[str, Any]) -> None:
    for name in ("worker", "csms", "controller"):
        deploy = stack["services"][name]["deploy"]
        assert deploy["replicas"] >= 2
        assert deploy["endpoint_mode"] == "dnsrr"
        assert deploy["update_config"]["order"] == "start-first"


def test_a_historian_is_gone_before_the_next_one_reads(stack: dict[str, Any]) -> None:
    deploy = stack["services"]["historian"]["deploy"]
    assert deploy["replicas"] == 1
    assert deploy["update_config"]["order"] == "stop-first"


def test_every_file_config_and_network_that_is_used_is_there(stack: dict[str, Any]) -> None:
    for service in stack["services"].values():
        assert set(service["networks"]) <= stack["networks"].keys()
        assert {config["source"] for config in service.get("configs", ())} <= stack["configs"].keys()
    for config in stack["configs"].values():
        assert (ROOT / "deploy" / config["file"]).is_file()


def test_the_overlay_for_tls_fits_the_compose_file_and_the_gateway(compose: dict[str, Any]) -> None:
    overlay = yaml.safe_load((ROOT / "deploy" / "tls.yml").read_text())
    gateway = (ROOT / "deploy" / "haproxy.cfg").read_text()
    assert set(overlay["services"]) <= set(compose["services"])
    names = {name for service in overlay["services"].values() for name in service.get("environment", ())}
    assert names <= known_names()
    port = overlay["services"]["csms"]["environment"]["EVSWARM_CSMS_TLS_PORT"]
    assert overlay["services"]["worker"]["environment"]["EVSWARM_CSMS_TLS_URL"].endswith(f":{port}")
    assert overlay["services"]["gateway"]["ports"][0].endswith(f":{port}")
    assert f"bind :{port}\n" in gateway and f"csms:{port} check" in gateway


def test_whom_a_dead_replica_was_to_serve_is_led_to_another_one() -> None:
    gateway = (ROOT / "deploy" / "haproxy.cfg").read_text()
    defaults = gateway.partition("\ndefaults\n")[2].partition("\n\n")[0]
    assert "option redispatch 1" in [line.strip() for line in defaults.splitlines()]


def test_the_names_of_the_images_may_stand_in_the_shell_that_the_commands_run_in() -> None:
    named = set(re.findall(r"\$\{(EVSWARM_\w+)", (ROOT / "deploy/stack.yml").read_text()))
    assert named - known_names() == DEPLOYMENT_NAMES
    ControllerSettings.load(dict.fromkeys(DEPLOYMENT_NAMES, "1.0"))
