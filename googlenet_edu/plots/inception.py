"""An Inception block with its four branches to scale; `plots` offers it."""

from __future__ import annotations

from ..architecture import INCEPTION, ConvSpec, InceptionSpec
from ..checks import whole
from .svg import COLOR, MUTED, Drawing, box, line, polygon, text

__all__ = ["SIDES", "draw_inception"]

SIDES = {"3": 28, "4": 14, "5": 7}  # of the map in each stage, for images of 224 px


def draw_inception(
    block: str | InceptionSpec = "3a", size: int | None = None, *, branch3_kernel: int = 5
) -> Drawing:
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
    side = whole("size", SIDES.get(name[:1], 28) if size is None else size, 1)
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
        center = y + room / 2
        color = COLOR[f"branch{i}"]
        places = [x_two] if len(row) == 1 else [x_one, x_two]
        parts.append(
            line(f"M{x_in + bar} {middle:.1f}H{x_fan}C{x_fan + 26} {middle:.1f} {x_fan + 14} "
                 f"{center:.1f} {x_fan + 46} {center:.1f}H{places[0]}")
        )  # fmt: skip
        before = None
        for x, (words, channels) in zip(places, row, strict=True):
            half = max(channels * scale, 2) / 2
            pooled = words.startswith("3×3 max")
            if before:
                funnel = ((x_one + bar, center - before), (x, center - half),
                          (x, center + half), (x_one + bar, center + before))  # fmt: skip
                parts.append(polygon(funnel, color, fill_opacity="0.2"))
            tip = f"branch{i}: {words}, {shape(channels)}"
            fill = COLOR["stem"] if pooled else color
            parts.append(box(x, center - half, bar, 2 * half, fill, tip))
            labels.append(text(x + bar / 2, center - half - 6, words, font_weight="600"))
            labels.append(
                text(x + bar / 2, center + half + 15, shape(channels), size=12.5, fill=MUTED)
            )
            before = half
        ends.append((center, max(row[-1][1] * scale, 2), row[-1][1], color))
        y += room + gap
    top = middle - spec.out_channels * scale / 2
    for i, (center, thick, channels, color) in enumerate(ends, 1):
        a, b, bend = x_two + bar, x_out, (x_out - x_two - bar) / 2
        ribbon = (
            f"M{a} {center - thick / 2:.1f}C{a + bend:.1f} {center - thick / 2:.1f} {b - bend:.1f} "
            f"{top:.1f} {b} {top:.1f}V{top + thick:.1f}C{b - bend:.1f} {top + thick:.1f} "
            f"{a + bend:.1f} {center + thick / 2:.1f} {a} {center + thick / 2:.1f}Z"
        )
        parts.append(f'<path d="{ribbon}" fill="{color}" fill-opacity="0.2"/>')
        parts.append(box(x_out, top, bar, thick, color, f"branch{i}: {channels} channels"))
        labels.append(text(x_out + bar + 7, top + thick / 2 + 4.5, channels, "start", 12.5))
        top += thick
    tall = spec.in_channels * scale
    parts.append(box(x_in, middle - tall / 2, bar, tall, COLOR["stem"], shape(spec.in_channels)))
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
