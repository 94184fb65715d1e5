"""The states of the page that are not the usual one: nothing there, too much, cut off, held still, asked for a token."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from evswarm_cli.ports import free_port
from tests.support.browser import eventually, open_page, show
from tests.support.fake_controller import TOKEN, running
from tests.support.fake_swarm import COLUMN, FakeSwarm
from tools.browser import visit


@pytest.fixture(scope="module")
def many() -> Iterator[str]:
    """A swarm that is sent in windows."""
    swarm = FakeSwarm(3000)
    swarm.mode = "window"
    with running(swarm) as address:
        yield address


def falling(shown: list[float]) -> bool:
    """Whether these are the numbers of a page further down, the largest first."""
    return bool(shown) and shown[0] < 390 and shown == sorted(shown, reverse=True)


def test_an_unreachable_controller_leaves_the_data_greyed_and_its_return_brings_it_back(
    browser: Browser,
) -> None:
    port = free_port()
    with open_page(browser) as page:
        with running(FakeSwarm(50), port) as url:
            show(page, url)
        _expect_dated_and_back(page, port)


def _expect_dated_and_back(page: Page, port: int) -> None:
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


def test_a_lost_worker_is_named_and_a_swarm_without_any_is_said_to_wait(
    page: Page, swarm: FakeSwarm, url: str
) -> None:
    swarm.lost_workers = ["worker-2"]
    show(page, url)
    expect(page.get_by_role("alert")).to_contain_text(
        "Worker worker-2 lost. Other workers take over the stations."
    )
    swarm.workers_alive = False
    expect(page.get_by_role("alert")).to_contain_text("No worker is alive")
    swarm.workers_alive, swarm.lost_workers = True, []
    expect(page.get_by_role("alert").filter(has_text=re.compile("lost|alive"))).to_have_count(0)


def test_a_paused_page_stands_still_and_then_shows_what_is(page: Page, swarm: FakeSwarm, url: str) -> None:
    show(page, url)
    page.keyboard.press("p")
    expect(page.locator(".pill")).to_contain_text("Paused")
    seen = page.locator("tr.station .col-energy").all_inner_texts()
    page.wait_for_timeout(2500)
    assert page.locator("tr.station .col-energy").all_inner_texts() == seen
    page.get_by_role("button", name="Go on").click()
    expect(page.locator(".pill")).to_have_text("Live")
    energy = page.locator("tr.station .col-energy").first
    first = swarm.rows["CP-000001"]
    eventually(page, lambda: energy.inner_text() == f"{first[COLUMN['energy_mwh']] / 1e6:,.2f}")
    # Not every row has changed meanwhile, and the first one need not be among those that have.
    page.wait_for_function(
        "seen => [...document.querySelectorAll('tr.station .col-energy')].some((cell, i) => cell.innerText !== seen[i])",
        arg=seen,
    )


def test_without_websockets_the_page_asks_instead_and_can_still_act(
    page: Page, swarm: FakeSwarm, url: str
) -> None:
    swarm.refuse_feed = True
    visit(page, url)
    expect(page.locator(".pill")).to_have_text("Polling", timeout=20_000)
    expect(page.get_by_role("alert")).to_contain_text("Does a proxy keep WebSockets out?")
    expect(page.get_by_role("table")).to_have_attribute("aria-rowcount", "1001")
    row = page.locator("tr.station[data-id='CP-000005']")
    row.get_by_role("button", name="Stop CP-000005").click()
    expect(row.locator(".state")).to_have_text("Stopped")
    for number in (5, 6, 7):
        page.get_by_label(f"Tick CP-{number:06d}").click()
    page.get_by_role("group", name="Ticked stations").get_by_role("button", name="Stop").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop 3").click()
    expect(page.locator(".operation")).to_contain_text("3 of 3 done")
    swarm.refuse_feed = False
    expect(page.locator(".pill")).to_have_text("Live", timeout=20_000)


def test_a_page_that_falls_behind_again_and_again_takes_fewer_frames_and_says_so(
    page: Page, swarm: FakeSwarm, url: str
) -> None:
    show(page, url)
    for _ in range(3):
        swarm.publish({"type": "resync", "reason": "behind"})
        for frame in swarm.snapshot():
            swarm.publish(frame)
    expect(page.get_by_role("alert")).to_contain_text("does not keep up with the feed")
    expect(page.locator("tr.station").first).to_be_visible()
    assert {"type": "rate", "hz": 0.5} in swarm.client_messages


def test_who_is_not_signed_in_gets_the_login_and_then_the_swarm(
    page: Page, swarm: FakeSwarm, url: str
) -> None:
    swarm.token_required = True
    visit(page, f"{url}/?q=CP-00001")
    token = page.get_by_label("Token")
    expect(token).to_be_visible()
    token.fill(TOKEN)
    token.press("Enter")
    expect(page.locator(".pill")).to_have_text("Live")
    expect(page.locator("tr.station").first).to_contain_text("CP-000010")


def test_until_the_first_snapshot_rows_are_said_to_be_loading(page: Page, swarm: FakeSwarm, url: str) -> None:
    swarm.hold_snapshot = True
    visit(page, url)
    expect(page.get_by_role("status", name="Loading stations")).to_be_visible()
    expect(page.locator(".pill")).to_have_text("Loading")


def test_a_swarm_that_is_not_there_yet_is_said_to_be_on_its_way(browser: Browser) -> None:
    swarm = FakeSwarm(0)
    swarm.ramp = 0
    swarm.desired = 40
    with running(swarm) as url, open_page(browser) as page:
        visit(page, url)
        expect(page.get_by_role("status").filter(has_text="on the way")).to_contain_text("40 stations")


def test_a_very_large_swarm_is_shown_in_windows_that_follow_the_eye(browser: Browser, many: str) -> None:
    with open_page(browser) as page:
        show(page, many)
        expect(page.get_by_role("table")).to_have_attribute("aria-rowcount", "3001")
        page.get_by_role("button", name="Total kWh").click()
        expect(page).to_have_url(re.compile("sort=energy&dir=desc"))
        energies = page.locator("tr.station .col-energy")
        expect(page.locator("tr.station[aria-rowindex='2'] .col-energy")).to_have_text(re.compile(r"^39\d\."))
        page.evaluate("scrollTo(0, 60_000)")
        expect(page.locator("tr[data-id][aria-rowindex='1660']")).to_be_visible()
        expect(page.locator("tr.coming")).to_have_count(0)
        eventually(
            page, lambda: falling([float(text.replace(",", "")) for text in energies.all_inner_texts()])
        )
        assert page.locator("tbody tr").count() < 80
        page.locator("tr.station").first.focus()
        page.keyboard.press("End")
        expect(page.locator("tr.station:focus")).to_have_attribute("aria-rowindex", "3001")
        page.keyboard.press("p")
        expect(page.locator(".pill")).to_contain_text("Paused")
        page.get_by_label("Search stations").fill("highway")
        expect(page.get_by_role("table")).to_have_attribute("aria-rowcount", "601")
        page.get_by_role("button", name="Logs of").first.click()
        expect(page.locator("ol.lines li").first).to_be_visible()
        page.get_by_label("Tick all stations that match").click()
        expect(page.get_by_role("group", name="Ticked stations")).to_contain_text("600 stations that match")


DRAWN = """
const draw = CanvasRenderingContext2D.prototype.fillText;
window.drawn = new Set();
CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
  window.drawn.add(text);
  return draw.call(this, text, ...rest);
};
"""


def test_a_single_day_stands_in_its_week_whatever_the_readers_zone(browser: Browser, url: str) -> None:
    context = browser.new_context(timezone_id="Asia/Tokyo")
    page = context.new_page()
    page.add_init_script(DRAWN)
    day = {"day": "2026-11-20", "sessions": 3, "energy_wh": 4500, "earnings": 1.5}
    page.route("**/history/days?*", lambda route: route.fulfill(json={"items": [day]}))
    visit(page, f"{url}/?trend=days")
    expect(page.locator(".trend canvas")).to_have_count(3)
    page.wait_for_function("() => [...window.drawn].some(text => text.includes('Nov'))")
    drawn: list[str] = page.evaluate("[...window.drawn].filter(text => /[a-z]/.test(text))")
    assert set(drawn) <= {f"{number} Nov" for number in range(14, 21)}, drawn
    context.close()


def test_days_of_the_history_stand_in_for_the_minutes(page: Page, swarm: FakeSwarm, url: str) -> None:
    show(page, url)
    page.get_by_role("button", name="Days").click()
    expect(page).to_have_url(re.compile("trend=days"))
    strip = page.get_by_role("region", name="Sums of days")
    expect(strip.locator("figure")).to_have_count(3)
    expect(strip).to_contain_text("Sessions")
    expect(strip).to_contain_text("120")
    swarm.fail_history = True
    visit(page, page.url)
    expect(strip.get_by_role("alert")).to_contain_text("The historian does not answer")
    swarm.fail_history = False
    strip.get_by_role("button", name="Try again").click()
    expect(strip.locator("figure")).to_have_count(3)
