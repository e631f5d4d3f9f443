"""Build the book into _build/html: whole, or not at all.

    python book/_tools/build_book.py            in the project's folder
    python book/_tools/build_book.py FOLDER     another folder with _config.yml and _toc.yml
    python book/_tools/build_book.py --output X into X/_build/html

Every build starts clean, in a folder of its own, and any warning is an error. Only a finished book
takes the place of the old one. So a build that fails or is interrupted leaves the old book as it
was, two builds at once do not disturb each other, and no page is left over from an earlier book.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
JUPYTER_BOOK = "from jupyter_book.cli.main import main; main()"
OPTIONS = ("-n", "-W", "--keep-going", "-q")
THEME = re.compile(r"The theme \(\S+\) is not what the book expects: .*")
ABANDONED = 3600  # seconds; no build takes so long, so its folder is nobody's


def build(source, target):
    """Build the book of a folder into `target`/_build/html; return the exit code."""
    command = [sys.executable, "-c", JUPYTER_BOOK, "build", str(source)]
    run = subprocess.run(
        [*command, "--path-output", str(target), *OPTIONS],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, "PYTHONUTF8": "1"},
    )
    if run.returncode:
        theme = THEME.search(run.stdout)  # said by book/_ext/finishing.py; no traceback is needed
        said = f"{theme[0]}\n" if theme else run.stdout
        sys.stdout.write(said.encode("ascii", "backslashreplace").decode("ascii"))
    return run.returncode


def put(new, place):
    """Move a finished book to its place; the old one goes with the temporary folder."""
    for attempt in range(50):
        try:
            if place.exists():
                place.rename(new.parent / f"old-{attempt}")
            new.rename(place)
            return
        except OSError:  # another build was faster, or a program still reads the old book
            time.sleep(0.1)
    raise SystemExit(
        f"{place} cannot be replaced: close what has its files open, then build again. The new "
        f"book is in {new}."
    )


def clear(folder):
    """Remove what builds left that were killed."""
    for left in folder.glob("new-*"):
        if time.time() - left.stat().st_mtime > ABANDONED:
            shutil.rmtree(left, ignore_errors=True)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT)
    parser.add_argument("--output", type=Path, help="folder for _build; the book's own without")
    options = parser.parse_args(arguments)
    source = options.folder.resolve()
    home = (options.output or source).resolve() / "_build"
    try:
        home.mkdir(parents=True, exist_ok=True)
        clear(home)
        work = Path(tempfile.mkdtemp(prefix="new-", dir=home))
    except PermissionError:
        sys.exit(
            f"{home} cannot be written. To build somewhere else: jupyter-book build "
            f'"{source}" --path-output FOLDER -n -W --keep-going'
        )
    work.chmod(0o755)  # a web server may read it
    try:
        if code := build(source, work):
            old = "The book that was there is unchanged." if (home / "html").exists() else ""
            print(f"The build failed, exit code {code}. {old}", file=sys.stderr)
            return code
        put(work / "_build" / "html", home / "html")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    try:
        shown = (home / "html").relative_to(Path.cwd())
    except ValueError:
        shown = home / "html"
    print(f"The book is in {(shown / 'index.html').as_posix()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
