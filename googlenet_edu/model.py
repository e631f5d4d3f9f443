"""GoogLeNet (Inception v1) as a torch module, built from the table in `architecture`.

Chapters: book/network/googlenet (the assembly), book/network/relatives (the variants).
"""

import re
from typing import NamedTuple, Optional

import torch
from torch import Tensor, nn
from torch.utils import _pytree

from .architecture import VARIANTS, ConvSpec, InceptionSpec, PoolSpec, network
from .layers import AuxClf, Inception, conv_from_spec, max_pool_from_spec
from .sizes import SizeError, conv_output_size, pool_output_size

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

    The fixed heads fit square images from 223 to 270 px (a 4 x 4 grid). Other sizes raise
    ValueError; only in evaluation, images too small for any grid (under 79 px, a map under 5 x 5
    at 4a) give aux1 = aux2 = None, because evaluation does not need the heads.

    Args:
        num_classes: scores per image, in all three classifiers.
        aux: whether to build the two auxiliary classifiers.
        norm: "bn" (batch norm, no bias in convolutions), "lrn" (the paper's, as Caffe places it:
            after maxpool1 and conv3, with biases) or "none" (neither, with biases).
        variant: "article", "caffe", "none" or "torchvision" (architecture.VARIANTS). It brings its
            own norm; leave norm alone then, or give the same one.
        in_channels: 3 for colour, 1 for grey images.
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
        num_classes=1000,
        aux=True,
        norm="bn",
        *,
        variant=None,
        in_channels=3,
        aux_pool=None,
        width=1.0,
        transform_input=False,
    ):
        super().__init__()
        num_classes = _class_count(num_classes)
        _truth("aux", aux, "True builds the two auxiliary classifiers")
        _truth("transform_input", transform_input, "True is for torchvision's pretrained weights")
        plan = network(_variant_name(norm, variant), width, in_channels)
        chosen = plan.variant
        aux_pool = chosen.aux_pool if aux_pool is None else aux_pool
        if aux_pool not in ("fixed", "adaptive"):
            raise ValueError(
                f"aux_pool must be 'fixed' (223 to 270 px) or 'adaptive' (any size), but got "
                f"{aux_pool!r}: choose one of the two."
            )
        if transform_input and in_channels != 3:
            raise ValueError(
                f"transform_input needs in_channels=3, but got in_channels={in_channels}: leave "
                "transform_input=False."
            )
        self.num_classes = num_classes
        self.aux = aux
        self.variant = chosen.name
        self.in_channels = in_channels
        self.width = float(width)
        self.transform_input = transform_input
        self.smallest_image = _smallest_image(plan.backbone)
        self.adaptive_heads = aux_pool == "adaptive"

        norm_args = {"batch_norm": chosen.norm == "bn", "eps": chosen.bn_eps}
        lrn = {spec.after: spec for spec in chosen.lrn}
        self.norm1 = self.norm2 = None
        for spec in plan.backbone:
            setattr(self, spec.name, _module(spec, chosen.branch3_kernel, norm_args))
            if spec.name in lrn:
                rule = lrn[spec.name]
                setattr(
                    self, rule.name, nn.LocalResponseNorm(rule.size, rule.alpha, rule.beta, rule.k)
                )
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(chosen.dropout)
        self.fc = nn.Linear(plan.out_channels, num_classes)
        self.aux1 = self.aux2 = None
        if aux:
            for head in plan.aux:
                module = AuxClf(
                    head.in_channels,
                    num_classes,
                    pool=aux_pool,
                    conv_channels=head.conv_channels,
                    hidden=head.hidden,
                    dropout=chosen.aux_dropout,
                    **norm_args,
                )
                setattr(self, head.name, module)
        self.register_load_state_dict_pre_hook(_take_torchvision_names)

    def forward(self, x: Tensor) -> GoogLeNetOutput:
        self._check(x)
        x = self._to_4a(x)
        aux1: Optional[Tensor] = None  # noqa: UP045
        aux2: Optional[Tensor] = None  # noqa: UP045
        big_enough = self.adaptive_heads or (x.size(2) >= 5 and x.size(3) >= 5)
        run_heads = self.aux and (self.training or big_enough)
        if run_heads and self.aux1 is not None:
            aux1 = self.aux1(x)
        x = self._to_4d(x)
        if run_heads and self.aux2 is not None:
            aux2 = self.aux2(x)
        return GoogLeNetOutput(self._classify(x), aux1, aux2)

    @torch.jit.export
    def main_logits(self, x: Tensor) -> Tensor:
        """Return the main classifier's scores (N, num_classes) without running the heads.

        x: images (N, in_channels, H, W) of any size from 31 px per side (torchvision's variant:
        15 px). Raises: ValueError as forward, but no size is refused because of the heads.
        Chapter: book/network/googlenet.
        """
        self._check(x)
        return self._main_path(x)

    def reset_classes(self, num_classes):
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

    def _main_path(self, x: Tensor) -> Tensor:
        return self._classify(self._to_4d(self._to_4a(x)))

    def _to_4a(self, x: Tensor) -> Tensor:
        if self.transform_input:
            x = _to_half_scale(x)
        x = self.maxpool1(self.conv1(x))
        if self.norm1 is not None:
            x = self.norm1(x)
        x = self.conv3(self.conv2(x))
        if self.norm2 is not None:
            x = self.norm2(x)
        x = self.maxpool2(x)
        x = self.maxpool3(self.inception3b(self.inception3a(x)))
        return self.inception4a(x)

    def _to_4d(self, x: Tensor) -> Tensor:
        return self.inception4d(self.inception4c(self.inception4b(x)))

    def _classify(self, x: Tensor) -> Tensor:
        x = self.maxpool4(self.inception4e(x))
        x = self.inception5b(self.inception5a(x))
        return self.fc(self.dropout(torch.flatten(self.avgpool(x), 1)))

    def _check(self, x: Tensor) -> None:
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
                    f"repeat grey images with x.expand(-1, {self.in_channels}, -1, -1), or build "
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

    def _check_dtype(self, x):
        weight = next(self.parameters()).dtype
        if x.dtype != weight and not torch.is_autocast_enabled(x.device.type):
            raise ValueError(
                f"Images must have the dtype of the weights, {weight}, but got {x.dtype}: convert "
                f"the images with x.to({weight}), or the network with net.to({x.dtype})."
            )


def _module(spec, branch3_kernel, norm_args):
    if isinstance(spec, ConvSpec):
        return conv_from_spec(spec, **norm_args)
    if isinstance(spec, PoolSpec):
        return max_pool_from_spec(spec)
    return Inception(
        spec.in_channels,
        spec.ch1x1,
        spec.ch3x3reduce,
        spec.ch3x3,
        spec.ch5x5reduce,
        spec.ch5x5,
        spec.pool_proj,
        branch3_kernel=branch3_kernel,
        **norm_args,
    )


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
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise ValueError(
            f"num_classes must be a whole number from 1 up, but got {number!r}: give the number of "
            "classes of your data."
        )
    return number


def _truth(name, value, meaning):
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be True or False, but got {value!r}: {meaning}.")


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


def _to_half_scale(x: Tensor) -> Tensor:
    """From ImageNet's mean and deviation per channel to mean 0.5 and deviation 0.5."""
    red = x[:, 0:1] * (0.229 / 0.5) + (0.485 - 0.5) / 0.5
    green = x[:, 1:2] * (0.224 / 0.5) + (0.456 - 0.5) / 0.5
    blue = x[:, 2:3] * (0.225 / 0.5) + (0.406 - 0.5) / 0.5
    return torch.cat([red, green, blue], 1)


_TORCHVISION_NAMES = (
    (re.compile(r"^(aux[12])\.conv\.(conv|bn)\."), r"\1.feature_.1.\2."),
    (re.compile(r"^(aux[12])\.fc1\."), r"\1.clf_.0."),
    (re.compile(r"^(aux[12])\.fc2\."), r"\1.clf_.3."),
    (re.compile(r"\.conv\.(weight|bias)$"), r".conv.0.\1"),
    (re.compile(r"\.bn\.(\w+)$"), r".conv.1.\1"),
)


def _our_name(key):
    for pattern, ours in _TORCHVISION_NAMES:
        key = pattern.sub(ours, key)
    return key


def _take_torchvision_names(module, state_dict, prefix, *_):
    """Rename torchvision's keys, which mean the same layers, before the weights are loaded."""
    theirs = [key for key in state_dict if key.startswith(prefix)]
    renamed = {key: prefix + _our_name(key[len(prefix) :]) for key in theirs}
    if all(key == ours for key, ours in renamed.items()):
        return
    if module.variant != "torchvision":
        raise RuntimeError(
            "These weights have the names of torchvision's googlenet, whose third branch is 3x3, "
            f"but this network is the variant {module.variant!r} with a 5x5 there: load them into "
            'GoogLeNet(variant="torchvision").'
        )
    for key, ours in renamed.items():
        state_dict[ours] = state_dict.pop(key)
