"""The roofline of a machine with layers on it; `measure` offers it."""

from html import escape
from math import ceil, floor, log10

from .svg import COLOUR, INK, MUTED, Drawing, line, polygon, text

__all__ = ["roofline"]

_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 640, 74, 372
_KINDS = (
    ("convolution", "circle", "branch1"),
    ("max pool", "square", "branch3"),
    ("norm or ReLU", "diamond", "branch2"),
    ("other", "triangle", "branch4"),
)


def roofline(layers, rate, bandwidth, title=""):
    """Return a `Drawing` of a machine's two limits, with a mark for each layer under them.

    Across: operations for each byte moved. Upwards: operations per second. Both are logarithmic.
    The slope is what memory allows (bandwidth times intensity), the flat part what arithmetic
    allows. A mark's area is the layer's time; resting on it shows its name and numbers.

    Args: layers: `measure.LayerTime` objects; those without operations (joins) are left out.
    rate: operations per second, from `measure.matmul_rate`. bandwidth: bytes per second, from
    `measure.copy_bandwidth`. title: written above.
    Raises: ValueError when there is nothing to draw, or a limit is not above 0.
    Source: Williams, Waterman and Patterson 2009, "Roofline". Chapter: book/training/inference.
    """
    layers = [one for one in layers if one.operations > 0]
    if not layers or not rate > 0 or not bandwidth > 0:
        raise ValueError(
            f"A roofline needs layers with operations and two limits above 0, but got "
            f"{len(layers)} layers, rate={rate!r}, bandwidth={bandwidth!r}: see "
            "googlenet_edu.fast.measure."
        )
    across = [one.intensity for one in layers]
    up = [one.rate for one in layers]
    x0, x1 = floor(log10(min(across))), ceil(log10(max(across)))
    y0, y1 = floor(log10(min(up))), ceil(log10(max([*up, rate])))
    y0 = max(y0, y1 - 5)

    def at(intensity, speed):
        x = _LEFT + 14 + (log10(intensity) - x0) / max(x1 - x0, 1) * (_RIGHT - _LEFT - 30)
        y = _BOTTOM - (log10(speed) - y0) / max(y1 - y0, 1) * (_BOTTOM - _TOP)
        return x, min(y, _BOTTOM)

    parts = [text(0, 18, escape(title), "start", 14, font_weight="600")] if title else []
    x = 4.0
    for words, shape, colour in _KINDS:
        parts.append(_mark(shape, x + 6, 38, 6, colour, ""))
        parts.append(text(x + 18, 42.5, words, "start"))
        x += 42 + 7.2 * len(words)
    for power in range(x0, x1 + 1):
        px = at(10.0**power, 10.0**y0)[0]
        parts.append(_grid(f"M{px:.1f} {_TOP}V{_BOTTOM}"))
        parts.append(text(px, _BOTTOM + 18, _power(power), size=12.5, fill=MUTED))
    for power in range(y0, y1 + 1):
        py = at(10.0**x0, 10.0**power)[1]
        parts.append(_grid(f"M{_LEFT + 14} {py:.1f}H{_RIGHT - 16}"))
        parts.append(text(_LEFT + 4, py + 4, _giga(power), "end", 12.5, MUTED))
    parts.append(text(4, 62, "billion operations a second", "start", 12.5, MUTED))
    parts.append(
        text((_LEFT + _RIGHT) / 2, _BOTTOM + 38, "operations a byte moved", size=12.5, fill=MUTED)
    )
    ridge = rate / bandwidth
    low, high = max(10.0**x0, 10.0**y0 / bandwidth), 10.0**x1
    corner = min(max(ridge, low), high)
    start, bend, end = (
        at(low, low * bandwidth if low < ridge else rate),
        at(corner, min(rate, corner * bandwidth)),
        at(high, min(rate, high * bandwidth)),
    )
    parts.append(
        line(f"M{start[0]:.1f} {start[1]:.1f}L{bend[0]:.1f} {bend[1]:.1f}L{end[0]:.1f} "
             f"{end[1]:.1f}", stroke=INK, stroke_width="2")
    )  # fmt: skip
    words = f"{rate / 1e9:.3g}"
    note = f"arithmetic: {words}"
    parts.append(text(bend[0] + 4, bend[1] - 8, note, "start", 12.5, font_weight="600"))
    if low < ridge:
        note = f"memory: {bandwidth / 1e9:.3g} billion bytes a second"
        middle = (start[1] + bend[1]) / 2
        parts.append(text(start[0] + 6, middle - 14, note, "start", 12.5, font_weight="600"))
    total = sum(one.seconds for one in layers)
    for one in sorted(layers, key=lambda layer: -layer.seconds):
        share = one.seconds / total
        shape, colour = _style(one.kind)
        tip = (
            f"{one.name}: {share:.1%} of the time, {one.rate / 1e9:.3g} billion operations a "
            f"second, {one.intensity:.3g} a byte"
        )
        parts.append(_mark(shape, *at(one.intensity, one.rate), 3 + 22 * share**0.5, colour, tip))
    slow = max(layers, key=lambda layer: layer.seconds)
    alt = (
        f"Roofline. {title + ': ' if title else ''}{len(layers)} layers under the limits of "
        f"arithmetic, {words} billion operations a second, and of memory, "
        f"{bandwidth / 1e9:.3g} billion bytes a second. The layer with most time is {slow.name}."
    )
    return Drawing("".join(parts), 640, _BOTTOM + 48, alt, 480)


def _style(kind):
    words = kind.lower()
    names = {"conv": 0, "maxpool": 1, "norm": 2, "relu": 2}
    index = next((i for part, i in names.items() if part in words), 3)
    return _KINDS[index][1:]


def _mark(shape, x, y, r, colour, tip):
    look = {"fill_opacity": "0.55", "stroke": COLOUR[colour], "stroke_width": "1.5"}
    fill = COLOUR[colour]
    if shape == "square":
        pairs = ((x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r))
    elif shape == "diamond":
        pairs = ((x - r * 1.3, y), (x, y - r * 1.3), (x + r * 1.3, y), (x, y + r * 1.3))
    elif shape == "triangle":
        pairs = ((x, y - r * 1.2), (x + r * 1.2, y + r), (x - r * 1.2, y + r))
    else:
        half = f"a{r:.1f} {r:.1f} 0 1 0"
        path = f"M{x - r:.1f} {y:.1f}{half} {2 * r:.1f} 0{half} {-2 * r:.1f} 0Z"
        style = f'fill="{fill}" fill-opacity="0.55" stroke="{fill}" stroke-width="1.5"'
        found = f'<path d="{path}" {style}/>'
        return _titled(found, tip)
    return _titled(polygon(pairs, fill, **look), tip)


def _titled(shape, tip):
    return f"<g><title>{escape(tip)}</title>{shape}</g>" if tip else shape


def _grid(path):
    return line(path, stroke=MUTED, stroke_width="1", stroke_opacity="0.25")


def _power(power):
    return f"{10.0**power:g}" if power > -3 else f"10^{power}"


def _giga(power):
    return f"{10.0 ** (power - 9):g}"
