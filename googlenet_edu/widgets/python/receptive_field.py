"""The receptive field widget. Chapter: book/sizes/receptive_field."""

import traitlets

from ...architecture import BACKBONE, VARIANTS, InceptionSpec
from ...checks import SizeError, say
from ...costs.counting import Walk
from ...sizes import receptive_field
from .base import Choice, LiveWidget, Whole
from .drawing import beside, box, legend, note, svg
from .static import table

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
                given = name, getattr(self, name), side, side - 1
                raise SizeError(say("receptive_field", "outside", *given))
        field = receptive_field(layers)
        first = [field.start + cell * field.jump for cell in (self.cell_x, self.cell_y)]
        seen_x, seen_y = ([start, start + field.size] for start in first)
        self._steps, self._side = field.steps, side
        return {
            "size": field.size,
            "jump": field.jump,
            "start": field.start,
            "seen_x": seen_x,
            "seen_y": seen_y,
        }

    def _draw(self):
        low = min(0, self.seen_x[0], self.seen_y[0])
        high = max(self.image_size, self.seen_x[1], self.seen_y[1])
        room, n, side = 372, self.image_size, self._side
        unit = room / (high - low)

        def square(x, y, length, kind):
            long = max(1.5, length * unit)
            return box((x - low) * unit + 4, (y - low) * unit + 4, long, long, kind)

        image = square(0, 0, n, "gn-cell")
        image += square(self.seen_x[0], self.seen_y[0], self.size, "gn-reading")
        one = 150 / side
        mark = max(2, one)
        cell = box(1, 1, 150, 150, "gn-result")
        cell += box(1 + self.cell_x * one, 1 + self.cell_y * one, mark, mark, "gn-chosen")
        cell += note(75, 167, f"{side} × {side}")
        label = self._say("drawing", n=n, size=self.size, side=side)
        drawn = beside(svg(room + 8, room + 8, label, image),
                       svg(152, 172, self._say("one", self.layer), cell))  # fmt: skip
        return drawn + legend(self._words()["legend"])

    def _rest(self):
        said = self._words()
        rows = [(name.removeprefix("inception"), size, jump) for name, size, jump, _ in self._steps]
        return table(rows, [said[key] for key in ("after", "seen", "jump")])

    def _code(self):
        return f"receptive_field(BACKBONE[:{NAMES.index(self.layer) + 1}])"
