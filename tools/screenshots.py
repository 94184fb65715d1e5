"""Pictures of the dashboard: `python -m tools.screenshots --url http://127.0.0.1:8000 --out docs/images`.

Writes dashboard-light.png and dashboard-dark.png (1400 wide), with `--all` also those for 768 and 390 pixels.
Needs a running controller, Chromium, and the development environment; the README's pictures come from here.
"""

import argparse
import shutil
import sys
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Error, sync_playwright

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS: Final = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
SIZES: Final = {1400: 900, 768: 1024, 390: 844}
LOADED_MS: Final = 20_000


def take(browser: Browser, url: str, file: Path, width: int, *, dark: bool, settle_seconds: float) -> None:
    """One picture of the page as it is `settle_seconds` after its first rows."""
    page = browser.new_page(
        viewport={"width": width, "height": SIZES[width]}, color_scheme="dark" if dark else "light"
    )
    page.goto(url)
    page.locator("tr.station, .empty").first.wait_for(timeout=LOADED_MS)
    page.wait_for_timeout(settle_seconds * 1000)
    page.screenshot(path=file)
    page.close()


def main() -> int:
    """Parse the command line and do it."""
    parser = argparse.ArgumentParser(prog="python -m tools.screenshots", description=__doc__)
    parser.add_argument(
        "--url", default="http://127.0.0.1:8000", help="the page; its address may name a view"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    parser.add_argument("--all", action="store_true", help="also at 768 and 390 pixels")
    parser.add_argument("--settle", type=float, default=3.0, help="seconds to wait after the first rows")
    arguments = parser.parse_args()
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        print("no Chromium on this machine", file=sys.stderr)
        return 2
    arguments.out.mkdir(parents=True, exist_ok=True)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
            for width in SIZES if arguments.all else [1400]:
                for theme in ("light", "dark"):
                    name = f"dashboard-{theme}{'' if width == 1400 else f'-{width}'}.png"
                    file = arguments.out / name
                    dark = theme == "dark"
                    take(browser, arguments.url, file, width, dark=dark, settle_seconds=arguments.settle)
                    print(f"{file} ({file.stat().st_size // 1024} kB)")
    except Error as error:
        print(f"{arguments.url}: {error.message.splitlines()[0]}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
