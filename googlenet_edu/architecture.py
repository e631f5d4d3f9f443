"""GoogLeNet as data: the one table of channel numbers and layers. No torch here.

Model, ledger, widgets, drawings, chapters and tests read the network from this module.
Source: Szegedy et al., "Going deeper with convolutions", arXiv 1409.4842, Table 1, with the
layer names of the book. Chapters: book/network/googlenet, book/network/table1.
"""

from dataclasses import dataclass, replace
from functools import cache
from math import floor, isfinite
from typing import Any

from .checks import choice, count

__all__ = [
    "AUX",
    "BACKBONE",
    "HEAD_GRID",
    "HEAD_IMAGES",
    "INCEPTION",
    "VARIANTS",
    "AuxSpec",
    "ConvSpec",
    "InceptionSpec",
    "LRNSpec",
    "Network",
    "PoolSpec",
    "Variant",
    "head_grid",
    "head_pool",
    "network",
    "scale_channels",
]

# The fixed auxiliary classifiers flatten a grid of 4 x 4 cells: 4 * 4 * 128 = 2048 numbers. A map
# of 14 to 16 cells after inception4a gives it, and these square images give such a map.
HEAD_GRID = 4
HEAD_SIDES = (223, 270)
HEAD_LEAST = 79  # the smallest image whose map at 4a the average pool takes, 5 x 5
HEAD_IMAGES = f"{HEAD_SIDES[0]} to {HEAD_SIDES[1]} px"


def head_grid(side: int) -> int:
    """Return the cells that a head's average pool (5 x 5, stride 3) makes of side cells, or 0."""
    return max(0, (side - 5) // 3 + 1)


@dataclass(frozen=True, slots=True)
class ConvSpec:
    """One convolution; the fields are the arguments of torch.nn.Conv2d."""

    name: str
    in_channels: int
    out_channels: int
    kernel_size: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1


@dataclass(frozen=True, slots=True)
class PoolSpec:
    """One pooling layer; kind is "max" or "avg", the rest as in torch.nn.MaxPool2d."""

    name: str
    kernel_size: int
    stride: int
    padding: int = 0
    dilation: int = 1
    ceil_mode: bool = True
    kind: str = "max"


HEAD_POOL = PoolSpec("feature_.0", 5, 3, ceil_mode=False, kind="avg")  # of both fixed heads


@dataclass(frozen=True, slots=True)
class InceptionSpec:
    """One Inception block: its input channels and the six numbers of Table 1."""

    name: str
    in_channels: int
    ch1x1: int
    ch3x3reduce: int
    ch3x3: int
    ch5x5reduce: int
    ch5x5: int
    pool_proj: int

    @property
    def out_channels(self) -> int:
        """Channels after the four branches are joined."""
        return self.ch1x1 + self.ch3x3 + self.ch5x5 + self.pool_proj

    def branches(self, branch3_kernel: int = 5) -> tuple[tuple[Any, ...], ...]:
        """Return the layers of branch1 to branch4; branch3_kernel is 5, or torchvision's 3."""
        return _branches(self, branch3_kernel)


@cache
def _branches(spec, side):
    n = spec.in_channels
    return (
        (ConvSpec("branch1", n, spec.ch1x1, 1),),
        (
            ConvSpec("branch2.0", n, spec.ch3x3reduce, 1),
            ConvSpec("branch2.1", spec.ch3x3reduce, spec.ch3x3, 3, padding=1),
        ),
        (
            ConvSpec("branch3.0", n, spec.ch5x5reduce, 1),
            ConvSpec("branch3.1", spec.ch5x5reduce, spec.ch5x5, side, padding=side // 2),
        ),
        (
            PoolSpec("branch4.0", 3, 1, padding=1, ceil_mode=False),
            ConvSpec("branch4.1", n, spec.pool_proj, 1),
        ),
    )


@dataclass(frozen=True, slots=True)
class AuxSpec:
    """One auxiliary classifier: the block that feeds it, the channels it gets, its widths."""

    name: str
    after: str
    in_channels: int
    conv_channels: int = 128
    hidden: int = 1024

    def pool(self, aux_pool: str = "fixed") -> PoolSpec | None:
        """Return the average pool of the head, or None for the adaptive one (4 x 4 cells)."""
        if aux_pool == "adaptive":
            return None
        return HEAD_POOL

    @property
    def flat_features(self) -> int:
        """Numbers per image that the first linear layer expects: 4 * 4 * conv_channels."""
        return HEAD_GRID * HEAD_GRID * self.conv_channels


@dataclass(frozen=True, slots=True)
class LRNSpec:
    """Local response normalization; the fields are the arguments of torch.nn.LocalResponseNorm."""

    name: str
    after: str
    size: int = 5
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 1.0


@dataclass(frozen=True, slots=True)
class Variant:
    """What differs between the published networks of this name; see `VARIANTS`.

    norm: "bn", "lrn" or "none". conv_bias: whether convolutions add a bias. branch3_kernel: side
    of the kernel in the third branch. aux_pool: "fixed" (5 x 5, stride 3) or "adaptive" (always a
    4 x 4 grid).
    """

    name: str
    norm: str
    conv_bias: bool
    branch3_kernel: int = 5
    bn_eps: float = 1e-5
    maxpool4_kernel: int = 3
    dropout: float = 0.4
    aux_dropout: float = 0.7
    aux_pool: str = "fixed"
    lrn: tuple[LRNSpec, ...] = ()


def _inception(block, *channels):
    return InceptionSpec(f"inception{block}", *channels)


INCEPTION = {
    "3a": _inception("3a", 192, 64, 96, 128, 16, 32, 32),
    "3b": _inception("3b", 256, 128, 128, 192, 32, 96, 64),
    "4a": _inception("4a", 480, 192, 96, 208, 16, 48, 64),
    "4b": _inception("4b", 512, 160, 112, 224, 24, 64, 64),
    "4c": _inception("4c", 512, 128, 128, 256, 24, 64, 64),
    "4d": _inception("4d", 512, 112, 144, 288, 32, 64, 64),
    "4e": _inception("4e", 528, 256, 160, 320, 32, 128, 128),
    "5a": _inception("5a", 832, 256, 160, 320, 32, 128, 128),
    "5b": _inception("5b", 832, 384, 192, 384, 48, 128, 128),
}

BACKBONE = (
    ConvSpec("conv1", 3, 64, 7, stride=2, padding=3),
    PoolSpec("maxpool1", 3, 2),
    ConvSpec("conv2", 64, 64, 1),
    ConvSpec("conv3", 64, 192, 3, padding=1),
    PoolSpec("maxpool2", 3, 2),
    INCEPTION["3a"],
    INCEPTION["3b"],
    PoolSpec("maxpool3", 3, 2),
    INCEPTION["4a"],
    INCEPTION["4b"],
    INCEPTION["4c"],
    INCEPTION["4d"],
    INCEPTION["4e"],
    PoolSpec("maxpool4", 3, 2),
    INCEPTION["5a"],
    INCEPTION["5b"],
)

AUX = (
    AuxSpec("aux1", after="inception4a", in_channels=512),
    AuxSpec("aux2", after="inception4d", in_channels=528),
)

LRN = (LRNSpec("norm1", after="maxpool1"), LRNSpec("norm2", after="conv3"))

# article: the network this book builds. caffe: the paper as bvlc_googlenet spells it out.
# none: the same without normalization. torchvision: the network behind torchvision's weights.
VARIANTS = {
    "article": Variant("article", norm="bn", conv_bias=False),
    "caffe": Variant("caffe", norm="lrn", conv_bias=True, lrn=LRN),
    "none": Variant("none", norm="none", conv_bias=True),
    "torchvision": Variant(
        "torchvision",
        norm="bn",
        conv_bias=False,
        branch3_kernel=3,
        bn_eps=1e-3,
        maxpool4_kernel=2,
        dropout=0.2,
        aux_pool="adaptive",
    ),
}


@dataclass(frozen=True, slots=True)
class Network:
    """A variant at one width: what `GoogLeNet` and `ledger` are built from."""

    variant: Variant
    backbone: tuple[Any, ...]  # ConvSpec, PoolSpec and InceptionSpec in forward order
    aux: tuple[AuxSpec, ...]

    @property
    def out_channels(self) -> int:
        """Channels after inception5b, which the last linear layer reads."""
        return self.backbone[-1].out_channels


def scale_channels(channels: int, width: float) -> int:
    """Return channels * width, rounded to the nearest multiple of 4 and never below 4."""
    return max(4, 4 * floor(channels * width / 4 + 0.5))


def network(variant: str = "article", width: float = 1.0, in_channels: int = 3) -> Network:
    """Return the `Network` of a variant, with every layer `width` times as wide.

    variant: a name in `VARIANTS`. width: a positive number; 1 is GoogLeNet, 0.25 trains in
    minutes on a processor. in_channels: channels of the image. Raises: ValueError for anything
    else. Chapter: book/network/relatives.

    >>> network("torchvision").variant.branch3_kernel
    3
    """
    choice("variant", variant, VARIANTS, "choose one of these names")
    number = isinstance(width, (int, float)) and not isinstance(width, bool)
    if not number or not isfinite(width) or width <= 0:
        raise ValueError(
            f"width must be a positive number, but got {width!r}: 1 is GoogLeNet itself, 0.25 has "
            "a quarter of its channels."
        )
    count("in_channels", in_channels, "color images have 3 channels, gray ones 1")
    return _network(variant, width, in_channels)


def head_pool(variant: Variant, aux_pool: str | None = None) -> str:
    """Return the pool of a variant's heads, "fixed" or "adaptive"; None takes the variant's own.

    Raises: ValueError for anything else.
    """
    if aux_pool is None:
        return variant.aux_pool
    if aux_pool not in ("fixed", "adaptive"):
        raise ValueError(
            f"aux_pool must be 'fixed' ({HEAD_IMAGES}) or 'adaptive' (any size), but got "
            f"{aux_pool!r}: choose one of the two."
        )
    return aux_pool


@cache
def _network(variant, width, in_channels):
    chosen = VARIANTS[variant]
    channels, after = in_channels, {}
    backbone = []
    for spec in BACKBONE:
        if isinstance(spec, ConvSpec):
            out = scale_channels(spec.out_channels, width)
            spec = replace(spec, in_channels=channels, out_channels=out)
            channels = out
        elif isinstance(spec, InceptionSpec):
            names = ("ch1x1", "ch3x3reduce", "ch3x3", "ch5x5reduce", "ch5x5", "pool_proj")
            scaled = {name: scale_channels(getattr(spec, name), width) for name in names}
            spec = replace(spec, in_channels=channels, **scaled)
            channels = spec.out_channels
        elif spec.name == "maxpool4":
            spec = replace(spec, kernel_size=chosen.maxpool4_kernel)
        backbone.append(spec)
        after[spec.name] = channels
    aux = tuple(
        replace(
            head,
            in_channels=after[head.after],
            conv_channels=scale_channels(head.conv_channels, width),
            hidden=scale_channels(head.hidden, width),
        )
        for head in AUX
    )
    return Network(chosen, tuple(backbone), aux)
