"""Puts the widgets' JavaScript together: one module for Jupyter, one script for the book.

The source files share one scope and have no imports, because anywidget loads a single module
and because Chrome refuses modules on file://.
"""

import json
from functools import cache
from pathlib import Path

from ._presets import network_presets

__all__ = ["SHARED", "WIDGETS", "book_css", "book_script", "module_for"]

FOLDER = Path(__file__).parent
SHARED = ("sizes.js", "drawing.js", "panel.js", "words.js")
WIDGETS = ("conv_size", "pool_size", "quiz")
# What tests and other pages may call by name.
PUBLIC = "axisSteps, caffePool, decimal, windowAt, isUnread, parseWhole, SIZE_WORDS, sizeSteps"


def _source(name):
    return (FOLDER / name).read_text(encoding="utf-8")


def _presets():
    return f"const NETWORK = {json.dumps(network_presets(), separators=(',', ':'))};\n"


@cache
def module_for(widget):
    """Return the anywidget front-end module of one widget, as text."""
    parts = [_source(name) for name in SHARED] + [_presets(), _source(f"{widget}.js")]
    parts.append(f"export default {{ render: {widget}.render }};\n")
    return "\n".join(parts)


@cache
def book_script():
    """Return the classic script with every widget and the static page's host, as text."""
    parts = [_source(name) for name in SHARED] + [_presets()]
    parts += [_source(f"{widget}.js") for widget in WIDGETS]
    parts.append(f"const WIDGETS = {{ {', '.join(WIDGETS)} }};\n")
    parts.append(_source("host.js"))
    parts.append(f"globalThis.googlenetWidgets = {{ startAll, WIDGETS, {PUBLIC} }};\n")
    return '"use strict";\n(() => {\n' + "\n".join(parts) + "})();\n"


@cache
def book_css():
    """Return the style sheet of all widgets, as text."""
    return _source("widgets.css")
