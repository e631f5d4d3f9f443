"""The two norms of GoogLeNet's history, written out in plain torch operations.

Local response normalization (LRN) is the paper's, batch normalization (BN) the article's. They
are here to be read; the network itself uses torch.nn.
Chapters: book/blocks/lrn, book/blocks/batch_norm.
"""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import Tensor, nn

from .checks import count

Conv = TypeVar("Conv", nn.Conv1d, nn.Conv2d, nn.Conv3d)

__all__ = ["batch_norm", "fold_batch_norm", "local_response_norm"]


def local_response_norm(
    x: Tensor,
    size: int = 5,
    alpha: float = 1e-4,
    beta: float = 0.75,
    k: float = 1.0,
    *,
    divide_by_size: bool = True,
) -> Tensor:
    """Divide each number by what its neighboring channels hold at the same place.

    x / (k + alpha * (sum of squares over `size` channels) / size) ** beta. At the first and last
    channels the missing neighbors count as 0 and the divisor stays `size`. PyTorch and Caffe
    divide by size; divide_by_size=False gives the form of the AlexNet paper and of TensorFlow, so
    alpha=1e-4 here is alpha=2e-5 there when size is 5.

    Args: x: (N, C) or (N, C, ...); nn.LocalResponseNorm itself refuses (N, C). size: channels in
    the window, from 1 up. alpha, beta, k: numbers. Returns: a tensor shaped like x.
    Raises: ValueError for size below 1 or x without a channel axis.
    Source: PyTorch documentation, torch.nn.LocalResponseNorm; Krizhevsky et al. 2012, section 3.3.
    Chapter: book/blocks/lrn.
    """
    count("size", size, "GoogLeNet and AlexNet use 5", unit=" of channels")
    if x.dim() < 2:
        raise ValueError(
            f"x must have the shape (N, C, ...), but got {list(x.shape)}: put the batch axis in "
            "front with x.unsqueeze(0)."
        )
    channels = x.size(1)
    below = x.new_zeros(x.size(0), size // 2, *x.shape[2:])
    above = x.new_zeros(x.size(0), (size - 1) // 2, *x.shape[2:])
    squares = torch.cat([below, x * x, above], dim=1)
    total = sum(squares[:, i : i + channels] for i in range(size))
    if divide_by_size:
        total = total / size
    return x / (k + alpha * total) ** beta


def batch_norm(
    x: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float | None = 0.1,
    eps: float = 1e-5,
    *,
    num_batches_tracked: Tensor | None = None,
) -> Tensor:
    """Normalize each channel over the batch: weight * (x - mean) / sqrt(var + eps) + bias.

    In training, or without running values, mean and variance are the batch's own, the variance
    with the divisor n. The running values are updated in place, the variance with n - 1:
    running = (1 - momentum) * running + momentum * batch, so momentum is the weight of the NEW
    batch (Keras means the opposite). momentum=None averages all batches alike and needs
    num_batches_tracked, a whole-number tensor that is counted up in place. In evaluation the
    running values are used and left alone.

    Args: x: (N, C) or (N, C, ...); the others one number per channel, (C,), or None.
    Returns: a tensor shaped like x.
    Raises: ValueError for one value per channel in training, half a pair of running values, or
    momentum=None without num_batches_tracked.
    Source: Ioffe and Szegedy, arXiv 1502.03167, Algorithm 1; PyTorch documentation,
    torch.nn.BatchNorm2d. Chapter: book/blocks/batch_norm.
    """
    if x.dim() < 2:
        raise ValueError(
            f"x must have the shape (N, C, ...), but got {list(x.shape)}: put the batch axis in "
            "front with x.unsqueeze(0)."
        )
    if (running_mean is None) != (running_var is None):
        raise ValueError(
            "running_mean and running_var belong together, but only one was given: give both, or "
            "neither."
        )
    tracked = running_mean is not None
    if not training and tracked:
        mean, var = running_mean, running_var
    else:
        axes = [axis for axis in range(x.dim()) if axis != 1]
        count = x.numel() // max(x.size(1), 1)
        if training and count == 1:
            raise ValueError(
                "Batch norm in training needs more than 1 value per channel, but got the shape "
                f"{list(x.shape)}: use a larger batch, or evaluation mode."
            )
        mean = x.mean(axes)
        var = ((x - _per_channel(mean, x)) ** 2).mean(axes)  # normalizes with the divisor n ...
        if training and tracked:
            _update(running_mean, running_var, mean, var, count, momentum, num_batches_tracked)
    y = (x - _per_channel(mean, x)) / torch.sqrt(_per_channel(var, x) + eps)
    if weight is not None:
        y = y * _per_channel(weight, x)
    if bias is not None:
        y = y + _per_channel(bias, x)
    return y


def _update(running_mean, running_var, mean, var, count, momentum, num_batches_tracked):
    if num_batches_tracked is not None:
        num_batches_tracked += 1
    if momentum is None:
        if num_batches_tracked is None:
            raise ValueError(
                "momentum=None averages all batches and must know how many there were: give "
                "num_batches_tracked=torch.tensor(0), or a momentum such as 0.1."
            )
        momentum = 1.0 / float(num_batches_tracked)
    if count == 0:
        return  # an empty batch says nothing
    with torch.no_grad():
        unbiased = var * (count / (count - 1))  # ... and remembers with n - 1
        running_mean.copy_((1 - momentum) * running_mean + momentum * mean)
        running_var.copy_((1 - momentum) * running_var + momentum * unbiased)


def _per_channel(values, x):
    return values.reshape(1, -1, *[1] * (x.dim() - 2))


def fold_batch_norm(conv: Conv, bn: nn.Module) -> Conv:
    """Return one convolution that does what conv and then bn do in evaluation.

    With scale = bn.weight / sqrt(bn.running_var + bn.eps): the kernels are multiplied by scale, and
    the new bias is scale * (old bias - bn.running_mean) + bn.bias. The old bias is scaled as well,
    which is often forgotten. conv and bn are left as they are.

    Args: conv: torch.nn.Conv1d, Conv2d or Conv3d. bn: the batch norm after it, in eval mode.
    Raises: TypeError for other layers; ValueError for train mode, missing running values, or
    channels that do not fit.
    Source: PyTorch documentation, torch.nn.utils.fusion. Chapter: book/blocks/batch_norm.
    """
    if not isinstance(conv, (nn.Conv1d, nn.Conv2d, nn.Conv3d)):
        raise TypeError(
            f"conv must be a Conv1d, Conv2d or Conv3d, but got {type(conv).__name__}: fold the "
            "convolution that stands before the batch norm."
        )
    if not isinstance(bn, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):
        raise TypeError(
            f"bn must be a BatchNorm1d, BatchNorm2d or BatchNorm3d, but got {type(bn).__name__}: "
            "fold the batch norm that stands after the convolution."
        )
    if bn.running_mean is None or bn.running_var is None:
        raise ValueError(
            "bn was made with track_running_stats=False and normalizes with each batch's own "
            "values: there is no fixed scale to fold; use a batch norm that tracks them."
        )
    if bn.training or conv.training:
        raise ValueError(
            "conv or bn is in train mode, where the scale changes with each batch: call .eval() on "
            "both first."
        )
    if conv.out_channels != bn.num_features:
        raise ValueError(
            f"conv gives {conv.out_channels} channels but bn takes {bn.num_features}: fold two "
            "layers that follow each other."
        )
    with torch.no_grad():
        scale = (bn.running_var + bn.eps).rsqrt()
        if bn.weight is not None:
            scale = scale * bn.weight
        old = 0 if conv.bias is None else conv.bias
        bias = scale * (old - bn.running_mean)
        if bn.bias is not None:
            bias = bias + bn.bias
        folded = copy.deepcopy(conv)
        folded.weight.copy_(conv.weight * scale.reshape(-1, *[1] * (conv.weight.dim() - 1)))
        folded.bias = nn.Parameter(bias.to(conv.weight.dtype))
    return folded
