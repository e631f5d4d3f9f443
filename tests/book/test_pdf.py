"""The printed book: contents, links, outline, and the widgets' static forms."""

import os
import re
import subprocess
import sys
from urllib.parse import unquote

import pytest
import yaml
from pypdf import PdfReader

from tests.building import ROOT
from tests.tools import chromium

MAKE_PDF = [sys.executable, str(ROOT / "book" / "_tools" / "make_pdf.py")]
TITLE = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["title"]
pytestmark = pytest.mark.xdist_group("pdf")  # printed once for all of them

# Enough of the book to meet every kind of thing; the whole takes a minute.
PAGES = ["book/intro", "book/sizes/pooling", "book/network/summary", "book/reference/glossary"]


@pytest.fixture(scope="module")
def printed(site, tmp_path_factory):
    """A PDF of four pages of the book, made on an account without a home."""
    folder = tmp_path_factory.mktemp("印 pdf")
    toc = folder / "toc.yml"
    chapters = [{"file": page} for page in PAGES[1:]]
    parts = [
        {"caption": "Part one", "chapters": chapters[:1]},
        {"caption": "Part two", "chapters": chapters[1:]},
    ]
    toc.write_text(yaml.safe_dump({"root": PAGES[0], "parts": parts}), encoding="utf-8")
    out = folder / "out" / "book.pdf"
    environment = {key: value for key, value in os.environ.items() if key != "HOME"}
    environment["CHROMIUM"] = chromium.find_chromium()
    command = [*MAKE_PDF, "--site", site, "--out", out, "--toc", toc]
    run = subprocess.run(
        list(map(str, command)), env=environment, capture_output=True, encoding="utf-8"
    )
    assert run.returncode == 0, run.stderr
    assert [one.name for one in out.parent.iterdir()] == ["book.pdf"]
    return PdfReader(out)


def outline(reader, items=None, depth=0):
    for item in reader.outline if items is None else items:
        if isinstance(item, list):
            yield from outline(reader, item, depth + 1)
        else:
            yield depth, item.title, reader.get_destination_page_number(item)


def links(reader):
    """Yield (page, annotation) of every link."""
    for number, page in enumerate(reader.pages):
        for one in page.get("/Annots") or []:
            one = one.get_object()
            if one.get("/Subtype") == "/Link":
                yield number, one


def test_contents_give_the_pages_of_the_chapters(printed):
    text = "\n".join(page.extract_text() for page in printed.pages[1:3])
    starts = {title: page for _, title, page in outline(printed)}
    found = 0
    for title, number in re.findall(r"^(.{4,}?) (\d+)$", text, re.M):
        title = title.replace("ﬁ", "fi").replace("ﬂ", "fl")
        if title in starts:
            assert starts[title] + 1 == int(number), title
            found += 1
    assert found >= len(PAGES)


def test_the_outline_has_parts_chapters_and_sections(printed):
    titles = [(depth, title) for depth, title, _ in outline(printed)]
    parts = [title for depth, title in titles if depth == 0]
    assert [one for one in parts if one.startswith("Part")] == ["Part one", "Part two"]
    assert (1, "The output size of a pooling layer") in titles
    assert (2, "Three sentences to keep") in titles
    pages = [page for _, _, page in outline(printed)]
    assert pages == sorted(pages)
    assert printed.root_object["/PageMode"] == "/UseOutlines"


def test_links_lead_to_places_in_the_pdf_or_to_the_web(printed):
    names = {unquote(name.removeprefix("/")) for name in printed.named_destinations}
    inside = outside = 0
    for number, link in links(printed):
        action = (link.get("/A") or {}).get("/URI") if "/A" in link else None
        if action is not None:
            assert str(action).startswith(("https://", "http://")), f"page {number + 1}: {action}"
            outside += 1
        else:
            assert unquote(str(link["/Dest"]).removeprefix("/")) in names
            inside += 1
    assert inside >= 10 and outside >= 5


def test_widgets_formulas_and_solutions_are_printed(printed):
    text = "\n".join(page.extract_text() for page in printed.pages)
    assert "Output: 224 × 224 becomes 112 × 112" in text  # the widget of the introduction
    assert "辅助分类器" in text
    assert "48, 24, 12, 6, 3" in text  # a solution that is folded in the page
    assert "Copy to clipboard" not in text
    assert printed.metadata.title == TITLE
    assert printed.root_object["/Lang"] == "en" and "/StructTreeRoot" in printed.root_object


def test_without_a_built_book_it_says_what_to_do(tmp_path):
    command = [*MAKE_PDF, "--site", str(tmp_path), "--out", str(tmp_path / "x.pdf")]
    run = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert run.returncode == 1 and "make book" in run.stderr
