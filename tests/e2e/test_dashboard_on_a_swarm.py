"""The dashboard on a real swarm: what a newcomer does in the first minute."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import accessibility_faults, open_browser, open_page
from tests.support.swarm import SwarmProcess
from tools.browser import visit


@pytest.fixture(scope="module")
def swarm() -> Iterator[SwarmProcess]:
    """Twelve stations on two workers."""
    with SwarmProcess("--stations", "12", "--workers", "2", "--seed", "7") as process:
        process.wait_for_running(12)
        yield process


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests here."""
    with open_browser() as opened:
        yield opened


def test_live_rows_logs_scale_price_and_stop_work_on_real_stations(
    swarm: SwarmProcess, browser: Browser
) -> None:
    with open_page(browser) as page:
        visit(page, swarm.url)
        expect(page.locator(".pill")).to_have_text("Live")
        expect(page.locator("tr.station")).to_have_count(12)
        expect(page.get_by_role("button", name="Running")).to_contain_text("100 % of all")
        expect(page.locator("tr.station .state").filter(has_text="Charging").first).to_be_visible(
            timeout=20_000
        )

        page.get_by_role("button", name="Logs of CP-000002").click()
        log = page.get_by_role("region", name="Log of CP-000002")
        expect(log.locator("ol.lines > li:not(.quiet-entry)").last).to_contain_text("tart")
        log.get_by_label("Action in the log").select_option("BootNotification")
        log.locator("button.call").click()
        expect(log.locator(".messages")).to_contain_text("CALLRESULT to it")
        expect(log.locator(".messages")).to_contain_text('"status": "Accepted"')
        log.get_by_role("button", name="Older").click()
        expect(log).to_contain_text("This is all there is.")
        page.get_by_role("button", name="Close the log of CP-000002").click()

        row = page.locator("tr.station[data-id='CP-000003']")
        row.get_by_role("button", name="Stop CP-000003").click()
        expect(row.locator(".state")).to_have_text("Stopped")
        row.get_by_role("button", name="Start CP-000003").click()
        expect(row.locator(".state")).not_to_have_text(re.compile("Stopped|Offline|Booting"))

        page.get_by_label("Search stations").fill("CP-00000")
        page.get_by_label("Tick all stations that match").click()
        bar = page.get_by_role("group", name="Ticked stations")
        expect(bar).to_contain_text("9 stations that match ticked")
        bar.get_by_role("button", name="Stop").click()
        page.get_by_role("dialog").get_by_role("button", name="Stop 9").click()
        expect(page.locator(".operation").first).to_contain_text("9 of 9 done", timeout=30_000)
        expect(page.locator("tr.station .state").filter(has_text="Stopped")).to_have_count(9)
        page.get_by_label("Tick all stations that match").click()
        bar.get_by_role("button", name="Start").click()
        page.get_by_role("dialog").get_by_role("button", name="Start 9").click()
        expect(page.locator("tr.station .state").filter(has_text="Stopped")).to_have_count(0)
        page.get_by_role("button", name="Clear").click()
        swarm.wait_for_running(12)

        page.get_by_label("New price").fill("0.45")
        page.get_by_role("button", name="Set", exact=True).click()
        expect(page.get_by_label("Current price")).to_have_text("€0.45")
        assert swarm.get("/pricing")["price"] == 0.45

        page.get_by_role("button", name="+10", exact=True).click()
        page.get_by_role("button", name="Apply").click()
        expect(page.get_by_role("table")).to_have_attribute("aria-rowcount", "23", timeout=30_000)
        swarm.wait_for_running(22)
        assert accessibility_faults(page) == []


def test_a_copied_address_shows_the_same_view(swarm: SwarmProcess, browser: Browser) -> None:
    with open_page(browser, 390, 844, dark=True) as page:
        visit(page, f"{swarm.url}/ui/?q=CP-000001&log=CP-000001")
        expect(page.locator("tr.station")).to_have_count(1)
        expect(page.get_by_role("region", name="Log of CP-000001")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_workers_services_and_messages_of_a_real_swarm_are_on_their_pages(
    swarm: SwarmProcess, browser: Browser
) -> None:
    with open_page(browser) as page:
        visit(page, f"{swarm.url}/ui/workers")
        expect(page.locator("tr[data-worker] .verdict.good")).to_have_count(2)
        for name, words in (
            ("Controllers", "leads"),
            ("Central system", "connected"),
            ("Historian", "Writing"),
        ):
            expect(page.get_by_role("region", name=name)).to_contain_text(words)
        page.get_by_role("navigation", name="Pages").get_by_role("link", name="Messages").click()
        page.get_by_label("Action").select_option("BootNotification")
        page.get_by_role("button", name="BootNotification").last.click()
        expect(page.get_by_role("region", name="Answer")).to_contain_text('"status": "Accepted"')
        page.get_by_label("Station", exact=True).fill("CP-000003")
        expect(page).to_have_url(re.compile("station=CP-000003"))
        page.get_by_label("Action").select_option("TriggerMessage")
        command = {"requestedMessage": "Heartbeat"}
        swarm.api.post("/csms/stations/CP-000003/commands/TriggerMessage", json=command).raise_for_status()
        expect(page.get_by_role("button", name="TriggerMessage")).to_be_visible()
