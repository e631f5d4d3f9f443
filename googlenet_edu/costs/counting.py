"""The ledger: every layer of GoogLeNet with its shape, parameters and cost, by arithmetic alone.

Nothing runs through the network and torch is not imported: shapes come from `sizes`, channels from
`architecture`. Chapters: book/network/googlenet, book/network/summary, book/network/table1.
"""

from functools import lru_cache
from math import prod

from ..architecture import (
    HEAD_GRID,
    HEAD_LEAST,
    HEAD_SIDES,
    ConvSpec,
    InceptionSpec,
    head_pool,
    network,
)
from ..checks import AXES, Size, each, say, truth, whole
from ..sizes import SizeError, conv_output_size, pool_output_size
from .rows import FLOAT_BYTES, BlockRow, Ledger, LedgerRow

__all__ = ["BlockRow", "Ledger", "LedgerRow", "ledger"]


def ledger(
    image_size: Size = 224,
    batch_size: int = 1,
    num_classes: int = 1000,
    aux: bool = True,
    variant: str = "article",
    *,
    width: float = 1.0,
    in_channels: int = 3,
    aux_pool: str | None = None,
) -> Ledger:
    """Return the `Ledger` of GoogLeNet for images of one size: what every layer gives and costs.

    Args:
        image_size: side in px, or (height, width).
        batch_size: images in the batch, 0 or more.
        num_classes, aux, variant, width, in_channels, aux_pool: as in `GoogLeNet`.

    Raises: SizeError (a ValueError) naming the layer at which the chain of sizes breaks; with aux,
    also where only evaluation would work, without the heads. ValueError for a wrong argument.
    Source: Szegedy et al., arXiv 1409.4842, Table 1. Chapter: book/network/googlenet.

    >>> ledger(224).params
    13385816
    """
    height, width_px = each("image_size", image_size, AXES[1:], 1)
    batch = whole("batch_size", batch_size, 0)
    classes = whole("num_classes", num_classes, 1)
    truth("aux", aux, "True counts the two auxiliary classifiers as well")
    plan = network(variant, width, in_channels)
    aux_pool = head_pool(plan.variant, aux_pool)
    title = (
        f"GoogLeNet, variant {variant}, {batch} x {in_channels} x {height} x {width_px}, "
        f"{classes} classes"
    )
    walk = Walk(plan.variant, batch)
    heads = {head.after: head for head in plan.aux} if aux else {}
    norms = {rule.after: rule for rule in plan.variant.lrn}
    shape = (batch, in_channels, height, width_px)
    for spec in plan.backbone:
        if isinstance(spec, InceptionSpec):
            shape = walk.inception(spec, shape)
        else:
            shape = walk.step(spec.name, spec.name, spec, shape)
        if spec.name in norms:
            name = norms[spec.name].name
            walk.add(name, name, "LocalResponseNorm", shape, shape)
        if spec.name in heads:
            walk.head(heads[spec.name], shape, aux_pool, classes)
    pooled = (*shape[:2], 1, 1)
    flat = shape[:2]
    walk.add("avgpool", "avgpool", "AdaptiveAvgPool2d", shape, pooled)
    walk.add("dropout", "dropout", "Dropout", flat, flat)
    walk.linear("fc", "fc", flat, classes)
    return Ledger(title, walk.rows)


class Walk:
    """Collects the rows in forward order."""

    def __init__(self, variant, batch):
        self.variant = variant
        self.batch = batch
        self.rows = []

    def add(self, name, block, kind, given, out, params=0, multiply_adds=0, torchinfo=0):
        size = FLOAT_BYTES * prod(out)
        self.rows.append(
            LedgerRow(name, block, kind, given, out, params, multiply_adds, torchinfo, size)
        )

    def size(self, name, spec, height, width):
        try:
            return _size_after(spec, height, width)
        except SizeError as error:
            place = {"layer": name, "height": height, "width": width}
            raise SizeError(say("network", "breaks", **place, why=error)) from None

    def step(self, name, block, spec, shape):
        """Add a convolution with its norm and ReLU, or a pool; return the shape after it."""
        batch, channels, height, width = shape
        height, width = self.size(name, spec, height, width)
        if not isinstance(spec, ConvSpec):
            out = (batch, channels, height, width)
            self.add(name, block, "MaxPool2d" if spec.kind == "max" else "AvgPool2d", shape, out)
            return out
        out = (batch, spec.out_channels, height, width)
        weights = spec.in_channels * spec.out_channels * spec.kernel_size**2
        params = weights + spec.out_channels * self.variant.conv_bias
        places = batch * height * width
        self.add(
            f"{name}.conv.0", block, "Conv2d", shape, out, params, weights * places, params * places
        )
        after = 1
        if self.variant.norm == "bn":
            params = 2 * spec.out_channels
            self.add(f"{name}.conv.1", block, "BatchNorm2d", out, out, params, 0, params * batch)
            after = 2
        self.add(f"{name}.conv.{after}", block, "ReLU", out, out)
        return out

    def inception(self, spec, shape):
        for branch in spec.branches(self.variant.branch3_kernel):
            now = shape
            for part in branch:
                now = self.step(f"{spec.name}.{part.name}", spec.name, part, now)
        return (shape[0], spec.out_channels, *now[2:])

    def head(self, head, shape, aux_pool, classes):
        name = head.name
        pool = head.pool(aux_pool)
        place = {"layer": f"{name}.feature_.0", "height": shape[2], "width": shape[3]}
        place["fit"] = HEAD_SIDES
        if pool is None:
            now = (*shape[:2], HEAD_GRID, HEAD_GRID)
            self.add(f"{name}.feature_.0", name, "AdaptiveAvgPool2d", shape, now)
        elif min(shape[2:]) < pool.kernel_size:
            raise SizeError(say("network", "headTooSmall", **place, least=HEAD_LEAST))
        else:
            now = self.step(f"{name}.feature_.0", name, pool, shape)
            if now[2:] != (HEAD_GRID, HEAD_GRID):
                raise SizeError(say("network", "headGrid", **place, out=now[2:], grid=HEAD_GRID))
        conv = ConvSpec("feature_.1", head.in_channels, head.conv_channels, 1)
        self.step(f"{name}.feature_.1", name, conv, now)
        hidden = self.linear(f"{name}.clf_.0", name, (shape[0], head.flat_features), head.hidden)
        self.add(f"{name}.clf_.1", name, "ReLU", hidden, hidden)
        self.add(f"{name}.clf_.2", name, "Dropout", hidden, hidden)
        self.linear(f"{name}.clf_.3", name, hidden, classes)

    def linear(self, name, block, shape, features):
        batch, inputs = shape
        out = (batch, features)
        weights = inputs * features
        params = weights + features
        self.add(name, block, "Linear", shape, out, params, weights * batch, params * batch)
        return out


def _size_after(spec, height, width):
    settings = (spec.kernel_size, spec.stride, spec.padding, spec.dilation)
    if isinstance(spec, ConvSpec):
        return _known_size(None, None, height, width, *settings)
    return _known_size(spec.kind, spec.ceil_mode, height, width, *settings)


@lru_cache(maxsize=1024)  # most layers repeat one of twenty sizes
def _known_size(kind, ceil_mode, height, width, *settings):
    size = height if height == width else (height, width)
    if kind is None:
        after = conv_output_size(size, *settings)
    else:
        after = pool_output_size(size, *settings, ceil_mode=ceil_mode, kind=kind)
    return after if isinstance(after, tuple) else (after, after)
