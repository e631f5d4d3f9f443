"""The programs that tests use and pip does not bring: which lack, and how to get them.

`python -m tests.tools` fetches Playwright's Chromium where no other is found.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.building import ROOT

sys.path.insert(0, str(ROOT / "book" / "_ext"))
import chromium  # noqa: E402

HOW = {
    "Chromium": "No Chromium was found, so nothing in the browser is tested: install it (on Debian: "
    "apt install chromium) or set CHROMIUM to its path.",
    "Node": "No JupyterHub proxy was found, so no hub is tested: install Node (on Debian: apt install "
    "nodejs npm), then run `make proxy`.",
    "bubblewrap": "No working bubblewrap was found, so no grading is tested: install it (on Debian: "
    "apt install bubblewrap).",
}


def find_proxy():
    own = Path(sys.prefix, "proxy", "node_modules", ".bin", "configurable-http-proxy")
    return shutil.which("node") and (shutil.which(own) or shutil.which(own.name))


def missing():
    """Return {tool: sentence} of what lacks on this machine."""
    from googlenet_edu.classroom import sandbox

    there = {
        "Chromium": chromium.find_chromium() is not None,
        "Node": find_proxy() is not None,
        "bubblewrap": not sandbox.trouble(),
    }
    return {name: sentence for name, sentence in HOW.items() if not there[name]}


def need(lacking, name):
    """Skip a test whose tool lacks; where CI is set, fail it."""
    if name in lacking:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(lacking[name])


if __name__ == "__main__" and chromium.find_chromium() is None:
    command = [sys.executable, "-m", "playwright", "install", "--only-shell", "chromium"]
    if subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL).returncode:
        sys.exit("Playwright could not fetch its Chromium; is there a network?")
