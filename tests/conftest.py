"""Fixtures that several kinds of tests share: the built book."""

import os
from pathlib import Path

import pytest
from filelock import FileLock

from tests.building import ROOT, build_book

# Several test processes share the processor: threads of torch on top would wait for each other,
# for three times as long in all. Kernels and commands that tests start take this over.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of the built book; built once for all tests, whichever process asks first.

    BOOK_SITE names a book that is built already, to try a test again quickly.
    """
    if os.environ.get("BOOK_SITE"):
        return Path(os.environ["BOOK_SITE"]).resolve()
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # the folder that all processes of this run share
    note = base / "site.txt"
    with FileLock(base / "site.lock"):
        if not note.is_file():
            build = build_book(ROOT, base / "site")
            assert build.code == 0, build.log[-4000:]
            note.write_text(str(build.html), encoding="utf-8")
    return Path(note.read_text(encoding="utf-8"))
