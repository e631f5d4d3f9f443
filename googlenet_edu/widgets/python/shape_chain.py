"""The shape chain widget. Chapter: book/sizes/chain."""

from dataclasses import replace
from math import ceil

import traitlets

from ...architecture import AUX, BACKBONE, HEAD_GRID, VARIANTS, InceptionSpec, PoolSpec, head_grid
from ...costs.counting import Walk
from .base import Flag, LiveWidget, Whole
from .drawing import box, svg
from .static import table

__all__ = ["ShapeChain"]

STAGES = (
    "conv1", "maxpool1", "conv3", "maxpool2", "inception3b", "maxpool3", "inception4e", "maxpool4",
    "inception5b",
)  # fmt: skip


class ShapeChain(LiveWidget):
    """Send an image of any size through GoogLeNet; see every shape, and where the heads fit.

    image_height, image_width in px (1 to 4096); batch_size in images; ceil_mode is that of the
    four stage pools. Results: out, (channels, height, width) after 5b, or None where the chain
    breaks (error then names the layer); layers, a list of (name, shape); aux_fits; view_rows, what
    `view(-1, 2048)` makes of the batch in the first head, None where torch refuses it.
    Source: Szegedy et al., arXiv 1409.4842, Table 1. Chapter: book/sizes/chain.
    """

    _widget = "shape_chain"
    _settings = ("image_height", "image_width", "batch_size", "ceil_mode")
    _results = {"out": None, "layers": [], "aux_fits": False, "view_rows": None}

    image_height = Whole(224, 1, 4096).tag(sync=True)
    image_width = Whole(224, 1, 4096).tag(sync=True)
    batch_size = Whole(20, 1, 4096).tag(sync=True)
    ceil_mode = Flag(True).tag(sync=True)
    out = traitlets.List(None, allow_none=True, read_only=True)
    layers = traitlets.List(read_only=True)
    aux_fits = traitlets.Bool(read_only=True)
    view_rows = traitlets.Int(None, allow_none=True, read_only=True)

    def _compute(self):
        walk = Walk(VARIANTS["article"], self.batch_size)
        shape = (self.batch_size, 3, self.image_height, self.image_width)
        heads = {head.after: head for head in AUX}
        self._stages = [("", list(shape[1:]))]
        fits = []
        for spec in BACKBONE:
            if isinstance(spec, InceptionSpec):
                shape = walk.inception(spec, shape)
            elif isinstance(spec, PoolSpec):
                shape = walk.step(
                    spec.name, spec.name, replace(spec, ceil_mode=self.ceil_mode), shape
                )
            else:
                shape = walk.step(spec.name, spec.name, spec, shape)
            if spec.name in STAGES:
                self._stages.append((spec.name.removeprefix("inception"), list(shape[1:])))
            if spec.name in heads:
                grid = [head_grid(side) for side in shape[2:]]
                fits.append(grid == [HEAD_GRID, HEAD_GRID])
                if fits[-1]:
                    walk.head(heads[spec.name], shape, "fixed", 1000)
                if len(fits) == 1:
                    numbers = self.batch_size * AUX[0].conv_channels * grid[0] * grid[1]
        walk.add("avgpool", "", "AdaptiveAvgPool2d", shape, (*shape[:2], 1, 1))
        walk.linear("fc", "", shape[:2], 1000)
        flat = AUX[0].flat_features
        whole_rows = numbers and numbers % flat == 0
        return {
            "out": list(shape[1:]),
            "layers": [
                (row.name, list(row.out_shape[1:]))
                for row in walk.rows
                if any(word in row.kind for word in ("Conv", "Pool", "Linear"))
            ],
            "aux_fits": all(fits),
            "view_rows": numbers // flat if whole_rows else None,
        }

    def _draw(self):
        unit = min(110 / max(self._stages[0][1][1:]), 1)
        parts = []
        for name, shape in self._stages:
            label, text = name or self._words()["image"], " × ".join(map(str, shape))
            tall, wide = (max(1.5, side * unit) for side in shape[1:])
            bar = box(1, 1, wide, tall, "gn-bar")
            drawn = svg(ceil(wide) + 2, ceil(tall) + 2, self._say("drawing", label, text), bar)
            words = f"<strong>{label}</strong><span>{text}</span>"
            parts.append(f'<div class="gn-stage">{drawn}{words}</div>')
        return f'<div class="gn-row gn-chain">{"".join(parts)}</div>'

    def _rest(self):
        rows = [(name, " × ".join(map(str, shape))) for name, shape in self.layers]
        return table(rows, [self._words()[key] for key in ("layer", "after")])

    def _code(self):
        heads = "" if self.aux_fits else "aux=False"
        lines = [f"net = GoogLeNet({heads}).eval()"]
        if not self.ceil_mode:
            lines.append("for layer in (net.maxpool1, net.maxpool2, net.maxpool3, net.maxpool4):")
            lines.append("    layer.ceil_mode = False")
        size = f"{self.batch_size}, 3, {self.image_height}, {self.image_width}"
        return "\n".join([*lines, f"net(torch.ones({size})).logits.shape"])
