"""How fast a class is graded: `make bench-classroom`, or `python -m tests.benchmarks.classroom 20`.

Grades so many submissions of A1 (100 unless said) one at a time and then side by side, and looks into
the gradebook: every submission once, with exactly its points. The exit code is 1 when it is not so.
"""

import itertools
import os
import sys
import tempfile
import time
from pathlib import Path

from nbgrader.api import Gradebook

from googlenet_edu.classroom import course as nbcourse
from googlenet_edu.classroom import grading, intake
from tests.course.classroom import Maker, copy_course, write
from tests.course.submissions import notebooks

KINDS = ("full", "partial", "float-division", "by-table", "untouched", "one-by-hand-wrong")


def consistent(course, expected):
    """Return whether the gradebook holds each submission once, with its points."""
    with Gradebook(f"sqlite:///{course}/gradebook.db", "googlenet") as book:
        found = {}
        for one in book.assignment_submissions("A1"):
            (notebook,) = one.notebooks
            names = [grade.cell.name for grade in notebook.grades]
            if one.student.id in found or len(set(names)) != len(names):
                return False
            found[one.student.id] = sum(grade.auto_score or 0 for grade in notebook.grades)
    return found == expected


def main(count):
    with tempfile.TemporaryDirectory() as top:
        top = Path(top)
        course = copy_course(top / "course", "A1")
        nbcourse.prepare(course, "A1")
        kinds = notebooks(Maker(course, "A1"))
        expected = {}
        for number, kind in zip(range(count), itertools.cycle(KINDS), strict=False):
            nb, points = kinds[kind]
            write(nb, top / "in" / f"student-{number:03}" / "A1.ipynb")
            expected[f"student-{number:03}"] = points
        found = intake.collect(top / "in", course, "A1")
        sound, speeds = True, []
        for workers in (1, max(2, os.cpu_count() or 2)):
            start = time.perf_counter()
            results = grading.grade_class(course, "A1", found, workers=workers, again=True)
            seconds = time.perf_counter() - start
            sound &= consistent(course, expected)
            speeds.append(count / seconds * 60)
            peak = max(result.peak_mb for result in results)
            print(
                f"{workers} at a time: {speeds[-1]:6.1f} submissions a minute"
                f" ({seconds:.1f} s for {count}), at most {peak} MB for one",
                flush=True,
            )
        print(f"side by side against one at a time: {speeds[1] / speeds[0]:.2f}")
        print("gradebook: " + ("every grade once, and right" if sound else "NOT CONSISTENT"))
        return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100))
