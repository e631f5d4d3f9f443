"""Sphinx extension: the module's parts in one picture, drawn from the code while the book is built.

`{code-map}` reads the imports of `googlenet_edu` and draws a box for each module, above all that it
imports; a folder is one box. Below the picture is the same as a table, with the tests of each.
`{code-list} FOLDER` lists the scripts, programs or tests in a folder, each with its first sentence.
"""

import ast
import re
from functools import cache
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

import googlenet_edu

PACKAGE = Path(googlenet_edu.__file__).parent
ROOT = PACKAGE.parent
WIDTH, BOX, ROW, GAP = 920, (142, 40), 92, 14
OTHERS = ("torch", "torchinfo", "matplotlib", "anywidget", "ipywidgets", "numpy")


def sources():
    """Return {part: its files}; a part is a module, or a folder with all of its modules."""
    parts = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        names = path.relative_to(PACKAGE).parts
        if names != ("__init__.py",):
            parts.setdefault(names[0].removesuffix(".py"), []).append(path)
    return parts


def where(part):
    """Return the folder or file of a part."""
    return PACKAGE / part if (PACKAGE / part).is_dir() else PACKAGE / f"{part}.py"


def imports(path):
    """Yield (name within the package, or "", the other package's name, or "") of a file."""
    package = ("googlenet_edu", *path.relative_to(PACKAGE).parent.parts)
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"^if TYPE_CHECKING:.*\n(?: .*\n|\n)*", "", text, flags=re.M)  # never run
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            start = ".".join([*base, *([node.module] if node.module else [])])
            names = [f"{start}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            top, *rest = name.split(".")
            yield (rest[0], "") if top == "googlenet_edu" and rest else ("", top)


def read_code():
    """Return ({part: the parts it imports}, {part: the other packages it imports})."""
    parts = sources()
    uses = {part: set() for part in parts}
    needs = {part: set() for part in parts}
    for part, paths in parts.items():
        for path in paths:
            for own, other in imports(path):
                if own in parts and own != part:
                    uses[part].add(own)
                if other in OTHERS:
                    needs[part].add(other)
    return uses, needs


def levels(uses):
    """Return {part: its height}: 0 for what imports nothing of ours."""

    @cache
    def height(part):
        return 1 + max(map(height, uses[part]), default=-1)

    return {part: height(part) for part in uses}


def direct(uses):
    """Leave out the imports that another import implies, so that the picture stays readable."""

    @cache
    def reach(part):
        return uses[part].union(*map(reach, uses[part]))

    return {
        part: {one for one in below if not any(one in reach(other) for other in below)}
        for part, below in uses.items()
    }


def place(uses, heights):
    """Return {part: (x, y) of its box} and the picture's height."""
    per_row = WIDTH // (BOX[0] + GAP)
    rows = []
    for level in range(max(heights.values()), -1, -1):
        row = sorted(part for part in heights if heights[part] == level)
        rows += [row[i : i + per_row] for i in range(0, len(row), per_row)]
    spots = {}
    for _ in range(6):  # each part moves over what it uses and below what uses it
        for number, row in enumerate(rows):

            def wish(part):
                near = [*uses[part], *(one for one in uses if part in uses[one])]
                xs = [spots[one][0] for one in near if one in spots]
                return sum(xs) / len(xs) if xs else WIDTH / 2

            row.sort(key=lambda part: (wish(part), part))
            step = WIDTH / len(row)
            for i, part in enumerate(row):
                spots[part] = (step * (i + 0.5) - BOX[0] / 2, 6 + number * ROW)
    return spots, 12 + len(rows) * ROW - (ROW - BOX[1])


def first_line(path):
    """Return the first sentence of a module, a folder or a script: of its docstring or comment."""
    text = (path / "__init__.py" if path.is_dir() else path).read_text(encoding="utf-8")
    if path.suffix == ".js":
        text = re.sub(r"\n// ?", " ", re.match(r"// ((?:.*\n//)*.*)", text)[1])
    else:
        text = " ".join((ast.get_docstring(ast.parse(text)) or "").split("\n\n")[0].split())
    return re.match(r"(.*?\.)(?: |$)|.*", text)[0].strip()


def cell(text):
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))


def as_table(head, rows):
    """Return a table as HTML: titles, and (name, cells as HTML) of each row."""
    titles = "".join(f'<th scope="col">{one}</th>' for one in head)
    body = "".join(
        f'<tr><th scope="row"><code>{name}</code></th>'
        + "".join(f"<td>{one}</td>" for one in cells) + "</tr>"
        for name, cells in rows
    )  # fmt: skip
    return (
        '<div class="table-box"><table class="table code-parts">'
        f"<thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def draw(uses, needs, spots, height):
    """Return the picture as SVG text; colors come from the book's style sheet."""
    out = [
        f'<svg class="code-map" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{len(uses)} parts of googlenet_edu, each above the parts that it imports; '
        'the table below says the same in words">'
    ]
    for part, below in sorted(direct(uses).items()):
        x, y = spots[part]
        for one in sorted(below):
            u, v = spots[one]
            a, b, c, d = x + BOX[0] / 2, y + BOX[1], u + BOX[0] / 2, v
            bend = (d - b) / 2
            out.append(
                f'<path class="code-use" d="M{a:.0f} {b}C{a:.0f} {b + bend:.0f} {c:.0f} '
                f'{d - bend:.0f} {c:.0f} {d}"/>'
            )
    for part, (x, y) in sorted(spots.items()):
        path = where(part)
        kind = "code-torch" if "torch" in needs[part] else "code-pure"
        name = f"{part}/" if path.is_dir() else part
        out.append(
            f'<g class="{kind}"><title>{escape(first_line(path))}</title>'
            f'<rect x="{x:.0f}" y="{y}" width="{BOX[0]}" height="{BOX[1]}" rx="6"/>'
            f'<text x="{x + BOX[0] / 2:.0f}" y="{y + 25}" text-anchor="middle">{name}</text></g>'
        )
    return "".join(out) + "</svg>"


def homes():
    """Return {public name: the part that it is published from}, as `googlenet_edu` says it."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    found = [one for one in ast.walk(tree) if isinstance(one, ast.ImportFrom) and one.level]
    return {alias.name: one.module for one in found if one.module for alias in one.names}


def tested(path):
    """Return the parts that a test file imports, or whose public names it imports."""
    found, known = set(), homes()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("googlenet_edu"):
            found |= {known.get(alias.name, alias.name) for alias in node.names}
            found |= set(node.module.split(".")[1:2])
    return found


def tests_of(part, index):
    """Return the names of a part's tests, the one of its own name first, four at most."""
    own = f"test_{part.strip('_')}.py"
    names = sorted({name for name, parts in index.items() if part in parts or name == own})
    names.sort(key=lambda name: name != own)
    return names[:4] + ([f"{len(names) - 4} more"] if len(names) > 4 else [])


def table(uses, needs):
    """Return the picture in words, as HTML."""
    index = {path.name: tested(path) for path in sorted((ROOT / "tests").rglob("test_*.py"))}
    rows = []
    for part in sorted(uses, key=lambda one: one.lstrip("_")):
        code = [[f"<code>{one}</code>" for one in names]
                for names in (sorted(uses[part]), tests_of(part, index))]  # fmt: skip
        rows.append((part, [
            cell(first_line(where(part))), ", ".join(code[0]) or "none",
            ", ".join(sorted(needs[part])) or "none", ", ".join(code[1]) or "those of its users",
        ]))  # fmt: skip
    return as_table(("part", "what it is", "imports of ours", "other packages", "tests"), rows)


class CodeMap(SphinxDirective):
    """```{code-map}```: the picture and its table."""

    def run(self):
        uses, needs = read_code()
        spots, height = place(uses, levels(uses))
        html = f'<div class="code-map-box">{draw(uses, needs, spots, height)}</div>'
        return [nodes.raw("", html + table(uses, needs), format="html")]


class CodeList(SphinxDirective):
    """```{code-list} FOLDER```: its scripts and tests with their first sentences."""

    required_arguments = 1

    def run(self):
        folder = ROOT / self.arguments[0]
        paths = [one for one in sorted(folder.rglob("*")) if one.suffix in (".js", ".py")]
        rows = [
            (one.relative_to(folder).as_posix(), [cell(first_line(one))])
            for one in paths
            if one.name != "__init__.py"
        ]
        return [nodes.raw("", as_table(("file", "what it is"), rows), format="html")]


def setup(app):
    app.add_directive("code-map", CodeMap)
    app.add_directive("code-list", CodeList)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
