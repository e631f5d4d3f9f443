"""The index of pitfalls: every "`code` gives **value**" is true, and every trap names its source."""

import json
import re
from pathlib import Path

import pytest
import torch

from googlenet_edu import architecture, costs, layers, model, norms, sizes

BOOK = Path(__file__).parents[2] / "book"
TEXT = (BOOK / "reference" / "pitfalls.md").read_text(encoding="utf-8")
CLAIMS = re.findall(r"`([^`]+)`\s+gives\s+\*\*(.+?)\*\*", TEXT)
TRAPS = [part for part in TEXT.split("\n\n") if part.startswith("**")]


def refuses(function, *args, **kwargs):
    try:
        function(*args, **kwargs)
    except ValueError:
        return True
    return False


NAMES = {"refuses": refuses, "torch": torch, "nn": torch.nn}
for module in (sizes, architecture, layers, model, norms, costs):
    NAMES |= {name: getattr(module, name) for name in module.__all__}


def test_there_are_claims():
    assert len(CLAIMS) == TEXT.count("gives\n**") + TEXT.count("gives **") >= 15


@pytest.mark.parametrize(("code", "value"), CLAIMS)
def test_a_claim_is_true(code, value):
    assert str(eval(code, dict(NAMES))) == value


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap[2:30])
def test_a_trap_names_a_public_report(trap):
    assert re.search(r"^Reports?: .*", trap, re.MULTILINE)
    assert re.search(r"\]\(https://", trap)


def test_every_chapter_named_in_a_report_of_the_index_exists():
    for target in re.findall(r"\]\(\.\./(\w+/\w+)\)", TEXT):
        folder = BOOK / Path(target).parent
        assert not folder.is_dir() or list(folder.glob(Path(target).name + ".*")), target


REPORT = re.compile(
    r"\((https://github\.com/[\w.-]+/[\w.-]+/(?:issues|pull)/\d+|https://\w+\.stack\w+\.com/[^)]+)"
)


def missing(chapter):
    return [link for link in REPORT.findall(chapter) if f"({link})" not in TEXT]


@pytest.mark.parametrize("path", sorted(BOOK.glob("*/*.ipynb")), ids=lambda path: path.stem)
def test_a_report_told_in_a_chapter_stands_in_the_index(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert not missing("\n".join("".join(cell["source"]) for cell in cells))


def test_a_report_that_the_index_lacks_is_seen():
    assert missing("[x](https://github.com/nobody/nothing/issues/1)")
