"""The steps behind a size, as an object that prints well as text and in Jupyter.

`googlenet_edu.sizes` does the arithmetic and hands the numbers over; this module puts
them into words. Chapters: book/sizes/convolution and book/sizes/pooling.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, NamedTuple

from ..checks import decimal, say, show, words

__all__ = ["AxisSteps", "Explanation", "PlainSteps", "Step", "UnreadCells", "Window", "Windows"]

DILATED_SCAN_LIMIT = 100_000  # longest input whose dilated gaps are looked up cell by cell


class Step(NamedTuple):
    """One line of an explanation: what it computes, in words and numbers, and its value."""

    name: str
    text: str
    value: object


class Window(NamedTuple):
    """One window along one axis.

    start and stop are cell indices of the unpadded input, so start may be negative and stop
    may lie beyond the input. cells is how many real cells the window covers, divisor what an
    average pool divides by (padding counted or not, overhang of ceil_mode never).
    """

    index: int
    start: int
    stop: int
    cells: int
    divisor: int


class Windows(Sequence):
    """All windows along one axis, computed when asked for; nothing is stored."""

    def __init__(self, axis: "AxisSteps", count_include_pad: bool = True) -> None:
        self._axis = axis
        self._count_include_pad = count_include_pad

    def __len__(self):
        return self._axis.out

    def __getitem__(self, index: Any) -> Any:
        a = self._axis
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(a.out))]
        i = index + a.out if index < 0 else index
        if not 0 <= i < a.out:
            raise IndexError(f"window {index} does not exist: there are {a.out}.")
        start = i * a.stride - a.pad_left
        first = -(start // a.dilation) if start < 0 else 0  # first tap inside the input
        last = min(a.kernel_size - 1, (a.size - 1 - start) // a.dilation)
        cells = max(0, last - first + 1)
        padded = min(start + a.span, a.size + a.pad_right) - start
        divisor = padded if self._count_include_pad else cells
        return Window(i, start, start + a.span, cells, divisor)

    def __repr__(self):
        return f"<{show(self._axis.out)} windows of {show(self._axis.span)} cells>"


class UnreadCells:
    """The cells of one axis that no window ever reads (padding not counted).

    count is None when a dilated kernel meets an input longer than 100,000 cells: then the
    gaps are not looked up. ranges() yields them as Python ranges, cell indices from 0.
    """

    def __init__(self, axis: "AxisSteps") -> None:
        self._axis = axis
        self._simple = axis.dilation == 1 or axis.kernel_size == 1
        self.count = self._count()

    def _uncovered_before(self, position):
        # Positions 0 .. position-1 of the padded axis that no undilated window covers.
        a = self._axis
        end = (a.out - 1) * a.stride + a.kernel_size
        inside = min(position, end)
        gap = max(0, a.stride - a.kernel_size)
        rounds, rest = divmod(inside, a.stride)
        between = rounds * gap + (max(0, rest - a.kernel_size) if gap else 0)
        return between + max(0, position - end)

    def _scan(self):
        a = self._axis
        seen = bytearray(a.size)
        for tap in range(a.kernel_size):
            start = tap * a.dilation - a.pad_left
            stop = min(a.size, start + (a.out - 1) * a.stride + 1)
            first = start if start >= 0 else start + -(start // a.stride) * a.stride
            if first < stop:
                seen[first : stop : a.stride] = b"\1" * len(range(first, stop, a.stride))
        return seen

    def _count(self):
        a = self._axis
        if self._simple:
            return self._uncovered_before(a.size + a.pad_left) - self._uncovered_before(a.pad_left)
        if a.size > DILATED_SCAN_LIMIT:
            return None
        return self._scan().count(0)

    def ranges(self) -> Iterator[range]:
        """Yield the unread cells as ranges, from left to right."""
        a = self._axis
        if not self.count:
            return
        if self._simple:
            last = (a.out - 1) * a.stride + a.kernel_size - a.pad_left
            if a.stride > a.kernel_size:
                first = max(0, (a.pad_left - a.stride) // a.stride)
                for i in range(first, a.out - 1):
                    start = max(0, i * a.stride + a.kernel_size - a.pad_left)
                    stop = min(a.size, (i + 1) * a.stride - a.pad_left)
                    if start < stop:
                        yield range(start, stop)
                    if stop >= a.size:
                        return
            if last < a.size:
                yield range(max(0, last), a.size)
            return
        seen = self._scan()
        start = seen.find(0)
        while start >= 0:
            stop = seen.find(1, start)
            stop = a.size if stop < 0 else stop
            yield range(start, stop)
            start = seen.find(0, stop)

    def text(self, most: int = 4, lang: str = "en") -> str:
        """Say which cells are never read, listing at most a few ranges."""
        if not self.count:
            return words("sizes", lang)["unreadUnknown" if self.count is None else "unreadNone"]
        parts = []
        for cells in self.ranges():
            if len(parts) == most:
                parts.append("...")
                break
            first, last = show(cells.start), show(cells.stop - 1)
            parts.append(first if first == last else say("sizes", "range", first, last, lang=lang))
        values = {"count": show(self.count), "one": self.count == 1, "ranges": parts}
        return say("sizes", "unread", lang=lang, **values)

    def __len__(self):
        return self.count or 0

    def __iter__(self):
        for cells in self.ranges():
            yield from cells

    def __repr__(self):
        return f"<unread cells: {self.text()}>"


@dataclass(frozen=True)
class AxisSteps:
    """The arithmetic of a convolution or pool along one axis; every value is a plain int.

    name is "", "height" or "width"; room is what is left for the window to move in, whole is
    room / stride after floor or ceil, and dropped says that ceil_mode's last window was taken
    away again because it would have started in the right padding or beyond.
    """

    kind: str
    name: str
    size: int
    kernel_size: int
    stride: int
    pad_left: int
    pad_right: int
    dilation: int
    ceil_mode: bool
    room: int
    whole: int
    dropped: bool
    out: int
    count_include_pad: bool = True

    @property
    def padded(self) -> int:
        """Cells of the axis with its padding."""
        return self.size + self.pad_left + self.pad_right

    @property
    def span(self) -> int:
        """Cells from a window's first to its last tap: dilation * (kernel_size - 1) + 1."""
        return self.dilation * (self.kernel_size - 1) + 1

    @property
    def windows(self) -> Windows:
        """The windows along this axis, a lazy sequence of `Window`."""
        return Windows(self, self.count_include_pad)

    @property
    def unread(self) -> UnreadCells:
        """The input cells that no window reads, an `UnreadCells`."""
        return UnreadCells(self)

    @property
    def unused_padding(self) -> int:
        """Right padding cells beyond the end of the last window."""
        end = (self.out - 1) * self.stride + self.span
        return min(self.pad_right, max(0, self.padded - end))

    @property
    def steps(self) -> tuple[Step, ...]:
        """The calculation, line by line, with this axis's numbers."""
        return self.told("en")

    def told(self, lang):
        """Return the steps in a language of words.json, "en" or "zh"."""
        s = show
        names = words("sizes", lang)["names"]
        n, left, padded, whole = s(self.size), s(self.pad_left), s(self.padded), s(self.whole)
        span, room, out = s(self.span), s(self.room), s(self.out)
        given = {"n": n, "left": left, "right": s(self.pad_right), "padded": padded}
        padding = f"{n} + 2 × {left} = {padded}"
        if self.pad_left != self.pad_right:
            padding = say("sizes", "same", lang=lang, **given)
        rounding = "ceil" if self.ceil_mode else "floor"
        quotient = decimal(self.room, self.stride, lang)
        spread = f"{s(self.dilation)} × ({s(self.kernel_size)} - 1) + 1 = {span}"
        lines = [
            ("padded", padding, self.padded),
            ("span", spread, self.span),
            ("room", f"{padded} - {span} = {room}", self.room),
            ("strides", f"{room} / {s(self.stride)} = {quotient}", quotient),
            (rounding, f"{rounding}({quotient}) = {whole}", self.whole),
        ]
        windows = s(self.whole + 1)
        result = f"{whole} + 1 = {out}"
        if self.ceil_mode:
            start, limit = s(self.whole * self.stride), s(self.size + self.pad_left)
            given |= {"whole": whole, "stride": s(self.stride), "start": start, "limit": limit}
            last = say("sizes", "lastWindow", lang=lang, dropped=self.dropped, **given)
            lines.append(("windows", f"{whole} + 1 = {windows}", self.whole + 1))
            lines.append(("last", last, self.dropped))
            result = f"{windows} - 1 = {out}" if self.dropped else out
        lines.append(("out", result, self.out))
        if self.kind == "avg_pool":
            last = self.windows[-1]
            cells = {"cells": s(last.cells), "divisor": s(last.divisor)}
            lines.append(("divisor", say("sizes", "divisor", lang=lang, **cells), last.divisor))
        unread = self.unread
        lines.append(("unread", unread.text(lang=lang), unread.count))
        return tuple(Step(names[key], *line) for key, *line in lines)


class PlainSteps(NamedTuple):
    """The steps of one axis for sizes that need no window arithmetic."""

    name: str
    steps: tuple
    out: int = 0


class Explanation:
    """A size together with the steps that lead to it.

    out is the same int or (height, width) tuple that the matching function returns; axes holds
    one `AxisSteps` (or a plain step list for adaptive and transposed sizes) per axis. print() it
    for text; in Jupyter it displays as a table.
    """

    def __init__(self, call: str, out: Any, axes: Iterable[AxisSteps | PlainSteps]) -> None:
        self.call = call
        self.out = out
        self.axes = tuple(axes)

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps of all axes, in order."""
        return tuple(step for axis in self.axes for step in axis.steps)

    def __int__(self):
        return int(self.out)

    def __repr__(self):
        return f"<{self.call} = {self._out_text()}>"

    def _out_text(self):
        if isinstance(self.out, tuple):
            return "(" + ", ".join(show(o) for o in self.out) + ")"
        return show(self.out)

    def __str__(self):
        lines = [f"{self.call} = {self._out_text()}"]
        for axis in self.axes:
            if axis.name:
                lines.append(f"  {axis.name}")
            width = max(len(step.name) for step in axis.steps)
            lines += [f"  {step.name:<{width}}  {step.text}" for step in axis.steps]
        return "\n".join(lines)

    def _repr_html_(self):
        rows = []
        for axis in self.axes:
            if axis.name:
                rows.append(f'<tr><th colspan="2" scope="rowgroup">{axis.name}</th></tr>')
            rows += [
                f'<tr><th scope="row">{escape(step.name)}</th><td>{escape(step.text)}</td></tr>'
                for step in axis.steps
            ]
        return (
            '<table class="gn-steps"><caption><code>'
            f"{escape(self.call)} = {escape(self._out_text())}"
            f"</code></caption><tbody>{''.join(rows)}</tbody></table>"
        )
