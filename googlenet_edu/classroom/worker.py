"""The student's process: runs a notebook's cells and answers questions about what they defined.

    python -P -m googlenet_edu.classroom.worker [withheld module ...]

Reads one JSON object a line from standard input and writes one a line to standard output:
{"id", "do": "run", "source"} and {"id", "do": "ask", "code", "inputs"}. What cells print is caught
and cut. Only `session.Student` starts it. Chapter: book/classroom/index.
"""

import io
import json
import os
import signal
import sys

__all__ = ["main"]

MOST_PRINTED = 20_000


class Capture(io.TextIOBase):
    """A text stream that keeps its beginning and counts the rest."""

    encoding = "utf-8"

    def __init__(self):
        self.parts, self.room, self.cut = [], MOST_PRINTED, 0

    def writable(self):
        return True

    def write(self, text):
        kept = text[: self.room]
        if kept:
            self.parts.append(kept)
        self.room -= len(kept)
        self.cut += len(text) - len(kept)
        return len(text)

    def take(self):
        text = "".join(self.parts)
        if self.cut:
            text += f"\n[{self.cut:,} more characters are left out]\n"
        self.parts, self.room, self.cut = [], MOST_PRINTED, 0
        return text


class TimeIsUp(BaseException):
    """Raised inside a cell or an answer that takes too long."""


def _stop(number, frame):
    raise TimeIsUp(f"it took longer than {LIMITS.get('seconds', 0)} seconds")


LIMITS = json.loads(os.environ.get("GOOGLENET_EDU_LIMITS", "{}"))


def _limit_yourself():
    """Give up for good what the limits do not allow, before the first of a student's lines."""
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, _stop)
    try:
        import resource
    except ImportError:  # Windows
        return
    mega = 1_000_000
    for name, most in (
        ("RLIMIT_DATA", LIMITS.get("memory_mb", 0) * mega),
        ("RLIMIT_AS", LIMITS.get("memory_mb", 0) * mega + 4_000 * mega),
        ("RLIMIT_FSIZE", LIMITS.get("file_mb", 0) * mega),
        ("RLIMIT_CPU", LIMITS.get("total_seconds", 0)),
        ("RLIMIT_NPROC", LIMITS.get("processes", 0) * 8),  # counts threads too
        ("RLIMIT_NOFILE", 512 if LIMITS else 0),
    ):
        if most and hasattr(resource, name):
            kind = getattr(resource, name)
            hard = resource.getrlimit(kind)[1]
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            try:
                resource.setrlimit(kind, (most, most))
            except (ValueError, OSError):
                pass  # macOS refuses some
    if LIMITS:
        os.nice(5)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a file too large is an OSError


def _timer(seconds):
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _plain(error):
    try:
        text = str(error)[:2000]
    except Exception:
        text = ""
    return {"name": str(type(error).__name__)[:100], "text": text}


def _run(shell, source, stdout, stderr):
    sys.stdout, sys.stderr = stdout, stderr
    try:
        result = shell.run_cell(source, store_history=False)
        error = result.error_before_exec or result.error_in_exec
        reply = {"ok": error is None, "error": None if error is None else _plain(error)}
    except BaseException as problem:  # a student's hook in the shell itself
        reply = {"ok": False, "error": _plain(problem)}
    return {**reply, "stdout": stdout.take(), "stderr": stderr.take()}


def _error(told):
    return {"kind": "error", "type": told["name"], "kinds": [told["name"]], "text": told["text"]}


def _answer(shell, command, answer_in):
    try:
        return answer_in(shell.user_ns, command["code"], command["inputs"])
    except BaseException as problem:  # SystemExit and its like
        return _error(_plain(problem))


def main(withheld: list[str]) -> None:
    """Serve until standard input ends."""
    commands = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)  # what a student's program writes there goes nowhere
    os.environ.setdefault("MPLBACKEND", "Agg")
    sys.modules.update(dict.fromkeys(withheld))  # pyright: ignore
    from IPython.core.interactiveshell import InteractiveShell

    from .testing import answer_in

    _limit_yourself()
    # Modules that a student hands in come last: they shadow nothing.
    sys.path.append(os.getcwd())
    shell = InteractiveShell.instance(colors="nocolor")
    shell.history_manager.enabled = False  # pyright: ignore[reportOptionalMemberAccess]
    stdout, stderr = Capture(), Capture()
    dumps, loads = json.dumps, json.loads
    for line in commands:
        command = loads(line)
        try:
            _timer(LIMITS.get("seconds", 0))
            if command["do"] == "run":
                reply = _run(shell, command["source"], stdout, stderr)
            else:
                sys.stdout, sys.stderr = stdout, stderr
                reply = {"answer": _answer(shell, command, answer_in)}
                stdout.take(), stderr.take()
            _timer(0)
        except TimeIsUp as late:  # in the last moment, between the student's code and here
            told = _plain(late)
            reply = {"ok": False, "error": told, "answer": _error(told), "stdout": "", "stderr": ""}
        replies.write(dumps({"id": command["id"], **reply}).encode("ascii") + b"\n")
        replies.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
