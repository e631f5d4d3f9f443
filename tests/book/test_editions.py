"""Which solutions a book has: of its exercises and of the assignments, in pages and in downloads."""

import json

import pytest

from tests.building import build_book, copy_book

TOC = "format: jb-book\nroot: book/intro\nchapters:\n  - file: book/edition\n"
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


@pytest.mark.parametrize(
    ("edition", "shown"), [("students", False), ("teachers", True), ("", True)]
)
def test_solutions_are_shown_or_not(tmp_path, edition, shown):
    folder = copy_book(tmp_path)
    (folder / "_toc.yml").write_text(TOC, encoding="utf-8")
    (folder / "book" / "intro.md").write_text("# Start\n", encoding="utf-8")
    (folder / "book" / "edition.md").write_text(PAGE, encoding="utf-8")
    build = build_book(folder, folder, EDITION=edition)
    assert build.code == 0, build.log[-3000:]
    page = (build.html / "book" / "edition.html").read_text(encoding="utf-8")
    assert "one and one" in page and "After it." in page
    texts = [page, (build.html / "searchindex.js").read_text(encoding="utf-8")]
    texts += [path.read_text(encoding="utf-8") for path in build.html.rglob("_sources/**/edition*")]
    assert len(texts) == 3
    assert [("secret" in text) for text in texts] == [shown] * 3


def test_the_cells_that_compute_a_solution_go_too(tmp_path):
    folder = copy_book(tmp_path)
    toc = "format: jb-book\nroot: book/intro\nchapters:\n  - file: book/sizes/convolution\n"
    (folder / "_toc.yml").write_text(toc, encoding="utf-8")
    (folder / "book" / "intro.md").write_text("# Start\n", encoding="utf-8")
    chapter = json.loads((folder / "book/sizes/convolution.ipynb").read_text(encoding="utf-8"))
    for cell in chapter["cells"]:
        text = "".join(cell["source"])
        if "](" in text and cell["cell_type"] == "markdown" and "{solution}" not in text:
            cell["source"] = "Links to chapters that are not here.\n"
        if cell["id"].startswith("solution"):
            cell["source"] = "secret = 2"
    (folder / "book/sizes/convolution.ipynb").write_text(json.dumps(chapter), encoding="utf-8")
    build = build_book(folder, folder, EDITION="students")
    assert build.code == 0, build.log[-3000:]
    paths = [*build.html.rglob("convolution.html"), *build.html.rglob("_sources/**/*.ipynb")]
    assert len(paths) == 2
    for path in paths:
        assert "secret" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("edition", ["students", "", "teachers"])
def test_an_assignment_has_solutions_for_teachers_only(tmp_path, edition):
    folder = copy_book(tmp_path)
    toc = "format: jb-book\nroot: book/intro\nchapters:\n  - file: book/classroom/a1\n"
    (folder / "_toc.yml").write_text(toc, encoding="utf-8")
    (folder / "book" / "intro.md").write_text("# Start\n", encoding="utf-8")
    build = build_book(folder, folder, EDITION=edition)
    assert build.code == 0, build.log[-3000:]
    page = (build.html / "book" / "classroom" / "a1.html").read_text(encoding="utf-8")
    assert ("HIDDEN TESTS" in page) == ("Not for students" in page) == (edition == "teachers")
    # Whatever the edition, the download is the student's.
    kept = [*build.html.rglob("*A1*"), *build.html.rglob("_sources/**/*")]
    assert {path.name for path in kept} >= {"A1.zip", "A1.ipynb"}
    for path in kept:
        if path.suffix in (".ipynb", ".md"):
            assert "HIDDEN TESTS" not in path.read_text(encoding="utf-8")


def test_an_unknown_edition_is_an_error(tmp_path):
    folder = copy_book(tmp_path)
    build = build_book(folder, folder, EDITION="student")
    assert build.code != 0
    assert "'student'" in build.log and "students" in build.log
