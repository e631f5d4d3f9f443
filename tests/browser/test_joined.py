"""One style sheet and few scripts a page, with the widgets' script first."""

import json
import re

import joined
import pytest

from tests.browser.conftest import SCRIPTS_RAN


def test_addresses_and_imports_hold_in_the_joined_style(tmp_path):
    styles = tmp_path / "_static" / "styles"
    styles.mkdir(parents=True)
    (tmp_path / "_static" / "basic.css").write_text("b{background:url(file.png)}", encoding="utf-8")
    inside = "url(data:image/svg+xml,a%20url(#b)url(%23c)) url('#d') url(https://e.org/f)"
    (styles / "theme.css").write_text(
        '@charset "UTF-8";@import "../basic.css";'
        f'a{{src:url("../vendor/x.woff2") url(../y.png);mask:{inside}}}',
        encoding="utf-8",
    )
    text = joined.style_text(tmp_path, "_static/styles/theme.css")
    assert text.index('b{background:url("file.png")}') < text.index("a{")
    assert 'src:url("vendor/x.woff2") url("y.png")' in text and inside in text
    assert "@import" not in text and "@charset" not in text
    assert "/* styles/theme.css */" in text and "/* basic.css */" in text


def test_a_strict_script_does_not_bind_the_next(open_page, tmp_path):
    (tmp_path / "_static").mkdir()
    scripts = {"one": '"use strict"; var one = 1', "two": "two = 2"}  # two is an error if strict
    for name, text in scripts.items():
        (tmp_path / "_static" / f"{name}.js").write_text(text, encoding="utf-8")
    names = [f"_static/{name}.js" for name in scripts]
    path = joined.write_joined(
        tmp_path, "".join(joined.script_text(tmp_path, name) for name in names), "js"
    )
    page = open_page("about:blank").page
    page.add_script_tag(content=(tmp_path / path).read_text(encoding="utf-8"))
    assert page.evaluate("[one, two]") == [1, 2]


def test_every_page_asks_for_few_files_and_waits_for_none(site):
    seen = 0
    for path in site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        if "_sources" in path.parts or "pst-js-only" not in text:
            continue
        seen += 1
        styles = re.findall(r'<link[^>]*rel="stylesheet"[^>]*>', text)
        assert len(styles) == 1 and "joined-" in styles[0], path
        scripts = re.findall(r"<script[^>]*\bsrc=[^>]*>", text)
        assert 1 <= len(scripts) <= 2 and all("defer" in one for one in scripts), path
        assert "togglebutton.js" in scripts[0], path
        assert ("googlenet-widgets.js" in scripts[-1]) == ("data-gn-widget" in text), path
        later = re.search(r"data-later='([^']*)'", text)[1]
        assert "joined-" in json.loads(later)[0], path
        for address in json.loads(later):
            assert (path.parent / address).is_file()
        assert 'dataset.theme = mode !== "auto"' in text, path
        assert text.count('id="page-end"') == text.count('href="#page-end"') == 1, path
    assert seen > 35
    assert len(list((site / "_static").rglob("*.css"))) == 2  # with and without widgets
    assert len(list((site / "_static").glob("joined-*.js"))) == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_sliders_and_folded_solutions_are_there_before_the_theme(open_page, site_http, theme):
    """With the theme's script kept back, as on a slow line."""
    visit = open_page("about:blank", theme=theme)
    kept = []
    visit.page.route("**/joined-*.js", lambda route: kept.append(route))
    visit.page.goto(site_http + "book/sizes/pooling.html", wait_until="commit")
    slider = visit.page.locator("[data-gn-widget] input[type=range]").first
    slider.wait_for()
    visit.page.wait_for_timeout(300)
    slider.press("ArrowRight")
    assert visit.page.evaluate("document.documentElement.dataset.theme") == theme
    assert visit.page.locator(".dropdown.toggle-hidden").count() > 0
    assert visit.page.evaluate("document.documentElement.dataset.scripts") is None
    before = visit.page.evaluate("document.documentElement.scrollHeight")
    assert len(kept) == 1
    kept[0].continue_()
    visit.page.wait_for_function(SCRIPTS_RAN)
    assert visit.page.evaluate("document.documentElement.scrollHeight") == before  # nothing jumps


@pytest.mark.parametrize("name", ["book/sizes/pooling.html", "book/network/summary.html"])
def test_a_page_asks_few_times(open_page, site_http, name):
    visit = open_page("about:blank")
    asked = []
    visit.page.on("request", lambda request: asked.append(request.url))
    visit.page.goto(site_http + name)
    visit.page.wait_for_load_state("networkidle")
    files = [url for url in asked if not url.startswith("data:")]
    assert len(files) == len(set(files))
    assert 5 <= len(files) <= 15, files
