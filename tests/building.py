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


def build_book(source, output, fresh=False, **environment):
    """Build as `make book` does, every warning an error; environment adds to os.environ.

    Each build has a process of its own, split off from one that has read Sphinx already: half of a
    small build's time. `fresh` starts another Python, as a reader's command does.
    """
    arguments = ["build", str(source), "--path-output", str(output), *OPTIONS]
    environment = {**os.environ, "PYTHONUTF8": "1", **environment}
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        if fresh:
            command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
            with log.open("wb") as file:
                code = subprocess.run(
                    [*command, *arguments], cwd=source, env=environment,
                    stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                ).returncode  # fmt: skip
        else:
            server = multiprocessing.get_context("spawn" if os.name == "nt" else "forkserver")
            server.set_forkserver_preload(["jupyter_book.sphinx", "myst_nb.sphinx_ext"])
            child = server.Process(target=_build, args=(source, arguments, environment, log))
            child.start()
            child.join()
            code = child.exitcode
        words = log.read_text(encoding="utf-8", errors="replace")
    return Build(code, words, Path(output) / "_build" / "html")


def _build(source, arguments, environment, log):
    with log.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(source)
    sys.argv[0] = "jupyter-book"
    from jupyter_book.cli.main import main

    main(arguments)


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
