"""Sphinx extension: the book's widgets without a kernel.

`{widget}` puts a widget into a page; notebooks bring theirs as stored HTML. Pages that hold a
widget, and only those, load one classic script and one style sheet, both written here.
"""

from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from googlenet_edu import widgets
from googlenet_edu.plots.colors import css_variables
from googlenet_edu.sizes import SizeError
from googlenet_edu.widgets.bundle import (
    FOLDER,
    book_css,
    book_script,
    embed_script,
    live_script,
    weights_script,
)

SCRIPT, SHEET = "googlenet-widgets.js", "googlenet-widgets.css"
COLORS = "book-colors.css"  # on every page: the colors of the network's parts
EMBED = "googlenet-widgets-embed.js"  # one file for other web pages
LIVE = "googlenet-live.js"  # the living network's code and weights are asked for on first use
WEIGHTS = {f"googlenet-live-{name}.js": name for name in ("digits", "fashion")}


class AnyOption(dict):
    """The widget itself knows its settings and refuses others by name."""

    def __missing__(self, name):
        return directives.unchanged_required


def read_setting(text):
    """Turn a directive option into the value a widget takes: true, 3, 0.5, 1, 2, 3 or a word."""
    text = text.strip()
    words = {"true": True, "false": False}
    if text.lower() in words:
        return words[text.lower()]
    if "," in text:
        return [read_setting(part) for part in text.split(",")]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


class WidgetDirective(SphinxDirective):
    """```{widget} conv_size``` with the widget's settings as options."""

    required_arguments = 1
    option_spec = AnyOption(name=directives.unchanged_required, lang=directives.unchanged_required)

    def run(self):
        kind = self.arguments[0]
        settings = {key: read_setting(value) for key, value in self.options.items()}
        name = settings.pop("name", None)
        if kind not in widgets.PLACED:
            raise self.error(f"unknown widget {kind!r}: there are {', '.join(widgets.PLACED)}")
        try:
            widget = widgets.widget_class(kind)(**settings)
        except (SizeError, TypeError) as error:
            raise self.error(f"widget {kind}: {error}") from None
        html = widget.static_html(name)
        return [nodes.raw("", html, format="html")]


class TeaserDirective(SphinxDirective):
    """```{living-network} ADDRESS```: the living network's picture as a link to its page."""

    required_arguments = 1

    def run(self):
        picture = (FOLDER / "live_network.svg").read_text(encoding="utf-8")
        link = f'<a class="book-teaser" href="{self.arguments[0]}">{picture}</a>'
        return [nodes.raw("", link, format="html")]


def write_assets(app):
    """Write the script and the style sheet before any page asks for their checksums."""
    if app.builder.format != "html":
        return
    folder = Path(app.outdir) / "_static"
    folder.mkdir(parents=True, exist_ok=True)
    files = {SCRIPT: book_script(), SHEET: book_css(), EMBED: embed_script(), LIVE: live_script()}
    files |= {file: weights_script(name) for file, name in WEIGHTS.items()}
    for name, text in (files | {COLORS: css_variables()}).items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    app.add_css_file(COLORS)


def add_assets(app, pagename, templatename, context, doctree):
    """Load the assets on the pages that hold a widget."""
    if "data-gn-widget" in context.get("body", ""):
        app.add_css_file(SHEET)
        app.add_js_file(SCRIPT, defer="defer")


def check_assets(app, pages):
    """Fail the build when a page lost its script: a silent page is the worst fault."""
    for name in (SCRIPT, SHEET, EMBED, LIVE, *WEIGHTS):
        if not (Path(app.outdir) / "_static" / name).is_file():
            raise ExtensionError(f"{name} is missing from the built book: build again.")


def setup(app):
    app.add_directive("widget", WidgetDirective)
    app.add_directive("living-network", TeaserDirective)
    app.connect("builder-inited", write_assets)
    app.connect("html-page-context", add_assets)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
