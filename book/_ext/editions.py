"""Sphinx extension: which solutions a book has.

Without EDITION the exercises of the chapters have solutions that open on a click, and the pages of
the assignments have none. EDITION=students leaves out the chapters' too, of the pages, the search
and the notebooks that a page offers for download. EDITION=teachers shows all of them, those of the
assignments with their hidden tests (see `assignments`), and says so on every page. Any other value
is an error.
"""

import json
import os
import re
from pathlib import Path

from sphinx.errors import ConfigError

EDITIONS = ("teachers", "students")
FENCE = re.compile(r"^\s*(`{3,}|:{3,})\{solution\}")
BANNER = "Teachers’ edition: the solutions of the assignments are in it. Not for students."


def choose(app, config):
    edition = os.environ.get("EDITION", "")
    if edition not in ("", *EDITIONS):
        raise ConfigError(
            f"EDITION is {edition!r}; it can be one of {', '.join(EDITIONS)}, or be left out"
        )
    config.googlenet_edition = edition
    if edition == "teachers":
        config.html_theme_options = {**config.html_theme_options, "announcement": BANNER}


# Chapters mark solutions as directives; assignments as nbgrader's regions: see `classroom.release`.
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


def notebook_without_solutions(text):
    """Return a notebook's text without solutions and without the cells that compute them."""
    book = json.loads(text)
    kept = []
    for cell in book["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = without_solutions("".join(cell["source"]))
        hidden = "hide-cell" in cell["metadata"].get("tags", ())
        solves = hidden and cell.get("id", "").startswith("solution")
        if "".join(cell["source"]).strip() and not solves:
            kept.append(cell)
    return json.dumps({**book, "cells": kept}, indent=1, ensure_ascii=False) + "\n"


def strip(text, is_notebook):
    return notebook_without_solutions(text) if is_notebook else without_solutions(text)


def leave_out(app, docname, source):
    if app.config.googlenet_edition == "students":
        source[0] = strip(source[0], str(app.env.doc2path(docname)).endswith(".ipynb"))


def clean_downloads(app, pages):
    if app.config.googlenet_edition != "students":
        return
    for path in Path(app.outdir, "_sources").rglob("*"):
        if path.suffix in (".ipynb", ".md", ".txt"):
            text = strip(path.read_text(encoding="utf-8"), path.suffix == ".ipynb")
            path.write_text(text, encoding="utf-8", newline="\n")


def setup(app):
    app.add_config_value("googlenet_edition", "", "env")
    app.connect("config-inited", choose)
    app.connect("source-read", leave_out)
    return {"version": "2", "parallel_read_safe": True, "parallel_write_safe": True}
