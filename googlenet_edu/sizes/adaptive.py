"""Adaptive pooling: the size it gives and the cells of each bin (part of googlenet_edu.sizes)."""

from collections.abc import Sequence
from typing import Any

from ..checks import Size, axis_names, call, each, is_sequence, show
from .explanations import Explanation, PlainSteps, Step

__all__ = [
    "AdaptiveBins",
    "adaptive_pool_bins",
    "adaptive_pool_output_size",
    "explain_adaptive_pool",
]


def adaptive_pool_output_size(size: Size, output_size: Any) -> Any:
    """Return the feature-map size after adaptive pooling: output_size, None keeping the input's.

    Args: size int or (height, width); output_size int or a pair, each 0 or more or None.
    Raises: SizeError for an empty input (torch's average to 1 x 1 answers nan there) or a
    negative output_size.
    Source: PyTorch documentation, torch.nn.AdaptiveAvgPool2d. Chapter: book/sizes/pooling.
    """
    bins = adaptive_pool_bins(size, output_size)
    return tuple(_len_of(b) for b in bins) if isinstance(bins, tuple) else _len_of(bins)


def adaptive_pool_bins(size: Size, output_size: Any) -> Any:
    """Return the bins of adaptive pooling: bin i covers floor(i*L/O) up to ceil((i+1)*L/O).

    The bins of an axis are an `AdaptiveBins`, a lazy sequence of (start, stop) cell indices;
    with tuples in, one per axis. Arguments, errors and chapter: `adaptive_pool_output_size`.

    >>> list(adaptive_pool_bins(7, 3))
    [(0, 3), (2, 5), (4, 7)]
    """
    axes = axis_names(size, output_size)
    sizes = each("size", size, axes, 1, single=False)
    # torch takes None only inside a tuple; alone it is a missing argument.
    if is_sequence(output_size) and len(output_size) == len(axes):
        kept = (n if o is None else o for n, o in zip(sizes, output_size, strict=True))
        output_size = tuple(kept)
    outs = each("output_size", output_size, axes, 0, single=False)
    bins = tuple(AdaptiveBins(n, o) for n, o in zip(sizes, outs, strict=True))
    return bins if len(axes) > 1 else bins[0]


def explain_adaptive_pool(size: Size, output_size: Any) -> Explanation:
    """Return the bins of adaptive pooling in words, as an `Explanation`.

    Arguments, errors, source and chapter: `adaptive_pool_output_size`.
    """
    bins = adaptive_pool_bins(size, output_size)
    both = bins if isinstance(bins, tuple) else (bins,)
    axes = [
        PlainSteps(name, _adaptive_steps(b))
        for name, b in zip(axis_names(size, output_size), both, strict=True)
    ]
    code = call(adaptive_pool_output_size, size, output_size)
    return Explanation(code, adaptive_pool_output_size(size, output_size), axes)


class AdaptiveBins(Sequence):
    """The bins of adaptive pooling along one axis, computed when asked for."""

    def __init__(self, size: int, output_size: int) -> None:
        self.size = size
        self.output_size = output_size

    def __len__(self):
        return self.output_size

    def __getitem__(self, index):
        n, o = self.size, self.output_size
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(o))]
        i = index + o if index < 0 else index
        if not 0 <= i < o:
            raise IndexError(f"bin {index} does not exist: there are {o}.")
        return i * n // o, -(-(i + 1) * n // o)

    def __repr__(self):
        return f"<{show(self.output_size)} bins over {show(self.size)} cells>"


def _len_of(bins):
    # len() stops at the machine's word; the number itself does not.
    return bins.output_size


def _adaptive_steps(bins):
    n, o = bins.size, bins.output_size
    if o == 0:
        return (Step("output size", "0, no bin at all", 0),)
    lines = []
    shown = range(o) if o <= 4 else (0, 1, o - 1)
    for i in shown:
        start, stop = bins[i]
        lines.append(
            Step(
                f"bin {show(i)}",
                f"floor({show(i)} × {show(n)} / {show(o)}) = {show(start)} up to, not with, "
                f"ceil({show(i + 1)} × {show(n)} / {show(o)}) = {show(stop)}: "
                f"{show(stop - start)} cells",
                (start, stop),
            )
        )
    lines.append(Step("output size", show(o), o))
    return tuple(lines)
