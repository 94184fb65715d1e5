"""Pictures of every page of the dashboard, light and dark, at three widths: `python -m tools.screenshots`.

Starts a swarm of its own with some life in it, writes `build/screenshots/PAGE-THEME-WIDTH.png` and ends it. With
`--readme` also writes those that the README shows to docs/images. `--url` takes pictures of a running controller.
Needs Chromium and the development environment.
"""

import argparse
import contextlib
import itertools
import struct
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import httpx
from playwright.sync_api import Browser, Error, sync_playwright

from tools.browser import ARGUMENTS, browser_path, visit
from tools.panel_check.local_stack import LocalStack

SIZES: Final = {1400: 900, 768: 1024, 390: 844}
LOADED_MS: Final = 60_000
ROOT: Final = Path(__file__).resolve().parents[1]
STATIONS: Final = 400
PAST_SECONDS: Final = 60.0
"""How long the swarm lives before its picture is taken, so that its charts show something."""
SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"


class View(NamedTuple):
    """A page to be shown: its name, its address, what is there once it is ready, and what is scrolled to.

    `{station}` in an address stands for one that charges.
    """

    name: str
    path: str
    ready: str
    scroll_to: str = ""


VIEWS: Final = (
    View("swarm", "/", "tr.station"),
    View("log", "/?q={station}&log={station}", "ol.lines li", ".log"),
    View("station", "/ui/stations/{station}", "h1"),
    View("workers", "/ui/workers", "tr[data-worker]"),
    View("messages", "/ui/messages", "button.message"),
    View("about", "/ui/about", ".about-pairs"),
)
README_WIDTH: Final = 1300
SHOWN: Final = {
    ("swarm", "light"): ("dashboard-light.png", 742),
    ("swarm", "dark"): ("dashboard-dark.png", 742),
    ("station", "light"): ("station-light.png", 690),
    ("messages", "dark"): ("messages-dark.png", 500),
}
"""What the README shows of each: the file, and how many pixels from the top, so that the repository stays small."""


@contextlib.contextmanager
def living_swarm() -> Iterator[str]:
    """A swarm with stations that charge, fail, come and go; yields its address."""
    with LocalStack(STATIONS - 100, EVSWARM_GRAFANA_URL="http://127.0.0.1:3000") as stack:
        stack.service("worker", "worker-1")
        stack.service("worker", "worker-2")
        stack.wait(lambda: stack.get("/totals")["running"] == STATIONS - 100, "the stations do not come up")
        time.sleep(PAST_SECONDS / 2)
        stack.post("/stations/scale", {"count": STATIONS, "ramp_per_second": 20})
        stack.post("/pricing", {"price": 0.35})
        for number in (7, 23, 61):
            stack.post(f"/stations/CP-{number:06d}/actions/fault", {"error_code": "GroundFailure"})
        stack.post("/stations/bulk", {"filter": {"q": "CP-00003"}, "action": "stop"})
        time.sleep(PAST_SECONDS / 2)
        yield stack.url


def take(browser: Browser, url: str, view: View, file: Path, width: int, height: int, *, dark: bool) -> None:
    """One picture of a page, a moment after what it is about is there."""
    page = browser.new_page(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    visit(page, url + view.path)
    page.locator(view.ready).first.wait_for(timeout=LOADED_MS)
    page.wait_for_timeout(2500)
    if view.scroll_to:
        page.locator(view.scroll_to).first.evaluate(
            "(element) => element.scrollIntoView({ block: 'center' })"
        )
        page.wait_for_timeout(500)
    file.write_bytes(packed(page.screenshot()))
    page.close()


def charging_station(url: str) -> str:
    """The station that has taken most energy in its present transaction."""
    asked = {"status": "Charging", "sort": "session_kwh", "dir": "desc", "limit": "1"}
    found = httpx.get(f"{url}/stations", params=asked, timeout=20, trust_env=False).json()["stations"]
    return str(found[0]["station_id"]) if found else "CP-000001"


def packed(picture: bytes) -> bytes:
    """The same PNG, packed as tightly as it goes: the browser is in a hurry when it writes one."""
    chunks: list[tuple[bytes, bytes]] = []
    at = len(SIGNATURE)
    while at < len(picture):
        (length,) = struct.unpack_from(">I", picture, at)
        chunks.append((picture[at + 4 : at + 8], picture[at + 8 : at + 8 + length]))
        at += length + 12
    pixels = zlib.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT"))
    tight = min((zlib.compress(pixels, 9), _deflated(pixels, zlib.Z_FILTERED)), key=len)
    kept = [(kind, data) for kind, data in chunks if kind in (b"IHDR", b"PLTE", b"tRNS")]
    return SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in [*kept, (b"IDAT", tight), (b"IEND", b"")]
    )


def _deflated(data: bytes, strategy: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 15, 9, strategy)
    return packer.compress(data) + packer.flush()


def main() -> int:
    """Parse the command line and do it."""
    parser = argparse.ArgumentParser(prog="python -m tools.screenshots", description=__doc__)
    parser.add_argument("--url", help="a running controller; without it a swarm is started")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "build" / "screenshots", help="folder for the pictures"
    )
    parser.add_argument("--only", default="", help="one page: " + ", ".join(view.name for view in VIEWS))
    parser.add_argument("--readme", action="store_true", help="also write what the README shows")
    arguments = parser.parse_args()
    path = browser_path()
    if path is None:
        print("no Chromium on this machine", file=sys.stderr)
        return 2
    arguments.out.mkdir(parents=True, exist_ok=True)
    where = contextlib.nullcontext(arguments.url) if arguments.url else living_swarm()
    views = [view for view in VIEWS if arguments.only in ("", view.name)]
    try:
        with where as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
            station = charging_station(url)
            for view, width, theme in itertools.product(views, SIZES, ("light", "dark")):
                file = arguments.out / f"{view.name}-{theme}-{width}.png"
                there = view._replace(path=view.path.format(station=station))
                take(browser, url, there, file, width, SIZES[width], dark=theme == "dark")
                print(f"{file} ({file.stat().st_size // 1024} kB)")
                if arguments.readme and width == max(SIZES) and (view.name, theme) in SHOWN:
                    name, height = SHOWN[view.name, theme]
                    file = ROOT / "docs" / "images" / name
                    take(browser, url, there, file, README_WIDTH, height, dark=theme == "dark")
    except Error as error:
        print(f"{arguments.url or 'the swarm'}: {error.message.splitlines()[0]}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
