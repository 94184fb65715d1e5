"""How smooth the swarm page is: `python -m tests.bench.dashboard --rows 10000 --seconds 20`.

A made-up swarm whose every row changes once a second, in a process of its own; a browser that scrolls through it all
the while. Tells frames a second, the longest task, rows in the page and the growth of the heap, and ends with 1 when
the gate is not kept: fewer than 80 rows in the page, no task over 200 ms, less than 20 MB of heap a minute. A task is
judged by the processor time of its thread, which other work on the machine does not stretch; how long it took by the
clock is told too. With `--url` it looks at a running controller instead. Ends by itself.
"""

import argparse
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any, Final

import httpx

from evswarm_cli.ports import free_port
from tests.support.browser import open_browser, open_page, show

MOST_ROWS: Final = 80
LONGEST_TASK_MS: Final = 200.0
HEAP_MB_A_MINUTE: Final = 20.0
WATCH: Final = """() => {
  window.watched = { frames: 0 };
  const count = () => { window.watched.frames += 1; requestAnimationFrame(count); };
  requestAnimationFrame(count);
}"""


@contextlib.contextmanager
def served(rows: int) -> Iterator[str]:
    """A made-up swarm of so many rows in a process of its own; yields its address."""
    port = free_port()
    command = [
        "-m",
        "tests.support.fake_controller",
        "--stations",
        str(rows),
        "--port",
        str(port),
        "--restless",
    ]
    process = subprocess.Popen([sys.executable, *command])
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(200):
            with contextlib.suppress(httpx.TransportError):
                httpx.get(url, trust_env=False)
                break
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=10)


def measure(url: str, seconds: float) -> dict[str, float]:
    """The figures of a page that is scrolled for so long."""
    with open_browser() as browser, open_page(browser) as page:
        show(page, url)
        cdp = page.context.new_cdp_session(page)
        page.wait_for_timeout(2000)
        page.evaluate(WATCH)
        browser.start_tracing(page=page, categories=["toplevel", "devtools.timeline"])
        cdp.send("HeapProfiler.collectGarbage")
        before, began, most, position = heap(cdp), time.monotonic(), 0, 0
        while time.monotonic() - began < seconds:
            position += 1700
            page.evaluate("(y) => scrollTo(0, y % document.documentElement.scrollHeight)", position)
            most = max(most, page.locator("tbody tr").count())
            page.wait_for_timeout(100)
        spent = time.monotonic() - began
        frames = page.evaluate("window.watched.frames")
        tasks = page_tasks(browser.stop_tracing())
        cdp.send("HeapProfiler.collectGarbage")
        return {
            "frames a second": frames / spent,
            "longest task, ms": max(processor for processor, _ in tasks),
            "by the clock, ms": max(clock for _, clock in tasks),
            "rows in the page": most,
            "heap, MB a minute": (heap(cdp) - before) / 1e6 / spent * 60,
        }


def page_tasks(trace: bytes) -> list[tuple[float, float]]:
    """Processor and clock milliseconds of every task of the page's main thread."""
    events = json.loads(trace)["traceEvents"]
    main = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    return [
        (event.get("tdur", 0) / 1000, event["dur"] / 1000)
        for event in events
        if event["name"].endswith("RunTask") and "dur" in event and (event["pid"], event["tid"]) in main
    ]


def heap(cdp: Any) -> float:
    """Bytes that the page's script holds."""
    return float(cdp.send("Runtime.getHeapUsage")["usedSize"])


def main() -> int:
    """Measure, tell, judge."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.dashboard", description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--url", help="a running controller instead of a made-up swarm")
    arguments = parser.parse_args()
    where = contextlib.nullcontext(arguments.url) if arguments.url else served(arguments.rows)
    with where as url:
        figures = measure(url, arguments.seconds)
    for name, value in figures.items():
        print(f"{name:20} {value:8.1f}")
    is_kept = (
        figures["rows in the page"] < MOST_ROWS
        and figures["longest task, ms"] <= LONGEST_TASK_MS
        and figures["heap, MB a minute"] < HEAP_MB_A_MINUTE
    )
    print("the gate is kept" if is_kept else "the gate is not kept")
    return 0 if is_kept else 1


if __name__ == "__main__":
    sys.exit(main())
