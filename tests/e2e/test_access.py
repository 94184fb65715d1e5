"""A swarm that asks for a token: what passes, what does not, and how one signs in."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
import websockets.sync.client as websocket_client
from playwright.sync_api import Browser, expect
from websockets.exceptions import ConnectionClosed

from tests.support.browser import accessibility_faults, open_browser, open_page
from tests.support.compose import eventually
from tests.support.swarm import EVSWARM, SwarmProcess
from tools.browser import visit

TOKEN = "open-sesame-open-sesame"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("swarm")


@pytest.fixture(scope="module")
def swarm(data: Path) -> Iterator[SwarmProcess]:
    """Two stations, reachable on every address of this machine."""
    options = ("--stations", "2", "--workers", "1", "--host", "0.0.0.0", "--data", str(data))
    with SwarmProcess(*options, EVSWARM_API_TOKEN=TOKEN) as process:
        process.api.headers.update(AUTHORIZED)
        process.wait_for_running(2)
        yield process


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


def command(swarm: SwarmProcess, token: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(EVSWARM), *arguments, "--url", swarm.url],
        env=os.environ | {"EVSWARM_API_TOKEN": token},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_commands_send_the_token_and_say_what_is_wrong_with_it(swarm: SwarmProcess) -> None:
    assert command(swarm, TOKEN, "scale", "2").returncode == 0
    for arguments in (("status",), ("export", "logs")):
        missing = command(swarm, "", *arguments)
        assert (missing.returncode, missing.stderr.count("\n")) == (1, 1)
        assert "set EVSWARM_API_TOKEN" in missing.stderr
    wrong = command(swarm, "0123456789abcdef", "status")
    assert wrong.returncode == 1
    assert "another token" in wrong.stderr
    assert "0123456789abcdef" not in wrong.stderr


def closed_with(swarm: SwarmProcess, headers: dict[str, str]) -> int | None:
    """Open the feed, read to its end; the code. 0 when it greets."""
    url = f"{swarm.url.replace('http', 'ws')}/live"
    with websocket_client.connect(url, additional_headers=headers, proxy=None) as socket:
        with suppress(ConnectionClosed):
            assert json.loads(socket.recv(10))["type"] == "hello"
            return 0
        return socket.close_code


def test_the_feed_asks_for_the_token_and_probes_do_not(swarm: SwarmProcess) -> None:
    assert closed_with(swarm, {}) == 4401
    assert closed_with(swarm, AUTHORIZED) == 0
    with httpx.Client(base_url=swarm.url, headers={"Host": "anything.example"}, trust_env=False) as stranger:
        for path in ("/metrics", "/healthz", "/readyz"):
            assert stranger.get(path).status_code == 200
        assert stranger.get("/").status_code == 421
        metrics = stranger.get("/metrics").text
    assert 'evswarm_http_refused_total{reason="token"} 0.0' not in metrics


def test_a_station_uploads_its_diagnostics_without_the_token(swarm: SwarmProcess) -> None:
    address = swarm.post("/csms/stations/CP-000001/uploads", {})["upload_url"]
    swarm.post("/csms/stations/CP-000001/commands/GetDiagnostics", {"location": address})
    uploads = eventually(lambda: swarm.get("/csms/uploads")["uploads"], bool, 30, "the upload")
    assert uploads[0]["station_id"] == "CP-000001"


def test_a_person_signs_in_by_keyboard_works_and_signs_out(swarm: SwarmProcess, browser: Browser) -> None:
    with open_page(browser) as page:
        visit(page, f"{swarm.url}/ui/?q=CP-000002")
        token = page.get_by_label("Token")
        expect(token).to_be_focused()
        expect(page.locator(".pill")).to_have_text("Signed out")
        assert accessibility_faults(page) == []
        page.keyboard.type("wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("That is not the token of this controller.")
        assert accessibility_faults(page) == []
        page.keyboard.type(TOKEN)
        page.keyboard.press("Enter")
        expect(page.locator(".pill")).to_have_text("Live")
        expect(page.locator("tr.station")).to_have_count(1)
        (cookie,) = page.context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
        assert TOKEN not in json.dumps(cookie)
        assert page.evaluate("localStorage.length + sessionStorage.length") <= 1
        page.get_by_label("New price").fill("0.45")
        page.get_by_role("button", name="Set", exact=True).click()
        expect(page.get_by_label("Current price")).to_have_text("€0.45")
        visit(page, page.url)
        expect(page.locator(".pill")).to_have_text("Live")
        assert "Authorization: Bearer" in page.request.get(f"{swarm.url}/docs").text()
        page.get_by_role("button", name="Sign out").click()
        expect(token).to_be_visible()
        assert page.context.cookies() == []


@pytest.mark.parametrize("dark", [False, True])
def test_the_form_fits_a_narrow_screen_in_light_and_dark(
    swarm: SwarmProcess, browser: Browser, dark: bool
) -> None:
    with open_page(browser, 390, 844, dark=dark) as page:
        visit(page, swarm.url)
        expect(page.get_by_label("Token")).to_be_visible()
        assert accessibility_faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_token_stands_in_no_log(swarm: SwarmProcess, data: Path) -> None:
    logs = [path.read_text() for path in (data / "logs").glob("*.log")]
    assert len(logs) >= 4
    assert TOKEN not in "".join(logs) + swarm.output()
    assert "EVSWARM_API_TOKEN" in swarm.output()


def test_without_a_token_nothing_starts_where_others_can_reach_it() -> None:
    refused = subprocess.run(
        [str(EVSWARM), "up", "--host", "0.0.0.0"], capture_output=True, text=True, timeout=60, check=False
    )
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "EVSWARM_API_TOKEN" in refused.stderr
    assert "EVSWARM_TRUSTED_NETWORK" in refused.stderr
