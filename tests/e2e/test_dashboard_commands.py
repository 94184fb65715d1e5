"""Commanding the made-up swarm from the page: its size, its price, one station, and many at once."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.support.browser import open_page, show
from tests.support.compose import eventually
from tests.support.fake_controller import running
from tests.support.fake_swarm import FakeSwarm
from tools.browser import visit


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
    expect(dialog).to_contain_text(re.compile(r"[1-9]\d* active transactions will stop"))
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


def test_an_empty_swarm_offers_to_start_ten_stations(browser: Browser) -> None:
    with running(FakeSwarm(0)) as url, open_page(browser) as page:
        visit(page, url)
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


def test_time_and_grid_of_the_swarm_are_set_and_a_wrong_number_is_not(
    page: Page, swarm: FakeSwarm, url: str
) -> None:
    show(page, url)
    conditions = page.get_by_role("region", name="Conditions")
    conditions.get_by_label("Time").select_option("60")
    load = conditions.get_by_label("Grid %")
    load.fill("85")
    load.press("Enter")
    carbon = conditions.get_by_label("CO₂ g/kWh")
    carbon.fill("-3")
    carbon.press("Enter")
    expect(carbon).to_have_attribute("aria-invalid", "true")
    expect(conditions.get_by_role("alert")).to_contain_text("a number from 0 to 10,000, or nothing")
    carbon.fill("420")
    carbon.blur()
    expect(conditions.get_by_role("alert")).to_have_count(0)
    expect(load).to_have_value("85")
    wanted = {"clock_factor": 60, "grid_load": 0.85, "carbon_intensity": 420}
    eventually(lambda: swarm.conditions, lambda now: now == wanted, 10, "time, load and carbon set")
    load.fill("")
    load.press("Enter")
    eventually(lambda: swarm.conditions["grid_load"], lambda load: load is None, 10, "the load unknown")
    visit(page, page.url)
    expect(load).to_have_value("")
    expect(conditions.get_by_label("Time")).to_have_value("60")


def test_a_station_stops_and_starts_from_its_row(page: Page, url: str) -> None:
    show(page, url)
    row = page.locator("tr.station[data-id='CP-000005']")
    row.get_by_role("button", name="Stop CP-000005").click()
    expect(row.locator(".state")).to_have_text("Stopped")
    row.get_by_role("button", name="Start CP-000005").click()
    expect(row.locator(".state")).not_to_have_text("Stopped")


def test_a_scaling_can_be_cancelled_and_says_how_far_it_came(page: Page, swarm: FakeSwarm, url: str) -> None:
    swarm.ramp = 20
    show(page, url)
    page.get_by_label("Number of stations", exact=True).fill("1500")
    page.get_by_role("button", name="Apply").click()
    scale = page.get_by_role("form", name="Scale")
    expect(scale.locator(".progress-note")).to_contain_text(re.compile(r"/ 500, .* left"))
    scale.get_by_role("button", name="Cancel").click()
    expect(scale).to_contain_text(re.compile(r"Cancelled after \d+ of 500"))
    assert swarm.desired < 1500


def test_a_station_that_takes_long_to_stop_is_busy_until_it_has_not(
    page: Page, swarm: FakeSwarm, url: str
) -> None:
    swarm.unwilling = {"CP-000005"}
    show(page, url)
    row = page.locator("tr.station[data-id='CP-000005']")
    before = row.locator(".state").inner_text()
    row.get_by_role("button", name="Stop CP-000005").click()
    expect(page.locator(".toast.error")).to_contain_text("CP-000005: bulk failed")
    expect(row.locator(".state")).to_have_text(before)
    expect(row.get_by_role("button", name="Stop CP-000005")).to_have_attribute("aria-disabled", "false")


def test_ticked_stations_are_counted_confirmed_and_stopped_and_what_failed_is_tried_again(
    page: Page, swarm: FakeSwarm, url: str
) -> None:
    swarm.unwilling = {"CP-000002"}
    show(page, url)
    page.get_by_label("Tick CP-000001").click()
    page.get_by_label("Tick CP-000004").click(modifiers=["Shift"])
    bar = page.get_by_role("group", name="Ticked stations")
    expect(bar).to_contain_text("4 stations ticked")
    bar.get_by_role("button", name="Stop").click()
    dialog = page.get_by_role("dialog", name="Stop 4 stations?")
    expect(dialog).to_contain_text("stay stopped until started")
    dialog.get_by_role("button", name="Stop 4").click()
    expect(bar).to_have_count(0)
    operation = page.locator(".operation").first
    expect(operation).to_contain_text("3 of 4 done, 1 failed")
    assert swarm.bulk_requests[0]["filter"] == {"station_ids": [f"CP-00000{n}" for n in (1, 2, 3, 4)]}
    expect(page.locator("tr.station[data-id='CP-000003'] .state")).to_have_text("Stopped")
    operation.get_by_role("button", name="Results").click()
    results = page.get_by_role("region", name="Result of each station")
    expect(results.locator("li")).to_have_count(1)
    expect(results).to_contain_text("CP-000002")
    expect(results).to_contain_text("It did not answer in time")
    page.get_by_label("Only what failed").uncheck()
    expect(results.locator("li")).to_have_count(4)
    page.keyboard.press("Escape")
    swarm.unwilling.clear()
    operation.get_by_role("button", name="Retry 1").click()
    expect(page.locator(".operation").first).to_contain_text("1 of 1 done")
    expect(page.locator("tr.station[data-id='CP-000002'] .state")).to_have_text("Stopped")


def test_all_that_match_are_sent_as_the_filter_and_can_be_cancelled_midway(
    page: Page, swarm: FakeSwarm, url: str
) -> None:
    swarm.per_tick = 5
    show(page, url)
    page.get_by_label("Profile", exact=True).last.select_option("depot")
    page.get_by_label("Tick all stations that match").click()
    expect(page.get_by_label("Tick CP-000003")).to_be_checked()
    bar = page.get_by_role("group", name="Ticked stations")
    expect(bar).to_contain_text("200 stations that match ticked")
    bar.get_by_role("button", name="Reconnect").click()
    page.get_by_role("dialog").get_by_role("button", name="Reconnect 200").click()
    operation = page.locator(".operation")
    expect(operation).to_contain_text(re.compile(r"\d+ of 200 done"))
    assert swarm.bulk_requests == [{"filter": {"profile": "depot"}, "action": "reconnect"}]
    operation.get_by_role("button", name="Cancel").click()
    expect(operation).to_contain_text(re.compile(r"Cancelled: \d+ of 200 done"))
    operation.get_by_role("button", name="Dismiss").click()
    expect(operation).to_have_count(0)


def test_another_filter_unticks_what_was_ticked_across_the_one_before(page: Page, url: str) -> None:
    show(page, url)
    page.locator("tr.station").first.focus()
    page.keyboard.press("x")
    expect(page.get_by_role("group", name="Ticked stations")).to_contain_text("1 station ticked")
    page.keyboard.press("x")
    page.get_by_label("Tick all stations that match").click()
    expect(page.get_by_role("group", name="Ticked stations")).to_contain_text("1,000 stations")
    page.get_by_label("Search stations").fill("depot")
    expect(page.get_by_role("group", name="Ticked stations")).to_have_count(0)
