"""Every page as a reader meets it: over http and from a folder, light and dark, wide and narrow."""

import functools
import re
from urllib.parse import unquote, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup
from playwright.sync_api import expect

from tests.browser.checks import OVERFLOW
from tests.building import pages

PAGES = pages()
each_page = pytest.mark.parametrize("name", PAGES)

# Text outside code, scripts and formulas.
PROSE = """() => {
  const copy = document.querySelector("article").cloneNode(true);
  copy.querySelectorAll("pre, code, script, style, svg, math").forEach((e) => e.remove());
  return copy.textContent;
}"""
BRIGHTNESS = """() => {
  const bright = (css) => {
    const [r, g, b] = css.match(/[0-9.]+/g).map(Number);
    return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
  };
  const style = getComputedStyle(document.body);
  return [bright(style.backgroundColor), bright(style.color)];
}"""
LATEX = re.compile(
    r"\\(?:frac|left|lfloor|sum|text|begin|times|cdot)\b|\$[^$\s][^$\n]*\\[a-z]+[^$\n]*\$"
)


# Axe looks at each element. Of the colored words of code and the parts of formulas that have the
# same classes within the same classes it meets one: the others look alike, and take most of its time.
ONE_OF_A_KIND = """() => {
  const kind = (e) => { const names = []; for (let i = 0; i < 4 && e; i++, e = e.parentElement) names.push(e.tagName, e.className?.baseVal ?? e.className); return names.join("|"); };
  for (let again = 0; again < 3; again++) {
    const met = new Set();
    for (const e of document.querySelectorAll("pre span, .sig span, .math math *")) {
      if (e.children.length) continue;
      if (met.has(kind(e))) e.replaceWith(e.textContent); else met.add(kind(e));
    }
  }
  document.querySelectorAll("pre, .sig").forEach((e) => e.normalize());
}"""


def violations(page, **options):
    """Return what axe finds, with one word of each kind left in the page."""
    page.evaluate(ONE_OF_A_KIND)
    # Preloading would ask for the style sheets again, at the wrong place.
    options |= {"preload": False, "resultTypes": ["violations"]}
    return Axe().run(page, options=options).response["violations"]


@functools.cache
def parsed(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def check_print(page):
    """On paper the text stands alone, and no code is cut off."""
    page.emulate_media(media="print")
    for part in (".bd-sidebar-primary", ".bd-header-article", ".prev-next-footer"):
        for one in page.locator(part).all():
            expect(one).to_be_hidden()
    expect(page.locator("article h1")).to_be_visible()
    page.set_viewport_size({"width": 670, "height": 900})  # A4 less its margins
    cut = """() => [...document.querySelectorAll("article pre")]
      .filter((e) => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1).map((e) => e.textContent.slice(0, 60))"""
    assert page.evaluate(cut) == [], "code is cut off at the edge of the paper"


# Addresses and themes do not depend on each other, nor do themes and widths: each is met once.
@each_page
@pytest.mark.parametrize(("address", "theme"), [("site_http", "light"), ("site_file", "dark")])
def test_page_is_complete_on_its_own(open_page, request, name, address, theme):
    """Nothing from elsewhere, no error, nothing wider than the window, formulas as MathML."""
    visit = open_page(request.getfixturevalue(address) + name, width=1280, theme=theme)
    page = visit.page
    ground, ink = page.evaluate(BRIGHTNESS)
    assert (ground > 0.9 and ink < 0.3) if theme == "light" else (ground < 0.1 and ink > 0.7)
    assert page.title()
    expect(page.locator("article h1")).to_have_count(1)
    assert not LATEX.search(page.evaluate(PROSE))
    boxes = page.locator(".math").count()
    assert page.locator(".math math").count() == boxes, "a formula is not MathML"
    if boxes:
        page.evaluate("document.fonts.ready")
        assert page.evaluate("document.fonts.check('20px \"STIX Two Math Book\"')")
    for width in (1280, 768, 360, 320):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(OVERFLOW) == [], f"{name} is wider than {width} px"
    if theme == "dark":
        check_print(page)


@each_page
def test_links_within_the_book_lead_somewhere(site, name):
    folder = (site / name).parent
    links = [link["href"] for link in parsed(site / name).select("a[href]")]
    inside = [urlsplit(link) for link in links if not urlsplit(link).scheme]
    assert inside
    for link in inside:
        target = (folder / unquote(link.path)).resolve() if link.path else site / name
        assert target.is_relative_to(site) and target.is_file(), f"{name} links to {link.geturl()}"
        anchor = unquote(link.fragment)
        if anchor and "&" not in anchor and target.suffix == ".html":
            assert parsed(target).find(id=anchor), f"{name}: {link.geturl()}"


@each_page
def test_page_can_be_read_without_javascript(open_page, site_file, name):
    page = open_page(site_file + name, java_script_enabled=False).page
    expect(page.locator("article h1")).to_be_visible()
    for widget in page.locator("[data-gn-widget]").all():
        assert widget.inner_text().strip()


DARK = ("intro", "sizes/pooling", "blocks/batch_norm", "training/training", "reference/api")


def test_an_id_is_one_elements_own(site):
    for path in (one for one in site.rglob("*.html") if "_static" not in one.parts):
        ids = re.findall(r'<[a-z][^<>]*\sid="([^"]+)"', path.read_text(encoding="utf-8"))
        twice = {one for one in ids if ids.count(one) > 1}
        assert not twice, path.relative_to(site)


@pytest.mark.parametrize(
    ("name", "width", "theme"),
    [(name, 360, "light") for name in PAGES]
    + [(f"book/{name}.html", 1280, "dark") for name in DARK],
)
def test_page_breaks_no_accessibility_rule(open_page, site_http, name, theme, width):
    page = open_page(site_http + name, width=width, theme=theme).page
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(200)  # the theme marks its scrolling boxes after loading
    faults = violations(page)
    assert not faults, [(one["id"], [node["target"] for node in one["nodes"]]) for one in faults]


def test_a_pale_word_in_code_breaks_a_rule(open_page, site_http):
    """The gate itself, with one word of each kind left."""
    page = open_page(site_http + "book/sizes/pooling.html").page
    page.evaluate("""() => {
      const word = [...document.querySelectorAll(".highlight pre span")]
        .find((e) => e.textContent.length > 3 && !e.children.length && e.checkVisibility());
      word.style.color = "#eee";
      word.className = "pale";
    }""")
    (fault,) = violations(page, runOnly=["color-contrast"])
    assert "pale" in str(fault["nodes"])


def test_index_leads_to_the_introduction(open_page, site_url):
    page = open_page(site_url + "index.html").page
    page.wait_for_url("**/book/intro.html")
    expect(page.locator("article h1")).to_contain_text("GoogLeNet, layer by layer")


def test_search_finds_a_chapter(open_page, site_url):
    page = open_page(site_url + "search.html?q=pooling").page
    expect(page.locator("ul.search li a", has_text="pooling").first).to_be_visible(timeout=10_000)


def test_cover_names_every_part_of_the_network(open_page, site_file):
    page = open_page(site_file + "book/intro.html").page
    cover = page.get_by_role("img", name="GoogLeNet, drawn to scale")
    expect(cover).to_be_visible()
    for word in ("conv1", "3a", "3b", "4a", "4e", "5a", "5b", "aux1", "aux2"):
        expect(cover.locator("text", has_text=re.compile(f"^{word}$"))).to_be_visible()


def test_theme_button_changes_the_page(open_page, site_file):
    page = open_page(site_file + "book/intro.html").page
    button = page.locator(".theme-switch-button").first
    seen = set()
    for _ in range(3):
        button.click()
        seen.add(page.locator("html").get_attribute("data-theme"))
    assert seen == {"light", "dark"}


def test_a_remote_file_would_be_noticed(open_page, site_file):
    """The gate itself: a page that asks another machine is recorded and blocked."""
    visit = open_page(site_file + "book/intro.html")
    visit.page.evaluate("new Image().src = 'https://cdn.example.org/x.png'")
    for _ in range(100):  # the request is on its way
        if visit.outside:
            break
        visit.page.wait_for_timeout(100)
    with pytest.raises(AssertionError, match=re.escape("cdn.example.org")):
        visit.assert_clean()
    visit.page.close()  # from now on nothing more is noted
    visit.outside.clear()
    visit.errors.clear()
