"""The cost ledger widget. Chapter: book/network/table1."""

import traitlets

from ...costs import ledger
from .base import Choice, Flag, LiveWidget, Whole
from .presets import network_table
from .static import answer, table

__all__ = ["CostLedger"]

COLUMNS = {"params": "params", "multiply-adds": "multiply_adds", "memory": "activation_bytes"}


class CostLedger(LiveWidget):
    """Change the image, the batch and the classes; see what every block costs.

    image_size in px (1 to 4096); batch_size in images (0 to 4096); num_classes; aux: with the two
    auxiliary classifiers, which fit `architecture.HEAD_IMAGES`; show: "params", "multiply-adds"
    or "memory" (bytes of the outputs); sort: "order" or "largest". Results: params, multiply_adds,
    activation_bytes of the whole network. Sizes that break the chain are explained in error.
    Source: `costs.ledger`; Szegedy et al., arXiv 1409.4842, Table 1. Chapter: book/network/table1.
    """

    _widget = "cost_ledger"
    _settings = ("image_size", "batch_size", "num_classes", "show", "sort", "aux")
    _results = dict.fromkeys(COLUMNS.values())

    image_size = Whole(224, 1, 4096).tag(sync=True)
    batch_size = Whole(1, 0, 4096).tag(sync=True)
    num_classes = Whole(1000, 1, 100_000).tag(sync=True)
    show = Choice(tuple(COLUMNS), "multiply-adds").tag(sync=True)
    sort = Choice(("order", "largest"), "order").tag(sync=True)
    aux = Flag(True).tag(sync=True)
    params = traitlets.Int(None, allow_none=True, read_only=True)
    multiply_adds = traitlets.Int(None, allow_none=True, read_only=True)
    activation_bytes = traitlets.Int(None, allow_none=True, read_only=True)

    def _ledger(self):
        return ledger(self.image_size, self.batch_size, self.num_classes, self.aux)

    def _compute(self):
        found = self._ledger()
        return {name: getattr(found, name) for name in COLUMNS.values()}

    def _answer(self):
        return (
            f"{self.params:,} parameters, {self.multiply_adds:,} multiply-adds, "
            f"{self.activation_bytes / 1e6:.2f} MB of activations"  # pyright: ignore
        )

    def _body(self):
        column = COLUMNS[self.show]
        blocks = self._ledger().blocks
        if self.sort == "largest":
            blocks = sorted(blocks, key=lambda block: -getattr(block, column))
        total = getattr(self, column) or 1
        paper = network_table()["paper"]
        place = {"params": 0, "multiply-adds": 1}.get(self.show)
        rows = [
            (
                block.name.removeprefix("inception"),
                f"{getattr(block, column):,}",
                f"{100 * getattr(block, column) / total:.1f}%",
                paper[block.name][place] if place is not None and block.name in paper else "",
            )
            for block in blocks
        ]
        unit = "bytes" if self.show == "memory" else self.show
        head = ("block", unit, "share", "Table 1 (one image, 224 px)")
        return answer(self._answer()) + table(rows, head)

    def _code(self):
        return f"ledger({self.image_size}, {self.batch_size}, {self.num_classes}, {self.aux})"
