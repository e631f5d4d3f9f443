"""Convolution and pooling sizes; the package's docstring says what holds for all of them.

Chapters: book/sizes/convolution and book/sizes/pooling.
"""

from typing import Any

from ..checks import (
    Size,
    SizeError,
    SizeTypeError,
    axis_names,
    call,
    each,
    edges,
    flag,
    is_sequence,
    joined,
    quote,
    say,
    show,
    where,
)
from .explanations import AxisSteps, Explanation

__all__ = [
    "caffe_pool_output_size",
    "conv_output_size",
    "explain_conv",
    "explain_pool",
    "pool_output_size",
    "same_padding",
]


def conv_output_size(
    size: Size, kernel_size: Size, stride: Size = 1, padding: Size | str = 0, dilation: Size = 1
) -> Any:
    """Return the feature-map size after a convolution.

    Per axis: floor((size + 2 * padding - dilation * (kernel_size - 1) - 1) / stride) + 1.
    padding may also be "valid" (none) or "same" (output as large as the input, stride 1 only;
    an odd total puts the extra cell on the right), or a (before, after) pair for each axis, as
    `same_padding` returns: ((top, bottom), (left, right)).

    Args: size int or (height, width) in cells; the others as in torch.nn.Conv2d.
    Raises: SizeError where torch.nn.Conv2d would refuse, e.g. a kernel larger than the padded
    input, stride 0, negative padding.
    Source: PyTorch documentation, torch.nn.Conv2d, "Shape". Chapter: book/sizes/convolution.

    >>> conv_output_size(224, kernel_size=7, stride=2, padding=3)
    112
    """
    return joined(_conv_axes(size, kernel_size, stride, padding, dilation))


def explain_conv(
    size: Size, kernel_size: Size, stride: Size = 1, padding: Size | str = 0, dilation: Size = 1
) -> Explanation:
    """Return the steps behind `conv_output_size` as an `Explanation` (same arguments, errors).

    Source: PyTorch documentation, torch.nn.Conv2d. Chapter: book/sizes/convolution.
    """
    axes = _conv_axes(size, kernel_size, stride, padding, dilation)
    code = call(conv_output_size, size, kernel_size, stride, padding, dilation)
    return Explanation(code, joined(axes), axes)


def pool_output_size(
    size: Size,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    *,
    kind: str = "max",
) -> Any:
    """Return the feature-map size after max or average pooling.

    Per axis: round((size + 2 * padding - dilation * (kernel_size - 1) - 1) / stride) + 1, where
    round is floor, or ceil with ceil_mode=True; with ceil_mode the last window is dropped again
    when it would start in the right padding or beyond the input. stride=None means
    stride = kernel_size. kind is "max" or "avg" (average pooling has no dilation). padding may
    be a (before, after) pair for each axis, which in torch is a pool after functional.pad.

    Args: size int or (height, width) in cells; the others as in torch.nn.MaxPool2d.
    Raises: SizeError where torch would refuse, e.g. padding over half of kernel_size (dilation
    does not count), a window larger than the input, stride 0.
    Source: PyTorch documentation, torch.nn.MaxPool2d. Chapter: book/sizes/pooling.

    >>> pool_output_size(112, kernel_size=3, stride=2, ceil_mode=True)
    56
    """
    return joined(_pool_axes(size, kernel_size, stride, padding, dilation, ceil_mode, kind))


def explain_pool(
    size: Size,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    *,
    kind: str = "max",
    count_include_pad: bool = True,
) -> Explanation:
    """Return the steps behind `pool_output_size` as an `Explanation`.

    The windows of its axes carry the divisor of average pooling: padding counts when
    count_include_pad is True, the overhang that ceil_mode creates never does.

    Arguments, errors, source: as `pool_output_size`. Chapter: book/sizes/pooling.
    """
    flag("count_include_pad", count_include_pad)
    axes = _pool_axes(
        size, kernel_size, stride, padding, dilation, ceil_mode, kind, count_include_pad
    )
    given = (size, kernel_size, stride, padding, dilation, ceil_mode)
    code = call(pool_output_size, *given, kind=kind)
    return Explanation(code, joined(axes), axes)


def caffe_pool_output_size(
    size: Size, kernel_size: Size, stride: Size | None = None, padding: Size = 0
) -> Any:
    """Return the feature-map size after a pool in Caffe, to compare with PyTorch's.

    Caffe rounds up unless its round_mode is FLOOR (not covered here), and drops the last window
    only when there is padding, so a window may lie wholly outside the input. It has no dilation.

    Arguments and errors: as `pool_output_size`.
    Source: Caffe, pooling_layer.cpp. Chapter: book/sizes/pooling.

    >>> caffe_pool_output_size(32, kernel_size=1, stride=2)
    17
    """
    axes = _pool_axes(size, kernel_size, stride, padding, 1, True, "max")
    outs = tuple(axis.whole + 1 - (axis.dropped and axis.pad_left > 0) for axis in axes)
    return outs[0] if len(outs) == 1 else outs


def same_padding(size, kernel_size, stride=1, dilation=1):
    """Return TensorFlow's "SAME" padding: a (before, after) pair for each axis.

    It is the least that gives ceil(size / stride) windows, an odd cell after: with a stride often
    not torch's. Takes what `conv_output_size` takes, and is taken as its padding.

    Raises: SizeError as `conv_output_size`.
    Source: TensorFlow documentation, tf.nn, "Notes on padding". Chapter: book/sizes/convolution.

    >>> same_padding(224, kernel_size=7, stride=2)
    ((2, 3),)
    """
    axes = axis_names(size, kernel_size, stride, dilation)
    pairs = []
    for n, k, s, d in zip(
        each("size", size, axes, 1, single=False),
        each("kernel_size", kernel_size, axes, 1),
        each("stride", stride, axes, 1),
        each("dilation", dilation, axes, 1),
        strict=True,
    ):
        total = max(0, (n - 1) // s * s + d * (k - 1) + 1 - n)
        pairs.append((total // 2, total - total // 2))
    return tuple(pairs)


def _conv_axes(size, kernel_size, stride, padding, dilation):
    names = axis_names(size, kernel_size, stride, padding, dilation)
    kernels = each("kernel_size", kernel_size, names, 1, single=False)
    strides = each("stride", stride, names, 1)
    dilations = each("dilation", dilation, names, 1)
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise SizeError(
                f"padding must be a whole number, a pair, 'valid' or 'same', but got {padding!r}: "
                "torch spells the two words in small letters; TensorFlow's 'SAME' is "
                "padding=same_padding(size, kernel_size, stride)."
            )
        if padding == "same" and set(strides) != {1}:
            raise SizeError(say("sizes", "sameStride", stride=quote(stride)))
        spans = zip(kernels, dilations, strict=True)
        total = [d * (k - 1) if padding == "same" else 0 for k, d in spans]
        ends = [(t // 2, t - t // 2) for t in total]
    else:
        ends = edges(padding, names)
    axes = []
    for name, n, k, s, (before, after), d in zip(
        names,
        each("size", size, names, 1, single=False),
        kernels,
        strides,
        ends,
        dilations,
        strict=True,
    ):
        span = d * (k - 1) + 1
        room = n + before + after - span
        if room < 0:
            sides = {"span": show(span), "padded": show(n + before + after)}
            raise SizeError(where(name) + say("sizes", "kernelTooLarge", **sides))
        axes.append(
            AxisSteps(
                kind="conv",
                name=name,
                size=n,
                kernel_size=k,
                stride=s,
                pad_left=before,
                pad_right=after,
                dilation=d,
                ceil_mode=False,
                room=room,
                whole=room // s,
                dropped=False,
                out=room // s + 1,
            )
        )
    return axes


def _pool_axes(
    size, kernel_size, stride, padding, dilation, ceil_mode, kind, count_include_pad=True
):
    if kind not in ("max", "avg"):
        raise SizeError(f"kind must be 'max' or 'avg', but got {quote(kind)}.")
    flag("ceil_mode", ceil_mode)
    if isinstance(padding, str):
        raise SizeTypeError(
            f"padding must be a whole number or a pair, but got {padding!r}: pooling layers have "
            "no 'same' or 'valid'; give a number, at most half of kernel_size."
        )
    if stride is None or (is_sequence(stride) and len(stride) == 0):
        stride = kernel_size  # torch's default: windows side by side
    names = axis_names(size, kernel_size, stride, padding, dilation)
    dilations = each("dilation", dilation, names, 1)
    if kind == "avg" and set(dilations) != {1}:
        raise SizeError(
            f"dilation={quote(dilation)} is not available: average pooling in torch has no "
            "dilation; leave it at 1 or use kind='max'."
        )
    axes = []
    for name, n, k, s, (before, after), d in zip(
        names,
        each("size", size, names, 1, single=False),
        each("kernel_size", kernel_size, names, 1),
        each("stride", stride, names, 1),
        edges(padding, names),
        dilations,
        strict=True,
    ):
        p = max(before, after)
        if 2 * p > k:
            values = {"p": show(p), "k": show(k), "limit": show(k // 2)}
            raise SizeError(where(name) + say("sizes", "halfKernel", **values))
        span = d * (k - 1) + 1
        room = n + before + after - span
        steps = -(-room // s) if ceil_mode else room // s
        # A window that would start in the right padding or beyond reads no cell: torch drops it.
        dropped = ceil_mode and steps * s >= n + before
        out = steps + 1 - dropped
        if out < 1:
            padded = show(n + before + after)
            values = {"span": show(span), "padded": padded, "out": show(out)}
            raise SizeError(where(name) + say("sizes", "windowTooLarge", **values))
        axes.append(
            AxisSteps(
                kind=f"{kind}_pool",
                name=name,
                size=n,
                kernel_size=k,
                stride=s,
                pad_left=before,
                pad_right=after,
                dilation=d,
                ceil_mode=ceil_mode,
                room=room,
                whole=steps,
                dropped=dropped,
                out=out,
                count_include_pad=count_include_pad,
            )
        )
    return axes
