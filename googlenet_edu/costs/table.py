"""The one writer of tables, in ASCII and HTML, and `Table`, which `plots` offers."""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

__all__ = ["Table", "html_table", "text_table"]

Lines = Sequence[Sequence[str]]


def text_table(
    title: str, head: Sequence[str], body: Lines, foot: Lines = (), *, left: int, ruled: bool = True
) -> str:
    """A table in ASCII, its first columns to the left, the numbers to the right."""
    lines = [head, *body, *foot]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]

    def written(line):
        cells = [
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        return "  ".join(cells).rstrip()

    rule = ["-" * (sum(widths) + 2 * (len(widths) - 1))] if ruled else []
    parts = [title, *rule, written(head), *rule, *map(written, body), *rule, *map(written, foot)]
    return "\n".join(parts)


def html_table(
    title: str,
    head: Sequence[str],
    body: Sequence[str | Sequence[str]],
    foot: Lines = (),
    *,
    table: str,
    caption: str = "",
    bottom: str = "",
    align: Callable[[int], str] | None = None,
    marks: Sequence[str] = (),
) -> str:
    """The same table in HTML, each line's first cell its heading.

    table, caption, bottom: attributes of the table, its caption and its tfoot; align: column number
    to style; marks: HTML before the first cell of each line of the body. A text in body is a line
    that is written already.
    """

    def style(i, more=""):
        return f' style="{align(i)}{more}"' if align else ""

    def line(cells, mark=""):
        if isinstance(cells, str):
            return cells
        start = f'<th scope="row"{style(0, ";font-weight:inherit")}>{mark}{escape(cells[0])}</th>'
        rest = "".join(f"<td{style(i)}>{escape(c)}</td>" for i, c in enumerate(cells[1:], start=1))
        return f"<tr>{start}{rest}</tr>"

    columns = "".join(f'<th scope="col"{style(i)}>{escape(c)}</th>' for i, c in enumerate(head))
    end = f"<tfoot{bottom}>{''.join(map(line, foot))}</tfoot>" if foot else ""
    return (
        f"<table{table}><caption{caption}>{escape(title)}</caption>"
        f"<thead><tr>{columns}</tr></thead>"
        f"<tbody>{''.join(map(line, body, marks or [''] * len(body)))}</tbody>{end}</table>"
    )


class Table:
    """A table for the end of a cell: HTML with named rows and columns, aligned text in a console.

    Args:
        columns: names of the columns, that of the row names first.
        rows: {row name: list of texts}, or {(group, row name): list of texts}.
        caption: what the table shows.

    Raises: ValueError for a row with more or fewer texts than columns.
    Chapter: book/blocks/bn_versus_lrn.
    """

    def __init__(
        self, columns: Sequence[Any], rows: Mapping[Any, Sequence[Any]], caption: Any
    ) -> None:
        self.columns = [str(one) for one in columns]
        self.rows = {
            key if isinstance(key, tuple) else ("", key): [str(one) for one in cells]
            for key, cells in rows.items()
        }
        self.caption = str(caption)
        for (_, name), cells in self.rows.items():
            if len(cells) != len(self.columns) - 1:
                raise ValueError(
                    f"Row {name!r} must have {len(self.columns) - 1} texts, one for each column "
                    f"behind the first, but got {len(cells)}."
                )

    def __repr__(self):
        body = [
            [f"{group}, {name}" if group else name, *cells]
            for (group, name), cells in self.rows.items()
        ]
        columns = self.columns
        return text_table(self.caption, columns, body, left=len(columns), ruled=False)

    def _repr_html_(self):
        body, before = [], ""
        for (group, name), cells in self.rows.items():
            if group and group != before:
                wide = f'scope="rowgroup" colspan="{len(self.columns)}"'
                body.append(f"<tr><th {wide}>{escape(group)}</th></tr>")
            before = group
            body.append([name, *cells])
        table = html_table(
            self.caption,
            self.columns,
            body,
            table=' class="table"',
            caption=' style="caption-side:top"',
        )
        return (
            '<div class="table-box" role="group" aria-label="Table" tabindex="0" '
            f'style="overflow-x:auto;max-width:100%">{table}</div>'
        )
