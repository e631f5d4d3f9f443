"""How long a reader waits for the first slider of a page, and how much the page carries.

Each page is opened in a fresh Chromium context (nothing cached) from a web server on this machine.
The clock is the page's own, from the start of the navigation until a slider that was moved has
changed what its widget shows. Beside it stands a page with an ipywidgets slider under the usual
widget manager, which npm fetches; without npm that row is missing. Such a slider is ready when it
is drawn, because no Python answers it there.
"""

import functools
import shutil
import statistics
import subprocess
import tarfile
import tempfile
import threading
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import FLAGS, QuietHandler, Server, find_chromium

# Moves the first slider on each frame until the widget around it says something else.
WATCH = """
  const frame = () => {
    const slider = [...document.querySelectorAll("[data-gn-widget] input[type=range]")]
      .find((one) => one.offsetParent);
    if (slider) {
      const widget = slider.closest("[data-gn-widget]");
      const before = widget.innerText;
      const at = slider.value;
      for (const way of [1, -1]) {
        slider.value = Number(at) + way * Number(slider.step || 1);
        slider.dispatchEvent(new Event("input", { bubbles: true }));
        if (slider.value !== at) break;
      }
      window.tried ??= performance.now();
      requestAnimationFrame(() => {
        if (widget.innerText !== before) window.ready ??= performance.now();
      });
    }
    if (!window.ready) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
"""
WATCH_USUAL = """
  const frame = () => {
    const handle = document.querySelector(".widget-slider .noUi-handle, .widget-slider input");
    if (handle && handle.offsetParent) window.ready ??= performance.now();
    else requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
"""
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
        f'<script src="require.js"></script>{snippet}',
        encoding="utf-8",
    )
    return "usual.html"


def serve(folder):
    handler = functools.partial(QuietHandler, directory=str(folder))
    server = Server(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_port}/"


def visit(browser, url, watch):
    """Return (milliseconds until the slider works, bytes of all files, MB of the page's heap)."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    try:
        page = context.new_page()
        sizes = []
        page.route("**/*", lambda route: route.continue_()
                   if "//127.0.0.1" in route.request.url else route.abort())  # fmt: skip
        page.on("response", lambda response: sizes.append(len(response.body())))
        page.add_init_script(watch)
        page.goto(url)
        page.wait_for_function("() => window.ready", timeout=60_000)
        page.wait_for_load_state("networkidle")
        heap = page.evaluate("() => performance.memory.usedJSHeapSize")
        return page.evaluate("() => window.ready"), sum(sizes), heap / 1e6
    finally:
        context.close()


def first_sliders(html, visits=5):
    """Yield (page, median milliseconds, quartiles, kilobytes, heap MB), the usual page last."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        folder = Path(folder)
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        server, url = serve(html)
        other, other_url = serve(folder)
        works = [(name, url + name, WATCH) for name in pages_with_sliders(html)]
        usual = usual_page(folder)
        if usual:
            works.append(("one slider, the usual widget manager", other_url + usual, WATCH_USUAL))
        try:
            for name, address, watch in works:
                found = [visit(browser, address, watch) for _ in range(visits + 1)][1:]
                times = [one[0] for one in found]
                low, middle, high = statistics.quantiles(times, n=4, method="inclusive")
                kilobytes = max(one[1] for one in found) / 1000
                yield name, middle, f"{low:.0f} to {high:.0f}", kilobytes, found[0][2]
        finally:
            for one in (server, other):
                one.shutdown()
                one.server_close()
            browser.close()
