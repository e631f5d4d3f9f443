"""GoogLeNet made fast for inference: equal networks that do the same work in less time.

`optimize_for_inference` takes all steps; each is a function of its own as well. All return a copy
and leave the network they are given as it is. Chapter: book/training/inference.
"""

from __future__ import annotations

import copy
import time
import warnings
from collections.abc import Iterable
from typing import Any, NoReturn, Self

import torch
from torch import Tensor, nn

from ..checks import choice, number
from ..layers import BasicConv2d, Inception
from ..model import GoogLeNet, GoogLeNetOutput
from ..norms import fold_batch_norm
from .layers import ConvReLU, FloatLRN, MergedInception, fused_convolution_works
from .program import Programs, programs_work

__all__ = [
    "FastGoogLeNet",
    "channels_last",
    "compile_for_inference",
    "drop_heads",
    "fold_batch_norms",
    "fuse_relu",
    "largest_difference",
    "merge_siblings",
    "optimize_for_inference",
]

TOLERANCE = 1e-4  # largest difference of a score in fp32, in units of the largest score if over 1
CHUNK = 16_000_000  # bytes: a map of that size fits most processors' last cache


class FastGoogLeNet(nn.Module):
    """What `optimize_for_inference` returns: a network for inference, with GoogLeNet's calls.

    forward(x) takes images (N, in_channels, H, W) of any size the original takes and returns a
    `GoogLeNetOutput` in float32; aux1 and aux2 are None unless heads were kept. main_logits(x)
    returns the main scores alone. No gradients are computed. It can be pickled, copied and saved
    as a whole with torch.save; it takes neither training nor another state dict.

    steps: what was done, in order; chunks and program serve the main scores alone, not kept heads.
    precision: "fp32" or "bf16". difference: the largest difference of a main score from the
    original's, measured when it was made (each program is compared when that is made). seconds: how
    long it took. Its layers and weights may be replaced or written to, but not settings such as
    ceil_mode: change the original and optimize it again.
    Raises: ValueError and TypeError for images as `GoogLeNet`; RuntimeError from train(), and from
    load_state_dict. Chapter: book/training/inference.
    """

    def __init__(
        self,
        net: GoogLeNet,
        steps: Iterable[str],
        precision: str = "fp32",
        chunk: float | None = None,
    ) -> None:
        super().__init__()
        super().train(False)
        self.net = net
        self.chunk = chunk
        self._programs: Programs | None = None
        self.steps, self.precision = tuple(steps), precision
        self.num_classes, self.in_channels = net.num_classes, net.in_channels
        self.variant = net.variant
        self.difference = self.seconds = 0.0

    @torch.no_grad()
    def forward(self, x: Tensor) -> GoogLeNetOutput:
        if not self.net.aux:
            return GoogLeNetOutput(self.main_logits(x), None, None)
        out = self.net(self._input(x))
        heads = (None if one is None else one.float() for one in out[1:])
        return GoogLeNetOutput(out.logits.float(), *heads)

    @torch.no_grad()
    def main_logits(self, x: Tensor) -> Tensor:
        """Return the main classifier's scores (N, num_classes), float32, without the heads.

        x: images (N, in_channels, H, W). Raises: ValueError and TypeError as `GoogLeNet`.
        Chapter: book/training/inference.
        """
        x = self._input(x)
        self.net._check(x)
        found = [self._scores(chunk).float() for chunk in self._chunks(x)]
        return found[0] if len(found) == 1 else torch.cat(found)

    def _scores(self, x):
        found = None if self._programs is None else self._programs(x)
        return self.net._main_path(x) if found is None else found

    def _chunks(self, x):
        """Cut a batch into parts whose largest map, the first, has no more bytes than `chunk`.

        All but the last part have the same size whatever the batch, so few programs serve all.
        """
        whole = self.chunk is None or x.device.type != "cpu"
        if whole or torch.compiler.is_compiling() or torch.jit.is_tracing():
            return [x]
        first = self.net.conv1.conv[0]
        places = x.size(2) * x.size(3) / (first.stride[0] * first.stride[1])
        size = first.out_channels * places * x.element_size()
        return x.split(max(1, int(self.chunk // size)))

    def _input(self, x):
        if self.precision == "bf16" and isinstance(x, torch.Tensor) and x.dtype == torch.float32:
            return x.to(torch.bfloat16)
        return x

    def train(self, mode: bool = True) -> Self:
        """Refuse training (its batch norms are gone); eval() is allowed and changes nothing."""
        if mode:
            raise RuntimeError(
                "An optimized network cannot be trained, because its batch norms are folded into "
                "the convolutions: train the original network, then optimize it again."
            )
        return super().train(False)

    def load_state_dict(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: weights belong into the original network, which is then optimized again."""
        raise RuntimeError(
            "The weights of an optimized network are folded and merged, and fit no other state "
            "dict: load them into GoogLeNet and optimize that, or keep the whole optimized network "
            "with torch.save(fast, path)."
        )


def optimize_for_inference(
    net: GoogLeNet,
    *,
    precision: str = "fp32",
    heads: bool = False,
    prepack: bool = True,
    chunk: float | None = CHUNK,
    script: bool = True,
) -> FastGoogLeNet:
    """Return a network equal to net that infers in a third to a half of its time.

    The steps, in order: drop the heads, fold batch norm, put channels last in memory, merge
    sibling 1x1 convolutions, fuse ReLU into the convolutions, prepack their weights, take a large
    batch in chunks that fit the cache, and give the whole network to oneDNN as one program, where
    the siblings are apart again. From the fifth on they are for processors; on a GPU the first four
    are taken.

    It takes a fraction of a second, once, and the first images of a new shape take about half a
    second and five times their own time more, because their program is made. The first 8 shapes of
    chunks get one, any others take the steps before.

    The copy is compared with net on two random images before it is returned. In fp32 a difference
    above 1e-4 (of the largest score, where that is above 1) is an error, and a program that adds
    more than the rest of that is not used; in bf16, which keeps 8 significant bits, the difference
    is only written down.

    Args:
        net: a `GoogLeNet` in evaluation mode, of any variant, with any weights, on any device.
        precision: "fp32", or "bf16": half the memory traffic, and several times the arithmetic on
            processors with AVX-512 BF16 or AMX. Others compute it in software, slower than fp32;
            there a UserWarning says so.
        heads: True keeps the auxiliary classifiers, which inference does not need.
        prepack: False saves the memory of packed weights, 28 MB for each of up to 4 shapes.
        chunk: the largest map of a chunk in bytes, above 0 (one image is never cut); None sends
            every batch through in one piece.
        script: False makes no programs, which keep up to 28 MB each: for images that are few, or
            each of another size.

    Raises: TypeError for another kind of network; ValueError for train mode, weights that are not
    float32, another precision, or a chunk not above 0; RuntimeError if the copy is not equal.
    Source: the steps are those of PyTorch's own compilers, and the program is PyTorch's, by
    torch.jit.enable_onednn_fusion; where PyTorch has it no more, the steps before it remain. See
    also `compile_for_inference` and `make bench`. Chapter: book/training/inference.
    """
    start = time.perf_counter()
    choice("precision", precision, ("fp32", "bf16"))
    if chunk is not None:
        hint = f"leave it out for {CHUNK:,}, or use None to send each batch through in one piece"
        number("chunk", chunk, hint, above=True, unit=" of bytes")
    with torch.inference_mode(False), torch.no_grad():
        fast = _copy(net)
        device = next(fast.parameters()).device
        on_cpu = device.type == "cpu"
        other = {p.dtype for p in fast.parameters()} - {torch.float32}
        if other:
            raise ValueError(
                f"net must have float32 weights, but some are {other.pop()}: convert it with "
                "net.float(), and ask for precision='bf16' if you want less."
            )
        steps = []
        if not heads and fast.aux:
            steps.append(_drop_heads(fast))
        steps.append(_fold(fast))
        steps.append(_channels_last(fast))
        steps.append(_merge(fast))
        if precision == "bf16":
            steps.append(_to_bf16(fast))
            if on_cpu and not _has_bf16():
                warnings.warn(
                    "This processor has no bf16 arithmetic (AVX-512 BF16 or AMX), so the bf16 "
                    "network will be slower than fp32: use precision='fp32' here.",
                    UserWarning,
                    stacklevel=2,
                )
        if on_cpu and fused_convolution_works(next(fast.parameters()).dtype):
            steps.append(_fuse(fast, prepack))
            if prepack:
                steps.append("prepack")
        fast.requires_grad_(False)
        if on_cpu and chunk is not None:
            steps.append("chunks of a batch")
        use_programs = script and precision == "fp32" and on_cpu and programs_work()
        if use_programs:
            steps.append("one program")
        fast = FastGoogLeNet(fast, steps, precision, chunk)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            side = max(64, net.smallest_image)
            images = torch.randn(
                2, net.in_channels, side, side, dtype=torch.float32, device="cpu"
            ).to(device)
        fast.difference = largest_difference(net, fast, images)
        scale = max(1.0, net.main_logits(images).abs().max().item())
        allowed = TOLERANCE * scale
    if precision == "fp32" and not fast.difference <= allowed:
        raise RuntimeError(
            f"The optimized network differs from the original by {fast.difference:.2g}, more than "
            f"{allowed:.2g}: look for weights that are not finite, or take the steps one by one."
        )
    if use_programs:
        fast._programs = Programs(fast.net, TOLERANCE - fast.difference / scale)
    fast.seconds = time.perf_counter() - start
    return fast


def largest_difference(
    net: GoogLeNet | FastGoogLeNet, other: GoogLeNet | FastGoogLeNet, images: Tensor
) -> float:
    """Return the largest absolute difference between two networks' main scores, a float.

    net, other: networks with main_logits, such as `GoogLeNet` and `FastGoogLeNet`, in evaluation
    mode. images: (N, in_channels, H, W). NaN in one network only counts as infinite.
    Chapter: book/training/inference.
    """
    with torch.no_grad():
        one, two = net.main_logits(images).double(), other.main_logits(images).double()
    if not torch.equal(one.isnan(), two.isnan()):
        return float("inf")
    gap = (one - two).nan_to_num(0.0, posinf=float("inf"), neginf=float("inf")).abs()
    return gap.max().item() if gap.numel() else 0.0


def drop_heads(net: GoogLeNet) -> GoogLeNet:
    """Return a copy of net without the two auxiliary classifiers; the main scores stay the same.

    Raises: TypeError, ValueError as `optimize_for_inference`. Chapter: book/training/inference.
    """
    return _on_a_copy(_drop_heads, net)


def fold_batch_norms(net: GoogLeNet) -> GoogLeNet:
    """Return a copy of net with every batch norm folded into the convolution before it.

    Without batch norm the copy changes nothing. Raises: TypeError, ValueError as
    `optimize_for_inference`. Chapter: book/training/inference; one fold: book/blocks/batch_norm.
    """
    return _on_a_copy(_fold, net)


def merge_siblings(net: GoogLeNet) -> GoogLeNet:
    """Return a copy whose Inception blocks read their input once for three 1x1 convolutions.

    branch1 and the reducing 1x1 of branch2 and branch3 become one convolution, whose result is cut
    into three. Batch norms are folded first. Raises: TypeError, ValueError as
    `optimize_for_inference`. Chapter: book/training/inference.
    """
    return _on_a_copy(lambda fast: (_fold(fast), _merge(fast)), net)


def channels_last(net: GoogLeNet) -> GoogLeNet:
    """Return a copy whose weights keep the channels of one place side by side in memory.

    The first convolution then gives a map in that order, and all layers after it keep it. Shapes
    stay (N, C, H, W). Raises: TypeError, ValueError as `optimize_for_inference`.
    Source: PyTorch tutorial, "Channels last memory format". Chapter: book/training/inference.
    """
    return _on_a_copy(_channels_last, net)


def fuse_relu(net: GoogLeNet, *, prepack: bool = False) -> GoogLeNet:
    """Return a copy in which convolution and ReLU are one step. Batch norms are folded first.

    prepack: whether to lay out the weights once for each shape of input as well. Where PyTorch
    cannot fuse (see `optimize_for_inference`), the copy computes the two one after the other.
    Raises: TypeError, ValueError as `optimize_for_inference`. Chapter: book/training/inference.
    """
    return _on_a_copy(lambda fast: (_fold(fast), _fuse(fast, prepack)), net)


def compile_for_inference(net: GoogLeNet) -> FastGoogLeNet:
    """Return a `FastGoogLeNet` that torch.compile translates to one program when first called.

    The best PyTorch itself offers: torch.compile with its option "freezing", on a copy of net
    without heads. It needs a C++ compiler, and tens of seconds for each new shape of images, which
    pay after some hundreds of batches; `optimize_for_inference` needs neither. Not to be pickled.

    Raises: TypeError, ValueError as `optimize_for_inference`; at the first call what torch.compile
    raises. Source: PyTorch documentation, torch.compile. Chapter: book/training/inference.
    """
    with torch.inference_mode(False), torch.no_grad():
        fast = _copy(net)
        steps = [_drop_heads(fast)] if fast.aux else []
        fast.requires_grad_(False)
    return _CompiledGoogLeNet(fast, [*steps, "torch.compile with freezing"])


class _MainPath(nn.Module):
    """From images to main scores without the checks, which a compiler need not translate."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net._main_path(x)


class _CompiledGoogLeNet(FastGoogLeNet):
    _run: Any

    def __init__(self, net, steps):
        super().__init__(net, steps)
        run = torch.compile(_MainPath(net).eval(), options={"freezing": True})
        self.__dict__["_run"] = run  # not as a submodule: its weights are those of net

    def forward(self, x):
        return GoogLeNetOutput(self.main_logits(x), None, None)

    @torch.no_grad()
    def main_logits(self, x):
        self.net._check(x)
        return self._run(x)

    def __reduce_ex__(self, _):
        raise TypeError(
            "A compiled network cannot be pickled or copied: keep the network it was made from, "
            "and compile that again."
        )


def _copy(net):
    if not isinstance(net, GoogLeNet):
        hint = "give the GoogLeNet it was made from" if isinstance(net, FastGoogLeNet) else (
            "load torchvision's weights into GoogLeNet(variant='torchvision'); for other networks "
            "see torch.compile"
        )  # fmt: skip
        raise TypeError(f"net must be a GoogLeNet, but got {type(net).__name__}: {hint}.")
    if net.training or any(m.training for m in net.modules()):
        raise ValueError(
            "net is in train mode, wholly or in part, where batch norm changes with each batch "
            "and dropout is at work: call net.eval() first."
        )
    return copy.deepcopy(net)


def _on_a_copy(step, net):
    with torch.inference_mode(False), torch.no_grad():
        fast = _copy(net)
        step(fast)
    return fast


def _drop_heads(net):
    net.aux, net.aux1, net.aux2 = False, None, None
    return "drop the heads"


def _basic_convs(net):
    return [m for m in net.modules() if isinstance(m, BasicConv2d)]


def _fold(net):
    for basic in _basic_convs(net):
        if len(basic.conv) == 3 and isinstance(basic.conv[1], nn.BatchNorm2d):
            conv: Any
            conv, norm, relu = basic.conv
            basic.conv = nn.Sequential(fold_batch_norm(conv, norm), relu).eval()
    return "fold batch norm"


def _merge(net):
    for name, block in list(net.named_children()):
        if not isinstance(block, Inception):
            continue
        siblings = [block.branch1, block.branch2[0], block.branch3[0]]
        convs = [one.conv[0] for one in siblings]
        if not all(
            type(conv) is nn.Conv2d and conv.kernel_size == (1, 1) and conv.bias is not None
            for conv in convs
        ):
            continue  # fused already, or changed by hand
        split = [conv.out_channels for conv in convs]
        merged = copy.deepcopy(convs[0])
        merged.out_channels = sum(split)
        merged.weight = nn.Parameter(torch.cat([conv.weight for conv in convs]))
        merged.bias = nn.Parameter(torch.cat([conv.bias for conv in convs]))
        first = copy.deepcopy(block.branch1)
        first.conv = nn.Sequential(merged, nn.ReLU(inplace=True))
        new = MergedInception(first, split, block.branch2[1], block.branch3[1], block.branch4)
        setattr(net, name, new.eval())
    return "merge sibling 1x1"


def _channels_last(net):
    net.to(memory_format=torch.channels_last)
    return "channels last"


def _fuse(net, prepack):
    for basic in _basic_convs(net):
        conv: Any = basic.conv[0]
        plain = type(conv) is nn.Conv2d and conv.groups == 1 and conv.padding_mode == "zeros"
        if len(basic.conv) == 2 and plain and not isinstance(conv.padding, str):
            basic.conv = nn.Sequential(ConvReLU(conv, prepack)).eval()
    return "fuse ReLU"


def _to_bf16(net):
    for name, norm in list(net.named_children()):
        if isinstance(norm, nn.LocalResponseNorm):
            setattr(net, name, FloatLRN(norm.size, norm.alpha, norm.beta, norm.k).eval())
    net.to(torch.bfloat16)
    return "bf16"


def _has_bf16():
    """Whether the processor computes in bf16; PyTorch's name for that is not public."""
    ask = [getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported",
                                                       "_is_amx_tile_supported")]  # fmt: skip
    return any(one is not None and one() for one in ask)
