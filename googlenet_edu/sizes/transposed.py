"""Transposed convolution: the size it gives (part of googlenet_edu.sizes)."""

from typing import Any

from ..checks import (
    Size,
    SizeError,
    SizeTypeError,
    axis_names,
    call,
    each,
    joined,
    quote,
    show,
    where,
)
from .explanations import Explanation, PlainSteps, Step

__all__ = ["conv_transpose_output_size", "explain_conv_transpose"]


def conv_transpose_output_size(
    size: Size,
    kernel_size: Size,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    dilation: Size = 1,
    *,
    output_size: Size | None = None,
) -> Any:
    """Return the size after a transposed convolution.

    Per axis: (size - 1) * stride - 2 * padding + dilation * (kernel_size - 1)
    + output_padding + 1.

    Args: size int or one for each axis, in cells; the others as in torch.nn.ConvTranspose2d.
    output_size: as in its forward, a wanted size in place of output_padding, which
    `explain_conv_transpose` then tells.
    Raises: SizeError where torch would refuse: an output under 1, an output_size that no
    output_padding below stride gives, output_padding that is not smaller than stride or dilation,
    zero or negative settings.
    Source: PyTorch documentation, torch.nn.ConvTranspose2d. Chapter: book/sizes/convolution.

    >>> conv_transpose_output_size(4, kernel_size=3, stride=2, padding=1, output_padding=1)
    8
    """
    return explain_conv_transpose(
        size, kernel_size, stride, padding, output_padding, dilation, output_size=output_size
    ).out


def explain_conv_transpose(
    size: Size,
    kernel_size: Size,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    dilation: Size = 1,
    *,
    output_size: Size | None = None,
) -> Explanation:
    """Return the steps behind `conv_transpose_output_size` as an `Explanation`.

    With output_size the first step of each axis is the output_padding that gives this size.
    """
    names = axis_names(size, kernel_size, stride, padding, output_padding, dilation, output_size)
    if output_size is not None and output_padding != 0:
        raise SizeError(
            f"output_size={quote(output_size)} says what output_padding must be, but got "
            f"output_padding={quote(output_padding)} as well: give one of the two."
        )
    if isinstance(padding, str):
        raise SizeTypeError(
            f"padding must be a whole number here, but got {padding!r}: "
            "a transposed convolution has no 'same' or 'valid'."
        )
    axes = []
    wishes = None if output_size is None else each("output_size", output_size, names, 1)
    for name, n, k, s, p, extra, d, wanted in zip(
        names,
        each("size", size, names, 1, single=False),
        each("kernel_size", kernel_size, names, 1, single=False),
        each("stride", stride, names, 1),
        each("padding", padding, names, 0),
        each("output_padding", output_padding, names, 0),
        each("dilation", dilation, names, 1),
        wishes or (None,) * len(names),
        strict=True,
    ):
        place = where(name)
        steps = []
        if wanted is not None:
            least = (n - 1) * s - 2 * p + d * (k - 1) + 1
            if not least <= wanted < least + s:
                raise SizeError(
                    f"{place}output_size={show(wanted)} cannot be reached: choose a size from "
                    f"{show(least)} to {show(least + s - 1)}, or another stride or padding."
                )
            extra = wanted - least
            steps.append(
                Step("output padding", f"{show(wanted)} - {show(least)} = {show(extra)}", extra)
            )
        if extra >= s and extra >= d:
            raise SizeError(
                f"{place}output_padding={show(extra)} must be smaller than stride={show(s)} or "
                f"dilation={show(d)}: choose at most {show(max(s, d) - 1)}."
            )
        out = (n - 1) * s - 2 * p + d * (k - 1) + extra + 1
        if out < 1:
            raise SizeError(
                f"{place}the output would be {show(out)} cells: use less padding or a larger "
                "input, kernel_size or stride."
            )
        text = (
            f"({show(n)} - 1) × {show(s)} - 2 × {show(p)} + {show(d)} × ({show(k)} - 1) "
            f"+ {show(extra)} + 1 = {show(out)}"
        )
        steps.append(Step("output size", text, out))
        axes.append(PlainSteps(name, tuple(steps), out))
    given = (size, kernel_size, stride, padding, output_padding, dilation)
    code = call(conv_transpose_output_size, *given, output_size=output_size)
    return Explanation(code, joined(axes), axes)
