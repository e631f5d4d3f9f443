"""The batch norm widget. Chapter: book/blocks/batch_norm."""

from math import sqrt

import traitlets

from ...checks import SizeError, list_text, number_text, say, short_number
from .base import Flag, LiveWidget, Number, Numbers
from .static import SVG, answer, table

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

    def _body(self):
        lines = []
        for word, numbers in (("before", self.values), ("after", self.outputs)):
            low, high = min(*numbers, 0), max(*numbers, 0)
            drawing = SVG(640, 44, f"The values {word}, on a line: {list_text(numbers)}")
            drawing.text(4, 12, f"{word}: {short_number(low)} to {short_number(high)}")
            for one in numbers:
                drawing.box(8 + (one - low) / ((high - low) or 1) * 614, 18, 10, 22, "gn-bar")
            lines.append(str(drawing))
        rows = [
            ("running_mean", short_number(self.running_mean), short_number(self.new_running_mean)),
            ("running_var", short_number(self.running_var), short_number(self.new_running_var)),
        ]
        return answer(self._answer()) + "".join(lines) + table(rows, ("", "before", "after"))

    def _code(self):
        x = "], [".join(map(number_text, self.values))
        named = (self.running_mean, self.running_var, self.weight, self.bias)
        tensors = ", ".join(f"torch.tensor([{number_text(one)}]).double()" for one in named)
        return (
            f"torch.nn.functional.batch_norm(torch.tensor([[{x}]], dtype=torch.double), {tensors}, "
            f"training={self.training}, momentum={number_text(self.momentum)}, "
            f"eps={number_text(self.eps)})"
        )
