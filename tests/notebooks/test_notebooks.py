"""The stored notebooks: their form, strict nbval, and the refresh command."""

import json
import os
import re
import subprocess
import sys

import nbformat
import pytest

from tests.building import in_child
from tests.notebooks.chapters import CHAPTERS, ROOT, each_chapter

RUN_AGAIN = {"convolution", "lrn", "summary"}  # nbval runs all; that the command runs them, three
SANITIZE = ROOT / "tests" / "notebooks" / "sanitize.cfg"


def nbval(path):
    """Run strict nbval over one notebook; return (exit code, what it said)."""
    options = ["--nbval", "-q", "-p", "no:cacheprovider", "-p", "nbval.plugin", "-o", "addopts="]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    options += ["--nbval-sanitize-with", str(SANITIZE), str(path)]
    return in_child(pytest.main, options, environment=environment)


@each_chapter
def test_strict_nbval(path):
    """Every stored output is what a fresh kernel gives."""
    code, words = nbval(path)
    assert code == 0, words[-5000:]


def refresh(*arguments):
    command = [sys.executable, ROOT / "book" / "_tools" / "refresh_notebooks.py", *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")


@pytest.mark.parametrize("form", [True, False])
def test_refreshing_changes_nothing(form):
    """After a change: run `make notebooks` and commit what it changes."""
    ran = refresh(
        "--check", *(["--form"] if form else [p for p in CHAPTERS if p.stem in RUN_AGAIN])
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("same") == (len(CHAPTERS) if form else len(RUN_AGAIN))


@each_chapter
def test_form(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.encode("utf-8")) < 500_000
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert "vnd.jupyter.widget-view" not in text
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell in notebook.cells:
        assert re.fullmatch(r"[a-z][a-z0-9-]*", cell.id), f"cell id {cell.id!r} is no word"
        assert not re.fullmatch(r"[0-9a-f]{8}", cell.id), f"cell id {cell.id!r} is no word"
        assert set(cell.metadata) <= {"tags"}
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    for cell in code:
        assert cell.source.strip()
        assert not any(output.output_type == "error" for output in cell.outputs)
        assert " at 0x" not in json.dumps(cell.outputs)
    loose = [
        cell for cell in code
        if {"nbval-ignore-output", "nbval-skip"} & set(cell.metadata.get("tags", []))
    ]  # fmt: skip
    assert len(loose) <= len(code) / 3
    for cell in loose:
        assert "assert" in cell.source, f"{cell.id}: an output that is not compared must assert"


def test_there_are_chapters():
    assert {path.stem for path in CHAPTERS} >= RUN_AGAIN
    assert {p.stem for p in CHAPTERS} >= {"convolution", "pooling"}


def test_a_wrong_stored_output_fails(tmp_path):
    """The gate itself: one digit changed in a stored output must fail nbval."""
    source = (ROOT / "book" / "sizes" / "convolution.ipynb").read_text(encoding="utf-8")
    planted = source.replace("(1, 64, 112, 112)", "(1, 64, 113, 113)")
    assert planted != source
    path = tmp_path / "planted.ipynb"
    path.write_text(planted, encoding="utf-8")
    code, words = nbval(path)
    assert code == 1 and "113" in words


def test_a_wrong_bar_fails(tmp_path):
    """The words of a chart come from its bars: one bar drawn longer must fail nbval."""
    notebook = nbformat.read(ROOT / "book" / "blocks" / "batch_norm.ipynb", as_version=4)
    (chart,) = [cell for cell in notebook.cells if "ax.barh" in cell.source]
    notebook.cells = [chart]
    right, wrong = tmp_path / "right.ipynb", tmp_path / "wrong.ipynb"
    nbformat.write(notebook, right)
    assert nbval(right)[0] == 0
    chart.source = chart.source.replace("label_bars(ax)", "ax.patches[1].set_width(99)")
    chart.source = chart.source.replace("show(fig)", "label_bars(ax)\nshow(fig)")
    nbformat.write(notebook, wrong)
    code, words = nbval(wrong)
    assert code == 1 and "5 batches 99" in words


def test_a_failing_cell_fails_the_refresh(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0")])
    path = tmp_path / "failing.ipynb"
    nbformat.write(notebook, path)
    assert refresh(path).returncode != 0
