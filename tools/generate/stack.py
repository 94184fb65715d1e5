"""deploy/stack.yml, for `docker stack deploy` on several machines, from docker-compose.yml.

Swarm mode refuses or ignores much of what the compose file says, and says other things instead: limits, restarts and
rolling updates stand under `deploy`, files are configs, and nothing waits for anything but its health check. Nothing
but the gateway is published, because a stack's ports are open on every address of the machine.
"""

import copy
import hashlib
import re
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).resolve().parents[2]
LEFT_OUT: Final = frozenset({"prometheus", "grafana"})
"""They would have to be published to be of use. One that is attached to the network `swarm` finds every process."""
REFUSED: Final = ("build", "depends_on", "env_file", "mem_limit", "pids_limit", "restart", "security_opt")
STORE_NODE: Final = "node.labels.evswarm.store == true"
"""Where services with a volume run: their data is on one machine, so the user chooses it."""
SCALED: Final = {"worker": 2, "csms": 2, "controller": 2, "gateway": None}
"""Replicas to begin with; None is one on every node."""
ONLY_ONE: Final = frozenset({"historian"})
"""Services that must not run twice at a time though they hold neither a port nor a volume: two historians would share
the streams, and each would take the other's records for lost."""
ELSEWHERE: Final = {
    "controller": {
        "EVSWARM_TRUSTED_NETWORK": "${EVSWARM_TRUSTED_NETWORK:-false}",
        "EVSWARM_GRAFANA_URL": "${EVSWARM_GRAFANA_URL:-}",
        "EVSWARM_PROMETHEUS_URL": "${EVSWARM_PROMETHEUS_URL:-}",
    }
}
"""A stack is published on every address of its machines, so it has to be told that they are among friends; and what is
left out of it is nowhere unless somebody says where."""
MEBIBYTES: Final = {"m": 1, "g": 1024}

HEADER: Final = """\
# The swarm on several machines: docker stack deploy -c deploy/stack.yml evswarm   (docs/scaling.md)
# Generated from docker-compose.yml by tools/generate/stack.py.
"""


def files() -> dict[str, str]:
    """The one file."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    stack = stack_of(compose)
    return {"deploy/stack.yml": HEADER + yaml.safe_dump(stack, sort_keys=False, width=120)}


def stack_of(compose: dict[str, Any]) -> dict[str, Any]:
    """What Swarm mode takes of a compose file."""
    configs: dict[str, dict[str, str]] = {}
    services = {
        name: _service(name, copy.deepcopy(service), configs)
        for name, service in compose["services"].items()
        if name not in LEFT_OUT
    }
    used = {network for service in services.values() for network in service["networks"]}
    kept = {v.split(":")[0] for service in services.values() for v in service.get("volumes", ())}
    return {
        "version": "3.9",
        "services": services,
        "configs": configs,
        "networks": {
            name: {"driver": "overlay", "attachable": name == "swarm"} | (options or {})
            for name, options in compose["networks"].items()
            if name in used
        },
        "volumes": {name: options or {} for name, options in compose["volumes"].items() if name in kept},
    }


def _service(name: str, service: dict[str, Any], configs: dict[str, dict[str, str]]) -> dict[str, Any]:
    limits: dict[str, Any] = {}
    if "mem_limit" in service:
        limits["memory"] = f"{_mebibytes(service['mem_limit'])}M"
    if "pids_limit" in service:
        limits["pids"] = service["pids_limit"]
    if "environment" in service:
        environment = service["environment"] | ELSEWHERE.get(name, {})
        service["environment"] = dict(sorted(environment.items()))
    if "ports" in service:
        service["ports"] = [_published(port) for port in service["ports"]]
    if "image" in service and "build" in service:
        service["image"] = f"${{EVSWARM_REGISTRY:-}}{service['image']}:${{EVSWARM_VERSION:-latest}}"
    for key in REFUSED:
        service.pop(key, None)
    _files_as_configs(service, configs)
    service["deploy"] = _deploy(name, limits, holds_data="volumes" in service)
    return service


def _deploy(name: str, limits: dict[str, Any], *, holds_data: bool) -> dict[str, Any]:
    replicas = SCALED.get(name, 1)
    # What holds a port or a volume cannot run twice at a time.
    alone = holds_data or replicas is None or name in ONLY_ONE
    deploy: dict[str, Any] = (
        {"mode": "global"} if replicas is None else {"mode": "replicated", "replicas": replicas}
    )
    # A name stands for the addresses of all replicas, not for one virtual address: the gateway and the workers choose.
    deploy["endpoint_mode"] = "dnsrr"
    if limits:
        deploy["resources"] = {"limits": limits}
    deploy["restart_policy"] = {"condition": "any", "delay": "2s"}
    deploy["update_config"] = {
        "parallelism": 1,
        "delay": "5s",
        "order": "stop-first" if alone else "start-first",
        "failure_action": "pause",
    }
    if holds_data:
        deploy["placement"] = {"constraints": [STORE_NODE]}
    elif replicas is not None:
        deploy["placement"] = {"preferences": [{"spread": "node.id"}]}
    return deploy


def _files_as_configs(service: dict[str, Any], configs: dict[str, dict[str, str]]) -> None:
    volumes = []
    for volume in service.pop("volumes", ()):
        source, target = volume.split(":")[:2]
        if not source.startswith("./"):
            volumes.append(volume)
            continue
        name = re.sub(r"[^a-z0-9]+", "-", Path(source).name.lower()).strip("-")
        # Paths in a stack file count from the stack file.
        path = source.removeprefix("./")
        # A config never changes: another content is another config, or an update of the stack would be refused.
        digest = hashlib.sha256((ROOT / path).read_bytes()).hexdigest()[:12]
        configs[name] = {"name": f"evswarm-{name}-{digest}", "file": f"../{path}"}
        service.setdefault("configs", []).append({"source": name, "target": target})
    if volumes:
        service["volumes"] = volumes


def _published(port: str) -> dict[str, Any]:
    """Published by each node itself: one gateway a node, without a routing mesh in between."""
    address, _, target = port.rpartition(":")
    # The address is dropped: a stack publishes on all of them.
    published = address.split("}:", 1)[-1]
    return {"target": int(target), "published": published, "protocol": "tcp", "mode": "host"}


def _mebibytes(limit: str) -> int:
    return int(limit[:-1]) * MEBIBYTES[limit[-1].lower()]
