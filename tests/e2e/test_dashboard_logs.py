"""The log viewer under a row, on made-up logs and a made-up past."""

import re

from playwright.sync_api import Page, expect

from tests.support.browser import eventually, show
from tests.support.fake_swarm import FakeSwarm
from tools.browser import visit

ENTRIES = "ol.lines > li:not(.quiet-entry)"


def test_the_first_look_at_a_log_makes_one_request_and_the_second_none(
    page: Page, swarm: FakeSwarm, url: str
) -> None:
    show(page, url)
    button = page.get_by_role("button", name="Logs of CP-000003")
    assert swarm.log_requests["CP-000003"] == 0
    button.click()
    lines = page.get_by_role("region", name="Log of CP-000003").locator(ENTRIES)
    expect(lines).to_have_count(50)
    times = lines.locator("time").all_inner_texts()
    assert times == sorted(times, reverse=True), "the newest line stands first"
    button.click()
    expect(lines).to_have_count(0)
    button.click()
    expect(lines).to_have_count(50)
    assert swarm.log_requests["CP-000003"] == 1
    page.get_by_role("button", name="Refresh").click()
    eventually(page, lambda: swarm.log_requests["CP-000003"] == 2)
    expect(page.get_by_role("region", name="Log of CP-000003")).to_contain_text("0 s old")


def test_a_log_that_cannot_be_had_says_why_and_can_be_tried_again(
    page: Page, swarm: FakeSwarm, url: str
) -> None:
    swarm.fail_logs = True
    visit(page, f"{url}/?log=CP-000002")
    panel = page.get_by_role("region", name="Log of CP-000002")
    expect(panel.get_by_role("alert")).to_contain_text("The store does not answer")
    swarm.fail_logs = False
    swarm.empty_logs = True
    panel.get_by_role("button", name="Try again").click()
    expect(panel).to_contain_text("Nothing logged yet.")
    swarm.empty_logs = False
    panel.get_by_role("button", name="Refresh").click()
    expect(panel.locator(ENTRIES)).to_have_count(50)


def test_a_followed_log_comes_over_the_feed(page: Page, swarm: FakeSwarm, url: str) -> None:
    visit(page, f"{url}/?log=CP-000002")
    panel = page.get_by_role("region", name="Log of CP-000002")
    expect(panel.locator(ENTRIES)).to_have_count(50)
    panel.get_by_label("Live").check()
    expect(panel).to_contain_text("live")
    panel.get_by_role("button", name="Lines", exact=True).click()
    expect(panel.locator(ENTRIES)).to_have_count(6)
    assert {"type": "sub", "log": "CP-000002"} in swarm.client_messages


def test_chips_pick_directions_actions_and_words_and_the_export_follows(page: Page, url: str) -> None:
    visit(page, f"{url}/?log=CP-000002")
    panel = page.get_by_role("region", name="Log of CP-000002")
    entries = panel.locator(ENTRIES)
    expect(entries).to_have_count(50)
    panel.get_by_role("button", name="To station", exact=True).click()
    expect(entries).to_have_count(10)
    expect(panel).to_contain_text("10 of 50")
    panel.get_by_label("Action in the log").select_option("Reset")
    expect(entries).to_have_count(5)
    expect(entries.first).to_contain_text("Rejected")
    panel.get_by_label("Text in the log").fill("no such words")
    expect(panel).to_contain_text("Nothing here matches.")
    link = panel.get_by_role("link", name="as CSV")
    expect(link).to_have_attribute(
        "href", "/stations/CP-000002/logs?format=csv&direction=to_station&action=Reset&text=no+such+words"
    )
    panel.get_by_role("button", name="Show all").click()
    panel.get_by_role("button", name="Problems").click()
    expect(panel.locator(f"{ENTRIES}:not(.warning):not(.error)")).to_have_count(0)
    expect(entries.first).to_be_visible()


def test_keys_walk_the_calls_and_enter_shows_both_messages_of_one(page: Page, url: str) -> None:
    visit(page, f"{url}/?log=CP-000002")
    panel = page.get_by_role("region", name="Log of CP-000002")
    panel.get_by_label("Action in the log").select_option("Reset")
    calls = panel.locator("button.call")
    expect(calls).to_have_count(5)
    calls.first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(calls.nth(1)).to_have_attribute("aria-expanded", "true")
    messages = panel.locator(".messages")
    expect(messages).to_have_count(1)
    expect(messages).to_contain_text(re.compile(r"CALL u-\d+ to the station"))
    expect(messages).to_contain_text('"type": "Soft"')
    expect(messages).to_contain_text("CALLRESULT to it, 3.2 ms later")
    expect(messages).to_contain_text('"status": "Rejected"')
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)


def test_older_entries_come_from_the_history_until_its_end(page: Page, swarm: FakeSwarm, url: str) -> None:
    swarm.fail_history = True
    visit(page, f"{url}/?log=CP-000002")
    panel = page.get_by_role("region", name="Log of CP-000002")
    panel.get_by_role("button", name="Older").click()
    expect(panel.get_by_role("alert")).to_contain_text("The historian does not answer")
    swarm.fail_history = False
    panel.get_by_role("button", name="Try again").click()
    expect(panel).to_contain_text("249 entries")
    for _ in range(5):
        if panel.get_by_text("This is all there is.").count():
            break
        panel.get_by_role("button", name="Older").click()
        expect(panel.get_by_role("button", name="Loading…")).to_have_count(0)
    expect(panel).to_contain_text("600 entries")
    times = panel.locator(f"{ENTRIES} time").all_inner_texts()
    assert len(times) == 600
