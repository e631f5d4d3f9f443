"""Table 1 of the paper as it is printed, cell by cell, mistakes included.

What the layers really have is `ledger`'s business; this module only quotes, so that a chapter and
the tests can compare the two. Source: Szegedy et al., "Going deeper with convolutions",
arXiv 1409.4842, Table 1. Chapter: book/network/table1.
"""

from dataclasses import dataclass

__all__ = ["TABLE1", "PaperRow"]


@dataclass(frozen=True, slots=True)
class PaperRow:
    """One row of Table 1.

    type, patch_stride, output, depth: the first columns, as printed ("" where the cell is empty).
    channels: the six columns #1x1, #3x3 reduce, #3x3, #5x5 reduce, #5x5, pool proj; None where
    empty. params, ops: the last two columns, such as "159K" and "128M". blocks: the same layers in
    `architecture`. Chapter: book/network/table1.
    """

    type: str
    patch_stride: str
    output: str
    depth: int
    channels: tuple
    params: str
    ops: str
    blocks: tuple = ()

    @property
    def params_k(self) -> float | None:
        """The printed number of parameters in units of K, or None for an empty cell."""
        return float(self.params.removesuffix("K")) if self.params else None

    @property
    def ops_m(self) -> int | None:
        """The printed number of operations in millions, or None for an empty cell."""
        return int(self.ops.removesuffix("M")) if self.ops else None


_EMPTY = (None,) * 6


def _inception(name, output, channels, params, ops):
    return PaperRow(
        f"inception ({name})", "", output, 2, channels, params, ops, (f"inception{name}",)
    )


def _pool(patch_stride, output, kind="max pool", blocks=()):
    return PaperRow(kind, patch_stride, output, 0, _EMPTY, "", "", blocks)


TABLE1 = (
    PaperRow("convolution", "7x7/2", "112x112x64", 1, _EMPTY, "2.7K", "34M", ("conv1",)),
    _pool("3x3/2", "56x56x64", blocks=("maxpool1",)),
    PaperRow(
        "convolution", "3x3/1", "56x56x192", 2, (None, 64, 192, None, None, None),
        "112K", "360M", ("conv2", "conv3"),
    ),
    _pool("3x3/2", "28x28x192", blocks=("maxpool2",)),
    _inception("3a", "28x28x256", (64, 96, 128, 16, 32, 32), "159K", "128M"),
    _inception("3b", "28x28x480", (128, 128, 192, 32, 96, 64), "380K", "304M"),
    _pool("3x3/2", "14x14x480", blocks=("maxpool3",)),
    _inception("4a", "14x14x512", (192, 96, 208, 16, 48, 64), "364K", "73M"),
    _inception("4b", "14x14x512", (160, 112, 224, 24, 64, 64), "437K", "88M"),
    _inception("4c", "14x14x512", (128, 128, 256, 24, 64, 64), "463K", "100M"),
    _inception("4d", "14x14x528", (112, 144, 288, 32, 64, 64), "580K", "119M"),
    _inception("4e", "14x14x832", (256, 160, 320, 32, 128, 128), "840K", "170M"),
    _pool("3x3/2", "7x7x832", blocks=("maxpool4",)),
    _inception("5a", "7x7x832", (256, 160, 320, 32, 128, 128), "1072K", "54M"),
    _inception("5b", "7x7x1024", (384, 192, 384, 48, 128, 128), "1388K", "71M"),
    _pool("7x7/1", "1x1x1024", "avg pool", ("avgpool",)),
    _pool("", "1x1x1024", "dropout (40%)", ("dropout",)),
    PaperRow("linear", "", "1x1x1000", 1, _EMPTY, "1000K", "1M", ("fc",)),
    _pool("", "1x1x1000", "softmax"),
)  # fmt: skip
