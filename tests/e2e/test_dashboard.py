"""The dashboard in a real browser, on a made-up feed whose every state can be brought about."""

import json
import re
import time
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import accessibility_faults, eventually, open_page, show
from tests.support.fake_controller import running
from tests.support.fake_swarm import FakeSwarm
from tests.support.machine import ROOT
from tools.browser import visit

SCHEMA = ROOT / "services/controller/evswarm_controller/dashboard/live.schema.json"


def test_numbers_states_and_rows_come_from_the_feed_and_lead_to_grafana(
    page: Page, swarm: FakeSwarm, url: str
) -> None:
    show(page, url)
    expect(page.get_by_role("button", name="Total stations")).to_contain_text("1,000 desired")
    expect(page.get_by_role("table")).to_have_attribute("aria-rowcount", "1001")
    expect(page.locator("tr.station").first).to_contain_text("CP-000001")
    expect(page.get_by_role("group", name="Filter by state").get_by_role("button")).to_have_count(10)
    expect(page.get_by_role("link", name="in Grafana")).to_have_count(0)
    swarm.grafana = "http://127.0.0.1:3000"
    visit(page, page.url)
    expect(page.get_by_role("link", name="Running in Grafana")).to_have_attribute(
        "href", "http://127.0.0.1:3000/d/evswarm-overview?viewPanel=669448"
    )


def test_filters_search_and_order_stand_in_the_address_and_back_undoes_them(page: Page, url: str) -> None:
    show(page, url)
    page.get_by_role("group", name="Filter by state").get_by_role("button", name="Faulted").click()
    expect(page).to_have_url(re.compile(r"status=Faulted"))
    expect(page.locator("tr.station .state").filter(has_not_text="Faulted")).to_have_count(0)
    expect(page.locator("tr.station").first).to_be_visible()
    page.get_by_role("button", name="Power kW").click()
    expect(page).to_have_url(re.compile(r"sort=power&dir=desc"))
    page.go_back()
    page.go_back()
    expect(page).to_have_url(f"{url}/")
    expect(page.get_by_role("table")).to_have_attribute("aria-rowcount", "1001")
    page.get_by_label("Search stations").fill("00099")
    expect(page.locator("tr.station")).to_have_count(11)
    visit(page, f"{url}/?q=nothing-like-it")
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


def test_what_the_page_sends_and_is_sent_keeps_to_the_schema(page: Page, swarm: FakeSwarm, url: str) -> None:
    validator = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    show(page, url)
    page.get_by_role("button", name="Logs of CP-000001").click()
    page.get_by_label("Live").check()
    expect(page.get_by_role("region", name="Log of CP-000001")).to_contain_text("live")
    page.get_by_label("Live").uncheck()
    eventually(page, lambda: {"type": "unsub", "log": "CP-000001"} in swarm.client_messages)
    for message in [*swarm.client_messages, swarm.hello(), *swarm.snapshot(), swarm.step(time.time())]:
        validator.validate(json.loads(json.dumps(message)))


@pytest.mark.parametrize(("width", "height"), [(1400, 900), (768, 1000), (390, 844)])
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_page(
    browser: Browser, url: str, width: int, height: int, dark: bool
) -> None:
    with open_page(browser, width, height, dark=dark) as page:
        visit(page, f"{url}/?log=CP-000002")
        expect(page.locator("ol.lines li").first).to_be_visible()
        assert accessibility_faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


OUTSIDE = """() => [...document.querySelectorAll('.table-tools > *, .trend figcaption > *')].filter(each => {
  const [inner, outer] = [each.getBoundingClientRect(), each.parentElement.getBoundingClientRect()];
  return inner.width > 0 && (inner.top < outer.top || inner.bottom > outer.bottom || inner.right > outer.right);
}).map(each => each.outerHTML)"""


def test_filters_and_the_charts_keys_stay_in_their_place_on_every_width(page: Page, url: str) -> None:
    show(page, f"{url}/?q=CP-0000&status=Running&sort=seen")
    expect(page.get_by_role("button", name="Clear")).to_be_visible()
    for width in (1400, 1000, 768, 640, 639, 500, 390, 340):
        page.set_viewport_size({"width": width, "height": 800})
        eventually(page, lambda: page.evaluate(OUTSIDE) == [])


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
        for position in range(24):
            page.evaluate(f"scrollTo(0, {position * 6600})")
            page.wait_for_timeout(250)
            assert page.locator("tbody tr").count() < 80
        heights = page.locator("tr.station").evaluate_all("(rows) => rows.map((row) => row.offsetHeight)")
        assert set(heights) == {36}
        cdp.send("HeapProfiler.collectGarbage")
        assert heap(cdp) - before < 10e6, "a tenth of a minute may cost a tenth of 20 MB and some noise"


def heap(cdp: Any) -> float:
    """Bytes that the page's script holds."""
    return float(cdp.send("Runtime.getHeapUsage")["usedSize"])
