"""Write what students get: a zip per assignment, and the list that the check command knows them by.

    python book/_tools/make_assignments.py              the zips, in build/assignments
    python book/_tools/make_assignments.py --manifest   googlenet_edu/classroom/assignments.json

nbgrader itself makes the release, in a course of its own that is thrown away; it must agree with
`googlenet_edu.classroom.release`, which the book is built with.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from googlenet_edu.classroom import release
from googlenet_edu.classroom.inspecting import fingerprint

ROOT = Path(__file__).resolve().parents[2]
COURSE = ROOT / "book" / "classroom" / "course"
# In a process of its own, because nbgrader keeps its settings in one place for all.
GENERATE = """
import sys
from nbgrader.apps import NbGrader, NbGraderAPI
app = NbGrader.instance()
app.initialize([])
api = NbGraderAPI(config=app.config)
results = {name: api.generate_assignment(name, force=True) for name in sys.argv[1:]}
sys.exit("".join(one["log"] or "" for one in results.values() if not one["success"]) or None)
"""
MANIFEST = ROOT / "googlenet_edu" / "classroom" / "assignments.json"


def course(folder=COURSE):
    """Return {name: (title, source notebook)} of a course, in order."""
    listed = json.loads((folder / "course.json").read_text(encoding="utf-8"))
    found = {}
    for path in sorted(folder.glob("source/*/*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        found[path.stem] = (listed[path.stem]["title"], notebook)
    return found


def nbgrader_release(names, folder=COURSE):
    """Return {name: notebook} as `nbgrader generate_assignment` makes them."""
    with tempfile.TemporaryDirectory() as place:
        work = Path(place) / "course"
        shutil.copytree(folder / "source", work / "source")
        (work / "nbgrader_config.py").write_text(
            "c = get_config()\nc.CourseDirectory.course_id = 'release'\nc.Exchange.root = '.'\n",
            encoding="utf-8",
        )
        # nbgrader looks for alembic on the path.
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        environment = {**os.environ, "PATH": path, "PYTHONUTF8": "1", "JUPYTER_CONFIG_DIR": place}
        run = subprocess.run(
            [sys.executable, "-c", GENERATE, *names], cwd=work, env=environment,
            capture_output=True, encoding="utf-8", errors="replace",
        )  # fmt: skip
        if run.returncode:
            raise SystemExit(f"nbgrader made no release:\n{run.stdout[-1000:]}{run.stderr[-3000:]}")
        return {
            name: json.loads((work / f"release/{name}/{name}.ipynb").read_text(encoding="utf-8"))
            for name in names
        }


def canonical(notebook):
    """Return a notebook with texts for lines and no difference that does not matter."""
    cells = []
    for cell in notebook["cells"]:
        one = {**cell, "source": release.source(cell)}
        cells.append({key: one[key] for key in sorted(one)})
    return {**notebook, "cells": cells}


def manifest(found):
    """Return what the check command knows of each release: no text of it, only fingerprints."""
    listed = json.loads((COURSE / "course.json").read_text(encoding="utf-8"))
    result = {}
    for name, (title, notebook) in found.items():
        cells, task = [], ""
        for cell in release.student_version(notebook)["cells"]:
            own, text = cell["metadata"]["nbgrader"], release.source(cell)
            heading = re.search(r"^## (\d+\. .*?)(?: \(\d+ points?\))?$", text, re.M)
            if cell["cell_type"] == "markdown" and heading:
                task = heading.group(1)
            kind = "text" if cell["cell_type"] == "markdown" else "given"
            if own["solution"]:
                kind = "written" if own["grade"] else "answer"
            elif own["grade"]:
                kind = "test"
            entry = {
                "id": cell["id"],
                "kind": kind,
                "task": task,
                "print": fingerprint(text),
                "points": own.get("points", 0),
            }
            if kind == "test":
                original = next(one for one in notebook["cells"] if one["id"] == cell["id"])
                entry["visible"] = "check(" in text
                entry["hidden"] = "hidden" in {part for part, _ in release.parts(original)}
            cells.append(entry)
        result[name] = {"title": title, "withheld": listed[name]["withheld"], "cells": cells}
    return result


def manifest_text(found):
    """Return the manifest as it is stored: one cell a line."""
    text = json.dumps(manifest(found), indent=1, ensure_ascii=False)
    one_line = re.compile(r"\{\s+\"id\".*?\}", re.S)
    text = one_line.sub(lambda cell: re.sub(r"\s*\n\s*", " ", cell.group()), text)
    return text + "\n"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "assignments")
    parser.add_argument("--manifest", action="store_true", help="write the manifest, no zip")
    options = parser.parse_args(arguments)
    found = course()
    if options.manifest:
        MANIFEST.write_text(manifest_text(found), encoding="utf-8", newline="\n")
        return 0
    if MANIFEST.read_text(encoding="utf-8") != manifest_text(found):
        raise SystemExit(
            "assignments.json is old: run  python book/_tools/make_assignments.py --manifest"
        )
    theirs = nbgrader_release(list(found))
    options.out.mkdir(parents=True, exist_ok=True)
    for name, (title, notebook) in found.items():
        ours = release.student_version(notebook)
        if canonical(ours) != canonical(theirs[name]):
            raise SystemExit(f"{name}: nbgrader's release and ours differ")
        path = options.out / f"{name}.zip"
        path.write_bytes(release.archive(name, title, theirs[name]))
        print(f"{path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}: {title}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
