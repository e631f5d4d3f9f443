"""A class for the tests: a copy of the course, and submissions made from an assignment's source."""

import copy
import json
import re
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]
COURSE = ROOT / "book/classroom/course"
SOLUTION = re.compile(r"^[ \t]*### BEGIN SOLUTION\n|^[ \t]*### END SOLUTION\n?", re.MULTILINE)


def copy_course(folder, *assignments):
    """Make a course of its own, with some of the assignments."""
    folder.mkdir(parents=True)
    for name in ("nbgrader_config.py", "course.json"):
        shutil.copy(COURSE / name, folder / name)
    for name in assignments:
        shutil.copytree(COURSE / "source" / name, folder / "source" / name)
    return folder


def read(path):
    return json.loads(Path(path).read_text(encoding="utf-8"))


def text_of(cell):
    return "".join(cell["source"])


class Maker:
    """Makes submissions from a release: notebooks as plain dicts, so that they can be damaged."""

    def __init__(self, course, assignment):
        self.assignment = assignment
        self.release = read(course / "release" / assignment / f"{assignment}.ipynb")
        source = read(course / "source" / assignment / f"{assignment}.ipynb")
        self.solutions = {
            cell["id"]: SOLUTION.sub("", text_of(cell))
            for cell in source["cells"]
            if "### BEGIN SOLUTION" in text_of(cell)
        }

    def notebook(self, solved=True, **cells):
        """Return a notebook; `cells`: id (with _ for -) -> another source. solved: the others are."""
        nb = copy.deepcopy(self.release)
        wanted = dict(self.solutions) if solved else {}
        wanted.update({name.replace("_", "-"): source for name, source in cells.items()})
        for cell in nb["cells"]:
            if cell["id"] in wanted:
                cell["source"] = wanted.pop(cell["id"])
        unused = set(wanted) - set(self.solutions)
        assert not unused, f"no such cells: {unused}"
        return nb


def cell(nb, name):
    return next(one for one in nb["cells"] if one["id"] == name)


def place(nb, name):
    return nb["cells"].index(cell(nb, name))


def first(nb, source):
    """Put a cell of the student's own before everything else."""
    nb["cells"].insert(
        0,
        {
            "cell_type": "code",
            "id": "my-own-cell",
            "metadata": {},
            "source": source,
            "outputs": [],
            "execution_count": None,
        },
    )
    return nb


def write(nb, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(nb, ensure_ascii=True), encoding="utf-8")
