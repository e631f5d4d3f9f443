"""Sentences that were once in the book and do not hold stay out of it."""

import json

import pytest

from tests.building import ROOT

# Each was refuted by a measurement or by the source that it named.
RETIRED = [
    "327 lie in the padding",
    "A little less than 1, twenty times in a row",
    "the heads multiply it many times over",
    "Later papers did not see it",
    "almost every printed formula is wrong",
    "always rounds a pool up",
    "Caffe always rounds up",
    "zeros on each edge",
    'because the windows "do not fit"',
    "GoogLeNet never uses a convolution alone",
    "cut off at two deviations",
    "the paper spelled out",
    "what once made training stable",
    "The stem answers to edges and strokes",
    "the test can be far behind",
    "Inception v3's 0.4 instead of 0.3: [MXNet 2148]",
    "connect each of them with each class",
    "the only layer of the main path with a bias",
    "Merging, fusing and prepacking move little",
    "bites and program add little",
    "Norm, ReLU and pooling lie on the left",
    "**billions of operations**",
    "are equal in what they learn",
    "The the hidden",
    "the idea of a matrix, nothing more",
    "PyTorch, TensorFlow and Caffe round down",
]
SUFFIXES = {".md", ".ipynb", ".json", ".js", ".py"}


def texts():
    """Yield path and running text: cells and lines joined, so that a line's end hides nothing."""
    for room in ("book", "googlenet_edu"):
        for path in sorted((ROOT / room).rglob("*")):
            if path.suffix not in SUFFIXES or {"_build", ".ipynb_checkpoints"} & set(path.parts):
                continue
            text = path.read_text(encoding="utf-8")
            if path.suffix == ".ipynb":
                text = " ".join("".join(cell["source"]) for cell in json.loads(text)["cells"])
            yield path.relative_to(ROOT).as_posix(), " ".join(text.split())


@pytest.fixture(scope="module")
def book():
    found = dict(texts())
    assert "book/sizes/pooling.ipynb" in found and "book/how_to_read.md" in found
    return found


@pytest.mark.parametrize("sentence", RETIRED)
def test_a_retired_claim_stays_out(book, sentence):
    assert not [path for path, text in book.items() if sentence in text]


def test_the_search_finds_what_is_there(book):
    assert [p for p, text in book.items() if "491 lie in the padding" in text]
