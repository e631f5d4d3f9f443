"""The nbgrader course in its folder: settings, assignments, the gradebook's lock.

Chapter: book/classroom/teaching.
"""

import multiprocessing
import os
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["GradebookLock", "apart", "config_of", "context", "prepare", "students"]


class GradebookLock:
    """A lock on the gradebook that ends with the process that holds it, however that ends."""

    def __init__(self, course: str | Path) -> None:
        self.path = Path(course, ".gradebook.lock")
        self.file = None

    def acquire(self) -> None:
        if os.name == "posix":  # elsewhere one submission is graded at a time
            import fcntl

            self.file = open(self.path, "a", encoding="utf-8")  # noqa: SIM115  held on purpose
            fcntl.flock(self.file, fcntl.LOCK_EX)

    def release(self) -> None:
        if self.file:
            self.file.close()
            self.file = None

    def __enter__(self):
        self.acquire()

    def __exit__(self, *problem):
        self.release()


def config_of(course: str | Path, **more: Any) -> Any:
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


def apart(work: Callable[..., Any], *arguments: Any) -> Any:
    """Call `work` in a process of its own, so that the gradebook is never open across a fork."""
    ours, theirs = context().Pipe(duplex=False)
    process = context().Process(target=_report, args=(theirs, work, arguments))
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
    one_thread()
    try:
        pipe.send((True, work(*arguments)))
    except Exception as error:
        pipe.send((False, f"{type(error).__name__}: {error}\n{traceback.format_exc()[-1500:]}"))


def context() -> Any:
    return multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")


def prepare(course: str | Path, assignment: str) -> Any:
    """Put an assignment into the gradebook and its release into `release`, where not there."""
    return apart(_prepare, str(course), assignment)


def _prepare(course, assignment):
    from nbgrader.api import Gradebook, MissingEntry
    from nbgrader.converters import GenerateAssignment
    from nbgrader.coursedir import CourseDirectory

    config = config_of(course, CourseDirectory={"assignment_id": assignment})
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


def students(course: str | Path, assignment: str) -> list[str]:
    """Return the names of those who have handed in an assignment, from `submitted`."""
    folder = Path(course, "submitted")
    names = sorted(os.listdir(folder)) if folder.is_dir() else []
    return [name for name in names if os.path.lexists(folder / name / assignment)]


def one_thread() -> None:
    """Let torch, where it is loaded, compute on one thread: its others did not survive the fork."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)
