"""Sphinx extension: shows the package's docstrings, which are written for reading in a console.

Turns them into reStructuredText for autodoc: `name` becomes a link to a documented name, or code;
"Args:", "Raises:" and the like become paragraphs with a label; "Chapter: book/sizes/pooling"
becomes a link to the chapter.
"""

import ast
import re
from importlib import import_module
from inspect import isdatadescriptor
from inspect import signature as signature_of
from pathlib import Path

from sphinx.util.inspect import stringify_signature

import googlenet_edu

PACKAGE = Path(googlenet_edu.__file__).parent

LABELS = "Args|Arguments|Returns|Raises|Input|Results|Source|Chapters?"
LABEL = re.compile(rf"(?:^|(?<=[.)] ))({LABELS}): ")
ITEM = re.compile(r"(\w+(?:, \w+)*): (.*)", re.DOTALL)
CHAPTER = re.compile(r"\bbook/\w+/\w+")
CODE = re.compile(r"`([^`\n]+)`")
SPECIAL = re.compile(r"([\\*|`])|(?<=\w)(_)(?!\w)")


def published(module):
    """Return a module's `__all__`; one that is computed is asked of the module itself."""
    path = PACKAGE.parent.joinpath(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            if isinstance(node.value, ast.Attribute):  # another module's, which may need torch
                return published(f"{module}.{node.value.value.id}")
            try:
                return ast.literal_eval(node.value)
            except ValueError:
                return import_module(module).__all__
    return []


def documented_names(page):
    """Return {name: full name} of what the modules on the page publish."""
    names = {}
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    for module in re.findall(r"automodule:: (\S+)", text):
        for name in published(module):
            names.setdefault(name, f"{module}.{name}")
    return names


def inline(text, names, pages):
    """Return one paragraph of a docstring as reStructuredText."""

    def chapter(match):
        return f":doc:`/{match[0]}`" if match[0] in pages else f"``{match[0]}``"

    parts = []
    for number, part in enumerate(CODE.split(text)):
        if number % 2:
            full = names.get(part.removesuffix("()"))
            parts.append(f":py:obj:`{part} <{full}>`" if full else f"``{part}``")
        else:
            spans = CHAPTER.split(part)
            links = [chapter(match) for match in CHAPTER.finditer(part)]
            escaped = [SPECIAL.sub(r"\\\1\2", span) for span in spans]
            parts.append("".join(a + b for a, b in zip(escaped, [*links, ""], strict=True)))
    return "".join(parts)


def labeled(text):
    """Split a paragraph before each label, and mark the labels."""
    starts = [match.start() for match in LABEL.finditer(text)]
    cuts = sorted({0, *starts, len(text)})
    for start, stop in zip(cuts, cuts[1:], strict=False):
        part = text[start:stop].strip()
        match = LABEL.match(part)
        yield (match[1], part[match.end() :]) if match else ("", part)


def convert(lines, names=None, pages=()):
    """Return a docstring's lines as reStructuredText."""
    names = names or {}
    out = []
    paragraphs = re.split(r"\n[ \t]*\n", "\n".join(lines).strip("\n"))
    for paragraph in paragraphs:
        rows = paragraph.split("\n")
        if rows[0].startswith(">>>"):
            out += ["", *rows]
            continue
        if all(row.startswith("    ") for row in rows):
            out += ["", ".. code-block:: python", "", *rows]
            continue
        text, items = [], []
        for row in rows:
            if items and row.startswith("        "):
                items[-1] += " " + row.strip()
            elif row.startswith("    "):
                items.append(row.strip())
            elif items:
                break
            else:
                text.append(row)
        if len(text) + sum(1 for row in rows if row.startswith("    ")) != len(rows):
            text, items = rows, []  # text after an indented part: one plain paragraph
        joined = " ".join(row.strip() for row in text)
        head = re.fullmatch(rf"({LABELS}):", joined)
        for label, part in [(head[1], "")] if head else labeled(joined):
            mark = f"**{label}:** " if label else ""
            out += ["", mark + inline(part, names, pages)]
        for item in items:
            match = ITEM.fullmatch(item)
            name, rest = (match[1], match[2]) if match else ("", item)
            start = ", ".join(f"``{one}``" for one in name.split(", ")) + ": " if name else ""
            out += ["", f"* {start}{inline(rest, names, pages)}"]
    return [*out[1:], ""]


def show_docstring(app, what, name, obj, options, lines):
    """Replace what autodoc read by what the page shows."""
    if not hasattr(app, "googlenet_names"):
        app.googlenet_names = documented_names(Path(app.srcdir) / "book" / "reference" / "api.md")
    names = app.googlenet_names
    lines[:] = convert(lines, names, app.env.found_docs)
    if what == "module":
        own = [
            f":py:obj:`{one} <{full}>`" for one, full in names.items() if full == f"{name}.{one}"
        ]
        lines += ["", " · ".join(own), ""]


def show_signature(app, what, name, obj, options, signature, return_annotation):
    """Give a class its own arguments; autodoc sees only those of a base that it mocks."""
    if what != "class":
        return None
    for one in obj.__mro__:
        if one.__module__.startswith("googlenet_edu") and "__init__" in vars(one):
            whole = signature_of(one.__init__)
            own = whole.replace(parameters=list(whole.parameters.values())[1:])
            return stringify_signature(own, show_annotation=False), None
    return None


def skip_fields(app, what, name, obj, skip, options):
    """Leave out the fields of named tuples; their class explains them."""
    if isdatadescriptor(obj) and (getattr(obj, "__doc__", None) or "").startswith("Alias for"):
        return True
    return None


def setup(app):
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", show_docstring)
    app.connect("autodoc-process-signature", show_signature)
    app.connect("autodoc-skip-member", skip_fields)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
