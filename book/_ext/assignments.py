"""Sphinx extension: the pages of the assignments and their downloads.

A page holds `{assignment} A1` in a fence; while the book is built the student's version of the
course's source notebook takes its place, and the notebook and its zip are written beside the pages.
The course's own notebook never becomes a page, so no copy of it is published. In the teachers'
edition (see `editions`) the page shows solutions, hidden tests and model answers.
"""

import json
import re
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from googlenet_edu.classroom import release

FENCE = re.compile(r"^```\{assignment\} (\w+)\n```$", re.M)
FOLDER = "_assignments"


def course(app):
    """Return the folder of the course."""
    return Path(app.srcdir) / "book" / "classroom" / "course"


def load(app, name):
    """Return (title, source notebook) of an assignment."""
    listed = json.loads((course(app) / "course.json").read_text(encoding="utf-8"))
    path = course(app) / "source" / name / f"{name}.ipynb"
    return listed[name]["title"], json.loads(path.read_text(encoding="utf-8"))


def fenced(text, caption):
    """Return a block of code in MyST, fenced with enough backticks."""
    ticks = "`" * max(3, *(len(run) + 1 for run in re.findall(r"`+", text)), 3)
    return f"{ticks}{{code-block}} python\n:caption: {caption}\n\n{text.rstrip()}\n{ticks}"


def points(number):
    return f"{number} point" + "s" * (number != 1)


def boxed(text, title, kind):
    return f"::::{{admonition}} {title}\n:class: {kind}\n\n{text.rstrip()}\n::::"


def page(app, name):
    """Return an assignment as MyST text."""
    title, notebook = load(app, name)
    student = release.student_version(notebook)
    teacher = app.config.googlenet_edition == "teachers"
    blocks = []
    for original, cell in zip(notebook["cells"], student["cells"], strict=True):
        own, text = cell["metadata"]["nbgrader"], release.source(cell)
        if teacher:
            text = release.source(original)
        if cell["cell_type"] == "markdown":
            if own["grade"] and teacher:
                model = "\n".join(
                    line for kind, lines in release.parts(original) if kind == "solution"
                    for line in lines[1:]
                )  # fmt: skip
                text = boxed(model, f"A model answer ({points(own['points'])})", "tip")
            elif own["grade"]:
                text = boxed(text, f"Your answer ({points(own['points'])})", "note")
            blocks.append(text)
        elif own["grade"]:
            secret = "hidden tests" if "check(" not in release.source(cell) else "tests"
            blocks.append(fenced(text, f"{secret.capitalize()}, {points(own['points'])}"))
        else:
            blocks.append(fenced(text, "Your answer" if own["solution"] else "Given"))
        if len(blocks) == 1:
            blocks.append(f"```{{assignment-download}} {name}\n```")
    return "\n\n".join(blocks)


class Download(SphinxDirective):
    """```{assignment-download} A1```: the links to the notebook and to the zip."""

    required_arguments = 1

    def run(self):
        name = self.arguments[0]
        up = "../" * self.env.docname.count("/")
        links = nodes.paragraph(classes=["gc-download"])
        for words, file in (("Download ", f"{name}.ipynb"), (", or ", f"{name}.zip")):
            links += nodes.Text(words)
            links += nodes.reference("", file, refuri=f"{up}{FOLDER}/{file}", internal=False)
        links += nodes.Text(" with a note on how to begin.")
        return [links]


def take(app, docname, source):
    """Put an assignment in the place of its fence."""
    if docname.startswith("book/classroom/"):
        source[0] = FENCE.sub(lambda found: page(app, found.group(1)), source[0])


def write_downloads(app, pages):
    """Write the notebook and the zip of each assignment that has a page."""
    folder = Path(app.outdir) / FOLDER
    for docname in sorted(app.env.found_docs):
        if not docname.startswith("book/classroom/"):
            continue
        text = Path(app.env.doc2path(docname)).read_text(encoding="utf-8")
        for name in FENCE.findall(text):
            title, notebook = load(app, name)
            student = release.student_version(notebook)
            folder.mkdir(exist_ok=True)
            (folder / f"{name}.zip").write_bytes(release.archive(name, title, student))
            (folder / f"{name}.ipynb").write_bytes(release.to_text(student).encode("utf-8"))


def setup(app):
    app.add_directive("assignment-download", Download)
    app.connect("source-read", take, priority=100)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
