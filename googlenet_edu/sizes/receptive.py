"""Receptive field: what a cell of a feature map sees of the image (part of googlenet_edu.sizes)."""

from collections.abc import Mapping
from typing import NamedTuple

from ..checks import SizeError, is_sequence, pair

__all__ = ["ReceptiveField", "receptive_field"]


class ReceptiveField(NamedTuple):
    """What one cell of a feature map sees of the image.

    size: cells of the image along one axis; jump: image cells between neighbouring cells of the
    map; start: image index where the first cell's field begins (negative: in the padding);
    steps: (layer name, size, jump, start) after each layer. Tuples where height and width differ.
    """

    size: object
    jump: object
    start: object
    steps: tuple


def receptive_field(layers):
    """Return the theoretical receptive field after a chain of layers, as a `ReceptiveField`.

    layers: from the image on, each a (kernel_size, stride[, padding[, dilation]]) tuple, a
    mapping or an object with those names (a torch.nn layer, a row of
    googlenet_edu.architecture); an Inception row counts through its widest branch. Per layer
    size += dilation * (kernel_size - 1) * jump, then jump *= stride.

    Raises: SizeError for a layer without a kernel_size or with illegal numbers, named by place.
    Source: Dumoulin and Visin, arXiv 1603.07285. Chapter: book/sizes/receptive_field.

    >>> receptive_field([(7, 2, 3), (3, 2)])[:3]
    (11, 4, -3)
    """
    state = [(1, 1, 0), (1, 1, 0)]
    square = True
    steps = []
    for number, layer in enumerate(layers, 1):
        name = getattr(layer, "name", "") or f"layer {number}"
        before = state
        paths = []
        for path in _paths(layer):
            state = list(before)
            for part in path:
                settings, flat = _window(part, name)
                square = square and flat
                state = [_see(axis, *w) for axis, w in zip(state, settings, strict=True)]
            paths.append(state)
        state = [max((p[i] for p in paths), key=lambda axis: axis[0]) for i in (0, 1)]
        steps.append((name, *_columns(state, square)))
    return ReceptiveField(*_columns(state, square), tuple(steps))


def _paths(layer):
    branches = getattr(layer, "branches", None)
    if branches is None:
        return [[layer]]
    branches = branches() if callable(branches) else branches
    return [list(branch) for branch in branches]


def _window(layer, name):
    """Return ((kernel, stride, padding, dilation) per axis, whether both axes are alike)."""
    names = ("kernel_size", "stride", "padding", "dilation")
    if is_sequence(layer):
        found = dict(zip(names, layer, strict=False))
    elif isinstance(layer, Mapping):
        found = {key: layer[key] for key in names if key in layer}
    else:
        found = {key: getattr(layer, key) for key in names if hasattr(layer, key)}
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
    settings = tuple(zip(kernel, stride, padding, dilation, strict=True))
    return settings, settings[0] == settings[1]


def _see(axis, kernel, stride, padding, dilation):
    size, jump, start = axis
    return size + dilation * (kernel - 1) * jump, jump * stride, start - padding * jump


def _columns(state, square):
    height, width = state
    return height if square else tuple(zip(height, width, strict=True))
