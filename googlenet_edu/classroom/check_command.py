"""Look at an assignment before it is handed in: `python -m googlenet_edu.check A1.ipynb`.

Says in plain words what is missing, copied, edited or not written yet, and runs the tests that you
can see. It changes nothing. Chapter: book/classroom/index.
"""

import argparse
import tempfile
from pathlib import Path

from . import testing
from .console import print_anywhere
from .inspecting import Unreadable, assignments, fingerprint, inspect, read
from .session import Ended, Student

__all__ = ["main"]


def main(words: list[str] | None = None) -> int:
    """Return 0 when nothing is wrong, 1 when something is, 2 when the file cannot be read."""
    print_anywhere()
    parser = argparse.ArgumentParser(
        prog="python -m googlenet_edu.check",
        description="Look at an assignment before it is handed in. Changes nothing.",
    )
    parser.add_argument("notebook", help="for example A1.ipynb")
    parser.add_argument("--no-run", action="store_true", help="only look, run nothing")
    parser.add_argument(
        "--seconds", type=int, default=60, help="how long one cell or one test may take (60)"
    )
    asked = parser.parse_args(words)
    try:
        found = inspect(read(asked.notebook), Path(asked.notebook).name)
    except Unreadable as problem:
        print(problem)
        return 2
    except OSError as problem:
        print(f"{asked.notebook} cannot be read: {problem.strerror}.")
        return 2
    print(f"{found.name}: {found.title}")
    _list("To put right", found.problems)
    _list("Not written yet", found.unwritten)
    failed = []
    if not asked.no_run:
        failed = _run(found, asked.seconds)
    if not (found.problems or found.unwritten or failed):
        print("\nNothing is missing. Save the notebook and hand it in.")
        return 0
    print("\nThe notebook is as it was: this command changes nothing.")
    return 1


def _list(title, lines):
    if lines:
        print(f"\n{title}:")
        for line in lines:
            print(f"- {line}")


def _run(found, seconds):
    """Run the notebook's cells and the visible tests; print the points; return what failed."""
    print("\nTests that you can see:")
    passed = points = unseen = 0
    failed, tried = [], set()
    with tempfile.TemporaryDirectory() as folder:
        withheld = assignments()[found.name]["withheld"]
        with Student(folder, withheld=withheld, seconds=seconds) as student:
            testing.connect(student.ask)
            try:
                for entry, cell in found.cells:
                    if cell.get("cell_type") != "code":
                        continue
                    if entry is None or entry["kind"] != "test":
                        _cell(student, entry, cell, failed)
                        continue
                    if entry["id"] in tried:
                        continue
                    tried.add(entry["id"])
                    if not entry["visible"]:
                        unseen += entry["points"]
                        continue
                    points += entry["points"]
                    if fingerprint(cell["source"]) != entry["print"]:
                        continue  # edited: told already, and no test of the course's any more
                    trouble = _test(cell["source"])
                    if trouble:
                        failed.append(trouble)
                        print(f"- {entry['task']} ({entry['id']}): {trouble}")
                    else:
                        passed += entry["points"]
            finally:
                testing.connect(None)
    print(f"- {passed} of {points} points pass what you can see.")
    print(f"Hidden tests come on top: in these cells too, and in others for {unseen} points.")
    return failed


def _cell(student, entry, cell, failed):
    try:
        reply = student.run(cell["source"])
    except Ended as problem:
        if not failed or failed[-1] != str(problem):
            failed.append(str(problem))
            print(f"- cell {entry['id'] if entry else cell.get('id')!r}: {problem}")
        return
    error = reply.get("error")
    if error and error.get("name") != "NotImplementedError":
        words = f"stops with {error.get('name')}: {error.get('text')}"
        if "halted; None in sys.modules" in words:
            words = (
                "imports a module of the book that is the answer to this assignment. It cannot be"
                " imported when your work is graded: write it yourself"
            )
        failed.append(words)
        print(f"- the cell {entry['id'] if entry else cell.get('id')!r} {words[:500]}")


def _test(source):
    """Run one of the course's own test cells here, away from the student's names."""
    try:
        exec(compile(source, "<test>", "exec"), {"__name__": "test"})
    except testing.Wrong as problem:
        return str(problem)
    return ""
