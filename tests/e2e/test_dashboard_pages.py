"""The pages beside the swarm's in a real browser: the way between them, workers, all messages, what this is."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, WebSocketRoute, expect

from tests.support.browser import accessibility_faults, eventually, open_browser, open_page
from tests.support.fake_controller import running
from tests.support.fake_swarm import FakeSwarm
from tools.browser import visit

Json = dict[str, Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests here."""
    with open_browser() as opened:
        yield opened


@pytest.fixture
def page(browser: Browser, swarm: FakeSwarm) -> Iterator[Page]:
    """A wide, light page; what pages before it said is forgotten."""
    swarm.client_messages.clear()
    with open_page(browser) as opened:
        yield opened


@pytest.fixture(scope="module")
def swarm() -> FakeSwarm:
    """Sixty made-up stations on three workers."""
    made_up = FakeSwarm(60)
    made_up.grafana = "http://127.0.0.1:3000"
    return made_up


@pytest.fixture(scope="module")
def url(swarm: FakeSwarm) -> Iterator[str]:
    """Where `swarm` is served."""
    with running(swarm) as address:
        yield address


def ago(seconds: float) -> str:
    """A time so long before now, RFC 3339."""
    return (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def worker(name: str, **changes: Any) -> Json:
    """A worker that is well."""
    return {
        "worker_id": name, "host": f"host-of-{name}", "pid": 4711, "metrics_url": "http://10.0.0.1:9100/metrics",
        "started_at": ago(7300), "last_seen_at": ago(1), "lease_epoch": 12, "applied_generation": 3, "assigned": 20,
        "stations": 20, "running": 19, "draining": False, "loop_lag_ms": 3.2, "capacity": 200, "cpu_percent": 12.5,
        "memory_bytes": 54_000_000, "messages_per_second": 41.0, "round_trip_p95_ms": 2.5,
    } | changes  # fmt: skip


def process(**fields: Any) -> Json:
    """A service that is well."""
    return {
        "host": "here", "pid": 1, "started_at": ago(90_000), "last_seen_at": ago(1), "cpu_percent": 1.5,
        "memory_bytes": 80_000_000,
    } | fields  # fmt: skip


def services() -> Json:
    """All services well, one worker lost."""
    lost = {
        "worker_id": "worker-9", "host": "host-b", "pid": 9, "lease_epoch": 4, "last_seen_at": ago(75),
        "lost_at": ago(65), "stations": 20, "taken_over": {"worker-1": 11, "worker-2": 7}, "waiting": 2, "stopped": 0,
        "removed": 0,
    }  # fmt: skip
    leader = process(controller_id="controller-a", version="0.1.0", leads=True, dashboards=2, answering=True)
    standby = process(
        controller_id="controller-b", version="0.1.0", leads=False, dashboards=0, answering=False
    )
    return {
        "store": {"available": True, "address": "redis:6379/0", "ping_ms": 0.4, "problem": ""},
        "controllers": [leader, standby],
        "csms": [process(replica_id="csms-1", stations_connected=60)],
        "historian": {
            "enabled": True, "answers": True, "address": "http://historian:8100", "state": "disk_full",
            "problem": "There is no room for the history", "waiting": {"traffic": 7}, "written": {"logs": 10},
        },
        "lost_workers": [lost],
    }  # fmt: skip


def answer_with(page: Page, path: str, content: Any, status: int = 200) -> None:
    """Have the page's questions to a path answered so."""

    def fulfill(route: Route) -> None:
        body = content(route) if callable(content) else content
        route.fulfill(status=status, body=json.dumps(body), content_type="application/json")

    page.route(re.compile(rf"//[^/]+{re.escape(path)}(\?|$)"), fulfill)


def serve_workers(page: Page) -> None:
    """Three workers: one well, one that drains, one that is silent."""

    def listed(_: Route) -> Json:
        silent = worker("worker-3", last_seen_at=ago(8), memory_bytes=None)
        return {"workers": [worker("worker-1"), worker("worker-2", draining=True), silent]}

    answer_with(page, "/workers", listed)
    answer_with(page, "/services", lambda _: services())


def message(number: int, seconds_ago: float, **changes: Any) -> Json:
    """A message as feed and history give it."""
    return {
        "id": str(10_000 - number), "at": ago(seconds_ago), "station_id": f"CP-{number % 60 + 1:06d}", "side": "station",
        "direction": "from_station", "action": "Heartbeat", "unique_id": f"u-{number}", "outcome": "answered",
        "round_trip_ms": 3.25, "error_code": "", "request": {}, "response": {"currentTime": "2026-11-22T12:00:00Z"},
        "run_id": "r",
    } | changes  # fmt: skip


def serve_history(page: Page) -> list[str]:
    """Two pages of the past; returns the questions as they are asked."""
    asked: list[str] = []

    def page_of(route: Route) -> Json:
        asked.append(route.request.url.partition("?")[2])
        if "cursor=" in asked[-1]:
            return {"items": [message(i, 100 + i) for i in range(100, 105)], "next_cursor": None}
        return {"items": [message(i, 10 + i) for i in range(20)], "next_cursor": "more"}

    answer_with(page, "/history/messages", page_of)
    return asked


def tap_feed(page: Page) -> list[WebSocketRoute]:
    """Let a test say something on the feed besides what the server says; the newest connection is the last."""
    opened: list[WebSocketRoute] = []

    def connect(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        opened.append(socket)

    page.route_web_socket(re.compile(r"/live$"), connect)
    return opened


ABOUT = {
    "version": "0.1.0", "python": "3.13.9", "platform": "Linux x86_64", "controller_id": "controller-a",
    "run": {
        "run_id": "ab12cd34", "seed": 7, "id_prefix": "CP-", "began_at": "2026-11-22T08:00:00.000Z",
        "simulated_at": "2026-11-22T12:00:00.000Z", "clock_factor": 1.0, "generation": 3, "stations": 60,
    },
    "prometheus_url": None,
    "settings": [
        {"name": "EVSWARM_SEED", "value": "7", "changed": True, "description": "Seed of everything random."},
        {"name": "EVSWARM_API_TOKEN", "value": "", "changed": False, "description": "Token."},
    ],
}  # fmt: skip


def test_links_lead_from_page_to_page_without_a_new_document_and_back_leads_back(
    page: Page, url: str
) -> None:
    serve_workers(page)
    serve_history(page)
    answer_with(page, "/about", ABOUT)
    visit(page, f"{url}/?status=Charging")
    expect(page.locator(".pill")).to_have_text("Live")
    page.evaluate("window.same = true")
    pages = page.get_by_role("navigation", name="Pages")
    for name in ("Workers", "Messages", "About"):
        pages.get_by_role("link", name=name).click()
        expect(page).to_have_title(f"{name} · evswarm")
        expect(page.get_by_role("heading", level=1, name=name)).to_be_focused()
        expect(pages.get_by_role("link", name=name)).to_have_attribute("aria-current", "page")
    for _ in range(3):
        page.go_back()
    expect(page).to_have_url(f"{url}/?status=Charging")
    expect(page.locator("tr.station").first).to_be_visible()
    expect(page.locator("tr.station .state").filter(has_not_text="Charging")).to_have_count(0)
    assert page.evaluate("window.same") is True


def test_an_address_of_no_page_says_so(page: Page, url: str) -> None:
    visit(page, f"{url}/ui/nothing")
    expect(page.get_by_role("heading", name="No such page")).to_be_visible()
    page.get_by_role("link", name="To the swarm").click()
    expect(page.locator("tr.station").first).to_be_visible()


def test_workers_say_how_they_are_and_where_a_lost_ones_stations_went(page: Page, url: str) -> None:
    serve_workers(page)
    visit(page, f"{url}/ui/workers")
    rows = page.locator("tr[data-worker]")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("Live")
    expect(rows.nth(0)).to_contain_text("19 / 20")
    expect(rows.nth(1)).to_contain_text("Draining")
    expect(rows.nth(2)).to_contain_text(re.compile(r"Silent \d+ s"))
    lost = page.get_by_role("region", name="Lost in the last 15 minutes")
    expect(lost).to_contain_text("20 stations: 11 now on worker-1, 7 now on worker-2, 2 without a worker.")
    expect(page.get_by_role("region", name="Controllers")).to_contain_text("controller-b")
    expect(page.get_by_role("region", name="Historian")).to_contain_text("There is no room for the history")


def test_a_link_to_a_worker_opens_it_and_leads_on_to_its_stations_and_to_grafana(
    page: Page, url: str
) -> None:
    serve_workers(page)
    visit(page, f"{url}/ui/workers?worker=worker-2")
    detail = page.locator("tr.worker-detail")
    expect(detail).to_have_count(1)
    expect(detail).to_contain_text("Lease epoch12")
    expect(detail.get_by_role("link", name="In Grafana")).to_have_attribute(
        "href", "http://127.0.0.1:3000/d/evswarm-workers?var-worker=worker-2"
    )
    page.get_by_role("button", name="worker-2").click()
    expect(detail).to_have_count(0)
    expect(page).to_have_url(f"{url}/ui/workers")
    page.get_by_role("button", name="worker-1").press("Enter")
    expect(page).to_have_url(f"{url}/ui/workers?worker=worker-1")
    detail.get_by_role("link", name="Its stations").click()
    expect(page).to_have_url(f"{url}/?worker=worker-1")
    expect(page.get_by_role("table")).to_have_attribute("aria-rowcount", "21")


def test_workers_that_cannot_be_asked_for_are_shown_as_they_were(page: Page, url: str) -> None:
    serve_workers(page)
    visit(page, f"{url}/ui/workers")
    expect(page.locator("tr[data-worker]")).to_have_count(3)
    page.unroute_all()
    answer_with(page, "/workers", {"detail": "The store does not answer"}, status=503)
    alert = page.get_by_role("alert").filter(has_text="The store does not answer")
    expect(alert).to_contain_text("What you see is")
    expect(page.locator("tr[data-worker]")).to_have_count(3)


def test_messages_come_live_and_from_the_past_stand_still_and_open(
    page: Page, swarm: FakeSwarm, url: str
) -> None:
    asked, feed = serve_history(page), tap_feed(page)
    visit(page, f"{url}/ui/messages")
    rows = page.get_by_role("button", name="Heartbeat")
    expect(rows).to_have_count(20)
    eventually_sent(page, swarm, {"type": "sub", "messages": {}})
    reset = message(
        200,
        0,
        direction="to_station",
        action="Reset",
        request={"type": "Soft"},
        response={"status": "Accepted"},
    )
    feed[-1].send(json.dumps({"type": "messages", "items": [reset], "skipped": 4, "kept": "all"}))
    first = page.locator("button.message").first
    expect(first).to_contain_text("Reset")
    expect(page.get_by_text("4 came too fast to show")).to_be_visible()
    first.press("Enter")
    expect(page.get_by_role("region", name="Request")).to_contain_text('"type": "Soft"')
    expect(page.get_by_role("region", name="Answer")).to_contain_text('"status": "Accepted"')
    feed[-1].send(json.dumps({"type": "messages", "items": [message(201, 0)], "skipped": 0, "kept": "all"}))
    expect(page.get_by_text("paused: 1 more has come")).to_be_visible()
    first.press("Enter")
    expect(page.locator("button.message")).to_have_count(22)
    page.get_by_role("button", name="Older").click()
    expect(page.locator("button.message")).to_have_count(27)
    assert "cursor=more" in asked[-1]
    page.keyboard.press("p")
    expect(page.get_by_text("27 messages, paused")).to_be_visible()
    feed[-1].send(json.dumps({"type": "messages", "items": [message(202, 0)], "skipped": 0, "kept": "all"}))
    expect(page.get_by_text("paused: 1 more has come")).to_be_visible()
    expect(page.locator("button.message")).to_have_count(27)
    page.keyboard.press("p")
    expect(page.locator("button.message")).to_have_count(28)


def test_what_messages_are_looked_at_stands_in_the_address(page: Page, swarm: FakeSwarm, url: str) -> None:
    asked = serve_history(page)
    visit(page, f"{url}/ui/messages?action=Heartbeat&errors=true")
    eventually_sent(page, swarm, {"type": "sub", "messages": {"action": "Heartbeat", "errors": True}})
    eventually(page, lambda: len(asked) > 0)
    assert "action=Heartbeat" in asked[0] and "status=failed" in asked[0]
    page.get_by_label("Station", exact=True).fill("CP-000007")
    expect(page).to_have_url(f"{url}/ui/messages?station=CP-000007&action=Heartbeat&errors=true")
    page.get_by_label("Outcome").select_option("unanswered")
    expect(page).to_have_url(f"{url}/ui/messages?station=CP-000007&action=Heartbeat&kind=unanswered")
    page.go_back()
    expect(page.get_by_label("Outcome")).to_have_value("errors")
    page.get_by_role("button", name="Clear the filters").click()
    expect(page).to_have_url(f"{url}/ui/messages")
    eventually_sent(page, swarm, {"type": "sub", "messages": {}})
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Swarm").click()
    eventually_sent(page, swarm, {"type": "unsub", "messages": True})


def test_without_a_history_the_messages_say_why_there_are_none(
    page: Page, swarm: FakeSwarm, url: str
) -> None:
    swarm.history = False
    try:
        visit(page, f"{url}/ui/messages")
        expect(page.get_by_text("The history is off")).to_be_visible()
    finally:
        swarm.history = True


def test_about_tells_the_run_the_settings_and_where_to_read_on(page: Page, url: str) -> None:
    answer_with(page, "/about", {"detail": "The store does not answer"}, status=503)
    visit(page, f"{url}/ui/about")
    expect(page.get_by_role("alert")).to_contain_text("The store does not answer")
    page.unroute_all()
    answer_with(page, "/about", ABOUT)
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("region", name="This run")).to_contain_text("ab12cd34")
    settings = page.get_by_role("region", name="Settings")
    expect(settings).to_contain_text("EVSWARM_SEED 7")
    expect(settings.get_by_text("EVSWARM_API_TOKEN")).not_to_be_visible()
    settings.get_by_text("1 as by default").click()
    expect(settings.get_by_text("EVSWARM_API_TOKEN")).to_be_visible()
    links = page.get_by_role("region", name="Read on")
    expect(links.get_by_role("link", name="Grafana")).to_have_attribute("href", "http://127.0.0.1:3000")
    expect(links).to_contain_text("EVSWARM_PROMETHEUS_URL")
    expect(page.get_by_role("region", name="Keys")).to_contain_text("Search")


@pytest.mark.parametrize(("width", "dark"), [(1400, True), (390, False)])
def test_axe_finds_nothing_on_any_page_and_none_is_wider_than_the_screen(
    browser: Browser, url: str, width: int, dark: bool
) -> None:
    with open_page(browser, width, 900, dark=dark) as page:
        serve_workers(page)
        serve_history(page)
        answer_with(page, "/about", ABOUT)
        visit(page, f"{url}/ui/workers?worker=worker-1")
        spans_the_columns(page, "tr.worker-detail td", ".workers th")
        whole = "cells => cells.every(cell => cell.scrollWidth <= cell.clientWidth)"
        assert page.locator("td.w-stations").evaluate_all(whole), "numbers of stations are cut"
        check(page, width)
        links = page.get_by_role("navigation", name="Pages")
        links.get_by_role("link", name="Messages").click()
        page.locator("button.message").first.click()
        spans_the_columns(page, "tr.msg-detail > td", ".message-list th")
        check(page, width)
        links.get_by_role("link", name="About").click()
        page.get_by_text("1 as by default").click()
        check(page, width)


def spans_the_columns(page: Page, detail: str, headers: str) -> None:
    """What is opened under a row is as wide as the columns that are shown: more would make empty ones."""
    expect(page.locator(detail)).to_be_visible()
    expect(page.locator(detail)).to_have_attribute("colspan", str(page.locator(headers).count()))


def check(page: Page, width: int) -> None:
    """Nothing for axe, nothing beside the screen."""
    assert accessibility_faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def eventually_sent(page: Page, swarm: FakeSwarm, frame: Json) -> None:
    """Wait until the page's newest frame about messages is this one."""
    eventually(page, lambda: [sent for sent in swarm.client_messages if "messages" in sent][-1:] == [frame])
