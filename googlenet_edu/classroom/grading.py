"""A class graded to the end: nbgrader's autograde, one process for each submission.

The process is forked, holds the gradebook only while it writes there, and is ended when it takes
too long; then the submission counts as failed and the next one is graded. Chapter:
book/classroom/teaching.
"""

import contextlib
import io
import logging
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from . import intake, judging
from .course import GradebookLock, apart, config_of, context, one_thread

__all__ = ["Result", "grade_class"]

LONGEST_EXTRA = 60  # seconds for reading, restoring and writing, on top of a submission's own limit


@dataclass
class Result:
    """What became of one submission.

    state: "graded", "kept" (graded before) or "failed" (no autograded points; `notes` says why);
    score: autograded and manual points; waiting: answers that a person has to grade; peak_mb: the
    most memory of the student's processes and of the grader's together.
    """

    student: str
    state: str = "failed"
    score: float = 0.0
    most: float = 0.0
    waiting: int = 0
    seconds: float = 0.0
    peak_mb: int = 0
    notes: list = field(default_factory=list)


def grade_class(
    course: str | Path,
    assignment: str,
    found: Any,
    *,
    workers: int = 1,
    again: bool = False,
    options: Any = None,
    tell: Callable[[Result], Any] | None = None,
) -> list[Result]:
    """Grade submissions side by side; return a Result for each, in order.

    found: [(student, problem or "")], as from `intake.collect`; options: traits of `Judge`; tell:
    called with each Result as it comes.
    """
    course = str(Path(course).resolve())
    # What every process would have to import and prepare is prepared once, before they fork.
    import nbformat
    import nbgrader.converters  # noqa: F401
    from sqlalchemy.orm import configure_mappers

    configure_mappers()
    nbformat.validate(nbformat.v4.new_notebook())

    if sys.platform != "linux" and workers > 1:
        raise ValueError("more than one worker needs Linux")
    options = options or {}
    judge = judging.Judge(config=config_of(course, Judge=options))
    if judge.isolation == "required" and (why := judging.trouble()):
        raise judging.SandboxMissing(judging.WITHOUT.format(why=why))
    allowed = judge.total_seconds + LONGEST_EXTRA
    most = apart(_most, course, assignment)
    results, running, todo = {}, {}, list(enumerate(found))
    try:
        while todo or running:
            while todo and len(running) < max(1, workers):
                number, (student, problem) = todo.pop(0)
                ours, theirs = context().Pipe(duplex=False)
                arguments = (theirs, course, assignment, student, problem, again, options)
                process = context().Process(target=_grade_one, args=arguments)
                process.start()
                theirs.close()
                running[ours] = (number, student, process, time.monotonic())
            ready = wait(list(running), timeout=1)
            for pipe, (number, student, process, start) in list(running.items()):
                seconds = time.monotonic() - start
                if pipe in ready:
                    result = Result(student, notes=["the grader's process ended in the middle"])
                    with contextlib.suppress(EOFError, OSError):
                        result = pipe.recv()
                elif seconds > allowed:
                    result = Result(student, notes=["the grader took too long and was ended"])
                    process.kill()
                else:
                    continue
                del running[pipe]
                _end(process)
                result.seconds = seconds
                if result.state == "failed":
                    result.most = most
                results[number] = result
                if tell:
                    tell(result)
    finally:  # also when the teacher ends it: nothing runs on, and what failed is in the gradebook
        for _, _, process, _ in running.values():
            process.kill()
        failed = [one.student for one in results.values() if one.state == "failed"]
        apart(_fail, course, assignment, failed)
    return [results[number] for number in sorted(results)]


def _end(process):
    process.join(timeout=5)
    if process.is_alive():
        process.kill()
        process.join()


def _grade_one(pipe, course, assignment, student, problem, again, options):
    """Grade one submission with nbgrader; the only place that does, in a process of its own."""
    one_thread()
    if os.name == "posix":
        os.setsid()
    result = Result(student)
    said = io.StringIO()
    log = logging.getLogger("traitlets")
    log.handlers, log.propagate = [logging.StreamHandler(said)], False
    record = judging.record = judging.Record(GradebookLock(course))
    try:
        if problem:
            raise intake.Refused(problem)
        intake.student_named(student)
        _autograde(course, assignment, student, again, options, result, record)
    except intake.Refused as refused:
        result.notes = [str(refused)]
    except judging.SandboxMissing as missing:
        result.notes = [str(missing).splitlines()[0]]
    except BaseException as error:
        told = said.getvalue().strip().splitlines()
        causes = [line for line in told if re.match(r"[\w.]+(Error|Exception|Refused)\b", line)]
        cause = (causes or [f"{type(error).__name__}: {error}"])[-1]
        result.notes = [*record.notes, f"nbgrader could not grade it: {cause[:200]}"]
    pipe.send(result)
    pipe.close()


def _autograde(course, assignment, student, again, options, result, record):
    from nbgrader.converters import Autograde
    from nbgrader.coursedir import CourseDirectory

    done = Path(course, "autograded", student, assignment)
    with tempfile.TemporaryDirectory(prefix="googlenet-grade-") as place:
        source = Path(course, "submitted", student, assignment)
        notes = intake.clean_copy(source, Path(place, student, assignment), assignment)
        os.chdir(course)
        config = config_of(
            course,
            CourseDirectory={
                "submitted_directory": place,
                "student_id": student,
                "assignment_id": assignment,
            },
            Judge=options,
        )
        anew = again or _changed(source, done, assignment)
        config.Autograde.force = anew
        coursedir = CourseDirectory(config=config)
        result.state = "kept" if done.exists() and not anew else "graded"
        with record.lock:
            try:
                Autograde(coursedir=coursedir, config=config).start()
            except BaseException:
                result.state = "failed"
                raise
            result.score, result.most, result.waiting = _score(coursedir, assignment, student)
    result.notes = notes + record.notes
    result.peak_mb = record.peak_mb + _own_peak_mb()


def _own_peak_mb():
    if sys.platform != "linux":
        return 0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000


def _changed(source, done, assignment):
    """Return whether a submission is newer than what was graded of it."""
    from nbgrader.utils import parse_utc

    notebooks = [place / f"{assignment}.ipynb" for place in (source, done)]
    if notebooks[0].is_file() and notebooks[1].is_file():
        if os.lstat(notebooks[0]).st_mtime > os.lstat(notebooks[1]).st_mtime:
            return True
    times = [place / "timestamp.txt" for place in (source, done)]
    if not all(path.is_file() and not path.is_symlink() for path in times):
        return False
    try:
        old, new = [parse_utc(path.read_text(encoding="utf-8").strip()) for path in times]
        return old > new
    except (ValueError, OverflowError):
        return False


def _score(coursedir, assignment, student):
    from nbgrader.api import Gradebook

    with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
        submission = gradebook.find_submission(assignment, student)
        grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
        waiting = sum(bool(grade.needs_manual_grade) for grade in grades)
        return submission.score, submission.max_score, waiting


def _most(course, assignment):
    from nbgrader.api import Gradebook
    from nbgrader.coursedir import CourseDirectory

    coursedir = CourseDirectory(config=config_of(course))
    with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
        return gradebook.find_assignment(assignment).max_score


def _fail(course, assignment, students):
    """Write failed submissions into the gradebook: no autograded points, nothing waits."""
    from nbgrader.api import Gradebook
    from nbgrader.coursedir import CourseDirectory

    coursedir = CourseDirectory(config=config_of(course))
    with GradebookLock(course):
        with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
            for student in students:
                with contextlib.suppress(intake.Refused):
                    intake.student_named(student)
                    gradebook.update_or_create_student(student)
                    submission = gradebook.update_or_create_submission(assignment, student)
                    for notebook in submission.notebooks:
                        for grade in notebook.grades:
                            grade.auto_score = 0
                            grade.needs_manual_grade = False
            gradebook.db.commit()
