"""The notebooks in a real kernel, as a student runs them: tests pass, or say in one line what to do."""

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from .classroom import COURSE, SOLUTION

pytestmark = pytest.mark.xdist_group("answers")


def notebook(name):
    path = COURSE / "source" / name / f"{name}.ipynb"
    found = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    for cell in found.cells:
        cell.source = SOLUTION.sub("", cell.source)
    return found


@pytest.mark.parametrize("name", ["A1", "A2", "A3", "A4", "A5"])
def test_every_cell_of_the_solution_runs(name, tmp_path):
    found = notebook(name)
    NotebookClient(
        found, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    for cell in found.cells:
        if cell.metadata.nbgrader.grade and cell.cell_type == "code":
            assert cell.outputs == [], cell.id
    assert list(tmp_path.iterdir()) == []


def test_a_failed_test_is_one_line(tmp_path):
    found = notebook("A1")
    cells = {cell.id: cell for cell in found.cells}
    cells["conv"].source = cells["conv"].source.replace("room // s", "room / s")
    found.cells = [cells["conv"], cells["test-conv"]]
    client = NotebookClient(found, timeout=120, kernel_name="python3")
    with pytest.raises(CellExecutionError):
        client.execute()
    (output,) = found.cells[1].outputs
    assert output.ename == "Wrong"
    assert output.traceback == [
        "Not yet: `conv_size(28, 3, 1, 1)`  should be 28 (a whole number, int), but is 28.0 "
        "(a decimal number, float). A 3 x 3 kernel with padding 1 keeps the size."
    ]
