"""What students get: nothing of the solutions, the same as nbgrader makes, always the same bytes."""

import copy
import io
import json
import re
import subprocess
import sys
import zipfile
from collections import Counter

import pytest

from googlenet_edu.classroom import inspecting, release
from googlenet_edu.classroom.course import prepare

from . import classroom
from .classroom import ROOT, copy_course, read

LISTED = read(classroom.COURSE / "course.json")
COURSE = {
    path.stem: (LISTED[path.stem]["title"], read(path))
    for path in sorted(classroom.COURSE.glob("source/*/*.ipynb"))
}
pytestmark = pytest.mark.xdist_group("release")  # one run of nbgrader for all of them
each = pytest.mark.parametrize("name", list(COURSE))


def cell(notebook, name):
    return next(one for one in notebook["cells"] if one["id"] == name)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """What `make assignments` gives the students: {name: notebook}, as nbgrader made it."""
    folder = tmp_path_factory.mktemp("assignments")
    command = [sys.executable, ROOT / "book" / "_tools" / "make_assignments.py", "--out", folder]
    ran = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = {}
    for name in COURSE:
        with zipfile.ZipFile(folder / f"{name}.zip") as packed:
            found[name] = json.loads(packed.read(f"{name}/{name}.ipynb"))
    return found


def test_there_are_five():
    assert list(COURSE)[:5] == ["A1", "A2", "A3", "A4", "A5"]


@each
def test_nbgrader_makes_the_same(name, theirs):
    ours = release.student_version(COURSE[name][1])
    assert release.archive(name, "x", ours) == release.archive(name, "x", theirs[name])


@each
def test_no_line_of_a_solution_or_a_hidden_test_is_left(name, theirs):
    """Looked for here in the plainest way, over everything that nbgrader wrote."""
    released = json.dumps(theirs[name])
    shown = Counter(
        line.strip() for one in theirs[name]["cells"] for line in release.source(one).splitlines()
    )
    public, secret = Counter(), set()
    for one in COURSE[name][1]["cells"]:
        within = False
        for line in release.source(one).splitlines():
            within = within and "### END" not in line
            if within:
                secret.add(line.strip())
            else:
                public[line.strip()] += 1
            within = within or "### BEGIN" in line
    for line in secret:
        assert shown[line] <= public[line], line
    assert len(secret) > 0
    for word in ("BEGIN", "END SOLUTION", "HIDDEN TESTS"):
        assert word not in released
    assert release.leaks(COURSE[name][1], theirs[name]) == []


@pytest.mark.parametrize(
    ("where", "old", "new"),
    [
        ("test-conv-hidden", "### BEGIN HIDDEN TESTS", "### BEGIN HIDDEN TEST"),
        ("test-conv-hidden", "### BEGIN HIDDEN TESTS", "### Begin Hidden Tests"),
        ("test-conv-hidden", "### BEGIN HIDDEN TESTS", "### BEGIN HIDEN TESTS"),
        ("test-conv-hidden", "### END HIDDEN TESTS", ""),
        ("conv", "### BEGIN SOLUTION", "### Begin Solution"),
        ("conv", "### BEGIN SOLUTION", "### BEGIN_SOLUTION"),
        ("conv", "### END SOLUTION", ""),
        ("conv", "### END SOLUTION", "### END SOLUTON"),
        ("explain-half", "### BEGIN SOLUTION", "### SOLUTION"),
        ("conv-text", "## 2.", "### BEGIN SOLUTION\n## 2."),
    ],
)
def test_a_misspelled_marker_stops_the_release(where, old, new):
    planted = copy.deepcopy(COURSE["A1"][1])
    text = release.source(cell(planted, where))
    assert old in text
    cell(planted, where)["source"] = text.replace(old, new)
    with pytest.raises(release.LeakError):
        release.student_version(planted)


def test_nbgrader_alone_would_publish_the_misspelled_one(theirs, tmp_path):
    """The check of the check: what nbgrader lets through, `leaks` finds."""
    planted = copy.deepcopy(COURSE["A1"][1])
    one = cell(planted, "test-conv-hidden")
    one["source"] = release.source(one).replace("BEGIN HIDDEN TESTS", "BEGIN HIDDEN TEST")
    one["source"] = one["source"].replace("### END HIDDEN TESTS", "")
    course = copy_course(tmp_path / "course", "A1")
    (course / "source/A1/A1.ipynb").write_text(json.dumps(planted), encoding="utf-8")
    prepare(course, "A1")
    published = read(course / "release/A1/A1.ipynb")
    assert "conv_size(64, 3, 2, 1)" in json.dumps(published)
    found = " ".join(release.leaks(COURSE["A1"][1], published))
    assert "a marker is left" in found and "conv_size(64, 3, 2, 1)" in found


def test_a_line_that_is_left_is_found(theirs):
    planted = copy.deepcopy(theirs["A1"])
    planted["cells"].append({**cell(planted, "title"), "source": "room = n + 2 * p - k\n"})
    assert any("'pool' (solution)" in one for one in release.leaks(COURSE["A1"][1], planted))
    planted = copy.deepcopy(theirs["A1"])
    output = {"output_type": "stream", "name": "stdout", "text": 'hidden("side_a", 112, "1a: pad'}
    cell(planted, "conv")["outputs"] = [output]
    assert "a stored output is left" in release.leaks(COURSE["A1"][1], planted)
    planted = copy.deepcopy(theirs["A1"])
    planted["metadata"]["note"] = "room = n + 2 * p - (d * (k - 1) + 1)"
    assert any("'conv' (solution)" in one for one in release.leaks(COURSE["A1"][1], planted))


def test_the_zip_is_always_the_same():
    title, notebook = COURSE["A2"]
    first, second = (
        release.archive("A2", title, release.student_version(copy.deepcopy(notebook)))
        for _ in range(2)
    )
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as packed:
        assert packed.testzip() is None
        assert packed.namelist() == ["A2/A2.ipynb", "A2/README.txt"]
        assert "googlenet_edu.check A2.ipynb" in packed.read("A2/README.txt").decode("utf-8")
        inside = json.loads(packed.read("A2/A2.ipynb"))
    assert inside == release.student_version(notebook)


def test_the_manifest_is_fresh(theirs):
    """After a change in the course: python book/_tools/make_assignments.py --manifest."""
    for name, released in theirs.items():  # `theirs` is not made from a manifest that is old
        known, cells = inspecting.assignments()[name]["cells"], released["cells"]
        assert [one["id"] for one in known] == [one["id"] for one in cells]
        prints = [inspecting.fingerprint(release.source(one)) for one in cells]
        assert [one["print"] for one in known] == prints


def test_the_manifest_gives_nothing_away():
    text = json.dumps(inspecting.assignments(), ensure_ascii=False)
    for _, notebook in COURSE.values():
        for one in notebook["cells"]:
            for kind, lines in release.parts(one):
                if kind != "shown":
                    assert not any(len(line) > 15 and line.strip() in text for line in lines[1:])


def _task(cells, one):
    """Return the heading of the task that a cell belongs to."""
    before = map(release.source, cells[: cells.index(one)])
    return [text for text in before if text.startswith("## ")][-1].splitlines()[0]


@each
def test_the_form_of_a_source(name):
    title, notebook = COURSE[name]
    cells = notebook["cells"]
    assert [one["id"] for one in cells] == [
        one["metadata"]["nbgrader"]["grade_id"] for one in cells
    ]
    assert release.source(cells[0]).startswith(f"# {name}: {title}\n")
    points = [one["metadata"]["nbgrader"].get("points", 0) for one in cells]
    written = [p for p, one in zip(points, cells, strict=True) if one["cell_type"] == "markdown"]
    head = release.source(cells[0])
    assert f"Points: {sum(points)}, of them {sum(points) - sum(written)} by tests" in head
    assert "What you learn" in head and "minutes" in head
    for one in cells:
        text = release.source(one)
        assert not one.get("outputs") and not re.search(
            r"(?<!googlenet_edu\.)(?<!ipy)widgets", text.lower()
        )
        own = one["metadata"]["nbgrader"]
        if own["grade"] and own["solution"]:
            before = release.source(cells[cells.index(one) - 1])
            assert "How it is graded:" in before and f"({own['points']} points)" in before
        if own["grade"] and one["cell_type"] == "code":
            optional = own["points"] == 0 and "Optional" in _task(cells, one)
            assert "assert " not in text and (optional or 1 <= own["points"] <= 3)
            assert all(word in text for word in ("hidden(",)) or "check(" in text
    headings = [text for one in cells for text in [release.source(one)] if text.startswith("## ")]
    for text in headings:
        if "points)" in text.splitlines()[0]:
            told = int(text.splitlines()[0].rsplit("(", 1)[1].split()[0])
            begin = next(i for i, one in enumerate(cells) if release.source(one) == text)
            later = [
                i
                for i, one in enumerate(cells)
                if i > begin and release.source(one).startswith("## ")
            ]
            assert sum(points[begin : later[0] if later else None]) == told, text.splitlines()[0]


def test_the_book_tells_the_same_points():
    page = (ROOT / "book" / "classroom" / "index.md").read_text(encoding="utf-8")
    for name, (title, notebook) in COURSE.items():
        own = [
            (one["cell_type"], one["metadata"]["nbgrader"].get("points", 0))
            for one in notebook["cells"]
        ]
        tests = sum(points for kind, points in own if kind == "code")
        written = sum(points for kind, points in own if kind == "markdown")
        row = next(line for line in page.splitlines() if line.startswith(f"| [{name}: {title}]"))
        assert row.endswith(f"| {tests} | {written} |"), row
