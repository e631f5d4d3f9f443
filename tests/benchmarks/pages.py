"""How long a reader waits for the first slider of a page, and how much the page carries.

Each page is opened in a fresh Chromium context (nothing cached) from a web server on this machine.
The clock is the page's own, from the start of the navigation until a slider that was moved has
changed what its widget shows. Beside it stands a page with an ipywidgets slider under the usual
widget manager, which npm fetches; without npm that row is missing. Such a slider is ready when it
is drawn, because no Python answers it there.
"""

import re
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import FLAGS
from tests.tools import chromium

# Moves the first slider as soon as there is one, and waits until its widget says something else.
WATCH = """
  let widget, before;
  const frame = () => {
    if (widget && widget.textContent !== before) {
      window.sliderWorks = performance.now();
      return;
    }
    if (!widget) {
      const slider = document.querySelector("[data-gn-widget] input[type=range]");
      if (slider) {
        widget = slider.closest("[data-gn-widget]");
        before = widget.textContent;
        const at = slider.value;
        slider.stepUp();
        if (slider.value === at) slider.stepDown();
        slider.dispatchEvent(new Event("input", { bubbles: true }));
      }
    }
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
"""
WATCH_USUAL = """
  const frame = () => {
    const handle = document.querySelector(".widget-slider .noUi-handle, .widget-slider input");
    if (handle && handle.offsetParent) window.sliderWorks ??= performance.now();
    else requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
"""
FOUND = """() => {
  const kinds = ["navigation", "resource"];
  const files = kinds.flatMap((kind) => performance.getEntriesByType(kind));
  const size = files.reduce((sum, file) => sum + file.decodedBodySize, 0);
  return [window.sliderWorks, size, performance.memory.usedJSHeapSize];
}"""
NO_OTHER_HOST = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
EXACT_HEAP = "--enable-precise-memory-info"  # else it is told in steps of 10 MB
VERSIONS = {"@jupyter-widgets/html-manager": "1.0.14", "requirejs": "2.3.7"}


def pages_with_sliders(html):
    """Return the built pages that hold a widget with a slider, as paths under html."""
    kinds = 'data-gn-widget="'
    found = []
    for path in sorted((html / "book").rglob("*.html")):
        parts = path.read_text(encoding="utf-8").split(kinds)[1:]
        if any(not part.startswith("quiz") for part in parts):
            found.append(path.relative_to(html).as_posix())
    return found


def usual_page(folder):
    """Write a page with one ipywidgets slider and its manager into folder; return its name.

    None where npm is missing or has no network.
    """
    from ipywidgets import IntSlider
    from ipywidgets.embed import embed_snippet

    if shutil.which("npm") is None:
        return None
    for name, version in VERSIONS.items():
        run = subprocess.run(
            ["npm", "pack", "--silent", f"{name}@{version}"], cwd=folder, capture_output=True,
            text=True, encoding="utf-8", timeout=120,
        )  # fmt: skip
        if run.returncode:
            return None
        with tarfile.open(folder / run.stdout.strip().splitlines()[-1]) as archive:
            for inside in ("package/dist/embed-amd.js", "package/require.js"):
                if inside in archive.getnames():
                    data = archive.extractfile(inside).read()
                    (folder / Path(inside).name).write_bytes(data)
    snippet = embed_snippet([IntSlider(3)], requirejs=False, embed_url="embed-amd.js")
    (folder / "usual.html").write_text(
        '<!DOCTYPE html><meta charset="utf-8"><title>One slider</title>'
        f'<script src="require.js"></script><body>{snippet}</body>',
        encoding="utf-8",
    )
    return "usual.html"


@contextmanager
def served(folder):
    """A web server of its own process for a folder; gives its address."""
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"]
    command += ["--protocol", "HTTP/1.1", "--directory", str(folder)]
    run = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8"
    )
    try:
        port = re.search(r"port (\d+)", run.stdout.readline())[1]
        yield f"http://127.0.0.1:{port}/"
    finally:
        run.terminate()
        run.wait()


def visit(browser, url, watch):
    """Return (milliseconds until the slider works, bytes of all files, MB of the page's heap)."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    try:
        page = context.new_page()
        page.add_init_script(watch)
        page.goto(url)
        page.wait_for_function("() => window.sliderWorks", timeout=60_000)
        page.wait_for_load_state("networkidle")
        return page.evaluate(FOUND)
    finally:
        context.close()


def first_sliders(html, visits=5):
    """Yield (page, median milliseconds, quartiles, kilobytes, heap MB), the usual page last."""
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        served(html) as ours,
        served(folder) as theirs,
    ):
        works = [(name, ours + name, WATCH) for name in pages_with_sliders(html)]
        usual = usual_page(Path(folder))
        if usual:
            works.append(("one slider, the usual widget manager", theirs + usual, WATCH_USUAL))
        browser = playwright.chromium.launch(
            executable_path=chromium.find_chromium(), args=[*FLAGS, NO_OTHER_HOST, EXACT_HEAP]
        )
        for name, address, watch in works:
            found = [visit(browser, address, watch) for _ in range(visits + 1)][1:]
            times, sizes, heaps = zip(*found, strict=True)
            low, middle, high = statistics.quantiles(times, n=4, method="inclusive")
            yield name, middle, f"{low:.0f} to {high:.0f}", max(sizes) / 1000, max(heaps) / 1e6
        browser.close()
