"""From a trained network to small whole numbers and back.

Batch norm is folded into the convolutions, and the weights of each output channel become int8
with a scale of their own. Chapter: book/see_it_think.
"""

from __future__ import annotations

import re

import torch
from torch import nn

from ..fast import fold_batch_norms
from ..layers import BasicConv2d
from ..model import GoogLeNet
from ..train.mnist import MEAN, STD
from .file import Gnet, GnetError, Layer

__all__ = ["BITS", "from_network", "named_layers", "quantize", "round_weights", "to_network"]

BITS = (8, 4, 2)
_NAMES = ((".feature_.1", ".conv"), (".clf_.0", ".fc1"), (".clf_.3", ".fc2"))  # ours, the file's


def quantize(weight, bits=8):
    """Return (whole, scale) with weight about whole * scale, one scale per output channel.

    weight: float tensor (out, ...). whole: int8, same shape, from -top to top with top =
    2 ** (bits - 1) - 1 (127, 7 or 1); scale: float32 (out,), the channel's largest magnitude / top,
    or 1 for a channel of zeros. The zero point is 0, so zero stays zero, and no weight is off by
    more than scale / 2. bits: 8, 4 or 2.
    Raises: ValueError for other bits and for weights that are not finite.
    Source: Jacob et al., arXiv 1712.05877; Krishnamoorthi, arXiv 1806.08342, section 3.
    Chapter: book/see_it_think.
    """
    if bits not in BITS:
        raise ValueError(f"bits must be 8, 4 or 2, but got {bits!r}: 8 is what ships.")
    weight = weight.detach().float()
    if not weight.isfinite().all():
        raise ValueError("The weights must be finite, but some are NaN or infinite: train again.")
    top = 2 ** (bits - 1) - 1
    largest = weight.flatten(1).abs().amax(1)
    scale = torch.where(largest > 0, largest / top, 1.0)
    each = scale.reshape(-1, *[1] * (weight.dim() - 1))
    return (weight / each).round().clamp(-top, top).to(torch.int8), scale


def round_weights(net, bits):
    """Return a copy of net with batch norm folded and all weights rounded to bits, as floats.

    net: a `GoogLeNet` in evaluation mode; biases keep float32. Raises: ValueError as `quantize`.
    Chapter: book/see_it_think.
    """
    rounded = fold_batch_norms(net)
    with torch.no_grad():
        for _, layer, _ in named_layers(rounded):
            whole, scale = quantize(layer.weight, bits)
            layer.weight.copy_(whole * scale.reshape(-1, *[1] * (whole.dim() - 1)))
    return rounded


def from_network(net, facts, bits=8):
    """Return the `Gnet` of a trained network, folded and quantized.

    net: a `GoogLeNet` in evaluation mode with batch norm, both heads and the true 5x5. facts: name,
    classes, image_size, and what else the header shall say (accuracy, license ...).
    Raises: ValueError for a network without batch norm or heads, of torchvision's variant, or in
    train mode. Chapter: book/see_it_think.
    """
    if net.variant != "article" or not net.aux:
        raise ValueError(
            "The weights file holds GoogLeNet with batch norm, true 5x5 and both heads, but got "
            f"variant {net.variant!r} with aux={net.aux}: train GoogLeNet(aux=True, norm='bn')."
        )
    norms = {name: norm for name, _, norm in named_layers(net)}
    layers = []
    for name, layer, _ in named_layers(fold_batch_norms(net)):
        whole, scale = quantize(layer.weight, bits)
        found = Layer(name, "linear", whole.numpy(), scale.numpy(), _array(layer.bias))
        if isinstance(layer, nn.Conv2d):
            found.kind, found.stride, found.padding = "conv", layer.stride[0], layer.padding[0]  # pyright: ignore
            found.gamma, found.beta = _array(norms[name].weight), _array(norms[name].bias)
        layers.append(found)
    pool = "adaptive" if net.adaptive_heads else "5/3"
    made = {"channels": net.in_channels, "mean": MEAN, "std": STD, "width": net.width,
            "aux_pool": pool, "bits": bits}  # fmt: skip
    return Gnet({**facts, **made}, layers)


def to_network(gnet):
    """Return a `GoogLeNet` in evaluation mode with a file's weights as floats (weight * scale).

    It is built with norm="none", because batch norm is folded: each convolution has a bias. Its
    forward gives the three classifiers' scores, as always.
    Raises: GnetError for layers that do not make a GoogLeNet of the file's width.
    Chapter: book/see_it_think.
    """
    facts = gnet.facts
    pool = {"adaptive": "adaptive", "5/3": "fixed"}.get(facts["aux_pool"])
    net = GoogLeNet(
        len(facts["classes"]), norm="none", width=facts["width"], in_channels=facts["channels"],
        aux_pool=pool,
    ).eval()  # fmt: skip
    given, expected = {layer.name: layer for layer in gnet.layers}, named_layers(net)
    with torch.no_grad():
        for name, layer, _ in expected:
            one = given.get(name)
            if one is None or one.weight.shape != layer.weight.shape or len(given) != len(expected):
                raise GnetError(
                    f"The file's layers are not a GoogLeNet's of width {facts['width']} with "
                    f"{len(facts['classes'])} classes (first at {name}): export it again."
                )
            scale = torch.from_numpy(one.scale).reshape(-1, *[1] * (one.weight.ndim - 1))
            layer.weight.copy_(torch.from_numpy(one.weight) * scale)
            layer.bias.copy_(torch.from_numpy(one.bias))
    return net.requires_grad_(False)


def named_layers(net):
    """Return (name in the file, convolution or linear layer, batch norm or None) of each layer.

    net: a `GoogLeNet`, with batch norm or folded. Chapter: book/see_it_think.
    """
    found = []
    for path, module in net.named_modules():
        for ours, theirs in _NAMES:
            path = re.sub(re.escape(ours) + "$", theirs, path)
        if isinstance(module, BasicConv2d):
            norm = module.conv[1] if isinstance(module.conv[1], nn.BatchNorm2d) else None
            found.append((path, module.conv[0], norm))
        elif isinstance(module, nn.Linear):
            found.append((path, module, None))
    return found


def _array(tensor):
    return tensor.detach().float().cpu().numpy().copy()
