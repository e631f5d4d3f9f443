"""Weights trained elsewhere: torchvision's names for the layers and its scale of the images.

Chapter: book/network/relatives.
"""

import re
from typing import Any

import torch
from torch import Tensor

__all__ = ["HEADS_HINT", "take_torchvision_names", "to_half_scale"]

_NAMES = (
    (re.compile(r"^(aux[12])\.conv\.(conv|bn)\."), r"\1.feature_.1.\2."),
    (re.compile(r"^(aux[12])\.fc1\."), r"\1.clf_.0."),
    (re.compile(r"^(aux[12])\.fc2\."), r"\1.clf_.3."),
    (re.compile(r"\.conv\.(weight|bias)$"), r".conv.0.\1"),
    (re.compile(r"\.bn\.(\w+)$"), r".conv.1.\1"),
)


def to_half_scale(x: Tensor) -> Tensor:
    """Bring (N, 3, H, W) from ImageNet's mean and deviation to 0.5 and 0.5 in each channel."""
    red = x[:, 0:1] * (0.229 / 0.5) + (0.485 - 0.5) / 0.5
    green = x[:, 1:2] * (0.224 / 0.5) + (0.456 - 0.5) / 0.5
    blue = x[:, 2:3] * (0.225 / 0.5) + (0.406 - 0.5) / 0.5
    return torch.cat([red, green, blue], 1)


def take_torchvision_names(module: Any, state_dict: dict[str, Any], prefix: str, *_: Any) -> None:
    """Rename torchvision's keys, which mean the same layers, before the weights are loaded.

    A hook of `GoogLeNet` for load_state_dict. Raises: RuntimeError for torchvision's weights in a
    network whose third branch is 5x5.
    """
    theirs = [key for key in state_dict if key.startswith(prefix)]
    renamed = {key: prefix + _our_name(key[len(prefix) :]) for key in theirs}
    if any(key != ours for key, ours in renamed.items()):
        if module.variant != "torchvision":
            raise RuntimeError(
                "These weights have the names of torchvision's googlenet, whose third branch is "
                f"3x3, but this network is the variant {module.variant!r} with a 5x5 there: load "
                'them into GoogLeNet(variant="torchvision").'
            )
        for key, ours in renamed.items():
            state_dict[ours] = state_dict.pop(key)


HEADS_HINT = (
    "\n\tThese weights hold two auxiliary classifiers (aux1, aux2), but this network was built "
    "with aux=False: build it with heads, load, and then take "
    "googlenet_edu.fast.drop_heads(net.eval()); or delete the keys that begin with aux1. and aux2."
)


def _our_name(key: str) -> str:
    for pattern, ours in _NAMES:
        key = pattern.sub(ours, key)
    return key
