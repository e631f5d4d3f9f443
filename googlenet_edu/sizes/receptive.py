"""Receptive field: what a cell of a feature map sees of the image (part of googlenet_edu.sizes)."""

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import prod
from typing import Any, NamedTuple

from ..checks import SizeError, axis_names, each, edges, is_sequence, quote

__all__ = ["ReceptiveField", "receptive_field"]

_MOST_CELLS = 1_000_000  # of a chain with transposed convolutions, which is followed cell by cell
_REFUSED = {  # layers that have a kernel_size, but no field of their own
    "MaxUnpool": "puts each value where another layer's indices say",
    "FractionalMaxPool": "draws its windows at random",
    "Fold": "adds up columns, which are no feature map",
    "Unfold": "returns columns, which are no feature map",
    "DeformConv": "reads where its offsets say",
}
_PADS = ("ZeroPad", "ConstantPad", "ReflectionPad", "ReplicationPad", "CircularPad")


class ReceptiveField(NamedTuple):
    """What one cell of a feature map sees of the image.

    size: cells of the image along one axis; jump: image cells between neighboring cells of the
    map; start: image index where the first cell's field begins (negative: in the padding);
    steps: (layer name, size, jump, start) after each layer. Tuples where the axes differ.
    After a transposed convolution cells see differently much: size is the largest, and jump may
    be a Fraction.
    """

    size: Any
    jump: Any
    start: Any
    steps: tuple[tuple[str, Any, Any, Any], ...]


def receptive_field(layers: Iterable[Any]) -> ReceptiveField:
    """Return the theoretical receptive field after a chain of layers, as a `ReceptiveField`.

    layers: from the image on, each a (kernel_size, stride[, padding[, dilation]]) tuple, a
    mapping or an object with those names (a torch.nn layer, a row of
    googlenet_edu.architecture); an Inception row counts through its widest branch. Per layer
    size += dilation * (kernel_size - 1) * jump, then jump *= stride. Transposed convolutions
    (transposed=True, as torch's have) divide jump by their stride. Padding may be a (before,
    after) pair for each axis, or a padding layer of torch's; what it holds is not counted.

    Raises: SizeError for a layer without a kernel_size or with illegal numbers, named by place,
    for unpooling, fractional pooling, folding, unfolding and deformable convolution, and for a
    chain with a transposed convolution in which a cell sees none or more than a million cells.
    Source: Dumoulin and Visin, arXiv 1603.07285. Chapter: book/sizes/receptive_field.

    >>> receptive_field([(7, 2, 3), (3, 2)])[:3]
    (11, 4, -3)
    """
    rows = []
    for number, layer in enumerate(layers, 1):
        name = getattr(layer, "name", "") or f"layer {number}"
        rows.append((name, [[_settings(part, name) for part in path] for path in _paths(layer)]))
    every = (one for _, paths in rows for path in paths for one in path)
    axes = axis_names((0, 0), *(value for one in every for value in one.values()))
    state: list[Any] = [(1, 1, 0)] * len(axes)
    square = True
    steps: list[Any] = []
    chain = []
    for name, paths in rows:
        windows = [[_window(one, name, axes) for one in path] for path in paths]
        chain.append(windows)
        square = square and all(len(set(one)) == 1 for path in windows for one in path)
        paths = [list(state) for _ in windows]
        for path, parts in zip(paths, windows, strict=True):
            for part in parts:
                path[:] = [_see(axis, *w) for axis, w in zip(path, part, strict=True)]
        state = [max((p[i] for p in paths), key=lambda axis: axis[0]) for i in range(len(axes))]
        if any(one[0][-1] for paths in chain for path in paths for one in path):
            seen = axes[:1] if square else axes
            state = [_followed(chain, i, state[i][1], name, axis) for i, axis in enumerate(seen)]
            state *= len(axes) // len(seen)
        steps.append((name, *_columns(state, square)))
    size, jump, start = _columns(state, square)
    return ReceptiveField(size, jump, start, tuple(steps))


def _paths(layer):
    branches: Any = getattr(layer, "branches", None)
    if branches is None:
        return [[layer]]
    branches = branches() if callable(branches) else branches
    return [list(branch) for branch in branches]


def _settings(layer: Any, name):
    """Return the settings of a layer by their names, or refuse it."""
    names = ("kernel_size", "stride", "padding", "dilation", "transposed")
    if is_sequence(layer):
        found: dict[str, Any] = dict(zip(names[:4], layer, strict=False))
    elif isinstance(layer, Mapping):
        found = {key: layer[key] for key in names if key in layer}
    else:
        found = {key: getattr(layer, key) for key in names if hasattr(layer, key)}
    for kind in (re.sub("[123]d$", "", one.__name__) for one in type(layer).__mro__):
        if kind in _REFUSED:
            raise SizeError(
                f"{name}, {quote(layer)}, {_REFUSED[kind]}, so its receptive field cannot be told "
                "from its settings: leave it out, or ask for the layers before it."
            )
        if kind in _PADS:  # torch names the last axis first; negative padding crops
            before = layer.padding[::2][::-1]  # pyright: ignore
            return {"kernel_size": (1,) * len(before), "before": tuple(before)}
    if "kernel_size" not in found:
        raise SizeError(
            f"{name} has no kernel_size: give (kernel_size, stride, padding, dilation) or a layer "
            "that has those names, and leave out layers that treat each cell alone."
        )
    return found


def _window(found, name, axes):
    """Return (kernel, stride, padding before, dilation, transposed) of each axis."""
    try:
        kernel = each("kernel_size", found["kernel_size"], axes, 1)
        stride = found.get("stride", 1)
        stride = kernel if stride is None else each("stride", stride, axes, 1)
        padding = found.get("padding", 0)
        dilation = each("dilation", found.get("dilation", 1), axes, 1)
        if padding == "same":
            before = tuple(d * (k - 1) // 2 for k, d in zip(kernel, dilation, strict=True))
        else:
            before = [one for one, _ in edges(0 if padding == "valid" else padding, axes)]
        before = each("padding", found.get("before", before), axes)
    except SizeError as error:
        raise type(error)(f"{name}: {error}") from None
    transposed = (bool(found.get("transposed", False)),) * len(axes)
    return tuple(zip(kernel, stride, before, dilation, transposed, strict=True))


def _see(axis, kernel, stride, padding, dilation, transposed):
    size, jump, start = axis
    if transposed:
        return size, Fraction(jump, stride), start  # `_followed` finds the rest
    return size + dilation * (kernel - 1) * jump, jump * stride, start - padding * jump


def _followed(chain, axis, jump, name, along):
    """(size, jump, start) of one axis, by going back from each kind of cell to the image.

    A shift by the product of all transposed strides is a whole shift of every map, so that many
    neighboring cells are all the kinds there are.
    """
    kinds = 1
    for paths in chain:
        kinds *= max(prod(w[axis][1] for w in path if w[axis][4]) for path in paths)
    seen, room = [], _MOST_CELLS
    for cell in range(min(kinds, _MOST_CELLS)):
        cells = {cell}
        for paths in reversed(chain):
            before = set()
            for path in paths:
                now = cells
                for window in reversed(path):
                    kernel, stride, padding, dilation, transposed = window[axis]
                    room -= len(now) * kernel
                    if room < 0:
                        raise SizeError(
                            f"{name}: a chain with a transposed convolution is followed cell by "
                            f"cell, and this one has more than {_MOST_CELLS:,}: use smaller "
                            "kernels or strides."
                        )
                    taps = range(0, dilation * kernel, dilation)
                    if transposed:
                        ends = (one + padding - tap for one in now for tap in taps)
                        now = {end // stride for end in ends if end % stride == 0}
                    else:
                        now = {one * stride - padding + tap for one in now for tap in taps}
                before |= now
            cells = before
        if cells:
            seen.append((max(cells) - min(cells) + 1, min(cells)))
    if not seen:
        raise SizeError(
            f"{name}: no cell sees the image along the {along}, because the cells that are "
            "read lie between those that a transposed convolution fills: change a stride."
        )
    jump = Fraction(jump)
    size, start = max(size for size, _ in seen), seen[0][1]
    return size, jump.numerator if jump.denominator == 1 else jump, start


def _columns(state, square) -> Any:
    return state[0] if square else tuple(zip(*state, strict=True))
