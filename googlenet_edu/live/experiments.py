"""What a trained GoogLeNet loses when a part of it, or of its input, is changed.

The changes are those that the page offers; `run` measures each on held-out images, and results.json
keeps what it measured. All work on the network that `to_network` makes, and undo themselves.
Chapter: book/see_it_think.
"""

from __future__ import annotations

import json
import math
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from ..architecture import INCEPTION
from ..checks import choice
from ..fast import channels_last
from ..train.mnist import to_input
from .quantization import named_layers, round_weights

__all__ = [
    "BLOCKS",
    "BRANCHES",
    "accuracy",
    "batch_statistics",
    "branches_off",
    "changes",
    "noisy",
    "remove_block",
    "results",
    "rotated",
    "run",
    "shifted",
]

BLOCKS = tuple(INCEPTION)
BRANCHES = {"branch1": "1x1", "branch2": "3x3", "branch3": "5x5", "branch4": "pool"}
OUTPUTS = ("main", "aux1", "aux2")
EPS = 1e-5  # added to a variance, as batch norm does
NOISE, SHIFTS, ANGLES = (0.05, 0.1, 0.2, 0.3), (2, 4, 6, 8), (15, 30, 45, 90, 180)


@contextmanager
def branches_off(net, branch, blocks=BLOCKS):
    """Within `with`, replace the output of one branch by zeros, in some blocks or in all nine.

    branch: "branch1" (1x1), "branch2" (3x3), "branch3" (5x5) or "branch4" (pool). blocks: names as
    in `BLOCKS`. Raises: ValueError for another branch or block.
    Chapter: book/see_it_think.
    """
    choice("branch", branch, BRANCHES)
    modules = [_block(net, block).get_submodule(branch) for block in blocks]
    with _hooked(modules, lambda module, given, output: torch.zeros_like(output)):
        yield net


@contextmanager
def remove_block(net, block):
    """Within `with`, take one block out: its input goes on in place of its output.

    That needs equally many channels. Where the block changes their number, its output is replaced
    by zeros, and everything after it no longer depends on the image: then only the heads before it
    can still be right. Raises: ValueError for another block. Chapter: book/see_it_think.
    """

    def instead(module, given, output):
        return given[0].clone() if given[0].shape == output.shape else torch.zeros_like(output)

    with _hooked([_block(net, block)], instead):
        yield net


@contextmanager
def batch_statistics(net, gnet):
    """Within `with`, normalize by each image's own statistics instead of the running ones.

    As batch norm in train mode does on a batch of this one image: with y the folded convolution's
    output, mean and variance over the image's positions, it gives
    |gamma| (y - mean) / sqrt(variance + 1e-5) + beta, before ReLU. Folding multiplied each channel
    by gamma / sqrt(running variance), whose sign is gamma's; that is why |gamma| is right here.

    gnet: the `Gnet` that net was made from, with gamma and beta. Chapters: book/see_it_think
    and book/blocks/batch_norm.
    """
    known = {layer.name: layer for layer in gnet.layers if layer.gamma is not None}
    convs = {conv: known[name] for name, conv, _ in named_layers(net) if name in known}

    def again(conv, given, y):
        gamma, beta = (
            torch.from_numpy(values)[:, None, None]
            for values in (convs[conv].gamma, convs[conv].beta)
        )
        variance, mean = torch.var_mean(y, (2, 3), correction=0, keepdim=True)
        return gamma.abs() * (y - mean) * (variance + EPS).rsqrt() + beta

    with _hooked(convs, again):
        yield net


def noisy(images, amount, seed=0):
    """Add normal noise to images (N, 1, 28, 28) from 0 to 1, then cut off below 0 and above 1.

    amount: the noise's standard deviation. Chapter: book/see_it_think.
    """
    chance = torch.Generator().manual_seed(seed)
    return (images + amount * torch.randn(images.shape, generator=chance)).clamp(0, 1)


def shifted(images, right, down=0):
    """Shift images (N, 1, H, W) by whole pixels; 0 comes in at the edge.

    Chapter: book/see_it_think.
    """
    height, width = images.shape[-2:]
    padded = functional.pad(images, (max(right, 0), max(-right, 0), max(down, 0), max(-down, 0)))
    return padded[..., max(-down, 0) :, max(-right, 0) :][..., :height, :width]


def rotated(images, degrees):
    """Turn images (N, 1, H, W) counterclockwise about their middle, bilinear; 0 comes in.

    Chapter: book/see_it_think.
    """
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    matrix = torch.tensor([[cos, -sin, 0.0], [sin, cos, 0.0]]).expand(len(images), 2, 3)
    grid = functional.affine_grid(matrix, images.shape, align_corners=False)
    return functional.grid_sample(images, grid, align_corners=False)


def changes(net, gnet):
    """Return {name: (context manager, function of the images or None)}: one entry per experiment.

    "none"; "branch3" in all blocks and "branch3 4a" in one; "block 4a"; "bits 4", "bits 2";
    "noise 0.2"; "shift 4" (right, of 28 px); "rotate 30" (degrees, counterclockwise); "batch".
    Chapter: book/see_it_think.
    """
    found: dict[str, Any] = {"none": (nullcontext(net), None)}
    for branch in BRANCHES:
        found[branch] = (branches_off(net, branch), None)
    for branch in BRANCHES:
        for block in BLOCKS:
            found[f"{branch} {block}"] = (branches_off(net, branch, (block,)), None)
    found |= {f"block {block}": (remove_block(net, block), None) for block in BLOCKS}
    found |= {f"bits {bits}": (nullcontext(round_weights(net, bits)), None) for bits in (4, 2)}
    for kind, change, values in (
        ("noise", noisy, NOISE), ("shift", shifted, SHIFTS), ("rotate", rotated, ANGLES),
    ):  # fmt: skip
        for value in values:
            found[f"{kind} {value}"] = (
                nullcontext(net),
                lambda images, change=change, value=value: change(images, value),
            )
    found["batch"] = (batch_statistics(net, gnet), None)
    return found


def run(net, gnet, part, names=None):
    """Return {experiment: {"main", "aux1", "aux2"}}: the accuracy under each change, 0 to 1.

    net, gnet: a weights file and its network. part: a `GrayImages`, of which every image is used.
    names: those of `changes`; None takes all. Chapter: book/see_it_think.
    """
    found, net = {}, channels_last(net)  # a copy that is twice as fast
    for name, (context, change) in changes(net, gnet).items():
        if names is None or name in names:
            with context as changed:
                found[name] = accuracy(changed, part, change)
    return found


def accuracy(net, part, change=None):
    """Return the accuracy of the three classifiers on all images of a `GrayImages`, 0 to 1.

    change: a function of images (n, 1, 28, 28) from 0 to 1, applied before they are enlarged.
    Returns: {"main", "aux1", "aux2"}. Chapter: book/see_it_think.
    """
    right = torch.zeros(3)
    with torch.no_grad():
        for images, labels in zip(part.images.split(100), part.labels.split(100), strict=True):
            images = images.float()[:, None] / 255
            images = images if change is None else change(images)
            outputs = torch.stack(net(to_input(images, part.size)))
            right += (outputs.argmax(2) == labels).sum(1)
    return {
        name: round(count / len(part), 5)
        for name, count in zip(OUTPUTS, right.tolist(), strict=True)
    }


def results():
    """Return what was measured on the shipped networks and their sisters: results.json, as a dict.

    Per network ("digits", "fashion"): recipe, runs (seed, epochs, accuracy as floats and as int8,
    switched-off branches), and of the shipped run experiments, quantization and confusion.
    Chapter: book/see_it_think.
    """
    return json.loads(Path(__file__).with_name("results.json").read_text(encoding="utf-8"))


def _block(net, block):
    choice("block", block, BLOCKS)
    return net.get_submodule(f"inception{block}")


@contextmanager
def _hooked(modules, hook):
    hooks = [module.register_forward_hook(hook) for module in modules]
    try:
        yield
    finally:
        for one in hooks:
            one.remove()
