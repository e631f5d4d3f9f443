"""What leaves the book: downloaded notebooks, the module as a file, launch buttons, Binder."""

import json
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import nbformat
import pytest
import travel
import yaml
from packaging.requirements import Requirement

from tests.building import ROOT, build_book, copy_book

CHAPTERS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "book").rglob("*.ipynb")
    if not {".ipynb_checkpoints", "classroom", "_build"} & set(path.parts)
)
MYST = re.compile(r"^ *(?:`{3,}|:{3,})\{|^\([\w-]+\)=$|^\$\$ +\(|\{[a-z:]+\}`", re.MULTILINE)
# What the package's folder holds besides Python; each must be in what is installed.
FILES = [
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "googlenet_edu").rglob("*")
    if path.is_file() and path.suffix != ".py" and "__pycache__" not in path.parts
]


def pip(*arguments, **settings):
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, arguments)]
    run = subprocess.run(command, capture_output=True, encoding="utf-8", **settings)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize(
    ("myst", "plain"),
    [
        ("$$\na = b\n$$ (label)", "$$\na = b\n$$"),
        ("(here)=\n## Title", "## Title"),
        ("```{exercise} One\n:label: x\n\nWhy?\n```", "**Exercise: One.**\n\nWhy?"),
        (
            "```{solution} x\n:class: dropdown\n\n$1$\n```",
            "<details><summary>Solution</summary>\n\n$1$\n\n</details>",
        ),
        (":::{admonition} Why\n:class: note\nA\n\nB\n:::", "> **Why**\n>\n> A\n>\n> B"),
        ("````{note}\n```\n{x}`y`\n```\n````", "> **Note**\n>\n> ```\n> {x}`y`\n> ```"),
        ("```{code-block} python\nx = {1}\n```", "```python\nx = {1}\n```"),
        ("```python\n[a](b)\n```\n[a](b)", "```python\n[a](b)\n```\n[a](B)"),
        ("see {eq}`size` and {doc}`pools <x>`", "see size and pools"),
        ("```{math}\n:label: q\na\n```", "$$\na\n$$"),
    ],
)
def test_myst_becomes_plain_markdown(myst, plain):
    assert travel.plain_markdown(myst, str.upper) == plain


@pytest.mark.parametrize("name", CHAPTERS)
def test_downloaded_notebook_works_everywhere(site, name):
    """Valid, no syntax of one program, an install cell that does nothing, links to real files."""
    text = (site / "_sources" / name).read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    # Colab and VS Code choose the kernel and the language by these.
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.language_info.name == "python"
    assert "widgets" not in notebook.metadata
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    first, install = notebook.cells[:2]
    assert first.source.startswith("# ")
    assert install.id == "install-googlenet-edu" and not install.outputs
    lines = install.source.splitlines()
    assert all(line.startswith("# ") for line in lines)
    assert any(line.startswith("# %pip install") for line in lines)
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            assert not MYST.search(cell.source), cell.source
            for target in travel.LINK.findall(re.sub(r"```.*?```", "", cell.source, flags=re.S)):
                if ":" not in target and not target.startswith("#"):
                    path = (site / "_sources" / name).parent / target.partition("#")[0]
                    assert path.is_file(), f"{name} links to {target}"
    # The code is the chapter's own.
    source = json.loads((ROOT / name).read_text(encoding="utf-8"))
    code = ["".join(cell["source"]) for cell in source["cells"] if cell["cell_type"] == "code"]
    assert code == [cell.source for cell in notebook.cells if cell.cell_type == "code"][1:]


def test_the_module_travels_as_one_file(site, tmp_path):
    """The zip of the book installs with pip, alone, and works without any other package."""
    archive = site / travel.ARCHIVE
    travel.write_archive(ROOT, tmp_path / "again.zip")
    assert archive.read_bytes() == (tmp_path / "again.zip").read_bytes()
    pip("install", "--no-build-isolation", "--no-deps", "--target", tmp_path / "t", archive)
    check_bare(tmp_path / "t")


def check_bare(folder):
    """An interpreter that sees this folder and no installed package uses the module."""
    for name in FILES:
        assert (folder / name).is_file(), f"{name} is not installed"
    code = (
        f"import sys; sys.path.insert(0, {str(folder)!r}); import googlenet_edu as g; "
        "from googlenet_edu.widgets.bundle import book_script; "
        "print(g.conv_output_size(224, 7, 2, 3), len(g.ledger(224).rows) > 60, "
        "'conv_size' in book_script(), g.__file__)"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, encoding="utf-8"
    )
    assert run.returncode == 0, run.stderr
    size, rows, script, place = run.stdout.strip().split(" ", 3)
    assert (size, rows, script) == ("112", "True", "True")
    assert place.startswith(str(folder))


def test_wheel_and_sdist_build_and_hold_everything(tmp_path):
    """As `python -m build` does: the sdist from the repository, the wheel from the sdist."""
    copy = tmp_path / "copy"
    shutil.copytree(
        ROOT / "googlenet_edu", copy / "googlenet_edu", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(ROOT / name, copy)
    code = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"
    subprocess.run(
        [sys.executable, "-c", code, tmp_path], cwd=copy, check=True, capture_output=True
    )
    [sdist] = tmp_path.glob("googlenet_edu-*.tar.gz")
    pip("wheel", "--no-build-isolation", "--no-deps", "--wheel-dir", tmp_path, sdist)
    [wheel] = tmp_path.glob("googlenet_edu-*-py3-none-any.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert set(FILES) <= set(names)
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"googlenet_edu"}
    assert any(name.endswith("licenses/LICENSE") for name in names)
    metadata = next(name for name in names if name.endswith("METADATA"))
    text = zipfile.ZipFile(wheel).read(metadata).decode("utf-8")
    needed = [line.partition(": ")[2] for line in text.splitlines() if "Requires-Dist" in line]
    assert needed and all("extra" in str(Requirement(one).marker) for one in needed)
    # A real environment without any package, even without pip.
    venv.create(tmp_path / "bare", with_pip=False)
    [packages] = [*tmp_path.glob("bare/lib/python*/site-packages"), *tmp_path.glob("bare/Lib/site-packages")]  # fmt: skip
    pip("install", "--no-deps", "--target", packages, wheel)
    check_bare(packages)


def test_binder_gets_what_a_reader_gets(tmp_path):
    """Binder's files are sound, and leave out nothing of requirements.txt but torch."""
    text = (ROOT / ".binder" / "environment.yml").read_text(encoding="utf-8")
    environment = yaml.safe_load(text)
    assert environment["channels"] == ["conda-forge"]
    names = dict(re.match(r"([\w-]+)=?(.*)", one).groups() for one in environment["dependencies"])
    pinned = re.search(
        r"^torch==(\S+)", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.M
    )
    assert pinned[1].startswith(names["pytorch-cpu"])
    assert names["python"] in ("3.11", "3.12", "3.13")
    # The script itself, with a pip that only notes what it is asked for.
    for name in ("requirements.txt", "requirements", ".binder"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, tmp_path / name)
    fake = tmp_path / "bin" / "python"
    fake.parent.mkdir()
    fake.write_text(
        '#!/bin/bash\nfor one; do :; done\n[ -f "$one" ] && cp "$one" asked.txt; echo "$@" >> log.txt\n'
    )
    fake.chmod(0o755)
    script = tmp_path / ".binder" / "postBuild"
    assert script.stat().st_mode & 0o111
    path = {"PATH": f"{fake.parent}:/usr/bin:/bin"}
    subprocess.run([script], cwd=tmp_path, env=path, check=True)
    asked = (tmp_path / "asked.txt").read_text(encoding="utf-8").splitlines()
    wanted = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in wanted if line not in asked] == [
        line for line in wanted if line.startswith("torch==")
    ]
    assert "--editable ." in (tmp_path / "log.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def configured(tmp_path_factory):
    """A small book whose addresses are configured."""
    folder = copy_book(tmp_path_factory.mktemp("configured"))
    (folder / "_toc.yml").write_text(
        "format: jb-book\nroot: book/intro\nchapters:\n- file: book/sizes/one\n", encoding="utf-8"
    )
    (folder / "book" / "intro.md").write_text("# Intro\n\nA page.\n", encoding="utf-8")
    cells = [nbformat.v4.new_markdown_cell("# One\n\nThe [start](../intro) of a chapter, told.")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, folder / "book" / "sizes" / "one.ipynb")
    config = (folder / "_config.yml").read_text(encoding="utf-8")
    config = config.replace(
        "  # baseurl: https://example.org/googlenet\n", "  baseurl: https://book.example.org/g/\n"
    )
    config = config.replace(
        "# repository: {url: https://github.com/OWNER/NAME, branch: main}",
        "repository: {url: https://github.com/someone/googlenet, branch: main}",
    )
    config = config.replace('jupyterhub_url: ""', "jupyterhub_url: https://hub.example.org")
    (folder / "_config.yml").write_text(config, encoding="utf-8")
    build = build_book(folder, folder)
    assert build.code == 0, build.log[-4000:]
    return build.html


@pytest.mark.xdist_group("configured")
def test_a_configured_repository_brings_launch_buttons(configured):
    page = (configured / "book" / "sizes" / "one.html").read_text(encoding="utf-8")
    page = page.replace("&amp;", "&")
    repository = "someone/googlenet"
    for address in (
        f"https://mybinder.org/v2/gh/{repository}/main?urlpath=lab/tree/book/sizes/one.ipynb",
        f"https://colab.research.google.com/github/{repository}/blob/gh-pages/_sources/book/sizes/one.ipynb",
        f"https://hub.example.org/hub/user-redirect/git-pull?repo=https%3A//github.com/{repository}"
        "&urlpath=lab/tree/googlenet/book/sizes/one.ipynb&branch=main",
    ):
        assert f'href="{address}"' in page, re.findall(r'href="(https[^"]*)"', page)


@pytest.mark.xdist_group("configured")
def test_a_configured_address_is_used(configured):
    page = (configured / "book" / "sizes" / "one.html").read_text(encoding="utf-8")
    for name, value in {
        "og:url": "https://book.example.org/g/book/sizes/one.html",
        "og:image": "https://book.example.org/g/_static/card.png",
    }.items():
        assert f'property="{name}" content="{value}"' in page
    text = (configured / "_sources" / "book" / "sizes" / "one.ipynb").read_text(encoding="utf-8")
    assert "](https://book.example.org/g/book/intro.html)" in text
    assert "@ https://book.example.org/g/_downloads/googlenet_edu.zip" in text


def test_without_an_address_the_book_names_none(site):
    """No button, no repository and no address that the book's makers would have to own."""
    for path in site.rglob("*.html"):
        page = path.read_text(encoding="utf-8")
        for word in (
            "mybinder.org",
            "colab.research",
            "executablebooks/jupyter-book",
            "OWNER",
            "git-pull",
        ):
            assert word not in page, f"{path.relative_to(site)} names {word}"
        assert "example.org/g" not in page
    assert (site / "_downloads" / "googlenet_edu.zip").is_file()
    assert Path(site / "_static" / "card.png").is_file()
