"""What every widget promises, each tried in a page that holds nothing but widgets."""

import re

import pytest
from playwright.sync_api import expect

from googlenet_edu.widgets import SLIDERS, WIDGETS
from googlenet_edu.widgets.python.static import title
from tests.browser.checks import CONTRAST, OVERFLOW

each_widget = pytest.mark.parametrize("name", SLIDERS)


def test_all_twelve_are_in_the_bundle(bare_page):
    bundled = bare_page("lrn").page.evaluate("Object.keys(googlenetWidgets.WIDGETS)")
    assert bundled == list(WIDGETS) and len(WIDGETS) == 12


@each_widget
def test_every_control_has_a_name_and_the_result_is_announced(bare_page, name):
    root = bare_page(name)
    expect(root).to_have_attribute("aria-label", title(name))
    snapshot = root.aria_snapshot()
    for role in ("slider", "textbox", "combobox", "checkbox", "button", "region", "img"):
        found = re.findall(rf'- {role}( "[^"]+")?', snapshot)
        assert all(found), f"a {role} without a name:\n{snapshot}"
    assert "button" in snapshot and ("slider" in snapshot or "combobox" in snapshot)
    expect(root.locator("output")).to_have_attribute("aria-live", "polite")
    for drawing in root.locator("svg").all():
        assert len(drawing.get_attribute("aria-label")) > 10


@each_widget
def test_sliders_follow_the_keyboard(bare_page, name):
    root = bare_page(name)
    for slider in root.get_by_role("slider").all():
        if not slider.is_visible():
            continue
        slider.focus()
        low, high = (float(slider.get_attribute(edge)) for edge in ("min", "max"))

        def value(slider=slider):
            return float(slider.input_value())

        slider.press("End")
        assert value() == high
        slider.press("Home")
        assert value() == low
        slider.press("ArrowRight")
        after = value()
        assert after > low
        slider.press("PageUp")
        assert value() > after or after == high
        slider.press("PageDown")
        assert slider.evaluate("(e) => document.activeElement === e")
        root.get_by_role("button", name="Reset").click()


@each_widget
def test_both_languages_have_the_same_strings(bare_page, name):
    keys = """([name]) => {
      const walk = (o, at = "") => Object.entries(o).flatMap(([k, v]) => (v && typeof v === "object" ? walk(v, `${at}.${k}`) : [`${at}.${k}`]));
      const { en, zh } = googlenetWidgets.WIDGETS[name].strings;
      return [walk(en), walk(zh)];
    }"""
    root = bare_page(name, lang="zh")
    english, chinese = root.page.evaluate(keys, [name])

    assert sorted(english) == sorted(chinese)
    text = root.inner_text()
    expect(root).to_have_attribute("aria-label", title(name, "zh"))
    assert title(name, "zh") in text
    for word in ("Reset", "Copy", "Step by step", "Output", "undefined", title(name) + "\n"):
        assert word not in text, word
    assert re.search(r"[\u4e00-\u9fff]", root.locator("output").first.inner_text())


@each_widget
def test_copies_do_not_disturb_each_other(bare_page, name):
    page = bare_page(name, copies=3).page
    roots = page.locator("section.gn-widget")
    expect(roots).to_have_count(3)
    before = roots.nth(2).locator("output").first.inner_text()
    slider = next(s for s in roots.nth(1).get_by_role("slider").all() if s.is_visible())
    slider.press("End")
    assert roots.nth(2).locator("output").first.inner_text() == before
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((e) => e.id)")
    assert len(ids) == len(set(ids))


@each_widget
def test_the_address_carries_the_state_and_reset_restores_it(bare_page, open_page, name):
    root = bare_page(name)
    page = root.page
    read = "(root) => root.parentElement.gnModel.state"
    start = root.evaluate(read)
    for slider in root.get_by_role("slider").all():
        if slider.is_visible():
            slider.press("ArrowRight")
    changed = root.evaluate(read)
    page.wait_for_function("location.hash.length > 20")
    page.wait_for_timeout(400)
    again = open_page(page.url).page.locator("section.gn-widget").first
    again.wait_for()
    assert again.evaluate(read) == changed
    if name in ("batch_norm", "lrn"):
        assert changed != start and "values=" in page.url
    root.get_by_role("button", name="Reset").click()
    assert root.evaluate(read) == start


def test_the_back_button_restores_every_widget_of_a_page(bare_page):
    page = bare_page("conv_size", "pool_size", "lrn", copies=2).page
    read = "[...document.querySelectorAll('[data-gn-live]')].map((el) => el.gnModel.state)"
    start, moved = page.evaluate(read), (1, 2, 5)
    for number in moved:
        root = page.locator("section.gn-widget").nth(number)
        next(s for s in root.get_by_role("slider").all() if s.is_visible()).press("ArrowRight")
        page.wait_for_function("(id) => location.hash.startsWith(`#${id}&`)", arg=(
            "conv-size-2" if number == 1 else "pool-size-1" if number == 2 else "lrn-2"
        ))  # fmt: skip
    changed = page.evaluate(read)
    assert [i for i, state in enumerate(changed) if state != start[i]] == list(moved)
    entries = page.evaluate("history.length")
    page.goto("about:blank")
    page.go_back()
    page.locator("section.gn-widget").nth(5).wait_for()
    assert page.evaluate(read) == changed
    assert page.evaluate("history.length") == entries + 1


def test_a_page_shown_twice_repeats_no_id(bare_page):
    page = bare_page("conv_size", copies=2).page
    ids = page.evaluate("""() => {
      const main = document.querySelector("main");
      const again = document.createElement("main");
      again.innerHTML = '<div id="conv-size-1" data-gn-widget="conv_size"></div>'.repeat(2);
      main.before(again);
      googlenetWidgets.startAll();
      return [...document.querySelectorAll("[id]")].map((el) => el.id);
    }""")
    assert len(ids) == len(set(ids))
    assert {f"conv-size-{number}" for number in (1, 2, 3, 4)} <= set(ids)


@each_widget
def test_larger_letters_make_the_widget_larger(bare_page, name):
    root = bare_page(name)
    measure = """(root) => [...root.querySelectorAll("*")]
      .filter((el) => el.checkVisibility() && [...el.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
      .map((el) => [`${el.tagName} ${el.textContent}`, parseFloat(getComputedStyle(el).fontSize) * (el.ownerSVGElement
        ? el.ownerSVGElement.getBoundingClientRect().width / el.ownerSVGElement.viewBox.baseVal.width : 1)])"""
    plain = dict(map(tuple, root.evaluate(measure)))
    root.page.add_style_tag(content="html { font-size: 32px }")
    root.page.wait_for_timeout(300)
    for text, size in root.evaluate(measure):
        assert size >= 23.9, text  # twice the smallest letters
        assert text not in plain or abs(size - 2 * plain[text]) < 0.1, text
    assert root.page.evaluate(OVERFLOW) == []


def test_a_page_written_by_hand_is_read_as_typed(bare_page):
    root = bare_page("shape_chain", image_height="abc", batch_size=3)
    expect(root.locator("output")).to_contain_text(
        "image_height must be a whole number, but got 'abc'"
    )
    assert root.evaluate("(root) => root.parentElement.gnModel.get('batch_size')") == 3
    root = bare_page("lrn", values=[1, 2], nonsense=5)
    expect(root.locator("output")).to_contain_text("Channel 1: 2 becomes")


@each_widget
@pytest.mark.parametrize(("theme", "width"), [("light", 360), ("dark", 1280)])
def test_contrast_and_width(bare_page, name, theme, width):
    root = bare_page(name, width=width, theme=theme)
    for details in root.locator("details").all():
        details.evaluate("(one) => { one.open = true; }")
    assert root.evaluate(CONTRAST) == []
    assert root.page.evaluate(OVERFLOW) == []


@pytest.mark.long
@each_widget
def test_a_thousand_widgets_come_and_go_without_a_trace(bare_page, name):
    page = bare_page(name).page
    client = page.context.new_cdp_session(page)
    client.send("HeapProfiler.enable")
    script = """async ([name, times]) => {
      const host = document.createElement("div");
      document.body.append(host);
      for (let i = 0; i < times; i++) {
        host.hidden = i > 150; // to lay out a thousand takes most of the time and tells nothing more
        host.innerHTML = `<div data-gn-widget="${name}"></div>`;
        googlenetWidgets.startAll();
        host.firstChild.gnStop();
        if (i % 100 === 99) await new Promise(requestAnimationFrame);
      }
      host.remove();
    }"""

    def heap():
        client.send("HeapProfiler.collectGarbage")
        return client.send("Runtime.getHeapUsage")["usedSize"]

    page.evaluate(script, [name, 100])
    before = heap()
    page.evaluate(script, [name, 1000])
    # One widget that stays behind takes tens of kilobytes; a thousand would be tens of megabytes.
    assert heap() - before < 1_000_000


@each_widget
def test_mathematics_stays_left_to_right_on_a_right_to_left_page(bare_page, name):
    root = bare_page(name)
    root.page.evaluate("document.documentElement.dir = 'rtl'")
    assert root.evaluate("(e) => getComputedStyle(e).direction") == "ltr"


def test_decimal_commas_and_full_width_digits_are_understood_or_refused(bare_page):
    root = bare_page("batch_norm")
    kept = "(root) => root.parentElement.gnModel.get('values')"
    for typed, meant in {
        "0,5; 1,5; 2,5": [0.5, 1.5, 2.5], "1,2,3": [1, 2, 3], "1, 2.5 -3": [1, 2.5, -3],
        "１，２．５": [1, 2.5], "−1; 2": [-1, 2], "[4, 5]": [4, 5],
    }.items():  # fmt: skip
        root.evaluate("(root, text) => root.parentElement.gnType('values', text)", typed)
        assert root.evaluate(kept) == meant, typed
    for typed in ("0,5 1,5", "0,5, 1,5", "٣, 4"):
        root.evaluate("(root, text) => root.parentElement.gnType('values', text)", typed)
        assert root.evaluate(kept) == [4, 5]
        expect(root.locator("output")).to_contain_text("but got")


def test_forced_colors_leave_bars_and_keys_apart(bare_page):
    root = bare_page("cost_ledger")
    root.page.emulate_media(forced_colors="active")
    color = "(e) => getComputedStyle(e).backgroundColor"
    bar = root.locator(".gn-costbar").first
    assert bar.evaluate(color) != root.evaluate(color)
    root = bare_page("conv_size")
    root.page.emulate_media(forced_colors="active")
    keys = root.locator(".gn-key").evaluate_all(f"(all) => all.map({color})")
    assert len(set(keys)) == len(keys) >= 4
