"""The whole network drawn to scale; `plots` and the book's cover show it.

Every feature map is a box: height and depth are its side, width its channels, and the four
colors of an Inception block are its four branches in the order they are joined. The classes
let the book's style sheet change the cover on small screens.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from ..architecture import AUX, BACKBONE, HEAD_GRID, InceptionSpec, PoolSpec, head_grid
from ..checks import whole
from ..sizes import SizeError, conv_output_size, pool_output_size
from .svg import COLOR, MUTED, Drawing, box, line, polygon, text

__all__ = ["FeatureMap", "draw_network", "feature_maps"]

IMAGE = 224
CLASSES = 1000
WIDTH, HEIGHT = 1120, 360
MIDDLE = 192  # height of the network's axis
LARGEST, PER_CHANNEL = 219.5, 0.108  # height of the image's box, width of one channel
DEPTH = (0.26, -0.2)  # where one unit of depth goes on the page
GAP, FUNNEL = 12, 20
BRANCHES = ("1×1", "3×3", "5×5", "pool")


@dataclass
class FeatureMap:
    """One box of the drawing."""

    name: str
    side: int
    parts: tuple  # (color, channels)
    shrinks: bool  # a layer of stride 2 stands before it
    height: float
    x: float = 0

    @property
    def channels(self):
        return sum(channels for _, channels in self.parts)

    @property
    def width(self):
        return max(self.channels * PER_CHANNEL, 2)

    @property
    def right(self):
        return self.x + self.width


def feature_maps(image_size: int = IMAGE) -> list[FeatureMap]:
    """Return the maps of the network, the image first, placed from left to right."""
    side = image_size
    maps = []

    def add(name, parts, shrinks):
        maps.append(FeatureMap(name, side, parts, shrinks, side * LARGEST / image_size))

    add("image", (("stem", 3),), False)
    shrinks = False
    for layer in BACKBONE:
        if isinstance(layer, InceptionSpec):
            channels = (layer.ch1x1, layer.ch3x3, layer.ch5x5, layer.pool_proj)
            parts = tuple((f"branch{i}", n) for i, n in enumerate(channels, 1))
        else:
            before = side
            side = _side_after(layer, side, image_size)
            if isinstance(layer, PoolSpec):
                shrinks = True
                continue
            shrinks = shrinks or side < before
            parts = (("stem", layer.out_channels),)
        add(layer.name, parts, shrinks)
        shrinks = False
    x = 28
    for one in maps:
        x += FUNNEL if one.shrinks else 0
        x += 22 if one.name == "conv3" else 0  # room for the names of two thin boxes
        one.x = round(x, 1)
        x = one.right + GAP + 0.24 * one.height
    return maps


def _side_after(layer, side, image_size):
    settings = (side, layer.kernel_size, layer.stride, layer.padding)
    try:
        if isinstance(layer, PoolSpec):
            return pool_output_size(*settings, ceil_mode=layer.ceil_mode)
        return conv_output_size(*settings)
    except SizeError as error:
        raise SizeError(
            f"an image_size of {image_size} leaves nothing for {layer.name}: use a larger image."
        ) from error


def _alt(maps):
    """Return the drawing in words, for those who do not see it."""
    row = "; ".join(f"{m.name} {m.side} x {m.side} x {m.channels}" for m in maps)
    heads = " and ".join(f"{head.name} after {head.after}" for head in AUX)
    return (
        f"GoogLeNet's feature maps from left to right, drawn to scale: {row}; then {CLASSES} "
        f"classes. The side shrinks while the channels grow. Auxiliary classifiers: {heads}"
        f"{'' if _fit(maps) else ', which do not fit this image size'}."
    )


def draw_network(image_size: int = 224) -> Drawing:
    """Return a `Drawing` of all feature maps of GoogLeNet, to scale, with the three classifiers.

    image_size: side of the image in px. Heads that do not fit the size are dashed.
    Raises: SizeError (a ValueError) for a size at which a layer cannot work.
    Source: Szegedy et al., arXiv 1409.4842, Figure 3. Chapter: book/network/googlenet.
    """
    maps = feature_maps(whole("image_size", image_size, 1))
    parts = [_link(before, after) for before, after in zip(maps, maps[1:], strict=False)]
    parts += [_heads(maps), *map(_map, maps), _names(maps), _legend(630, 326)]
    return Drawing("".join(parts), WIDTH, HEIGHT, _alt(maps), least=680)


def _fit(maps):
    sides = {one.name: one.side for one in maps}
    return all(head_grid(sides[head.after]) == HEAD_GRID for head in AUX)


def _map(one):
    """Return one box: its colored slices, its top and its far side."""
    top, bottom = MIDDLE - one.height / 2, MIDDLE + one.height / 2
    dx, dy = DEPTH[0] * one.height, DEPTH[1] * one.height
    label = f"{one.name}: {one.side} × {one.side} × {one.channels}"
    out = [f'<g class="gc-map"><title>{escape(label)}</title>']
    x = one.x
    for color, channels in one.parts:
        width = one.width * channels / one.channels
        face = ((x, top), (x + width, top), (x + width, bottom), (x, bottom))
        lid = ((x, top), (x + dx, top + dy), (x + width + dx, top + dy), (x + width, top))
        out.append(polygon(face, COLOR[color], class_=f"gc-{color}"))
        out.append(polygon(lid, COLOR[color], class_=f"gc-{color}"))
        out.append(polygon(lid, "#ffffff", fill_opacity="0.34", class_="gc-lit"))
        x += width
    end = ((x, top), (x + dx, top + dy), (x + dx, bottom + dy), (x, bottom))
    out.append(polygon(end, COLOR[color], class_=f"gc-{color}"))
    out.append(polygon(end, "#0b1220", fill_opacity="0.22", class_="gc-shade"))
    return "".join([*out, "</g>"])


def _link(before, after):
    """Return what joins two maps: a line, or a funnel where the side shrinks."""
    if not after.shrinks:
        return line(f"M{before.right:.1f} {MIDDLE}H{after.x:.1f}", class_="gc-line")
    shape = (
        (before.right, MIDDLE - before.height / 2),
        (after.x, MIDDLE - after.height / 2),
        (after.x, MIDDLE + after.height / 2),
        (before.right, MIDDLE + before.height / 2),
    )
    return polygon(shape, COLOR["stem"], fill_opacity="0.16", class_="gc-funnel")


def _name(x, y, words, anchor="middle", kind="gc-name"):
    return text(x, y, words, anchor, 14.5, font_weight="600", class_=kind)


def _fine(x, y, words, anchor="middle", kind="gc-fine"):
    return text(x, y, words, anchor, 13.5, MUTED, class_=kind)


def _names(maps):
    """Return each map's name and channels below it, and each stage's side above."""
    out, sides = [], {}
    for one in maps:
        sides.setdefault(one.side, []).append(one)
        middle = one.x + one.width / 2
        floor = MIDDLE + one.height / 2 + 19
        out.append(_name(middle, floor, one.name.removeprefix("inception")))
        out.append(_fine(middle, floor + 16, one.channels))
    for side, group in sides.items():
        middle = (group[0].x + group[-1].right) / 2 + DEPTH[0] * group[0].height / 2
        ceiling = MIDDLE - group[0].height * (0.5 - DEPTH[1]) - 9
        words = f'{side}<tspan class="gc-times"> × {side}</tspan>'
        out.append(_fine(middle, ceiling, words, kind="gc-side"))
    return "".join(out)


def _heads(maps):
    """Return the auxiliary classifiers above the blocks that feed them, and the main one."""
    places = {one.name: one for one in maps}
    fit = _fit(maps)
    frame = {"stroke": COLOR["stem"], "stroke_width": "1.5", "class_": "gc-head"}
    soft = "var(--book-soft, none)"
    out = []
    for head in AUX:
        one = places[head.after]
        x = one.x + one.width / 2
        dash = {} if fit else {"stroke_dasharray": "5 4"}
        out.append(line(f"M{x:.1f} {MIDDLE}V96", class_="gc-line", **dash))
        out.append(box(x - 36, 66, 72, 30, soft, rx=7, **frame, **dash))
        out.append(_name(x, 86, head.name, kind="gc-name gc-on"))
        out.append(_fine(x, 55, f"{CLASSES} classes" if fit else "does not fit"))
    last = maps[-1]
    out.append(line(f"M{last.right:.1f} {MIDDLE}h18", class_="gc-line"))
    x, top = last.right + 18, MIDDLE - 35
    out.append(box(x, top, 9, 70, soft, rx=3, **frame))
    out.append(_fine(x + 9, top - 9, f"{CLASSES} classes", "end"))
    return "".join(out)


def _legend(x, y):
    out = [_name(x, y, "Inception block", "start")]
    for place, words in enumerate(BRANCHES):
        left = x + 136 + 70 * place
        branch = f"branch{place + 1}"
        out.append(box(left, y - 10, 12, 12, COLOR[branch], class_=f"gc-{branch}"))
        out.append(_fine(left + 18, y, words, "start"))
    return f'<g class="gc-legend">{"".join(out)}</g>'
