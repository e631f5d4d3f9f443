"""GoogLeNet (Inception v1) as a torch module, line by line; a test holds it to `architecture`.

Chapters: book/network/googlenet (the assembly), book/network/relatives (the variants).
"""

from typing import Any, NamedTuple, Optional

import torch
from torch import Tensor, nn
from torch.utils import _pytree

from .architecture import (
    VARIANTS,
    ConvSpec,
    InceptionSpec,
    Network,
    head_pool,
    network,
    scale_channels,
)
from .checks import count, truth
from .layers import AuxClf, BasicConv2d, Inception, is_symbolic
from .sizes import SizeError, conv_output_size, pool_output_size
from .weights import loading_hint, take_torchvision_names, to_half_scale

__all__ = ["GoogLeNet", "GoogLeNetOutput"]

_NORM_VARIANTS = {"bn": "article", "lrn": "caffe", "none": "none"}


class GoogLeNetOutput(NamedTuple):
    """What `GoogLeNet` returns: class scores before softmax, each (N, num_classes).

    logits: the main classifier. aux1: the head after inception4a. aux2: the head after
    inception4d. The last two are None when the network has no heads.
    """

    logits: Tensor
    aux1: Optional[Tensor]  # noqa: UP045 - TorchScript reads Optional
    aux2: Optional[Tensor]  # noqa: UP045


# torch.export.save writes the name of the output's type; there is no public call for that yet.
_pytree._register_namedtuple(
    GoogLeNetOutput, serialized_type_name="googlenet_edu.model.GoogLeNetOutput"
)


class GoogLeNet(nn.Module):
    """GoogLeNet: a stem, nine Inception blocks, one classifier and two auxiliary ones.

    forward(x) takes images (N, in_channels, H, W) and always returns a `GoogLeNetOutput`, in
    training and in evaluation alike. main_logits(x) gives the main scores without the heads.

    The fixed heads fit square images of `architecture.HEAD_IMAGES` (4 x 4 cells). Others raise
    ValueError; only in evaluation, images too small for any grid (under 79 px, a map under 5 x 5
    at 4a) give aux1 = aux2 = None, because evaluation does not need the heads.

    Args:
        num_classes: scores per image, in all three classifiers.
        aux: whether to build the two auxiliary classifiers.
        norm: "bn" (batch norm, no bias in convolutions), "lrn" (the paper's, as Caffe places it:
            after maxpool1 and conv3, with biases) or "none" (neither, with biases).
        variant: "article", "caffe", "none" or "torchvision" (architecture.VARIANTS). It brings its
            own norm; leave norm alone then, or give the same one.
        in_channels: 3 for color, 1 for gray images.
        aux_pool: "fixed" (average pool 5x5, stride 3) or "adaptive" (any map to 4 x 4); None
            takes the variant's, which is "adaptive" for torchvision and "fixed" otherwise.
        width: factor on all inner channels; 1 is GoogLeNet, 0.25 a small one for experiments.
        transform_input: True for torchvision's pretrained weights, which expect images on the
            scale (x - 0.5) / 0.5; give images normalized with ImageNet's mean and deviation.

    Weights start as PyTorch's layers start them. A state dict of torchvision's googlenet loads
    directly into variant="torchvision" and is refused by the others, whose third branch is 5x5.

    Raises: ValueError for an unknown argument value, and in forward for images that do not fit
    (TypeError for what is no tensor).
    Source: Szegedy et al., arXiv 1409.4842, sections 4, 5 and Table 1.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        aux: bool = True,
        norm: str = "bn",
        *,
        variant: str | None = None,
        in_channels: int = 3,
        aux_pool: str | None = None,
        width: float = 1.0,
        transform_input: bool = False,
    ) -> None:
        super().__init__()
        plan = network(_variant_name(norm, variant), width, in_channels)
        self._set_options(plan, num_classes, aux, aux_pool, width, in_channels, transform_input)
        # The numbers are the paper's; a variant brings its norm and width with its blocks.
        conv_block, lrn, inception_block, aux_block = _blocks(plan, width, self.adaptive_heads)

        self.conv1 = conv_block(3, 64, kernel_size=7, stride=2, padding=3)
        self.maxpool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.norm1 = lrn("maxpool1")
        self.conv2 = conv_block(64, 64, kernel_size=1)
        self.conv3 = conv_block(64, 192, kernel_size=3, padding=1)
        self.norm2 = lrn("conv3")
        self.maxpool2 = nn.MaxPool2d(3, stride=2, ceil_mode=True)

        self.inception3a = inception_block(192, 64, 96, 128, 16, 32, 32)
        self.inception3b = inception_block(256, 128, 128, 192, 32, 96, 64)
        self.maxpool3 = nn.MaxPool2d(3, stride=2, ceil_mode=True)

        self.inception4a = inception_block(480, 192, 96, 208, 16, 48, 64)
        self.inception4b = inception_block(512, 160, 112, 224, 24, 64, 64)
        self.inception4c = inception_block(512, 128, 128, 256, 24, 64, 64)
        self.inception4d = inception_block(512, 112, 144, 288, 32, 64, 64)
        self.inception4e = inception_block(528, 256, 160, 320, 32, 128, 128)
        self.maxpool4 = nn.MaxPool2d(plan.variant.maxpool4_kernel, stride=2, ceil_mode=True)

        self.inception5a = inception_block(832, 256, 160, 320, 32, 128, 128)
        self.inception5b = inception_block(832, 384, 192, 384, 48, 128, 128)

        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(plan.variant.dropout)
        self.fc = nn.Linear(plan.out_channels, num_classes)

        self.aux1 = aux_block(512, num_classes) if aux else None
        self.aux2 = aux_block(528, num_classes) if aux else None

    def forward(self, x: Tensor) -> GoogLeNetOutput:
        self._check(x)
        return self._layers(x, self.aux)

    def _layers(self, x: Tensor, heads: bool) -> GoogLeNetOutput:
        if self.transform_input:
            x = to_half_scale(x)
        aux1: Optional[Tensor] = None  # noqa: UP045
        aux2: Optional[Tensor] = None  # noqa: UP045
        # N x 3 x 224 x 224
        x = self.conv1(x)  # N x 64 x 112 x 112
        x = self.maxpool1(x)  # N x 64 x 56 x 56
        x = x if self.norm1 is None else self.norm1(x)
        x = self.conv2(x)  # N x 64 x 56 x 56
        x = self.conv3(x)  # N x 192 x 56 x 56
        x = x if self.norm2 is None else self.norm2(x)
        x = self.maxpool2(x)  # N x 192 x 28 x 28
        x = self.inception3a(x)  # N x 256 x 28 x 28
        x = self.inception3b(x)  # N x 480 x 28 x 28
        x = self.maxpool3(x)  # N x 480 x 14 x 14
        x = self.inception4a(x)  # N x 512 x 14 x 14
        heads = heads and self._heads_run(x)
        if heads and self.aux1 is not None:
            aux1 = self.aux1(x)  # N x 1000
        x = self.inception4b(x)  # N x 512 x 14 x 14
        x = self.inception4c(x)  # N x 512 x 14 x 14
        x = self.inception4d(x)  # N x 528 x 14 x 14
        if heads and self.aux2 is not None:
            aux2 = self.aux2(x)  # N x 1000
        x = self.inception4e(x)  # N x 832 x 14 x 14
        x = self.maxpool4(x)  # N x 832 x 7 x 7
        x = self.inception5a(x)  # N x 832 x 7 x 7
        x = self.inception5b(x)  # N x 1024 x 7 x 7
        x = self.avgpool(x)  # N x 1024 x 1 x 1
        x = torch.flatten(x, 1)  # N x 1024
        x = self.dropout(x)
        x = self.fc(x)  # N x 1000
        return GoogLeNetOutput(x, aux1, aux2)

    @torch.jit.export
    def main_logits(self, x: Tensor) -> Tensor:
        """Return the main classifier's scores (N, num_classes) without running the heads.

        x: images (N, in_channels, H, W) of any size from 31 px per side (torchvision's variant:
        15 px). Raises: ValueError as forward, but no size is refused because of the heads.
        Chapter: book/network/googlenet.
        """
        self._check(x)
        return self._main_path(x)

    def reset_classes(self, num_classes: int) -> "GoogLeNet":
        """Give all three classifiers a fresh last layer for num_classes; return the network.

        Everything else keeps its weights; make the optimizer afterwards, because the new layers
        have new parameters. Raises: ValueError unless num_classes is a whole number from 1 up.
        Chapter: book/network/googlenet.
        """
        num_classes = _class_count(num_classes)
        self.fc = _fresh_linear(self.fc, num_classes)
        for head in (self.aux1, self.aux2):
            if head is not None:
                head.clf_[-1] = _fresh_linear(head.clf_[-1], num_classes)
        self.num_classes = num_classes
        return self

    def load_state_dict(self, state_dict: Any, strict: bool = True, assign: bool = False) -> Any:
        """As torch.nn.Module's; where heads or prefixes of names do not fit, with the way out."""
        try:
            return super().load_state_dict(state_dict, strict, assign)
        except RuntimeError as error:
            hint = loading_hint(self, state_dict)
            if not hint:
                raise
            raise RuntimeError(f"{error}\n\t{hint}") from None

    def _main_path(self, x: Tensor) -> Tensor:
        return self._layers(x, False).logits

    def _heads_run(self, x: Tensor) -> bool:
        """Whether the heads take part, for a map after inception4a: in training always."""
        if self.training or self.adaptive_heads:
            return True
        if not torch.jit.is_scripting() and is_symbolic(x):
            return True
        return x.size(2) >= 5 and x.size(3) >= 5

    def _set_options(
        self, plan, num_classes, aux, aux_pool, width, in_channels, transform_input
    ) -> None:
        self.num_classes = _class_count(num_classes)
        self.aux = truth("aux", aux, "True builds the two auxiliary classifiers")
        self.transform_input = truth(
            "transform_input", transform_input, "True is for torchvision's pretrained weights"
        )
        self.adaptive_heads = head_pool(plan.variant, aux_pool) == "adaptive"
        if transform_input and in_channels != 3:
            raise ValueError(
                f"transform_input needs in_channels=3, but got in_channels={in_channels}: leave "
                "transform_input=False."
            )
        self.variant = plan.variant.name
        self.in_channels = in_channels
        self.width = float(width)
        self.smallest_image = _smallest_image(plan.backbone)
        self.register_load_state_dict_pre_hook(take_torchvision_names)

    def _check(self, x: Tensor) -> None:
        if not torch.jit.is_scripting() and is_symbolic(x):
            return
        if not torch.jit.is_scripting() and not isinstance(x, Tensor):
            raise TypeError(
                f"Images must be a torch tensor, but got {type(x).__name__}: convert arrays with "
                "torch.as_tensor(x)."
            )
        shape = list(x.shape)
        if len(shape) != 4:
            hint = "add the batch axis with x.unsqueeze(0)" if len(shape) == 3 else "reshape them"
            raise ValueError(
                f"Images must have the shape (N, {self.in_channels}, height, width), but got "
                f"{shape}: {hint}."
            )
        if x.size(1) != self.in_channels:
            hint = "bring the channels to axis 1, e.g. with x.permute(0, 3, 1, 2)"
            if x.size(3) != self.in_channels:
                hint = "convert the images, or build GoogLeNet(in_channels=...) to match"
            if x.size(1) == 1:
                hint = (
                    f"repeat gray images with x.expand(-1, {self.in_channels}, -1, -1), or build "
                    "GoogLeNet(in_channels=1)"
                )
            raise ValueError(
                f"Images must have {self.in_channels} channels in axis 1, but got {shape}: {hint}."
            )
        smallest = self.smallest_image
        if x.size(2) < smallest or x.size(3) < smallest:
            raise ValueError(
                f"Images must be at least {smallest} x {smallest} px, because four pools and conv1 "
                f"divide the size by 32, but got {x.size(2)} x {x.size(3)}: use larger images."
            )
        if not x.is_floating_point():
            kind = "whole numbers"  # TorchScript has no name for a dtype
            if not torch.jit.is_scripting():
                kind = str(x.dtype)
            raise ValueError(
                f"Images must hold floating-point numbers, but got {kind}: convert bytes with "
                "x.float() / 255."
            )
        if not torch.jit.is_scripting():
            self._check_dtype(x)

    def _check_dtype(self, x: Tensor) -> None:
        # parameters() is empty in a replica of DataParallel; a quantized layer has a method here.
        weight = getattr(self.fc.weight, "dtype", x.dtype)
        if x.dtype != weight and not torch.is_autocast_enabled(x.device.type):
            raise ValueError(
                f"Images must have the dtype of the weights, {weight}, but got {x.dtype}: convert "
                f"the images with x.to({weight}), or the network with net.to({x.dtype})."
            )


def _blocks(plan: Network, width: float, adaptive: bool) -> tuple[Any, ...]:
    """Return BasicConv2d, local response norm, Inception and AuxClf of a variant and a width.

    They are called with the paper's numbers, in forward order: at another width each block reads
    the channels that the one before it has.
    """
    variant = plan.variant
    norm = {"batch_norm": variant.norm == "bn", "eps": variant.bn_eps}
    channels = plan.backbone[0].in_channels
    rules = {rule.after: rule for rule in variant.lrn}
    heads = iter(plan.aux)

    def scaled(number):
        return scale_channels(number, width)

    def conv_block(_, out_channels, **window):
        nonlocal channels
        given, channels = channels, scaled(out_channels)
        return BasicConv2d(given, channels, **window, **norm)

    def inception_block(_, *numbers):
        nonlocal channels
        given, six = channels, [scaled(number) for number in numbers]
        channels = six[0] + six[2] + six[4] + six[5]
        return Inception(given, *six, branch3_kernel=variant.branch3_kernel, **norm)

    def lrn(after):
        rule = rules.get(after)
        if rule is None:
            return None
        return nn.LocalResponseNorm(rule.size, rule.alpha, rule.beta, rule.k)

    def aux_block(_, num_classes):
        head = next(heads)
        return AuxClf(
            head.in_channels,
            num_classes,
            pool="adaptive" if adaptive else "fixed",
            conv_channels=head.conv_channels,
            hidden=head.hidden,
            dropout=variant.aux_dropout,
            **norm,
        )

    return conv_block, lrn, inception_block, aux_block


def _variant_name(norm, variant):
    if not isinstance(norm, str) or norm not in _NORM_VARIANTS:
        raise ValueError(
            f"norm must be 'bn' (batch norm), 'lrn' (local response norm) or 'none', but got "
            f"{norm!r}: choose one of these."
        )
    if variant is None:
        return _NORM_VARIANTS[norm]
    known = isinstance(variant, str) and variant in VARIANTS
    if known and norm not in ("bn", VARIANTS[variant].norm):
        raise ValueError(
            f"variant={variant!r} has norm={VARIANTS[variant].norm!r}, but norm={norm!r} was given "
            "as well: leave out one of the two."
        )
    return variant


def _class_count(number):
    return count("num_classes", number, "give the number of classes of your data")


def _fresh_linear(old, num_classes):
    new = nn.Linear(old.in_features, num_classes, device=old.weight.device, dtype=old.weight.dtype)
    return new.train(old.training)


def _smallest_image(backbone):
    side = 1
    while not _passes(backbone, side):
        side += 1
    return side


def _passes(backbone, side):
    try:
        for spec in backbone:
            if isinstance(spec, InceptionSpec):
                continue  # every branch keeps the size
            args = (side, spec.kernel_size, spec.stride, spec.padding, spec.dilation)
            if isinstance(spec, ConvSpec):
                side = conv_output_size(*args)
            else:
                side = pool_output_size(*args, ceil_mode=spec.ceil_mode)
    except SizeError:
        return False
    return True
