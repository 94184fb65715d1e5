"""Workers, health, metrics, targets, and what holds for every exchange."""

import asyncio
import json
import re
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from evswarm_controller.api import system
from evswarm_controller.http_rules import MAX_BODY_BYTES
from evswarm_shared.bus.messages import ControllerHeartbeat, CsmsHeartbeat, Tariff
from evswarm_shared.errors import BusUnavailableError
from tests.unit.controller.desk import Desk

JSON = {"Content-Type": "application/json"}


async def test_workers_are_listed_with_what_was_given_to_them(swarm: Desk) -> None:
    await swarm.workers[0].work(
        host="h",
        addresses=("10.0.0.1",),
        stations=10,
        running=9,
        sent_at=1_800_000_000.0,
        messages_per_second=12.5,
        cpu_percent=3.0,
    )
    await swarm.look()
    workers = (await swarm.client.get("/workers")).json()["workers"]
    assert [(w["worker_id"], w["assigned"]) for w in workers] == [("w1", 10), ("w2", 10)]
    first = workers[0]
    assert (first["host"], first["stations"], first["running"], first["applied_generation"]) == (
        "h",
        10,
        9,
        1,
    )
    assert (first["messages_per_second"], first["round_trip_p95_ms"], first["cpu_percent"]) == (
        12.5,
        None,
        3.0,
    )
    assert first["addresses"] == ["10.0.0.1"]
    assert first["last_seen_at"] == "2027-01-15T08:00:00.000Z"


async def test_prometheus_gets_every_living_process_under_its_job(swarm: Desk) -> None:
    await swarm.workers[0].work(metrics_url="http://10.0.0.1:9100/metrics")
    await swarm.context.bus.csms_heartbeat(
        CsmsHeartbeat(replica_id="c1", metrics_url="http://10.0.0.2:9100/metrics"), 10.0
    )
    swarm.context.presence.metrics_url = "http://10.0.0.3:8000/metrics"
    await swarm.context.presence.beat()
    other = ControllerHeartbeat(controller_id="a", metrics_url="http://10.0.0.4:8000/metrics")
    await swarm.context.bus.controller_heartbeat(other, 10.0)
    await swarm.look()
    assert (await swarm.client.get("/prometheus/targets")).json() == [
        {"targets": ["10.0.0.1:9100"], "labels": {"job": "worker", "worker": "w1"}},
        {"targets": ["10.0.0.2:9100"], "labels": {"job": "csms", "csms": "c1"}},
        {"targets": ["10.0.0.4:8000"], "labels": {"job": "controller"}},
        {"targets": ["10.0.0.3:8000"], "labels": {"job": "controller"}},
        {"targets": ["127.0.0.1:8100"], "labels": {"job": "historian"}},
    ]


async def lose_store(desk: Desk) -> None:
    desk.store.available = False
    with pytest.raises(BusUnavailableError):
        await desk.context.reconciler.step()
    desk.context.observer.available = False


@pytest.mark.parametrize(
    "path",
    [
        "/stations",
        "/stations/CP-000001",
        "/stations/CP-000001/logs",
        "/totals",
        "/pricing",
        "/workers",
        "/about",
        "/operations/x",
        "/csms/boot-rules",
        "/csms/stations",
        "/csms/tags",
        "/csms/transactions",
        "/csms/uploads",
        "/readyz",
        "/prometheus/targets",
    ],
)
async def test_without_the_store_everything_is_unavailable_for_now(swarm: Desk, path: str) -> None:
    await lose_store(swarm)
    answer = await swarm.client.get(path)
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0


async def test_without_the_store_nothing_can_be_changed_but_the_process_lives(swarm: Desk) -> None:
    await lose_store(swarm)
    for path, body in (
        ("/stations/scale", {"count": 3}),
        ("/stations/stop", {"station_id": "CP-000001"}),
        ("/pricing", {"price": 1}),
        ("/csms/stations/CP-000001/commands/Reset", {"type": "Soft"}),
    ):
        assert (await swarm.client.post(path, json=body)).status_code == 503
    assert (await swarm.client.get("/healthz")).status_code == 200
    assert (await swarm.client.get("/metrics")).status_code == 200
    assert (await swarm.client.get("/")).status_code == 200


async def test_a_controller_is_ready_once_it_has_read_the_swarm(desk: Desk) -> None:
    assert (await desk.client.get("/readyz")).status_code == 503
    await desk.look()
    assert (await desk.client.get("/readyz")).json() == {"status": "ok"}


async def test_a_controller_is_not_ready_while_the_store_holds_its_answer_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.look()
    monkeypatch.setattr(system, "READY_TIMEOUT_SECONDS", 0.0)
    monkeypatch.setattr(desk.context.bus, "ping", asyncio.Event().wait)
    answer = await desk.client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, 503)
    assert "Retry-After" in answer.headers


async def scrape(desk: Desk) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    text = (await desk.client.get("/metrics")).text
    return {
        (s.name, tuple(sorted(s.labels.items()))): s.value
        for family in text_string_to_metric_families(text)
        for s in family.samples
    }


async def test_the_metrics_tell_the_swarm(swarm: Desk) -> None:
    await swarm.workers[1].work(draining=True)
    await swarm.context.wishes.scale(30, profile=None, ramp_per_second=None)
    swarm.context.hub.sent("x" * 10)
    await swarm.client.get("/stations/CP-000001")
    await swarm.client.get("/stations/NOPE")
    await swarm.settle()
    metrics = await scrape(swarm)
    assert metrics["evswarm_stations_desired", ()] == 30
    assert metrics["evswarm_workers", (("state", "live"),)] == 1
    assert metrics["evswarm_workers", (("state", "draining"),)] == 1
    assert metrics["evswarm_tariff_price_per_kilowatt_hour", ()] == 0.3
    assert metrics["evswarm_dashboard_bytes_total", ()] == 10
    assert metrics["evswarm_scale_duration_seconds_count", ()] == 1
    for status in ("200", "404"):
        labels = (("method", "GET"), ("route", "/stations/{station_id}"), ("status", status))
        assert metrics["evswarm_http_request_duration_seconds_count", labels] == 1
    assert any(name == "evswarm_build_info" for name, _ in metrics)


async def test_the_number_of_series_is_bounded_whatever_is_asked(swarm: Desk) -> None:
    for i in range(300):
        await swarm.client.get(f"/nothing/{i}")
        await swarm.client.request(f"M{i}", "/stations")
    assert len(await scrape(swarm)) < 2000


async def test_everything_that_changes_something_needs_json(swarm: Desk) -> None:
    for headers in (
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
    ):
        answer = await swarm.client.post("/stations/scale", content=b'{"count":1}', headers=headers)
        assert answer.status_code == 415
        assert answer.headers["content-type"] == "application/problem+json"
    assert swarm.context.observer.desired.generation == 1


async def test_a_body_that_is_too_large_is_refused(swarm: Desk) -> None:
    answer = await swarm.client.post(
        "/pricing", content=b" " * (MAX_BODY_BYTES + 1), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 413


async def test_a_body_without_a_length_is_refused(swarm: Desk) -> None:
    async def chunks() -> Any:
        yield b'{"price":1}'

    answer = await swarm.client.post(
        "/pricing", content=chunks(), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 411


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nope", 404), ("DELETE", "/stations", 405)])
async def test_what_is_not_there_is_a_problem_too(swarm: Desk, method: str, path: str, status: int) -> None:
    answer = await swarm.client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


async def test_a_defect_of_ours_is_a_problem_without_its_inside(
    swarm: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> Tariff:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(swarm.context.hub, "aggregates", fail)
    answer = await swarm.client.get("/totals")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text


@pytest.mark.parametrize("path", ["/", "/stations", "/nope", "/docs", "/metrics"])
async def test_every_answer_has_the_safe_headers(swarm: Desk, path: str) -> None:
    headers = (await swarm.client.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith(
        "default-src 'none'; script-src 'self'; style-src 'self'"
    )
    assert headers["x-frame-options"] == "DENY"


async def test_the_documents_describe_every_route(swarm: Desk) -> None:
    document = (await swarm.client.get("/openapi.json")).json()
    actions = re.compile(r"/(commands|actions)/[A-Za-z_]+$")
    assert {actions.sub(r"/\1/{action}", path) for path in document["paths"]} == {
        "/stations",
        "/stations/scale",
        "/audit/stations",
        "/audit/sums",
        "/stations/start",
        "/stations/stop",
        "/stations/{station_id}",
        "/stations/{station_id}/logs",
        "/stations/{station_id}/actions/{action}",
        "/stations/{station_id}/history",
        "/history/logs",
        "/history/messages",
        "/history/transactions",
        "/history/days",
        "/history/events",
        "/history/runs",
        "/stations/bulk",
        "/operations",
        "/operations/{operation_id}",
        "/operations/{operation_id}/cancel",
        "/operations/{operation_id}/results",
        "/operations/{operation_id}/retry",
        "/actions",
        "/csms/commands",
        "/stations/{station_id}/detail",
        "/stations/{station_id}/send",
        "/stations/{station_id}/messages",
        "/stations/{station_id}/power",
        "/conditions",
        "/pricing",
        "/session",
        "/totals",
        "/uploads/{token}/{filename}",
        "/csms/stations/{station_id}/commands/{action}",
        "/csms/boot-rules",
        "/csms/stations",
        "/csms/stations/{station_id}",
        "/csms/stations/{station_id}/configuration",
        "/csms/stations/{station_id}/events",
        "/csms/stations/{station_id}/uploads",
        "/csms/tags",
        "/csms/tags/{id_tag}",
        "/csms/transactions",
        "/csms/uploads",
        "/csms/uploads/{upload_id}",
        "/workers",
        "/services",
        "/about",
        "/healthz",
        "/readyz",
        "/metrics",
        "/prometheus/targets",
    }
    text = json.dumps(document)
    for reference in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert reference in document["components"]["schemas"]
    assert "HTTPValidationError" not in text
    page = await swarm.client.get("/docs")
    assert all(path.replace("{", "{") in page.text for path in document["paths"])
    assert "<script" not in page.text
    assert (await swarm.client.get("/docs/style.css")).headers["content-type"].startswith("text/css")
    schema = (await swarm.client.get("/live.schema.json")).json()
    assert schema["$id"] == "evswarm:live:1"


async def test_a_method_that_a_path_does_not_know_is_answered_with_those_it_knows(swarm: Desk) -> None:
    for method, path, known in (
        ("PUT", "/stations/CP-000001", "DELETE, GET, PATCH"),
        ("PUT", "/stations/bulk", "POST"),
        ("POST", "/totals", "GET"),
    ):
        answer = await swarm.client.request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, known)
    assert (await swarm.client.post("/nowhere")).status_code == 404
    assert (await swarm.client.post("/pricing")).status_code == 415


async def test_a_whole_number_may_be_written_with_a_point(swarm: Desk) -> None:
    answer = await swarm.client.post("/stations/scale", content=b'{"count": 3.0}', headers=JSON)
    assert answer.status_code == 202
    hours = b'{"policies": {"home": {"peak_hours": [18.0, 19]}}}'
    assert (await swarm.client.patch("/conditions", content=hours, headers=JSON)).status_code == 200
    answer = await swarm.client.post("/stations/scale", content=b'{"count": 3.5}', headers=JSON)
    assert answer.status_code == 422
