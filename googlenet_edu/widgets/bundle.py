"""Puts the widgets' JavaScript together: one module for Jupyter, one script for the book.

The source files share one scope and have no imports, because anywidget loads a single module
and because Chrome refuses modules on file://.
"""

import json
import re
from base64 import b64decode, b64encode
from functools import cache
from pathlib import Path

from ..plots.colors import widget_variables
from . import WIDGETS
from .python.presets import EXAMPLE, network_presets, network_table

__all__ = [
    "book_css", "book_script", "embed_script", "live_data", "live_script", "module_for",
    "weights_script", "widget_css",
]  # fmt: skip

FOLDER = Path(__file__).with_name("js")
LIVE_FOLDER = FOLDER.parents[1] / "live"
SHARED = ("phrases.js", "sizes.js", "drawing.js", "panel.js", "words.js")
NETWORK = ("network.js",)  # the walk through the layers, for the widgets that need it
LIVE = ("live_engine.js", "live_image.js", "live_network.js")  # a script of its own in the book
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
LIVE_NEEDS = "WORDS, h, loadBeside, nextId, outer, wordsOf"  # of the other script
# What tests and other pages may call by name.
PUBLIC = (
    f"axisSteps, caffePool, decimal, filled, sizeSteps, walkNetwork, networkError, SIZE_WORDS, "
    f"{LIVE_NEEDS}"
)
LIVE_PUBLIC = "readGnet, LiveNet, prepareDrawing, enlarge, disturb, softmax, seenBy"


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


def _json(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _words():
    return json.loads(FOLDER.parents[1].joinpath("words.json").read_text(encoding="utf-8"))


def _shared(words):
    data = {kind: _rows(presets) for kind, presets in network_presets().items()}
    data |= {**network_table(), "example": EXAMPLE, "keys": PRESET_KEYS}
    parts = [f"const WORDS = {_json(words)};\n", f"const NETWORK = {_json(data)};\n"]
    return parts + [*map(_source, [*SHARED, *NETWORK])]


@cache
def module_for(widget: str) -> str:
    """Return the anywidget front-end module of one widget, as text."""
    own = LIVE if widget == "live_network" else [f"{widget}.js"]
    parts = [*_shared(_words()), *map(_source, own)]
    parts.append(f"export default {{ render: {widget}.render }};\n")
    return "\n".join(parts)


@cache
def book_script() -> str:
    """Return the classic script with every widget and the static page's host, as text."""
    words = {name: section for name, section in _words().items() if name != "live_network"}
    own = ("live_stub" if widget == "live_network" else widget for widget in WIDGETS)
    parts = [*_shared(words), *(_source(f"{name}.js") for name in own)]
    parts.append(f"const WIDGETS = {{ {', '.join(WIDGETS)} }};\n")
    parts.append(_source("host.js"))
    parts.append(f"globalThis.googlenetWidgets = {{ startAll, WIDGETS, {PUBLIC} }};\n")
    return '"use strict";\n(() => {\n' + "\n".join(parts) + "})();\n"


def live_data(name):
    """Return what the page needs of the living network "digits" or "fashion".

    {"weights": bytes of its .gnet, "measured": {"images", experiment: accuracy}}, and for
    photographs "photos" (28 x 28 bytes each) and "labels".
    """
    data, samples = {}, LIVE_FOLDER / f"{name}_samples.json"
    if (results := LIVE_FOLDER / "results.json").is_file():
        shipped = json.loads(results.read_text(encoding="utf-8"))[name]["runs"][0]
        data["measured"] = {
            "images": shipped["experiment_images"],
            **{one: found["main"] for one, found in shipped["experiments"].items()},
        }
    if (weights := LIVE_FOLDER / f"{name}.gnet").is_file():
        data["weights"] = weights.read_bytes()
    if samples.is_file():
        found = json.loads(samples.read_text(encoding="utf-8"))
        data |= {"photos": b64decode(found["pixels"]), "labels": found["labels"]}
    return data


@cache
def live_script():
    """Return the classic script with the living network's code, words and styles, as text.

    It lies beside the other script, as googlenet-live.js, and is asked for on first use.
    """
    parts = [
        f"const {{ WIDGETS, {LIVE_NEEDS} }} = googlenetWidgets;",
        f"WORDS.live_network = {_json(_words()['live_network'])};",
        *map(_source, LIVE),
        "WIDGETS.live_network.renderNow = live_network.render;",
        "WIDGETS.live_network.strings = live_network.strings;",
        f"Object.assign(googlenetWidgets, {{ {LIVE_PUBLIC} }});",
        _styled(_source("live_network.css")),
    ]
    return '"use strict";\n(() => {\n' + "\n".join(parts) + "})();\n"


def weights_script(name):
    """Return the classic script with the weights of the living network of this name, as text.

    It lies beside the others, as googlenet-live-NAME.js, and is asked for on first use.
    """
    data = {
        key: b64encode(value).decode("ascii") if isinstance(value, bytes) else value
        for key, value in live_data(name).items()
    }
    return f"(globalThis.googlenetLive ??= {{}}).{name} = {_json(data)};\n"


def _styled(sheet):
    return (
        'const style = document.createElement("style");\n'
        f"style.textContent = {_json(sheet)};\n"
        "document.head.append(style);\n"
    )


@cache
def embed_script() -> str:
    """Return `book_script` with the style sheet inside: one file for any web page."""
    return "(() => {\n" + _styled(book_css()) + "})();\n" + book_script()


@cache
def widget_css(widget):
    """Return the style sheet that a widget needs in Jupyter, as text."""
    return book_css() + (_source("live_network.css") if widget == "live_network" else "")


@cache
def book_css() -> str:
    """Return the style sheet of all widgets, as text: the common one and each widget's own."""
    own = [f"{widget}.css" for widget in WIDGETS if (FOLDER / f"{widget}.css").is_file()]
    own.remove("live_network.css")  # comes with its script
    parts = [
        widget_variables(".gn-widget"),
        *map(_source, ["widgets.css", *own]),
        widget_variables(DARK, dark=True),
        f"@media (prefers-color-scheme: dark) {{\n{widget_variables(SYSTEM, dark=True)}}}\n",
    ]
    return "".join(parts)
