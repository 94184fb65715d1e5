"""A real Grafana over the compose file: `python -m tools.grafana_smoke`, or with `--url` one that runs already.

Asks its API whether every dashboard is there as provisioned and whether every panel's query brings data, and saves a
picture of each dashboard where the image renderer is installed. Exit code 1 when something is missing, 2 when Grafana
cannot be started.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from evswarm_cli.ports import free_port
from tools.generate.sessions_dashboard import ENDED
from tools.panel_check.queries import ROOT, every_dashboard, filled, queries_of

PROJECT: Final = "evswarm-grafana-smoke"
DATASOURCE: Final = {"type": "prometheus", "uid": "evswarm-prometheus"}
SETTLE_SECONDS: Final = 75
"""From the start of the stack until rates over a minute exist."""
ASKED: Final = frozenset({"stat", "timeseries", "heatmap", "table", "variable"})
PICTURE: Final[dict[str, str | int]] = {
    "width": 1400,
    "height": 1600,
    "kiosk": "1",
    "from": "now-5m",
    "to": "now",
    "theme": "light",
}


@dataclass(frozen=True)
class Question:
    """What one place of a dashboard asks its source, as Grafana's own pages send it."""

    place: str
    target: dict[str, Any]
    may_be_empty: bool


def questions_of(board: dict[str, Any]) -> Iterator[Question]:
    """Everything that a dashboard asks, of Prometheus or of the history."""
    in_sql = [(p["title"], t) for p in board["panels"] for t in p.get("targets", ()) if "rawSql" in t]
    for place, target in in_sql:
        # No session ends within the first minute.
        yield Question(place, target, ENDED in target["rawSql"])
    for query in () if in_sql else queries_of(board):
        if query.kind in ASKED:
            expr = filled(query.expr, rate_interval="20s", time_range="300s")
            target = {"refId": "A", "datasource": DATASOURCE, "expr": expr, "range": True}
            # What shows only what is above zero may be empty: nothing goes wrong in a swarm that is well.
            yield Question(query.place, target, expr.rstrip().endswith("> 0"))


def problems(grafana: httpx.Client, boards: list[dict[str, Any]]) -> Iterator[str]:
    """What is not as it should be, one line each."""
    health = grafana.get("/api/health").raise_for_status().json()
    if health.get("database") != "ok":
        yield f"Grafana is not well: {health}"
    found = grafana.get("/api/search", params={"type": "dash-db", "tag": "evswarm"}).raise_for_status().json()
    uids = {each["uid"] for each in found}
    for board in boards:
        if board["uid"] not in uids:
            yield f"{board['title']}: not provisioned"
            continue
        answer = grafana.get(f"/api/dashboards/uid/{board['uid']}").raise_for_status().json()
        if not answer["meta"].get("provisioned"):
            yield f"{board['title']}: there, but not from the provisioned files"
        if len(answer["dashboard"]["panels"]) != len(board["panels"]):
            yield f"{board['title']}: Grafana shows {len(answer['dashboard']['panels'])} panels"
        for question in questions_of(board):
            wrong = _ask(grafana, question)
            if wrong:
                yield f"{board['title']} / {question.place}: {wrong}"


def _ask(grafana: httpx.Client, question: Question) -> str:
    """What is wrong with the answer to one question; empty if nothing is."""
    target = {**question.target, "intervalMs": 5000, "maxDataPoints": 500}
    answer = grafana.post("/api/ds/query", json={"queries": [target], "from": "now-5m", "to": "now"})
    if answer.is_error:
        return f"HTTP {answer.status_code}: {answer.text[:200]}"
    result = answer.json()["results"]["A"]
    if result.get("error"):
        return str(result["error"])
    filled_frames = [frame for frame in result.get("frames", ()) if any(frame["data"]["values"])]
    if not filled_frames and not question.may_be_empty:
        return "no data"
    return ""


def save_pictures(grafana: httpx.Client, boards: list[dict[str, Any]], folder: Path) -> list[Path]:
    """A picture of each dashboard; none where the image renderer is not installed."""
    settings = grafana.get("/api/frontend/settings")
    if settings.is_error or not settings.json().get("rendererAvailable"):
        return []
    folder.mkdir(parents=True, exist_ok=True)
    saved = []
    for board in boards:
        answer = grafana.get(f"/render/d/{board['uid']}", params=PICTURE, timeout=120)
        if answer.is_success and answer.headers.get("content-type", "").startswith("image/png"):
            path = folder / f"{board['uid']}.png"
            path.write_bytes(answer.content)
            saved.append(path)
    return saved


@contextmanager
def _compose() -> Iterator[str]:
    """The whole compose file on free ports, removed at the end; yields Grafana's address."""
    ports = {
        name: str(free_port())
        for name in ("PUBLISH_PORT", "PUBLISH_CSMS_PORT", "PUBLISH_PROMETHEUS_PORT", "PUBLISH_GRAFANA_PORT")
    }
    compose = ["docker", "compose", "--project-name", PROJECT]
    environment = os.environ | ports

    def run(*arguments: str) -> None:
        subprocess.run([*compose, *arguments], cwd=ROOT, env=environment, check=True)  # noqa: S603

    try:
        run("up", "--detach", "--build", "--wait", "--wait-timeout", "180", "--scale", "worker=2")
        yield f"http://127.0.0.1:{ports['PUBLISH_GRAFANA_PORT']}"
    finally:
        run("down", "--volumes", "--timeout", "20")


def look(url: str, pictures: Path) -> int:
    """Check one Grafana and tell; the exit code."""
    boards = every_dashboard()
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as grafana:
        found = list(problems(grafana, boards))
        saved = save_pictures(grafana, boards, pictures)
    for line in found:
        print(f"WRONG {line}")
    queries = sum(1 for board in boards for _ in questions_of(board))
    print(f"{len(boards)} dashboards, {queries} queries, {len(found)} problems")
    print(f"{len(saved)} pictures in {pictures}" if saved else "no image renderer, so no pictures")
    return 1 if found else 0


def main() -> int:
    """Parse the command line and do it."""
    parser = argparse.ArgumentParser(prog="python -m tools.grafana_smoke", description=__doc__)
    parser.add_argument("--url", help="a Grafana that runs already; by default the compose file is started")
    parser.add_argument(
        "--pictures", type=Path, default=ROOT / "build" / "grafana", help="folder for the pictures"
    )
    arguments = parser.parse_args()
    try:
        if arguments.url:
            return look(arguments.url, arguments.pictures)
        with _compose() as url:
            time.sleep(SETTLE_SECONDS)
            return look(url, arguments.pictures)
    except (OSError, subprocess.CalledProcessError, httpx.HTTPError) as error:
        print(f"Grafana cannot be asked: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
