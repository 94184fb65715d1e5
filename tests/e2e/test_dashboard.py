"""The dashboard in a real browser, on a made-up feed whose every state can be brought about."""

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import accessibility_faults, open_browser, open_page
from tests.support.fake_controller import running
from tests.support.fake_swarm import FakeSwarm
from tests.support.machine import ROOT, free_port

SCHEMA = ROOT / "services/controller/evswarm_controller/dashboard/live.schema.json"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests here."""
    with open_browser() as opened:
        yield opened


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A wide, light page."""
    with open_page(browser) as opened:
        yield opened


@pytest.fixture
def swarm() -> FakeSwarm:
    """Made-up stations, a thousand of them."""
    return FakeSwarm(1000)


@pytest.fixture
def url(swarm: FakeSwarm) -> Iterator[str]:
    """Where `swarm` is served."""
    with running(swarm) as address:
        yield address


def show(page: Page, url: str) -> None:
    """Open the page and wait for its rows."""
    page.goto(url)
    expect(page.locator(".pill")).to_have_text("Live")
    expect(page.locator("tr.station").first).to_be_visible()


def test_numbers_states_and_rows_come_from_the_feed(page: Page, url: str) -> None:
    show(page, url)
    expect(page.get_by_role("button", name="Total stations")).to_contain_text("1,000 desired")
    expect(page.get_by_role("table")).to_have_attribute("aria-rowcount", "1001")
    expect(page.locator("tr.station").first).to_contain_text("CP-000001")
    expect(page.get_by_role("group", name="Filter by state").get_by_role("button")).to_have_count(10)


def test_the_first_look_at_a_log_makes_one_request_and_the_second_none(
    page: Page, swarm: FakeSwarm, url: str
) -> None:
    show(page, url)
    button = page.get_by_role("button", name="Logs of CP-000003")
    assert swarm.log_requests["CP-000003"] == 0
    button.click()
    lines = page.get_by_role("region", name="Log of CP-000003").locator("ol.lines li")
    expect(lines).to_have_count(50)
    times = lines.locator("time").all_inner_texts()
    assert times == sorted(times, reverse=True), "the newest line stands first"
    button.click()
    expect(lines).to_have_count(0)
    button.click()
    expect(lines).to_have_count(50)
    assert swarm.log_requests["CP-000003"] == 1
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_role("region", name="Log of CP-000003")).to_contain_text("0 s old")
    assert swarm.log_requests["CP-000003"] == 2


def test_a_log_that_cannot_be_had_says_why_and_can_be_tried_again(
    page: Page, swarm: FakeSwarm, url: str
) -> None:
    swarm.fail_logs = True
    page.goto(f"{url}/?log=CP-000002")
    panel = page.get_by_role("region", name="Log of CP-000002")
    expect(panel.get_by_role("alert")).to_contain_text("The store does not answer")
    swarm.fail_logs = False
    panel.get_by_role("button", name="Try again").click()
    expect(panel.locator("ol.lines li")).to_have_count(50)


def test_a_followed_log_comes_over_the_feed(page: Page, swarm: FakeSwarm, url: str) -> None:
    page.goto(f"{url}/?log=CP-000002")
    panel = page.get_by_role("region", name="Log of CP-000002")
    expect(panel.locator("ol.lines li")).to_have_count(50)
    panel.get_by_label("Live").check()
    expect(panel).to_contain_text("live")
    expect(panel.locator("ol.lines li")).to_have_count(6)
    assert {"type": "sub", "log": "CP-000002"} in swarm.client_messages


def test_scaling_by_click_grows_the_table_and_shows_how_far_it_is(
    page: Page, swarm: FakeSwarm, url: str
) -> None:
    show(page, url)
    page.get_by_role("button", name="+100", exact=True).click()
    expect(page.get_by_text("Adds 100 mixed stations.")).to_be_visible()
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("table")).to_have_attribute("aria-rowcount", "1101")
    assert swarm.desired == 1100


def test_scaling_down_names_the_transactions_that_stop_and_asks_first(
    page: Page, swarm: FakeSwarm, url: str
) -> None:
    swarm.ramp = 300
    show(page, url)
    page.get_by_role("group", name="Presets").get_by_role("button", name="10", exact=True).click()
    page.get_by_role("button", name="Apply").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(re.compile(r"[1-9]\d* open transactions will stop"))
    expect(dialog).to_contain_text("CP-000011 to CP-001000")
    dialog.get_by_role("button", name="Cancel").click()
    assert swarm.desired == 1000
    page.get_by_role("button", name="Apply").click()
    dialog.get_by_role("button", name="Stop them and scale down").click()
    expect(page.locator(".progress-note")).to_contain_text("/ 990")
    expect(page.get_by_role("table")).to_have_attribute("aria-rowcount", "11", timeout=30_000)
    assert swarm.desired == 10


def test_a_refused_scale_says_why_beside_the_field(page: Page, url: str) -> None:
    show(page, url)
    field = page.get_by_label("Number of stations", exact=True)
    field.fill("30000")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#scale-problem")).to_contain_text("count: at most 20,000 stations here")
    field.fill("many")
    expect(page.locator("#scale-problem")).to_contain_text("whole number")
    expect(page.get_by_role("button", name="Apply")).to_be_disabled()


def test_an_empty_swarm_offers_to_start_ten_stations(page: Page) -> None:
    with running(FakeSwarm(0)) as url:
        page.goto(url)
        page.get_by_role("button", name="Start 10 stations").click()
        expect(page.locator("tr.station")).to_have_count(10)


def test_a_new_price_is_set_and_can_be_taken_back(page: Page, swarm: FakeSwarm, url: str) -> None:
    show(page, url)
    page.get_by_label("New price").fill("101")
    expect(page.locator("#price-problem")).to_contain_text("From 0 to 100")
    page.get_by_label("New price").fill("0.425")
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.get_by_label("Current price")).to_have_text("€0.425")
    page.get_by_role("button", name=re.compile("Undo")).click()
    expect(page.get_by_label("Current price")).to_have_text("€0.30")
    assert swarm.price == 0.3


def test_a_station_stops_and_starts_from_its_row(page: Page, url: str) -> None:
    show(page, url)
    row = page.locator("tr.station[data-id='CP-000005']")
    row.get_by_role("button", name="Stop CP-000005").click()
    expect(row.locator(".state")).to_have_text("Stopped")
    row.get_by_role("button", name="Start CP-000005").click()
    expect(row.locator(".state")).not_to_have_text("Stopped")


def test_filters_search_and_order_stand_in_the_address_and_back_undoes_them(page: Page, url: str) -> None:
    show(page, url)
    page.get_by_role("group", name="Filter by state").get_by_role("button", name="Faulted").click()
    expect(page).to_have_url(re.compile(r"status=Faulted"))
    assert set(page.locator("tr.station .state").all_inner_texts()) == {"Faulted"}
    page.get_by_role("button", name="Power kW").click()
    expect(page).to_have_url(re.compile(r"sort=power&dir=desc"))
    page.go_back()
    page.go_back()
    expect(page).to_have_url(f"{url}/")
    expect(page.get_by_role("table")).to_have_attribute("aria-rowcount", "1001")
    page.get_by_label("Search stations").fill("00099")
    expect(page.locator("tr.station")).to_have_count(11)
    page.goto(f"{url}/?q=nothing-like-it")
    page.get_by_role("button", name="Clear the filters").click()
    expect(page.locator("tr.station").first).to_contain_text("CP-000001")


def test_the_keyboard_alone_reaches_rows_logs_and_search(page: Page, url: str) -> None:
    show(page, url)
    page.keyboard.press("/")
    page.keyboard.type("CP-0000")
    expect(page).to_have_url(re.compile("q=CP-0000"))
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.locator("tr.station").first.focus()
    for key in ("j", "ArrowDown", "k"):
        page.keyboard.press(key)
    expect(page.locator("tr.station:focus")).to_have_attribute("data-id", "CP-000002")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Log of CP-000002")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("region", name="Log of CP-000002")).to_have_count(0)
    page.keyboard.press("End")
    expect(page.locator("tr.station:focus")).to_have_attribute("data-id", "CP-001000")
    page.evaluate("scrollTo(0, 0)")
    expect(page.locator("tr.station[data-id='CP-001000']")).to_have_count(0)
    page.keyboard.press("k")
    expect(page.locator("tr.station:focus")).to_have_attribute("data-id", "CP-000999")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


def test_an_unreachable_controller_leaves_the_data_greyed_and_its_return_brings_it_back(page: Page) -> None:
    port = free_port()
    with running(FakeSwarm(50), port) as url:
        show(page, url)
    expect(page.get_by_role("alert").filter(has_text="cannot be reached")).to_be_visible()
    expect(page.locator(".pill")).to_contain_text("Reconnecting")
    expect(page.locator("main")).to_have_class(re.compile("dated"))
    expect(page.locator("tr.station").first).to_contain_text("CP-000001")
    expect(page.get_by_role("button", name="Stop CP-000001")).to_have_attribute("aria-disabled", "true")
    page.get_by_label("Number of stations", exact=True).fill("60")
    expect(page.get_by_role("button", name="Apply")).to_be_disabled()
    with running(FakeSwarm(60), port):
        expect(page.locator(".pill")).to_have_text("Live")
        expect(page.get_by_role("table")).to_have_attribute("aria-rowcount", "61")
        expect(page.locator("main")).not_to_have_class(re.compile("dated"))


def test_a_silent_feed_is_said_to_be_stale(page: Page, swarm: FakeSwarm, url: str) -> None:
    show(page, url)
    swarm.silent = True
    expect(page.locator(".pill")).to_contain_text("Stale")
    swarm.silent = False
    expect(page.locator(".pill")).to_have_text("Live")


def test_a_swarm_without_workers_is_said_to_wait_for_one(page: Page, swarm: FakeSwarm, url: str) -> None:
    show(page, url)
    swarm.workers_alive = False
    expect(page.get_by_role("alert").filter(has_text="No worker is alive")).to_be_visible()
    swarm.workers_alive = True
    expect(page.get_by_role("alert").filter(has_text="No worker")).to_have_count(0)


def test_what_the_page_sends_and_is_sent_keeps_to_the_schema(page: Page, swarm: FakeSwarm, url: str) -> None:
    validator = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    show(page, url)
    page.get_by_role("button", name="Logs of CP-000001").click()
    page.get_by_label("Live").check()
    expect(page.get_by_role("region", name="Log of CP-000001")).to_contain_text("live")
    page.get_by_label("Live").uncheck()
    eventually(lambda: {"type": "unsub", "log": "CP-000001"} in swarm.client_messages)
    for message in [*swarm.client_messages, swarm.hello(), *swarm.snapshot(), swarm.step(time.time())]:
        validator.validate(json.loads(json.dumps(message)))


@pytest.mark.parametrize(("width", "height"), [(1400, 900), (768, 1000), (390, 844)])
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_page(
    browser: Browser, url: str, width: int, height: int, dark: bool
) -> None:
    with open_page(browser, width, height, dark=dark) as page:
        page.goto(f"{url}/?log=CP-000002")
        expect(page.locator("ol.lines li").first).to_be_visible()
        assert accessibility_faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_page_can_be_used_at_twice_the_size_of_letters(browser: Browser, url: str) -> None:
    with open_page(browser, 700, 450) as page:
        show(page, url)
        assert page.evaluate("document.documentElement.scrollWidth") <= 700
        page.get_by_role("button", name="Logs of CP-000001").click()
        expect(page.locator("ol.lines li").first).to_be_visible()


def test_ten_thousand_changing_stations_leave_the_page_small(page: Page) -> None:
    with running(FakeSwarm(10_000)) as url:
        show(page, url)
        cdp = page.context.new_cdp_session(page)
        cdp.send("HeapProfiler.collectGarbage")
        before = heap(cdp)
        for position in range(40):
            page.evaluate(f"scrollTo(0, {position * 4000})")
            page.wait_for_timeout(250)
            assert page.locator("tbody tr").count() < 80
        heights = page.locator("tr.station").evaluate_all("(rows) => rows.map((row) => row.offsetHeight)")
        assert set(heights) == {36}
        cdp.send("HeapProfiler.collectGarbage")
        assert heap(cdp) - before < 10e6, "a sixth of a minute may cost a sixth of 20 MB and some noise"


def heap(cdp: Any) -> float:
    """Bytes that the page's script holds."""
    return float(cdp.send("Runtime.getHeapUsage")["usedSize"])


def eventually(accept: Any, seconds: float = 10) -> None:
    """Wait until `accept()` is true."""
    end = time.monotonic() + seconds
    while not accept():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.05)
