"""The receptive field widget. Chapter: book/sizes/receptive_field."""

import traitlets

from ...architecture import BACKBONE, VARIANTS, InceptionSpec
from ...costs.counting import Walk
from ...sizes import SizeError, receptive_field
from .base import Choice, LiveWidget, Whole
from .static import SVG, answer, table

__all__ = ["ReceptiveField"]

NAMES = tuple(spec.name for spec in BACKBONE)


class ReceptiveField(LiveWidget):
    """Choose a layer and a cell of its map; see the square of the image that the cell depends on.

    layer: a name of `architecture.BACKBONE`; cell_x, cell_y: counted from 0; image_size in px (1
    to 4096). Results: size and jump in px; start, where the first cell's field begins (negative:
    in the padding); seen_x and seen_y, [first, last + 1] of the chosen cell. A cell outside the
    map is explained in error. Source: Dumoulin and Visin, arXiv 1603.07285.
    Chapter: book/sizes/receptive_field.
    """

    _widget = "receptive_field"
    _settings = ("layer", "cell_x", "cell_y", "image_size")
    _results = dict.fromkeys(("size", "jump", "start")) | {"seen_x": [], "seen_y": []}

    layer = Choice(NAMES, "inception5b").tag(sync=True)
    cell_x = Whole(3, 0).tag(sync=True)
    cell_y = Whole(3, 0).tag(sync=True)
    image_size = Whole(224, 1, 4096).tag(sync=True)
    size = traitlets.Int(None, allow_none=True, read_only=True)
    jump = traitlets.Int(None, allow_none=True, read_only=True)
    start = traitlets.Int(None, allow_none=True, read_only=True)
    seen_x = traitlets.List(read_only=True)
    seen_y = traitlets.List(read_only=True)

    def _compute(self):
        layers = BACKBONE[: NAMES.index(self.layer) + 1]
        walk = Walk(VARIANTS["article"], 1)
        shape = (1, 3, self.image_size, self.image_size)
        for spec in layers:
            if not isinstance(spec, InceptionSpec):
                shape = walk.step(spec.name, spec.name, spec, shape)
        side = shape[-1]
        for name in ("cell_x", "cell_y"):
            if getattr(self, name) >= side:
                raise SizeError(
                    f"{name}={getattr(self, name)} is outside the map of {side} x {side}: choose 0 "
                    f"to {side - 1}."
                )
        field = receptive_field(layers)
        first = [field.start + cell * field.jump for cell in (self.cell_x, self.cell_y)]
        seen_x, seen_y = ([start, start + field.size] for start in first)
        self._steps = field.steps
        return {
            "size": field.size,
            "jump": field.jump,
            "start": field.start,
            "seen_x": seen_x,
            "seen_y": seen_y,
        }

    def _answer(self):
        return (
            f"One cell after {self.layer} sees {self.size} × {self.size} px; neighbors are "
            f"{self.jump} px apart."
        )

    def _body(self):
        low = min(0, self.seen_x[0], self.seen_y[0])
        high = max(self.image_size, self.seen_x[1], self.seen_y[1])
        unit = 300 / (high - low)
        drawing = SVG(
            302,
            302,
            f"An image of {self.image_size} px and the square of {self.size} px that the cell sees",
        )
        side = self.image_size * unit
        drawing.box(1 - low * unit, 1 - low * unit, side, side, "gn-cell")
        x, y = ((seen[0] - low) * unit + 1 for seen in (self.seen_x, self.seen_y))
        drawing.box(x, y, self.size * unit, self.size * unit, "gn-reading")
        rows = [(name.removeprefix("inception"), size, jump) for name, size, jump, _ in self._steps]
        return (
            answer(self._answer()) + str(drawing) + table(rows, ("after", "sees, px", "step, px"))
        )

    def _code(self):
        return f"receptive_field(BACKBONE[:{NAMES.index(self.layer) + 1}])"
