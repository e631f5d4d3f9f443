"""The chapters that are notebooks, for the tests here."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = [
    path
    for path in sorted((ROOT / "book").rglob("*.ipynb"))
    if not {".ipynb_checkpoints", "classroom", "_build"} & set(path.parts)
]
each_chapter = pytest.mark.parametrize(
    "path", CHAPTERS, ids=[p.relative_to(ROOT / "book").as_posix() for p in CHAPTERS]
)
