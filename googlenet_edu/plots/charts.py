"""Charts of numbers, all matplotlib's: what a cell shows of a figure, and the plots that recur.

    import matplotlib.pyplot as plt
    from googlenet_edu.plots import label_bars, show

    plt.style.use("googlenet_edu.plots.googlenet")  # colors, fonts and sizes of the book
    fig, ax = plt.subplots()
    ax.barh(["conv1", "conv2"], [118, 13])
    label_bars(ax)
    show(fig, "Millions of multiply-adds")

Only this module imports matplotlib; `googlenet_edu.plots` loads it when a chart is first asked for.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from html import escape, unescape
from math import gcd, isfinite
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from PIL import Image

from .colors import LIGHT
from .svg import Drawing

if TYPE_CHECKING:
    from ..fast.measure import LayerTime
    from ..train import History

INK, MUTED, LINE = "#1b2330", "#566072", "#d5dbe5"
# What a color of the style sheet becomes on the page; outside the book its value after the comma.
_PAGE = {
    INK: "currentColor",
    "#000000": "currentColor",
    MUTED: "var(--book-muted, currentColor)",
    LINE: "var(--book-line, #8b97ab80)",
    **{color: f"var(--book-{part}, {color})" for part, color in LIGHT.items()},
}
_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")


def show(fig: Figure, title: str = "", description: str = "") -> Drawing:
    """Return what a cell shows of a matplotlib figure: inline SVG in the colors of the page.

    Args:
        fig: the figure; it is closed, so that Jupyter does not show it a second time.
        title: what the chart is about, for those who do not see it; the words above the axes are
            said anyway.
        description: what it shows, in sentences; without, the data is read from the axes.

    Text stays text. An artist's `gid` is shown when the pointer rests on it; that of a line or of
    axes is their part of the description. The same figure gives the same SVG everywhere.
    Chapter: book/blocks/basic_conv.
    """
    fig.draw_without_rendering()  # only now have the ticks their labels
    words = ". ".join(part.rstrip(".") for part in (title, description or _describe(fig)) if part)
    tips = {one.get_gid() for one in fig.findobj() if one not in fig.axes} - {None}
    file = io.StringIO()
    salt = sha256(words.encode()).hexdigest()[:8]
    with plt.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt}):
        fig.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    plt.close(fig)
    width, height = fig.get_size_inches() * 100
    body = (
        f'<g transform="scale(1.3889)" stroke-linejoin="round">{_lean(file.getvalue(), tips)}</g>'
    )
    least = round(width * 10 / 13)  # on a phone letters of 13 px become 10, none smaller
    return Drawing(body, width, height, f"{words}.", least, kind="gc-drawing gc-chart")


def _lean(svg, tips):
    """Return the inside of matplotlib's SVG: the page's colors and font, short numbers, tips."""
    svg = re.sub(r">\s+<", "><", svg).replace("\n", "")
    svg = svg[svg.index('<g id="figure_1">') : svg.rindex("</svg>")]
    svg = re.sub(r'<path d="[^"]*"( clip-path="[^"]*")? style="fill: none"/>', "", svg)
    svg = re.sub(r' transform="rotate\(-0 [^"]*"|font-family: [^;"]*; ', "", svg)
    svg = svg.replace("font-weight: 700", "font-weight: 600").replace("xlink:href", "href")
    svg = re.sub(r"; stroke-line(?:join: miter|cap: (?:square|butt))", "", svg)
    svg = re.sub('#[0-9a-f]{6}(?=[;"])', lambda color: _PAGE.get(color[0], color[0]), svg)

    def short(match):
        if "matrix" in match[0] or "base64" in match[0]:
            return match[0]
        return _NUMBER.sub(lambda n: f"{float(n[0]):.1f}".removesuffix(".0"), match[0])

    def group(match):
        tip = unescape(match[2])
        return f"<g><title>{escape(tip)}</title>" if tip in tips else "<g>"

    svg = re.sub(r' (?:d|x|y|width|height|transform)="[^"]*"', short, svg)
    svg = re.sub(r"(?<=base64,)[^\"]+", _small, svg)
    svg = re.sub(r"<g id=\"[^\"]*\"/>", "", svg)
    svg = re.sub(r"""<g id=(["'])((?:(?!\1).)*)\1>""", group, svg)
    while "<g></g>" in svg:
        svg = svg.replace("<g></g>", "")
    return svg


def _small(png):
    """Return a base64 PNG without what it does not need: colors that are all gray, full opacity."""
    image = Image.open(io.BytesIO(base64.b64decode(png[0])))
    red, green, blue, alpha = image.convert("RGBA").split()
    gray, opaque = red == green == blue, alpha.getextrema() == (255, 255)
    file = io.BytesIO()
    mode = ("L" if gray else "RGB") + ("" if opaque else "A")
    image.convert(mode).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode("ascii")


def _describe(fig):
    """Return the data of all axes in words."""
    told = []
    for ax in fig.axes:
        if ax.get_gid():
            told.append(ax.get_gid())
            continue
        parts = [_bars(ax, one) for one in ax.containers if isinstance(one, BarContainer)]
        for line in ax.lines:
            label = str(line.get_label())
            if line.get_gid() or not label.startswith("_"):
                points = ", ".join(_number(y) for y in np.ravel(line.get_ydata())[:40])
                parts.append(line.get_gid() or f"{label} {points}")
        title = ax.get_title("left") or ax.get_title() or ax.get_ylabel()
        if title or parts:
            told.append(": ".join(part for part in (title, "; ".join(parts)) if part))
    return ". ".join(told)


def _bars(ax, bars):
    level = bars.orientation == "horizontal"
    axis = ax.yaxis if level else ax.xaxis
    ticks = axis.get_ticklocs()
    names = axis.get_major_formatter().format_ticks(ticks)
    words = []
    for bar in bars:
        value = bar.get_width() if level else bar.get_height()
        at = bar.get_y() + bar.get_height() / 2 if level else bar.get_x() + bar.get_width() / 2
        near = min(zip(ticks, names, strict=True), key=lambda tick: abs(tick[0] - at))[1]
        words.append(bar.get_gid() or f"{near} {_number(value)}")
        bar.set_gid(words[-1])
    label = str(bars.get_label())
    return ("" if label.startswith("_") else f"{label}: ") + ", ".join(words)


def _number(value):
    """Return a number with four digits that count, without an exponent where it can be."""
    value = float(value)
    if not isfinite(value):
        return "no finite number"
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    words = f"{value:,.{max(0, 3 - int(np.floor(np.log10(abs(value)))))}f}"
    return words.rstrip("0").rstrip(".") if "." in words else words


def label_bars(ax: Axes) -> None:
    """Write each bar's value at its end, and leave out the axis that this makes superfluous.

    ax: axes with `bar` or `barh`; the first horizontal bar comes to stand on top.
    Chapter: book/blocks/basic_conv.
    """
    bars = [one for one in ax.containers if isinstance(one, BarContainer)]
    if not bars:
        raise ValueError("These axes hold no bars: call ax.barh or ax.bar first.")
    level = bars[0].orientation == "horizontal"
    for one in bars:
        ax.bar_label(one, fmt=_number, padding=4, fontsize=9, color=MUTED)
    (ax.xaxis if level else ax.yaxis).set_visible(False)
    ax.spines["bottom" if level else "left"].set_visible(False)
    ax.tick_params(axis="y" if level else "x", labelcolor=INK, labelsize=9.4)
    if level and not ax.yaxis_inverted():
        ax.invert_yaxis()


def plot_runs(ax: Axes, runs: Sequence[Sequence[float | None]], label: str) -> None:
    """Plot the mean of several runs over their epochs, with a band from the lowest to the highest.

    runs: a list of curves of one length, one a run; what is None or not finite (a run that
    diverged) is left out. label: the name of the line.
    Raises: ValueError for curves of different lengths. Chapter: book/blocks/bn_versus_lrn.
    """
    lengths = {len(run) for run in runs}
    if len(lengths) != 1 or 0 in lengths:
        raise ValueError(
            f"All curves must have the same number of points, one or more, but got "
            f"{sorted(lengths)}: cut or complete them."
        )
    points = [
        [one for one in at if one is not None and isfinite(one)] for at in zip(*runs, strict=True)
    ]
    kept = [(x, at) for x, at in enumerate(points, 1) if at]
    x = [x for x, _ in kept]
    (line,) = ax.plot(x, [sum(at) / len(at) for _, at in kept], label=label)
    if len(runs) > 1:
        low, high = [min(at) for _, at in kept], [max(at) for _, at in kept]
        ax.fill_between(x, low, high, color=line.get_color(), alpha=0.18, linewidth=0)
    line.set_gid(f"{label} from {_spread(points[0])} to {_spread(points[-1])}")
    ax.set_xlabel("epoch")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.grid(axis="y")


def _spread(values):
    if not values:
        return "no finite number"
    mean, low, high = sum(values) / len(values), min(values), max(values)
    spread = f" ({_number(low)} to {_number(high)})" if low < high else ""
    return _number(mean) + spread


def learning_curves(history: History, axes: Iterable[Axes]) -> None:
    """Plot a `train.History`: loss and accuracy of every epoch, both of the main classifier.

    axes: two, as from plt.subplots(1, 2). Training is measured while it learns, with dropout.
    Raises: ValueError for a history without a finished epoch. Chapter: book/training/training.
    """
    if not history.train_loss:
        raise ValueError("The history holds no finished epoch: train for at least one.")
    tested = len(history.test_loss) == len(history.train_loss)
    for ax, name in zip(axes, ("loss", "accuracy"), strict=True):
        plot_runs(ax, [getattr(history, f"train_{name}")], "training")
        if tested:
            plot_runs(ax, [getattr(history, f"test_{name}")], "test")
        ax.set_title(name)
        ax.set_ylim(0, 1 if name == "accuracy" else None)
        ax.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        ax.legend()


def confusion_matrix(ax: Axes, confusion: Any, classes: Sequence[str]) -> None:
    """Plot a confusion matrix: a row is a true class, a column what the network said.

    confusion: whole numbers (n, n), as `train.Evaluation.confusion`. classes: n names.
    Raises: ValueError when the two do not fit. Chapter: book/training/training.
    """
    counts, n = np.asarray(confusion), len(classes)
    if counts.shape != (n, n) or n < 1:
        raise ValueError(
            f"The confusion matrix must be {n} x {n} for {n} classes, but is {list(counts.shape)}."
        )
    right = np.eye(n, dtype=bool)
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    tints = np.zeros((n, n, 4))
    for color, cells in ((LIGHT["branch2"], right), (LIGHT["branch3"], ~right)):
        tints[cells, :3] = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    tints[..., 3] = np.where(counts > 0, 0.2 + 0.5 * share, 0)
    ax.imshow(tints)
    for (i, j), count in np.ndenumerate(counts):
        if count:
            ax.text(j, i, str(count), ha="center", va="center")
    ax.set_xticks(range(n), classes)
    ax.set_yticks(range(n), classes)
    ax.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, labelcolor=INK)
    ax.xaxis.set_label_position("top")
    ax.set(xlabel="the network said", ylabel="true")
    ax.spines[:].set_visible(False)
    wrong = [
        f"{classes[i]} taken for {classes[j]}: {counts[i, j]}" for i, j in np.argwhere(counts)
        if i != j
    ]  # fmt: skip
    told = "; ".join(wrong) if wrong else "No mistake"
    ax.set_gid(f"Confusion matrix: {counts.trace()} of {counts.sum()} right. {told}")


def image_tiles(ax: Axes, images: Any, columns: int = 8) -> None:
    """Show small images in rows on the axes, each cell of an image as a square.

    images: (n, H, W), each scaled by itself from its smallest value (black) to its largest
    (white); or (n, H, W, 3) with colors from 0 to 1, taken as they are. Chapter:
    book/training/training.
    """
    images = np.asarray(images, dtype=float)
    n, h, w = images.shape[:3]
    if images.ndim == 3:
        low = images.min((1, 2), keepdims=True)
        span = np.maximum(images.max((1, 2), keepdims=True) - low, 1e-12)
        images = np.repeat(((images - low) / span)[..., None], 3, axis=3)
    # Between images lies an eighth of their height, so that rows of all sizes are aligned.
    finer = 8 // gcd(h, 8)
    images = images.repeat(finer, axis=1).repeat(finer, axis=2)
    h, w = h * finer, w * finer
    gap, rows = h // 8, -(-n // columns)
    sheet = np.zeros((rows * (h + gap) - gap, columns * (w + gap) - gap, 4))  # gaps are clear
    for i, image in enumerate(images):
        y, x = i // columns * (h + gap), i % columns * (w + gap)
        sheet[y : y + h, x : x + w] = np.dstack([image, np.ones((h, w))])
    ax.imshow(sheet)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)


_KINDS = {  # of layers: mark and color, by what their class is called
    "convolution": ("o", "branch1", ("conv",)),
    "max pool": ("s", "branch3", ("maxpool",)),
    "norm or ReLU": ("D", "branch2", ("norm", "relu")),
    "other": ("^", "branch4", ("",)),
}


def roofline(ax: Axes, layers: Iterable[LayerTime], rate: float, bandwidth: float) -> None:
    """Plot a machine's two limits and a mark for each layer under them, both axes logarithmic.

    Across: multiply-adds for each byte moved. Upwards: multiply-adds per second; a layer without
    weights counts one for each number that its windows read. The slope is what memory allows
    (bandwidth times intensity), the flat part what arithmetic allows. A mark's area is the layer's
    time; resting on it shows its name and numbers.

    Args: layers: `fast.measure.LayerTime` objects; those without operations are left out.
    rate: multiply-adds per second, from `fast.measure.matmul_rate`. bandwidth: bytes per second,
    from `fast.measure.copy_bandwidth`.
    Raises: ValueError when there is nothing to draw, or a limit is not above 0.
    Source: Williams, Waterman and Patterson 2009, "Roofline". Chapter: book/training/inference.
    """
    layers = sorted((one for one in layers if one.operations > 0), key=lambda one: -one.seconds)
    if not layers or not rate > 0 or not bandwidth > 0:
        raise ValueError(
            f"A roofline needs layers with operations and two limits above 0, but got "
            f"{len(layers)} layers, rate={rate!r}, bandwidth={bandwidth!r}: see "
            "googlenet_edu.fast.measure."
        )
    total = sum(one.seconds for one in layers)
    for one in layers:
        words = one.kind.lower()
        kind = next(k for k, (_, _, parts) in _KINDS.items() if any(p in words for p in parts))
        mark, color, _ = _KINDS[kind]
        share = one.seconds / total
        tip = (
            f"{one.name}: {share:.1%} of the time, {one.rate / 1e9:.3g} billion multiply-adds a "
            f"second, {one.intensity:.3g} a byte"
        )
        ax.plot(one.intensity, one.rate, mark, color=LIGHT[color], alpha=0.6, clip_on=False,
                markersize=round(5 + 30 * share**0.5), gid=tip)  # fmt: skip
    for kind, (mark, color, _) in _KINDS.items():
        ax.plot([], [], mark, color=LIGHT[color], label=kind)
    ax.set(xscale="log", yscale="log")
    ax.figure.legend(loc="outside upper left", ncols=4, columnspacing=1, handletextpad=0.2)
    across, up = [one.intensity for one in layers], [one.rate for one in layers]
    ridge, low = rate / bandwidth, min(across) / 1.5
    high = max(*across, rate / bandwidth) * 1.5
    ax.plot([low, max(ridge, low), high], [min(low * bandwidth, rate), rate, rate], "-",
            color=INK, marker="", zorder=1)  # fmt: skip
    ax.set_xlim(low, high)
    ax.set_ylim(max(min(up), rate / 1e5) / 1.5, max(*up, rate) * 2.5)
    limits = f"Limits a second: {rate / 1e9:.3g} G multiply-adds, {bandwidth / 1e9:.3g} GB"
    ax.set_title(limits, fontsize=9)  # above the marks, which may lie on the lines
    for axis, scale in ((ax.xaxis, 1), (ax.yaxis, 1e9)):
        axis.set_major_formatter(FuncFormatter(lambda value, _, scale=scale: f"{value / scale:g}"))
    ax.set(xlabel="multiply-adds a byte moved", ylabel="billion multiply-adds a second")
    ax.grid()
    ax.set_gid(
        f"Roofline: {len(layers)} layers under the limits of arithmetic, {rate / 1e9:.3g} billion "
        f"multiply-adds a second, and of memory, {bandwidth / 1e9:.3g} billion bytes a second. The "
        f"layer with most time is {layers[0].name}"
    )
