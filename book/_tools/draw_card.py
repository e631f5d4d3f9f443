"""Draw the book's preview card, book/_static/card.png, with Chromium.

    python book/_tools/draw_card.py

Chat programs and search pages show it beside a link to the book. It is the cover, on a light
ground, under the title. Run it again when the cover changes, and commit the picture.
"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

BOOK = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(BOOK / "_ext"), str(BOOK.parent)]
from chromium import FLAGS, find_chromium  # noqa: E402
from googlenet_cover import cover_svg  # noqa: E402

from googlenet_edu.plots.colors import css_variables  # noqa: E402

PAGE = """<!doctype html><html lang="en" data-theme="light"><meta charset="utf-8">
<title>Card</title>
<style>{sheet}
body {{ margin: 0; width: 1200px; height: 630px; background: #fff; color: #1b2330;
  font-family: system-ui, "Noto Sans", sans-serif; }}
main {{ padding: 64px 64px 0; }}
h1 {{ font-size: 74px; line-height: 1.05; letter-spacing: -0.02em; margin: 0 0 18px; }}
p {{ font-size: 30px; line-height: 1.35; margin: 0 0 34px; color: #566072; max-width: 1000px; }}
svg.gc-cover {{ width: 1072px; }}
</style><main><h1>GoogLeNet, layer by layer</h1>
<p>One network in PyTorch, every number explained: move the sliders, predict, check with a cell.</p>
{cover}</main></html>"""


def main():
    sheet = css_variables() + (BOOK / "_static" / "book.css").read_text(encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1200, "height": 630})
        page.set_content(PAGE.format(sheet=sheet, cover=cover_svg()))
        page.screenshot(path=BOOK / "_static" / "card.png")
        browser.close()


if __name__ == "__main__":
    main()
