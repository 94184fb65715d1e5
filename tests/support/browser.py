"""A real browser for tests: the machine's Chromium, driven by Playwright, that fails a test for what it says in its console."""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.support.machine import missing
from tools.browser import ARGUMENTS, browser_path, visit

# What a page shows in a moment may take a while on a machine that has much else to do.
expect.set_options(timeout=15_000)
# A refused connection is logged by the browser itself, and is what some tests bring about.
EXPECTED: Final = ("WebSocket connection to", "Failed to load resource")


@contextlib.contextmanager
def open_browser() -> Iterator[Browser]:
    """Start Chromium; skip the test where there is none (in CI: fail)."""
    path = browser_path()
    if path is None:
        missing("Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def open_page(
    browser: Browser, width: int = 1400, height: int = 900, *, dark: bool = False
) -> Iterator[Page]:
    """A fresh page of that size; on leaving, complains of any error that the page reported."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(EXPECTED):
            complaints.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        yield page
    finally:
        context.close()
    assert complaints == [], complaints


def accessibility_faults(page: Page) -> list[str]:
    """What axe finds wrong with the page as it is now, one line a fault with its first place."""
    violations = Axe().run(page).response["violations"]
    return [f"{v['id']}: {v['help']} ({len(v['nodes'])}): {v['nodes'][0]['html'][:200]}" for v in violations]


def eventually(page: Page, accept: Callable[[], bool], seconds: float = 15) -> None:
    """Wait until `accept()` is true; what the page reports and asks for meanwhile is handled."""
    end = time.monotonic() + seconds
    while not accept():
        assert time.monotonic() < end, "it never came about"
        page.wait_for_timeout(50)


def show(page: Page, url: str) -> None:
    """Open the swarm page and wait for its rows."""
    visit(page, url)
    expect(page.locator(".pill")).to_have_text("Live")
    expect(page.locator("tr.station").first).to_be_visible()
