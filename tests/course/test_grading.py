"""A whole class with the real nbgrader: each submission's exact points, to the end."""

import csv
import os
import shutil
import socket
import subprocess
import sys
import threading
import time

import pytest
from nbgrader.api import Gradebook
from sqlalchemy import text

import googlenet_edu
from googlenet_edu import grade
from googlenet_edu.classroom import course as nbcourse
from googlenet_edu.classroom import feedback, sandbox

from .classroom import COURSE, Maker, copy_course, first, write
from .submissions import FULL, NONE_TO_ALL, TRICKS, YES_TO_ALL, notebooks, write_all

pytestmark = [pytest.mark.xdist_group("classroom"), pytest.mark.needs("bubblewrap")]
LIMITS = ["--seconds", "3", "--total-seconds", "60", "--memory", "1200"]


class Class:
    """A graded class and what it left: the gradebook's points, the report, the traps."""


def gradebook(course):
    return Gradebook(f"sqlite:///{course}/gradebook.db", "googlenet")


def auto_points(course, assignment):
    """Return {student: autograded points}, read from the gradebook."""
    with gradebook(course) as book:
        return {
            one.student.id: sum(
                grade.auto_score or 0 for notebook in one.notebooks for grade in notebook.grades
            )
            for one in book.assignment_submissions(assignment)
        }


@pytest.fixture(scope="session")
def graded(tmp_path_factory):
    """Grade the class once: honest, damaged and hostile submissions, two at a time."""
    it = Class()
    top = tmp_path_factory.mktemp("class")
    it.course, it.folder, it.trap = copy_course(top / "course", "A1"), top / "in", top / "trap"
    it.folder.mkdir(), it.trap.mkdir()
    nbcourse.prepare(it.course, "A1")
    it.calls = []
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as door:
        door.bind(str(it.trap / "door"))
        door.listen()
        for listener in (server, door):
            threading.Thread(target=_accept, args=(listener, it.calls), daemon=True).start()
        package = os.path.dirname(googlenet_edu.__file__)
        port = server.getsockname()[1]
        it.maker = Maker(it.course, "A1")
        it.expected = write_all(it.maker, it.folder, it.course, it.trap, port, package)
        for name in TRICKS:
            write(it.maker.notebook(), it.folder / name / "A1.ipynb")
        it.before = sorted(os.listdir(top))
        it.report = top / "report.csv"
        words = ["A1", "--course", it.course, "--submissions", it.folder, "--report", it.report]
        it.code = grade.main([str(word) for word in [*words, "--workers", "2", *LIMITS]])
        time.sleep(0.5)  # whatever was left behind would act now
    it.top = top
    it.points = auto_points(it.course, "A1")
    with open(it.report, encoding="utf-8-sig", newline="") as file:
        it.rows = {row["student"]: row for row in csv.DictReader(file)}
    return it


def _accept(listener, calls):
    while True:
        try:
            calls.append(listener.accept())
        except OSError:
            return


def test_every_submission_has_exactly_its_points(graded):
    assert graded.code == 0
    wrong = {
        student: (points, graded.points.get(student), graded.rows.get(student))
        for student, points in graded.expected.items()
        if graded.points.get(student) != points
    }
    assert not wrong
    assert len(graded.expected) > 60


def test_the_report_says_what_the_gradebook_says(graded):
    assert set(graded.rows) >= set(graded.expected)
    for student, points in graded.expected.items():
        assert float(graded.rows[student]["points"]) == points, student
        assert float(graded.rows[student]["of"]) == 30


def test_the_report_says_what_happened(graded):
    for student, words in {
        "broken-json": "no JSON",
        "empty": "empty file",
        "not-utf-8": "not UTF-8",
        "nested-deep": "nested",
        "too-large": "more than 10 MB",
        "linked": "symbolic link",
        "linked-folder": "symbolic link",
        "pipe": "no A1.ipynb",
        "nothing": "no A1.ipynb",
        "renamed": "the file was named",
        "stripped": "marks",
        "stripped-of-ids": "lost all their marks",
        "another-assignment": "no cell of this assignment",
        "test-deleted": "put back: test-conv, test-pool-hidden",
        "test-copied": "test-conv is there 2 times",
        "test-retyped": "type of the cell test-conv",
        "fork-bomb": "processes",
        "memory-in-children": "memory",
        "stubborn-loop": "longer than 3 seconds",
        "exit-hard": "has ended",
    }.items():
        assert words in graded.rows[student]["notes"], (student, graded.rows[student])


def test_written_answers_wait_and_nothing_waits_for_ever(graded):
    assert graded.rows["full"]["to grade"] == "2"
    assert graded.rows["untouched"]["to grade"] == "0"
    assert graded.rows["test-deleted"]["to grade"] == "2"
    assert graded.rows["broken-json"]["to grade"] == "0"


def test_names_that_are_paths_are_refused(graded):
    refused = [row for row in graded.rows.values() if "cannot be a student" in row["notes"]]
    assert len(refused) == len(TRICKS)
    with gradebook(graded.course) as book:
        assert {one.id for one in book.students} == set(graded.expected)


def test_nothing_got_out_of_the_room(graded):
    assert sorted(os.listdir(graded.top)) == sorted([*graded.before, "report.csv"])
    assert os.listdir(graded.trap) == ["door"]
    assert graded.calls == []
    assert not (graded.course / "written").exists()
    package = os.path.dirname(googlenet_edu.__file__)
    for place in ("/written", "/usr/written", "/etc/written", f"{package}/written.py", "TRICK"):
        assert not os.path.exists(place)
    page = (graded.course / "autograded/outside/A1/A1.ipynb").read_text(encoding="utf-8")
    assert "reached: []" in page  # it ran, and found nothing


def test_no_grade_is_lost_or_doubled(graded):
    with gradebook(graded.course) as book:
        submissions = book.assignment_submissions("A1")
        assert len(submissions) == len(graded.expected)
        for one in submissions:
            assert len(one.notebooks) == 1
            names = [mark.cell.name for mark in one.notebooks[0].grades]
            assert len(names) == len(set(names)) == 17
        assert book.db.execute(text("pragma integrity_check")).scalar() == "ok"


def test_what_was_handed_in_is_as_it_was(graded):
    for student in ("full", "stripped", "broken-json"):
        kept = graded.course / "submitted" / student / "A1" / "A1.ipynb"
        assert kept.read_bytes() == (graded.folder / student / "A1.ipynb").read_bytes()


def test_graded_work_is_kept_until_asked_again(graded, tmp_path, capsys):
    course = tmp_path / "course"
    shutil.copytree(graded.course, course)
    words = ["A1", "--course", str(course), "--student", "full"]
    assert grade.main(words) == 0
    assert "kept" in capsys.readouterr().out
    write(graded.maker.notebook(solved=False), tmp_path / "in" / "full" / "A1.ipynb")
    words += ["--submissions", str(tmp_path / "in")]
    assert grade.main(words) == 0  # another notebook: graded without being told
    assert auto_points(course, "A1")["full"] == 0
    (old,) = (course / "replaced").rglob("A1.ipynb")
    assert old.read_bytes() == (graded.folder / "full" / "A1.ipynb").read_bytes()


def test_feedback_shows_no_hidden_test(graded, capsys):
    wanted = ("full", "float-division", "by-table", "untouched", "remembers", "script", "stripped")
    words = [word for name in wanted for word in ("--student", name)]
    assert grade.main(["A1", "--course", str(graded.course), "--feedback", *words]) == 0
    pages = list((graded.course / "feedback").glob("*/A1/A1.html"))
    assert len(pages) == len(wanted)
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "HIDDEN TESTS" not in text, page
        for asked in ("64, 3, 2, 1", "31, 4, 3, 2", "225, 5, 5, 2"):
            assert asked not in text, page
    page = (graded.course / "feedback/script/A1/A1.html").read_text(encoding="utf-8")
    assert "<em>1 &lt; 2</em>" in page and "<script>alert" not in page
    assert "&lt;script&gt;alert('formgrader')" in page and "data:image/png;base64,iVBOR" in page
    kept = (graded.course / "autograded/remembers/A1/A1.ipynb").read_text(encoding="utf-8")
    assert kept.count("64, 3, 2, 1") > 2  # the teacher sees what it printed
    half = (graded.course / "feedback/float-division/A1/A1.html").read_text(encoding="utf-8")
    assert "a hidden test failed" in half


def test_a_leak_in_feedback_is_found(graded):
    notebook = graded.course / "autograded/full/A1/A1.ipynb"
    line = "<pre>hidden(<span>&quot;conv_size(64, 3, 2, 1)&quot;</span>, 32, &quot;conv_size: an even size with stride 2.&quot;)</pre>"
    assert feedback.leaks(line, notebook)
    assert not feedback.leaks("<pre>from googlenet_edu.classroom import check</pre>", notebook)


@pytest.fixture
def no_bubblewrap(monkeypatch):
    """A machine on which bwrap is not found."""
    with monkeypatch.context() as patch:
        patch.setenv("PATH", os.path.dirname(sys.executable))
        sandbox.trouble.cache_clear(), sandbox._options.cache_clear()
        yield
    sandbox.trouble.cache_clear(), sandbox._options.cache_clear()


def test_without_bubblewrap_nothing_runs(graded, no_bubblewrap, capsys):
    words = ["A1", "--course", str(graded.course), "--student", "full", "--again"]
    assert grade.main(words) == 2
    assert "--without-isolation" in capsys.readouterr().err
    assert grade.main([*words, "--without-isolation"]) == 0
    out = capsys.readouterr().out
    assert "run without isolation" in out and f"{FULL} / 30" in out


def test_the_traps_would_notice(graded, tmp_path, no_bubblewrap):
    """The same listener and the same folder, met by a submission that runs without the sandbox."""
    calls, trap = [], tmp_path / "trap"
    trap.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_accept, args=(server, calls), daemon=True).start()
        nb, _ = notebooks(graded.maker)["outside"]
        for name, value in (("TRAP", trap), ("PORT", server.getsockname()[1])):
            for one in nb["cells"]:
                one["source"] = "".join(one["source"]).replace(name, str(value))
        for one in nb["cells"]:
            source = one["source"]
            for place in (
                "/usr/",
                "/etc/",
                "/written",
                "/proc",
                "COURSE",
                "PACKAGE",
                "FOLDER",
                "~",
            ):
                source = source.replace(f'"{place}', f'"{tmp_path}/nowhere/')
            one["source"] = source
        course = copy_course(tmp_path / "course", "A1")
        nbcourse.prepare(course, "A1")
        write(nb, course / "submitted" / "planted" / "A1" / "A1.ipynb")
        assert grade.main(["A1", "--course", str(course), "--without-isolation"]) == 0
    assert calls and (trap / "written").exists()


def test_nbgraders_own_command_grades_alike(graded, tmp_path):
    course = copy_course(tmp_path / "course", "A1")
    nbcourse.prepare(course, "A1")
    for student in ("full", "patched-package", "by-table"):
        nb, _ = notebooks(graded.maker)[student]
        write(nb, course / "submitted" / student / "A1" / "A1.ipynb")
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", "autograde", "A1"],
        cwd=course,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    points = auto_points(course, "A1")
    assert points == {"full": FULL, "patched-package": 0, "by-table": 5}


@pytest.mark.parametrize("assignment", sorted(path.name for path in (COURSE / "source").iterdir()))
def test_full_solutions_untouched_releases_and_forged_answers(assignment, tmp_path):
    course = copy_course(tmp_path / "course", assignment)
    nbcourse.prepare(course, assignment)
    make = Maker(course, assignment)
    write(make.notebook(), tmp_path / "in" / "full" / f"{assignment}.ipynb")
    write(make.notebook(solved=False), tmp_path / "in" / "untouched" / f"{assignment}.ipynb")
    for number, says in enumerate((YES_TO_ALL, NONE_TO_ALL)):
        forger = first(make.notebook(solved=False), says)
        write(forger, tmp_path / "in" / f"forger{number}" / f"{assignment}.ipynb")
    words = [assignment, "--course", course, "--submissions", tmp_path / "in", "--workers", "2"]
    assert grade.main([str(word) for word in words]) == 0
    points = auto_points(course, assignment)
    with gradebook(course) as book:
        record = book.find_assignment(assignment)
        by_hand = sum(
            one.max_score for one in record.notebooks[0].grade_cells if one.cell_type == "markdown"
        )
        assert points["full"] == record.max_score - by_hand > 0
    assert points["untouched"] == points["forger0"] == points["forger1"] == 0
