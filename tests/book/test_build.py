"""The build: clean from the sources, and failing when it should."""

import re
import subprocess
import sys

from tests.building import ROOT, build_book, copy_book, write_page

TITLE = "# A page\n\n"


def build_page(folder, text, **options):
    """Build a book of one page; return the Build."""
    copy_book(folder)
    write_page(folder, TITLE + text)
    return build_book(folder, folder, **options)


def test_clean_build_in_a_folder_with_spaces_and_chinese_characters(built):
    assert {" ", "课"} <= set(str(built.html)) and "WARNING" not in built.log
    page = (built.html / "book" / "sizes" / "convolution.html").read_text(encoding="utf-8")
    assert "<math" in page and "data-gn-widget" in page
    assert "thebe" not in page.lower()
    assert not list(built.html.rglob("*thebe*"))
    assert not list(built.html.rglob("*.map")) and not (built.html / "_static/locales").exists()


def test_a_console_that_knows_only_ascii_builds_the_same_book(tmp_path):
    """Every file is read and written as UTF-8, whatever the locale says."""
    text = "Größe 尺寸 $\\lfloor 112.5 \\rfloor$\n\n```{googlenet-cover}\n```\n"
    ascii_only = dict(PYTHONUTF8="0", LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONIOENCODING="ascii")
    build = build_page(tmp_path, text, fresh=True, **ascii_only)
    assert build.code == 0, build.log[-4000:]
    assert "Größe 尺寸" in (build.html / "book" / "intro.html").read_text(encoding="utf-8")


FAULTS = {
    "See [](nowhere).": "nowhere",
    "As $\\fraction{1}{2}$ shows.": "cannot show the formula",
    '<script src="https://cdn.example.org/x.js"></script>': "cdn.example.org/x.js",
    "```{widget} conv_size\n:size: 0\n```": "widget",
}


def test_planted_faults_fail_the_build(tmp_path):
    """All in one page: each is named in a warning or an error of its own."""
    build = build_page(tmp_path, "\n\n".join(FAULTS) + "\n")
    assert build.code != 0, build.log
    said = re.findall(r"^.*(?:WARNING|ERROR).*$", build.log, re.M)
    for complaint in FAULTS.values():
        assert any(complaint in line for line in said), (complaint, build.log[-3000:])


def test_another_structure_of_the_theme_stops_the_build_with_one_sentence(tmp_path):
    """Here the theme brings a script in a place that layout.html does not watch."""
    layout = copy_book(tmp_path) / "book" / "_templates" / "layout.html"
    block = '{% block header %}<script src="_static/new.js"></script>{% endblock %}'
    layout.write_text(layout.read_text(encoding="utf-8") + block, encoding="utf-8")
    write_page(tmp_path, TITLE)
    command = [sys.executable, ROOT / "book" / "_tools" / "build_book.py", tmp_path]
    build = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
    assert build.returncode != 0
    sentence = "is not what the book expects: book/intro.html loads files past book/_templates"
    assert sentence in build.stdout and build.stdout.count("\n") == 1, build.stdout[-3000:]
    assert build.stderr.startswith("The build failed") and build.stderr.count("\n") == 1


def test_ordinary_links_and_references_pass(tmp_path):
    text = """
A [link](https://arxiv.org/abs/1409.4842), `https://cdn.example.org/x.js` as a word, and {eq}`half`.

```python
import("https://cdn.example.org/x.js")
```

$$
\\left\\lfloor \\frac{223}{2} \\right\\rfloor = 111
$$ (half)

```{math}
:label: other

a = b
```

\\begin{align}
a &= b \\\\
  &= c
\\end{align}
"""
    build = build_page(tmp_path, text)
    assert build.code == 0, build.log[-4000:]
    page = (build.html / "book" / "intro.html").read_text(encoding="utf-8")
    numbers = re.findall(r'class="eqno">\((\d)\)', page)
    assert numbers == ["1", "2", "3"]
    assert re.search(r'href="#equation-half">\s*\(?1', page)
