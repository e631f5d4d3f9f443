"""The room a student's code runs in: bubblewrap in front of the worker, and a watch over both.

In the room there is no network, one folder that can be written (in memory, gone afterwards), the
system's and Python's own files to read, and no process of anybody else. `Watch` ends everything
that takes too much time, memory or too many processes. Chapter: book/classroom/teaching.
"""

import functools
import json
import os
import shutil
import site
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

import googlenet_edu

__all__ = ["Limits", "SandboxMissing", "Watch", "environment", "prefix", "trouble"]

PACKAGE = Path(googlenet_edu.__file__).resolve().parent
SCRATCH = "/scratch"
MOST_FILES = 200
KEPT = ("OPENBLAS_", "LC_ALL", "LANG", "TZ")


class SandboxMissing(RuntimeError):
    """The students' code cannot be run in isolation here; the text says what to do."""


@dataclass(frozen=True)
class Limits:
    """What one submission may take.

    seconds: for one cell or one question; total_seconds: for the whole submission;
    memory_mb: all its processes together; file_mb: one file; scratch_mb: all its files.
    """

    seconds: int = 30
    total_seconds: int = 300
    memory_mb: int = 2048
    processes: int = 48
    file_mb: int = 32
    scratch_mb: int = 128


@functools.lru_cache(maxsize=1)
def trouble() -> str:
    """Return "" when bubblewrap works on this machine, else a sentence that says why not."""
    if not sys.platform.startswith("linux"):
        return f"bubblewrap runs on Linux only; this is {sys.platform}."
    if not shutil.which("bwrap"):
        return "bubblewrap is not installed (on Debian and Ubuntu: apt install bubblewrap)."
    program = ["import resource, json"]
    try:
        done = subprocess.run(
            [*prefix(None), sys.executable, "-S", "-c", ";".join(program)],
            capture_output=True,
            timeout=60,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap could not be started: {error}"
    if done.returncode:
        return f"bubblewrap does not work here: {done.stderr.strip()[:300] or done.returncode}"
    return ""


@functools.lru_cache(maxsize=1)
def _options():
    told = subprocess.run(["bwrap", "--help"], capture_output=True, check=False)
    return (told.stdout + told.stderr).decode("utf-8", "replace")


def prefix(
    folder: str | Path | None,
    *,
    limits: Limits | None = None,
    withheld: Sequence[str] = (),
    hide: Sequence[str] = (),
) -> list[str]:
    """Return the words that go before the worker's command.

    folder: its files, notebooks aside, lie in the room's working folder, read-only (None: none).
    withheld: modules of this package whose files the room shows empty and unreadable.
    hide: folders that must stay out even where they lie inside Python's own folders.
    """
    limits = limits or Limits()
    words = ["bwrap", "--unshare-all", "--unshare-user", "--uid", "1000", "--gid", "1000"]
    words += ["--cap-drop", "ALL", "--die-with-parent", "--new-session", "--hostname", "room"]
    if "--disable-userns" in _options():
        words += ["--disable-userns"]
    words += ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        top = Path("/", name)
        if top.is_symlink():
            words += ["--symlink", os.readlink(top), str(top)]
        elif top.is_dir():
            words += ["--ro-bind", str(top), str(top)]
    for name in ("ld.so.cache", "alternatives", "localtime", "fonts"):
        words += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    for place in _python_folders():
        words += ["--ro-bind", place, place]
    for place in hide:
        if any(Path(place).is_relative_to(shown) for shown in ["/usr", *_python_folders()]):
            words += ["--tmpfs", str(place)]
    words += ["--ro-bind", str(PACKAGE), str(PACKAGE)]
    for path in _files_of(withheld):
        words += ["--ro-bind", os.devnull, str(path)]
    sized = "--size" in _options()
    words += ["--proc", "/proc", "--dev", "/dev"]
    words += [*(("--size", "16000000") if sized else ()), "--tmpfs", "/dev/shm"]
    words += [*(("--size", str(limits.scratch_mb * 1_000_000)) if sized else ())]
    words += ["--tmpfs", SCRATCH, "--dir", f"{SCRATCH}/tmp", "--dir", f"{SCRATCH}/home"]
    for path, inside in _shown(folder):
        words += ["--ro-bind", path, f"{SCRATCH}/{inside}"]
    words += ["--chdir", SCRATCH]
    # For a grader that is root, /proc would hold the kernel's settings, to be written.
    for place in ("/proc", "/dev", "/"):
        words += ["--remount-ro", place]
    return [*words, "--"]


def _python_folders():
    places = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    if site.ENABLE_USER_SITE:
        places.add(site.getusersitepackages())
    places = {os.path.realpath(place) for place in places} | places
    return sorted(place for place in places if os.path.isdir(place) and place != "/usr")


def _files_of(modules):
    for name in modules:
        spec = find_spec(name)
        if spec is None or not spec.origin:
            continue
        path = Path(spec.origin)
        files = path.parent.rglob("*") if spec.submodule_search_locations else [path]
        for file in files:
            if file.is_file():
                yield file
        if not spec.submodule_search_locations:
            yield from path.parent.glob(f"__pycache__/{path.stem}.*.pyc")


def _shown(folder):
    if folder is None:
        return
    count = 0
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            path = os.path.join(parent, name)
            if name.endswith(".ipynb") or name.startswith(".") or os.path.islink(path):
                continue  # the notebook that is being graded holds the hidden tests
            count += 1
            if count <= MOST_FILES and os.path.isfile(path):
                yield path, os.path.relpath(path, folder)


def environment(limits: Limits, *, isolated: bool = True) -> dict[str, str]:
    """Return the environment of the worker, with the limits that it puts upon itself."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(KEPT)}
    home = f"{SCRATCH}/home" if isolated else os.environ.get("HOME", "")
    return kept | {
        "PATH": "/usr/bin:/bin" if isolated else os.environ.get("PATH", ""),
        "HOME": home,
        "USER": "student",
        **({"TMPDIR": f"{SCRATCH}/tmp", "MPLCONFIGDIR": f"{SCRATCH}/tmp"} if isolated else {}),
        **({} if os.name == "posix" else {"SYSTEMROOT": os.environ.get("SYSTEMROOT", "")}),
        "PYTHONPATH": str(PACKAGE.parent),
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": "1",
        "GOOGLENET_EDU_LIMITS": json.dumps(asdict(limits)),
    }


class Watch(threading.Thread):
    """Ends a process and all its children when they take too much together; `why` says what."""

    def __init__(self, process: subprocess.Popen, limits: Limits) -> None:
        super().__init__(daemon=True)
        self.process, self.limits = process, limits
        self.why, self.peak_mb = "", 0
        self.done = threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *problem):
        self.done.set()
        self.join()

    def run(self) -> None:
        end = time.monotonic() + self.limits.total_seconds
        while not self.done.wait(0.1):
            count, memory = self._taken()
            self.peak_mb = max(self.peak_mb, memory)
            if time.monotonic() > end:
                self.why = f"it took longer than {self.limits.total_seconds} seconds in all."
            elif count > self.limits.processes:
                self.why = f"it started more than {self.limits.processes} processes."
            elif memory > self.limits.memory_mb:
                self.why = f"it took more than {self.limits.memory_mb:,} MB of memory."
            if self.why:
                self.process.kill()  # bubblewrap takes all that runs in the room with it
                return

    def _taken(self):
        import psutil

        try:
            top = psutil.Process(self.process.pid)
            family = [top, *top.children(recursive=True)]
        except psutil.Error:
            return 0, 0
        memory = 0
        for one in family[: 2 * self.limits.processes]:
            try:
                memory += one.memory_info().rss
            except psutil.Error:
                pass
        return len(family), memory // 1_000_000
