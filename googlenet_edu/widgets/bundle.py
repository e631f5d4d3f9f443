"""Puts the widgets' JavaScript together: one module for Jupyter, one script for the book.

The source files share one scope and have no imports, because anywidget loads a single module
and because Chrome refuses modules on file://.
"""

import json
from base64 import b64encode
from functools import cache
from pathlib import Path

from ..plots.colors import css_variables
from . import WIDGETS
from .python.presets import network_presets, network_table

__all__ = ["book_css", "book_script", "embed_script", "live_data", "live_script", "module_for"]

FOLDER = Path(__file__).with_name("js")
SHARED = ("phrases.js", "sizes.js", "drawing.js", "panel.js", "words.js")
NETWORK = ("network.js",)  # the walk through the layers, for the widgets that need it
LIVE = ("live_engine.js", "live_image.js")  # the network itself
# The pages with dark widgets: the book's, JupyterLab's, VS Code's, Colab's; and those that leave
# it to the reader's system.
DARK = (
    'html[data-theme="dark"] .gn-widget, body[data-jp-theme-light="false"] .gn-widget, '
    'body.vscode-dark .gn-widget, html[theme="dark"] .gn-widget'
)
SYSTEM = (
    "html:not([data-theme]):not([theme]) "
    "body:not([data-jp-theme-light]):not(.vscode-light) .gn-widget"
)
# What tests and other pages may call by name.
PUBLIC = (
    "axisSteps, caffePool, decimal, sizeSteps, walkNetwork, networkError, SIZE_WORDS, "
    "readGnet, LiveNet, prepareDrawing, enlarge, softmax"
)


def _source(name):
    """A file without comment lines and indentation: they are for those who read the source."""
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return "".join(
        f"{line}\n" for line in map(str.strip, lines) if line and not line.startswith("//")
    )


def _data():
    data = {**network_presets(), **network_table()}
    words = json.loads(FOLDER.parents[1].joinpath("words.json").read_text(encoding="utf-8"))
    return "".join(
        f"const {name} = {json.dumps(one, ensure_ascii=False, separators=(',', ':'))};\n"
        for name, one in (("WORDS", words), ("NETWORK", data))
    )


def _shared():
    return [_data(), *map(_source, [*SHARED, *NETWORK])]


@cache
def module_for(widget):
    """Return the anywidget front-end module of one widget, as text."""
    own = [*LIVE, "live_network.js"] if widget == "live_network" else [f"{widget}.js"]
    parts = [*_shared(), *map(_source, own)]
    parts.append(f"export default {{ render: {widget}.render }};\n")
    return "\n".join(parts)


@cache
def book_script():
    """Return the classic script with every widget and the static page's host, as text."""
    parts = [*_shared(), *map(_source, [*LIVE, *(f"{widget}.js" for widget in WIDGETS)])]
    parts.append(f"const WIDGETS = {{ {', '.join(WIDGETS)} }};\n")
    parts.append(_source("host.js"))
    parts.append(f"globalThis.googlenetWidgets = {{ startAll, WIDGETS, {PUBLIC} }};\n")
    return '"use strict";\n(() => {\n' + "\n".join(parts) + "})();\n"


def live_data(name):
    """Return what the page needs of a network: {"weights", "photos", "labels", "measured"}."""
    weights = FOLDER.parents[1] / "live" / f"{name}.gnet"
    return {"weights": weights.read_bytes()} if weights.is_file() else {}


def live_script(name):
    """Return the classic script with the weights of the living network of this name, as text.

    It lies beside the other script, as googlenet-live-NAME.js, and is asked for on first use.
    """
    data = {
        key: b64encode(value).decode("ascii") if isinstance(value, bytes) else value
        for key, value in live_data(name).items()
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"(globalThis.googlenetLive ??= {{}}).{name} = {text};\n"


@cache
def embed_script():
    """Return `book_script` with the style sheet inside: one file for any web page."""
    sheet = json.dumps(book_css(), ensure_ascii=False)
    style = (
        'const style = document.createElement("style");\n'
        f"style.textContent = {sheet};\ndocument.head.append(style);\n"
    )
    return "(() => {\n" + style + "})();\n" + book_script()


@cache
def book_css():
    """Return the style sheet of all widgets, as text: the common one and each widget's own."""
    own = [f"{widget}.css" for widget in WIDGETS if (FOLDER / f"{widget}.css").is_file()]
    dark = _source("dark.css")
    parts = [
        css_variables(".gn-widget", DARK),
        *map(_source, ["widgets.css", *own]),
        f"{DARK} {{ {dark} }}\n",
        f"@media (prefers-color-scheme: dark) {{\n{css_variables('.gn-widget', SYSTEM)}"
        f"{SYSTEM} {{ {dark} }}\n}}\n",
    ]
    return "".join(parts)
