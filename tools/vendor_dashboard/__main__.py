"""Bundle what the dashboard takes from others into `static/vendor/`, or check what lies there.

`python -m tools.vendor_dashboard` installs the locked npm packages and writes runtime.js, uplot.css, LICENSES.txt
and SHA256SUMS. `--check` compares the files with SHA256SUMS and touches no network; it is what the checks run.
`--rebuild` builds into memory and fails when a byte differs from what is shipped.
"""

import argparse
import hashlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Final

from tools.vendor_dashboard.node import DASHBOARD, INSTALL, run

HERE: Final = Path(__file__).resolve().parent
VENDOR: Final = DASHBOARD / "static" / "vendor"
MODULES: Final = DASHBOARD / "node_modules"
SUMS: Final = "SHA256SUMS"
PACKAGES: Final = ("preact", "htm", "@preact/signals", "@preact/signals-core", "uplot")


class VendorError(Exception):
    """The vendored files are not what they should be, or cannot be built; the message says which and why."""


def _run(program: str, *arguments: str, environment: dict[str, str] | None = None) -> None:
    result = run(program, *arguments, capture=True, environment=environment)
    if result.returncode != 0:
        raise VendorError(f"{program} {arguments[0]} failed:\n{result.stdout}{result.stderr}")


def license_text() -> str:
    """The licence of every bundled package, under its name and version."""
    parts = []
    for name in PACKAGES:
        folder = MODULES / name
        description = json.loads((folder / "package.json").read_text(encoding="utf-8"))
        text = (folder / "LICENSE").read_text(encoding="utf-8").strip()
        parts.append(f"{name} {description['version']} ({description['license']})\n\n{text}\n")
    return ("\n" + "-" * 100 + "\n\n").join(parts)


def build() -> dict[str, bytes]:
    """Install the locked packages and return the files of the vendor folder, by name.

    Raises:
        VendorError: npm or the bundler failed.
    """
    _run("npm", *INSTALL)
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "runtime.js"
        _run(
            "node",
            str(MODULES / "esbuild" / "bin" / "esbuild"),
            str(HERE / "entry.js"),
            "--bundle",
            "--format=esm",
            "--target=es2022",
            "--minify",
            "--legal-comments=none",
            "--define:process.env.NODE_ENV='production'",
            "--banner:js=// Bundled from npm packages; names, versions and licences in LICENSES.txt.",
            f"--outfile={bundle}",
            environment={"NODE_PATH": str(MODULES)},
        )
        files = {
            "runtime.js": bundle.read_bytes(),
            "uplot.css": (MODULES / "uplot" / "dist" / "uPlot.min.css").read_bytes(),
            "LICENSES.txt": license_text().encode(),
        }
    files[SUMS] = "".join(
        f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items())
    ).encode()
    return files


def check() -> None:
    """Compare the shipped files with their sums.

    Raises:
        VendorError: one is missing, has other bytes, or is not listed.
    """
    lines = (VENDOR / SUMS).read_text(encoding="utf-8").splitlines()
    listed = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    for name, expected in listed.items():
        path = VENDOR / name
        if not path.is_file():
            raise VendorError(f"{name} is missing from {VENDOR}")
        if hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            raise VendorError(
                f"{name} has other bytes than {SUMS} says: run python -m tools.vendor_dashboard"
            )
    unlisted = {p.name for p in VENDOR.iterdir()} - set(listed) - {SUMS, "runtime.d.ts"}
    if unlisted:
        raise VendorError(f"{', '.join(sorted(unlisted))} in {VENDOR} is not listed in {SUMS}")


def main() -> int:
    """Parse the command line and do it."""
    parser = argparse.ArgumentParser(prog="python -m tools.vendor_dashboard", description=__doc__)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="compare the shipped files with their sums")
    mode.add_argument("--rebuild", action="store_true", help="build again and compare with the shipped files")
    arguments = parser.parse_args()
    try:
        if arguments.check:
            check()
            return 0
        files = build()
        if arguments.rebuild:
            changed = [n for n, content in files.items() if (VENDOR / n).read_bytes() != content]
            if changed:
                raise VendorError(f"a fresh build differs in {', '.join(changed)}")
            return 0
        VENDOR.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (VENDOR / name).write_bytes(content)
    except VendorError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
