"""The compose file as a user runs it: up, scaled, a worker killed, watched by Prometheus."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from tests.support.browser import open_browser, open_page
from tests.support.compose import SERVICES, ComposeStack, eventually
from tests.support.machine import ROOT, engine_alone, has_container_engine, has_image, missing
from tests.support.product_audit import audited
from tools.browser import visit
from tools.panel_check.queries import all_queries, filled, read_dashboards

STATIONS = 30

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def stack() -> Iterator[ComposeStack]:
    if not has_container_engine():
        missing("container engine")
    with engine_alone():
        stack = ComposeStack("evswarm-e2e", EVSWARM_STATIONS=str(STATIONS))
        stack.compose("build", seconds=600)
        try:
            stack.up(workers=3)
            yield stack
        finally:
            stack.down()


def running(stack: ComposeStack) -> int:
    return int(stack.get("/totals")["running"])


def wait_for_running(stack: ComposeStack, count: int, seconds: float = 60) -> None:
    eventually(lambda: running(stack), lambda n: n == count, seconds, f"{count} stations running")


def open_transactions(stack: ComposeStack) -> dict[int, dict[str, Any]]:
    return {
        t["transaction_id"]: t
        for t in stack.get("/csms/transactions?limit=1000")["transactions"]
        if t["stopped_at"] is None
    }


def stations_by_worker(stack: ComposeStack) -> dict[str, int]:
    return {w["worker_id"]: w["stations"] for w in stack.get("/workers")["workers"]}


def wait_for_shares(stack: ComposeStack, shares: list[int]) -> None:
    eventually(
        lambda: sorted(stations_by_worker(stack).values()), lambda s: s == shares, 60, f"shares of {shares}"
    )


def test_three_workers_share_the_stations_evenly(stack: ComposeStack) -> None:
    wait_for_running(stack, STATIONS)
    wait_for_shares(stack, [10, 10, 10])


def test_every_container_is_healthy(stack: ComposeStack) -> None:
    assert {(c["Service"], c["Health"]) for c in stack.containers()} == {
        (service, "healthy") for service in SERVICES
    }


def test_prometheus_finds_every_worker(stack: ComposeStack) -> None:
    found = eventually(
        lambda: stack.query('up{job="worker"} == 1'), lambda r: len(r) == 3, 60, "three workers scraped"
    )
    assert len({sample["metric"]["instance"] for sample in found}) == 3
    assert len(stack.query('up{job=~"csms|controller"} == 1')) == 2


def test_some_station_charges(stack: ComposeStack) -> None:
    totals = eventually(lambda: stack.get("/totals"), lambda t: t["charging"] > 0, 30, "charging")
    eventually(
        lambda: stack.get("/totals"), lambda t: t["energy_kwh"] > totals["energy_kwh"], 60, "energy flowing"
    )


def test_more_workers_later_take_their_share_and_no_transaction_is_lost(stack: ComposeStack) -> None:
    wait_for_running(stack, STATIONS)
    before = open_transactions(stack)
    assert before
    stack.up(workers=5)
    wait_for_shares(stack, [6, 6, 6, 6, 6])
    wait_for_running(stack, STATIONS)
    everything = {t["transaction_id"]: t for t in stack.get("/csms/transactions?limit=1000")["transactions"]}
    assert before.keys() <= everything.keys()
    # A transaction may have ended by its own reasons meanwhile, but none because its station moved.
    moved = {"PowerLoss", "Reboot", "HardReset", "SoftReset", "UnlockCommand", "DeAuthorized"}
    assert not [t for t in everything.values() if t["reason"] in moved]
    eventually(
        lambda: stack.query('up{job="worker"} == 1'), lambda r: len(r) == 5, 60, "five workers scraped"
    )


def test_a_killed_workers_stations_go_on_elsewhere_with_their_transactions(stack: ComposeStack) -> None:
    wait_for_running(stack, STATIONS)
    before = open_transactions(stack)
    stack.kill(stack.containers_of("worker")[-1])
    eventually(lambda: len(stations_by_worker(stack)), lambda n: n == 4, 60, "the loss being noticed")
    wait_for_running(stack, STATIONS)
    after = {t["transaction_id"]: t for t in stack.get("/csms/transactions?limit=1000")["transactions"]}
    assert before.keys() <= after.keys()
    # Each station has at most as many open transactions as connectors: nothing was started twice.
    for transaction in open_transactions(stack).values():
        twins = [
            other
            for other in open_transactions(stack).values()
            if (other["station_id"], other["connector_id"])
            == (transaction["station_id"], transaction["connector_id"])
        ]
        assert len(twins) == 1


def test_the_dashboard_behind_the_gateway_is_live_in_a_browser(stack: ComposeStack) -> None:
    with open_browser() as browser, open_page(browser) as page:
        visit(page, f"http://127.0.0.1:{stack.api_port}/")
        expect(page.locator(".pill")).to_have_text("Live")
        expect(page.get_by_role("table")).to_have_attribute("aria-rowcount", str(STATIONS + 1))


def test_central_systems_and_controllers_scale_with_the_workers(stack: ComposeStack) -> None:
    stack.up(workers=5, csms=2, controllers=2)
    stack.post("/stations/scale", {"count": 3 * STATIONS})
    wait_for_running(stack, 3 * STATIONS)
    # Those that came now found two central systems; a command reaches a station at either.
    eventually(
        lambda: [float(s["value"][1]) for s in stack.query("evswarm_csms_stations_connected")],
        lambda held: len(held) == 2 and min(held) > 0 and sum(held) == 3 * STATIONS,
        60,
        "stations at both central systems",
    )
    for number in range(3 * STATIONS - 9, 3 * STATIONS + 1):
        path = f"/csms/stations/CP-{number:06d}/commands/TriggerMessage"
        assert stack.post(path, {"requestedMessage": "Heartbeat"}) == {"status": "Accepted"}
    # One leads, and either one serves: each of these requests is a connection of its own.
    eventually(
        lambda: sorted(s["value"][1] for s in stack.query("evswarm_controller_leading")),
        lambda leading: leading == ["0", "1"],
        60,
        "one of two controllers leading",
    )
    for _ in range(6):
        totals = httpx.get(f"http://127.0.0.1:{stack.api_port}/totals", timeout=10, trust_env=False).json()
        assert totals["running"] == 3 * STATIONS
    stack.post("/stations/scale", {"count": STATIONS})
    wait_for_running(stack, STATIONS)


def test_the_swarm_scales_to_a_thousand_and_back_to_nothing(stack: ComposeStack) -> None:
    for count in (1000, 0):
        operation = stack.post("/stations/scale", {"count": count})
        path = f"/operations/{operation['operation_id']}"
        ended = eventually(
            lambda path=path: stack.get(path),  # type: ignore[misc]
            lambda o: o["state"] != "running",
            180,
            f"{count} stations",
        )
        assert ended["state"] == "succeeded"
        assert running(stack) == count
    eventually(lambda: open_transactions(stack), lambda t: not t, 30, "every transaction closed")


def differing(stack: ComposeStack) -> list[int]:
    """The central system's transactions that the history has not, or not as both sides have them."""
    kept = {t["transaction_id"]: t for t in stack.lines("/history/transactions")}
    nothing = {"station_meter_stop": None, "csms_meter_stop": None}

    def untold(stopped_at: str) -> bool:
        """Whether a container was killed that may not have told of this yet: they tell once a second."""
        stopped = datetime.fromisoformat(stopped_at)
        return any(stopped <= killed <= stopped + timedelta(seconds=3) for killed in stack.kills)

    return [
        t["transaction_id"]
        for t in stack.lines("/csms/transactions")
        for row in [kept.get(t["transaction_id"], nothing)]
        if not row["station_meter_stop"] == row["csms_meter_stop"] == t["meter_stop"]
        and not untold(t["stopped_at"])
    ]


def unequal_counts(stack: ComposeStack) -> str:
    """Records that were told and rows that are there, where they are not as many; records that were lost."""
    told_and_kept = (
        "SELECT next_record, (SELECT count(*) FROM logs) + (SELECT count(*) FROM messages), lost "
        "FROM positions WHERE stream = 'traffic'"
    )
    psql = ("exec", "-T", "postgres", "psql", "-U", "evswarm", "-d", "evswarm", "-tAc", told_and_kept)
    told, kept, lost = stack.compose(*psql).strip().split("|")
    return "" if told == kept and lost == "0" else f"{told} told, {kept} kept, {lost} lost"


def test_the_history_has_every_transaction_as_both_sides_have_it(stack: ComposeStack) -> None:
    assert stack.lines("/csms/transactions")
    eventually(lambda: differing(stack), lambda d: not d, 30, "every transaction in the history")
    assert not stack.lines("/history/transactions", status="disputed")
    assert not stack.lines("/history/transactions", status="one_sided")
    assert stack.lines("/history/events", kind="scale")
    (run,) = stack.get("/history/runs")["items"]
    assert {row["run_id"] for row in stack.lines("/history/messages", action="StartTransaction")} == {
        run["run_id"]
    }


def test_a_killed_historian_and_a_database_that_was_away_leave_every_record_there_once(
    stack: ComposeStack,
) -> None:
    [historian] = stack.containers_of("historian")
    stack.compose("stop", "postgres")
    # All that these stations do comes while the database is away.
    stack.post("/stations/scale", {"count": STATIONS, "profile": "highway"})
    wait_for_running(stack, STATIONS)
    eventually(lambda: stack.get("/totals")["charging"], lambda n: n > 0, 60, "charging")
    refused = stack.api.get("/history/logs")
    assert (refused.status_code, "database" in refused.json()["detail"]) == (503, True)
    # It has read what it cannot write, and acknowledged nothing.
    stack.kill(historian)
    stack.post("/stations/scale", {"count": 0})
    wait_for_running(stack, 0)
    assert "No historian answers" in stack.api.get("/history/logs").json()["detail"]
    stack.compose("up", "-d", "--no-deps", "postgres", "historian")
    eventually(lambda: differing(stack), lambda d: not d, 60, "every transaction in the history")
    eventually(lambda: unequal_counts(stack), lambda said: not said, 30, "every record there once")
    since = stack.get("/history/runs")["items"][0]["started_at"]
    rows = stack.lines("/history/transactions", since=since)
    csv, parquet = (
        stack.api.get("/history/transactions", params={"format": kind, "since": since})
        for kind in ("csv", "parquet")
    )
    assert len(csv.text.splitlines()) == len(rows) + 1
    assert parquet.content[:4] == parquet.content[-4:] == b"PAR1"


def test_prometheus_answers_every_panel_and_watches_by_our_rules(stack: ComposeStack) -> None:
    stack.post("/stations/scale", {"count": STATIONS})
    wait_for_running(stack, STATIONS)
    # A query that does not parse is an HTTP error. That each has data is seen where faults are made as well.
    for query in all_queries(read_dashboards().values()):
        stack.query(filled(query.expr, rate_interval="20s", time_range="900s"))
    eventually(
        lambda: stack.query("swarm:evswarm_stations_running:sum"),
        lambda answer: [sample["value"][1] for sample in answer] == [str(STATIONS)],
        30,
        "the recorded sum of stations",
    )
    # Who a worker is stands in the labels of its target.
    assert len(stack.query('evswarm_transactions_active{job="worker",worker!=""}')) >= 3
    rules = stack.prometheus.get("/api/v1/rules").json()["data"]["groups"]
    assert {rule["health"] for group in rules for rule in group["rules"]} == {"ok"}
    assert "WorkerDown" in {rule["name"] for group in rules for rule in group["rules"]}


def test_no_service_wrote_a_traceback(stack: ComposeStack) -> None:
    lines = stack.logs().splitlines()
    assert not [line for line in lines if re.search(r"Traceback|Exception ignored|Task exception", line)]


def test_what_does_not_fit_into_a_workers_memory_is_refused_and_what_fits_does_no_harm(
    stack: ComposeStack,
) -> None:
    stack.post("/stations/scale", {"count": 0})
    wait_for_running(stack, 0)
    stack.up(workers=1)
    [worker] = stack.containers_of("worker")
    stack.limit_memory(worker, "112m")
    [room] = eventually(
        lambda: [w["capacity"] for w in stack.get("/workers")["workers"]],
        lambda rooms: len(rooms) == 1 and rooms[0] < 1000,
        60,
        "the worker that knows its limit",
    )
    refused = stack.api.post("/stations/scale", json={"count": room + 1})
    assert refused.status_code == 409
    assert f"{room + 1} stations are more than the" in refused.json()["detail"]
    assert stack.get("/totals")["desired"] == 0
    stack.post("/stations/scale", {"count": room, "profile": "highway"})
    wait_for_running(stack, room, 120)
    assert stack.killed_for_memory(worker) == 0
    state = stack.inspect(worker)
    assert (state["RestartCount"], state["State"]["OOMKilled"]) == (0, False)


def test_everything_is_recreated_service_by_service_under_load_and_nothing_is_lost(
    stack: ComposeStack,
) -> None:
    stack.compose("up", "-d", "--force-recreate", "--no-deps", "--wait", "--scale", "worker=2", "worker")
    count = 60
    stack.post("/stations/scale", {"count": count, "profile": "highway"})
    wait_for_running(stack, count)
    eventually(lambda: stack.get("/totals")["charging"], lambda n: n > 5, 60, "charging")
    for service in ("worker", "csms", "controller", "redis", "gateway"):
        before = set(stack.containers_of(service))
        scale = ["--scale", "worker=2"] if service == "worker" else []
        stack.compose("up", "-d", "--force-recreate", "--no-deps", "--wait", *scale, service)
        assert not before & set(stack.containers_of(service))
        wait_for_running(stack, count, 120)
    audited(f"http://127.0.0.1:{stack.api_port}")
    stack.post("/stations/scale", {"count": 0})
    wait_for_running(stack, 0)
    report = audited(f"http://127.0.0.1:{stack.api_port}", settled=True)
    assert report["transactions"] > 0


def test_grafana_has_its_datasource_and_dashboard(stack: ComposeStack) -> None:
    image = next(
        line.split()[-1]
        for line in (ROOT / "docker-compose.yml").read_text().splitlines()
        if "image: grafana/" in line
    )
    if not has_image(image):
        # The one image that may be missing even in CI: not every machine can pull it.
        pytest.skip(f"{image} is not on this machine")
    stack.compose("up", "-d", "--wait", "grafana")
    script = (
        "import urllib.request as u; "
        "print(u.urlopen('http://grafana:3000/api/dashboards/uid/evswarm-overview').status)"
    )
    assert stack.compose("exec", "-T", "controller", "python", "-c", script).strip() == "200"
