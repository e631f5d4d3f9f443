"""A class's feedback, without hidden tests. Chapter: book/classroom/teaching."""

import html
import logging
import os
import re
from collections.abc import Sequence
from pathlib import Path

from . import judging, showing
from .course import apart, config_of

__all__ = ["feedback", "leaks"]


def feedback(
    course: str | Path, assignment: str, students: Sequence[str] | None = None
) -> list[tuple[str, str]]:
    """Write `feedback/STUDENT/ASSIGNMENT/*.html` without hidden tests; return [(student, trouble)].

    students: for these only (None: for all). A page in which a line of a hidden test is found all
    the same is taken away again.
    """
    return apart(_feedback, str(Path(course).resolve()), assignment, students)


def _feedback(course, assignment, students):
    from nbgrader.converters import GenerateFeedback
    from nbgrader.coursedir import CourseDirectory

    log = logging.getLogger("traitlets")
    log.handlers, log.propagate = [logging.NullHandler()], False
    os.chdir(course)
    made = []
    graded = sorted(Path(course, "autograded").glob(f"*/{assignment}/{assignment}.ipynb"))
    for notebook in graded:
        student = notebook.parent.parent.name
        if students and student not in students:
            continue
        names = {"student_id": student, "assignment_id": assignment}
        config = config_of(course, CourseDirectory=names, GenerateFeedback={"force": True})
        config.GenerateFeedback.preprocessors = judging.FEEDBACK
        config.GenerateFeedback.exporter_class = showing.Feedback
        trouble = ""
        page = Path(course, "feedback", student, assignment, f"{assignment}.html")
        try:
            GenerateFeedback(coursedir=CourseDirectory(config=config), config=config).start()
            leaked = leaks(page.read_text(encoding="utf-8"), notebook)
            if leaked:
                page.unlink()
                trouble = f"held back: it shows a line of a hidden test ({leaked[0][:60]})"
        except Exception as error:
            trouble = f"no feedback: {type(error).__name__}: {str(error)[:200]}"
        made.append((student, trouble))
    return made


def leaks(page: str, notebook: Path) -> list[str]:
    """Return the lines of hidden tests that stand in a page of feedback.

    Lines that the student has seen, or has written, do not count.
    """
    import nbformat

    nb = nbformat.read(str(notebook), as_version=4)
    secret, shown = [], []
    for cell in nb.cells:
        hidden = False
        is_test = cell.metadata.get("nbgrader", {}).get("locked") and cell.cell_type == "code"
        for line in cell.source.splitlines():
            if "END HIDDEN TESTS" in line:
                hidden = False
            if hidden and is_test and len(line.strip()) > 12:
                secret.append(line.strip())
            elif not hidden:
                shown.append(line)
            if "BEGIN HIDDEN TESTS" in line:
                hidden = True
    text, seen = html.unescape(re.sub(r"<[^>]*>", "", page)), "\n".join(shown)
    return [line for line in secret if line not in seen and line in text]
