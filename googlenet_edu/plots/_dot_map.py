"""A map of results: one cell a setting, one dot a run; `plots` offers it."""

from html import escape

from .svg import COLOUR, INK, Drawing, box, line, number, polygon, text

__all__ = ["dot_map"]

_ROW, _HEAD, _GROUP = 34, 52, 28


def dot_map(groups, rows, columns, values, *, low=0, high=100, unit="%", title=""):
    """Return a `Drawing` of a table of settings: each cell shows its runs as dots and their mean.

    The dots stand on a line from low to high; the cell's tint grows with the mean, which is also
    written.

    Args:
        groups: names of the bands of rows; each holds all rows.
        rows, columns: their names.
        values: {(group, row, column): list of numbers, one a run}.
        low, high: ends of each cell's line. unit: written behind the means.
        title: written above.

    Raises: ValueError for a cell without a number.
    Chapter: book/blocks/bn_versus_lrn.
    """
    left = 26 + 7.6 * max(map(len, rows))
    wide = (640 - left) / len(columns)
    parts, y, told = [], 18, []
    if title:
        parts.append(text(0, 14, escape(title), "start", 14, font_weight="600"))
        y = 40
    for j, column in enumerate(columns):
        parts.append(text(left + wide * j + 6, y, escape(column), "start", 13, font_weight="600"))
    y += 8
    for group in groups:
        parts.append(text(0, y + 18, escape(group), "start", 13, font_weight="600"))
        y += _GROUP
        for row in rows:
            parts.append(text(left - 10, y + _ROW / 2 + 4, escape(row), "end", 13))
            words = []
            for j, column in enumerate(columns):
                cell = list(values.get((group, row, column), ()))
                if not cell:
                    raise ValueError(f"The map has no number for {group}, {row}, {column}.")
                mean = sum(cell) / len(cell)
                parts += _cell(left + wide * j, y, wide, cell, mean, low, high, unit)
                words.append(f"{column} {mean:.0f}{unit} ({min(cell):.0f} to {max(cell):.0f})")
            told.append(f"{group}, {row}: " + ", ".join(words) + ".")
            y += _ROW
        y += 6
    alt = f"{title or 'Map of results'}: mean of the runs, and their spread. " + " ".join(told)
    return Drawing("".join(parts), 640, y + 4, alt, 560)


def _cell(x, y, wide, cell, mean, low, high, unit):
    share = min(max((mean - low) / (high - low), 0), 1)
    ground = box(
        x + 1, y + 1, wide - 4, _ROW - 3, COLOUR["branch1"],
        ", ".join(f"{one:.1f}{unit}" for one in cell),
        fill_opacity=number(share * 0.4) if share > 0.12 else "0",
        stroke=COLOUR["stem"], stroke_opacity="0.5", rx="3",
    )  # fmt: skip
    start, room = x + 50, wide - 62
    middle = y + _ROW / 2
    parts = [
        ground,
        line(f"M{number(start)} {number(middle)}h{number(room)}", stroke_width="1"),
        text(x + 44, middle + 4.5, f"{mean:.0f}{unit}", "end", 13, font_weight="600"),
    ]
    for one in cell:
        at = start + room * min(max((one - low) / (high - low), 0), 1)
        corners = ((-3, -3), (0, -4.2), (3, -3), (4.2, 0), (3, 3), (0, 4.2), (-3, 3), (-4.2, 0))
        parts.append(
            polygon([(at + dx, middle + dy) for dx, dy in corners], COLOUR["branch3"],
                    stroke=INK, stroke_width="0.7")
        )  # fmt: skip
    return parts
