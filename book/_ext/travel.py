"""Sphinx extension: notebooks that leave the book still work.

The download button gives a chapter as plain Jupyter knows it: MyST's directives become Markdown
that Colab, VS Code and GitHub show, links lead to pages or files, and a cell, switched off,
installs `googlenet_edu` where it is missing. The module travels along: the built book holds it as
one zip file that pip installs. Launch buttons appear only where a repository is configured.
"""

import posixpath
import re
import tomllib
import zipfile
from pathlib import Path

import nbformat
from editions import notebook_without_solutions
from sphinx.errors import ExtensionError

PACKAGE = "googlenet_edu"
ARCHIVE = f"_downloads/{PACKAGE}.zip"
PAGES_BRANCH = "gh-pages"  # where the publishing workflow puts the built book
EXAMPLE = "executablebooks/jupyter-book"  # what Jupyter Book fills in when nothing is configured

FENCE = re.compile(r"^( *)(`{3,}|:{3,})\{([\w:-]+)\} *(.*)$")
OPTION = re.compile(r"^:([\w-]+):(?: +(.*))?$")
LINK = re.compile(r"\]\(([^)\s]+)\)")
ROLE = re.compile(r"\{[a-z][\w:-]*\}`([^`<]+?)(?: *<[^>`]+>)?`")
LABEL = re.compile(r"^\([\w-]+\)=\n", re.MULTILINE)
EQUATION_LABEL = re.compile(r"^\$\$ *\([\w:-]+\) *$", re.MULTILINE)
CODE = {"code", "code-block", "code-cell"}
HINT = """\
# Only where googlenet_edu is missing, for example in Colab: take the first "#" off the last two
# lines and run them before the other cells. {where}
# %pip install --quiet "{source}"
# from google.colab import output; output.enable_custom_widget_manager()  # Colab's sliders"""
UPLOAD = f"""First put {PACKAGE}.zip beside this notebook: the
# book offers the file on its page "How to read this book"."""


def plain_markdown(text, link=lambda target: target):
    """Return MyST Markdown as Markdown that every notebook program shows."""
    text = EQUATION_LABEL.sub("$$", LABEL.sub("", text))
    lines, out = text.split("\n"), []
    while lines:
        line = lines.pop(0)
        found = FENCE.match(line)
        if found:
            _, fence, name, argument = found.groups()
            body = []
            while lines and not re.fullmatch(rf" *{fence[0]}{{{len(fence)},}} *", lines[0]):
                body.append(lines.pop(0))
            del lines[:1]  # the closing fence
            out += plain_directive(name, argument, body, link)
        elif line.lstrip().startswith("```"):
            out.append(line)
            while lines and not lines[0].lstrip().startswith("```"):
                out.append(lines.pop(0))
            out += lines[:1]
            del lines[:1]
        else:
            line = ROLE.sub(r"\1", line)
            out.append(LINK.sub(lambda match: f"]({link(match[1])})", line))
    return "\n".join(out)


def plain_directive(name, argument, body, link):
    """Return one directive as lines of plain Markdown."""
    options = {}
    while body and (found := OPTION.match(body[0].strip())):
        options[found[1]] = found[2] or ""
        body = body[1:]
    if name in CODE:
        return [f"```{argument}", *body, "```"]
    if name == "math":
        return ["$$", *body, "$$"]
    inside = plain_markdown("\n".join(body).strip("\n"), link).split("\n")
    if name == "exercise":
        return [f"**Exercise: {argument}.**" if argument else "**Exercise.**", "", *inside]
    if name == "solution":
        return ["<details><summary>Solution</summary>", "", *inside, "", "</details>"]
    title = argument or name.capitalize()
    return [f"> **{title}**", ">", *(f"> {one}".rstrip() for one in inside)]


def extras(project):
    """Return the names of the package's extras, as pip takes them."""
    return ",".join(project["project"]["optional-dependencies"])


def install_cell(project, address):
    """Return the cell that installs the package, switched off; address: the book's own, or ""."""
    if address:
        source = f"{PACKAGE}[{extras(project)}] @ {address}/{ARCHIVE}"
        where = "It needs the internet."
    else:
        source, where = f"./{PACKAGE}.zip[{extras(project)}]", UPLOAD
    cell = nbformat.v4.new_code_cell(HINT.format(where=where, source=source))
    cell.id = "install-googlenet-edu"
    return cell


def travelling(notebook, cell, link=lambda target: target):
    """Return the notebook as it is downloaded: plain Markdown, and the install cell in it."""
    for one in notebook.cells:
        if one.cell_type == "markdown":
            one.source = plain_markdown(one.source, link)
    notebook.cells.insert(1, cell)
    nbformat.validate(notebook)
    return nbformat.writes(notebook, version=4).rstrip("\n") + "\n"


def project_folder(app):
    """Return the folder with pyproject.toml and the package: the book's, or the package's own."""
    import googlenet_edu

    for folder in (Path(app.srcdir), Path(googlenet_edu.__file__).resolve().parents[1]):
        if (folder / "pyproject.toml").is_file() and (folder / PACKAGE).is_dir():
            return folder
    raise ExtensionError(
        "pyproject.toml stands neither in the book's folder nor beside googlenet_edu: build from "
        "the repository, after `pip install -e .` there."
    )


def write_archive(folder, path):
    """Write the package as a zip file that pip installs; the same bytes for the same files."""
    names = [folder / name for name in ("pyproject.toml", "README.md", "LICENSE")]
    names += [one for one in (folder / PACKAGE).rglob("*") if one.is_file()]
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in sorted(names):
            if "__pycache__" in one.parts or any(part.startswith(".") for part in one.parts[-2:]):
                continue
            entry = zipfile.ZipInfo(f"{PACKAGE}/{one.relative_to(folder).as_posix()}")
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, one.read_bytes())


def write_travellers(app, pages):
    """Write the package's zip file, and each notebook in the form that is downloaded."""
    folder, out = project_folder(app), Path(app.outdir)
    write_archive(folder, out / ARCHIVE)
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    address = (app.config.html_baseurl or "").rstrip("/")
    for page in sorted(app.env.found_docs):
        source = Path(app.env.doc2path(page))
        if source.suffix != ".ipynb":
            continue

        def link(target, page=page):
            name, mark, anchor = target.partition("#")
            other = posixpath.normpath(posixpath.join(posixpath.dirname(page), name))
            if ":" in target or not name or other not in app.env.found_docs:
                return target
            if address:
                return f"{address}/{other}.html{mark}{anchor}"
            return name + Path(app.env.doc2path(other)).suffix + mark + anchor

        text = source.read_text(encoding="utf-8")
        if app.config.googlenet_edition == "students":
            text = notebook_without_solutions(text)
        notebook = nbformat.reads(text, as_version=4)
        text = travelling(notebook, install_cell(project, address), link)
        target = out / "_sources" / f"{page}.ipynb"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")


def drop_launch_buttons(app, config):
    """Without an address of its own, a book has no launch buttons and names no repository."""
    options = config.html_theme_options
    if EXAMPLE in (options.get("repository_url") or EXAMPLE):
        for name in ("launch_buttons", "repository_url", "repository_branch", "path_to_docs"):
            options.pop(name, None)


def lead_colab_to_downloads(app, pagename, templatename, context, doctree):
    """Colab opens the downloadable form, which can install the package, not the source."""
    for group in context.get("header_buttons", []):
        for button in group.get("buttons", []):
            if button.get("text") == "Colab":
                head, _, _ = button["url"].partition("/blob/")
                button["url"] = f"{head}/blob/{PAGES_BRANCH}/_sources/{pagename}.ipynb"


def setup(app):
    app.connect("config-inited", drop_launch_buttons, priority=100)
    app.connect("html-page-context", lead_colab_to_downloads, priority=950)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
