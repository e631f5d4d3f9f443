"""Receptive field: what a cell of a feature map sees of the image (part of googlenet_edu.sizes)."""

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import prod
from typing import Any, NamedTuple

from ..checks import AXES, SizeError, is_sequence, pair, quote

__all__ = ["ReceptiveField", "receptive_field"]

_MOST_CELLS = 1_000_000  # of a chain with transposed convolutions, which is followed cell by cell
_REFUSED = {  # layers that have a kernel_size, but no field of their own
    "MaxUnpool": "puts each value where another layer's indices say",
    "FractionalMaxPool": "draws its windows at random",
    "Fold": "adds up columns, which are no feature map",
    "Unfold": "returns columns, which are no feature map",
}


class ReceptiveField(NamedTuple):
    """What one cell of a feature map sees of the image.

    size: cells of the image along one axis; jump: image cells between neighboring cells of the
    map; start: image index where the first cell's field begins (negative: in the padding);
    steps: (layer name, size, jump, start) after each layer. Tuples where height and width differ.
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
    (transposed=True, as torch's have) divide jump by their stride.

    Raises: SizeError for a layer without a kernel_size or with illegal numbers, named by place,
    for unpooling, fractional pooling, folding and unfolding, and for a chain with a transposed
    convolution in which a cell sees none or more than a million cells.
    Source: Dumoulin and Visin, arXiv 1603.07285. Chapter: book/sizes/receptive_field.

    >>> receptive_field([(7, 2, 3), (3, 2)])[:3]
    (11, 4, -3)
    """
    state: list[Any] = [(1, 1, 0), (1, 1, 0)]
    square = True
    steps: list[Any] = []
    chain = []
    for number, layer in enumerate(layers, 1):
        name = getattr(layer, "name", "") or f"layer {number}"
        windows = [[_window(part, name) for part in path] for path in _paths(layer)]
        chain.append(windows)
        square = square and all(one[0] == one[1] for path in windows for one in path)
        paths = [list(state) for _ in windows]
        for path, parts in zip(paths, windows, strict=True):
            for part in parts:
                path[:] = [_see(axis, *w) for axis, w in zip(path, part, strict=True)]
        state = [max((p[i] for p in paths), key=lambda axis: axis[0]) for i in (0, 1)]
        if any(one[0][-1] for paths in chain for path in paths for one in path):
            state = [_followed(chain, i, state[i][1], name) for i in range(2 - square)]
            state *= 1 + square
        steps.append((name, *_columns(state, square)))
    size, jump, start = _columns(state, square)
    return ReceptiveField(size, jump, start, tuple(steps))


def _paths(layer):
    branches: Any = getattr(layer, "branches", None)
    if branches is None:
        return [[layer]]
    branches = branches() if callable(branches) else branches
    return [list(branch) for branch in branches]


def _window(layer, name):
    """Return (kernel, stride, padding, dilation, transposed) of both axes."""
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
    if "kernel_size" not in found:
        raise SizeError(
            f"{name} has no kernel_size: give (kernel_size, stride, padding, dilation) or a layer "
            "that has those names."
        )
    try:
        kernel = pair("kernel_size", found["kernel_size"], 1)
        stride = found.get("stride", 1)
        stride = kernel if stride is None else pair("stride", stride, 1)
        padding = found.get("padding", 0)
        dilation = pair("dilation", found.get("dilation", 1), 1)
        if padding == "same":
            padding = tuple(d * (k - 1) // 2 for k, d in zip(kernel, dilation, strict=True))
        padding = (0, 0) if padding == "valid" else pair("padding", padding, 0)
    except SizeError as error:
        raise type(error)(f"{name}: {error}") from None
    transposed = (bool(found.get("transposed", False)),) * 2
    return tuple(zip(kernel, stride, padding, dilation, transposed, strict=True))


def _see(axis, kernel, stride, padding, dilation, transposed):
    size, jump, start = axis
    if transposed:
        return size, Fraction(jump, stride), start  # `_followed` finds the rest
    return size + dilation * (kernel - 1) * jump, jump * stride, start - padding * jump


def _followed(chain, axis, jump, name):
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
            f"{name}: no cell sees the image along the {AXES[axis]}, because the cells that are "
            "read lie between those that a transposed convolution fills: change a stride."
        )
    jump = Fraction(jump)
    size, start = max(size for size, _ in seen), seen[0][1]
    return size, jump.numerator if jump.denominator == 1 else jump, start


def _columns(state, square) -> Any:
    height, width = state
    return height if square else tuple(zip(height, width, strict=True))
