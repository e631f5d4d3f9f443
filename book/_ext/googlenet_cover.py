"""Sphinx extension: the cover, a drawing to scale of the whole network.

`{googlenet-cover}` draws every feature map of GoogLeNet from the table in
googlenet_edu.architecture: height and depth are the map's side, width its channels, and the
four colours of an Inception block are its four branches in the order they are joined.
"""

from dataclasses import dataclass
from html import escape

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from googlenet_edu.architecture import AUX, BACKBONE, InceptionSpec, PoolSpec
from googlenet_edu.sizes import conv_output_size, pool_output_size

IMAGE = 224
CLASSES = 1000
WIDTH, HEIGHT = 1120, 360
MIDDLE = 192  # height of the network's axis
PER_PIXEL, PER_CHANNEL = 0.98, 0.108
DEPTH = (0.26, -0.2)  # where one unit of depth goes on the page
GAP, FUNNEL = 12, 20
BRANCHES = ("1×1", "3×3", "5×5", "pool")


@dataclass
class FeatureMap:
    """One box of the drawing."""

    name: str
    side: int
    parts: tuple  # (colour, channels)
    shrinks: bool  # a layer of stride 2 stands before it
    x: float = 0

    @property
    def channels(self):
        return sum(channels for _, channels in self.parts)

    @property
    def width(self):
        return max(self.channels * PER_CHANNEL, 2)

    @property
    def height(self):
        return self.side * PER_PIXEL

    @property
    def right(self):
        return self.x + self.width


def feature_maps(side=IMAGE):
    """Return the maps of the network, the image first, placed from left to right."""
    maps = [FeatureMap("image", side, (("image", 3),), False)]
    shrinks = False
    for layer in BACKBONE:
        if isinstance(layer, PoolSpec):
            side = pool_output_size(
                side, layer.kernel_size, layer.stride, layer.padding, ceil_mode=layer.ceil_mode
            )
            shrinks = True
            continue
        if isinstance(layer, InceptionSpec):
            channels = (layer.ch1x1, layer.ch3x3, layer.ch5x5, layer.pool_proj)
            parts = tuple((f"branch{i}", n) for i, n in enumerate(channels, 1))
        else:
            before = side
            side = conv_output_size(side, layer.kernel_size, layer.stride, layer.padding)
            shrinks = shrinks or side < before
            parts = (("stem", layer.out_channels),)
        maps.append(FeatureMap(layer.name, side, parts, shrinks))
        shrinks = False
    x = 20
    for one in maps:
        x += FUNNEL if one.shrinks else 0
        x += 22 if one.name == "conv3" else 0  # room for the names of two thin boxes
        one.x = round(x, 1)
        x = one.right + GAP + 0.24 * one.height
    return maps


def points(*pairs):
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in pairs)


def draw_map(one):
    """Return one box: its coloured slices, its top and its far side."""
    top, bottom = MIDDLE - one.height / 2, MIDDLE + one.height / 2
    dx, dy = DEPTH[0] * one.height, DEPTH[1] * one.height
    label = f"{one.name}: {one.side} × {one.side} × {one.channels}"
    out = [f'<g class="gc-map"><title>{escape(label)}</title>']
    x = one.x
    for colour, channels in one.parts:
        width = one.width * channels / one.channels
        face = points((x, top), (x + width, top), (x + width, bottom), (x, bottom))
        lid = points((x, top), (x + dx, top + dy), (x + width + dx, top + dy), (x + width, top))
        out.append(f'<polygon class="gc-{colour}" points="{face}"/>')
        out.append(f'<polygon class="gc-{colour}" points="{lid}"/>')
        out.append(f'<polygon class="gc-lit" points="{lid}"/>')
        x += width
    end = points((x, top), (x + dx, top + dy), (x + dx, bottom + dy), (x, bottom))
    out.append(f'<polygon class="gc-{colour}" points="{end}"/>')
    out.append(f'<polygon class="gc-shade" points="{end}"/></g>')
    return "".join(out)


def draw_link(before, after):
    """Return what joins two maps: a line, or a funnel where the side shrinks."""
    if not after.shrinks:
        return f'<path class="gc-line" d="M{before.right:.1f} {MIDDLE}H{after.x:.1f}"/>'
    shape = points(
        (before.right, MIDDLE - before.height / 2),
        (after.x, MIDDLE - after.height / 2),
        (after.x, MIDDLE + after.height / 2),
        (before.right, MIDDLE + before.height / 2),
    )
    return f'<polygon class="gc-funnel" points="{shape}"/>'


def text(x, y, words, kind="", anchor="middle"):
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{words}</text>'


def draw_names(maps):
    """Return each map's name and channels below it, and each stage's side above."""
    out, sides = [], {}
    for one in maps:
        sides.setdefault(one.side, []).append(one)
        middle = one.x + one.width / 2
        floor = MIDDLE + one.height / 2 + 19
        short = one.name.removeprefix("inception")
        out.append(text(middle, floor, short, "gc-name"))
        out.append(text(middle, floor + 16, one.channels, "gc-fine"))
    for side, group in sides.items():
        middle = (group[0].x + group[-1].right) / 2 + DEPTH[0] * group[0].height / 2
        ceiling = MIDDLE - group[0].height * (0.5 - DEPTH[1]) - 9
        out.append(
            text(middle, ceiling, f'{side}<tspan class="gc-times"> × {side}</tspan>', "gc-side")
        )
    return "".join(out)


def draw_heads(maps):
    """Return the auxiliary classifiers above the blocks that feed them."""
    places = {one.name: one for one in maps}
    out = []
    for head in AUX:
        one = places[head.after]
        x = one.x + one.width / 2
        out.append(f'<path class="gc-line" d="M{x:.1f} {MIDDLE}V96"/>')
        out.append(f'<rect class="gc-head" x="{x - 36:.1f}" y="66" width="72" height="30" rx="7"/>')
        out.append(text(x, 86, head.name, "gc-name gc-on"))
        out.append(text(x, 55, f"{CLASSES} classes", "gc-fine"))
    last = maps[-1]
    out.append(f'<path class="gc-line" d="M{last.right:.1f} {MIDDLE}h18"/>')
    x, top = last.right + 18, MIDDLE - 35
    out.append(f'<rect class="gc-head" x="{x:.1f}" y="{top}" width="9" height="70" rx="3"/>')
    out.append(text(x + 9, top - 9, f"{CLASSES} classes", "gc-fine", "end"))
    return "".join(out)


def draw_legend(x, y):
    out = [text(x, y, "Inception block", "gc-name", "start")]
    for place, words in enumerate(BRANCHES):
        left = x + 136 + 70 * place
        out.append(
            f'<rect class="gc-branch{place + 1}" x="{left}" y="{y - 10}" width="12" height="12"/>'
        )
        out.append(text(left + 18, y, words, "gc-fine", "start"))
    return f'<g class="gc-legend">{"".join(out)}</g>'


def describe(maps):
    """Return the drawing in words, for those who do not see it."""
    row = "; ".join(f"{m.name} {m.side} x {m.side} x {m.channels}" for m in maps)
    heads = " and ".join(f"{head.name} after {head.after}" for head in AUX)
    return (
        f"GoogLeNet's feature maps from left to right, drawn to scale: {row}; then {CLASSES} "
        f"classes. The side shrinks while the channels grow. Auxiliary classifiers: {heads}."
    )


def cover_svg():
    """Return the cover as SVG text; colours come from the book's style sheet."""
    maps = feature_maps()
    parts = [draw_link(before, after) for before, after in zip(maps, maps[1:], strict=False)]
    parts += [draw_heads(maps), *map(draw_map, maps), draw_names(maps), draw_legend(630, 326)]
    return (
        f'<svg class="gc-cover" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'aria-labelledby="gc-title gc-desc" xmlns="http://www.w3.org/2000/svg">'
        '<title id="gc-title">GoogLeNet, drawn to scale</title>'
        f'<desc id="gc-desc">{escape(describe(maps))}</desc>{"".join(parts)}</svg>'
    )


class CoverDirective(SphinxDirective):
    """```{googlenet-cover}```: the drawing with a caption."""

    has_content = True

    def run(self):
        figure = nodes.container(classes=["gc-figure"])
        figure += nodes.raw("", cover_svg(), format="html")
        if self.content:
            caption = nodes.paragraph(classes=["gc-caption"])
            words, messages = self.state.inline_text(" ".join(self.content), self.lineno)
            caption += words + messages
            figure += caption
        return [figure]


def setup(app):
    app.add_directive("googlenet-cover", CoverDirective)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
