"""Fixtures that several kinds of tests share: the built book."""

import json
import os
from pathlib import Path

import pytest
from filelock import FileLock

from tests import tools
from tests.building import Build, build_book, copy_book

# Several test processes share the processor: threads of torch on top would wait for each other,
# for three times as long in all. Kernels and commands that tests start take this over.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")


LACKING = tools.missing()
# What each tool is for: fixtures that need it, and folders or files whose tests do.
NEEDS = {"Chromium": {"browser", "printed"}, "Node": {"hub"}, "bubblewrap": {"hub"}}


def pytest_report_header():
    return list(LACKING.values())


def pytest_runtest_setup(item):
    for name, fixtures in NEEDS.items():
        marked = name in (one.args[0] for one in item.iter_markers("needs"))
        if marked or fixtures & set(item.fixturenames):
            tools.need(LACKING, name)


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The Build of the book, from a folder with spaces and Chinese letters; once for all tests."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # the folder that all processes of this run share
    note = base / "site.json"
    with FileLock(base / "site.lock"):
        if not note.is_file():
            folder = copy_book(base / "课程 book 1")
            build = build_book(folder, folder)
            assert build.code == 0, build.log[-4000:]
            note.write_text(json.dumps([str(build.html), build.log]), encoding="utf-8")
    html, log = json.loads(note.read_text(encoding="utf-8"))
    return Build(0, log, Path(html))


@pytest.fixture(scope="session")
def site(request):
    """The folder of the built book. BOOK_SITE names one that is there, to try a test quickly."""
    if os.environ.get("BOOK_SITE"):
        return Path(os.environ["BOOK_SITE"]).resolve()
    return request.getfixturevalue("built").html
