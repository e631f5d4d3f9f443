"""The Inception block widget. Chapter: book/blocks/inception."""

import traitlets

from ...architecture import InceptionSpec, PoolSpec
from .base import Choice, Flag, LiveWidget, Whole
from .drawing import WIDTH, box, note, svg
from .static import table

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

    def _parts(self, reductions):
        """Return the four branches as lists of (label, channels in, out, kernel); 0 is the pool."""
        spec = InceptionSpec("", *(getattr(self, name) for name in CHANNELS))
        found = []
        for branch in spec.branches(int(self.branch3_kernel)):
            if not reductions:  # the pool alone, or the last convolution on the block's input
                branch = branch[:1] if isinstance(branch[0], PoolSpec) else branch[-1:]
            parts = []
            for part in branch:
                if isinstance(part, PoolSpec):
                    parts.append(("max pool", self.in_channels, self.in_channels, 0))
                    continue
                k, given = part.kernel_size, part.in_channels if reductions else self.in_channels
                parts.append((f"{k}×{k}", given, part.out_channels, k))
            found.append(parts)
        return found

    def _branches(self, reductions):
        """Return [(channels out, params, multiply-adds)] of the four branches."""
        found = []
        for branch in self._parts(reductions):
            weights = [(given * out * k * k, out) for _, given, out, k in branch if k]
            params = sum(count + 2 * out for count, out in weights)
            multiply_adds = sum(count for count, _ in weights) * self.size**2
            found.append((branch[-1][2], params, multiply_adds))
        return found

    def _work(self, reductions):
        return sum(branch[2] for branch in self._branches(reductions))

    def _compute(self):
        out, params, multiply_adds = map(sum, zip(*self._branches(self.reductions), strict=True))
        return {
            "out_channels": out,
            "params": params,
            "multiply_adds": multiply_adds,
            "saved": self._work(False) / self._work(True),
        }

    def _draw(self):
        said = self._words()
        unit = (WIDTH - 136) / max(self.in_channels, self.out_channels or 0)
        body = []

        def row(y, label, parts):
            body.append(note(4, y + 15, label, anchor="start"))
            x = 66
            for channels, kind in parts:
                body.append(box(x, y, max(1.5, channels * unit), 20, kind))
                x += channels * unit
            total = self.out_channels if len(parts) > 1 else parts[0][0]
            body.append(note(x + 6, y + 15, total, anchor="start"))

        y, joined = 4, []
        row(y, said["input"], [(self.in_channels, "gn-bar")])
        for i, branch in enumerate(self._parts(self.reductions), 1):
            for j, (label, _, channels, kernel) in enumerate(branch):
                y += 23 if j else 32
                last = kernel and j == len(branch) - 1
                row(y, label, [(channels, f"gn-branch{i}" if last else "gn-bar")])
            joined.append((channels, f"gn-branch{i}" if kernel else "gn-bar"))
        y += 36
        row(y, said["joined"], joined)
        return svg(
            WIDTH, y + 26, self._say("drawing", out_channels=self.out_channels), "".join(body)
        )

    def _rest(self):
        said = self._words()
        both = zip(self._branches(True), self._branches(False), strict=True)
        rows = [
            (i, f"{params:,}", f"{madds:,}", f"{without:,}")
            for i, ((_, params, madds), (_, _, without)) in enumerate(both, 1)
        ]
        saved = self._say(
            "saved", naive=self._work(False), reduced=self._work(True), saved=self.saved
        )
        rows.append((said["ratio"], "", saved, ""))
        return table(rows, [said[key] for key in ("branch", "params", "madds", "without")])

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
