"""The student's process: runs a notebook's cells and answers questions about what they defined.

    python -P -m googlenet_edu.classroom.worker [withheld module ...]

Reads one JSON object a line from standard input and writes one a line to standard output:
{"id", "do": "run", "source"} and {"id", "do": "ask", "code", "inputs"}. What cells print is caught
and cut. Only `session.Student` starts it. Chapter: book/classroom/index.
"""

import io
import json
import os
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


def main(withheld):
    """Serve until standard input ends."""
    commands = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)  # what a student's program writes there goes nowhere
    os.environ.setdefault("MPLBACKEND", "Agg")
    sys.modules.update({name: None for name in withheld})
    from IPython.core.interactiveshell import InteractiveShell

    from .testing import answer_in

    shell = InteractiveShell.instance(colors="nocolor")
    shell.history_manager.enabled = False
    stdout, stderr = Capture(), Capture()
    dumps, loads = json.dumps, json.loads
    for line in commands:
        command = loads(line)
        if command["do"] == "run":
            reply = _run(shell, command["source"], stdout, stderr)
        else:
            sys.stdout, sys.stderr = stdout, stderr
            try:
                answer = answer_in(shell.user_ns, command["code"], command["inputs"])
            except BaseException as problem:  # SystemExit and its like
                told = _plain(problem)
                name = told["name"]
                answer = {"kind": "error", "type": name, "kinds": [name], "text": told["text"]}
            stdout.take(), stderr.take()
            reply = {"answer": answer}
        replies.write(dumps({"id": command["id"], **reply}).encode("ascii") + b"\n")
        replies.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
