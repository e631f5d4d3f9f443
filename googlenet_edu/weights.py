"""Weights trained elsewhere: torchvision's names for the layers and its scale of the images.

Chapter: book/network/relatives.
"""

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

__all__ = ["loading_hint", "take_torchvision_names", "to_half_scale"]

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


_HEADS = ("aux1.", "aux2.")
_WITH_HEADS = (
    "These weights hold two auxiliary classifiers (aux1, aux2), but this network was built "
    "with aux=False: build it with heads, load, and then take "
    "googlenet_edu.fast.drop_heads(net.eval()); or delete the keys that begin with aux1. and aux2."
)
_WITHOUT_HEADS = (
    "These weights hold no auxiliary classifiers (aux1, aux2), but this network has them: build it "
    "with aux=False to classify, or give strict=False to train fresh ones."
)


def loading_hint(module: Any, state_dict: Any) -> str:
    """Say the way out where a state dict does not fit for a common reason; "" where none shows."""
    keys = [key for key in state_dict if isinstance(key, str)]
    first = next((key for key in keys if re.search(r"(^|\.)conv1\.conv\.(0\.)?weight$", key)), None)
    if first is None:
        inside = next((key for key in keys if isinstance(state_dict[key], Mapping)), None)
        return (
            "" if inside is None else f"The weights lie one level deeper: load state[{inside!r}]."
        )
    prefix = first[: first.index("conv1.conv.")]
    if prefix:  # of nn.DataParallel, torch.compile, a module of one's own
        return (
            f"The names begin with {prefix!r}, of a module that held the network: load "
            f"{{key.removeprefix({prefix!r}): value for key, value in state.items() if "
            f"key.startswith({prefix!r})}}."
        )
    heads = any(key.startswith(_HEADS) for key in keys)
    return "" if heads == module.aux else _WITH_HEADS if heads else _WITHOUT_HEADS


def _our_name(key: str) -> str:
    for pattern, ours in _NAMES:
        key = pattern.sub(ours, key)
    return key
