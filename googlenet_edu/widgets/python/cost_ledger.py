"""The cost ledger widget. Chapter: book/network/table1."""

from html import escape

import traitlets

from ...costs import ledger
from .base import Choice, Flag, LiveWidget, Whole
from .presets import network_table
from .static import Markup, table

__all__ = ["CostLedger"]

COLUMNS = {"params": "params", "multiply-adds": "multiply_adds", "memory": "activation_bytes"}
COST_WORDS = {"params": "params", "multiply-adds": "madds", "memory": "bytes"}
BAR = '<span class="gn-costbar" style="width:{:.1f}px"></span>'


class CostLedger(LiveWidget):
    """Change the image, the batch and the classes; see what every block costs.

    image_size in px (1 to 4096); batch_size in images (0 to 4096); num_classes; aux: with the two
    auxiliary classifiers, which fit `architecture.HEAD_IMAGES`; show: "params", "multiply-adds" or
    "memory" (bytes of the outputs); sort: "order" or "largest". Results: params, multiply_adds,
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

    def _draw(self):
        said, column = self._words(), COLUMNS[self.show]
        blocks = self._ledger().blocks
        if self.sort == "largest":
            blocks = sorted(blocks, key=lambda block: -getattr(block, column))
        total, most = getattr(self, column), max(1, *(getattr(one, column) for one in blocks))
        place = {"params": 0, "multiply-adds": 1}.get(self.show)
        rows = []
        for block in blocks:
            cost, printed = getattr(block, column), network_table()["paper"].get(block.name)
            rows.append((
                block.name.removeprefix("inception"), f"{cost:,}",
                f"{100 * cost / total:.1f}%" if total else "0.0%",
                Markup(BAR.format(100 * cost / most)),
                "" if place is None or not printed else printed[place],
            ))  # fmt: skip
        unit = said["value"][COST_WORDS[self.show]]
        head = (said["block"], unit, said["share"], said["drawing"], said["paper"])
        return table(rows, head) + f'<p class="gn-muted">{escape(said["note"])}</p>'

    def _code(self):
        return f"ledger({self.image_size}, {self.batch_size}, {self.num_classes}, {self.aux})"
