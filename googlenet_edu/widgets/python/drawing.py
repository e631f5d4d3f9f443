"""The widgets' static drawings: what js/drawing.js draws, in one fixed width.

tests/browser/test_live_widgets.py compares every shape and text with the live drawings.
"""

from html import escape
from math import ceil

from ...checks import say, words
from ...plots.colors import LIGHT, WIDGET_LIGHT

__all__ = ["WIDTH", "beside", "box", "dot", "draw_axis", "legend", "note", "path", "svg"]

CELL = 16
DRAWABLE = 2**50  # as in drawing.js
WIDTH = 640
# For hosts that drop the style sheet, which otherwise decides, in light and dark.
TEXT = 'font-size="12" fill="#6b7688"'
PAINT = {
    "gn-cell": 'fill="{cell}" stroke="{pad-line}"',
    "gn-pad": 'fill="{pad}" stroke="{pad-line}" stroke-dasharray="2 2"',
    "gn-unread": 'fill="{warn-soft}" stroke="{warn}"',
    "gn-out-of-reach": 'fill="none" stroke="{pad-line}" stroke-dasharray="1 3"',
    "gn-reading": 'fill="{accent}" fill-opacity="0.28" stroke="{accent}"',
    "gn-result": 'fill="{result}" stroke="{result-line}"',
    "gn-chosen": 'fill="{result-line}"',
    "gn-beam": 'fill="{accent}" fill-opacity="0.14"',
    "gn-window": 'stroke="{pad-line}" stroke-width="2.5"',
    "gn-dropped": 'stroke="{warn}" stroke-width="3" stroke-dasharray="4 3"',
    "gn-dot": 'fill="{pad-line}"',
    "gn-dropped-dot": 'fill="{warn}"',
    "gn-bar": 'fill="{cell}" stroke="{accent}"',
    "gn-arrow": 'fill="none" stroke="{pad-line}" stroke-width="2"',
} | {f"gn-{branch}": f'fill="{{{branch}}}"' for branch in LIGHT}
PAINT = {kind: paint.format_map(WIDGET_LIGHT | LIGHT) for kind, paint in PAINT.items()}


def _number(value):
    text = f"{value:.2f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _shape(tag, kind, **numbers):
    places = " ".join(f'{name}="{_number(value)}"' for name, value in numbers.items())
    return f'<{tag} {places} class="{kind}" {PAINT[kind.split()[0]]}/>'


def svg(width, height, label, body):
    """Return a drawing; the label is escaped, the body is markup."""
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return f'<svg {size} role="img" aria-label="{escape(label, quote=True)}">{body}</svg>'


def box(x, y, width, height, kind):
    """Return a rectangle of one of the widgets' classes."""
    return _shape("rect", kind, x=x, y=y, width=max(0, width), height=height)


def dot(x, y, radius, kind, more=""):
    """Return a disc."""
    return _shape("circle", kind, cx=x, cy=y, r=radius).replace("/>", f"{more}/>")


def path(line, kind):
    """Return a line."""
    return f'<path d="{line}" class="{kind}" {PAINT[kind.split()[0]]}/>'


def note(x, y, text, kind="gn-small", anchor="middle"):
    """Return a label; its text is escaped."""
    place = f'x="{_number(x)}" y="{_number(y)}" text-anchor="{anchor}"'
    return f'<text {place} class="{kind}" {TEXT}>{escape(str(text))}</text>'


def legend(entries):
    """Return the keys of a drawing, {class: word}."""
    keys = "".join(
        f'<span><i class="gn-key {kind}"></i>{escape(word)}</span>'
        for kind, word in entries.items()
    )
    return f'<p class="gn-legend">{keys}</p>'


def beside(*drawings):
    """Return drawings side by side."""
    return f'<div class="gn-row">{"".join(f"<div>{one}</div>" for one in drawings)}</div>'


def draw_axis(axis, lang="en"):
    """Return the drawings of a size widget, or a sentence where the numbers are too large."""
    said = words("sizes", lang)
    if axis.padded + axis.span + axis.stride * (axis.whole + 1) >= DRAWABLE:
        return f'<p class="gn-muted">{said["tooLargeToDraw"]}</p>'
    shown = dict(said["legend"])
    if not axis.pad_left + axis.pad_right:
        del shown["gn-pad"]
    if axis.unread.count == 0:
        del shown["gn-unread"]
    squares = _squares(axis, 280, lang)
    cells = f"<div>{_cells(axis, lang)}</div>"
    return beside(_overview(axis, WIDTH - 300, lang), squares) + cells + legend(shown)


def _cells(axis, lang):
    """Both ends of the axis, cell by cell, with the windows below them; the first is chosen."""
    made = axis.whole + 1
    total = max(axis.padded, (made - 1) * axis.stride + axis.span)
    room = (WIDTH - 8) // CELL
    end = (room - 3) // 2
    parts = [(0, total)] if total <= room else [(0, end), (total - end, total)]
    rows = max(1, min(6, -(-axis.span // axis.stride)))
    top, x0, body = 22, 4, []
    for first, stop in parts:
        for c in range(first, stop):
            i = c - axis.pad_left
            if c >= axis.padded:
                kind = "gn-out-of-reach"
            elif not 0 <= i < axis.size:
                kind = "gn-pad"
            else:
                kind = "gn-unread" if _is_unread(axis, i) else "gn-cell"
            x = x0 + (c - first) * CELL
            body.append(box(x, top, CELL, CELL, kind))
            if i in (0, axis.size - 1):
                body.append(note(x + CELL / 2, top - 6, i))
            if kind == "gn-unread":
                body.append(note(x + CELL / 2, top + 12, "×", "gn-unread-mark"))
        low = max(0, -(-(first - axis.span + 1) // axis.stride))
        high = min(made - 1, (stop - 1) // axis.stride)
        for i in range(low, min(high + 1, low + 60)):
            gone, on = i >= axis.out, i == 0
            y = top + CELL + 7 + (i % rows) * 8
            begin = i * axis.stride
            a = x0 + (max(begin, first) - first) * CELL
            b = x0 + (min(begin + axis.span, stop) - first) * CELL
            chosen = " gn-on" if on else ""
            body.append(
                path(f"M{a + 2} {y}H{b - 2}", "gn-dropped" if gone else f"gn-window{chosen}")
            )
            ahead = max(0, -(-(first - begin) // axis.dilation)) * axis.dilation
            cells = range(begin + ahead, min(begin + axis.span, stop), axis.dilation)
            places = [x0 + (c - first) * CELL for c in cells]
            kind = "gn-dropped-dot" if gone else f"gn-dot{chosen}"
            if axis.dilation > 1:
                body += [dot(x + CELL / 2, y, 2.6, kind) for x in places]
            if on:
                body += [box(x + 1, top + 1, CELL - 2, CELL - 2, "gn-reading") for x in places]
            if gone:
                text = words("sizes", lang)["dropped"]
                anchor = "end" if a > WIDTH - 70 else "start"
                body.append(note(min(a, WIDTH - 4), y + 14, text, "gn-small gn-warn", anchor))
        x0 += (stop - first) * CELL
        if len(parts) > 1 and stop < total:
            body.append(note(x0 + CELL * 1.5, top + 12, "⋯", "gn-muted"))
            x0 += CELL * 3
    height = top + CELL + 12 + rows * 8 + (14 if axis.dropped else 0)
    label = say("sizes", "cellsLabel", 0, axis.unread.text(lang=lang), lang=lang)
    return svg(WIDTH, height, label, "".join(body))


def _is_unread(axis, cell):
    y = cell + axis.pad_left
    if axis.dilation == 1 or axis.kernel_size == 1:
        window = min(y // axis.stride, axis.out - 1)
        return y >= window * axis.stride + axis.kernel_size
    starts = (y - place * axis.dilation for place in range(min(axis.kernel_size, 501)))
    end = axis.out * axis.stride
    return axis.kernel_size <= 500 and not any(
        0 <= start < end and start % axis.stride == 0 for start in starts
    )


def _overview(axis, width, lang):
    """The whole axis to scale: input above, output below, the first window between them."""
    total = max(axis.padded, axis.span, axis.out)
    unit = (width - 8) / total
    said = {"n": axis.size, "left": axis.pad_left, "right": axis.pad_right, "out": axis.out}
    above = say("sizes", "inputPadded" if axis.pad_left else "inputStrip", lang=lang, **said)
    below = say("sizes", "outputStrip", lang=lang, out=axis.out, one=axis.out == 1)
    shift = (total - axis.out) / 2
    a, b, right = 4 + shift * unit, 4 + (shift + 1) * unit, 4 + axis.span * unit
    body = [
        note(4, 12, above, "gn-small gn-muted", "start"),
        box(4, 18, axis.padded * unit, 20, "gn-pad"),
        box(4 + axis.pad_left * unit, 18, axis.size * unit, 20, "gn-cell"),
        path(f"M4.0 38L{a:.1f} 66H{b:.1f}L{right:.1f} 38Z", "gn-beam"),
        box(4, 16, max(axis.span * unit, 1.5), 24, "gn-reading"),
        box(a, 66, axis.out * unit, 20, "gn-result"),
        box(a, 64, max(unit, 1.5), 24, "gn-chosen"),
        note(4, 102, below, "gn-small gn-muted", "start"),
    ]
    label = say("sizes", "overviewLabel", lang=lang, window=0, **said)
    return svg(width, 108, label, "".join(body))


def _squares(axis, width, lang):
    """The square input and the square output, same scale."""
    total = max(axis.padded, axis.span)
    side = min(168, (width - 56) / (1 + axis.out / total))
    unit = side / total
    x = 2 + side + 30
    out, window, cell = (max(n * unit, 1.5) for n in (axis.out, axis.span, 1))
    y = 6 + (side - out) / 2
    inner, offset = axis.size * unit, axis.pad_left * unit
    body = [
        box(2, 6, axis.padded * unit, axis.padded * unit, "gn-pad"),
        box(2 + offset, 6 + offset, inner, inner, "gn-cell"),
        box(2, 6, window, window, "gn-reading"),
        path(f"M{x - 24:.1f} {_number(6 + side / 2)}h16m-5 -4l5 4l-5 4", "gn-arrow"),
        box(x, y, out, out, "gn-result"),
        box(x, y, cell, cell, "gn-chosen"),
        note(2 + side / 2, side + 21, f"{axis.size} × {axis.size}"),
        note(max(x + out / 2, x + 20), side + 21, f"{axis.out} × {axis.out}"),
    ]
    label = say("sizes", "squaresLabel", lang=lang, n=axis.size, out=axis.out)
    return svg(ceil(x + max(out, 60)), ceil(side + 26), label, "".join(body))
