"""The grader's end of a student's process.

    with Student(folder) as student:
        student.run("def half(n): return n // 2")
        testing.connect(student.ask)

Nothing of the student's is imported, unpickled or executed here. Chapter: book/classroom/index.
"""

import json
import os
import queue
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["Ended", "Student"]

LONGEST_LINE = 100_000_000
GRACE = 3  # seconds that the worker has to stop by itself
START = 90  # seconds for Python and IPython to start, on a busy machine too


class Ended(Exception):
    """The student's process gave no (readable) reply; the text says why."""


class Student:
    """A process that runs a student's cells.

    folder: its working directory. withheld: modules it may not import. seconds: for one cell or one
    question. prefix: a sandbox's command, put in front of the worker's. environment: its variables,
    in place of the grader's own.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        withheld: Sequence[str] = (),
        seconds: float = 30,
        prefix: Sequence[str] = (),
        environment: dict[str, str] | None = None,
    ) -> None:
        self.seconds, self.ended, self.answered = seconds, None, False
        command = [*prefix, sys.executable, "-P", "-m", "googlenet_edu.classroom.worker"]
        environment = dict(os.environ) if environment is None else dict(environment)
        environment.update(PYTHONUTF8="1", PYTHONDONTWRITEBYTECODE="1")
        self.process = subprocess.Popen(
            [*command, *withheld],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=os.name == "posix",
        )
        assert self.process.stdin and self.process.stdout
        self.orders, self.answers = self.process.stdin, self.process.stdout
        self.lines = queue.Queue(2)  # more waits in the pipe, and the student's process with it
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.close()

    def _read(self):
        try:
            while line := self.answers.readline(LONGEST_LINE):
                self.lines.put(line)
        except (OSError, ValueError):
            pass
        self.lines.put(None)

    def _request(self, **command):
        if self.ended:
            raise Ended(self.ended)
        number = secrets.token_hex(8)
        try:
            text = json.dumps({"id": number, **command})
            self.orders.write(text.encode("ascii") + b"\n")
            self.orders.flush()
        except OSError:
            self._end("the notebook's process has ended before this point.")
        deadline = time.monotonic() + self.seconds + (GRACE if self.answered else START)
        while True:
            try:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise queue.Empty
                line = self.lines.get(timeout=left)
            except queue.Empty:
                self._end(f"it took longer than {self.seconds} seconds.")
            if line is None:
                self._end("the notebook's process has ended.")
            try:
                reply = json.loads(line)
                if type(reply) is dict and reply.get("id") == number:
                    self.answered = True
                    return reply
            except (ValueError, RecursionError):
                pass  # not written by the worker: go on reading until the time is over

    def _end(self, why):
        self.ended = why
        self.close()
        raise Ended(why)

    def run(self, source: str) -> dict[str, Any]:
        """Run one cell; return {"ok", "error", "stdout", "stderr"}. Raises Ended."""
        return self._request(do="run", source=source)

    def ask(self, code: str, inputs: dict[str, Any]) -> Any:
        """Answer as `testing.connect` wants it; a process that has ended gives an error answer."""
        try:
            return self._request(do="ask", code=code, inputs=inputs).get("answer")
        except Ended as error:
            return {"kind": "error", "type": "Ended", "kinds": ["Ended"], "text": str(error)}

    def close(self) -> None:
        """End the process and everything that it started."""
        if os.name == "posix":
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass
        self.process.kill()
        self.process.wait()
        for stream in (self.orders, self.answers):
            try:
                stream.close()
            except OSError:
                pass
