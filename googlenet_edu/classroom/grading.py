"""A class graded to the end: nbgrader's autograde, one process for each submission.

The process is forked, holds the gradebook only while it writes there, and is ended when it takes
too long; then the submission counts as failed and the next one is graded. Chapter:
book/classroom/teaching.
"""

import contextlib
import html
import io
import logging
import multiprocessing
import os
import re
import sys
import tempfile
import time
import traceback
import warnings
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from pathlib import Path

from . import intake, judging

__all__ = ["Result", "feedback", "grade_class", "prepare", "students"]

LONGEST_EXTRA = 60  # seconds for reading, mending and writing, on top of a submission's own limit


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


class Turn:
    """A lock on the gradebook that ends with the process that holds it, however that ends."""

    def __init__(self, course):
        self.path = Path(course, ".gradebook.lock")
        self.file = None

    def acquire(self):
        import fcntl

        self.file = open(self.path, "a", encoding="utf-8")  # noqa: SIM115  held on purpose
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def release(self):
        self.file.close()
        self.file = None

    def __enter__(self):
        self.acquire()

    def __exit__(self, *problem):
        if self.file:
            self.release()


def _config(course, **more):
    """Return the course's own nbgrader settings."""
    from traitlets.config import Config
    from traitlets.config.loader import PyFileConfigLoader

    warnings.simplefilter("ignore")  # SQLAlchemy's, about nbgrader
    here = os.path.dirname(sys.executable)  # nbgrader calls alembic by its bare name
    if here not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([here, os.environ.get("PATH", "")])
    config = Config()
    if Path(course, "nbgrader_config.py").is_file():
        config = PyFileConfigLoader("nbgrader_config.py", path=str(course)).load_config()
    config.CourseDirectory.root = str(course)
    for name, values in more.items():
        for key, value in values.items():
            config[name][key] = value
    return config


def _apart(work, *arguments):
    """Call `work` in a process of its own, so that the gradebook is never open across a fork."""
    ours, theirs = _context().Pipe(duplex=False)
    process = _context().Process(target=_report, args=(theirs, work, arguments))
    process.start()
    theirs.close()
    try:
        done, answer = ours.recv()
    except EOFError:
        done, answer = False, "it ended without a word"
    process.join()
    if not done:
        raise RuntimeError(answer)
    return answer


def _report(pipe, work, arguments):
    try:
        pipe.send((True, work(*arguments)))
    except Exception as error:
        pipe.send((False, f"{type(error).__name__}: {error}\n{traceback.format_exc()[-1500:]}"))


def _context():
    return multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")


def prepare(course, assignment):
    """Put an assignment into the gradebook and its release into `release`, where not there."""
    return _apart(_prepare, str(course), assignment)


def _prepare(course, assignment):
    from nbgrader.api import Gradebook, MissingEntry
    from nbgrader.converters import GenerateAssignment
    from nbgrader.coursedir import CourseDirectory

    config = _config(course, CourseDirectory={"assignment_id": assignment})
    coursedir = CourseDirectory(config=config)
    os.chdir(course)
    with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
        try:
            if gradebook.find_assignment(assignment).notebooks:
                return False
        except MissingEntry:
            pass
    config.GenerateAssignment.force = True
    GenerateAssignment(coursedir=coursedir, config=config).start()
    return True


def students(course, assignment):
    """Return the names of those who have handed in an assignment, from `submitted`."""
    folder = Path(course, "submitted")
    names = sorted(os.listdir(folder)) if folder.is_dir() else []
    return [name for name in names if os.path.lexists(folder / name / assignment)]


def grade_class(course, assignment, found, *, workers=1, again=False, options=None, tell=None):
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
    judge = judging.Judge(config=_config(course, Judge=options))
    if judge.isolation == "required" and (why := judging.trouble()):
        raise judging.SandboxMissing(judging.WITHOUT.format(why=why))
    allowed = judge.total_seconds + LONGEST_EXTRA
    results, running, todo = {}, {}, list(enumerate(found))
    while todo or running:
        while todo and len(running) < max(1, workers):
            number, (student, problem) = todo.pop(0)
            ours, theirs = _context().Pipe(duplex=False)
            arguments = (theirs, course, assignment, student, problem, again, options)
            process = _context().Process(target=_grade_one, args=arguments)
            process.start()
            theirs.close()
            # Its own turn comes after those of the others, so waiting is allowed too.
            running[ours] = (number, student, process, time.monotonic())
        ready = wait(list(running), timeout=1)
        for pipe, (number, student, process, start) in list(running.items()):
            late = time.monotonic() - start > allowed
            if pipe not in ready and not late:
                continue
            result = Result(student, notes=["the grader took too long over it and was ended"])
            if pipe in ready:
                with contextlib.suppress(EOFError, OSError):
                    result.notes = ["the grader's process ended in the middle"]
                    result = pipe.recv()
            _end(process)
            del running[pipe]
            if result.state == "failed":
                result.most = _apart(_fail, course, assignment, student)
            result.seconds = time.monotonic() - start
            results[number] = result
            if tell:
                tell(result)
    return [results[number] for number in sorted(results)]


def _end(process):
    process.join(timeout=5)
    if process.is_alive():
        process.kill()
        process.join()


def _grade_one(pipe, course, assignment, student, problem, again, options):
    """Grade one submission with nbgrader; the only place that does, in a process of its own."""
    if os.name == "posix":
        os.setsid()
    result = Result(student)
    said = io.StringIO()
    log = logging.getLogger("traitlets")
    log.handlers, log.propagate = [logging.StreamHandler(said)], False
    judging.notes.clear()
    try:
        if problem:
            raise intake.Refused(problem)
        intake.student_named(student)
        _autograde(course, assignment, student, again, options, result)
    except intake.Refused as refused:
        result.notes = [str(refused)]
    except judging.SandboxMissing as missing:
        result.notes = [str(missing).splitlines()[0]]
    except BaseException as error:
        told = said.getvalue().strip().splitlines()
        causes = [line for line in told if re.match(r"[\w.]+(Error|Exception|Refused)\b", line)]
        cause = (causes or [f"{type(error).__name__}: {error}"])[-1]
        result.notes = [*judging.notes, f"nbgrader could not grade it: {cause[:200]}"]
    pipe.send(result)
    pipe.close()


def _autograde(course, assignment, student, again, options, result):
    from nbgrader.converters import Autograde
    from nbgrader.coursedir import CourseDirectory

    done = Path(course, "autograded", student, assignment)
    with tempfile.TemporaryDirectory(prefix="googlenet-grade-") as place:
        source = Path(course, "submitted", student, assignment)
        notes = intake.clean_copy(source, Path(place, student, assignment), assignment)
        os.chdir(course)
        config = _config(
            course,
            CourseDirectory={
                "submitted_directory": place,
                "student_id": student,
                "assignment_id": assignment,
            },
            Autograde={"force": again},
            Judge=options,
        )
        coursedir = CourseDirectory(config=config)
        result.state = "kept" if done.exists() and not again else "graded"
        if result.state == "kept" and _newer(place, done, student, assignment):
            result.state = "graded"
        if os.name == "posix":
            judging.turn = Turn(course)
        with judging.turn:
            try:
                Autograde(coursedir=coursedir, config=config).start()
            except BaseException:
                result.state = "failed"
                raise
            result.score, result.most, result.waiting = _score(coursedir, assignment, student)
    result.notes = notes + judging.notes
    result.peak_mb = judging.peak_mb + _own_peak_mb()


def _own_peak_mb():
    if sys.platform != "linux":
        return 0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000


def _newer(place, done, student, assignment):
    times = [path / "timestamp.txt" for path in (Path(place, student, assignment), done)]
    texts = [path.read_text(encoding="utf-8") if path.is_file() else None for path in times]
    if None in texts:
        return False
    from nbgrader.utils import parse_utc

    return parse_utc(texts[0].strip()) > parse_utc(texts[1].strip())


def _score(coursedir, assignment, student):
    from nbgrader.api import Gradebook

    with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
        submission = gradebook.find_submission(assignment, student)
        grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
        waiting = sum(bool(grade.needs_manual_grade) for grade in grades)
        return submission.score, submission.max_score, waiting


def _fail(course, assignment, student):
    """Write a failed submission into the gradebook: no autograded points, nothing waits."""
    from nbgrader.api import Gradebook
    from nbgrader.coursedir import CourseDirectory

    coursedir = CourseDirectory(config=_config(course))
    with Turn(course) if os.name == "posix" else contextlib.nullcontext():
        with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
            most = gradebook.find_assignment(assignment).max_score
            try:
                intake.student_named(student)
            except intake.Refused:
                return most
            gradebook.update_or_create_student(student)
            submission = gradebook.update_or_create_submission(assignment, student)
            for notebook in submission.notebooks:
                for grade in notebook.grades:
                    grade.auto_score = 0
                    grade.needs_manual_grade = False
            gradebook.db.commit()
    return most


def feedback(course, assignment):
    """Write `feedback/STUDENT/ASSIGNMENT/*.html` without hidden tests; return [(student, trouble)].

    A page in which a line of a hidden test is found all the same is taken away again.
    """
    return _apart(_feedback, str(Path(course).resolve()), assignment)


def _feedback(course, assignment):
    from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
    from nbgrader.converters import GenerateFeedback
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.preprocessors import GetGrades

    log = logging.getLogger("traitlets")
    log.handlers, log.propagate = [logging.NullHandler()], False
    os.chdir(course)
    made = []
    graded = sorted(Path(course, "autograded").glob(f"*/{assignment}/{assignment}.ipynb"))
    for notebook in graded:
        student = notebook.parent.parent.name
        names = {"student_id": student, "assignment_id": assignment}
        config = _config(course, CourseDirectory=names, GenerateFeedback={"force": True})
        config.GenerateFeedback.preprocessors = [
            judging.HideTests,
            GetGrades,
            CSSHTMLHeaderPreprocessor,
        ]
        config.HTMLExporter.sanitize_html = True
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


def leaks(page, notebook):
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
