"""deploy/kubernetes: valid by the API's own schemas, whole, and in step with the compose file and the settings."""

from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import kubernetes_validate
import pytest
import yaml

from evswarm_shared.settings import known_names
from tests.support.machine import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"
VERSION = "1.34"
SCALED = ("csms", "controller", "worker")
SERVICES = (*SCALED, "historian")


@cache
def kustomization() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
    return loaded


@cache
def documents() -> list[dict[str, Any]]:
    return [
        document
        for name in kustomization()["resources"]
        for document in yaml.safe_load_all((FOLDER / name).read_text())
    ]


def of(kind: str) -> dict[str, dict[str, Any]]:
    return {d["metadata"]["name"]: d for d in documents() if d["kind"] == kind}


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    for kind in ("Deployment", "StatefulSet"):
        for name, document in of(kind).items():
            yield name, document["spec"]["template"]["spec"]


def problems(document: dict[str, Any]) -> list[str]:
    try:
        kubernetes_validate.validate(document, VERSION, strict=True)
    except kubernetes_validate.ValidationError as error:
        return [str(error.message)]
    return []


def test_every_manifest_is_what_the_api_takes() -> None:
    found = {f"{d['kind']} {d['metadata']['name']}": problems(d) for d in documents()}
    assert not {name: said for name, said in found.items() if said}


@pytest.mark.parametrize("change", [{"replicas": "two"}, {"replicaz": 2}])
def test_the_check_sees_a_wrong_and_an_unknown_field(change: dict[str, Any]) -> None:
    worker = of("Deployment")["worker"]
    assert problems(worker | {"spec": worker["spec"] | change})


def test_every_file_is_named_in_the_kustomization() -> None:
    files = {path.name for path in FOLDER.glob("*.yaml")} - {"kustomization.yaml"}
    assert files == set(kustomization()["resources"])


def test_every_setting_is_known() -> None:
    (generated,) = kustomization()["configMapGenerator"]
    names = {literal.split("=")[0] for literal in generated["literals"]}
    assert names <= known_names()
    for _, pod in pods():
        sources = [s for c in pod["containers"] for s in c.get("envFrom", ())]
        assert {s["configMapRef"]["name"] for s in sources if "configMapRef" in s} <= {generated["name"]}


def test_the_controller_gets_its_token_from_a_secret_and_trusts_nobody() -> None:
    (generated,) = kustomization()["configMapGenerator"]
    settings = dict(literal.split("=", 1) for literal in generated["literals"])
    assert not {"EVSWARM_API_TOKEN", "EVSWARM_TRUSTED_NETWORK"} & settings.keys()
    (container,) = dict(pods())["controller"]["containers"]
    assert {"secretRef": {"name": "evswarm-access", "optional": True}} in container["envFrom"]
    assert "controller" in settings["EVSWARM_ALLOWED_HOSTS"].split(",")


def test_the_historian_and_its_database_get_their_password_from_one_secret() -> None:
    (generated,) = kustomization()["configMapGenerator"]
    assert not [literal for literal in generated["literals"] if "DATABASE_URL" in literal]
    for name, variable in (("historian", "EVSWARM_DATABASE_URL"), ("postgres", "POSTGRES_PASSWORD")):
        (container,) = dict(pods())[name]["containers"]
        secret = {"secretKeyRef": {"name": "evswarm-database", "key": variable}}
        assert {"name": variable, "valueFrom": secret} in container["env"]
        # The commands that make the secret stand in the file and in the document.
        for text in (FOLDER / "historian.yaml", ROOT / "docs" / "scaling.md"):
            assert f"--from-literal={variable}=" in text.read_text()


def test_one_historian_writes_and_is_gone_before_the_next_one_starts() -> None:
    spec = of("Deployment")["historian"]["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


def test_services_are_asked_where_they_listen() -> None:
    (generated,) = kustomization()["configMapGenerator"]
    settings = dict(literal.split("=", 1) for literal in generated["literals"])
    for variable in ("EVSWARM_REDIS_URL", "EVSWARM_CSMS_URL", "EVSWARM_HISTORIAN_URL"):
        address = urlsplit(settings[variable])
        assert address.port in {
            port["port"] for port in of("Service")[str(address.hostname)]["spec"]["ports"]
        }
    assert settings["EVSWARM_HISTORIAN_HOST"] == "0.0.0.0"


def test_images_are_those_of_the_compose_file() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    for name, pod in pods():
        assert [c["image"] for c in pod["containers"]] == [compose[name]["image"]]
    assert {i["name"] for i in kustomization()["images"]} == {f"evswarm/{name}" for name in SERVICES}


def test_every_pod_is_unprivileged_limited_and_probed() -> None:
    for _, pod in pods():
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        for container in pod["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"]["memory"]
            assert {"readinessProbe", "livenessProbe"} <= container.keys()


@pytest.mark.parametrize("kind", ["Service", "PodDisruptionBudget"])
def test_selectors_meet_pods(kind: str) -> None:
    labels = {
        name: document["spec"]["template"]["metadata"]["labels"]
        for k in ("Deployment", "StatefulSet")
        for name, document in of(k).items()
    }
    for name, document in of(kind).items():
        selector = document["spec"]["selector"]
        wanted = selector.get("matchLabels", selector)
        assert wanted.items() <= labels[name].items()


def test_what_scales_has_a_disruption_budget_and_the_workers_an_autoscaler() -> None:
    assert set(of("PodDisruptionBudget")) == set(SCALED)
    (autoscaler,) = of("HorizontalPodAutoscaler").values()
    assert autoscaler["spec"]["scaleTargetRef"]["name"] in of("Deployment")


def test_the_autoscaler_counts_by_a_metric_that_workers_serve() -> None:
    (autoscaler,) = of("HorizontalPodAutoscaler").values()
    (metric,) = autoscaler["spec"]["metrics"]
    assert f"`{metric['pods']['metric']['name']}`" in (ROOT / "docs" / "metrics.md").read_text()


def test_ports_that_services_offer_are_ports_that_pods_have() -> None:
    open_ports = {name: {p["name"] for c in pod["containers"] for p in c["ports"]} for name, pod in pods()}
    for name, service in of("Service").items():
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= open_ports[name]


def test_only_named_neighbours_reach_the_store() -> None:
    policies = of("NetworkPolicy")
    assert policies["nothing-by-default"]["spec"]["podSelector"] == {}
    assert "ingress" not in policies["nothing-by-default"]["spec"]
    assert named(policies["store"]["spec"]["ingress"][0]["from"][0]["podSelector"]) == set(SERVICES)
    assert named(policies["database"]["spec"]["ingress"][0]["from"][0]["podSelector"]) == {"historian"}


def named(selector: dict[str, Any]) -> set[str]:
    """The pods that a selector means, by name."""
    label = "app.kubernetes.io/name"
    listed = {
        v for e in selector.get("matchExpressions", ()) if e["key"] == label for v in e.get("values", ())
    }
    return listed | {v for k, v in selector.get("matchLabels", {}).items() if k == label}


def ways(direction: str) -> set[tuple[str, str, int]]:
    """Who, whom, port: those that may talk by the policies of one direction, of pods named on both ends."""
    side, far = {"Egress": ("egress", "to"), "Ingress": ("ingress", "from")}[direction]
    found = set()
    for policy in of("NetworkPolicy").values():
        spec = policy["spec"]
        for rule in spec.get(side, ()):
            # Without a list of peers, everybody.
            peers = rule.get(far, [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "*"}}}])
            others = {name for peer in peers for name in named(peer.get("podSelector", {}))}
            for near in named(spec["podSelector"]):
                for other in others:
                    way = (near, other) if direction == "Egress" else (other, near)
                    found |= {(*way, port["port"]) for port in rule["ports"]}
    return found


def test_whoever_is_let_out_is_let_in_at_a_port_that_is_there() -> None:
    inward = ways("Ingress")
    open_ports = {
        name: {port["containerPort"] for container in pod["containers"] for port in container["ports"]}
        for name, pod in pods()
    }
    outward = ways("Egress")
    assert {("historian", "postgres", 5432), ("controller", "historian", 8100)} <= outward
    for who, whom, port in outward:
        assert {(who, whom, port), ("*", whom, port)} & inward, (who, whom, port)
        assert port in open_ports[whom]
