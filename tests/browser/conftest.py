"""Fixtures of the browser tests: the built book over http and file://, and a watched Chromium.

    def test_something(open_page, site_http):
        visit = open_page(site_http + "book/intro.html", width=360, theme="dark")
        visit.page.get_by_role("slider").first.press("ArrowRight")

A page that asks another machine for anything, or reports an error, fails its test at the end.
"""

import functools
import html
import http.server
import json
import threading
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.tools import chromium

expect.set_options(timeout=30_000)  # a busy machine is no fault

FLAGS = [
    *chromium.FLAGS,
    "--disable-software-rasterizer",
    "--disable-quic",
    # No other machine is found, whatever a page asks for.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
# The theme's scripts come when the page has been drawn.
SCRIPTS_RAN = """() => !document.querySelector("script[data-later]")
  || document.documentElement.dataset.scripts === 'done'"""
LOCAL = {"127.0.0.1", "localhost", ""}


@pytest.fixture(scope="session")
def browser():
    """One Chromium for all tests."""
    with sync_playwright() as playwright:
        path = chromium.find_chromium()
        launched = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield launched
        launched.close()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # one connection for many files, as real hosts keep it

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128  # the search page asks for many pages at once


@pytest.fixture(scope="session")
def site_http(site):
    """The book's address on a local web server, with a slash at the end."""
    handler = functools.partial(QuietHandler, directory=str(site))
    server = Server(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def site_file(site):
    """The book's address when it is opened from a folder, with a slash at the end."""
    return site.as_uri() + "/"


@pytest.fixture(params=["http", "file"])
def site_url(request):
    """Both addresses in turn."""
    return request.getfixturevalue(f"site_{request.param}")


@dataclass
class Visit:
    """A page and what went wrong on it."""

    page: Page
    outside: list = field(default_factory=list)  # addresses of other machines it asked for
    errors: list = field(default_factory=list)  # console errors, page errors, missing files

    def assert_clean(self):
        assert not self.outside, f"{self.page.url} asked for {self.outside}"
        assert not self.errors, f"{self.page.url}: {self.errors}"


@pytest.fixture
def open_page(browser):
    """Return a function that opens an address and watches the page until the test ends."""
    contexts, visits = [], []

    def open_one(url, width=1280, height=900, theme="light", **settings):
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=theme, **settings
        )
        contexts.append(context)
        page = context.new_page()
        visit = Visit(page)
        visits.append(visit)

        def note_request(request):
            address = urlsplit(request.url)
            if address.scheme not in ("data", "blob") and (address.hostname or "") not in LOCAL:
                visit.outside.append(request.url)

        def note_answer(answer):
            if answer.status >= 400:
                visit.errors.append(f"{answer.status} for {answer.url}")

        def note_console(message):
            if message.type == "error":
                visit.errors.append(message.text)

        page.on("request", note_request)
        page.on("pageerror", lambda error: visit.errors.append(str(error)))
        page.on("console", note_console)
        page.on("response", note_answer)
        scripts = settings.get("java_script_enabled", True)
        if scripts:  # without them, their files are not to come
            page.on("requestfailed", lambda request: visit.errors.append(f"no {request.url}"))
        page.goto(url, wait_until="load")
        if scripts:
            page.wait_for_function(SCRIPTS_RAN)
        return visit

    yield open_one
    for context in contexts:
        context.close()
    for visit in visits:
        visit.assert_clean()


@pytest.fixture
def bare_page(open_page, tmp_path):
    """Return a function that opens a page with nothing but widgets, as a teacher embeds them.

    root = bare_page("lrn", size=3)  # the live widget as a Playwright locator
    """
    from googlenet_edu.widgets.bundle import embed_script

    def open_bare(*widgets, copies=1, lang="en", width=1280, theme="light", **state):
        (tmp_path / "widgets.js").write_text(embed_script(), encoding="utf-8")
        given = html.escape(json.dumps(state), quote=True)
        boxes = "".join(
            f'<div data-gn-widget="{widget}" data-gn-state="{given}"></div>'
            for widget in widgets
            for _ in range(copies)
        )
        page = tmp_path / "page.html"
        page.write_text(
            f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><title>Widgets</title>'
            f"<body><main>{boxes}</main><script src='widgets.js'></script></body></html>",
            encoding="utf-8",
        )
        visit = open_page(page.as_uri(), width=width, theme=theme)
        root = visit.page.locator("section.gn-widget").first
        root.wait_for()
        return root

    return open_bare
