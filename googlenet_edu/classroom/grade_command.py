"""Grade a class: `python -m googlenet_edu.grade A1 --submissions FOLDER`.

Runs nbgrader's autograde for each submission, its code in a sandbox (bubblewrap), and goes on to
the last one whatever a submission does. Chapter: book/classroom/teaching.
"""

import argparse
import csv
import os
import sys
from pathlib import Path

from .console import print_anywhere

__all__ = ["main"]

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _arguments(words):
    parser = argparse.ArgumentParser(
        prog="python -m googlenet_edu.grade",
        description="Autograde a class with nbgrader, each submission's code in a sandbox.",
    )
    parser.add_argument("assignment", help="for example A1")
    parser.add_argument("--course", default=".", help="the course's folder (default: this one)")
    parser.add_argument(
        "--submissions", metavar="FOLDER", help="copy these first: a folder or notebook per student"
    )
    parser.add_argument("--student", action="append", help="only this one (may be repeated)")
    parser.add_argument("--workers", type=int, default=1, help="submissions side by side")
    parser.add_argument("--again", action="store_true", help="grade anew what is graded already")
    parser.add_argument("--seconds", type=int, help="limit for one cell or question (30)")
    parser.add_argument("--total-seconds", type=int, help="limit for one submission (300)")
    parser.add_argument("--memory", type=int, metavar="MB", help="limit for one submission (2048)")
    parser.add_argument("--report", metavar="FILE", help="write the results as CSV as well")
    parser.add_argument(
        "--feedback", action="store_true", help="write the students' feedback, and nothing else"
    )
    parser.add_argument(
        "--without-isolation",
        action="store_true",
        help="run the students' code with your own rights where bubblewrap is missing",
    )
    return parser.parse_args(words)


def main(words: list[str] | None = None) -> int:
    """Return 0 when every submission has its grade in the gradebook, 2 when nothing was graded."""
    print_anywhere()
    asked = _arguments(words)
    course = Path(asked.course)
    if not (course / "source" / asked.assignment / f"{asked.assignment}.ipynb").is_file():
        return _refuse(
            f"{course / 'source' / asked.assignment} holds no {asked.assignment}.ipynb: "
            "give the course's folder with --course, and an assignment that it has"
        )
    try:
        from . import course as nbcourse
        from . import feedback, grading, intake, judging
    except ImportError as error:
        return _refuse(f"{error}. Install what a teacher needs: requirements/classroom.txt")
    if asked.feedback:
        return _feedback(feedback, course, asked.assignment, asked.student)
    if asked.submissions and not os.path.isdir(asked.submissions):
        return _refuse(f"{asked.submissions} is no folder")
    nbcourse.prepare(course.resolve(), asked.assignment)
    if asked.submissions:
        found = intake.collect(asked.submissions, course, asked.assignment)
    else:
        found = [(name, "") for name in nbcourse.students(course, asked.assignment)]
    if asked.student:
        found = [one for one in found if one[0] in asked.student]
    if not found:
        return _refuse("no submission was found")
    options = {"seconds": asked.seconds, "total_seconds": asked.total_seconds}
    options = {**options, "memory_mb": asked.memory}
    options = {name: value for name, value in options.items() if value is not None}
    if asked.without_isolation:
        options["isolation"] = "none"
    try:
        results = grading.grade_class(
            course,
            asked.assignment,
            found,
            workers=asked.workers,
            again=asked.again,
            options=options,
            tell=_tell,
        )
    except (judging.SandboxMissing, ValueError) as error:
        return _refuse(str(error))
    if asked.report:
        _write(asked.report, results)
    failed = sum(one.state == "failed" for one in results)
    waiting = sum(one.waiting > 0 for one in results)
    print(f"{len(results)} submissions: {failed} could not be graded and have 0 points,", end=" ")
    print(f"{waiting} have answers for you to grade (nbgrader's form grader).")
    return 0


def _tell(result):
    points = f"{result.score:g} / {result.most:g}"
    waiting = f"  ({result.waiting} answers to grade)" if result.waiting else ""
    print(f"{result.student:24} {result.state:7} {points:>9}{waiting}", flush=True)
    for note in result.notes:
        print(f"    {note}", flush=True)


def _write(path, results):
    with open(path, "w", encoding="utf-8-sig", newline="") as file:  # -sig: spreadsheets ask for it
        table = csv.writer(file)
        table.writerow(["student", "state", "points", "of", "to grade", "notes"])
        for one in results:
            notes = "; ".join(one.notes)
            row = [one.student, one.state, one.score, one.most, one.waiting, notes]
            table.writerow([_harmless(value) for value in row])


def _harmless(value):
    """A spreadsheet must not take a text for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _feedback(feedback, course, assignment, students):
    made = feedback.feedback(course, assignment, students)
    for student, trouble in made:
        print(f"{student:24} {trouble or 'feedback written'}")
    print(f"{sum(not trouble for _, trouble in made)} pages, without hidden tests, in feedback/")
    return 1 if any(trouble for _, trouble in made) else 0


def _refuse(text):
    print(text, file=sys.stderr)
    return 2
