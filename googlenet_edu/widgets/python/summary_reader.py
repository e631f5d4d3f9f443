"""The summary reader widget. Chapter: book/network/summary."""

from typing import Any, NamedTuple

import traitlets

from ...checks import SizeError, say
from ...costs import ledger
from .base import Choice, LiveWidget, Whole
from .static import table

__all__ = ["SummaryReader"]

COLUMNS = ("params", "mult-adds", "memory")


class Line(NamedTuple):
    """One line of the table: its layers are rows[first:stop]; leaf: it is a layer itself."""

    kind: str
    depth: int
    index: int
    first: int
    stop: int
    leaf: bool

    @property
    def title(self):
        return f"{self.kind}: {self.depth}-{self.index}" if self.depth else self.kind


class SummaryReader(LiveWidget):
    """Read torchinfo's table as a tree; open the sum behind each of its numbers.

    batch_size in images, image_size in px, num_classes; depth: levels shown (1 to 5); row: a line
    of the whole table, from 0; column: "params", "mult-adds" or "memory". Results: title, the
    line's name; value, the number explained (for memory in bytes; for a line with layers inside,
    forward and backward); lines, how many there are; total_params, total_mult_adds, input_bytes,
    forward_backward_bytes, param_bytes. Sizes that torch refuses are explained in error.
    Source: torchinfo 1.8. Chapter: book/network/summary.
    """

    _widget = "summary_reader"
    _settings = ("depth", "row", "column", "batch_size", "image_size", "num_classes")
    _results = {"title": ""} | dict.fromkeys(
        (
            "value", "lines", "total_params", "total_mult_adds", "input_bytes",
            "forward_backward_bytes", "param_bytes",
        )
    )  # fmt: skip

    depth = Whole(3, 1, 5).tag(sync=True)
    row = Whole(3, 0).tag(sync=True)
    column = Choice(COLUMNS, "params").tag(sync=True)
    batch_size = Whole(20, 1, 4096).tag(sync=True)
    image_size = Whole(224, 1, 4096).tag(sync=True)
    num_classes = Whole(1000, 1, 100_000).tag(sync=True)
    title = traitlets.Unicode(read_only=True)
    value = traitlets.Int(None, allow_none=True, read_only=True)
    lines = traitlets.Int(None, allow_none=True, read_only=True)
    total_params = traitlets.Int(None, allow_none=True, read_only=True)
    total_mult_adds = traitlets.Int(None, allow_none=True, read_only=True)
    input_bytes = traitlets.Int(None, allow_none=True, read_only=True)
    forward_backward_bytes = traitlets.Int(None, allow_none=True, read_only=True)
    param_bytes = traitlets.Int(None, allow_none=True, read_only=True)

    def _compute(self):
        found = self._ledger()
        tree = _tree(found.rows)
        if self.row >= len(tree):
            raise SizeError(say("summary_reader", "outside", self.row, len(tree), len(tree) - 1))
        line = tree[self.row]
        layers = found.rows[line.first : line.stop]
        if self.column == "params":
            value = sum(row.params for row in layers)
        elif self.column == "mult-adds":
            value = sum(row.torchinfo_mult_adds for row in layers)
        elif line.leaf:
            value = layers[0].activation_bytes
        else:
            value = 2 * sum(row.activation_bytes for row in layers if row.params)
        return {
            "title": line.title,
            "value": value,
            "lines": len(tree),
            "total_params": found.params,
            "total_mult_adds": found.torchinfo_mult_adds,
            "input_bytes": found.input_bytes,
            "forward_backward_bytes": found.forward_backward_bytes,
            "param_bytes": found.param_bytes,
        }

    def _values(self):
        label = self._words()["options"][self.column]
        return {"label": label, "memory": self.column == "memory"}

    def _draw(self):
        found, said = self._ledger(), self._words()
        rows = []
        for line in _tree(found.rows):
            if line.depth > self.depth:
                continue
            layers = found.rows[line.first : line.stop]
            params = sum(row.params for row in layers)
            closed = params and (line.leaf or line.depth == self.depth)
            work = sum(row.torchinfo_mult_adds for row in layers)
            shown = [f"{n:,}" if closed else "--" for n in (params, work)]
            shape = ", ".join(map(str, _out(layers, line)))
            rows.append(("\u2003" * line.depth + line.title, f"[{shape}]", *shown))
        options = said["options"]
        return table(rows, (said["layer"], said["output"], options["params"], options["mult-adds"]))

    def _rest(self):
        said = self._words()
        sizes: dict[str, Any] = {"input": self.input_bytes, "passes": self.forward_backward_bytes}
        sizes |= {"size": self.param_bytes}
        sizes["total"] = sum(sizes.values())
        rows = [
            (said["params"], f"{self.total_params:,}"),
            (said["madds"], f"{self.total_mult_adds:,}"),
        ]
        rows += [(f"{said[key]} (MB)", f"{size / 1e6:.2f}") for key, size in sizes.items()]
        return table(rows)

    def _ledger(self):
        return ledger(self.image_size, self.batch_size, self.num_classes)

    def _code(self):
        classes = "" if self.num_classes == 1000 else f"num_classes={self.num_classes}"
        return (
            f"summarize(GoogLeNet({classes}), ({self.batch_size}, 3, {self.image_size}, "
            f'{self.image_size}), depth={self.depth}, col_names=("output_size", "num_params", '
            '"mult_adds"))'
        )


def _tree(rows):
    """Return the lines of torchinfo's table for the layers of a ledger."""
    found = [["GoogLeNet", 0, 1, 0, len(rows), False]]
    opened, counts = [("", found[0])], {}
    for place, row in enumerate(rows):
        path = row.name.split(".")
        while len(opened) > 1 and not row.name.startswith(opened[-1][0] + "."):
            opened.pop()
        for depth in range(len(opened), len(path) + 1):
            leaf = depth == len(path)
            counts[depth] = counts.get(depth, 0) + 1
            kind = row.kind if leaf else _container(path[:depth], path[depth])
            line = [kind, depth, counts[depth], place, place + 1, leaf]
            found.append(line)
            if not leaf:
                opened.append((".".join(path[:depth]), line))
        for _, line in opened:
            line[4] = place + 1
    return [Line(*line) for line in found]


def _out(layers, line):
    """The shape that torchinfo prints: the last layer's; of an Inception block the joined map's."""
    shape = layers[-1].out_shape
    if line.kind != "Inception":
        return shape
    ends = {row.name.split(".")[1]: row.out_shape[1] for row in layers}
    return (shape[0], sum(ends.values()), *shape[2:])


def _container(path, child):
    if len(path) == 1 and path[0].startswith("inception"):
        return "Inception"
    if len(path) == 1 and path[0].startswith("aux"):
        return "AuxClf"
    return "BasicConv2d" if child == "conv" else "Sequential"
