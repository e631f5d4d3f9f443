"""The rows and tables of a ledger; `counting` fills them."""

from collections.abc import Iterable, Iterator
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

from ..checks import choice
from .table import html_table, text_table

__all__ = ["FLOAT_BYTES", "BlockRow", "Ledger", "LedgerRow"]

FLOAT_BYTES = 4


class LedgerRow(NamedTuple):
    """One layer: a torch module without children, under its dotted name.

    kind: its class in torch.nn. in_shape, out_shape: with the batch axis. params: weights and
    biases. multiply_adds: of convolutions and linear layers, without biases, for the whole batch.
    torchinfo_mult_adds: the same as torchinfo counts it, with biases and batch norm's parameters
    once per image. activation_bytes: of the output, four bytes a number.
    """

    name: str
    block: str
    kind: str
    in_shape: tuple
    out_shape: tuple
    params: int
    multiply_adds: int
    torchinfo_mult_adds: int
    activation_bytes: int


class BlockRow(NamedTuple):
    """The layers of one block (conv1, inception3a, aux1, ...) together."""

    name: str
    layers: int
    in_shape: tuple
    out_shape: tuple
    params: int
    multiply_adds: int
    torchinfo_mult_adds: int
    activation_bytes: int


class Ledger:
    """What `ledger` returns: `rows` in forward order, `blocks`, and totals.

    Prints as a table of the blocks; to_text("layers") shows every layer. Chapter:
    book/network/googlenet.
    """

    def __init__(self, title: str, rows: Iterable[LedgerRow]) -> None:
        self.title = title
        self.rows = tuple(rows)

    def __repr__(self):
        return self.to_text()

    def __len__(self):
        return len(self.rows)

    def __iter__(self) -> Iterator[LedgerRow]:
        return iter(self.rows)

    def __getitem__(self, name: str) -> Any:
        """Return the row of a layer by its dotted name, or the BlockRow of a block."""
        for row in (*self.rows, *self.blocks):
            if row.name == name:
                return row
        raise KeyError(
            f"no layer or block is called {name!r}: see [row.name for row in ledger.rows]"
        )

    @property
    def blocks(self) -> tuple[BlockRow, ...]:
        """One `BlockRow` for each block, in forward order."""
        groups = {}
        for row in self.rows:
            groups.setdefault(row.block, []).append(row)
        return tuple(
            BlockRow(
                name,
                len(rows),
                rows[0].in_shape,
                _joined_shape(rows),
                *(sum(row[i] for row in rows) for i in range(5, 9)),
            )
            for name, rows in groups.items()
        )

    @property
    def params(self) -> int:
        """Parameters of all layers."""
        return sum(row.params for row in self.rows)

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of convolutions and linear layers for the whole batch, biases left out."""
        return sum(row.multiply_adds for row in self.rows)

    @property
    def torchinfo_mult_adds(self) -> int:
        """Multiply-adds for the whole batch as torchinfo counts them."""
        return sum(row.torchinfo_mult_adds for row in self.rows)

    @property
    def activation_bytes(self) -> int:
        """Bytes of all outputs, each layer's counted once."""
        return sum(row.activation_bytes for row in self.rows)

    @property
    def forward_backward_bytes(self) -> int:
        """torchinfo's "Forward/backward pass size": twice the outputs of layers with parameters."""
        return 2 * sum(row.activation_bytes for row in self.rows if row.params)

    @property
    def param_bytes(self) -> int:
        """Bytes of all parameters."""
        return FLOAT_BYTES * self.params

    @property
    def input_bytes(self) -> int:
        """Bytes of the images."""
        return FLOAT_BYTES * prod(self.rows[0].in_shape)

    def to_text(self, level: str = "blocks") -> str:
        """Return the table as ASCII text; level is "blocks" or "layers"."""
        head, body, total = self._cells(level)
        return text_table(self.title, head, body, [total], left=len(head) - 4)

    def to_html(self, level: str = "blocks") -> str:
        """Return the table as HTML; level is "blocks" or "layers"."""
        head, body, total = self._cells(level)
        return html_table(self.title, head, body, [total], table=' class="ledger"')

    def _repr_html_(self):
        return self.to_html()

    def to_csv(self, level: str = "layers") -> str:
        """Return the rows as CSV text, one line each, shapes as 1x64x112x112."""
        kind = LedgerRow if self._rows_of(level) is self.rows else BlockRow
        lines = [",".join(kind._fields)]
        for row in self._rows_of(level):
            lines.append(",".join(_shape(v) if isinstance(v, tuple) else str(v) for v in row))
        return "\n".join(lines) + "\n"

    def write_csv(
        self, path: str | Path, level: str = "layers", *, overwrite: bool = False
    ) -> None:
        """Write to_csv(level) to a file in UTF-8.

        Raises: FileExistsError when the file is there already, unless overwrite=True.
        """
        text = self.to_csv(level)
        try:
            with open(path, "w" if overwrite else "x", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except FileExistsError:
            raise FileExistsError(
                f"{path} is there already: choose another name, or pass overwrite=True to "
                "replace it."
            ) from None

    def _rows_of(self, level):
        choice("level", level, ("blocks", "layers"))
        return self.rows if level == "layers" else self.blocks

    def _cells(self, level):
        layers = level == "layers"
        names = ["layer", "kind", "output"] if layers else ["block", "output"]
        head = [*names, "params", "multiply-adds", "torchinfo", "bytes"]
        body = []
        for row in self._rows_of(level):
            first = [row.name, row.kind] if isinstance(row, LedgerRow) else [row.name]
            body.append([*first, _shape(row.out_shape), *(f"{n:,}" for n in row[-4:])])
        sums = (self.params, self.multiply_adds, self.torchinfo_mult_adds, self.activation_bytes)
        total = ["total", *[""] * (len(names) - 1), *(f"{n:,}" for n in sums)]
        return head, body, total


def _shape(shape):
    return "x".join(map(str, shape))


def _joined_shape(rows):
    """The shape after a block: the four branches of Inception joined, else the last row's."""
    if not rows[0].block.startswith("inception"):
        return rows[-1].out_shape
    ends = {}
    for row in rows:
        ends[row.name.split(".")[1]] = row.out_shape
    last = rows[-1].out_shape
    return (last[0], sum(shape[1] for shape in ends.values()), *last[2:])
