"""A real browser for tests: the machine's Chromium, driven by Playwright, that fails a test for what it says in its console."""

import contextlib
from collections.abc import Iterator
from typing import Any, Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Error,
    Page,
    Request,
    Response,
    expect,
    sync_playwright,
)

from tests.support.machine import missing
from tools.browser import ARGUMENTS, browser_path

# What a page shows in a moment may take a while on a machine that has much else to do.
expect.set_options(timeout=15_000)
# A refused connection is logged by the browser itself, and is what some tests bring about.
EXPECTED: Final = ("WebSocket connection to", "Failed to load resource")
NETWORK_CHANGED: Final = "ERR_NETWORK_CHANGED"
"""Chromium drops what it is loading when an interface comes or goes, as where containers start beside a test."""
LOADS: Final = 4


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
    _load_again(page)
    try:
        yield page
    finally:
        context.close()
    assert complaints == [], complaints


def _load_again(page: Page) -> None:
    """Let `page.goto` begin again when a part of the page was lost to a change of the machine's network."""
    lost: list[str] = []
    load = page.goto

    def note(request: Request) -> None:
        if NETWORK_CHANGED in (request.failure or ""):
            lost.append(request.url)

    def goto(*arguments: Any, **options: Any) -> Response | None:
        for _ in range(LOADS):
            lost.clear()
            try:
                response = load(*arguments, **options)
            except Error as error:
                if NETWORK_CHANGED not in error.message:
                    raise
            else:
                if not lost:
                    return response
        return load(*arguments, **options)

    page.on("requestfailed", note)
    page.goto = goto  # type: ignore[method-assign]


def accessibility_faults(page: Page) -> list[str]:
    """What axe finds wrong with the page as it is now, one line a fault with its first place."""
    violations = Axe().run(page).response["violations"]
    return [f"{v['id']}: {v['help']} ({len(v['nodes'])}): {v['nodes'][0]['html'][:200]}" for v in violations]


def visit(page: Page, url: str) -> None:
    """Open a page of the dashboard, again if its files did not all arrive.

    Chromium drops what is on its way when a network of the machine comes or goes, as those of containers do.
    """
    for _ in range(3):
        page.goto(url)
        if page.locator(".topbar, .login").count() > 0:
            return


def show(page: Page, url: str) -> None:
    """Open the swarm page and wait for its rows."""
    visit(page, url)
    expect(page.locator(".pill")).to_have_text("Live")
    expect(page.locator("tr.station").first).to_be_visible()
