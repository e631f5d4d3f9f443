"""The package itself: lazy names, and an import that costs nothing."""

import ast
import inspect
import statistics
import subprocess
import sys

import pytest

import googlenet_edu

HEAVY = ("torch", "torchinfo", "numpy", "matplotlib", "ipywidgets", "anywidget")


def run(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=True
    )
    return done.stdout.split()


def test_import_needs_no_heavy_package():
    code = (
        "import sys, googlenet_edu, googlenet_edu.sizes, googlenet_edu.architecture; "
        f"print(*[m for m in {HEAVY!r} if m in sys.modules])"
    )
    assert run(code) == []


def test_ledger_needs_no_heavy_package():
    code = (
        "import sys; from googlenet_edu import ledger; ledger(224); "
        f"print(*[m for m in {HEAVY!r} if m in sys.modules])"
    )
    assert run(code) == []


def test_import_is_fast():
    code = (
        "import time; t = time.perf_counter(); import googlenet_edu; print(time.perf_counter() - t)"
    )
    seconds = [float(run(code)[0]) for _ in range(5)]
    assert statistics.median(seconds) < 0.05


@pytest.mark.parametrize("name", googlenet_edu.__all__)
def test_every_public_name_resolves(name):
    if name == "widgets":
        pytest.importorskip("anywidget")
    assert getattr(googlenet_edu, name) is not None
    assert name in dir(googlenet_edu)


def test_lazy_names_are_the_originals():
    from googlenet_edu.layers import AuxClf
    from googlenet_edu.model import GoogLeNet
    from googlenet_edu.sizes import conv_output_size

    assert googlenet_edu.GoogLeNet is GoogLeNet
    assert googlenet_edu.AuxClf is AuxClf
    assert googlenet_edu.conv_output_size is conv_output_size


def test_type_checkers_see_every_public_name():
    tree = ast.parse(inspect.getsource(googlenet_edu))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        (node.module or alias.name, alias.name)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    offered = googlenet_edu.PUBLIC
    modules = {(module, module) for module in offered}
    assert seen == modules | {(home, name) for home, names in offered.items() for name in names}


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'GoogleNet'"):
        googlenet_edu.GoogleNet  # noqa: B018


def test_star_import_brings_the_public_names():
    assert run("from googlenet_edu import *; print(GoogLeNet.__name__, ledger.__name__)") == [
        "GoogLeNet",
        "ledger",
    ]
