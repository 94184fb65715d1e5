"""The machine's Chromium, for whoever looks at the dashboard: where it is, how it is started, how it opens a page."""

import shutil
import time
from typing import Final

from playwright.sync_api import Error, Page, Request

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-dev-shm-usage",
)
MOUNTED: Final = ".topbar"
"""What every page of the dashboard shows as soon as its modules have run."""
FILES: Final = ("document", "script", "stylesheet")
VISIT_SECONDS: Final = 60.0
MOUNT_MS: Final = 10_000
PAUSE_MS: Final = 200


def browser_path() -> str | None:
    """Its executable; None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def visit(page: Page, url: str, seconds: float = VISIT_SECONDS) -> None:
    """Open a page of the dashboard and wait until it shows; begin again while a part of it gets lost on the way.

    Chromium drops what it is loading when a network of the machine comes or goes, as those of containers do: the
    document, a style sheet, or one of the modules, without any of which the page stays empty.

    Raises:
        Error: it did not show within `seconds`, and what was lost at the last attempt.
    """
    deadline = time.monotonic() + seconds
    lost: list[str] = []

    def note(request: Request) -> None:
        failure = request.failure or ""
        # Aborted is what the page before was still loading.
        if "ERR_NETWORK_CHANGED" in failure or (
            request.resource_type in FILES and "ERR_ABORTED" not in failure
        ):
            lost.append(f"{request.url}: {failure}")

    page.on("requestfailed", note)
    try:
        while True:
            lost.clear()
            try:
                page.goto(url)
                if not lost:
                    page.locator(MOUNTED).wait_for(timeout=MOUNT_MS)
            except Error as error:
                lost.append(error.message)
            if not lost:
                return
            if time.monotonic() > deadline:
                raise Error(f"{url} does not show within {seconds:g} s: {'; '.join(lost)}")
            page.wait_for_timeout(PAUSE_MS)
    finally:
        page.remove_listener("requestfailed", note)
