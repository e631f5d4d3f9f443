"""Sphinx extension: a book with or without the solutions of its exercises.

`EDITION=students make book` leaves the solutions out, of the pages and of the notebooks that a page
offers for download. Any other value than `students` or `teachers` is an error; without one the
book is the teachers', with solutions that open on a click.
"""

import json
import os
import re
from pathlib import Path

from sphinx.errors import ConfigError

EDITIONS = ("teachers", "students")
FENCE = re.compile(r"^\s*(`{3,}|:{3,})\{solution\}")


def choose(app, config):
    edition = os.environ.get("EDITION") or EDITIONS[0]
    if edition not in EDITIONS:
        raise ConfigError(f"EDITION is {edition!r}; it can be one of {', '.join(EDITIONS)}")
    config.hide_solutions = edition == "students"


def without_solutions(text):
    """Return Markdown text without its solution directives."""
    kept, fence = [], None
    for line in text.splitlines(keepends=True):
        if fence is not None:
            if line.strip() == fence:
                fence = None
            continue
        found = FENCE.match(line)
        if found:
            fence = found[1]
        else:
            kept.append(line)
    return "".join(kept)


def clean_downloads(app, exception):
    if exception is not None or not app.config.hide_solutions:
        return
    for path in Path(app.outdir, "_sources").rglob("*"):
        if path.suffix == ".ipynb":
            book = json.loads(path.read_text(encoding="utf-8"))
            for cell in book["cells"]:
                if cell["cell_type"] == "markdown":
                    cell["source"] = without_solutions("".join(cell["source"]))
            book["cells"] = [one for one in book["cells"] if "".join(one["source"]).strip()]
            text = json.dumps(book, indent=1, ensure_ascii=False) + "\n"
        elif path.suffix in (".md", ".txt"):
            text = without_solutions(path.read_text(encoding="utf-8"))
        else:
            continue
        path.write_text(text, encoding="utf-8", newline="\n")


def setup(app):
    app.connect("config-inited", choose)
    app.connect("build-finished", clean_downloads)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
