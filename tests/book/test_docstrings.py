"""The API page: docstrings become the right reStructuredText, and no public module is left out."""

from pathlib import Path

import pytest

import googlenet_edu

ROOT = Path(__file__).resolve().parents[2]

docstrings = pytest.importorskip("docstrings")
PAGE = ROOT / "book" / "reference" / "api.md"


def shown(text, **extra):
    return "\n".join(docstrings.convert(text.split("\n"), **extra)).strip()


@pytest.mark.parametrize(
    ("text", "rst"),
    [
        ("floor(a * b) of feature_ and x|y", r"floor(a \* b) of feature\_ and x\|y"),
        ("see kernel_size", "see kernel_size"),
        ("see `name`", "see ``name``"),
        ("First.\nSecond.", "First. Second."),
        ("Size. Raises: SizeError. Source: Table 1.", "**Raises:** SizeError."),
        ("Chapter: book/sizes/pooling.", "**Chapter:** ``book/sizes/pooling``."),
        ("Args:\n    a, b: one\n        two", "**Args:** \n\n* ``a``, ``b``: one two"),
        (">>> f(1)\n2", ">>> f(1)\n2"),
        ("    import x", ".. code-block:: python\n\n    import x"),
    ],
)
def test_a_docstring_is_converted(text, rst):
    assert rst in shown(text)


def test_names_and_chapters_are_linked():
    names = {"ledger": "googlenet_edu.costs.ledger"}
    assert ":py:obj:`ledger <googlenet_edu.costs.ledger>`" in shown("as `ledger`", names=names)
    assert ":doc:`/book/sizes/pooling`" in shown("book/sizes/pooling", pages={"book/sizes/pooling"})


def test_every_public_module_has_its_section():
    text = PAGE.read_text(encoding="utf-8")
    for module in googlenet_edu.PUBLIC:
        assert f".. automodule:: googlenet_edu.{module}\n" in text, f"api.md lacks {module}"


def test_the_names_of_the_page_are_found_without_importing():
    names = docstrings.documented_names(PAGE)
    assert names["GoogLeNet"] == "googlenet_edu.model.GoogLeNet"
    assert names["receptive_field"] == "googlenet_edu.sizes.receptive_field"
    assert docstrings.documented_names(ROOT / "nothing.md") == {}
