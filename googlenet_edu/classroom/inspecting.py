"""What is wrong with a notebook before it is handed in, in words for a student.

Compares a notebook with the list of the released cells, `assignments.json`: their ids and
fingerprints, no text. Reads only. Chapter: book/classroom/index.
"""

import hashlib
import json
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

__all__ = ["Inspection", "Unreadable", "assignments", "fingerprint", "inspect", "read"]

MOST_BYTES = 10_000_000
FRESH = "Download a fresh copy from the book and put your answers into its cells."
KINDS = {
    "text": "the text",
    "given": "the given code",
    "answer": "the cell for your code",
    "written": "the cell for your written answer",
    "test": "the tests",
}


class Unreadable(Exception):
    """A file that is no assignment; the text says why and what to do."""


@dataclass
class Inspection:
    """What was found in a notebook.

    name: the assignment. problems: sentences about what must be put right. unwritten: what is
    still as it was released. cells: [(entry of the manifest or None, cell)] in the file's order.
    """

    name: str
    title: str = ""
    problems: list = field(default_factory=list)
    unwritten: list = field(default_factory=list)
    cells: list = field(default_factory=list)


def assignments() -> dict[str, Any]:
    """Return the manifest: {name: {"title", "withheld", "cells"}}."""
    text = (files("googlenet_edu.classroom") / "assignments.json").read_text(encoding="utf-8")
    return json.loads(text)


def read(path: str | Path) -> dict[str, Any]:
    """Return a notebook as a dict, with every cell's source as one text. Raises: Unreadable."""
    path = Path(path)
    name = path.name
    if not path.exists():
        beside = sorted(one.name for one in path.parent.glob("*.ipynb"))
        here = f" There are: {', '.join(beside[:10])}." if beside else ""
        raise Unreadable(f"There is no file {path}.{here}")
    if path.is_dir():
        raise Unreadable(f"{path} is a folder. Name the notebook in it: {path / 'A1.ipynb'}.")
    if path.suffix != ".ipynb":
        raise Unreadable(f"{name} is no notebook: its name does not end in .ipynb.")
    data = path.read_bytes()
    if not data.strip():
        raise Unreadable(
            f"{name} is empty. Save the notebook in Jupyter again, or take a fresh copy."
        )
    if len(data) > MOST_BYTES:
        raise Unreadable(
            f"{name} has {len(data) / 1e6:.0f} MB, more than {MOST_BYTES / 1e6:.0f}: its outputs"
            " are too large. In Jupyter choose Edit, Clear Outputs of All Cells, and save."
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(
            f"{name} is not saved as UTF-8 (byte {error.start}). An editor has changed its"
            " encoding: save it from Jupyter, or choose UTF-8 in the editor."
        ) from None
    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        where = f" near line {line}" if line else ""
        raise Unreadable(
            f"{name} is damaged{where}: it is not complete JSON, so Jupyter cannot open it either."
            " Take your last good copy (Jupyter keeps one in .ipynb_checkpoints), or a fresh one."
        ) from None
    return _with_texts(path, notebook)


def _with_texts(path, notebook):
    if type(notebook) is not dict or "nbformat" not in notebook:
        raise Unreadable(f"{path.name} is JSON, but no notebook.")
    if notebook.get("nbformat") != 4:
        raise Unreadable(
            f"{path.name} has the notebook format {str(notebook.get('nbformat'))[:9]}, and 4 is"
            " needed: open it in Jupyter and save it."
        )
    cells = notebook.get("cells")
    if type(cells) is not list or not all(type(cell) is dict for cell in cells):
        raise Unreadable(f"{path.name} is a notebook without cells.")
    for cell in cells:
        source = cell.get("source", "")
        lines = source if type(source) is list else [source]
        cell["source"] = "".join(line for line in lines if type(line) is str)
        if type(cell.get("metadata")) is not dict:
            cell["metadata"] = {}
    return notebook


def fingerprint(text: str) -> str:
    """Return a short fingerprint of a cell's text, blind to how lines end."""
    lines = text.replace("\r\n", "\n").rstrip("\n")
    return hashlib.sha256(lines.encode("utf-8", "replace")).hexdigest()[:16]


def inspect(notebook: dict[str, Any], file_name: str = "") -> Inspection:
    """Compare a notebook from `read` with its release; return an Inspection. Raises: Unreadable."""
    known = assignments()
    name = _which(notebook, known)
    found = Inspection(name, known[name]["title"])
    _look_at_name(found, file_name, known)
    spec = notebook.get("metadata", {}).get("kernelspec", {})
    kernel, language = spec.get("name", "python3"), spec.get("language", "python")
    if language != "python" or not str(kernel).startswith("python"):
        found.problems.append(
            f"The notebook is set to the kernel {str(kernel)[:40]!r}. In Jupyter choose Kernel, "
            "Change Kernel, Python 3."
        )
    entries = {entry["id"]: entry for entry in known[name]["cells"]}
    _match(found, notebook["cells"], entries)
    _compare(found, entries)
    return found


def _own_id(cell):
    own = cell["metadata"].get("nbgrader")
    return own.get("grade_id") if type(own) is dict else None


def _which(notebook, known):
    """Return the assignment whose cells this notebook has."""
    if not notebook["cells"]:
        raise Unreadable("The notebook has no cells. Begin with a fresh copy of the assignment.")
    ids = {
        one
        for cell in notebook["cells"]
        for one in (_own_id(cell), cell.get("id"))
        if type(one) is str
    }
    prints = {fingerprint(cell["source"]) for cell in notebook["cells"]}
    score = {
        name: sum((entry["id"] in ids) + (entry["print"] in prints) for entry in release["cells"])
        for name, release in known.items()
    }
    best = max(score, key=score.__getitem__)
    if score[best] < 4:
        raise Unreadable(
            f"This notebook is none of the assignments {', '.join(known)}: "
            "it has none of their cells."
        )
    return best


def _look_at_name(found, file_name, known):
    stem = Path(file_name).stem
    if not file_name or stem == found.name:
        return
    if stem in known:
        found.problems.append(
            f"The file is called {file_name}, but its cells are those of {found.name}. "
            f"Rename it to {found.name}.ipynb, or hand in the right file."
        )
    else:
        found.problems.append(
            f"The file is called {file_name}. Rename it to {found.name}.ipynb: "
            "under another name it is not found when it is graded."
        )


def _match(found, cells, entries):
    """Fill found.cells: which released cell is which cell of the notebook."""
    by_print = {}
    for entry in entries.values():
        by_print.setdefault(entry["print"], []).append(entry)
    stripped = 0
    for cell in cells:
        entry = entries.get(_own_id(cell)) if type(_own_id(cell)) is str else None
        if entry is None and type(cell.get("id")) is str and cell["id"] in entries:
            entry = entries[cell["id"]]
            stripped += 1
        if entry is None and len(by_print.get(fingerprint(cell["source"]), ())) == 1:
            # An editor that gave the cells other ids: their text still tells.
            entry = by_print[fingerprint(cell["source"])][0]
            stripped += 1
        found.cells.append((entry, cell))
    if stripped:
        all_of_them = stripped > len(entries) / 2
        which = "the cells" if all_of_them else f"{stripped} cell{'s' * (stripped > 1)}"
        found.problems.append(
            f"An editor has taken away the marks by which {which} {'are' if stripped > 1 else 'is'}"
            f" graded (Colab does that, and some others). {FRESH} Then edit it in Jupyter."
        )


def _compare(found, entries):
    places, sorted_out = {}, {"missing": [], "copied": [], "edited": [], "points": []}
    for entry, cell in found.cells:
        if entry is not None:
            places.setdefault(entry["id"], []).append(cell)
    for entry in entries.values():
        cells = places.get(entry["id"], [])
        if len(cells) != 1:
            sorted_out["copied" if cells else "missing"].append(_describe(entry))
        for cell in cells[:1] if len(cells) < 2 else cells[-1:]:
            _compare_one(found, entry, cell, sorted_out)
    for kind, words in (
        ("missing", f"deleted: {{}}. {FRESH}"),
        ("copied", "copied, so that it is there twice: {}. Keep one; delete the copies."),
        (
            "edited",
            "edited: {}. The original takes its place when your work is graded, so what you changed"
            f" there does not count. {FRESH}",
        ),
        ("points", f"points changed: {{}}. {FRESH}"),
    ):
        if sorted_out[kind]:
            told = words.format("; ".join(sorted_out[kind]))
            found.problems.append(told[0].upper() + told[1:])
    order = [entry["id"] for entry, _ in found.cells if entry is not None]
    released = [one for one in entries if one in places]
    if order != released and len(order) == len(set(order)):
        moved = next(b for a, b in zip(order, released, strict=True) if a != b)
        found.problems.append(
            f"Not in its place: {_describe(entries[moved])}. "
            "Put it back with Edit, Move Cell Up or Down."
        )


def _compare_one(found, entry, cell, sorted_out):
    kind = "markdown" if entry["kind"] in ("text", "written") else "code"
    same = fingerprint(cell["source"]) == entry["print"]
    if cell.get("cell_type") != kind:
        found.problems.append(
            f"Changed into a {str(cell.get('cell_type'))[:20]} cell: {_describe(entry)}. "
            f"Select it and choose {kind.capitalize()} in the toolbar."
        )
    elif entry["kind"] in ("answer", "written"):
        stub = "raise NotImplementedError()" if kind == "code" else "YOUR ANSWER HERE"
        if same or not cell["source"].strip():
            found.unwritten.append(_describe(entry))
        elif stub in (line.strip() for line in cell["source"].splitlines()):
            found.problems.append(
                f"The line `{stub}` is still there: {_describe(entry)}. Delete it."
            )
    elif not same:
        sorted_out["edited"].append(_describe(entry))
    own = cell["metadata"].get("nbgrader")
    if type(own) is dict and entry["points"] != own.get("points", 0):
        sorted_out["points"].append(_describe(entry))


def _describe(entry):
    where = f"of “{entry['task']}”" if entry["task"] else "at the beginning"
    return f"{KINDS[entry['kind']]} {where} (cell {entry['id']})"
