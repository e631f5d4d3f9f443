"""Helpers for the tests: build the book, and know its pages."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("_config.yml", "_toc.yml", "book")


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


def build_book(source, output, **environment):
    """Build as `make book` does, every warning an error; environment adds to os.environ."""
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
    command += ["build", str(source), "--path-output", str(output)]
    command += ["-n", "-W", "--keep-going", "-q"]
    run = subprocess.run(
        command,
        cwd=source,
        env={**os.environ, "PYTHONUTF8": "1", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    return Build(run.returncode, run.stdout + run.stderr, Path(output) / "_build" / "html")


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
