"""Numbers in prose are numbers that a cell of the same chapter shows.

Every number of three digits or more, and every decimal fraction, in the text of a chapter must
stand in the source or the output of one of its cells, where strict nbval recomputes it.
"""

import json
import re

import nbformat
import pytest

from googlenet_edu.widgets.python.quiz import quizzes
from tests.notebooks.chapters import ROOT, each_chapter

NUMBER = re.compile(r"(?<![\w.\-/])\d[\d,]*(?:\.\d+)?")
# What is a name or a reference, not a claim of the chapter.
APART = [
    r"\]\([^)]*\)",  # targets of links
    r"\[[^\]]*\]\(https?://[^)]*\)",  # links to other sites, with their words: "PyTorch 57178"
    r"https?://\S+",
    r"\*Sources:.*",
    r"```\{admonition\}.*?```",  # public reports, told with their own numbers
    r"\barXiv[: ]\d+\.\d+",
    r"\b(?:19|20)\d\d\b",  # years
    r"\b(?:Python|torch|PyTorch|torchvision|torchinfo) \d+(?:\.\d+)*\+?",
    r":label: \S+",
    r"`[^`]*`",  # code, and what menus are called
]
# A drawing shows its words; the numbers in its paths are no evidence.
DRAWN = re.compile(r"<svg.*?</svg>", re.S)
WORDS = re.compile(r"(?:<(?:text|tspan|title|desc)[^>]*>|aria-label=\\?\")([^<\"]+)")


def written(text):
    """Return the numbers of a text without separators between thousands."""
    text = text.replace("{,}", ",").replace(r"\,", " ").replace("\\ ", " ")
    return {match.group().rstrip(",").replace(",", "") for match in NUMBER.finditer(text)}


def claims(text):
    for pattern in APART:
        text = re.sub(pattern, " ", text, flags=re.S if "admonition" in pattern else 0)
    return {one for one in written(text) if "." in one or len(one) >= 3}


def shown(notebook):
    """Return every number that the chapter's cells and its quiz show."""
    found = set()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            found |= written(cell.source)
            found |= written(re.sub(r"\D(?=\d)", " ", cell.source.replace("_", "")))
            for output in cell.outputs:
                text = json.dumps(output, ensure_ascii=False).replace("\\n", " ")
                text = DRAWN.sub(lambda found: " ".join(WORDS.findall(found[0])), text)
                found |= written(re.sub(r"[^\d.,]+", " ", text))
    return found


@each_chapter
def test_every_number_in_prose_is_shown_by_a_cell(path):
    notebook = nbformat.read(path, as_version=4)
    known = shown(notebook)
    for name in (path.stem, f"{path.stem}-predict"):
        for question in quizzes().get(name, []):
            known |= written(json.dumps(question, ensure_ascii=False))
    missing = {
        f"{number} in {cell.id}"
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for number in claims(cell.source) - known
    }
    assert not missing, f"{path.relative_to(ROOT)}: no cell shows {sorted(missing)}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It has 13,385,816 parameters, or 53.54 MB.", {"13385816", "53.54"}),
        ("$112 \\times 112$ and $1{,}204$", {"112", "1204"}),
        ("[PyTorch 57178](https://example.org/57178) in 2014, arXiv 1409.4842", set()),
        ("one of 16 or 7", set()),
    ],
)
def test_what_counts_as_a_claim(text, found):
    assert claims(text) == found


def test_a_planted_number_is_caught():
    path = ROOT / "book" / "sizes" / "convolution.ipynb"
    notebook = nbformat.read(path, as_version=4)
    assert "118013953" in claims("GoogLeNet's conv1 costs 118,013,953 multiply-adds.")
    assert "118013953" not in shown(notebook)
