"""The chapters that are notebooks, and the command that refreshes them, for the tests here."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location(
    "refresh_notebooks", ROOT / "book" / "_tools" / "refresh_notebooks.py"
)
refresh_notebooks = importlib.util.module_from_spec(spec)
spec.loader.exec_module(refresh_notebooks)
CHAPTERS = refresh_notebooks.chapters()
each_chapter = pytest.mark.parametrize(
    "path", CHAPTERS, ids=[p.relative_to(ROOT / "book").as_posix() for p in CHAPTERS]
)
