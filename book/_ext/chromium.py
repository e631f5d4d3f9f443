"""Where Chromium is, for all that opens or prints pages: tools, tests, benchmarks."""

import os
import shutil

FLAGS = (
    "--no-sandbox --disable-gpu --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
# Debian's headless shell opens pages in half the time: it starts no window around them.
NAMES = ("chromium-headless-shell", "chromium", "google-chrome", "chromium-browser")


def find_chromium():
    """Return the path of CHROMIUM's browser, the system's or Playwright's own, or None."""
    found = (shutil.which(name) for name in (os.environ.get("CHROMIUM"), *NAMES) if name)
    return next(filter(None, found), None) or _of_playwright()


def _of_playwright():
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:  # printing needs no Playwright
        return None
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    shell = own.replace("/chrome-linux/chrome", "/chrome-linux/headless_shell")
    shell = shell.replace("/chromium-", "/chromium_headless_shell-")
    return next((one for one in (own, shell) if os.path.exists(one)), None)
