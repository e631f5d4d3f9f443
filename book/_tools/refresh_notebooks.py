"""Run the book's notebooks and store their outputs, always in the same form.

    python book/_tools/refresh_notebooks.py            run all, write what changed
    python book/_tools/refresh_notebooks.py --check    run all, write nothing, exit 1 on a change
    python book/_tools/refresh_notebooks.py PATH ...   only these
    python book/_tools/refresh_notebooks.py --form     run nothing; only store each in its form
    python book/_tools/refresh_notebooks.py --measured PATH ...   measured outputs anew as well

A cell tagged nbval-ignore-output, whose output cannot repeat, is run too but keeps the output it
has unless its source changed; --measured stores the new one. What depends on the run is left out:
widget views and states, times, the kernel's version.
"""

import argparse
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

BOOK = Path(__file__).resolve().parents[1]
VIEW = "application/vnd.jupyter.widget-view+json"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def chapters():
    """Return the book's notebooks; the classroom has sources of its own."""
    return [
        path
        for path in sorted(BOOK.rglob("*.ipynb"))
        if not {".ipynb_checkpoints", "classroom", "_build"} & set(path.parts)
    ]


def normalize(notebook):
    """Strip a notebook of what another run would write differently. Changes it in place."""
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    count = 0
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        if cell.cell_type != "code":
            continue
        count += 1
        cell.execution_count = count
        kept = []
        for output in cell.outputs:
            if "data" in output:
                output.data.pop(VIEW, None)
                output.metadata = nbformat.from_dict({})
            if output.output_type == "execute_result":
                output.execution_count = count
            # One stream's lines may arrive in several pieces.
            same = kept and output.output_type == "stream" == kept[-1].output_type
            if same and kept[-1].name == output.name:
                kept[-1].text += output.text
            else:
                kept.append(output)
        cell.outputs = kept
    return notebook


def to_text(notebook):
    """Return the notebook as the text that is stored."""
    return nbformat.writes(notebook, version=4).rstrip("\n") + "\n"


LOOSE = "nbval-ignore-output"


def keep_loose(notebook, stored):
    """Take over the stored outputs of cells whose output cannot repeat: times, trained numbers.

    The cells have run, and assert their claim; only what they print differs from run to run. A
    cell whose source changed, or that had no output yet, keeps the new one.
    """
    old = {cell.id: cell for cell in stored.cells if cell.cell_type == "code"}
    for cell in notebook.cells:
        before = old.get(cell.id)
        if LOOSE in cell.metadata.get("tags", []) and before and before.outputs:
            if before.source == cell.source:
                cell.outputs = before.outputs


class StaticClient(NotebookClient):
    """Runs a notebook as a host without widgets does.

    What a function behind a slider shows at the start is then an output of its cell, which readers
    without a kernel see and nbval compares; it does not vanish in a widget's state.
    """

    def handle_comm_msg(self, *arguments):
        pass

    def clear_output(self, *arguments):
        pass


def refresh(path, measured=False):
    """Return (stored text, text after a run); raises when a cell fails.

    measured: store new outputs also where they cannot repeat.
    """
    before = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(before, as_version=4)
    client = StaticClient(
        notebook,
        timeout=600,  # a training cell on a busy machine
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute()
    if not measured:
        keep_loose(notebook, nbformat.reads(before, as_version=4))
    return before, to_text(normalize(notebook))


def tidy(path):
    """Return (stored text, text in the form that is stored); runs nothing."""
    before = path.read_text(encoding="utf-8")
    return before, to_text(normalize(nbformat.reads(before, as_version=4)))


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="*", type=Path, help="notebooks (default: the whole book)")
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 on a change")
    parser.add_argument("--form", action="store_true", help="run nothing, exit 1 on a change")
    parser.add_argument("--measured", action="store_true", help="store new measured outputs too")
    options = parser.parse_args(arguments)
    changed = []
    for path in options.paths or chapters():
        before, after = tidy(path) if options.form else refresh(path, options.measured)
        if before != after:
            changed.append(path)
            if not options.check:
                path.write_text(after, encoding="utf-8", newline="\n")
        print(f"{'changed' if before != after else 'same   '}  {path}")
    return 1 if (options.check or options.form) and changed else 0


if __name__ == "__main__":
    sys.exit(main())
