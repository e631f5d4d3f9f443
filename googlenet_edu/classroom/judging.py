"""The course's steps inside nbgrader: restore cells, judge, show without hidden tests.

`nbgrader_config.py` puts them in the place of nbgrader's own, so that `nbgrader autograde`, the
form grader's button and `python -m googlenet_edu.grade` all grade alike. Chapter:
book/classroom/teaching.
"""

import ast
import contextlib
import io
import json
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from nbgrader.api import Gradebook
from nbgrader.preprocessors import ClearHiddenTests, GetGrades, NbGraderPreprocessor
from traitlets import Enum, Integer

from . import testing
from .course import GradebookLock
from .sandbox import Limits, SandboxMissing, Watch, environment, prefix, trouble
from .session import Ended, Student

__all__ = ["FEEDBACK", "HideTests", "Judge", "Record", "RestoreCells"]

RUN_IT = "this test fails. Run it in your notebook: there it says why."
WITHOUT = """{why}
The students' code can be run without isolation, with all your own rights: it could then read the \
gradebook, delete files and use the network. If you want that: \
--without-isolation, or c.Judge.isolation = "none" in nbgrader_config.py."""


@dataclass
class Record:
    """What the steps share with `grading` about the submission at hand.

    lock: the gradebook's, let go while the student's code runs (None: nobody else grades); notes:
    what was restored, in words for the teacher; peak_mb: the most memory of its processes together.
    """

    lock: GradebookLock | None = None
    notes: list = field(default_factory=list)
    peak_mb: int = 0


# nbgrader makes its steps from their classes and hands them deep copies of settings and resources,
# so the module holds what they share; `grading` gives each submission a process of its own.
record = Record()


class RestoreCells(NbGraderPreprocessor):
    """Give every known cell the metadata and every test the source that the gradebook has.

    A cell is known by its grade_id or, where an editor took the metadata away, by its cell id. Of
    copies the last one counts. A missing test or a missing answer is put back.
    """

    def preprocess(self, nb: Any, resources: Any) -> Any:
        where = resources["nbgrader"]
        with Gradebook(where["db_url"]) as gradebook:
            known = _known_cells(gradebook, where["notebook"], where["assignment"])
        found = self._find(nb, known)
        chosen = {name: self._choose(cells, known[name]) for name, cells in found.items()}
        for cell in nb.cells:
            cell.metadata = NotebookNode()  # tags become classes of a page, and hide a cell
        for name, cell in chosen.items():
            self._restore(cell, known[name])
        self._put_back(nb, known, chosen)
        return nb, resources

    def _find(self, nb, known):
        found, stripped, foreign = {}, 0, 0
        for cell in nb.cells:
            own = cell.metadata.get("nbgrader")
            name = own.get("grade_id") if isinstance(own, dict) else None
            if not (isinstance(name, str) and name in known):
                foreign += name is not None
                name = cell.get("id")
                stripped += name in known
            if name in known:
                found.setdefault(name, []).append(cell)
        if not found:
            say(
                self.log,
                "no cell of this assignment was found: another notebook, or one whose cells"
                " lost all their marks; the answers have to be pasted into a fresh copy",
            )
        elif stripped:
            say(self.log, f"an editor took the marks of {stripped} cells away; they were put back")
        if foreign:
            say(self.log, f"{foreign} cells are marked as cells of another assignment")
        return found

    def _choose(self, cells, truth):
        if len(cells) > 1:
            say(
                self.log,
                f"the cell {truth['name']} is there {len(cells)} times; the last one counts",
            )
        changed = [cell for cell in cells if cell.source != truth["source"]]
        return changed[-1] if changed and not truth["locked"] else cells[-1]

    def _restore(self, cell, truth):
        if cell.cell_type != truth["cell_type"]:
            say(self.log, f"the type of the cell {truth['name']} was changed; it was put back")
            cell.cell_type = truth["cell_type"]
            cell.pop("attachments", None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        else:
            cell.pop("outputs", None), cell.pop("execution_count", None)
        if truth["locked"] and cell.source != truth["source"]:
            cell.source = truth["source"]
        cell.metadata.nbgrader = dict(truth["metadata"])

    def _put_back(self, nb, known, chosen):
        missing = []
        before = None
        for name, truth in known.items():
            given = truth["locked"] and truth["cell_type"] == "code"
            if name not in chosen and (truth["metadata"]["grade"] or given):
                make = new_code_cell if truth["cell_type"] == "code" else new_markdown_cell
                cell = make(truth["source"], id=name)
                self._restore(cell, truth)
                # A test goes behind its task; without a task it asks what stands at the end.
                places = [place for place, one in enumerate(nb.cells) if one is chosen.get(before)]
                nb.cells.insert(places[0] + 1 if places else len(nb.cells), cell)
                chosen[name] = cell
                missing.append(name)
            before = name
        if missing:
            say(self.log, f"missing, and put back: {', '.join(missing)}")


class Judge(NbGraderPreprocessor):
    """Run a submission's cells in the sandbox, and its tests outside: nbgrader's Execute, replaced.

    The tests' source comes from the gradebook, never from the notebook; what they get from the
    student's process is plain data (see `testing`).
    """

    isolation = Enum(
        ["required", "none"], "required", help="'none': run without bubblewrap where it is missing"
    ).tag(config=True)
    seconds = Integer(Limits.seconds, help="for one cell or one question").tag(config=True)
    total_seconds = Integer(Limits.total_seconds, help="for one submission").tag(config=True)
    memory_mb = Integer(Limits.memory_mb, help="for one submission").tag(config=True)

    def preprocess(self, nb: Any, resources: Any) -> Any:
        where = resources["nbgrader"]
        with Gradebook(where["db_url"]) as gradebook:
            known = _known_cells(gradebook, where["notebook"], where["assignment"])
        tests = {name: cell["source"] for name, cell in known.items() if cell["test"]}
        folder = resources["metadata"]["path"]
        limits = Limits(self.seconds, self.total_seconds, self.memory_mb)
        withheld = withheld_modules(where["assignment"], folder)
        if withheld is None:
            say(self.log, "course.json does not name this assignment: no module is withheld")
        with _released(), self._student(folder, limits, withheld or []) as (student, watch):
            for cell in nb.cells:
                if cell.cell_type != "code":
                    continue
                name = cell.metadata.get("nbgrader", {}).get("grade_id")
                if name in tests:
                    cell.outputs = judge(tests[name], student)
                else:
                    cell.outputs = run(cell.source, student, watch)
            if student.ended:
                say(self.log, f"the run ended early: {watch.why or student.ended}")
        record.peak_mb = watch.peak_mb
        return nb, resources

    @contextlib.contextmanager
    def _student(self, folder, limits, withheld):
        why = trouble()
        if why and self.isolation == "required":
            raise SandboxMissing(WITHOUT.format(why=why))
        words = ()
        if not why:
            course = os.path.realpath(os.getcwd())
            words = prefix(folder, limits=limits, withheld=withheld, hide=[course])
        with tempfile.TemporaryDirectory(prefix="googlenet-") as place:
            if why:
                say(self.log, f"run without isolation: {why}")
            with (
                Student(
                    place,
                    withheld=withheld,
                    seconds=limits.seconds,
                    prefix=words,
                    environment=environment(limits, isolated=not why),
                ) as student,
                Watch(student.process, limits) as watch,
            ):
                yield student, watch


class HideTests(ClearHiddenTests):
    """Take out of the notebook that becomes a student's feedback what could tell a hidden test.

    A student's code is asked the hidden questions, and may keep them to print them later or to put
    them into an error's text. So what it printed is left out, and a test says its own words only.
    """

    def preprocess_cell(self, cell: Any, resources: Any, cell_index: int) -> Any:
        if cell.cell_type != "code":
            return cell, resources
        own = cell.metadata.get("nbgrader", {})
        failed = []
        if own.get("grade") and not own.get("solution"):
            super().preprocess_cell(cell, resources, cell_index)
            for one in cell.outputs:
                if one.output_type == "error":
                    says = one.evalue.startswith("a hidden test failed.")
                    failed.append(_error("Not yet", one.evalue if says else RUN_IT))
        cell.outputs = failed
        return cell, resources


# For the course's settings, and for `feedback`, which hides tests whatever the settings say.
FEEDBACK = [HideTests, GetGrades, CSSHTMLHeaderPreprocessor]


def say(log, text):
    """Tell the teacher: in nbgrader's log, and in the report of `googlenet_edu.grade`."""
    record.notes.append(text)
    log.warning(text)


def withheld_modules(assignment, folder):
    """Return the modules that would be the answer to an assignment, by the course's course.json.

    folder: where the submission is graded, below the course's folder; the form grader's server
    runs somewhere else. None where no course.json names the assignment.
    """
    for place in Path(folder).resolve().parents:
        if (place / "course.json").is_file():
            course = json.loads((place / "course.json").read_text(encoding="utf-8"))
            return course.get(assignment, {}).get("withheld")
    return None


def run(source, student, watch=None):
    """Run one of the student's cells; return its outputs."""
    try:
        reply = student.run(source)
    except Ended as error:
        return [_error("Ended", (watch and watch.why) or str(error))]
    outputs = []
    for name in ("stdout", "stderr"):
        text = reply.get(name)
        if isinstance(text, str) and text:
            outputs.append(new_output("stream", name=name, text=text[:50_000]))
    error = reply.get("error")
    if isinstance(error, dict):
        outputs.append(_error(str(error.get("name"))[:100], str(error.get("text"))[:2000]))
    return outputs


def judge(source, student):
    """Run one test against the student's process; return the outputs that nbgrader grades.

    A number as the test's last expression is partial credit, as in nbgrader.
    """
    testing.connect(student.ask)
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
            tree = ast.parse(source)
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            space = {"__name__": "a test"}
            exec(compile(tree, "<test>", "exec"), space)
            value = None
            if last is not None:
                value = eval(compile(ast.Expression(last.value), "<test>", "eval"), space)
    except testing.Wrong as wrong:
        return [
            new_output("error", ename="Wrong", evalue=str(wrong), traceback=[f"Not yet: {wrong}"])
        ]
    except Exception as error:  # the test itself is at fault, or met what it did not expect
        return [_error(type(error).__name__, "the test stopped; no points")]
    finally:
        testing.connect(None)
    outputs = []
    if printed.getvalue():
        outputs.append(new_output("stream", name="stdout", text=printed.getvalue()[:20_000]))
    if type(value) in (int, float):
        outputs.append(new_output("execute_result", data={"text/plain": str(value)}))
    return outputs


def _error(name, text):
    return new_output("error", ename=name, evalue=text, traceback=[f"{name}: {text}"])


@contextlib.contextmanager
def _released():
    """Let other submissions use the gradebook while this one's code runs."""
    lock = record.lock
    if lock is None:
        yield
        return
    lock.release()
    try:
        yield
    finally:
        lock.acquire()


def _known_cells(gradebook, notebook, assignment):
    """Return, in the source's order, name -> what the gradebook knows of a cell."""
    record = gradebook.find_notebook(notebook, assignment)
    points = {cell.name: cell.max_score for cell in record.grade_cells}
    solutions = {cell.name for cell in record.solution_cells}
    tasks = {cell.name: cell.max_score for cell in record.task_cells}
    known = {}
    for cell in record.source_cells:
        metadata = {
            "grade": cell.name in points,
            "solution": cell.name in solutions,
            "task": cell.name in tasks,
            "locked": cell.locked,
            "schema_version": 3,
            "grade_id": cell.name,
            "cell_type": cell.cell_type,
            "checksum": cell.checksum,
        }
        if cell.name in points or cell.name in tasks:
            metadata["points"] = points.get(cell.name, tasks.get(cell.name))
        known[cell.name] = {
            "name": cell.name,
            "source": cell.source,
            "cell_type": cell.cell_type,
            "locked": cell.locked,
            "metadata": metadata,
            "test": cell.cell_type == "code" and cell.name in points and cell.name not in solutions,
        }
    return known
