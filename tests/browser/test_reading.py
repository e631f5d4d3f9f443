"""Reading comforts: search, copied code, the page for a missing page, the keyboard, moved books."""

import functools
import re
import threading
from urllib.parse import urlsplit

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import expect

from tests.browser.conftest import QuietHandler, Server
from tests.building import pages

PAGES = pages()
each_page = pytest.mark.parametrize("name", PAGES)
CHINESE = re.compile("[\u4e00-\u9fff]")

# What Tab must reach, in the order of the page: all that is shown and takes the focus.
TAB_STOPS = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")]
  .filter((e) => e.tabIndex >= 0 && !e.disabled && e.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true }) && !e.closest("[inert]"))
  // Of the choices of one question Tab reaches one.
  .filter((e) => e.type !== "radio" || e === [...document.getElementsByName(e.name)].find((r) => r.checked) || ![...document.getElementsByName(e.name)].some((r) => r.checked) && e === document.getElementsByName(e.name)[0])"""
WATCH = """() => {
  window.reached = [];
  document.addEventListener("focusin", (event) => {
    const e = event.target, box = e.getBoundingClientRect(), style = getComputedStyle(e);
    const hidden = box.width === 0 || box.height === 0;
    const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 || style.boxShadow !== "none";
    const within = e.closest("label, .sd-card, .form-check")?.matches(":focus-within") ?? false;
    window.reached.push({ e, fault: hidden ? "has no size" : ring || within ? "" : "shows no focus" });
  });
}"""
REPORT = f"""() => {{
  const name = (e) => `${{e.tagName}}.${{e.className?.baseVal ?? e.className}} ${{(e.textContent || e.getAttribute("aria-label") || "").trim().slice(0, 40)}}`;
  const met = new Set(window.reached.map((one) => one.e));
  return {{
    missed: ({TAB_STOPS})().filter((e) => !met.has(e)).map(name),
    faults: window.reached.filter((one) => one.fault).map((one) => `${{name(one.e)}} ${{one.fault}}`),
  }};
}}"""


# Each stop in turn takes the focus; none keeps the Tab key for itself.
VISIT = f"""() => {{
  const caught = [];
  for (const e of ({TAB_STOPS})()) {{
    e.focus();
    if (document.activeElement !== e) {{ window.reached.push({{ e, fault: "takes no focus" }}); continue; }}
    const tab = new KeyboardEvent("keydown", {{ key: "Tab", code: "Tab", bubbles: true, cancelable: true }});
    if (!e.dispatchEvent(tab)) window.reached.push({{ e, fault: "keeps Tab" }});
    if (e.tabIndex > 0) window.reached.push({{ e, fault: "jumps the order" }});
  }}
}}"""


@each_page
def test_every_control_can_take_the_focus(open_page, site_file, name):
    """Each is visible and marked when it has the focus, in the order of the page, and lets go."""
    page = open_page(site_file + name).page
    page.evaluate("document.fonts.ready")
    page.evaluate(WATCH)
    page.keyboard.press("Tab")  # from now on the browser shows where the focus is
    page.evaluate(VISIT)
    report = page.evaluate(REPORT)
    assert report == {"missed": [], "faults": []}


@pytest.mark.parametrize("name", ["book/intro.html", "book/blocks/lrn.html"])
def test_the_keyboard_reaches_everything(open_page, site_file, name):
    """The same with the Tab key itself, from one end of the page to the other."""
    page = open_page(site_file + name).page
    page.evaluate("document.fonts.ready")
    page.evaluate(WATCH)
    count = page.evaluate(f"({TAB_STOPS})().length")
    assert count > 30
    for _ in range(count + 5):
        page.keyboard.press("Tab")
    report = page.evaluate(REPORT)
    assert report == {"missed": [], "faults": []}


@pytest.mark.parametrize(
    ("query", "target"),
    [
        ("ceil_mode", "pooling.html"),
        ("LRN", "lrn.html"),
        ("辅助分类器", "glossary.html"),
        ("auxiliary classifier", "auxiliary.html"),
        ("flatten", "auxiliary.html"),
    ],
)
def test_search_finds(open_page, site_file, query, target):
    page = open_page(site_file + f"search.html?q={query}").page
    expect(page.locator(f'ul.search li a[href*="{target}"]').first).to_be_visible(timeout=20_000)


@pytest.mark.parametrize("width", [390, 1280])
def test_the_results_of_a_search_fit_the_page(open_page, site_http, width):
    page = open_page(site_http + "search.html?q=pool", width=width).page
    expect(page.locator("#search-results")).to_contain_text("Search finished")
    page.wait_for_load_state("networkidle")  # a result's text is fetched from its page
    assert page.locator("ul.search p.context").count() > 20
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = page.locator("main form.bd-search")
    text = """(one) => one.getBoundingClientRect().left + parseFloat(getComputedStyle(one).paddingLeft)"""
    icon = box.locator("i, svg").first.bounding_box()
    assert icon["x"] + icon["width"] <= box.locator("input").evaluate(text)


def test_copied_code_has_no_prompt(open_page, site_http):
    visit = open_page(
        site_http + "book/reference/api.html", permissions=["clipboard-read", "clipboard-write"]
    )
    page = visit.page
    cell = page.locator("div.highlight", has_text=">>>").first
    cell.hover()
    cell.locator("button.copybtn").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.strip() and ">>>" not in copied
    for line in copied.splitlines():
        compile(line, "copied", "exec")


def test_a_chapter_tells_its_time(open_page, site_file):
    page = open_page(site_file + "book/sizes/pooling.html").page
    expect(page.locator("h1 + .book-time")).to_have_text(
        re.compile(r"^About \d+ minutes, with its cells and sliders$")
    )
    page.goto(site_file + "book/how_to_read.html")
    paths = page.locator("ol.book-path")
    expect(paths).to_have_count(4)
    for path in paths.all():
        assert path.locator("li").count() >= 5
    expect(paths.first).to_contain_text(re.compile(r"\(\d+ min\)"))


@pytest.fixture
def moved(site):
    """A server on which the book lies two folders deep, and which shows 404.html as hosts do."""

    class Host(QuietHandler):
        def translate_path(self, path):
            path = urlsplit(path).path
            inside = path.startswith("/课程/book%201/") or path.startswith(
                "/%E8%AF%BE%E7%A8%8B/book%201/"
            )
            return super().translate_path("/" + path.split("/", 3)[3] if inside else "/none/none")

        def send_error(self, code, *args, **kwargs):
            if code != 404 or self.command == "HEAD":
                return super().send_error(code, *args, **kwargs)
            body = (site / "404.html").read_bytes()
            self.send_response(404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = Server(("127.0.0.1", 0), functools.partial(Host, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/课程/book 1/"
    server.shutdown()
    server.server_close()


def test_a_missing_page_leads_back(open_page, moved):
    """Whatever the depth of the missing address and the place of the book."""
    visit = open_page(moved + "book/old/place/pooling.html")
    page = visit.page
    link = page.get_by_role("link", name="The output size of a pooling layer").first
    expect(page.locator("#meant")).to_be_visible()
    expect(link).to_have_attribute("href", re.compile(r"book%201/book/sizes/pooling\.html$"))
    assert len(page.locator("main li a").all()) == len(PAGES)
    # The missing page, and where the script looked for the book's root.
    assert all("404" in error or "searchindex.js" in error for error in visit.errors)
    visit.errors.clear()
    link.click()
    expect(page.locator("article h1")).to_contain_text("pooling layer")
    assert not visit.errors


def test_the_book_works_in_any_folder(open_page, moved):
    """Below a path with Chinese letters and a space: styles, search and widgets are found."""
    page = open_page(moved + "index.html").page
    page.wait_for_url("**/book/intro.html")
    expect(page.locator("section.gn-widget").first).to_be_visible()
    page.goto(moved + "search.html?q=pooling")
    expect(page.locator("ul.search li a").first).to_be_visible(timeout=20_000)


def test_no_address_in_the_book_is_absolute(site):
    """Every link within the book is relative, so that the folder can be put anywhere."""
    absolute = re.compile(
        r"""\s(?:href|src|action|content|data-content_root)=["'](?:/|file:)[^"']*"""
    )
    assert absolute.search('<a  href="/book">') and not absolute.search('<a href="https://x">')
    for path in site.rglob("*.html"):
        found = absolute.search(path.read_text(encoding="utf-8"))
        assert not found, f"{path.name}: {found[0]}"
    for path in [*site.rglob("*.html"), *site.rglob("*.js"), *site.rglob("*.ipynb")]:
        assert str(site) not in path.read_text(encoding="utf-8", errors="replace")


@each_page
def test_figures_and_languages_are_told(site, name):
    """Each figure says what it shows, each Chinese word that it is Chinese."""
    article = BeautifulSoup((site / name).read_text(encoding="utf-8"), "html.parser").article
    for picture in article.find_all("img"):
        words = picture.get("alt", "")
        assert len(words.split()) >= 4 and "/" not in words, picture
    for drawing in article.find_all("svg"):
        if drawing.get("aria-hidden") == "true" or drawing.find_parent("svg"):
            continue
        named = drawing.get("aria-label") or " ".join(
            article.find(id=one).get_text() for one in drawing.get("aria-labelledby", "").split()
        )
        assert drawing.get("role") == "img", str(drawing)[:200]
        assert len(named.split()) >= 4, f"{name}: a drawing is called {named!r}"
    for text in article.find_all(string=CHINESE):
        marked = [one for one in text.parents if (one.get("lang") or "").startswith("zh")]
        assert marked, f"{name}: no language for {text}"


@each_page
def test_headings_are_in_order(site, name):
    article = BeautifulSoup((site / name).read_text(encoding="utf-8"), "html.parser").article
    levels = [int(one.name[1]) for one in article.find_all(re.compile("^h[1-6]$"))]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b <= a + 1 for a, b in zip(levels, levels[1:], strict=False)), levels


def test_a_browser_without_the_newest_features_keeps_the_static_page(open_page, site_file):
    """A browser that cannot run the widgets' script shows their static form, and says nothing."""
    visit = open_page("about:blank")
    page = visit.page

    # Such a browser fails where the scripts are read; here they have words that none knows.
    for name in ("googlenet-widgets.js", "book.js"):
        page.route(
            f"**/{name}*",
            lambda route: route.fulfill(body="const a = b ??= ;", content_type="text/javascript"),
        )
    page.goto(site_file + "book/sizes/pooling.html")
    expect(page.locator("article h1")).to_be_visible()
    for widget in page.locator("[data-gn-widget]").all():
        expect(widget).to_be_visible()
        assert widget.inner_text().strip()
    expect(page.locator(".gn-old-browser")).to_have_count(page.locator("[data-gn-widget]").count())
    first = page.locator('[data-gn-widget="pool_size"]').first
    expect(first).to_contain_text("Output: 112 × 112 becomes 56 × 56")
    assert visit.errors and all("Unexpected token" in one for one in visit.errors)
    visit.errors.clear()
