"""The rules with short windows and waits, so that a test sees in seconds what else takes minutes."""

import re
from pathlib import Path
from typing import Final

WINDOWS: Final = {"1m": "8s", "5m": "15s"}
"""Window in the rules → window for scrapes of one second."""
WAIT: Final = "2s"


def quickened(text: str) -> str:
    """The text of a rules file for scrapes and evaluations of one second.

    Raises:
        ValueError: a window that nobody thought of.
    """

    def window(match: re.Match[str]) -> str:
        if match[1] not in WINDOWS:
            raise ValueError(f"no short form of the window [{match[1]}]")
        return f"[{WINDOWS[match[1]]}]"

    text = re.sub(r"\[(\w+)\]", window, text)
    return re.sub(r"^(\s+(?:for|keep_firing_for): )\w+$", rf"\g<1>{WAIT}", text, flags=re.MULTILINE)


def write_quick_rules(rules: list[Path], folder: Path) -> list[Path]:
    """Write the quick form of these files into `folder`; the new paths."""
    written = []
    for path in rules:
        quick = folder / path.name
        quick.write_text(quickened(path.read_text(encoding="utf-8")), encoding="utf-8")
        written.append(quick)
    return written
