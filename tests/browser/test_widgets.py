"""The widgets in the built book: alive without a kernel, and equal to Python.

Every number the page shows is compared with googlenet_edu.sizes, which other tests compare
with torch.
"""

import itertools
import json
import random
import re

import pytest
from playwright.sync_api import expect

from googlenet_edu.sizes import SizeError, explain_conv, explain_pool
from googlenet_edu.widgets import ConvSize, PoolSize
from tests.browser.checks import CONTRAST

CONV_PAGE = "book/sizes/convolution.html"
POOL_PAGE = "book/sizes/pooling.html"
LARGEST = 2**53 - 1
both_widgets = pytest.mark.parametrize(
    ("address", "widget"), [(CONV_PAGE, ConvSize), (POOL_PAGE, PoolSize)], ids=["conv", "pool"]
)


def live(page, title):
    """The live widget with this title."""
    widget = page.get_by_role("region", name=title)
    widget.first.wait_for()
    return widget.first


def explain(state):
    state = dict(state)
    if "kind" not in state:
        return explain_conv(**state)
    if state["kind"] == "avg":
        state["dilation"] = 1
    return explain_pool(**state)


def settings_for(widget, rng, count):
    """Random settings around the real ones, and the extremes of every field."""
    start = widget().state
    small = {"size": (1, 300), "kernel_size": (1, 13), "stride": (1, 9), "padding": (0, 8),
             "dilation": (1, 4)}  # fmt: skip
    found = []
    for _ in range(count):
        state = {name: rng.randint(*small[name]) for name in small}
        if "kind" in start:
            state |= {"kind": rng.choice(["max", "avg"]), "ceil_mode": rng.random() < 0.6}
            state |= {"count_include_pad": rng.random() < 0.5}
            state["padding"] = rng.randint(0, state["kernel_size"] // 2 + 1)
        elif rng.random() < 0.2:
            state["padding"] = rng.choice(["same", "valid"])
        found.append(state)
    for name, value in itertools.product(small, (0, 1, LARGEST)):
        value = max(value, 0 if name == "padding" else 1)
        found.append(start | {name: value})
    found.append(start | {"size": LARGEST, "kernel_size": LARGEST, "stride": LARGEST})
    return found


# Types a state into the fields as a reader would and reads the result back.
DRIVE = """(root, states) => states.map((state) => {
  const label = (name) => [...root.querySelectorAll("label")].find((l) => l.querySelector("code")?.textContent === name);
  for (const [name, value] of Object.entries(state)) {
    const row = label(name).parentElement;
    const field = root.querySelector(`#${label(name).getAttribute("for")}`);
    const words = row.querySelector(".gn-worded select, select[aria-label]");
    if (field.type === "checkbox") { if (field.checked !== value) field.click(); }
    else if (field.tagName === "SELECT") { field.value = value; field.dispatchEvent(new Event("change", { bubbles: true })); }
    else if (typeof value === "string") { words.value = value; words.dispatchEvent(new Event("change", { bubbles: true })); }
    else {
      if (words && words.value !== "number") { words.value = "number"; words.dispatchEvent(new Event("change", { bubbles: true })); }
      field.value = String(value); field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }
  return {
    answer: root.querySelector("output").textContent,
    steps: [...root.querySelectorAll("dd")].map((dd) => dd.textContent),
    nan: /NaN|undefined|Infinity/.test(root.innerHTML),
    drawn: root.querySelectorAll(".gn-drawings svg").length,
  };
})"""


@both_widgets
def test_the_page_equals_python_over_300_settings(open_page, site_url, address, widget):
    page = open_page(site_url + address).page
    root = live(page, {"ConvSize": "Convolution size", "PoolSize": "Pooling size"}[widget.__name__])
    states = settings_for(widget, random.Random(3), 320)
    results = root.evaluate(DRIVE, states)
    assert len(results) == len(states) > 300
    refused = 0
    for state, result in zip(states, results, strict=True):
        assert not result["nan"], state
        try:
            expected = explain(state)
        except SizeError as error:
            refused += 1
            assert result["answer"] == f"PyTorch refuses this: {error}", state
            continue
        axis = expected.axes[0]
        words = f"Output: {axis.size} × {axis.size} becomes {axis.out} × {axis.out}"
        assert result["answer"] == words, state
        assert result["steps"] == [step.text for step in expected.steps], state
        drawable = axis.padded + axis.span + axis.stride * (axis.whole + 1) < 2**50
        assert result["drawn"] == (3 if drawable else 0), state
    assert 10 < refused < len(states) / 2


def test_the_script_equals_python_on_an_exhaustive_grid(open_page, site_file):
    """The pure functions, called directly: every step's words, and every refusal."""
    page = open_page(site_file + CONV_PAGE).page
    conv = itertools.product(
        ["conv"], range(1, 11), range(1, 6), range(1, 5), [0, 1, 2, 3, 7, "same", "valid"],
        range(1, 4), [False], [True],
    )  # fmt: skip
    most = itertools.product(
        ["max"],
        range(1, 11),
        range(1, 6),
        range(1, 5),
        range(4),
        range(1, 4),
        [False, True],
        [True],
    )
    mean = itertools.product(
        ["avg"], range(1, 14), range(1, 6), range(1, 6), range(4), [1], [False, True], [False, True]
    )
    names = [
        "kind",
        *"size kernel_size stride padding dilation ceil_mode count_include_pad".split(),
    ]
    grid = [dict(zip(names, setting, strict=True)) for setting in [*conv, *most, *mean]]
    script = """(grid) => {
      const { axisSteps, sizeSteps, SIZE_WORDS } = googlenetWidgets;
      const t = { ...SIZE_WORDS.en, lang: "en" };
      return grid.map((s) => { const a = axisSteps(s); return a.error ? t[a.error[0]](a.error[1]) : sizeSteps(a, t, "en"); });
    }"""
    assert len(grid) > 7_000
    for state, result in zip(grid, page.evaluate(script, grid), strict=True):
        given = {key: value for key, value in state.items() if key != "kind"}
        try:
            if state["kind"] == "conv":
                given.pop("ceil_mode"), given.pop("count_include_pad")
                expected = [[s.name, s.text] for s in explain_conv(**given).steps]
            else:
                expected = [
                    [s.name, s.text] for s in explain_pool(**given, kind=state["kind"]).steps
                ]
        except SizeError as error:
            expected = str(error)
        assert result == expected, state


@both_widgets
def test_slider_by_keyboard_and_pointer(open_page, site_url, address, widget):
    page = open_page(site_url + address).page
    root = live(page, {"ConvSize": "Convolution size", "PoolSize": "Pooling size"}[widget.__name__])
    slider = root.get_by_role("slider", name="size, slider", exact=True)
    answer = root.locator("output").first
    start = widget().state
    slider.focus()
    for key, size in (("ArrowRight", start["size"] + 1), ("Home", 1), ("End", 320)):
        page.keyboard.press(key)
        expect(root.get_by_label("size input side")).to_have_value(str(size))
        try:
            out = explain(start | {"size": size}).axes[0].out
            expect(answer).to_have_text(f"Output: {size} × {size} becomes {out} × {out}")
        except SizeError as error:
            expect(answer).to_have_text(f"PyTorch refuses this: {error}")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    size = int(slider.input_value())
    assert 140 < size < 180
    out = explain(start | {"size": size}).axes[0].out
    expect(answer).to_have_text(f"Output: {size} × {size} becomes {out} × {out}")
    root.get_by_role("button", name="Reset").click()
    out = explain(start).axes[0].out
    side = start["size"]
    expect(answer).to_have_text(f"Output: {side} × {side} becomes {out} × {out}")


BAD = [
    "",
    "abc",
    "1.5",
    "-1",
    "0",
    "1e3",
    "0x10",
    "None",
    "٩",
    "<b>x</b>",
    "9" * 40,
    " ",
    "--",
    "NaN",
]


@both_widgets
def test_bad_entries_are_explained_in_place(open_page, site_file, address, widget):
    page = open_page(site_file + address).page
    root = live(page, {"ConvSize": "Convolution size", "PoolSize": "Pooling size"}[widget.__name__])
    fields = {"size": "input side", "kernel_size": "window side", "stride": "step of the window",
              "padding": "cells added on each edge", "dilation": "kernel spacing"}  # fmt: skip
    typed = """(root, [label, texts]) => {
      const field = document.getElementById([...root.querySelectorAll("label")]
        .find((e) => e.textContent.replace(/\\s+/g, " ").trim().startsWith(label)).htmlFor);
      const before = field.value, output = root.querySelector("output");
      const type = (text) => {
        field.value = text;
        field.dispatchEvent(new Event("input", { bubbles: true }));
        return { answer: output.textContent, invalid: field.getAttribute("aria-invalid"),
          shown: field.value, steps: root.querySelectorAll("b").length };
      };
      return texts.map((text) => [text, type(text), type(before)]);
    }"""
    for name, words in fields.items():
        texts = [text for text in BAD if (name, text) != ("padding", "0")]
        found = root.evaluate(typed, [f"{name} {words}", texts])
        assert [text for text, _, _ in found] == texts
        for text, bad, good in found:
            assert "PyTorch refuses this" in bad["answer"] and name in bad["answer"], (name, bad)
            assert bad["invalid"] == "true"
            assert bad["shown"] == text  # shown as it was typed, not corrected in silence
            assert bad["steps"] == 0
            assert good["invalid"] == "false" and "becomes" in good["answer"]


def test_presets_copy_and_window(open_page, site_http):
    visit = open_page(site_http + CONV_PAGE, permissions=["clipboard-read", "clipboard-write"])
    page = visit.page
    root = live(page, "Convolution size")
    menu = root.get_by_label("Layer")
    expect(menu).to_have_value("conv1")
    menu.select_option("4a 5×5")
    expect(root.locator("output").first).to_have_text("Output: 14 × 14 becomes 14 × 14")
    root.get_by_role("button", name="Copy").click()
    expect(root.get_by_role("button", name="Copied")).to_be_visible()
    line = "torch.nn.Conv2d(16, 48, kernel_size=5, padding=2)"
    assert page.evaluate("navigator.clipboard.readText()") == line
    window = root.get_by_role("slider", name="window", exact=True)
    window.focus()
    page.keyboard.press("End")
    expect(window).to_have_attribute("aria-valuetext", "13: reads cells 11 to 15")
    menu.select_option("kernel too large")
    expect(root.locator("output").first).to_contain_text(
        "spans 7 cells but the padded input has only 6"
    )
    expect(window).to_be_hidden()


def test_the_dropped_window_is_named(open_page, site_file):
    root = live(open_page(site_file + POOL_PAGE).page, "Pooling size")
    root.get_by_label("Layer").select_option("dropped window")
    expect(root.locator("output").first).to_have_text("Output: 32 × 32 becomes 16 × 16")
    expect(root.locator("dd", has_text="dropped")).to_be_visible()
    expect(root.locator(".gn-drawings .gn-dropped")).to_have_count(1)
    rows = root.locator(".gn-rules tr")
    assert [re.sub(r"\D+", " ", row).strip() for row in rows.all_text_contents()] == [
        "16",
        "16",
        "17",
    ]


def test_the_address_carries_the_state(open_page, site_url):
    link = site_url + POOL_PAGE + "#pool-size-1&size=113&ceil_mode=false&kind=avg"
    page = open_page(link).page
    root = live(page, "Pooling size")
    expect(root.locator("output").first).to_have_text("Output: 113 × 113 becomes 56 × 56")
    expect(root.get_by_label("ceil_mode round up")).not_to_be_checked()
    root.get_by_label("size input side").fill("99")
    page.wait_for_function("location.hash.includes('size=99')")
    root = live(open_page(page.url).page, "Pooling size")
    expect(root.get_by_label("size input side")).to_have_value("99")
    # A wrong value in a link is shown and explained, not obeyed and not thrown.
    page = open_page(site_url + POOL_PAGE + "#pool-size-1&size=abc&kind=min").page
    answer = live(page, "Pooling size").locator("output").first
    expect(answer).to_contain_text("size must be a whole number, but got 'abc'")


@both_widgets
def test_names_for_a_screen_reader(open_page, site_http, address, widget):
    page = open_page(site_http + address).page
    root = live(page, {"ConvSize": "Convolution size", "PoolSize": "Pooling size"}[widget.__name__])
    snapshot = root.aria_snapshot()
    sliders = re.findall(r'- slider( "[^"]+")?', snapshot)
    assert len(sliders) >= 5 and all(sliders), snapshot
    for role in ("textbox", "combobox", "checkbox", "button"):
        found = re.findall(rf'- {role}( "[^"]+")?', snapshot)
        assert all(found), f"a {role} without a name:\n{snapshot}"
    assert (
        root.get_by_role("slider", name="kernel_size, slider")
        .get_attribute("aria-valuetext")
        .endswith(" px")
    )
    assert root.locator("output").first.get_attribute("aria-live") == "polite"
    for drawing in root.locator("svg").all():
        assert len(drawing.get_attribute("aria-label")) > 20


@pytest.mark.parametrize("address", [CONV_PAGE, POOL_PAGE])
def test_without_javascript_the_numbers_are_there(open_page, site_file, address):
    page = open_page(site_file + address, java_script_enabled=False).page
    for static in page.locator("[data-gn-widget$=_size]").all():
        expect(static).to_contain_text("becomes")
        expect(static).to_contain_text("torch.nn.")
        assert static.locator("svg").count() >= 2
        assert static.locator("input").count() == 0  # no dead control
    assert page.locator("[data-gn-widget=quiz] details").count() >= 4


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_contrast_is_enough(open_page, site_http, theme, width):
    page = open_page(site_http + POOL_PAGE, width=width, theme=theme).page
    root = live(page, "Pooling size")
    assert root.evaluate(CONTRAST) == []


def test_quiz_gives_its_verdict_offline(open_page, site_file):
    page = open_page(site_file + CONV_PAGE).page
    quiz = live(page, "Check yourself")
    forms = quiz.locator("form")
    expect(forms).to_have_count(4)
    first = forms.nth(0)
    first.get_by_role("button").click()
    expect(first.locator("output")).to_have_text("Choose an answer first.")
    first.get_by_label("1", exact=True).check()
    first.get_by_role("button").click()
    expect(first.locator("output")).to_contain_text("Not quite.")
    first.get_by_label("2", exact=True).check()
    page.keyboard.press("Enter")
    expect(first.locator("output")).to_contain_text("Right.")


def test_a_planted_dead_widget_is_caught(open_page, site, tmp_path):
    """The gate itself: without its script, the page's check must fail."""
    import shutil

    copy = tmp_path / "html"
    shutil.copytree(site, copy)
    script = copy / "_static" / "googlenet-widgets.js"
    script.write_text("/* nothing */", encoding="utf-8")
    page = open_page(copy.as_uri() + "/" + CONV_PAGE).page
    with pytest.raises(AssertionError):
        expect(page.get_by_role("region", name="Convolution size")).to_be_visible(timeout=1_500)


def test_pages_without_a_widget_do_not_load_the_script(site):
    loaded = {}
    for path in site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        loaded[path.name] = ("googlenet-widgets.js" in text, "data-gn-widget" in text)
    assert all(script == widget for script, widget in loaded.values()), loaded
    assert loaded["convolution.html"] == (True, True)
    assert (False, False) in loaded.values()


def test_several_copies_do_not_disturb_each_other(open_page, site_file):
    page = open_page(site_file + CONV_PAGE).page
    live(page, "Convolution size")
    state = json.dumps({"size": 10, "kernel_size": 3, "stride": 1, "padding": 0, "dilation": 1})
    page.evaluate(
        """(state) => { for (let i = 0; i < 2; i++) { const el = document.createElement("div");
          el.dataset.gnWidget = "conv_size"; el.dataset.gnState = state; document.querySelector("main").append(el); }
          googlenetWidgets.startAll(); }""",
        state,
    )
    widgets = page.get_by_role("region", name="Convolution size")
    expect(widgets).to_have_count(3)
    widgets.nth(1).get_by_label("size input side").fill("20")
    expect(widgets.nth(1).locator("output")).to_have_text("Output: 20 × 20 becomes 18 × 18")
    expect(widgets.nth(2).locator("output")).to_have_text("Output: 10 × 10 becomes 8 × 8")
    expect(widgets.nth(0).locator("output")).to_have_text("Output: 224 × 224 becomes 112 × 112")
    ids = page.evaluate("[...document.querySelectorAll('.gn-widget [id]')].map((e) => e.id)")
    assert len(ids) == len(set(ids))
