"""Drawings of GoogLeNet and charts of its numbers, all from the one table of layers.

Each function returns a `Drawing`: end a cell with it. Neither torch nor matplotlib is needed.
Chapters: book/blocks/inception, book/blocks/auxiliary, book/network/googlenet.
"""

from ..architecture import AUX, HEAD_GRID, INCEPTION, ConvSpec, InceptionSpec
from ..checks import whole
from ..costs.table import Table
from ..sizes import pool_output_size
from ._bar_chart import bar_chart
from ._curves import curve_chart
from ._dot_map import dot_map
from .network import network_drawing
from .norms import draw_norms
from .svg import COLOUR, INK, MUTED, Drawing, box, line, polygon, text

__all__ = [
    "Drawing",
    "Table",
    "bar_chart",
    "curve_chart",
    "dot_map",
    "draw_aux",
    "draw_inception",
    "draw_network",
    "draw_norms",
]

_SIDES = {"3": 28, "4": 14, "5": 7}  # of the map in each stage, for images of 224 px


def draw_network(image_size=224):
    """Return a `Drawing` of all feature maps of GoogLeNet, to scale, with the three classifiers.

    image_size: side of the image in px. Heads that do not fit the size are dashed.
    Raises: SizeError (a ValueError) for a size at which a layer cannot work.
    Source: Szegedy et al., arXiv 1409.4842, Figure 3. Chapter: book/network/googlenet.
    """
    return network_drawing(whole("image_size", image_size, 1))


def draw_inception(block="3a", size=None, *, branch3_kernel=5):
    """Return a `Drawing` of an Inception block: four branches, their shapes, the joined output.

    The height of each bar is its number of channels, to scale within the drawing.

    Args:
        block: "3a" to "5b", or an `architecture.InceptionSpec`.
        size: side of the map; None takes the block's own in a 224 px image (28 for a spec).
        branch3_kernel: 5, or torchvision's 3.

    Raises: ValueError for another block.
    Source: Szegedy et al., arXiv 1409.4842, Figure 2b. Chapter: book/blocks/inception.
    """
    if isinstance(block, InceptionSpec):
        spec = block
    elif isinstance(block, str) and block.removeprefix("inception") in INCEPTION:
        spec = INCEPTION[block.removeprefix("inception")]
    else:
        raise ValueError(
            f"block must be one of {', '.join(INCEPTION)} or an InceptionSpec, but got {block!r}: "
            "choose one of these."
        )
    name = spec.name.removeprefix("inception")
    side = whole("size", _SIDES.get(name[:1], 28) if size is None else size, 1)
    rows = [_layers(spec, branch) for branch in spec.branches(branch3_kernel)]
    tallest = [max(channels for _, channels in row) for row in rows]
    scale = 330 / sum(tallest)
    x_in, x_fan, x_one, x_two, x_out, bar, gap = 14, 112, 200, 376, 548, 22, 46
    height = round(sum(max(t * scale, 2) for t in tallest)) + gap * 4 + 44
    middle = height / 2 - 8

    def shape(channels):
        return f"{channels} × {side} × {side}"

    parts, labels, ends = [], [], []
    y = 40
    for i, (row, most) in enumerate(zip(rows, tallest, strict=True), 1):
        room = max(most * scale, 2)
        centre = y + room / 2
        colour = COLOUR[f"branch{i}"]
        places = [x_two] if len(row) == 1 else [x_one, x_two]
        parts.append(
            line(f"M{x_in + bar} {middle:.1f}H{x_fan}C{x_fan + 26} {middle:.1f} {x_fan + 14} "
                 f"{centre:.1f} {x_fan + 46} {centre:.1f}H{places[0]}")
        )  # fmt: skip
        before = None
        for x, (words, channels) in zip(places, row, strict=True):
            half = max(channels * scale, 2) / 2
            pooled = words.startswith("3×3 max")
            if before:
                funnel = ((x_one + bar, centre - before), (x, centre - half),
                          (x, centre + half), (x_one + bar, centre + before))  # fmt: skip
                parts.append(polygon(funnel, colour, fill_opacity="0.2"))
            tip = f"branch{i}: {words}, {shape(channels)}"
            fill = COLOUR["stem"] if pooled else colour
            parts.append(box(x, centre - half, bar, 2 * half, fill, tip))
            labels.append(text(x + bar / 2, centre - half - 6, words, font_weight="600"))
            labels.append(
                text(x + bar / 2, centre + half + 15, shape(channels), size=12.5, fill=MUTED)
            )
            before = half
        ends.append((centre, max(row[-1][1] * scale, 2), row[-1][1], colour))
        y += room + gap
    top = middle - spec.out_channels * scale / 2
    for i, (centre, thick, channels, colour) in enumerate(ends, 1):
        a, b, bend = x_two + bar, x_out, (x_out - x_two - bar) / 2
        ribbon = (
            f"M{a} {centre - thick / 2:.1f}C{a + bend:.1f} {centre - thick / 2:.1f} {b - bend:.1f} "
            f"{top:.1f} {b} {top:.1f}V{top + thick:.1f}C{b - bend:.1f} {top + thick:.1f} "
            f"{a + bend:.1f} {centre + thick / 2:.1f} {a} {centre + thick / 2:.1f}Z"
        )
        parts.append(f'<path d="{ribbon}" fill="{colour}" fill-opacity="0.2"/>')
        parts.append(box(x_out, top, bar, thick, colour, f"branch{i}: {channels} channels"))
        labels.append(text(x_out + bar + 7, top + thick / 2 + 4.5, channels, "start", 12.5))
        top += thick
    tall = spec.in_channels * scale
    parts.append(box(x_in, middle - tall / 2, bar, tall, COLOUR["stem"], shape(spec.in_channels)))
    edge = middle + spec.out_channels * scale / 2 + 18
    labels.append(text(x_in - 8, middle - tall / 2 - 8, "input", "start", font_weight="600"))
    labels.append(
        text(x_in - 8, middle + tall / 2 + 18, shape(spec.in_channels), "start", 12.5, MUTED)
    )
    labels.append(
        text(
            x_out + bar / 2, middle - spec.out_channels * scale / 2 - 8, "joined", font_weight="600"
        )
    )
    labels.append(text(x_out + bar / 2, edge, shape(spec.out_channels), size=12.5, fill=MUTED))
    title = f"Inception block {name}" if name else "An Inception block"
    alt = (
        f"{title} on a map of {side} x {side}: {spec.in_channels} channels go into four branches. "
    )
    for i, row in enumerate(rows, 1):
        alt += f"Branch {i}: " + ", then ".join(
            f"{words.replace('×', 'x')} to {channels}" for words, channels in row
        ) + ". "  # fmt: skip
    joined = " + ".join(str(row[-1][1]) for row in rows)
    alt += f"Joined along the channels: {joined} = {spec.out_channels}."
    return Drawing("".join(parts + labels), 620, height, alt, least=500)


def _layers(spec, branch):
    """(words, output channels) of each layer of a branch."""
    found = []
    for part in branch:
        side = f"{part.kernel_size}×{part.kernel_size}"
        if not isinstance(part, ConvSpec):
            found.append((f"{side} max pool", spec.in_channels))
        elif len(branch) == 2 and part.name.endswith(".0"):
            found.append((f"{side} reduce", part.out_channels))
        else:
            found.append((f"{side} pool proj" if "4" in part.name else side, part.out_channels))
    return found


def draw_aux(name="aux1", num_classes=1000):
    """Return a `Drawing` of an auxiliary classifier, from the map it reads to its class scores.

    name: "aux1" or "aux2". num_classes: scores per image. The map is drawn cell by cell with the
    windows of the average pool; the bars of the linear layers are to scale.
    Raises: ValueError for another name.
    Source: Szegedy et al., arXiv 1409.4842, section 5. Chapter: book/blocks/auxiliary.
    """
    heads = {head.name: head for head in AUX}
    if not isinstance(name, str) or name not in heads:
        raise ValueError(f"name must be 'aux1' or 'aux2', but got {name!r}: choose one of the two.")
    classes = whole("num_classes", num_classes, 1)
    head = heads[name]
    pool, side = head.pool(), _SIDES[head.after.removeprefix("inception")[0]]
    grid = pool_output_size(side, pool.kernel_size, pool.stride, kind="avg")
    assert grid == HEAD_GRID
    cell, middle = 10, 118

    def cells(x, count, colour):
        half = count * cell / 2
        lines = "".join(
            f"M{x + i * cell} {middle - half}v{2 * half}M{x} {middle - half + i * cell}h{2 * half}"
            for i in range(count + 1)
        )
        thin = line(lines, stroke=INK, stroke_width="0.7", stroke_opacity="0.35")
        return box(x, middle - half, 2 * half, 2 * half, COLOUR[colour], fill_opacity="0.4") + thin

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
        parts.append(box(left, middle - height / 2, 20, height, COLOUR[fill]))
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
