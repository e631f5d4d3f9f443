"""The batch norm widget. Chapter: book/blocks/batch_norm."""

from math import sqrt

import traitlets

from ...checks import SizeError, number_text, say, short_number
from .base import Flag, LiveWidget, Number, Numbers
from .drawing import WIDTH, dot, note, path, svg
from .static import table

__all__ = ["BatchNorm"]

MOST = 1_000_000


class BatchNorm(LiveWidget):
    """Change one channel of a batch; see it normalized, and what the running values become.

    values: 1 to 32 numbers; weight and bias are gamma and beta; eps above 0; momentum from 0 to 1,
    the weight of the NEW batch; running_mean, running_var: before the batch; training: False uses
    the running values and leaves them alone. Results: outputs; mean and var, used to normalize (var
    is divided by n); new_running_mean, new_running_var (var divided by n - 1). One value in
    training is explained in error. Source: torch.nn.BatchNorm2d; Ioffe and Szegedy, arXiv
    1502.03167, Algorithm 1. Chapter: book/blocks/batch_norm.
    """

    _widget = "batch_norm"
    _settings = (
        "values", "training", "weight", "bias", "eps", "momentum", "running_mean", "running_var",
    )  # fmt: skip
    _results = {"outputs": []} | dict.fromkeys(
        ("mean", "var", "new_running_mean", "new_running_var")
    )

    values = Numbers([1, 2, 3, 6], 1, 32, minimum=-MOST, maximum=MOST).tag(sync=True)
    training = Flag(True).tag(sync=True)
    weight = Number(1.0, -MOST, MOST).tag(sync=True)
    bias = Number(0.0, -MOST, MOST).tag(sync=True)
    eps = Number(1e-5, maximum=MOST, above=0).tag(sync=True)
    momentum = Number(0.1, 0, 1).tag(sync=True)
    running_mean = Number(0.0, -MOST, MOST).tag(sync=True)
    running_var = Number(1.0, 0, MOST * MOST).tag(sync=True)
    outputs = traitlets.List(read_only=True)
    mean = traitlets.Float(None, allow_none=True, read_only=True)
    var = traitlets.Float(None, allow_none=True, read_only=True)
    new_running_mean = traitlets.Float(None, allow_none=True, read_only=True)
    new_running_var = traitlets.Float(None, allow_none=True, read_only=True)

    def _compute(self):
        n = len(self.values)
        if self.training and n < 2:
            raise SizeError(say("batch_norm", "one", n))
        mean, var = self.running_mean, self.running_var
        new_mean, new_var = mean, var
        if self.training:
            mean = sum(self.values) / n
            squares = sum((x - mean) * (x - mean) for x in self.values)
            var = squares / n
            keep = 1 - self.momentum
            new_mean = keep * self.running_mean + self.momentum * mean
            new_var = keep * self.running_var + self.momentum * (squares / (n - 1))
        root = sqrt(var + self.eps)
        return {
            "outputs": [(x - mean) / root * self.weight + self.bias for x in self.values],
            "mean": mean,
            "var": var,
            "new_running_mean": new_mean,
            "new_running_var": new_var,
        }

    def _draw(self):
        said = self._words()
        parts = ((self.values, "before", "gn-bar"), (self.outputs, "after", "gn-result"))
        return "".join(self._line(values, said[key], kind) for values, key, kind in parts)

    def _line(self, values, word, kind):
        low, high = min(*values, 0), max(*values, 0)

        def at(value):
            return 14 + (value - low) / ((high - low) or 1) * (WIDTH - 28)

        body = [
            note(4, 14, word, "gn-small gn-muted", "start"), path(f"M8 34H{WIDTH - 8}", "gn-arrow")
        ]  # fmt: skip
        for value in dict.fromkeys((low, 0, high)):
            anchor = "start" if value == low else "end" if value == high else "middle"
            body.append(path(f"M{at(value):.1f} 26V42", "gn-arrow"))
            anchor = "middle" if low == high else anchor
            body.append(note(at(value), 60, short_number(value), anchor=anchor))
        body += [dot(at(value), 34, 7, kind, ' fill-opacity="0.75"') for value in values]
        return svg(WIDTH, 66, self._say("drawing", word, values), "".join(body))

    def _rest(self):
        said = self._words()
        rows = [
            ("running_mean", short_number(self.running_mean), short_number(self.new_running_mean)),
            ("running_var", short_number(self.running_var), short_number(self.new_running_var)),
        ]
        return table(rows, ("", said["before"], said["after"]))

    def _code(self):
        x = "], [".join(map(number_text, self.values))
        named = (self.running_mean, self.running_var, self.weight, self.bias)
        tensors = ", ".join(f"torch.tensor([{number_text(one)}]).double()" for one in named)
        return (
            f"torch.nn.functional.batch_norm(torch.tensor([[{x}]], dtype=torch.double), {tensors}, "
            f"training={self.training}, momentum={number_text(self.momentum)}, "
            f"eps={number_text(self.eps)})"
        )
