"""The LRN widget. Chapter: book/blocks/lrn."""

import traitlets

from ...checks import SizeError, number_text, say, short_number
from .base import Flag, LiveWidget, Number, Numbers, Whole
from .drawing import WIDTH, box, legend, note, svg
from .static import table

__all__ = ["LRN"]

MOST = 1_000_000


class LRN(LiveWidget):
    """Change the channels of one place; see what their neighbors divide them by.

    values: 1 to 32 numbers, one per channel; channel: the one looked at, from 0; size: channels
    in the window (1 to 32); alpha, beta, k as in torch.nn.LocalResponseNorm; divide_by_size: False
    gives TensorFlow's and AlexNet's form, where alpha is not divided. Results: outputs and
    denominators. A denominator of 0 is explained in error.
    Source: torch.nn.LocalResponseNorm; Krizhevsky et al. 2012, section 3.3.
    Chapter: book/blocks/lrn.
    """

    _widget = "lrn"
    _settings = ("values", "channel", "size", "alpha", "beta", "k", "divide_by_size")
    _results = {"outputs": [], "denominators": []}

    values = Numbers([1, 2, 30, 2, 1, 0.5], 1, 32, minimum=-MOST, maximum=MOST).tag(sync=True)
    channel = Whole(1, 0).tag(sync=True)
    size = Whole(5, 1, 32).tag(sync=True)
    alpha = Number(1e-4, 0, MOST).tag(sync=True)
    beta = Number(0.75, 0, 10).tag(sync=True)
    k = Number(1.0, 0, MOST).tag(sync=True)
    divide_by_size = Flag(True).tag(sync=True)
    outputs = traitlets.List(read_only=True)
    denominators = traitlets.List(read_only=True)

    def _window(self, channel):
        """Return the first channel of a window and the one after its last."""
        below, above = self.size // 2, (self.size - 1) // 2
        return max(0, channel - below), min(len(self.values), channel + above + 1)

    def _compute(self):
        n = len(self.values)
        if self.channel >= n:
            raise SizeError(say("lrn", "outside", channel=self.channel, n=n, last=n - 1))
        denominators = []
        for channel in range(n):
            first, stop = self._window(channel)
            total = sum(x * x for x in self.values[first:stop])
            if self.divide_by_size:
                total = total / self.size
            denominators.append((self.k + self.alpha * total) ** self.beta)
            if denominators[-1] < 1e-100:
                raise SizeError(say("lrn", "zero", channel))
        outputs = [x / by for x, by in zip(self.values, denominators, strict=True)]
        return {"outputs": outputs, "denominators": denominators}

    def _values(self):
        first, stop = self._window(self.channel)
        before, after = (numbers[self.channel] for numbers in (self.values, self.outputs))
        return {"before": before, "after": after, "from": first, "to": stop - 1}

    def _draw(self):
        numbers = [*self.values, *self.outputs, 0]
        low, high = min(numbers), max(numbers)
        unit = 120 / ((high - low) or 1)
        wide, zero = (WIDTH - 8) / len(self.values), 12 + high * unit
        first, stop = self._window(self.channel)
        body = [box(4 + first * wide, 4, (stop - first) * wide, 136, "gn-reading")]
        for i, pair in enumerate(zip(self.values, self.outputs, strict=True)):
            x = 4 + i * wide
            for value, shift, kind in zip(pair, (0.12, 0.52), ("gn-bar", "gn-result"), strict=True):
                tall = max(1, abs(value) * unit)
                top = zero - max(value, 0) * unit
                body.append(box(x + shift * wide, top, 0.36 * wide, tall, kind))
            if wide > 14 or i % 4 == 0:
                strong = " gn-strong" if i == self.channel else ""
                body.append(note(x + wide / 2, 156, i, f"gn-small{strong}"))
        label = self._say("drawing", n=len(self.values), channel=self.channel)
        return svg(WIDTH, 162, label, "".join(body)) + legend(self._words()["legend"])

    def _rest(self):
        rows = [
            (i, *map(short_number, row))
            for i, row in enumerate(zip(self.values, self.denominators, self.outputs, strict=True))
        ]
        said = self._words()
        return table(rows, [said[key] for key in ("channel", "before", "divisor", "after")])

    def _code(self):
        alpha = number_text(self.alpha) + ("" if self.divide_by_size else f" * {self.size}")
        x = ", ".join(map(number_text, self.values))
        return (
            f"torch.nn.functional.local_response_norm(torch.tensor([{x}]).double()"
            f".view(1, -1, 1, 1), size={self.size}, alpha={alpha}, beta={number_text(self.beta)}, "
            f"k={number_text(self.k)}).flatten()"
        )
