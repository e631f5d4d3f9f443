"""Which solutions a book has: of its exercises and of the assignments, in pages and in downloads."""

import json

import pytest

from tests.building import build_book, copy_book

TOC = """format: jb-book
root: book/intro
chapters:
  - file: book/edition
  - file: book/cells
  - file: book/classroom/a1
"""
PAGE = """# A page

```{exercise}
:label: ex-edition
How much is one and one?
```

```{solution} ex-edition
:class: dropdown

It is the secret number two.
```

After it.
"""


def code(name, source, **metadata):
    return dict(
        cell_type="code", id=name, source=source, metadata=metadata, outputs=[], execution_count=1
    )


NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "id": "title", "metadata": {}, "source": "# A chapter\n"},
        code("shown", "one = 1", tags=["hide-cell"]),
        code("solution-two", "secret = 2", tags=["hide-cell"]),
        code("solution-in-public", "public = 3"),
    ],
    "metadata": {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
    },
    "nbformat": 4,
    "nbformat_minor": 5,
}
EDITIONS = ("students", "", "teachers")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build each edition once: {edition: folder of pages}."""
    done = {}

    def build(edition):
        if edition not in done:
            folder = copy_book(tmp_path_factory.mktemp("edition"))
            for name, text in (
                ("_toc.yml", TOC),
                ("book/intro.md", "# Start\n"),
                ("book/edition.md", PAGE),
                ("book/cells.ipynb", json.dumps(NOTEBOOK)),
            ):
                (folder / name).write_text(text, encoding="utf-8")
            done[edition] = build_book(folder, folder, EDITION=edition)
        assert done[edition].code == 0, done[edition].log[-3000:]
        return done[edition].html

    return build


pytestmark = pytest.mark.xdist_group("editions")


@pytest.mark.parametrize("edition", EDITIONS)
def test_solutions_are_shown_or_not(built, edition):
    html = built(edition)
    page = (html / "book" / "edition.html").read_text(encoding="utf-8")
    assert "one and one" in page and "After it." in page
    texts = [page, (html / "searchindex.js").read_text(encoding="utf-8")]
    texts += [path.read_text(encoding="utf-8") for path in html.rglob("_sources/**/edition*")]
    assert len(texts) == 3
    assert [("secret" in text) for text in texts] == [edition != "students"] * 3


@pytest.mark.parametrize("edition", EDITIONS)
def test_the_cells_that_compute_a_solution_go_too(built, edition):
    html = built(edition)
    for path in (html / "book/cells.html", html / "_sources/book/cells.ipynb"):
        text = path.read_text(encoding="utf-8")
        assert ("secret" in text) == (edition != "students")
        assert "public" in text and "one" in text


@pytest.mark.parametrize("edition", EDITIONS)
def test_an_assignment_has_solutions_for_teachers_only(built, edition):
    html = built(edition)
    page = (html / "book" / "classroom" / "a1.html").read_text(encoding="utf-8")
    search = (html / "searchindex.js").read_text(encoding="utf-8")
    assert ("HIDDEN TESTS" in page) == ("Not for students" in page) == (edition == "teachers")
    assert ("A model answer" in page) == ("minus infinity" in page) == (edition == "teachers")
    assert ("infin" in search) == (edition == "teachers")
    # Whatever the edition, the downloads are the students'.
    kept = [*html.rglob("*A1*"), *html.rglob("_sources/**/*")]
    assert {path.name for path in kept} >= {"A1.zip", "A1.ipynb"}
    for path in kept:
        if path.suffix in (".ipynb", ".md"):
            assert "HIDDEN TESTS" not in path.read_text(encoding="utf-8")


def test_an_unknown_edition_is_an_error(tmp_path):
    folder = copy_book(tmp_path)
    build = build_book(folder, folder, EDITION="student")
    assert build.code != 0
    assert "'student'" in build.log and "students" in build.log
