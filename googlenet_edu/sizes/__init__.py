"""Output sizes and receptive fields of layers, with exactly PyTorch's rules.

    from googlenet_edu.sizes import conv_output_size

    conv_output_size(224, kernel_size=7, stride=2, padding=3)  # 112

Pure Python: no torch, no tensors, nothing allocated, so huge numbers answer at once.
Argument names are those of torch.nn. Sizes are cells (pixels) per axis; an int stands for a
square or a single axis, a tuple for (height, width), or (depth, height, width) as torch's 3-D
layers keep it (a size of three numbers needs such a kernel_size). A function returns an int when
no argument names two axes or three, and a tuple otherwise; (3,), as 1-D layers keep it, is 3.

What torch refuses is refused here with one sentence, a `SizeError` (a ValueError; for a value
of the wrong type also a TypeError). Two differences: torch's pools stop at 32-bit settings, the
arithmetic here does not; and True is refused as a kernel_size.

Chapters: book/sizes/convolution, book/sizes/pooling and book/sizes/receptive_field.
"""

from ..checks import SizeError, SizeTypeError
from .adaptive import (
    AdaptiveBins,
    adaptive_pool_bins,
    adaptive_pool_output_size,
    explain_adaptive_pool,
)
from .conv_pool import (
    caffe_pool_output_size,
    conv_output_size,
    explain_conv,
    explain_pool,
    pool_output_size,
    same_padding,
)
from .receptive import ReceptiveField, receptive_field
from .transposed import conv_transpose_output_size, explain_conv_transpose

__all__ = [
    "AdaptiveBins",
    "ReceptiveField",
    "SizeError",
    "SizeTypeError",
    "adaptive_pool_bins",
    "adaptive_pool_output_size",
    "caffe_pool_output_size",
    "conv_output_size",
    "conv_transpose_output_size",
    "explain_adaptive_pool",
    "explain_conv",
    "explain_conv_transpose",
    "explain_pool",
    "pool_output_size",
    "receptive_field",
    "same_padding",
]
