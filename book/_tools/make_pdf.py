"""Print the whole built book as one PDF, with Chromium.

    python book/_tools/make_pdf.py                     from _build/html into _build/pdf
    python book/_tools/make_pdf.py --site DIR --out FILE --toc FILE

Takes the articles out of the built pages and puts them behind each other, with the widgets in
their static form, so that the PDF says what the pages say. Links between pages become links within
the PDF. The printed book tells the page numbers, which are then laid over its contents.
"""

import argparse
import posixpath
import re
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml
from bs4 import BeautifulSoup
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, TextStringObject

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book" / "_ext"))
from chromium import FLAGS, find_chromium  # noqa: E402

SHEET = Path(__file__).with_name("pdf.css")
PRINTING = (
    "--headless --no-pdf-header-footer --export-tagged-pdf --generate-pdf-document-outline "
    "--virtual-time-budget=20000"
).split()
UNWANTED = ".headerlink, script, style.noprint, .copybtn, .toctree-wrapper, nav"
PLAIN_COLUMNS, POINTS = 86, 8.4  # letters in a line of code, and their size
REFERRING = ("aria-labelledby", "aria-describedby", "for", "headers")


def parts(toc):
    """Return [(caption, [page, ...]), ...] of a table of contents; the root comes first."""

    def files(entries):
        for entry in entries:
            yield entry["file"]
            yield from files(entry.get("sections", []))

    found = [("", [toc["root"]])]
    for part in toc.get("parts", [toc]):
        found.append((part.get("caption", ""), list(files(part.get("chapters", [])))))
    return found


def key_of(page):
    return page.replace("/", "-")


class Assembler:
    """Puts the articles of a built book into one page."""

    def __init__(self, site, toc):
        self.site = site
        self.parts = parts(toc)
        self.pages = [page for _, pages in self.parts for page in pages]
        self.sheets = []
        self.titles = {}

    def article(self, page):
        """Return one page's article as an element, its ids and links made its own."""
        text = (self.site / f"{page}.html").read_text(encoding="utf-8")
        soup = BeautifulSoup(text, "html.parser")
        for link in soup.find_all("link", rel="stylesheet"):
            self.note_sheet(page, link["href"])
        article = soup.find("article")
        for one in article.select(UNWANTED):
            one.decompose()
        for one in article.find_all("details"):
            one["open"] = ""
        key = key_of(page)
        for one in article.find_all(True):
            self.make_own(one, page, key)
        for one in article.find_all("pre"):
            fit(one)
        self.titles[page] = article.h1.get_text()
        shift_headings(article)
        article.name = "section"
        article["class"] = ["bd-article", "chapter"]
        article["id"] = key
        return article

    def note_sheet(self, page, address):
        path = urlsplit(address).path
        sheet = posixpath.normpath(posixpath.join(posixpath.dirname(page), path))
        if sheet not in self.sheets and (self.site / sheet).is_file():
            self.sheets.append(sheet)

    def make_own(self, one, page, key):
        """Give an element an id that no other page has, and lead its references there."""
        if one.get("id"):
            one["id"] = f"{key}--{one['id']}"
        for name in REFERRING:
            if one.get(name):
                value = one[name] if isinstance(one[name], str) else " ".join(one[name])
                one[name] = " ".join(f"{key}--{each}" for each in value.split())
        for name in ("href", "xlink:href", "src"):
            if one.get(name):
                self.lead(one, name, page, key)
        for name, value in list(one.attrs.items()):
            if isinstance(value, str) and "url(#" in value:
                one[name] = value.replace("url(#", f"url(#{key}--")

    def lead(self, one, name, page, key):
        """Make one address work in the assembled page."""
        address = urlsplit(one[name])
        if address.scheme or address.netloc:
            return
        if not address.path:
            # A link to a widget's state (#id&size=3) leads to the widget.
            anchor = unquote(address.fragment).split("&")[0]
            one[name] = f"#{key}--{anchor}" if anchor else f"#{key}"
            return
        path = posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(address.path)))
        other = path.removesuffix(".html")
        if path.endswith(".html") and other in self.pages:
            anchor = unquote(address.fragment).split("&")[0]
            one[name] = f"#{key_of(other)}--{anchor}" if anchor else f"#{key_of(other)}"
        elif name == "href":
            one.name = "span"  # a file to download, which is not in the PDF
            del one["href"]
        else:
            one[name] = self.relative(path)

    def relative(self, path):
        return (self.site / path).as_uri()

    def front(self, title, numbers=None):
        """Return cover and contents; with numbers, {key: page}, all but the numbers is white."""
        contents = []
        for caption, pages in self.parts:
            if caption:
                contents.append(f"<li class='part'>{escape(caption)}</li>")
            for page in pages:
                key = key_of(page)
                contents.append(
                    f"<li><a href='#{key}'><span>{escape(self.titles[page])}</span>"
                    f"<span class='dots'></span>"
                    f"<span class='number'>{(numbers or {}).get(key, '')}</span></a></li>"
                )
        return (
            f"<div class='front{' numbers-only' if numbers else ''}'>"
            f"<div class='cover'><p class='cover-title'>{escape(title)}</p>"
            "<p>GoogLeNet in PyTorch: sizes, blocks, the whole network. Sliders are shown as they "
            "stand at the start; they move in the book’s pages and in Jupyter.</p>"
            "<p>Code under the MIT License, text and drawings under CC BY 4.0.</p></div>"
            "<div class='contents' role='navigation'><p class='contents-title'>Contents</p>"
            f"<ol>{''.join(contents)}</ol></div></div>"
        )

    def page(self, title):
        """Return the whole book as HTML, without page numbers in its contents."""
        sections = []
        for caption, pages in self.parts:
            if caption:
                sections.append(f"<h1 class='part'>{escape(caption)}</h1>")
            sections += [str(self.article(page)) for page in pages]
        return self.frame(title, f"{self.front(title)}<main>{''.join(sections)}</main>")

    def frame(self, title, body):
        links = "".join(
            f"<link rel='stylesheet' href='{self.relative(sheet)}'>" for sheet in self.sheets
        )
        return (
            "<!doctype html><html lang='en' data-theme='light' data-mode='light'>"
            f"<head><meta charset='utf-8'><title>{escape(title)}</title>{links}"
            f"<style>{SHEET.read_text(encoding='utf-8')}</style></head><body>{body}</body></html>"
        )


def shift_headings(article):
    """Chapters stand below parts: h1 becomes h2, and so on."""
    for level in (5, 4, 3, 2, 1):
        for heading in article.find_all(f"h{level}"):
            heading.name = f"h{level + 1}"


def fit(pre):
    """Print code with long lines in smaller letters, so that columns stay below each other."""
    longest = max((len(line) for line in pre.get_text().splitlines()), default=0)
    if longest > PLAIN_COLUMNS:
        size = max(4.5, POINTS * PLAIN_COLUMNS / longest)
        pre["style"] = f"font-size: {size:.2f}pt"


def print_page(chromium, page, out):
    """Print a local page into a PDF; raises SystemExit with Chromium's words when it fails."""
    with tempfile.TemporaryDirectory() as profile:
        command = [
            chromium,
            *FLAGS,
            *PRINTING,
            f"--user-data-dir={profile}",
            f"--print-to-pdf={out}",
        ]
        run = subprocess.run(
            [*command, page.as_uri()],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
        )
    if run.returncode or not out.is_file():
        sys.exit(f"Chromium printed nothing: {run.stderr[-2000:]}")


def page_numbers(reader, keys):
    """Return {key: the number of the page on which the chapter begins}."""
    found = {}
    for name, place in reader.named_destinations.items():
        name = unquote(name.removeprefix("/"))
        if name in keys:
            found[name] = reader.get_destination_page_number(place) + 1
    return found


def outline_entries(root):
    """Yield the outline's entries as PDF objects, in the order of the pages."""
    entry = root.get("/First")
    while entry is not None:
        entry = entry.get_object()
        yield entry
        yield from outline_entries(entry)
        entry = entry.get("/Next")


def name_outline(writer, html):
    """Give the outline the headings' texts: Chromium repeats words of bold headings."""
    headings = BeautifulSoup(html, "html.parser").main.find_all(re.compile("^h[1-6]$"))
    texts = [" ".join(heading.get_text().split()) for heading in headings]
    entries = list(outline_entries(writer.root_object["/Outlines"]))
    if len(texts) != len(entries):
        sys.exit(f"The PDF has {len(entries)} headings, the pages have {len(texts)}.")
    for entry, text in zip(entries, texts, strict=True):
        entry[NameObject("/Title")] = TextStringObject(text)


def make_pdf(site, out, toc_file, title):
    """Write the PDF of the book built into `site`; return the number of pages."""
    if not (site / "index.html").is_file():
        sys.exit(f"There is no built book in {site}: run `make book` first.")
    book = Assembler(site, yaml.safe_load(toc_file.read_text(encoding="utf-8")))
    if not (chromium := find_chromium()):
        sys.exit(
            "Chromium was not found, and it prints the book. Install it (on Debian: apt install "
            "chromium) or set CHROMIUM to its path."
        )
    with tempfile.TemporaryDirectory() as folder:
        page, whole, front = (
            Path(folder) / name for name in ("page.html", "book.pdf", "front.pdf")
        )
        html = book.page(title)
        page.write_text(html, encoding="utf-8")
        print_page(chromium, page, whole)
        writer = PdfWriter(whole, incremental=True)  # only what changes is written
        numbers = page_numbers(PdfReader(whole), {key_of(one) for one in book.pages})
        # The numbers alone, at their places, are laid over the contents.
        page.write_text(book.frame(title, book.front(title, numbers)), encoding="utf-8")
        print_page(chromium, page, front)
        for below, above in zip(writer.pages, PdfReader(front).pages, strict=False):
            below.merge_page(above)
        name_outline(writer, html)
        writer.add_metadata({"/Title": title, "/Creator": "googlenet_edu"})
        writer.root_object[NameObject("/PageMode")] = NameObject("/UseOutlines")
        out.parent.mkdir(parents=True, exist_ok=True)
        part = out.with_suffix(".part")
        writer.write(part)
        part.replace(out)  # a reader never meets half a file
        return len(writer.pages)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--site", type=Path, default=ROOT / "_build" / "html")
    parser.add_argument("--out", type=Path, default=ROOT / "_build" / "pdf" / "googlenet-book.pdf")
    parser.add_argument("--toc", type=Path, default=ROOT / "_toc.yml")
    options = parser.parse_args(arguments)
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    site, out = options.site.resolve(), options.out.resolve()
    count = make_pdf(site, out, options.toc, config["title"])
    print(f"{options.out}: {count} pages")


if __name__ == "__main__":
    main()
