"""Convolution and pooling sizes; the package's docstring says what holds for all of them.

Chapters: book/sizes/convolution and book/sizes/pooling.
"""

from typing import Any

from ..checks import (
    Size,
    SizeError,
    SizeTypeError,
    call,
    flag,
    is_sequence,
    joined,
    pair,
    per_axis,
    quote,
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
]


def conv_output_size(
    size: Size, kernel_size: Size, stride: Size = 1, padding: Size | str = 0, dilation: Size = 1
) -> Any:
    """Return the feature-map size after a convolution.

    Per axis: floor((size + 2 * padding - dilation * (kernel_size - 1) - 1) / stride) + 1.
    padding may also be "valid" (none) or "same" (output as large as the input, stride 1 only;
    an odd total puts the extra cell on the right).

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
    stride = kernel_size. kind is "max" or "avg" (average pooling has no dilation).

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


def _conv_axes(size, kernel_size, stride, padding, dilation):
    sizes = pair("size", size, 1, single=False)
    kernels = pair("kernel_size", kernel_size, 1, single=False)
    strides = pair("stride", stride, 1)
    dilations = pair("dilation", dilation, 1)
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise SizeError(
                f"padding must be a whole number, a pair, 'valid' or 'same', but got {padding!r}: "
                "torch spells the two words in small letters."
            )
        if padding == "same" and strides != (1, 1):
            raise SizeError(
                f"padding='same' needs stride=1, but stride={quote(stride)}: torch has no "
                "strided 'same'; give the padding as a number."
            )
        spans = zip(kernels, dilations, strict=True)
        total = [d * (k - 1) if padding == "same" else 0 for k, d in spans]
        left, right = tuple(t // 2 for t in total), tuple(t - t // 2 for t in total)
    else:
        left = right = pair("padding", padding, 0)
    axes = []
    for name, n, k, s, before, after, d in per_axis(
        (size, kernel_size, stride, padding, dilation),
        sizes,
        kernels,
        strides,
        left,
        right,
        dilations,
    ):
        span = d * (k - 1) + 1
        room = n + before + after - span
        if room < 0:
            raise SizeError(
                f"{where(name)}the kernel spans {show(span)} cells but the padded input has only "
                f"{show(n + before + after)}: use a larger input or more padding, or a smaller "
                "kernel_size or dilation."
            )
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
    dilations = pair("dilation", dilation, 1)
    if kind == "avg" and dilations != (1, 1):
        raise SizeError(
            f"dilation={quote(dilation)} is not available: average pooling in torch has no "
            "dilation; leave it at 1 or use kind='max'."
        )
    axes = []
    for name, n, k, s, p, d in per_axis(
        (size, kernel_size, stride, padding, dilation),
        pair("size", size, 1, single=False),
        pair("kernel_size", kernel_size, 1),
        pair("stride", stride, 1),
        pair("padding", padding, 0),
        dilations,
    ):
        place = where(name)
        if 2 * p > k:
            raise SizeError(
                f"{place}padding={show(p)} is more than half of kernel_size={show(k)}: torch "
                f"allows at most {show(k // 2)} here, whatever the dilation."
            )
        span = d * (k - 1) + 1
        room = n + 2 * p - span
        steps = -(-room // s) if ceil_mode else room // s
        # A window that would start in the right padding or beyond reads no cell: torch drops it.
        dropped = ceil_mode and steps * s >= n + p
        out = steps + 1 - dropped
        if out < 1:
            raise SizeError(
                f"{place}the window spans {show(span)} cells but the padded input has only "
                f"{show(n + 2 * p)}, so the output would be {show(out)}: use a larger input or a "
                "smaller kernel_size or dilation."
            )
        axes.append(
            AxisSteps(
                kind=f"{kind}_pool",
                name=name,
                size=n,
                kernel_size=k,
                stride=s,
                pad_left=p,
                pad_right=p,
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
