"""An assignment's student version: the notebook of `source/` without solutions and hidden tests.

The same steps as nbgrader's generate_assignment, in the standard library, so that the book can be
built without nbgrader; a test compares the two cell by cell. `leaks` looks for what must not be
there in another way: it takes the solutions from the source, not from the markers.
Chapter: book/classroom/teaching.
"""

import copy
import hashlib
import io
import json
import re
import zipfile
from typing import Any

__all__ = ["LeakError", "archive", "leaks", "parts", "student_version", "to_text"]

STUBS = {"code": ["# YOUR CODE HERE", "raise NotImplementedError()"], "text": ["YOUR ANSWER HERE"]}
REGIONS = {
    "solution": ("BEGIN SOLUTION", "END SOLUTION"),
    "hidden": ("BEGIN HIDDEN TESTS", "END HIDDEN TESTS"),
}
# Whatever looks like a marker, however it is spelled.
MARKER = re.compile(
    r"\b(?:BEGIN|END)[ _-]*(?:HIDDEN|SOLUTION|MARK|TEST)|\bHIDDEN[ _-]*TESTS?[ _-]*(?:BEGIN|END)",
    re.IGNORECASE,
)
README = """{name}: {title}

1. Install the book's packages once, in the folder of the book:
       python -m pip install -r requirements.txt -e .
2. Open {name}.ipynb in Jupyter and work through it. Do not rename it.
3. Before you hand in, in a terminal beside the notebook:
       python -m googlenet_edu.check {name}.ipynb
   It changes nothing and says what is missing.
4. Hand in {name}.ipynb.
"""


class LeakError(ValueError):
    """A student version would hold something that it must not; the text says what and where."""


def parts(cell: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Return [(kind, text)] of a source cell, in order; kind: "shown", "solution" or "hidden".

    Raises: LeakError for a marker that is misspelled, nested, alone, or in the wrong kind of cell.
    """
    own = cell["metadata"].get("nbgrader", {})
    found: list[tuple[str, list[str]]] = [("shown", [])]
    kind = "shown"
    for line in source(cell).split("\n"):
        begins = [name for name, (begin, _) in REGIONS.items() if begin in line]
        ends = [name for name, (_, end) in REGIONS.items() if end in line]
        if MARKER.search(line) and not begins and not ends:
            raise LeakError(
                f"cell {cell.get('id')!r}: {line.strip()!r} is no marker as it is spelled"
            )
        if begins:
            if kind != "shown":
                raise LeakError(f"cell {cell.get('id')!r}: a region begins inside another")
            kind = begins[0]
            if not own.get("solution" if kind == "solution" else "grade"):
                raise LeakError(
                    f"cell {cell.get('id')!r} holds a {kind} region; nbgrader forbids it"
                )
            indent = line[: len(line) - len(line.lstrip())]
            found.append((kind, []))
            found[-1][1].append(indent)
        elif ends:
            if kind != ends[0]:
                raise LeakError(f"cell {cell.get('id')!r}: {line.strip()!r} ends nothing")
            kind = "shown"
            found.append(("shown", []))
        else:
            found[-1][1].append(line)
    if kind != "shown":
        raise LeakError(f"cell {cell.get('id')!r}: the {kind} region has no end")
    return found


def source(cell: dict[str, Any]) -> str:
    """Return a cell's text, whether it is stored as one text or as lines."""
    return cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])


def student_version(notebook: dict[str, Any]) -> dict[str, Any]:
    """Return the student's version of a source notebook (both nbformat 4.5, as dicts).

    Raises: LeakError, also where a solution or a hidden line would be left in.
    """
    released = copy.deepcopy(notebook)
    for cell in released["cells"]:
        own = cell["metadata"].get("nbgrader")
        if own is None:
            raise LeakError(f"cell {cell.get('id')!r} has no nbgrader metadata")
        code = cell["cell_type"] == "code"
        pieces = parts(cell)
        lines = []
        for kind, text in pieces:
            if kind == "shown":
                lines += text
            elif kind == "solution":
                lines += [text[0] + stub for stub in STUBS["code" if code else "text"]]
        if own["solution"] and len(pieces) == 1:
            raise LeakError(f"cell {cell.get('id')!r} is an answer without a solution region")
        cell["source"] = "\n".join(lines).splitlines(keepends=True)
        cell["metadata"]["deletable"] = False
        if not own["solution"]:
            cell["metadata"]["editable"] = False
        if code:
            cell["outputs"], cell["execution_count"] = [], None
        own["cell_type"] = cell["cell_type"]
        own["checksum"] = checksum(cell)
        cell["metadata"]["nbgrader"] = dict(sorted(own.items()))
        cell["metadata"] = dict(sorted(cell["metadata"].items()))
    found = leaks(notebook, released)
    if found:
        raise LeakError("; ".join(found))
    return released


def checksum(cell: dict[str, Any]) -> str:
    """Return nbgrader's checksum of a cell."""
    own = cell["metadata"]["nbgrader"]
    words = [source(cell), cell["cell_type"]]
    words += [str(own["grade"]), str(own["solution"]), str(own["locked"]), own["grade_id"]]
    if own["grade"]:
        words.append(str(float(own["points"])))
    return hashlib.md5("".join(words).encode("utf-8")).hexdigest()


def leaks(notebook: dict[str, Any], released: dict[str, Any]) -> list[str]:
    """Return sentences about solution lines, hidden tests and markers in a student version.

    Looks at the whole file: sources, outputs, metadata.
    """
    text = json.dumps(released)
    lines = {line.strip() for cell in released["cells"] for line in source(cell).split("\n")}
    found = [f"a marker is left: {one!r}" for one in sorted(set(MARKER.findall(text)))]
    shown = ""
    for cell in notebook["cells"]:
        for kind, content in parts(cell):
            if kind == "shown":
                shown += "\n".join(content) + "\n"
    for cell in notebook["cells"]:
        for kind, content in parts(cell):
            for line in content[1:] if kind != "shown" else ():
                line = line.strip()
                # What the student sees elsewhere, such as an import, gives nothing away.
                if len(line) < 4 or line in shown:
                    continue
                if line in lines or (len(line) > 19 and json.dumps(line)[1:-1] in text):
                    found.append(f"a line of {cell.get('id')!r} ({kind}) is left: {line!r}")
    if any(cell.get("outputs") for cell in released["cells"]):
        found.append("a stored output is left")
    return found


def to_text(notebook: dict[str, Any]) -> str:
    """Return a notebook as it is stored."""
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def archive(name: str, title: str, released: dict[str, Any]) -> bytes:
    """Return the bytes of the zip that students get: always the same for the same notebook."""
    buffer = io.BytesIO()
    files = {f"{name}/{name}.ipynb": to_text(released)}
    files[f"{name}/README.txt"] = README.format(name=name, title=title).replace("\n", "\r\n")
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for path, text in sorted(files.items()):
            entry = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            target.writestr(entry, text.encode("utf-8"), compresslevel=9)
    return buffer.getvalue()
