"""Each widget in a bare page, driven through more than 300 settings and compared with Python.

The Python classes are compared with torch, the ledger and the size functions in tests/unit.
"""

import json
import math
import random
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from playwright.sync_api import expect

from googlenet_edu import widgets
from googlenet_edu.checks import PLACE, filled
from googlenet_edu.sizes import SizeError
from googlenet_edu.widgets.python.static import refusal
from tests.widget_states import STATES, WRONG

# Types each state into the fields and reads the result back, with the page's own computation.
DRIVE = """(root, [name, states]) => {
  const host = root.parentElement, { WIDGETS } = googlenetWidgets;
  const t = { ...WIDGETS[name].strings.en, lang: "en" };
  // One string: thousands of values one by one would take a minute on their way.
  return JSON.stringify(states.map((state) => {
    for (const [key, value] of Object.entries(state)) host.gnType(key, Array.isArray(value) ? value.join(", ") : String(value));
    const now = Object.fromEntries(WIDGETS[name].fields.map((field) => [field.name, host.gnModel.get(field.name)]));
    const found = root.querySelector("output").textContent;
    const computed = WIDGETS[name].compute(now, { ...t, notNumber: 0 });
    return { state: now, answer: found, code: root.querySelector(".gn-code code").textContent,
      computed, wrong: /NaN|undefined|Infinity|\\[object/.test(root.textContent), steps: root.querySelectorAll("dd").length };
  }), (key, value) => (typeof value === "bigint" ? Number(value) : value));
}"""


def close(page, python):
    if isinstance(python, (list, tuple)):
        return len(page) == len(python) and all(map(close, page, python))
    if isinstance(python, float):
        return math.isclose(page, python, rel_tol=1e-9, abs_tol=1e-12)
    return page == python


@pytest.mark.parametrize("name", sorted(STATES))
def test_the_page_equals_python(bare_page, name):
    root = bare_page(name)
    states = STATES[name](random.Random(5))
    assert len(states) >= 300
    made = widgets.widget_class(name)
    refused = 0
    results = json.loads(root.evaluate(DRIVE, [name, states]))
    for state, found in zip(states, results, strict=True):
        assert {key: found["state"][key] for key in state} == state
        widget = made(**state)
        expected = refusal(name, widget.error) if widget.error else widget._answer()
        refused += bool(widget.error)
        assert found["answer"] == expected, state
        assert not found["wrong"], state
        assert found["code"] == widget._code(), state
        if widget.error:
            assert found["steps"] == 0
            continue
        for result in widget._results:
            assert close(found["computed"][result], _plain(getattr(widget, result))), (
                state,
                result,
            )
    # Every block of whole numbers is possible; all other widgets meet refusals here.
    assert 3 <= refused < len(states) / 2 or (name == "inception_block" and not refused)


def _plain(value):
    return [_plain(one) for one in value] if isinstance(value, (list, tuple)) else value


@pytest.mark.parametrize("name", sorted(WRONG))
def test_what_cannot_be_used_is_explained_as_in_python(bare_page, name):
    root = bare_page(name)
    made = widgets.widget_class(name)
    for key, text, value in WRONG[name]:
        with pytest.raises(SizeError) as refused:
            made(**{key: value})
        root.evaluate("(root, [key, text]) => root.parentElement.gnType(key, text)", [key, text])
        words = root.locator("output").first.text_content().removeprefix(refusal(name, ""))
        # Python also says what type it got; up to there, and in what is asked for, they agree.
        assert words.split(", but got")[0] == str(refused.value).split(", but got")[0]
        assert key in words and "but got" in words
        start = made().state[key]
        root.get_by_role("button", name="Reset").click()
        assert root.locator("output").first.text_content() == made()._answer()
        assert root.evaluate("(root, key) => root.parentElement.gnModel.get(key)", key) == start


def test_the_folded_layers_are_there_when_opened_and_follow_the_sliders(bare_page):
    root = bare_page("shape_chain")
    rows = root.locator("[data-gn-fold] tbody tr")
    assert rows.count() == 0
    root.locator("summary", has_text="All layers").click()
    expect(rows).to_have_count(80)
    expect(rows.first).to_contain_text("64 × 112 × 112")
    root.get_by_label("image_width").last.fill("96")
    expect(rows.first).to_contain_text("64 × 112 × 48")
    root.locator("summary", has_text="All layers").click()
    expect(rows).to_have_count(0)


# Drawings of all presets, as the page draws them at the width of the static form.
DRAW = """(name) => {
  const spec = googlenetWidgets.WIDGETS[name], t = { ...spec.strings.en, lang: "en" };
  return [{}, ...spec.presets().map((one) => ({ ...spec.defaults, ...one.state }))].map((changes) => {
    const state = { ...spec.initial, ...changes }, found = spec.compute(state, t);
    return [state, found.error ? null : spec.draw(found, 640, 0, t)];
  });
}"""


class Shapes(HTMLParser):
    """What is seen of a drawing: its shapes, with their class and numbers, and its texts."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if (
            tag in ("svg", "rect", "path", "circle", "text", "i")
            or given.get("class") == "gn-costbar"
        ):
            names = (
                "viewBox",
                "x",
                "y",
                "width",
                "height",
                "cx",
                "cy",
                "r",
                "d",
                "fill-opacity",
                "style",
            )
            numbers = [
                re.findall(r"-?[\d.]+", given[name])
                for name in names[: None if tag == "span" or tag == "circle" else 9]
                if name in given and (tag != "svg" or name == "viewBox")  # the page's is in rem
            ]
            kind = given.get("class"), given.get("text-anchor"), given.get("aria-label")
            letters = re.sub(r"[-\d. ]", "", given.get("d", ""))
            self.found.append((tag, *kind, letters, [float(n) for part in numbers for n in part]))

    def handle_data(self, data):
        if data.strip():
            self.found.append(data.strip())


# The sliding window's static form is three frames of a smaller drawing; its numbers are compared
# with torch's in tests/unit/test_widget_results.py.
@pytest.mark.parametrize("name", [one for one in widgets.SLIDERS if one != "sliding_window"])
def test_the_static_drawing_is_the_live_one(bare_page, name):
    drawn = bare_page(name).page.evaluate(DRAW, name)
    assert len(drawn) >= 6 and sum(live is not None for _, live in drawn) >= len(drawn) / 2
    for state, live in drawn:
        widget = widgets.widget_class(name)(**state)
        assert (live is None) == bool(widget.error)
        if live is None:
            continue
        live, static = Shapes(live).found, Shapes(widget._draw()).found
        assert len(static) == len(live) > 5
        for one, other in zip(static, live, strict=True):
            assert one[:-1] == other[:-1], (state, one, other)
            if isinstance(one, str):
                assert one == other
            else:
                assert one[-1] == pytest.approx(other[-1], abs=0.11), (state, one, other)


def test_both_formatters_fill_every_sentence_alike(bare_page):
    words = Path(widgets.__file__).parents[1].joinpath("words.json").read_text(encoding="utf-8")
    texts, cases = [json.loads(words)], []
    while texts:
        text = texts.pop()
        if not isinstance(text, str):
            texts += text.values() if isinstance(text, dict) else text
        elif "{" in text:
            cases += [(text, *_values(text, chance)) for chance in map(random.Random, range(20))]
    assert len(cases) > 1_500
    script = "(cases) => cases.map(([text, given, named]) => googlenetWidgets.filled(text, given.length ? given : [named]))"  # fmt: skip
    found = bare_page("lrn").page.evaluate(script, cases)
    for (text, given, named), sentence in zip(cases, found, strict=True):
        assert sentence == filled(text, given, named), (text, given, named)
        assert "{" not in sentence and "undefined" not in sentence


def _values(text, chance):
    """Random values for a sentence's places: those counted, and those named."""
    found = {}
    for path, form, between, _, no in PLACE.findall(text):
        name, *parts = path.split(".")
        small = [
            chance.choice([0, 1, 7, 2.5, 1e-7, 12_345_678]) for _ in range(chance.randint(2, 12))
        ]
        value = {
            ",": chance.choice([0, 999, 1_000, 12_345_678]), "q": chance.choice(["", "abc", "٣", "1 2"]),
            "6": chance.choice([small, 0.1 + 0.2, -1e-9, 1 / 3, 123_456.5]),
            "MB": chance.choice([0, 5_000, 15_000, 10_115_000, 123_456_789]),
        }.get(form, chance.choice([0, 224, -3, 0.1 + 0.2, 1e21, "word"]))  # fmt: skip
        if parts or between:
            value = ["a", "b", "c"] if form == "q" else small
        found[name] = chance.random() < 0.5 if no else value
    given = [found[str(i)] for i in range(len(found))] if "0" in found else []
    return given, {} if given else found


def test_the_window_steps_by_button_key_click_and_clock(bare_page):
    root = bare_page("sliding_window")
    page, answer, cells = root.page, root.locator("output").first, root.locator(".gn-drawings")
    place = "(root) => ['channel', 'row', 'column'].map((n) => root.parentElement.gnModel.get(n))"
    before = root.bounding_box()
    root.get_by_role("button", name="Next").click()
    expect(answer).to_have_text("Map 0, cell (0, 1): 16")
    cells.focus()
    for key, cell in {"ArrowDown": [0, 1, 1], "End": [0, 4, 4], "ArrowRight": [1, 0, 0],
                      "ArrowUp": [1, 0, 0], "ArrowLeft": [0, 4, 4], "Home": [0, 0, 0]}.items():  # fmt: skip
        page.keyboard.press(key)
        assert root.evaluate(place) == cell, key
        expect(answer).to_contain_text("Map {}, cell ({}, {}): ".format(*cell))
        assert root.bounding_box() == before  # nothing moves under the pointer
        assert cells.evaluate("(e) => document.activeElement === e")
    cells.locator("[data-gn-set]").last.click()
    expect(answer).to_have_text("Map 1, cell (4, 4): −2")
    # A smaller map begins again instead of ending in an error.
    root.get_by_role("textbox", name="stride").fill("3")
    expect(answer).to_have_text("Map 0, cell (0, 0): −12")
    play = root.get_by_role("button", name="Play")
    play.click()  # the first step at once, the next ones with the clock
    expect(answer).to_have_attribute("aria-live", "off")
    expect(answer).to_have_text("Map 1, cell (1, 1): −3")
    expect(play).to_have_text("Play")  # it stops at the last cell
    expect(answer).to_have_attribute("aria-live", "polite")
    play.click()
    root.get_by_role("button", name="Pause").click()
    expect(play).to_have_text("Play")
    root.get_by_label("mode").select_option("max")
    root.get_by_role("textbox", name="padding").fill("2")
    expect(answer).to_contain_text("Not possible: padding=2 is more than half of kernel_size=3")
