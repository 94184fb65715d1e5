"""The page of one station, on a real swarm: a station of our own that does nothing but what the page asks of it."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.support.browser import accessibility_faults, open_browser, open_page
from tests.support.swarm import SwarmProcess
from tools.browser import visit

SECTIONS = ("now", "actions", "configuration", "messages", "log", "sessions")


@pytest.fixture(scope="module")
def swarm() -> Iterator[SwarmProcess]:
    """One station that is left to the hand."""
    with SwarmProcess("--stations", "0", "--workers", "1") as process:
        process.wait_for_running(0)
        process.post("/stations", {"station_id": "BENCH-1", "connectors": 2, "autonomous": False})
        process.wait_for_running(1)
        yield process


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


def show(page: Page, swarm: SwarmProcess, section: str = "now", **search: str) -> None:
    """Open a part of the station's page and wait for the station."""
    values = {"show": section} | search
    query = "&".join(f"{name}={value}" for name, value in values.items() if (name, value) != ("show", "now"))
    visit(page, f"{swarm.url}/ui/stations/BENCH-1{'?' if query else ''}{query}")
    expect(page.locator(".state-chip")).to_be_visible()


def outlet(page: Page, connector_id: int = 1) -> Locator:
    """The card of a connector."""
    return page.get_by_role("region", name=f"Connector {connector_id}", exact=True)


def send(page: Page) -> Locator:
    """Send the form that is open; the answer."""
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Send", exact=True).click()
    answer = dialog.locator(".answer")
    expect(answer).to_contain_text("ms")
    return answer


def test_a_car_is_plugged_in_charged_and_let_go_by_the_buttons_of_its_outlet(
    page: Page, swarm: SwarmProcess
) -> None:
    show(page, swarm)
    first = outlet(page)
    expect(first).to_contain_text("Available")
    first.get_by_role("button", name="Plug in").click()
    expect(first).to_contain_text("Preparing")
    first.get_by_role("button", name="Present tag").click()
    expect(first).to_contain_text("Charging")
    expect(first.get_by_role("meter")).to_be_visible()
    expect(first).to_contain_text(re.compile(r"of \d+\.\d kW offered"))
    expect(page.locator(".state-chip")).to_have_text("Charging")
    expect(page.locator(".line-keys").first).to_contain_text(re.compile(r"limit \d+\.\d kW"))
    first.get_by_role("button", name="Press stop").click()
    expect(first).to_contain_text("Finishing")
    first.get_by_role("button", name="Unplug").click()
    expect(first).to_contain_text("Available")
    expect(first).to_contain_text("no transaction")

    page.get_by_role("link", name="Sessions").click()
    row = page.get_by_role("table", name="Sessions, newest first").get_by_role("row").last
    expect(row).to_contain_text("Local")
    expect(
        page.get_by_role("table", name="Sessions, energy and earnings a day").locator("tbody tr")
    ).to_have_count(1)


def test_a_setting_is_changed_in_place_and_shows_what_the_station_has(
    page: Page, swarm: SwarmProcess
) -> None:
    show(page, swarm, "configuration")
    page.get_by_label("Search configuration keys").fill("heartbeatinterval")
    keys = page.get_by_role("region", name="Configuration keys")
    keys.get_by_role("button", name="Change HeartbeatInterval").click()
    keys.get_by_role("textbox", name="Value of HeartbeatInterval").fill("77")
    keys.get_by_role("button", name="Send ChangeConfiguration").click()
    expect(keys.get_by_role("form")).to_contain_text("The station answered: Accepted")
    expect(keys.locator(".setting-value")).to_have_text("77")
    keys.get_by_role("textbox", name="Value of HeartbeatInterval").fill("often")
    keys.get_by_role("button", name="Send ChangeConfiguration").click()
    expect(keys.locator("form p.problem")).to_have_text("The station answered: Rejected")
    expect(keys.locator(".setting-value")).to_have_text("77")
    expect(keys).to_contain_text("changed")
    page.get_by_label("Search configuration keys").fill("AuthorizationKey")
    expect(keys.locator(".setting-value").first).to_have_text("never told")
    page.get_by_label("Search configuration keys").fill("NumberOfConnectors")
    expect(keys).to_contain_text("read-only")


def test_a_charging_profile_is_made_in_its_form_drawn_and_cleared(page: Page, swarm: SwarmProcess) -> None:
    show(page, swarm)
    profiles = page.get_by_role("region", name="Charging profiles")
    expect(profiles).to_contain_text("None: every connector may give up to")
    profiles.get_by_role("button", name="Set one").click()
    dialog = page.get_by_role("dialog", name="SetChargingProfile to BENCH-1")
    dialog.get_by_label(re.compile("^Charging rate unit")).select_option("W")
    limit = dialog.get_by_label(re.compile("^Limit")).first
    limit.fill("lots")
    expect(dialog).to_contain_text("a number")
    limit.fill("5000")
    dialog.get_by_role("button", name="Add an item").click()
    dialog.get_by_label(re.compile("^Start period")).nth(1).fill("600")
    dialog.get_by_label(re.compile("^Limit")).nth(1).fill("3000")
    assert "Accepted" in send(page).inner_text()
    dialog.get_by_role("button", name="Close").click()
    expect(profiles).to_contain_text("+0:00 5000 W · +0:10 3000 W")
    profiles.get_by_role("button", name="1", exact=True).click()
    expect(profiles.locator(".line-keys")).to_contain_text("limit 5.0 kW")
    profiles.get_by_role("button", name="Clear TxDefaultProfile 1").click()
    assert "Accepted" in send(page).inner_text()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Close").click()
    expect(profiles).to_contain_text("None: every connector")


def test_what_the_server_refuses_is_said_and_nothing_is_shown_as_done(
    page: Page, swarm: SwarmProcess
) -> None:
    show(page, swarm, "actions")
    page.get_by_role("button", name="Reset", exact=True).click()
    dialog = page.get_by_role("dialog", name="Reset to BENCH-1")
    dialog.get_by_role("button", name="JSON").click()
    dialog.get_by_label("Payload as JSON").fill('{"type": ')
    expect(dialog.get_by_role("button", name="Send", exact=True)).to_be_disabled()
    dialog.get_by_label("Payload as JSON").fill('{"type": "Sof"}')
    expect(dialog).to_contain_text("One field looks wrong")
    expect(send(page).locator(".verdict.bad")).to_contain_text("type")
    dialog.get_by_role("button", name="Close").click()
    done = page.get_by_role("log", name="Answers").get_by_role("listitem").first
    expect(done.locator(".verdict.bad")).to_contain_text("Sof")
    operation = done.get_by_role("link", name="operation").get_attribute("href")
    assert operation is not None
    assert swarm.get(operation)["state"] == "failed"


def test_every_action_and_every_command_has_a_button(page: Page, swarm: SwarmProcess) -> None:
    show(page, swarm, "actions")
    hands = page.get_by_role("region", name="By hand").locator(".deed-buttons button")
    commands = page.get_by_role("region", name="Commands of the central system").locator(
        ".deed-buttons button"
    )
    names = {name.lower().replace(" ", "_") for name in hands.all_inner_texts()}
    assert names == set(swarm.get("/actions"))
    assert set(commands.all_inner_texts()) == set(swarm.get("/csms/commands"))


def test_drivers_are_let_come_by_themselves_and_held_off_again(page: Page, swarm: SwarmProcess) -> None:
    show(page, swarm, "actions")
    switch = page.get_by_label("Drivers come and go by themselves")
    for wanted in (True, False):
        expect(switch).to_be_checked(checked=not wanted)
        switch.click()
        expect(switch).to_be_checked(checked=wanted)
    assert swarm.get("/stations/BENCH-1/detail")["autonomous"] is False


def test_a_station_sends_its_diagnostics_to_an_address_that_its_form_makes(
    page: Page, swarm: SwarmProcess
) -> None:
    show(page, swarm, "actions")
    page.get_by_role("button", name="GetDiagnostics").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Let it upload to this controller").click()
    expect(dialog.get_by_label(re.compile("^Location"))).to_have_value(
        re.compile(f"^{swarm.url}/uploads/.+/$")
    )
    expect(send(page)).to_contain_text('"fileName"')
    dialog.get_by_role("button", name="Close").click()
    page.get_by_role("link", name="Now").click()
    about = page.get_by_role("region", name="About this station")
    expect(about).to_contain_text(re.compile("last went to 127.0.0.1.*: Uploaded"))


def test_messages_pair_requests_with_answers_and_are_narrowed_by_the_address(
    page: Page, swarm: SwarmProcess
) -> None:
    swarm.post("/csms/stations/BENCH-1/commands/GetConfiguration", {"key": ["LightIntensity"]})
    show(page, swarm, "messages", action="GetConfiguration")
    row = page.get_by_role("table").locator("button.message").first
    row.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Request")).to_contain_text('"LightIntensity"')
    expect(page.get_by_role("region", name="Answer")).to_contain_text('"readonly": false')
    # An opened message holds the list; closed, it goes on.
    page.keyboard.press("Enter")
    swarm.post("/csms/stations/BENCH-1/commands/GetConfiguration", {"key": ["BlinkRepeat"]})
    expect(page.locator("td.msg-line").first).to_contain_text("key ×1")
    expect(page.locator("button.message")).to_have_count(2)
    page.keyboard.press("k")
    expect(page.locator("button.message").first).to_be_focused()
    page.get_by_label("Action", exact=True).select_option("BootNotification")
    expect(page).to_have_url(re.compile("action=BootNotification"))
    expect(page.locator("button.message").first).to_contain_text("BootNotification")
    page.get_by_label("Words in the messages").fill("no-such-word")
    expect(page.get_by_text("No message matches yet.")).to_be_visible()
    page.go_back()
    expect(page.locator("button.message").first).to_contain_text("GetConfiguration")


def test_a_stopped_station_keeps_its_settings_in_sight_and_can_be_started(
    page: Page, swarm: SwarmProcess
) -> None:
    show(page, swarm)
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator(".state-chip")).to_have_text("Stopped")
    expect(page.get_by_text("It is stopped")).to_be_visible()
    expect(page.get_by_role("region", name="About this station")).to_contain_text("switched off")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator(".state-chip")).to_have_text("Available")


def test_a_station_that_nobody_describes_is_shown_as_it_was(page: Page, swarm: SwarmProcess) -> None:
    show(page, swarm)
    expect(outlet(page)).to_be_visible()

    def refuse(route: Route) -> None:
        problem = {"title": "Conflict", "status": 409, "detail": "Station BENCH-1 has no living worker."}
        route.fulfill(status=409, content_type="application/problem+json", body=json.dumps(problem))

    page.route("**/stations/BENCH-1/detail*", refuse)
    alert = page.get_by_role("alert").filter(has_text="no living worker")
    expect(alert).to_contain_text("What is shown is what it was before.")
    expect(outlet(page)).to_be_visible()
    expect(outlet(page).get_by_role("button", name="Plug in")).to_be_disabled()
    expect(page.locator(".state-chip")).to_have_text("Available")
    page.unroute("**/stations/BENCH-1/detail*")
    expect(alert).to_have_count(0)


def test_a_station_that_is_out_of_order_is_repaired_from_its_page(page: Page, swarm: SwarmProcess) -> None:
    swarm.post("/stations/BENCH-1/actions/fault", {"connector_id": 0, "error_code": "GroundFailure"})
    show(page, swarm)
    alert = page.get_by_role("alert").filter(has_text="GroundFailure")
    alert.get_by_role("button", name="Repair").click()
    expect(alert).to_have_count(0)
    expect(page.locator(".state-chip")).to_have_text("Available")


def test_an_unknown_station_is_said_to_be_none(page: Page, swarm: SwarmProcess) -> None:
    visit(page, f"{swarm.url}/ui/stations/NOBODY")
    expect(page.get_by_text("There is no station NOBODY.")).to_be_visible()
    page.get_by_role("link", name="Look for it in the table").click()
    expect(page).to_have_url(re.compile(r"/\?q=NOBODY"))


@pytest.mark.parametrize(
    ("width", "height", "dark", "judged"),
    [(1400, 900, False, SECTIONS), (390, 844, True, ("now", "messages"))],
)
def test_axe_finds_nothing_in_any_part_and_nothing_is_wider_than_the_page(
    browser: Browser, swarm: SwarmProcess, width: int, height: int, dark: bool, judged: tuple[str, ...]
) -> None:
    with open_page(browser, width, height, dark=dark) as page:
        show(page, swarm)
        for section in SECTIONS:
            page.get_by_role("navigation", name="Parts of this page").get_by_role("link").nth(
                SECTIONS.index(section)
            ).click()
            expect(page.locator(".station-body .card").first).to_be_visible()
            if section in judged:
                assert accessibility_faults(page) == [], section
            assert page.evaluate("document.documentElement.scrollWidth") <= width, section
        page.get_by_role("navigation", name="Parts of this page").get_by_role("link", name="Actions").click()
        page.get_by_role("button", name="SendLocalList").click()
        expect(page.get_by_role("group", name="Local authorization list")).to_be_visible()
        if judged == SECTIONS:
            assert accessibility_faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
