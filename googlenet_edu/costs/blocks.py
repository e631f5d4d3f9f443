"""The nine Inception blocks one by one: what each layer of a block gives and costs.

The numbers are those of `ledger`, so nothing runs and torch is not imported.
Chapters: book/network/stage3, book/network/stage4, book/network/stage5.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..architecture import INCEPTION, network
from ..checks import Size, choice
from .counting import ledger
from .table import html_table, text_table

__all__ = [
    "BlockFacts",
    "BlockLayer",
    "FactsTable",
    "block_facts",
    "compare_blocks",
    "network_shares",
]


class BlockLayer(NamedTuple):
    """One layer of a block under its name in Table 1, such as "3x3 reduce"; its norm is included.

    branch: 1 to 4. params: weights, biases and batch norm's two numbers a channel. multiply_adds:
    of one image, without biases.
    """

    branch: int
    name: str
    in_channels: int
    out_channels: int
    params: int
    multiply_adds: int


class BlockFacts:
    """What `block_facts` returns: one Inception block, for one image.

    name, in_channels, out_channels; in_shape and out_shape as (channels, height, width); layers: a
    tuple of `BlockLayer`; branch_channels: what each of the four branches adds to the output;
    params and multiply_adds of the block; params_share and multiply_adds_share: their part of the
    whole network without the auxiliary classifiers, from 0 to 1.

    Prints as a table, in Jupyter too. Chapter: book/network/stage3.
    """

    def __init__(
        self,
        name: str,
        in_shape: tuple[int, ...],
        out_shape: tuple[int, ...],
        layers: tuple[BlockLayer, ...],
        net_params: int,
        net_multiply_adds: int,
    ) -> None:
        self.name = name
        self.in_shape = in_shape
        self.out_shape = out_shape
        self.layers = layers
        self.params = sum(layer.params for layer in layers)
        self.multiply_adds = sum(layer.multiply_adds for layer in layers)
        self.params_share = self.params / net_params
        self.multiply_adds_share = self.multiply_adds / net_multiply_adds

    @property
    def in_channels(self) -> int:
        """Channels of the map that all four branches read."""
        return self.in_shape[0]

    @property
    def out_channels(self) -> int:
        """Channels after the four branches are joined."""
        return self.out_shape[0]

    @property
    def branch_channels(self) -> tuple[int, ...]:
        """Output channels of branch 1 to 4, in the order in which they are joined."""
        last = {layer.branch: layer.out_channels for layer in self.layers}
        return tuple(last.values())

    def __getitem__(self, name: str) -> BlockLayer:
        """Return the first `BlockLayer` with a name of Table 1, such as "3x3 reduce"."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        names = ", ".join(repr(layer.name) for layer in self.layers)
        raise KeyError(f"block {self.name} has no layer {name!r}: it has {names}")

    @property
    def title(self) -> str:
        """The block in one line: its name, what goes in and what comes out."""
        return (
            f"Inception block {self.name}: {_shape(self.in_shape)} in, {_shape(self.out_shape)} out"
        )

    def __repr__(self):
        return repr(self._table())

    def _repr_html_(self):
        return self._table()._repr_html_()

    def _table(self):
        head = ["branch", "layer", "in", "out", "parameters", "multiply-adds"]
        body = [
            [str(layer.branch), layer.name, *(f"{number:,}" for number in layer[2:])]
            for layer in self.layers
        ]
        whole = (self.in_channels, self.out_channels, self.params, self.multiply_adds)
        shares = (f"{self.params_share:.1%}", f"{self.multiply_adds_share:.1%}")
        foot = [
            ["block", "", *(f"{number:,}" for number in whole)],
            ["share", "", "", "", *shares],
        ]
        marks = [_mark(layer.branch) for layer in self.layers]
        return FactsTable(self.title, head, body, foot, 2, marks)


def block_facts(block: str, image_size: Size = 224, *, variant: str = "article") -> BlockFacts:
    """Return the `BlockFacts` of one Inception block: its layers, shapes, parameters and cost.

    Args:
        block: "3a", "3b", "4a" to "4e", "5a" or "5b".
        image_size: side of the image in px, or (height, width).
        variant: a name in `architecture.VARIANTS`.

    Raises: ValueError for another block, and as `ledger` for a size or variant that cannot be.
    Source: Szegedy et al., arXiv 1409.4842, Table 1. Chapter: book/network/stage3.

    >>> block_facts("4c").params
    510768
    """
    choice("block", block, INCEPTION)
    whole = ledger(image_size, aux=False, variant=variant)
    plan = network(variant)
    spec = next(spec for spec in plan.backbone if spec.name == f"inception{block}")
    layers = []
    for number, branch in enumerate(spec.branches(plan.variant.branch3_kernel), start=1):
        channels = spec.in_channels
        for part, name in zip(branch, _names(branch, number), strict=True):
            path = f"{spec.name}.{part.name}"
            rows = [r for r in whole if r.name == path or r.name.startswith(f"{path}.")]
            out = rows[-1].out_shape[1]
            layers.append(
                BlockLayer(
                    number,
                    name,
                    channels,
                    out,
                    sum(row.params for row in rows),
                    sum(row.multiply_adds for row in rows),
                )
            )
            channels = out
    shapes = whole[spec.name]
    return BlockFacts(
        block,
        shapes.in_shape[1:],
        shapes.out_shape[1:],
        tuple(layers),
        whole.params,
        whole.multiply_adds,
    )


@dataclass(frozen=True, repr=False)
class FactsTable:
    """What `compare_blocks` and `network_shares` return: a table, in Jupyter too.

    title; head, body, foot: its lines of texts; left: how many columns are no numbers; marks: HTML
    before each line of the body. Chapter: book/network/stage3.
    """

    title: str
    head: list[str]
    body: list[list[str]]
    foot: list[list[str]]
    left: int
    marks: Sequence[str] = ()

    def __repr__(self):
        return text_table(self.title, self.head, self.body, self.foot, left=self.left)

    def _repr_html_(self):
        small = len(self.head) > 8
        return html_table(
            self.title, self.head, self.body, self.foot, marks=self.marks,
            table=' class="ledger block-facts"' + ' style="font-size:0.85em"' * small,
            bottom=' style="font-weight:bold;border-top:1px solid"',
            align=lambda i: _LEFT if i < self.left else _RIGHT,
        )  # fmt: skip


def compare_blocks(*blocks: str, image_size: Size = 224) -> FactsTable:
    """Return a `FactsTable` of some Inception blocks side by side, with Table 1's six numbers.

    blocks: names such as "4a"; none means all nine. image_size and errors as in `block_facts`.
    Source: Szegedy et al., arXiv 1409.4842, Table 1. Chapter: book/network/stage4.
    """
    every = [block_facts(block, image_size) for block in blocks or INCEPTION]
    columns = ["1x1", "3x3 reduce", "3x3", "5x5 reduce", "5x5", "pool proj"]
    head = ["block", "in", *columns, "out", "parameters", "multiply-adds"]
    body = []
    for facts in every:
        six = (facts[column].out_channels for column in columns)
        numbers = (facts.in_channels, *six, facts.out_channels, facts.params, facts.multiply_adds)
        body.append([facts.name, *(f"{number:,}" for number in numbers)])
    sums = (sum(facts.params for facts in every), sum(facts.multiply_adds for facts in every))
    foot = [["together", *[""] * 8, *(f"{number:,}" for number in sums)]]
    return FactsTable("The Inception blocks side by side", head, body, foot, 1)


def network_shares(start: str = "conv1", image_size: Size = 224) -> FactsTable:
    """Return a `FactsTable` of the network's blocks from start on, with their shares.

    The auxiliary classifiers are left out, as everywhere in this module. start: a name such as
    "maxpool4". image_size: as in `ledger`. Raises: ValueError for another start.
    Chapter: book/network/stage3.
    """
    whole = ledger(image_size, aux=False)
    names = [row.name for row in whole.blocks]
    choice("start", start, names)
    rows = whole.blocks[names.index(start) :]

    def line(name, shape, params, multiply_adds):
        shares = (params / whole.params, multiply_adds / whole.multiply_adds)
        return [
            name,
            shape,
            f"{params:,}",
            f"{shares[0]:.1%}",
            f"{multiply_adds:,}",
            f"{shares[1]:.1%}",
        ]

    body = [line(r.name, _shape(r.out_shape[1:]), r.params, r.multiply_adds) for r in rows]
    sums = (sum(row.params for row in rows), sum(row.multiply_adds for row in rows))
    head = ["block", "output", "parameters", "share", "multiply-adds", "share"]
    title = "GoogLeNet without its auxiliary classifiers" + (
        f", from {start}" * (start != names[0])
    )
    return FactsTable(title, head, body, [line("together", "", *sums)], 2)


def _names(branch, number):
    """The column titles of Table 1 for the layers of one branch."""
    if number == 4:
        return "max pool", "pool proj"
    side = branch[-1].kernel_size
    name = f"{side}x{side}"
    return (name,) if len(branch) == 1 else (f"{name} reduce", name)


_LEFT = "text-align:left;padding:0.2em 0.8em 0.2em 0.2em;white-space:nowrap"
_RIGHT = "text-align:right;padding:0.2em 0.4em;font-variant-numeric:tabular-nums"
_COLORS = ("#3b78d8", "#17937a", "#e2952a", "#b25797")


def _mark(branch):
    color = f"var(--book-branch{branch}, {_COLORS[branch - 1]})"
    return (
        '<span aria-hidden="true" style="display:inline-block;width:0.7em;height:0.7em;'
        f'margin-right:0.5em;border-radius:2px;background:{color}"></span>'
    )


def _shape(shape):
    return " x ".join(map(str, shape))
