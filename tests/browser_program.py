"""The browser that the tests drive: found on this machine, or installed where that is safe.

``python -m tests.browser_program`` does both; ``make test`` runs it first.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

CHOSEN_BY = "EVERGRANT_BROWSER"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOW_TO_GET_ONE = (
    "The browser tests need Chromium or Chrome, and there is none: install the package `chromium`, "
    f"run `.venv/bin/playwright install chromium`, or name a program in {CHOSEN_BY}."
)


def find_browser() -> Path | None:
    """Return the browser: the one in EVERGRANT_BROWSER, on the PATH, or Playwright's; or None."""
    chosen = os.environ.get(CHOSEN_BY)
    if chosen:
        return Path(chosen)
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache/ms-playwright")
    return next(iter(sorted(cache.glob("chromium-*/chrome-linux*/chrome"), reverse=True)), None)


def browser() -> Path:
    """Return the browser's program. Raises RuntimeError with how to get one."""
    found = find_browser()
    if found is None:
        raise RuntimeError(HOW_TO_GET_ONE)
    return found


def _install() -> None:
    # Only where nobody is asked and nothing else is at stake: root with apt, as in a container.
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return
    sys.stderr.write("installing chromium for the browser tests\n")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    commands = ["update", "-qq"], ["install", "-qq", "--no-install-recommends", "-y", "chromium"]
    for arguments in commands:
        subprocess.run([apt, *arguments], check=False, env=environment, stdout=subprocess.DEVNULL)


def main() -> None:
    """Make sure of a browser; say in one line how to get one where there is still none.

    The tests that need none run all the same; the others fail with that line.
    """
    if find_browser() is None:
        _install()
    if find_browser() is None:
        sys.stderr.write(f"{HOW_TO_GET_ONE}\n")


if __name__ == "__main__":
    main()
