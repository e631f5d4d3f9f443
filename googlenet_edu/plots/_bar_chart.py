"""Horizontal bars with their values; `plots` offers them."""

from html import escape
from math import isfinite
from numbers import Real

from .svg import COLOUR, MUTED, Drawing, box, text

__all__ = ["bar_chart"]


def bar_chart(labels, values, unit="", title=""):
    """Return a `Drawing` of horizontal bars, each with its value written beside it.

    Args:
        labels: one text per bar.
        values: one number per bar, 0 or more; or {series: numbers} for several bars per label.
        unit: written behind the numbers in words and in the title, such as "multiply-adds".
        title: written above the bars.

    Raises: ValueError for numbers that cannot be drawn, or another count of them than labels.
    Chapter: book/network/summary.
    """
    labels = [str(label) for label in labels]
    series = values if isinstance(values, dict) else {"": values}
    series = {str(name): list(numbers) for name, numbers in series.items()}
    if not labels or not series or len(series) > 4:
        raise ValueError("A bar chart needs at least one label, and one to four series of values.")
    for numbers in series.values():
        if len(numbers) != len(labels):
            raise ValueError(
                f"There must be one value for each of the {len(labels)} labels, but got "
                f"{len(numbers)}: give as many values as labels."
            )
        for one in numbers:
            real = isinstance(one, Real) and not isinstance(one, bool)
            if not real or not isfinite(one) or one < 0:
                raise ValueError(
                    f"Values must be numbers from 0 up, but got {one!r}: leave out what cannot "
                    "be drawn."
                )
    several = len(series) > 1
    thick, row = (13, 13 * len(series) + 12) if several else (17, 26)
    longest = max(len(_value(n)) for numbers in series.values() for n in numbers)
    start = 14 + 7.4 * max(map(len, labels))
    room = 640 - start - 14 - 7.4 * longest
    if room < 120:
        raise ValueError("The labels leave no room for the bars: shorten them.")
    most = max((n for numbers in series.values() for n in numbers), default=0) or 1
    y = 10
    parts = []
    heading = f"{title}, {unit}" if title and unit else title or unit
    if heading:
        parts.append(text(0, 16, escape(heading), "start", 14, font_weight="600"))
        y = 34
    if several:
        x = 0.0
        for i, name in enumerate(series, 1):
            parts.append(box(x, y - 2, 11, 11, COLOUR[f"branch{i}"]))
            parts.append(text(x + 17, y + 8.5, escape(name), "start", 13))
            x += 40 + 7.2 * len(name)
        y += 24
    for i, label in enumerate(labels):
        middle = y + thick * len(series) / 2
        parts.append(text(start - 8, middle + 4.5, escape(label), "end"))
        for j, (name, numbers) in enumerate(series.items()):
            long = room * numbers[i] / most
            at = y + thick * j
            tip = (
                f"{label}, {name}: {_value(numbers[i])}"
                if name
                else f"{label}: {_value(numbers[i])}"
            )
            parts.append(box(start, at, max(long, 1), thick - 2, COLOUR[f"branch{j + 1}"], tip))
            words = _value(numbers[i])
            parts.append(text(start + long + 7, at + thick / 2 + 3.5, words, "start", 12.5, MUTED))
        y += row
    told = "; ".join(
        (f"{name}: " if name else "")
        + ", ".join(f"{label} {_value(n)}" for label, n in zip(labels, numbers, strict=True))
        for name, numbers in series.items()
    )
    return Drawing(
        "".join(parts), 640, y, f"Bar chart. {heading + ': ' if heading else ''}{told}.", 480
    )


def _value(value):
    """Write a number: whole ones with thousands separators, others with two decimals at most."""
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.2f}".rstrip("0").rstrip(".") if value >= 0.01 else f"{value:.2g}"
