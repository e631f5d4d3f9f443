"""A table of results that a screen reader can walk through; `plots` offers it."""

from html import escape

__all__ = ["Table"]


class Table:
    """A table for the end of a cell: HTML with named rows and columns, aligned text in a console.

    Args:
        columns: names of the columns, that of the row names first.
        rows: {row name: list of texts}, or {(group, row name): list of texts}.
        caption: what the table shows.

    Raises: ValueError for a row with more or fewer texts than columns.
    Chapter: book/blocks/bn_versus_lrn.
    """

    def __init__(self, columns, rows, caption):
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
        lines = [[self.columns[0], *self.columns[1:]]]
        for (group, name), cells in self.rows.items():
            lines.append([f"{group}, {name}" if group else name, *cells])
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.columns))]
        table = "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        )
        return f"{self.caption}\n{table}"

    def _repr_html_(self):
        head = "".join(f'<th scope="col">{escape(one)}</th>' for one in self.columns)
        body, before = [], ""
        for (group, name), cells in self.rows.items():
            if group and group != before:
                wide = f'scope="rowgroup" colspan="{len(self.columns)}"'
                body.append(f"<tr><th {wide}>{escape(group)}</th></tr>")
            before = group
            told = "".join(f"<td>{escape(one)}</td>" for one in cells)
            body.append(f'<tr><th scope="row">{escape(name)}</th>{told}</tr>')
        return (
            f'<div class="table-box" role="group" aria-label="Table" tabindex="0" '
            f'style="overflow-x:auto;max-width:100%"><table class="table">'
            f'<caption style="caption-side:top">{escape(self.caption)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
        )
