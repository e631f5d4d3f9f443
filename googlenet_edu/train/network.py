"""A small GoogLeNet to train on a laptop, the ways to start its weights, and the optimizers."""

from __future__ import annotations

import math
from typing import Any, TypeVar

import torch
from torch import nn

from ..checks import choice, number
from ..model import GoogLeNet
from ._order import WEIGHTS, mixed_seed

__all__ = ["INITIALIZATIONS", "initialize", "make_optimizer", "small_googlenet"]

Net = TypeVar("Net", bound=nn.Module)
INITIALIZATIONS = ("default", "he", "caffe")


def small_googlenet(
    num_classes: int = 10,
    *,
    norm: str = "bn",
    width: float = 0.25,
    aux: bool = True,
    in_channels: int = 3,
    init: str = "default",
    seed: int = 0,
    dropout: float | None = None,
) -> GoogLeNet:
    """Return a `GoogLeNet` that trains in seconds: narrow, and with heads for every image size.

    It has all layers of the network, with the true 5x5 and both heads (pooled adaptively to
    4 x 4); width scales its channels (0.25: 659,230 parameters at 10 classes with batch norm).
    norm: "bn", "lrn" or "none". init and seed as in `initialize`. dropout: one probability for
    all dropout layers; None keeps the network's own (0.4, in the heads 0.7).
    Raises: ValueError as `GoogLeNet` and `initialize`. Chapter: book/training/training.
    """
    if dropout is not None:
        number("dropout", dropout, "None keeps 0.4 and 0.7", below=1)
    with torch.random.fork_rng(devices=[]):
        net = GoogLeNet(
            num_classes, aux, norm, width=width, in_channels=in_channels, aux_pool="adaptive"
        )
    for module in net.modules():
        if dropout is not None and isinstance(module, nn.Dropout):
            module.p = float(dropout)
    return initialize(net, init, seed=seed)


def initialize(net: Net, how: str = "default", *, seed: int = 0) -> Net:
    """Set all weights of a network anew, the same ones for the same seed; return the network.

    how:
        "default": as PyTorch's layers start: uniform, variance 1 / (3 fan_in), biases likewise.
        "he": normal, variance 2 / fan_in, biases 0.
        "caffe": as bvlc_googlenet: uniform, variance 1 / fan_in (Caffe's "xavier"), biases 0.2,
        those of the three last layers 0. With batch norm the convolutions have no bias.

    fan_in: inputs of one output cell, kernel included. Batch norm starts at weight 1 and bias 0.
    The global random state stays as it was. Raises: ValueError for another name.
    Source: He et al., arXiv 1502.01852; Caffe, filler.hpp and bvlc_googlenet/train_val.prototxt.
    Chapters: book/training/training, book/blocks/bn_versus_lrn.
    """
    choice("The initialization", how, INITIALIZATIONS)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(mixed_seed(seed, WEIGHTS))
        for module in net.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                module.reset_parameters()
                if how != "default":
                    _start(module, how)
            elif isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.reset_parameters()
    if how == "caffe":
        for last in _last_layers(net):
            nn.init.zeros_(last.bias)
    return net


def _start(module, how):
    fan_in = module.weight[0].numel()
    if how == "he":
        nn.init.normal_(module.weight, std=math.sqrt(2 / fan_in))
    else:
        limit = math.sqrt(3 / fan_in)
        nn.init.uniform_(module.weight, -limit, limit)
    if module.bias is not None:
        nn.init.constant_(module.bias, 0.0 if how == "he" else 0.2)


def _last_layers(net):
    heads = [getattr(net, name, None) for name in ("aux1", "aux2")]
    return [net.fc, *(head.clf_[-1] for head in heads if head is not None)]


def make_optimizer(
    net: nn.Module,
    name: str = "adam",
    lr: float = 1e-3,
    *,
    momentum: float = 0.9,
    weight_decay: float = 0.0,
) -> torch.optim.Optimizer:
    """Return torch's Adam or SGD over all parameters of a network.

    name: "adam" or "sgd". lr: the learning rate. momentum: of SGD. weight_decay: L2 penalty.
    Raises: ValueError for another name or a number that is not finite and positive.
    Source: PyTorch documentation, torch.optim. Chapter: book/training/training.
    """
    hint = "1e-3 is a good start for Adam, 1e-2 with momentum 0.9 for SGD"
    number("lr", lr, hint, above=True)
    number("momentum", momentum, hint)
    number("weight_decay", weight_decay, hint)
    choice("optimizer", name, ("adam", "sgd"))
    settings: Any = {"lr": lr, "weight_decay": weight_decay}
    if name == "adam":
        return torch.optim.Adam(net.parameters(), **settings)
    return torch.optim.SGD(net.parameters(), momentum=momentum, **settings)


def architecture_of(net):
    """Return what `rebuild` needs to make an equal network: plain values only."""
    return {
        "num_classes": net.num_classes,
        "aux": net.aux,
        "variant": net.variant,
        "in_channels": net.in_channels,
        "aux_pool": "adaptive" if net.adaptive_heads else "fixed",
        "width": net.width,
        "dropout": net.dropout.p,
        "aux_dropout": net.aux1.clf_[2].p if net.aux else None,
    }


def rebuild(facts):
    """Return a `GoogLeNet` from what `architecture_of` returned."""
    facts = dict(facts)
    dropout, aux_dropout = facts.pop("dropout"), facts.pop("aux_dropout")
    net = GoogLeNet(**facts)
    net.dropout.p = dropout
    for head in (net.aux1, net.aux2):
        if head is not None:
            head.clf_[2].p = aux_dropout
    return net
