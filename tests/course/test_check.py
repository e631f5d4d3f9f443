"""The command that looks at an assignment before it is handed in, on damaged notebooks."""

import copy
import json
import os
import subprocess
import sys

import pytest

from googlenet_edu import check
from googlenet_edu.classroom import release

from .classroom import COURSE, SOLUTION, read, text_of

SOURCE = read(COURSE / "source" / "A1" / "A1.ipynb")
RELEASE = release.student_version(SOURCE)
SOLVED = copy.deepcopy(RELEASE)
for one, original in zip(SOLVED["cells"], SOURCE["cells"], strict=True):
    if "### BEGIN SOLUTION" in text_of(original):
        one["source"] = SOLUTION.sub("", text_of(original))


def cell(notebook, name):
    return next(one for one in notebook["cells"] if one["id"] == name)


def look(tmp_path, capsys, notebook, *words, name="A1.ipynb"):
    """Run the command; return (exit code, text). The file must stay as it is."""
    path = tmp_path / name
    data = notebook if type(notebook) is bytes else json.dumps(notebook).encode("utf-8")
    path.write_bytes(data)
    before = path.stat().st_mtime_ns
    code = check.main([str(path), *words])
    assert path.read_bytes() == data and path.stat().st_mtime_ns == before
    assert sorted(one.name for one in tmp_path.iterdir()) == [name]
    return code, capsys.readouterr().out


def test_a_solved_notebook(tmp_path, capsys):
    code, text = look(tmp_path, capsys, SOLVED)
    assert code == 0, text
    assert "18 of 18 points" in text and "6 points" in text
    assert "Nothing is missing" in text


def test_an_untouched_one(tmp_path, capsys):
    code, text = look(tmp_path, capsys, RELEASE)
    assert code == 1
    assert "Not written yet" in text and "(cell explain-drop)" in text
    assert "0 of 18 points" in text and "To put right" not in text


def test_a_wrong_answer_is_explained(tmp_path, capsys):
    notebook = copy.deepcopy(SOLVED)
    cell(notebook, "conv")["source"] = "def conv_size(n, k, s=1, p=0, d=1):\n    return (n + 2 * p - k) / s + 1\n"  # fmt: skip
    code, text = look(tmp_path, capsys, notebook)
    assert code == 1
    assert "`conv_size(28, 3, 1, 1)`  should be 28 (a whole number, int), but is 28.0" in text


def no_change(notebook):
    return notebook


def delete(notebook):
    notebook["cells"].remove(cell(notebook, "test-conv"))


def delete_answer(notebook):
    notebook["cells"].remove(cell(notebook, "pool"))


def duplicate(notebook):
    notebook["cells"].insert(5, copy.deepcopy(cell(notebook, "test-hand-strides")))


def duplicate_with_new_id(notebook):
    twin = copy.deepcopy(cell(notebook, "test-hand-strides"))
    notebook["cells"].insert(5, {**twin, "id": "another"})


def edit(notebook):
    cell(notebook, "test-conv")["source"] = "assert True"


def edit_text(notebook):
    cell(notebook, "conv-text")["source"] = "Nothing to do."


def retype(notebook):
    one = cell(notebook, "test-conv")
    one["cell_type"] = "markdown"
    del one["outputs"], one["execution_count"]


def retype_answer(notebook):
    cell(notebook, "pool")["cell_type"] = "raw"


def strip_all(notebook):
    for one in notebook["cells"]:
        one["metadata"] = {}


def strip_all_and_ids(notebook):
    for number, one in enumerate(notebook["cells"]):
        one["metadata"] = {}
        one["id"] = f"new{number}"


def strip_one(notebook):
    cell(notebook, "conv")["metadata"] = {}


def points(notebook):
    cell(notebook, "test-conv")["metadata"]["nbgrader"]["points"] = 50


def move(notebook):
    one = cell(notebook, "test-conv")
    notebook["cells"].remove(one)
    notebook["cells"].insert(1, one)


def kernel(notebook):
    notebook["metadata"]["kernelspec"] = {"name": "ir", "display_name": "R", "language": "R"}


def stub(notebook):
    one = cell(notebook, "conv")
    one["source"] += "\n    raise NotImplementedError()\n"


def empty_answer(notebook):
    cell(notebook, "explain-half")["source"] = "  \n"


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (delete, ["Deleted: the tests", "(cell test-conv)", "fresh copy"]),
        (delete_answer, ["Deleted: the cell for your code", "(cell pool)"]),
        (
            duplicate,
            ["Copied, so that it is there twice", "test-hand-strides", "delete the copies"],
        ),
        (duplicate_with_new_id, ["Copied", "test-hand-strides"]),
        (edit, ["Edited: the tests", "(cell test-conv)", "does not count"]),
        (edit_text, ["Edited: the text", "conv-text"]),
        (retype, ["Changed into a markdown cell: the tests", "choose Code in the toolbar"]),
        (retype_answer, ["Changed into a raw cell: the cell for your code"]),
        (strip_all, ["taken away the marks by which the cells are graded", "fresh copy"]),
        (strip_all_and_ids, ["taken away the marks"]),
        (strip_one, ["taken away the marks by which 1 cell is graded"]),
        (points, ["Points changed: the tests", "test-conv"]),
        (move, ["Not in its place: "]),
        (kernel, ["kernel 'ir'", "Python 3"]),
        (stub, ["`raise NotImplementedError()` is still there", "(cell conv)"]),
        (empty_answer, ["Not written yet", "explain-half"]),
    ],
)
def test_damage_is_named(tmp_path, capsys, damage, words):
    notebook = copy.deepcopy(SOLVED)
    damage(notebook)
    code, text = look(tmp_path, capsys, notebook, "--no-run")
    assert code == 1
    for word in words:
        assert word in text, text
    assert text.count("\n- ") <= 12, "one damage needs no long list"


def test_own_cells_are_welcome(tmp_path, capsys):
    notebook = copy.deepcopy(SOLVED)
    own = {"cell_type": "code", "id": "mine", "metadata": {}, "source": "1 + 1", "outputs": []}
    notebook["cells"].insert(3, own)
    for one in notebook["cells"]:  # what editors add
        one["metadata"]["collapsed"] = False
        one["source"] = text_of(one).replace("\n", "\r\n")
    code, text = look(tmp_path, capsys, notebook, "--no-run")
    assert code == 0, text


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b'{"cells": [', "is damaged near line 1"),
        (json.dumps(SOLVED).encode("utf-8")[:5000], "is damaged"),
        (json.dumps(SOLVED, ensure_ascii=False).encode("utf-16"), "not saved as UTF-8"),
        ("尺寸".encode("gbk"), "not saved as UTF-8"),
        (b"[1, 2]", "no notebook"),
        (b'{"nbformat": 3, "worksheets": []}', "notebook format 3"),
        (b'{"nbformat": 4, "metadata": {}, "cells": 7}', "without cells"),
        (b'{"nbformat": 4, "metadata": {}, "cells": []}', "has no cells"),
        (
            b'{"nbformat": 4, "metadata": {}, "cells": [{"cell_type": "code", "source": "1"}]}',
            "none of",
        ),
        (b"[" * 100_000, "is damaged"),
    ],
)
def test_a_file_that_is_no_assignment(tmp_path, capsys, data, words):
    code, text = look(tmp_path, capsys, data)
    assert code == 2 and words in text, text
    assert "Traceback" not in text


def test_another_name_or_another_assignment(tmp_path, capsys):
    code, text = look(tmp_path, capsys, SOLVED, "--no-run", name="A1 (1).ipynb")
    assert code == 1 and "Rename it to A1.ipynb" in text
    (tmp_path / "A1 (1).ipynb").unlink()
    code, text = look(tmp_path, capsys, SOLVED, "--no-run", name="A2.ipynb")
    assert code == 1 and "its cells are those of A1" in text


def test_a_file_that_is_not_there(tmp_path, capsys):
    (tmp_path / "A1.ipynb").write_text("{}", encoding="utf-8")
    assert check.main([str(tmp_path / "a1.txt")]) == 2
    assert "There are: A1.ipynb" in capsys.readouterr().out
    assert check.main([str(tmp_path)]) == 2
    assert "is a folder" in capsys.readouterr().out


def test_a_cell_that_never_ends_or_ends_everything(tmp_path, capsys):
    for source, words in (
        ("while True: pass", "longer than 2 seconds"),
        ("import os; os._exit(3)", "has ended"),
    ):
        notebook = copy.deepcopy(SOLVED)
        cell(notebook, "conv")["source"] = source
        code, text = look(tmp_path, capsys, notebook, "--seconds", "2")
        assert code == 1 and words in text, text
        assert "Traceback" not in text
        (tmp_path / "A1.ipynb").unlink()


def test_a_cell_that_fails_is_told(tmp_path, capsys):
    notebook = copy.deepcopy(SOLVED)
    cell(notebook, "conv")["source"] = "def conv_size(n, k:\n    pass"
    code, text = look(tmp_path, capsys, notebook)
    assert code == 1 and "the cell 'conv' stops with SyntaxError" in text


def test_an_import_of_the_answer_is_told(tmp_path, capsys):
    notebook = copy.deepcopy(SOLVED)
    for words in (
        "from googlenet_edu.sizes import conv_output_size",
        "import googlenet_edu as g; g.sizes",
    ):
        cell(notebook, "conv")["source"] = words
        code, text = look(tmp_path, capsys, notebook)
        assert (
            code == 1 and "the cell 'conv' imports a module of the book that is the answer" in text
        )
        (tmp_path / "A1.ipynb").unlink()


def test_a_console_that_knows_no_unicode(tmp_path):
    """On a GBK or ASCII console every line is printed, whatever the notebook holds."""
    notebook = copy.deepcopy(SOLVED)
    cell(notebook, "conv")["source"] = "raise ValueError('⌊112.5⌋ 尺寸 ✓')"
    path = tmp_path / "作业 1" / "A1.ipynb"
    path.parent.mkdir()
    path.write_text(json.dumps(notebook, ensure_ascii=False), encoding="utf-8")
    for encoding in ("ascii", "gbk", "utf-8"):
        run = subprocess.run(
            [sys.executable, "-m", "googlenet_edu.check", str(path)],
            env={**os.environ, "PYTHONUTF8": "0", "PYTHONIOENCODING": encoding},
            capture_output=True,
        )
        text = run.stdout.decode(encoding)
        assert run.returncode == 1 and "stops with ValueError" in text, run.stderr
        assert run.stderr == b""


def test_every_reader_has_what_it_needs():
    """The command imports nothing that only teachers install, and torch not before it must."""
    code = "import sys, googlenet_edu.check; print([m for m in ('nbgrader', 'nbformat', 'torch') if m in sys.modules])"  # fmt: skip
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8"
    )
    assert run.stdout.strip() == "[]"
