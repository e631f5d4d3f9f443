"""Helpers for the tests: build the book, and know its pages."""

import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("_config.yml", "_toc.yml", "book")
OPTIONS = ("-n", "-W", "--keep-going", "-q")


@dataclass
class Build:
    """What one build gave."""

    code: int  # the exit code of jupyter-book
    log: str
    html: Path  # the folder of the pages


def copy_book(folder):
    """Copy the book's sources into a folder, without what editors left; return the folder."""
    skip = shutil.ignore_patterns(".*", "__pycache__", "_build")
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=skip)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / name)
    return folder


def in_child(work, *arguments, folder=ROOT, environment=None):
    """Call `work` in a process of its own; return (exit code, what it printed).

    The process is split off from one that has read Sphinx and nbval already: half of the time of
    a small build, or of a chapter's run, is reading them.
    """
    server = multiprocessing.get_context("spawn" if os.name == "nt" else "forkserver")
    server.set_forkserver_preload(["jupyter_book.sphinx", "myst_nb.sphinx_ext", "nbval.plugin"])
    with tempfile.TemporaryDirectory() as place:
        log = Path(place) / "log"
        given = (work, arguments, folder, environment or dict(os.environ), log)
        child = server.Process(target=_child, args=given)
        child.start()
        child.join()
        return child.exitcode, log.read_text(encoding="utf-8", errors="replace")


def _child(work, arguments, folder, environment, log):
    with log.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.exit(work(*arguments))


def _jupyter_book(arguments):
    from jupyter_book.cli.main import main

    sys.argv[0] = "jupyter-book"
    main(arguments)


def build_book(source, output, fresh=False, **environment):
    """Build as `make book` does, every warning an error; environment adds to os.environ.

    `fresh` starts another Python for it, as a reader's command does.
    """
    arguments = ["build", str(source), "--path-output", str(output), *OPTIONS]
    environment = {**os.environ, "PYTHONUTF8": "1", **environment}
    if fresh:
        command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
        run = subprocess.run(
            [*command, *arguments], cwd=source, env=environment, stdin=subprocess.DEVNULL,
            capture_output=True, encoding="utf-8", errors="replace",
        )  # fmt: skip
        code, words = run.returncode, run.stdout + run.stderr
    else:
        code, words = in_child(_jupyter_book, arguments, folder=source, environment=environment)
    return Build(code, words, Path(output) / "_build" / "html")


def write_page(folder, text):
    """Make a book of one page out of a copy: only an introduction with this text."""
    (folder / "_toc.yml").write_text("format: jb-book\nroot: book/intro\n", encoding="utf-8")
    (folder / "book" / "intro.md").write_text(text, encoding="utf-8", newline="\n")


def pages():
    """Return every page of the table of contents, as addresses below the book's root."""

    def files(entry):
        if isinstance(entry, dict):
            for key, value in entry.items():
                if key in ("root", "file"):
                    yield f"{value}.html"
                else:
                    yield from files(value)
        elif isinstance(entry, list):
            for one in entry:
                yield from files(one)

    return list(files(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))))
