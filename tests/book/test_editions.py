"""The students' edition has the exercises without their solutions, in pages and in downloads."""

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


def test_an_unknown_edition_is_an_error(tmp_path):
    folder = copy_book(tmp_path)
    build = build_book(folder, folder, EDITION="student")
    assert build.code != 0
    assert "'student'" in build.log and "students" in build.log
