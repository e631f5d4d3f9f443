"""Curves of several runs with their spread; `plots` offers them."""

from html import escape
from math import floor, isfinite, log10
from numbers import Real

from .svg import COLOUR, INK, MUTED, Drawing, box, line, number, polygon, text

__all__ = ["curve_chart"]

_DASHES = ("", "7 4", "2 4", "9 3 2 3")
_WIDTH, _HEIGHT, _LEFT, _GAP = 640, 150, 50, 26


def curve_chart(panels, x_label="epoch", *, limits=None, columns=2):
    """Return a `Drawing` of curves: for each series the mean of its runs, and their spread.

    The band reaches from the smallest run to the largest. Series differ by colour, dashes and
    marks, so that no one needs the colour. x counts from 1.

    Args:
        panels: {title: {series: runs}}; runs is a list of curves, one a run, all of one length. A
            number that is missing or not finite (a run that diverged) is left out.
        x_label: what x counts.
        limits: {title: (lowest, highest)} of the y axis; without, from 0 to the largest number.
            What lies outside is drawn at the edge.
        columns: panels side by side, 1 to 3.

    Raises: ValueError for no curves, more than four series, or curves of different lengths.
    Chapter: book/blocks/bn_versus_lrn.
    """
    panels = {str(title): dict(series) for title, series in panels.items()}
    names = list(dict.fromkeys(str(name) for series in panels.values() for name in series))
    if not names or len(names) > 4:
        raise ValueError(
            f"A curve chart needs one to four series, but got {len(names)}: draw fewer at a time."
        )
    if columns not in (1, 2, 3):
        raise ValueError(f"columns must be 1, 2 or 3, but got {columns!r}.")
    columns = min(columns, len(panels))
    lengths = {len(run) for one in panels.values() for runs in one.values() for run in runs}
    if len(lengths) != 1 or 0 in lengths:
        raise ValueError(
            f"All curves must have the same number of points, one or more, but got "
            f"{sorted(lengths)}: cut or complete them."
        )
    count = lengths.pop()
    parts, x = [], 0.0
    for i, name in enumerate(names):
        parts += [_stroke([(x, 9), (x + 30, 9)], i), _mark(x + 15, 9, i)]
        parts.append(text(x + 37, 13.5, escape(name), "start", 13))
        x += 62 + 7.6 * len(name)
    wide = (_WIDTH - 8 - (columns - 1) * _GAP) / columns
    told = []
    for place, (title, series) in enumerate(panels.items()):
        row, column = divmod(place, columns)
        at = (column * (wide + _GAP) + _LEFT, 58 + row * (_HEIGHT + 66))
        drawn, words = _panel(title, series, names, at, wide - _LEFT, count, x_label, limits)
        parts += drawn
        told.append(f"{title}: {words}")
    rows = -(-len(panels) // columns)
    alt = f"Curves over {count} {x_label}s, mean of the runs and, in brackets, their spread. "
    alt += " ".join(told)
    least = 520 if columns > 1 else 320
    return Drawing("".join(parts), _WIDTH, 30 + rows * (_HEIGHT + 66), alt, least)


def _panel(title, series, names, at, wide, count, x_label, limits):
    left, top = at
    curves = {
        str(name): [[n for n in at_x if _usable(n)] for at_x in zip(*runs, strict=True)]
        for name, runs in series.items()
    }
    everything = [n for points in curves.values() for at_x in points for n in at_x]
    low, high = (limits or {}).get(title, (0, max(everything, default=0) or 1))
    step = _step((high - low) / 3)
    ticks = [low + step * i for i in range(int((high - low) / step + 1e-9) + 1)]
    right, bottom = left + wide, top + _HEIGHT

    def x_of(i):
        return left + 8 + (wide - 16) * (i / (count - 1) if count > 1 else 0.5)

    def y_of(value):
        return bottom - _HEIGHT * (min(max(value, low), high) - low) / (high - low)

    parts = [text(left, top - 10, escape(title), "start", 13, font_weight="600")]
    for tick in ticks:
        y = y_of(tick)
        parts.append(
            line(f"M{number(left)} {number(y)}H{number(right)}", stroke_width="1",
                 stroke_opacity="0.45")
        )  # fmt: skip
        parts.append(text(left - 7, y + 4.5, _short(tick), "end", 12.5, MUTED))
    every = -(-count // 12)
    for i in range(0, count, every):
        parts.append(text(x_of(i), bottom + 17, i + 1, size=12.5, fill=MUTED))
    parts.append(text(left + wide / 2, bottom + 33, escape(x_label), size=12.5, fill=MUTED))
    lines, words = [], []
    for name, points in curves.items():
        i = names.index(name)
        kept = [(x_of(x), at_x) for x, at_x in enumerate(points) if at_x]
        if not kept:
            words.append(f"{name} has no finite number")
            continue
        if any(len(at_x) > 1 for _, at_x in kept):
            edge = [(x, y_of(max(a))) for x, a in kept] + [(x, y_of(min(a))) for x, a in kept[::-1]]
            parts.append(polygon(edge, COLOUR[f"branch{i + 1}"], fill_opacity="0.18"))
        middle = [(x, y_of(sum(a) / len(a))) for x, a in kept]
        lines.append(_stroke(middle, i))
        lines += [
            _mark(x, y, i, f"{name}, {x_label} {k + 1}: {_spread(points[k])}")
            for (x, y), k in zip(middle, [k for k, p in enumerate(points) if p], strict=True)
        ]
        first, last = points[0], points[-1]
        end = _spread(last) if last else "no finite number"
        begin = _spread(first) if first else "no finite number"
        words.append(f"{name} from {begin} to {end}")
    return parts + lines, "; ".join(words) + "."


def _usable(value):
    return isinstance(value, Real) and isfinite(value)


def _spread(values):
    mean = sum(values) / len(values)
    if min(values) == max(values):
        return _short(mean)
    return f"{_short(mean)} ({_short(min(values))} to {_short(max(values))})"


def _short(value):
    """Three digits that count, without an exponent where it can be."""
    if value == 0:
        return "0"
    if abs(value) >= 1e5:
        return f"{value:.1e}"
    digits = max(0, 2 - floor(log10(abs(value))))
    words = f"{value:,.{digits}f}"
    return words.rstrip("0").rstrip(".") if "." in words else words


def _step(rough):
    """The next of 1, 2, 2.5, 5 times a power of ten."""
    power = 10 ** floor(log10(rough))
    return next(power * n for n in (1, 2, 2.5, 5, 10) if power * n >= rough * 0.999)


def _stroke(pairs, i):
    path = "M" + "L".join(f"{number(x)} {number(y)}" for x, y in pairs)
    dash = {"stroke_dasharray": _DASHES[i]} if _DASHES[i] else {}
    return line(path, stroke=COLOUR[f"branch{i + 1}"], stroke_width="2.2", **dash)


def _mark(x, y, i, title=""):
    colour, ring = COLOUR[f"branch{i + 1}"], {"stroke": INK, "stroke_width": "0.6"}
    if i == 1:
        return box(x - 3.4, y - 3.4, 6.8, 6.8, colour, title, **ring)
    corners = {
        0: ((-3, -3), (0, -4.2), (3, -3), (4.2, 0), (3, 3), (0, 4.2), (-3, 3), (-4.2, 0)),
        2: ((-4.4, 3.6), (4.4, 3.6), (0, -4.4)),
        3: ((-4.6, 0), (0, -4.6), (4.6, 0), (0, 4.6)),
    }[i]
    shape = polygon([(x + dx, y + dy) for dx, dy in corners], colour, **ring)
    return shape.replace("/>", f"><title>{escape(title)}</title></polygon>") if title else shape
