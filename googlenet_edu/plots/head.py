"""An auxiliary classifier, from the map it reads to its scores; `plots` offers it."""

from __future__ import annotations

from ..architecture import AUX, HEAD_GRID, HEAD_POOL
from ..checks import choice, whole
from .inception import SIDES
from .svg import COLOR, INK, MUTED, Drawing, box, line, text

__all__ = ["draw_aux"]


def draw_aux(name: str = "aux1", num_classes: int = 1000) -> Drawing:
    """Return a `Drawing` of an auxiliary classifier, from the map it reads to its class scores.

    name: "aux1" or "aux2". num_classes: scores per image. The map is drawn cell by cell with the
    windows of the average pool; the bars of the linear layers are to scale.
    Raises: ValueError for another name.
    Source: Szegedy et al., arXiv 1409.4842, section 5. Chapter: book/blocks/auxiliary.
    """
    heads = {head.name: head for head in AUX}
    choice("name", name, heads)
    classes = whole("num_classes", num_classes, 1)
    head = heads[name]
    pool, side = HEAD_POOL, SIDES[head.after.removeprefix("inception")[0]]
    grid = HEAD_GRID
    cell, middle = 10, 118

    def cells(x, count, color):
        half = count * cell / 2
        lines = "".join(
            f"M{x + i * cell} {middle - half}v{2 * half}M{x} {middle - half + i * cell}h{2 * half}"
            for i in range(count + 1)
        )
        thin = line(lines, stroke=INK, stroke_width="0.7", stroke_opacity="0.35")
        return box(x, middle - half, 2 * half, 2 * half, COLOR[color], fill_opacity="0.4") + thin

    x = [16, 206, 296, 392, 488, 592]
    parts = [cells(x[0], side, "stem"), cells(x[1], grid, "stem"), cells(x[2], grid, "branch1")]
    corner = middle - side * cell / 2
    window = pool.kernel_size * cell
    for i, j in ((0, 0), (1, 0), (grid - 1, grid - 1)):
        dash = {} if i == j == 0 else {"stroke_dasharray": "4 3"}
        at = (x[0] + i * pool.stride * cell, corner + j * pool.stride * cell)
        parts.append(box(*at, window, window, "none", stroke=INK, stroke_width="2", **dash))
    fills = ("branch1", "branch2", "branch3")
    tall = [n * 140 / head.flat_features for n in (head.flat_features, head.hidden, classes)]
    tall = [max(2, min(t, 170)) for t in tall]
    for left, height, fill in zip(x[3:], tall, fills, strict=True):
        parts.append(box(left, middle - height / 2, 20, height, COLOR[fill]))
    ends = [x[0] + side * cell, x[1] + grid * cell, x[2] + grid * cell, x[3] + 20, x[4] + 20]
    for start, stop in zip(ends, x[1:], strict=True):
        tip = f"M{start + 5} {middle}H{stop - 6}m-5 -4l5 4l-5 4"
        parts.append(line(tip))
    steps = [
        ("average pool", f"{pool.kernel_size}×{pool.kernel_size}, stride {pool.stride}"),
        ("1×1", "conv"),
        ("flatten", ""),
        ("Linear", "ReLU"),
        ("Dropout", "Linear"),
    ]
    for (first, second), start, stop in zip(steps, ends, x[1:], strict=True):
        at = (start + stop) / 2
        parts.append(text(at, 16, first, size=12.5, font_weight="600"))
        parts.append(text(at, 32, second, size=12.5, font_weight="600"))
        parts.append(line(f"M{at:.1f} 38V{middle - 8}", stroke_width="1", stroke_dasharray="2 3"))
    shapes = [
        (x[0] + side * cell / 2, f"{head.in_channels} × {side} × {side}"),
        (x[1] + grid * cell / 2, f"{head.in_channels} × {grid} × {grid}"),
        (x[2] + grid * cell / 2, f"{head.conv_channels} × {grid} × {grid}"),
        *zip((p + 10 for p in x[3:]), (head.flat_features, head.hidden, classes), strict=True),
    ]
    for at, words in shapes:
        parts.append(text(at, middle + 105, words, size=12.5, fill=MUTED))
    alt = (
        f"Auxiliary classifier {name}, fed by {head.after}: a map of {head.in_channels} x {side} x "
        f"{side}; average pool {pool.kernel_size} x {pool.kernel_size} with stride {pool.stride} "
        f"to {head.in_channels} x {grid} x {grid}; 1 x 1 convolution to {head.conv_channels} x "
        f"{grid} x {grid}; flattened to {head.flat_features}; Linear and ReLU to {head.hidden}; "
        f"Dropout and Linear to {classes} class scores."
    )
    return Drawing("".join(parts), 640, middle + 114, alt, least=560)
