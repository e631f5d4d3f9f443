"""The widgets' static form: readable without JavaScript, on any host, in print.

The page's host (host.js) replaces it by the live widget; its state stands in data-gn-state.
"""

import json
from html import escape

from ...checks import number_text, words

__all__ = [
    "Markup",
    "answer",
    "refusal",
    "size_code",
    "static_frame",
    "table",
    "title",
]


def title(widget, lang="en"):
    """Return a widget's title."""
    return words(widget, lang)["title"]


def refusal(widget, why):
    """Return the line that says why there is no result, as the live widget does."""
    return f"{words(widget).get('refused', words('panel')['refused'])}: {why}"


def static_frame(widget, state, body, code, name=None, lang="en", refused=False):
    """Return a widget's complete static HTML: title, settings, body (HTML) and code line.

    A refusal's body is plain text and is escaped here.
    """
    shown = ", ".join(
        f"<code>{key}={escape(_setting(value))}</code>" for key, value in state.items()
    )
    if refused:
        body = answer(body)
    data = state | ({"lang": lang} if lang != "en" else {})
    data = escape(json.dumps(data, separators=(",", ":"), ensure_ascii=False), quote=True)
    where = f' id="{escape(name, quote=True)}"' if name else ""
    return (
        f'<div{where} class="gn-widget gn-static" data-gn-widget="{widget}" '
        f'data-gn-state="{data}">'
        f'<p><strong class="gn-title">{title(widget, lang)}</strong>: {shown}</p>{body}'
        f'<p class="gn-code"><code>{escape(code)}</code></p></div>'
    )


def _setting(value):
    if isinstance(value, list):
        return "[" + ", ".join(map(number_text, value)) + "]"
    return number_text(value) if isinstance(value, float) else str(value)


def answer(text):
    """Return the result line; the text is escaped."""
    return f'<p class="gn-answer">{escape(text)}</p>'


class Markup(str):
    """A cell of a table that is not escaped."""


def table(rows, head=()):
    """Return a small table: the first cell of each row names it. Cells are escaped texts."""
    top = ""
    if head:
        cells = "".join(f'<th scope="col">{escape(str(cell))}</th>' for cell in head)
        top = f"<thead><tr>{cells}</tr></thead>"
    lines = "".join(
        f'<tr><th scope="row">{escape(str(first))}</th>'
        + "".join(f"<td>{c if isinstance(c, Markup) else escape(str(c))}</td>" for c in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return f'<table class="gn-rules">{top}<tbody>{lines}</tbody></table>'


def size_code(layer, first, state, shown):
    """Return the PyTorch layer for a state; shown: {setting: its normal value}."""
    parts = [*first, f"kernel_size={state['kernel_size']}"]
    parts += [
        f"{key}={json.dumps(state[key]) if isinstance(state[key], str) else state[key]}"
        for key, normal in shown.items()
        if state[key] != normal
    ]
    return f"torch.nn.{layer}({', '.join(parts)})"
