"""A Chromium for the browser tests: `python -m tests.browser.chromium` gets one where there is none."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
MISSING = (
    "There is no Chromium for the browser tests: install the package chromium, or run "
    "`.venv/bin/playwright install --with-deps chromium` as root."
)


def starts(path: str | Path) -> bool:
    """Whether it runs at all: a package may be a stub that points to a shop, a download may lack system libraries."""
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def find() -> str | None:
    """The path of a Chromium that starts: one of the system, else the one that Playwright downloaded."""
    for path in map(shutil.which, NAMES):
        if path and starts(path):
            return path
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if starts(path) else None


def install() -> str | None:
    """Download Playwright's Chromium; where that does not do and we may, take the system's. find() afterwards."""
    attempts = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if os.geteuid() == 0 and shutil.which("apt-get"):
        # The download may lack only system libraries. Ubuntu's own package is a stub, Debian's is a browser.
        attempts += [
            [sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"],
            ["apt-get", "update"],
            ["apt-get", "install", "--yes", "--no-install-recommends", "chromium"],
        ]
    for command in attempts:
        print("$", *command, flush=True)
        subprocess.run(command, check=False)
        if path := find():
            return path
    return None


if __name__ == "__main__":
    path = find() or install()
    if path:
        print(f"Browser: {path}")
    elif os.environ.get("CI"):
        sys.exit(MISSING)
    else:
        print(f"{MISSING} They are skipped now.")
