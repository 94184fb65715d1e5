"""The machine's Chromium, for whoever looks at the dashboard: where it is, and how it is started."""

import shutil
from typing import Final

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-dev-shm-usage",
)


def browser_path() -> str | None:
    """Its executable; None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)
