"""The window that steps over numbers: convolution and pooling. Chapter: book/sizes/convolution."""

import math

import traitlets

from ...checks import say, short_number, words
from ...sizes import SizeError, conv_output_size, pool_output_size
from .base import Choice, LiveWidget, Whole
from .drawing import TEXT, WIDTH, box, note, svg
from .presets import EXAMPLE
from .static import answer

__all__ = ["SlidingWindow"]

X, WEIGHT, BIAS = EXAMPLE["x"], EXAMPLE["weight"], EXAMPLE["bias"]
CALLS = {"conv": "conv2d(x, weight, bias", "max": "max_pool2d(x, 3", "avg": "avg_pool2d(x, 3"}


class SlidingWindow(LiveWidget):
    """Step a 3×3 window over three channels of 5×5 numbers; see what each output cell is made of.

    mode: "conv" (two filters of 3×3×3 weights and a bias each), "max" or "avg" (each channel by
    itself); padding 0 to 2 and stride 1 to 3 in cells; channel, row and column: the output cell
    looked at, from 0. Results: out, the maps as lists [channel][row][column], and value, the cell
    looked at. A cell outside the map, or a pool's padding over half its window, is explained in
    error. Source: torch.nn.functional.conv2d, max_pool2d, avg_pool2d.
    Chapter: book/sizes/convolution.
    """

    _widget = "sliding_window"
    _settings = ("mode", "padding", "stride", "channel", "row", "column")
    _results = {"out": [], "value": None}

    mode = Choice(CALLS, "conv").tag(sync=True)
    padding = Whole(1, 0, 2).tag(sync=True)
    stride = Whole(1, 1, 3).tag(sync=True)
    channel = Whole(0, 0).tag(sync=True)
    row = Whole(0, 0).tag(sync=True)
    column = Whole(0, 0).tag(sync=True)
    out = traitlets.List(read_only=True)
    value = traitlets.Float(None, allow_none=True, read_only=True)

    @staticmethod
    def tensors():
        """Return x (1, 3, 5, 5), weight (2, 3, 3, 3) and bias (2,) as float tensors."""
        import torch

        x, weight, bias = (torch.tensor(numbers).float() for numbers in (X, WEIGHT, BIAS))
        return x[None], weight.view(2, 3, 3, 3), bias

    def _window(self, channel, row, column):
        """The nine numbers under the window; padding is 0, for max pooling minus infinity."""
        empty = -math.inf if self.mode == "max" else 0
        top, left = (at * self.stride - self.padding for at in (row, column))
        return [
            X[channel][y][x] if 0 <= y < 5 and 0 <= x < 5 else empty
            for y in range(top, top + 3)
            for x in range(left, left + 3)
        ]

    def _products(self, channel, row, column):
        """Three lists of nine products, one list for each input channel."""
        return [
            [x * w for x, w in zip(self._window(c, row, column), WEIGHT[channel][c], strict=True)]
            for c in range(3)
        ]

    def _value(self, *cell):
        if self.mode == "conv":
            return sum(map(sum, self._products(*cell))) + BIAS[cell[0]]
        read = self._window(*cell)
        return max(read) if self.mode == "max" else sum(read) / 9

    def _compute(self):
        if self.mode == "conv":
            maps, side = 2, conv_output_size(5, 3, self.stride, self.padding)
        else:
            maps, side = 3, pool_output_size(5, 3, self.stride, self.padding, kind=self.mode)
        for name, count in (("channel", maps), ("row", side), ("column", side)):
            if getattr(self, name) >= count:
                raise SizeError(say(self._widget, "outside", name, getattr(self, name), count - 1))
        places = range(side)
        out = [[[self._value(m, r, c) for c in places] for r in places] for m in range(maps)]
        return {"out": out, "value": out[self.channel][self.row][self.column]}

    def _answer(self):
        sentence = words("sliding_window", self.lang)["answer"]
        return sentence.format(**self.state, shown=_text(self.value))

    def _steps(self, t):
        window = self._window(self.channel, self.row, self.column)
        shown = _text(self.value)
        if self.mode == "max":
            return [(t["names"]["window"], f"max({', '.join(map(_text, window))}) = {shown}")]
        if self.mode == "avg":
            total = sum(window)
            return [
                (t["names"]["sum"], f"{' + '.join(map(str, window))} = {total}"),
                (t["names"]["mean"], f"{total} / 9 = {shown}"),
            ]
        lines, sums = [], []
        for c in range(3):
            read = self._window(c, self.row, self.column)
            weights = WEIGHT[self.channel][c]
            terms = " + ".join(f"{x}×{_signed(w)}" for x, w in zip(read, weights, strict=True))
            sums.append(sum(self._products(self.channel, self.row, self.column)[c]))
            lines.append((t["channel"].format(c), f"{terms} = {_text(sums[-1])}"))
        total = " + ".join(map(_signed, [*sums, BIAS[self.channel]]))
        return [*lines, (t["names"]["total"], f"{total} = {shown}")]

    def _frames(self):
        """The chosen cell, one in the middle, the last: what a page without JavaScript shows."""
        maps, side = len(self.out), len(self.out[0])
        middle = (self.channel, side // 2, side // 2)
        yield from dict.fromkeys(
            [(self.channel, self.row, self.column), middle, (maps - 1, side - 1, side - 1)]
        )

    def _rest(self):
        """The steps of the cell, then the other frames, for a page without JavaScript."""
        t = words("sliding_window", self.lang)
        parts = []
        for n, (channel, row, column) in enumerate(self._frames()):
            cell = {"channel": channel, "row": row, "column": column, "lang": self.lang}
            frame = type(self)(**self.state | cell)
            if n:
                drawing = f'<div class="gn-drawings">{frame._draw()}</div>'
                parts += [answer(frame._answer()), drawing]
            lines = "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in frame._steps(t))
            parts.append(f'<dl class="gn-steps-list">{lines}</dl>')
        return "".join(parts)

    def _draw(self):
        t = words("sliding_window", self.lang)
        unit, big, conv = 18, 24, self.mode == "conv"
        full, side = 5 + 2 * self.padding, len(self.out[0])
        height = (full + 8) * unit + 24 if conv else (full + 1) * unit + side * big + 24
        if conv:
            height = max(height, 2 * (side * big + 24))
        label = t["drawing"].format(**self.state, shown=_text(self.value))
        parts = []
        here = (self.row * self.stride, self.column * self.stride, 3)
        empty = "" if self.mode == "max" else "0"
        inside = range(-self.padding, 5 + self.padding)
        now = (self.channel * side + self.row) * side + self.column
        for c in range(3):
            x = c * (full + 1) * unit + 2
            middle = x + (full - 3) * unit / 2
            parts.append(note(x, 12, t["input"].format(c), anchor="start"))
            parts.append(box(x, 18, full * unit, full * unit, "gn-pad"))
            pixels = [
                [str(X[c][i][j]) if 0 <= i < 5 and 0 <= j < 5 else empty for j in inside]
                for i in inside
            ]
            mark = here if conv or c == self.channel else None
            _grid(parts, x, 18, unit, pixels, "gn-cell", mark, self.padding)
            if conv:
                products = self._products(self.channel, self.row, self.column)
                for shift, nine in ((1, WEIGHT[self.channel]), (5, products)):
                    three = [list(map(_text, nine[c][i : i + 3])) for i in (0, 3, 6)]
                    y = 18 + (full + shift) * unit
                    _grid(parts, middle, y, unit, three, "gn-out-of-reach")
                    if c == 2:
                        name = t["names"]["products"] if shift == 5 else t["times"]
                        parts.append(
                            note(middle + 62, y + 31, name.format(self.channel), anchor="start")
                        )
        for m, values in enumerate(self.out):
            if conv:
                x, y = (3 * full + 5) * unit, 18 + m * (side * big + 24)
                parts.append(note(x, y - 6, t["map"].format(m), anchor="start"))
            else:
                x = m * (full + 1) * unit + (full * unit - side * big) / 2 + 2
                y = 18 + (full + 1) * unit
            shown = [
                [
                    _text(round(v, 1)) if (m * side + r) * side + c <= now else ""
                    for c, v in enumerate(line)
                ]
                for r, line in enumerate(values)
            ]
            mark = (self.row, self.column, 1) if m == self.channel else None
            _grid(parts, x, y, big, shown, "gn-out-of-reach", mark)
        return svg(WIDTH, height, label, "".join(parts))

    def _code(self):
        return (
            "x, weight, bias = SlidingWindow.tensors()\n"
            f"torch.nn.functional.{CALLS[self.mode]}, stride={self.stride}, padding={self.padding})"
        )


def _grid(parts, x, y, unit, rows, kind, mark=None, border=0):
    """Cells with their texts: one line of text a row, so that three frames stay small."""
    n = len(rows)
    inner = (n - 2 * border) * unit
    parts.append(box(x + border * unit, y + border * unit, inner, inner, kind))
    lines = "".join(
        f"M{x:g} {y + i * unit:g}h{n * unit}M{x + i * unit:g} {y:g}v{n * unit}"
        for i in range(n + 1)
    )
    parts.append(f'<path d="{lines}" class="gn-lines" stroke="#ccd4e0"/>')
    if mark:
        row, column, wide = mark
        wide *= unit
        parts.append(box(x + column * unit, y + row * unit, wide, wide, "gn-reading"))
    parts.append('<g text-anchor="middle" ' + TEXT + ">")
    for r, line in enumerate(rows):
        spans = [
            f'<tspan x="{x + (c + 0.5) * unit:g}">{text}</tspan>'
            for c, text in enumerate(line)
            if len(text) > 1
        ]
        single = [c for c, text in enumerate(line) if len(text) == 1]
        places = " ".join(f"{x + (c + 0.5) * unit:g}" for c in single)
        parts.append(
            f'<text x="{places}" y="{y + (r + 0.5) * unit + 4:g}">'
            f"{''.join(line[c] for c in single)}{''.join(spans)}</text>"
        )
    parts.append("</g>")


def _text(number):
    return "−∞" if number == -math.inf else short_number(number).replace("-", "−")


def _signed(number):
    return f"({_text(number)})" if number < 0 else _text(number)
