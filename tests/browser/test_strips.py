"""Strips of pictures in the training chapter: stepped through, all there without a script."""

import pytest
from playwright.sync_api import expect

PAGE = "book/training/training.html"
SEEN = """strip => [...strip.children].filter((one) => one.offsetParent).length"""


def long_strips(page):
    strips = page.locator(".gc-strip")
    return [one for one in strips.all() if one.locator("figure").count() >= 8]


def test_strips_are_stepped_through(open_page, site_http):
    page = open_page(site_http + PAGE).page
    strips = long_strips(page)
    assert len(strips) == 2  # a digit and a photograph
    bars = page.locator(".gc-strip-bar")
    assert bars.count() == 2
    strip, bar = strips[0], bars.first
    assert bar.get_attribute("aria-label") == strip.get_attribute("aria-label")
    count = strip.locator("figure").count()
    back, on = (bar.get_by_role("button", name=name) for name in ("Back", "Next"))
    seen = []
    for step in range(count):
        assert strip.evaluate(SEEN) == 1
        expect(bar.locator("output")).to_contain_text(f"{step + 1} of {count}")
        seen.append(strip.locator("figure:visible img").get_attribute("src"))
        on.press("Enter")
    assert len(set(seen)) == count
    expect(on).to_have_attribute("aria-disabled", "true")
    expect(on).to_be_focused()
    on.press("Home")
    expect(back).to_have_attribute("aria-disabled", "true")
    on.press("ArrowRight")
    expect(bar.locator("output")).to_contain_text("2 of")
    expect(bars.last.locator("output")).to_contain_text("1 of")  # each strip by itself


def test_every_picture_is_printed(open_page, site_http):
    page = open_page(site_http + PAGE).page
    page.emulate_media(media="print")
    for strip in long_strips(page):
        assert strip.evaluate(SEEN) == strip.locator("figure").count()
    expect(page.locator(".gc-strip-bar").first).to_be_hidden()


@pytest.mark.parametrize("width", [1280, 360])
def test_without_a_script_all_pictures_are_there(open_page, site_file, width):
    page = open_page(site_file + PAGE, width=width, java_script_enabled=False).page
    for strip in page.locator(".gc-strip").all():
        for picture in strip.locator("img").all():
            expect(picture).to_be_visible()
            assert picture.get_attribute("alt")
    assert page.locator(".gc-strip-bar").count() == 0
