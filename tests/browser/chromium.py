"""Finding a Chromium to drive, or installing one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

ADVICE = """\
The browser tests need a Chromium, and none could be found or installed. Any one of these gives them one:
  apt-get install chromium                      (Debian, Ubuntu; as root)
  python -m playwright install --with-deps chromium
  put chromium or google-chrome on PATH
`make test` runs the other tests.
"""


def launch(playwright: Playwright) -> Browser:
    """Start a headless Chromium: one that is installed, or else one that can be installed here.

    Raises:
        RuntimeError: There is none; the message says how to get one.
    """
    own = playwright.chromium.executable_path
    for find in (_on_path, lambda: own if Path(own).exists() else None, lambda: _from_playwright(own), _from_debian):
        executable = find()
        if executable:
            return playwright.chromium.launch(executable_path=executable, headless=True, args=list(FLAGS))
    raise RuntimeError(ADVICE)


def _on_path() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


def _from_playwright(own: str) -> str | None:
    _succeeds(sys.executable, "-m", "playwright", "install", "chromium")
    # The download works where the libraries that a browser needs are missing, so it is tried before it is believed.
    return own if Path(own).exists() and _succeeds(own, "--headless", "--no-sandbox", "--version") else None


def _from_debian() -> str | None:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return None
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    if _succeeds("apt-get", "update", **quiet):
        _succeeds("apt-get", "install", "--yes", "--no-install-recommends", "chromium", **quiet)
    return _on_path()


def _succeeds(*command: str, **environment: str) -> bool:
    try:
        done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, timeout=600, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
