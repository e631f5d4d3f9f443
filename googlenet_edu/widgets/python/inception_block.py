"""The Inception block widget. Chapter: book/blocks/inception."""

from typing import Any

import traitlets

from ...architecture import InceptionSpec, PoolSpec
from ...checks import short_number
from .base import Choice, Flag, LiveWidget, Whole
from .static import SVG, answer, table

__all__ = ["InceptionBlock"]

CHANNELS = ("in_channels", "ch1x1", "ch3x3reduce", "ch3x3", "ch5x5reduce", "ch5x5", "pool_proj")


class InceptionBlock(LiveWidget):
    """Change an Inception block's channels; see what each branch costs, and what 1x1 saves.

    in_channels and the six numbers of Table 1 in channels (1 to 4096); size: side of the map, in
    cells; branch3_kernel: "5", or torchvision's "3"; reductions: False takes the 1 x 1 convolutions
    in front of 3 x 3 and 5 x 5 and behind the pool away. Results: out_channels; params, with batch
    norm's two numbers a channel; multiply_adds of one image; saved, the multiply-adds without
    reductions divided by those with them.
    Source: Szegedy et al., arXiv 1409.4842, Figure 2. Chapter: book/blocks/inception.
    """

    _widget = "inception_block"
    _settings = (*CHANNELS, "size", "branch3_kernel", "reductions")
    _results = dict.fromkeys(("out_channels", "params", "multiply_adds", "saved"))

    in_channels = Whole(192, 1, 4096).tag(sync=True)
    ch1x1 = Whole(64, 1, 4096).tag(sync=True)
    ch3x3reduce = Whole(96, 1, 4096).tag(sync=True)
    ch3x3 = Whole(128, 1, 4096).tag(sync=True)
    ch5x5reduce = Whole(16, 1, 4096).tag(sync=True)
    ch5x5 = Whole(32, 1, 4096).tag(sync=True)
    pool_proj = Whole(32, 1, 4096).tag(sync=True)
    size = Whole(28, 1, 4096).tag(sync=True)
    branch3_kernel = Choice(("5", "3"), "5").tag(sync=True)
    reductions = Flag(True).tag(sync=True)
    out_channels = traitlets.Int(None, allow_none=True, read_only=True)
    params = traitlets.Int(None, allow_none=True, read_only=True)
    multiply_adds = traitlets.Int(None, allow_none=True, read_only=True)
    saved = traitlets.Float(None, allow_none=True, read_only=True)

    def _branches(self, reductions):
        """Return [(channels out, params, multiply-adds)] of the four branches."""
        spec = InceptionSpec("", *(getattr(self, name) for name in CHANNELS))
        found = []
        for branch in spec.branches(int(self.branch3_kernel)):
            parts = branch
            if not reductions:  # the pool alone, or the last convolution on the block's input
                parts = branch[:1] if isinstance(branch[0], PoolSpec) else branch[-1:]
            params = multiply_adds = 0
            for part in parts:
                if isinstance(part, PoolSpec):
                    out = self.in_channels
                    continue
                given = part.in_channels if reductions else self.in_channels
                weights = given * part.out_channels * part.kernel_size**2
                params += weights + 2 * part.out_channels
                multiply_adds += weights * self.size**2
                out = part.out_channels
            found.append((out, params, multiply_adds))
        return found

    def _compute(self):
        out, params, multiply_adds = map(sum, zip(*self._branches(self.reductions), strict=True))
        without, with_them = (sum(b[2] for b in self._branches(on)) for on in (False, True))
        return {
            "out_channels": out,
            "params": params,
            "multiply_adds": multiply_adds,
            "saved": without / with_them,
        }

    def _body(self):
        branches = self._branches(self.reductions)
        unit = 500 / max(self.in_channels, self.out_channels or 0)
        drawing = SVG(640, 150, "The channels of input, branches and joined output, to scale")
        bars = [("input", self.in_channels, "gn-bar")]
        bars += [(f"branch {i}", b[0], f"gn-branch{i}") for i, b in enumerate(branches, 1)]
        bars.append(("joined", self.out_channels, "gn-bar"))
        for place, (name, channels, kind) in enumerate(bars):
            drawing.text(4, 19 + place * 24, name)
            drawing.box(66, 4 + place * 24, channels * unit, 20, kind)
            drawing.text(72 + channels * unit, 19 + place * 24, channels)
        rows: list[tuple[Any, ...]] = [
            (i, f"{params:,}", f"{madds:,}", f"{without[2]:,}")
            for i, ((_, params, madds), without) in enumerate(
                zip(self._branches(True), self._branches(False), strict=True), 1
            )
        ]
        head = ("branch", "parameters", "multiply-adds", "without 1×1 reductions")
        rows.append(("saved", "", f"factor {short_number(self.saved)}", ""))
        return answer(self._answer()) + str(drawing) + table(rows, head)

    def _code(self):
        kernel = "" if self.branch3_kernel == "5" else ", branch3_kernel=3"
        if self.reductions:
            return f"Inception({', '.join(str(getattr(self, n)) for n in CHANNELS)}{kernel})"
        n, k = self.in_channels, self.branch3_kernel
        return (
            f"[BasicConv2d({n}, {self.ch1x1}, 1), BasicConv2d({n}, {self.ch3x3}, 3, padding=1), "
            f"BasicConv2d({n}, {self.ch5x5}, {k}, padding={int(k) // 2}), "
            "torch.nn.MaxPool2d(3, 1, padding=1)]"
        )
