"""`python -m tools.generate` writes every generated file; with --check it only tells which ones are out of date."""

import difflib
import importlib
import pkgutil
import sys
from pathlib import Path
from typing import Final

import tools.generate

ROOT: Final = Path(__file__).resolve().parents[2]


def wanted() -> dict[str, str]:
    """Every generated file as the code wants it."""
    result: dict[str, str] = {}
    for module in sorted(
        m.name for m in pkgutil.iter_modules(tools.generate.__path__) if m.name != "__main__"
    ):
        result |= importlib.import_module(f"tools.generate.{module}").files()
    return result


def main(check: bool) -> int:
    """Write or compare; 1 when something differed and we only compared."""
    stale = 0
    for name, text in sorted(wanted().items()):
        path = ROOT / name
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        if old == text:
            continue
        stale += 1
        if check:
            diff = difflib.unified_diff(
                old.splitlines(), text.splitlines(), name, f"{name} (as the code says)", n=1, lineterm=""
            )
            print("\n".join(list(diff)[:20]))
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {name}")
    if check and stale:
        print(f"{stale} generated file(s) out of date: run 'make docs'", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
