"""Sphinx extension: the built book asks no other machine for anything.

Removes what Jupyter Book adds for live kernels (sphinx-thebe, hosted RequireJS and widget
managers) and then reads every built page, script and style sheet: a remote script, style
sheet, picture, font or frame is a warning that names the file and the address. Ordinary links
to other sites are fine.
"""

import re
from html.parser import HTMLParser
from pathlib import Path

from sphinx.util import logging

logger = logging.getLogger(__name__)

REMOTE = re.compile(r"^\s*(?:(?:https?|wss?|ftp):)?//", re.IGNORECASE)
# Attributes that make a browser fetch something while it shows the page.
FETCHED = {
    "audio": ("src",),
    "embed": ("src",),
    "iframe": ("src",),
    "image": ("href", "xlink:href"),
    "img": ("src", "srcset"),
    "input": ("src",),
    "link": ("href",),
    "object": ("data",),
    "script": ("src",),
    "source": ("src", "srcset"),
    "track": ("src",),
    "use": ("href", "xlink:href"),
    "video": ("src", "poster"),
}
# Relations of <link> that only name another page.
NAMING = {"alternate", "author", "canonical", "help", "license", "next", "prev", "search"}
CSS_FETCH = re.compile(
    r"""(?:url\(\s*['"]?|@import\s+['"])\s*((?:https?:)?//[^'")\s]+)""", re.IGNORECASE
)
# A script may name addresses in comments and namespaces; fetching one is what counts.
JS_FETCH = re.compile(
    r"""(?:\bimport\s*\(?|\bfrom|\bfetch\s*\(|\bimportScripts\s*\(|\brequire\s*\(|"""
    r"""\.src\s*=|\.href\s*=|_URL\s*=|\bnew\s+(?:Web)?(?:Socket|Worker|EventSource)\s*\()"""
    r"""\s*['"`]((?:https?:|wss?:)?//[^'"`\s]+)""",
    re.IGNORECASE,
)


class PageReader(HTMLParser):
    """Collects the remote addresses a page would fetch."""

    def __init__(self):
        super().__init__()
        self.found = []
        self.inside = None

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.inside = tag if tag in ("script", "style") else self.inside
        if tag == "link" and set((values.get("rel") or "").lower().split()) <= NAMING:
            return
        for name in FETCHED.get(tag, ()):
            value = values.get(name) or ""
            for part in value.split(",") if name == "srcset" else [value]:
                if REMOTE.match(part):
                    self.found.append(part.split()[0])
        self.found += CSS_FETCH.findall(values.get("style") or "")

    def handle_endtag(self, tag):
        if tag == self.inside:
            self.inside = None

    def handle_data(self, data):
        if self.inside == "script":
            self.found += JS_FETCH.findall(data)
        elif self.inside == "style":
            self.found += CSS_FETCH.findall(data)


def remote_addresses(path, text=None):
    """Return the remote addresses that one built file would make a browser fetch."""
    text = text or path.read_text(encoding="utf-8", errors="replace")
    if path.suffix == ".html":
        reader = PageReader()
        reader.feed(text)
        reader.close()
        return reader.found
    if path.suffix in (".css", ".svg"):
        return CSS_FETCH.findall(text)
    return JS_FETCH.findall(text)


def remove_thebe(app, config):
    """Disconnect sphinx-thebe: its script declares a constant twice, and there is no kernel."""
    for listeners in app.events.listeners.values():
        for listener in list(listeners):
            if listener.handler.__module__.split(".")[0] == "sphinx_thebe":
                listeners.remove(listener)
    sheets = app.registry.css_files
    sheets[:] = [one for one in sheets if "thebe" not in one[0]]


def check_built_files(app, pages):
    """Warn about every remote address in the built book."""
    root = Path(app.outdir)
    for path in sorted(root.rglob("*")):
        if path.suffix not in (".html", ".css", ".js", ".svg") or "_sources" in path.parts:
            continue
        for address in dict.fromkeys(remote_addresses(path, pages.get(path))):
            name = path.relative_to(root).as_posix()
            logger.warning("%s fetches %s: the book must work offline", name, address)


def setup(app):
    app.connect("config-inited", remove_thebe)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
