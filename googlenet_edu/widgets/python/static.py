"""The widgets' static form: readable without JavaScript, on any host, in print.

The page's host (host.js) replaces it by the live widget; its state stands in data-gn-state.
"""

import json
from decimal import ROUND_HALF_UP, Context, Decimal
from html import escape

from ...checks import words
from .drawing import PAINT, draw

__all__ = [
    "SVG",
    "answer",
    "list_text",
    "number_text",
    "refusal",
    "short_number",
    "size_body",
    "size_code",
    "stages",
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


def number_text(number):
    """Write a number as a browser does: 0.00001 and not 1e-05, whole numbers without a point."""
    return _layout(Decimal(repr(float(number))))


def short_number(number):
    """Write a number with 6 significant digits, as a browser does."""
    return _layout(Context(prec=6, rounding=ROUND_HALF_UP).create_decimal(Decimal(float(number))))


def list_text(numbers):
    """Write the first 8 numbers of a list, 6 digits each."""
    return ", ".join(map(short_number, numbers[:8])) + (", ..." if len(numbers) > 8 else "")


def _layout(value):
    sign, digits, exponent = value.normalize().as_tuple()
    text = "".join(map(str, digits))
    if text == "0":
        return "0"
    point = exponent + len(text)  # digits before the decimal point
    if len(text) <= point <= 21:
        text += "0" * (point - len(text))
    elif 0 < point <= 21:
        text = f"{text[:point]}.{text[point:]}"
    elif -6 < point <= 0:
        text = "0." + "0" * -point + text
    else:
        rest = f".{text[1:]}" if len(text) > 1 else ""
        text = f"{text[0]}{rest}e{point - 1:+d}"
    return "-" * sign + text


def answer(text):
    """Return the result line; the text is escaped."""
    return f'<p class="gn-answer">{escape(text)}</p>'


def table(rows, head=(), caption=""):
    """Return a small table: the first cell of each row names it. Cells are escaped texts."""
    top = f"<caption>{escape(caption)}</caption>" if caption else ""
    if head:
        cells = "".join(f'<th scope="col">{escape(str(cell))}</th>' for cell in head)
        top += f"<thead><tr>{cells}</tr></thead>"
    lines = "".join(
        f'<tr><th scope="row">{escape(str(first))}</th>'
        + "".join(f"<td>{escape(str(cell))}</td>" for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return f'<table class="gn-rules">{top}<tbody>{lines}</tbody></table>'


def size_body(result):
    """Return the static body of a size widget for an `Explanation`."""
    axis = result.axes[0]
    return (
        answer(f"Output: {axis.size} × {axis.size} becomes {axis.out} × {axis.out}")
        + f'<div class="gn-drawings">{draw(axis)}</div>'
        + table([(step.name, step.text) for step in result.steps])
    )


def size_code(layer, first, state, shown):
    """Return the PyTorch layer for a state; shown: {setting: its normal value}."""
    parts = [*first, f"kernel_size={state['kernel_size']}"]
    parts += [
        f"{key}={json.dumps(state[key]) if isinstance(state[key], str) else state[key]}"
        for key, normal in shown.items()
        if state[key] != normal
    ]
    return f"torch.nn.{layer}({', '.join(parts)})"


class SVG:
    """A small static drawing, with colors of its own for hosts that drop the style sheet."""

    def __init__(self, width, height, label):
        self.head = (
            f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
            f'aria-label="{escape(label, quote=True)}">'
        )
        self.parts = []

    def box(self, x, y, width, height, kind):
        """Add a rectangle of one of the widgets' classes."""
        self.parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(1.5, width):.1f}" '
            f'height="{max(1.5, height):.1f}" class="{kind}" {PAINT.get(kind, PAINT["gn-cell"])}/>'
        )

    def text(self, x, y, words, anchor="start"):
        """Add a label; the words are escaped."""
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="gn-small" '
            f'font-size="12" fill="#6b7688">{escape(str(words))}</text>'
        )

    def __str__(self):
        return f'<div class="gn-drawings">{self.head}{"".join(self.parts)}</svg></div>'


def stages(named):
    """Return boxes to scale for [(name, (channels, height, width)), ...]."""
    unit = min(110 / max(named[0][1][1:]), 1)
    parts = []
    for name, shape in named:
        words = " × ".join(map(str, shape))
        wide, tall = (max(1.5, side * unit) for side in (shape[2], shape[1]))
        drawing = SVG(int(wide) + 3, int(tall) + 3, f"{name}: {words}, to scale")
        drawing.box(1, 1, wide, tall, "gn-bar")
        label = f"<strong>{escape(name)}</strong><span>{words}</span>"
        parts.append(f'<div class="gn-stage">{drawing}{label}</div>')
    return f'<div class="gn-row gn-chain">{"".join(parts)}</div>'
