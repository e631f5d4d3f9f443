"""Puts the widgets' JavaScript together: one module for Jupyter, one script for the book.

The source files share one scope and have no imports, because anywidget loads a single module
and because Chrome refuses modules on file://.
"""

import json
import re
from functools import cache
from pathlib import Path

from ..plots.colors import css_variables
from . import WIDGETS
from .python.presets import EXAMPLE, network_presets, network_table

__all__ = ["book_css", "book_script", "embed_script", "module_for"]

FOLDER = Path(__file__).with_name("js")
SHARED = ("phrases.js", "sizes.js", "drawing.js", "panel.js", "words.js")
NETWORK = ("network.js",)  # the walk through the layers, for the widgets that need it
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
PRESET_KEYS = ("size", "kernel_size", "stride", "padding", "dilation", "ceil_mode", "kind")
# What tests and other pages may call by name.
PUBLIC = "axisSteps, caffePool, decimal, sizeSteps, walkNetwork, networkError, SIZE_WORDS"


def _source(name):
    """A file without comment lines and layout: they are for those who read the source."""
    signs = r" ?([=<>?:;,{}()\[\]&|]) ?" if name.endswith(".js") else r"([;:,{}]) | (?={)"
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return "".join(
        f"{_packed(line, signs)}\n"
        for line in map(str.strip, lines)
        if line and not line.startswith("//")
    )


def _packed(line, signs):
    """A line without the spaces around its signs; texts stay, and a line that may hold others."""
    if re.search(r"[`']|/(?! )", line):
        return line
    parts = line.split('"')
    parts[::2] = [re.sub(signs, r"\1", part) for part in parts[::2]]
    return '"'.join(parts)


def _rows(presets):
    """Presets as [[group, [label, channels, values of PRESET_KEYS], ...], ...] for words.js."""
    groups = {}
    for one in presets:
        values = [one["state"].get(key) for key in PRESET_KEYS]
        while values[-1] is None:
            values.pop()
        row = [one["label"], one.get("channels"), *values]
        groups.setdefault(one["group"], []).append(row)
    return [[group, *rows] for group, rows in groups.items()]


def _data():
    data = {kind: _rows(presets) for kind, presets in network_presets().items()}
    data |= {**network_table(), "example": EXAMPLE, "keys": PRESET_KEYS}
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
    parts = [*_shared(), _source(f"{widget}.js")]
    parts.append(f"export default {{ render: {widget}.render }};\n")
    return "\n".join(parts)


@cache
def book_script():
    """Return the classic script with every widget and the static page's host, as text."""
    parts = [*_shared(), *(_source(f"{widget}.js") for widget in WIDGETS)]
    parts.append(f"const WIDGETS = {{ {', '.join(WIDGETS)} }};\n")
    parts.append(_source("host.js"))
    parts.append(f"globalThis.googlenetWidgets = {{ startAll, WIDGETS, {PUBLIC} }};\n")
    return '"use strict";\n(() => {\n' + "\n".join(parts) + "})();\n"


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
