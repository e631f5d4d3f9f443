"""The layers that an optimized network is made of; `fast` puts them in place.

Chapter: book/training/inference.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["ConvReLU", "FloatLRN", "MergedInception", "SplitInception", "fused_convolution_works"]

_KEPT = 4  # packed weights are kept for this many input shapes, the oldest go first


def _pointwise() -> Any:
    """PyTorch's convolution with a fused ReLU on the CPU (oneDNN), or None. Not a public name."""
    try:
        return torch.ops.mkldnn._convolution_pointwise
    except (AttributeError, RuntimeError):
        return None


def _reorder() -> Any:
    """PyTorch's call that lays out weights as oneDNN wants them, or None. Not a public name."""
    nn_calls = getattr(torch._C, "_nn", None)
    return getattr(nn_calls, "mkldnn_reorder_conv2d_weight", None)


@cache
def fused_convolution_works(dtype: torch.dtype) -> bool:
    """Try the two calls on a small convolution: are they there, and right? Return a bool."""
    if _pointwise() is None or not torch.backends.mkldnn.is_available():
        return False
    try:
        with torch.inference_mode(False), torch.no_grad():
            conv = nn.Conv2d(5, 8, 3, stride=2, padding=1).to(dtype)
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(0)
                x = torch.randn(2, 5, 9, 7).to(dtype)
            right = F.relu(conv(x)).float()
            args = (conv.weight, conv.bias, conv.stride, conv.padding, conv.dilation)
            fused = [_run(x, *args)]
            if _reorder() is not None:
                packed = _pack(conv.weight, conv.stride, conv.padding, conv.dilation, x.shape)
                fused.append(_run(x, packed, *args[1:]))
            near = 1e-5 if dtype == torch.float32 else 0.05
            return all(torch.allclose(one.float(), right, atol=near, rtol=near) for one in fused)
    except Exception:  # any fault of a call that is not public means: do without it
        return False


def _run(x, weight, bias, stride, padding, dilation):
    return _pointwise()(
        x, weight, bias, list(padding), list(stride), list(dilation), 1, "relu", [], ""
    )


def _pack(weight, stride, padding, dilation, shape):
    return _reorder()(
        weight.to_mkldnn(), list(padding), list(stride), list(dilation), 1, list(shape)
    )


class ConvReLU(nn.Module):
    """A convolution with bias and the ReLU after it as one step, from a `torch.nn.Conv2d`.

    On a processor the ReLU is applied while the results are still in the registers, and with
    prepack the weights are laid out once for each shape of input (the last four are kept). Where
    PyTorch lacks the calls for that, on other devices, and while a gradient is needed, it is
    conv2d and relu. Packed weights are not pickled; they are made again when needed.

    Input (N, in_channels, H, W), output (N, out_channels, H', W').
    Source: oneDNN developer guide, "Convolution", post-ops. Chapter: book/training/inference.
    """

    def __init__(self, conv: nn.Conv2d, prepack: bool = False) -> None:
        super().__init__()
        self.in_channels, self.out_channels = conv.in_channels, conv.out_channels
        self.kernel_size, self.stride = conv.kernel_size, conv.stride
        self.padding, self.dilation = conv.padding, conv.dilation
        self.weight, self.bias = conv.weight, conv.bias
        self.prepack = prepack
        self._packed = {}

    def forward(self, x: Tensor) -> Tensor:
        if self._may_fuse(x):
            weight = self._packed_for(x) if self.prepack else self.weight
            if weight is not None:
                return _run(x, weight, self.bias, self.stride, self.padding, self.dilation)
        x = F.conv2d(x, self.weight, self.bias, self.stride, self.padding, self.dilation)
        return F.relu_(x)

    def _may_fuse(self, x):
        weight = self.weight
        return (
            not torch.compiler.is_compiling()
            and not torch.jit.is_tracing()
            and weight.device.type == x.device.type == "cpu"
            and x.dtype == weight.dtype
            and x.dtype in (torch.float32, torch.bfloat16)
            and not torch.is_autocast_enabled("cpu")
            and not (torch.is_grad_enabled() and (x.requires_grad or weight.requires_grad))
            and x.numel() > 0
            and torch.backends.mkldnn.enabled
            and fused_convolution_works(x.dtype)
        )

    def _packed_for(self, x):
        weight = self.weight
        # An inference tensor does not count what is written to it.
        if _reorder() is None or weight.is_inference():
            return weight
        key = (tuple(x.shape), weight._version, weight.data_ptr())
        packed, _ = self._packed.get(key, (None, None))
        if packed is None:
            try:
                packed = _pack(weight, self.stride, self.padding, self.dilation, x.shape)
            except RuntimeError:
                return None
            kept = list(self._packed.items())[1 - _KEPT :]
            # with the weights, or their address might be used again; a new dict: others may read
            self._packed = dict([*kept, (key, (packed, weight.data))])
        return packed

    def forget_packed(self) -> None:
        """Free the packed weights; they are made again when needed."""
        self._packed = {}

    def _apply(self, fn, recurse=True):
        self.forget_packed()  # the weights move or change their type
        return super()._apply(fn, recurse)

    def __getstate__(self):
        return {**self.__dict__, "_packed": {}}

    def extra_repr(self) -> str:
        """Say the convolution's settings, as torch.nn.Conv2d does."""
        packed = ", prepack=True" if self.prepack else ""
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}, padding={self.padding}{packed}"
        )


class MergedInception(nn.Module):
    """An Inception block whose three 1x1 convolutions over the same input are one convolution.

    first: 1x1 to ch1x1 + ch3x3reduce + ch5x5reduce channels. Its result is cut into three; the
    rest of each branch is as in `layers.Inception`. The same numbers come out.

    Input (N, in_channels, H, W), output (N, ch1x1 + ch3x3 + ch5x5 + pool_proj, H, W).
    Chapter: book/training/inference.
    """

    def __init__(
        self,
        first: Any,
        split: Sequence[int],
        branch2: nn.Module,
        branch3: nn.Module,
        branch4: nn.Module,
    ) -> None:
        super().__init__()
        self.split = list(split)
        self.first = first
        self.branch2, self.branch3, self.branch4 = branch2, branch3, branch4

    def forward(self, x: Tensor) -> Tensor:
        one, two, three = torch.split(self.first(x), self.split, dim=1)
        return torch.cat([one, self.branch2(two), self.branch3(three), self.branch4(x)], dim=1)


class SplitInception(nn.Module):
    """A `MergedInception` with three 1x1 convolutions again, on parts of the merged weights.

    For programs: oneDNN would copy each part of a merged result into a map of its own.
    Raises: TypeError if the first layer is not as `fast` made it. Chapter: book/training/inference.
    """

    def __init__(self, merged: MergedInception) -> None:
        super().__init__()
        layers: Any = merged.first.conv
        conv, *relu = layers
        if type(conv) is not ConvReLU and [type(conv), *map(type, relu)] != [nn.Conv2d, nn.ReLU]:
            raise TypeError(f"cannot split {merged.first}")
        tensors: Any = (conv.weight, conv.bias)
        self.parts = list(zip(*(one.split(merged.split) for one in tensors), strict=True))
        self.branch2, self.branch3, self.branch4 = merged.branch2, merged.branch3, merged.branch4

    def forward(self, x: Tensor) -> Tensor:
        one, two, three = (F.relu(F.conv2d(x, weight, bias)) for weight, bias in self.parts)
        return torch.cat([one, self.branch2(two), self.branch3(three), self.branch4(x)], dim=1)


class FloatLRN(nn.LocalResponseNorm):
    """Local response norm that computes in float32 and gives back the type it got.

    PyTorch has none for bf16 on a processor, and a sum of squares loses digits in it. Shapes as in
    torch.nn.LocalResponseNorm. Chapter: book/training/inference.
    """

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.float()).to(x.dtype)
