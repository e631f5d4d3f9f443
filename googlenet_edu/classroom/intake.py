"""Submissions as they come: found, looked at without trust, copied as plain files.

A link, a pipe, a huge file or a broken notebook is never followed or opened by anything else; the
reason is a sentence for the teacher. Chapter: book/classroom/teaching.
"""

import json
import os
import re
import shutil
import stat
import time
from pathlib import Path

import nbformat

from .showing import IMAGES

__all__ = ["Refused", "clean_copy", "collect", "student_named"]

MOST_NOTEBOOK = 10_000_000
MOST_BYTES = 50_000_000
MOST_FILES = 200
DEEPEST = 6
# Kept beside a notebook. The form grader serves these files: a page among them would be its own.
KEPT = tuple(".py .txt .csv .json .md .npy .npz .pt .png .jpg .jpeg .gif".split())
BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
# No character that is special in a path, a pattern or on a command line.
NAME = re.compile(r"[\w@](?:[\w@.\- ]{0,98}[\w@.\-])?")


class Refused(Exception):
    """A submission that cannot be graded; the text says why."""


def student_named(name: str) -> str:
    """Return the name when it can be a student's, else raise Refused."""
    if not NAME.fullmatch(name) or name.endswith("."):
        raise Refused(
            f"{ascii(name)[:120]} cannot be a student's name: letters, digits, '_', '-', '.', '@'"
            " and spaces inside; rename the folder"
        )
    return name


def collect(folder: str | Path, course: str | Path, assignment: str) -> list[tuple[str, str]]:
    """Copy a folder of submissions into the course's `submitted`; return [(name, problem or "")].

    folder: holds a folder per student, or files named STUDENT.ipynb, STUDENT_A1.ipynb or
    A1_STUDENT.ipynb. A submission that is there already and differs is kept in `replaced`.
    """
    found = []
    for entry in sorted(os.scandir(folder), key=lambda one: one.name):
        if entry.name.startswith(".") and entry.name not in (".", ".."):
            continue
        name = entry.name
        try:
            is_file = not entry.is_dir(follow_symlinks=False)
            if is_file and entry.name.endswith(".ipynb"):
                name = re.sub(rf"^{assignment}[_-]|[_-]{assignment}$", "", entry.name[:-6])
            elif is_file and not entry.is_symlink():
                continue  # a list, a mail, anything that is no submission
            student_named(name)
            if entry.is_symlink():
                raise Refused("the submission is a symbolic link; it was not followed")
            if is_file:
                files = {f"{assignment}.ipynb": (entry.path, entry.stat(follow_symlinks=False))}
            else:
                inside = os.path.join(entry.path, assignment)  # as nbgrader itself has it
                path = (
                    inside if os.path.isdir(inside) and not os.path.islink(inside) else entry.path
                )
                files, _ = _plain_files(path)
                _notebook_of(files, path, assignment)  # refuses a link here
            _store(files, Path(course, "submitted", name, assignment), Path(course, "replaced"))
        except (Refused, OSError) as problem:
            found.append((name, str(problem)))
        else:
            found.append((name, ""))
    return found


def _store(files, target, attic):
    new = {inside: _read(path, MOST_BYTES) for inside, (path, _) in files.items()}
    if target.is_dir() and not target.is_symlink():
        there, _ = _plain_files(target)
        old = {inside: _read(path, MOST_BYTES) for inside, (path, _) in there.items()}
        if old == new:
            return
        kept = attic / target.parent.name / f"{target.name}-{time.strftime('%Y%m%d-%H%M%S')}"
        number = 1
        while kept.exists():
            number += 1
            kept = kept.with_name(f"{kept.name}-{number}")
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(target, kept)
    for inside, data in new.items():
        path = target / inside
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def clean_copy(folder: str | Path, target: str | Path, assignment: str) -> list[str]:
    """Copy a submission's plain files; write its notebook anew, in the present format, no outputs.

    Returns notes for the teacher. Raises Refused when there is no notebook that can be read.
    """
    if os.path.islink(folder) or not os.path.isdir(folder):
        raise Refused("the submission is no folder, or a symbolic link; it was not followed")
    files, notes = _plain_files(folder)
    name, more = _notebook_of(files, folder, assignment)
    nb = _notebook(_read(files.pop(name)[0], MOST_NOTEBOOK))
    for inside, (path, _) in files.items():
        if inside.endswith(".ipynb") or inside.startswith(f"{assignment}."):
            continue
        if not inside.lower().endswith(KEPT):
            notes.append(f"{ascii(inside)[:80]} was left out: no code, data or picture by its name")
            continue
        place = Path(target, inside)
        place.parent.mkdir(parents=True, exist_ok=True)
        data = _read(path, MOST_BYTES)
        if inside == "timestamp.txt" and not re.fullmatch(rb"[0-9T:.+ A-Za-z\-]{8,60}\s*", data):
            notes.append("the time of the submission could not be read")
            continue
        place.write_bytes(data)
    Path(target).mkdir(parents=True, exist_ok=True)
    nbformat.write(nb, str(Path(target, f"{assignment}.ipynb")))
    return notes + more


def _plain_files(folder):
    """Return {path inside: (path, stat)} of the regular files, and notes on what was left out."""
    files, notes, size = {}, [], 0
    for parent, folders, names in os.walk(folder):
        inside = os.path.relpath(parent, folder)
        depth = 0 if inside == "." else inside.count(os.sep) + 1
        linked = [one for one in folders if os.path.islink(os.path.join(parent, one))]
        folders[:] = [one for one in folders if not one.startswith(".") and depth < DEEPEST]
        folders[:] = sorted(set(folders) - set(linked))
        for name in [*sorted(names), *linked]:
            path = os.path.join(parent, name)
            about = os.lstat(path)
            if not stat.S_ISREG(about.st_mode):
                notes.append(f"{ascii(name)[:80]} is no plain file; it was left out")
                continue
            size += about.st_size
            if len(files) >= MOST_FILES or size > MOST_BYTES:
                notes.append("more files than a submission may have were left out")
                return files, notes
            files[name if inside == "." else os.path.join(inside, name)] = (path, about)
    return files, notes


def _notebook_of(files, folder, assignment):
    name = f"{assignment}.ipynb"
    if name in files:
        return name, []
    if os.path.islink(os.path.join(folder, name)):
        raise Refused(f"{name} is a symbolic link; it was not followed")
    others = [one for one in files if one.endswith(".ipynb") and os.sep not in one]
    if len(others) == 1:
        return others[0], [f"the file was named {ascii(others[0])[:80]}"]
    raise Refused(f"there is no {name}" + (f" among {len(others)} notebooks" if others else ""))


def _read(path, most):
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    number = os.open(path, flags | getattr(os, "O_BINARY", 0))
    with os.fdopen(number, "rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise Refused(f"{os.path.basename(path)!a:.80} has more than {most // 1_000_000} MB")
    return data


def _notebook(data):
    if not data.strip():
        raise Refused("the notebook is an empty file")
    try:
        plain = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Refused("the notebook is not UTF-8 text") from error
    except RecursionError as error:
        raise Refused("the notebook is nested too deep") from error
    except ValueError as error:
        raise Refused(f"the notebook is broken: no JSON ({str(error)[:80]})") from error
    try:
        if plain.get("nbformat") == 4:
            _straighten(plain)
        nb = nbformat.reads(json.dumps(plain), as_version=4)
        for name in ("widgets", "kernelspec", "language_info"):
            nb.metadata.pop(name, None)  # the grader's own is put there
        for cell in nb.cells:
            cell.source = cell.source.encode("utf-8", "replace").decode("utf-8")
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        seen = set()
        for cell in nb.cells:  # format 4.4 and older has no ids, and editors copy them
            if not isinstance(cell.get("id"), str) or cell["id"] in seen:
                cell["id"] = f"cell-{len(seen)}-{os.urandom(4).hex()}"
            seen.add(cell["id"])
        nb.nbformat, nb.nbformat_minor = 4, 5
        nbformat.validate(nb)
    except Exception as error:  # whatever a hand-made notebook makes nbformat stumble over
        text = str(error).strip().splitlines()[:1]
        raise Refused(f"the file is no notebook ({(text or ['?'])[0][:100]})") from error
    return nb


def _straighten(plain):
    """Bring a hand-made or damaged notebook of format 4 nearer to what the format asks for."""
    plain.setdefault("metadata", {})
    plain["nbformat_minor"] = int(plain.get("nbformat_minor", 5))
    cells = []
    for cell in plain["cells"]:
        kind = cell.get("cell_type") if isinstance(cell, dict) else None
        if kind not in ("code", "markdown", "raw"):
            continue
        source = cell.get("source", "")
        source = "".join(map(str, source)) if isinstance(source, list) else str(source)
        kept = {"cell_type": kind, "source": source, "metadata": cell.get("metadata")}
        if not isinstance(kept["metadata"], dict):
            kept["metadata"] = {}
        name = cell.get("id")
        if isinstance(name, str) and re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name):
            kept["id"] = name
        if kind == "code":
            kept |= {"outputs": [], "execution_count": None}
        elif kind == "markdown" and (pictures := _pictures(cell.get("attachments"))):
            kept["attachments"] = pictures
        cells.append(kept)
    plain["cells"] = cells


def _pictures(attached):
    """Return the pictures that a student pasted into a written answer, and nothing else."""
    kept = {}
    for name, kinds in attached.items() if isinstance(attached, dict) else ():
        for kind, data in kinds.items() if isinstance(kinds, dict) else ():
            if kind in IMAGES and isinstance(data, str) and BASE64.fullmatch(data):
                kept.setdefault(name, {})[kind] = data
    return kept
