"""The widgets' Python side: traits, results, messages, static form, bundle."""

import html
import json
import re
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter, SlidesExporter
from traitlets import TraitError

from googlenet_edu.sizes import SizeError, conv_output_size, pool_output_size
from googlenet_edu.widgets import WIDGETS, ConvSize, PoolSize, bundle


def test_results_follow_the_settings():
    widget = ConvSize(size=224, kernel_size=7, stride=2, padding=3)
    assert (widget.out, widget.error) == (112, "")
    widget.stride = 1
    assert widget.out == conv_output_size(224, 7, 1, 3) == 224
    widget.padding = "same"
    assert widget.out == 224
    widget.padding = "valid"
    assert widget.out == 218
    assert ("output size", "217 + 1 = 218") in [tuple(step) for step in widget.steps]


def test_an_impossible_combination_is_explained_not_thrown():
    widget = ConvSize(size=5, kernel_size=7, padding=0)
    assert widget.out is None
    assert "spans 7 cells" in widget.error
    with pytest.raises(SizeError) as caught:
        conv_output_size(5, 7, 2)
    assert widget.error == str(caught.value)
    widget.size = 7
    assert widget.out == 1 and widget.error == ""


def test_an_illegal_value_raises_the_sizes_message():
    widget = PoolSize()
    for name, value in (
        ("stride", 0), ("kernel_size", 2.0), ("size", "112"), ("padding", None), ("dilation", -1),
        ("kernel_size", True), ("padding", "same"),
    ):  # fmt: skip
        before = widget.state
        with pytest.raises(SizeError) as caught:
            setattr(widget, name, value)
        if name != "padding":
            arguments = {"size": 112, "kernel_size": 3, name: value}
            size = arguments.pop("size")
            with pytest.raises(SizeError) as expected:
                pool_output_size(size, **arguments)
            assert str(caught.value) == str(expected.value)
        assert widget.state == before
    with pytest.raises(SizeError, match="'valid' or 'same', but got 'SAME'"):
        ConvSize(padding="SAME")
    with pytest.raises(SizeError, match="more than a browser holds exactly"):
        ConvSize(size=2**53)
    with pytest.raises(SizeError, match="ceil_mode must be True or False"):
        widget.ceil_mode = 1
    with pytest.raises(SizeError, match="kind must be one of 'max', 'avg', but got 'min'"):
        widget.kind = "min"
    with pytest.raises(TypeError, match="no setting 'kernel'.*kernel_size"):
        ConvSize(kernel=3)


def test_results_cannot_be_set():
    with pytest.raises(TraitError):
        ConvSize().out = 5


def test_average_pooling_ignores_dilation():
    widget = PoolSize(dilation=2, kind="avg")
    assert widget.out == pool_output_size(112, 3, 2, ceil_mode=True, kind="avg")


@pytest.mark.parametrize("widget", [ConvSize(), PoolSize(), PoolSize(kind="avg", padding=1)])
def test_displayed_form(widget):
    data, _ = widget._repr_mimebundle_()
    assert data["text/plain"] == repr(widget)
    assert " at 0x" not in data["text/plain"]
    assert "application/vnd.jupyter.widget-view+json" in data
    text = data["text/html"]
    assert f"becomes {widget.out} × {widget.out}" in text
    state = json.loads(html.unescape(re.search(r'data-gn-state="([^"]*)"', text).group(1)))
    assert state == widget.state
    assert "torch.nn." in text and "<svg" in text and "<script" not in text
    assert eval(repr(widget), {"ConvSize": ConvSize, "PoolSize": PoolSize}).state == widget.state


def test_the_code_line_gives_the_same_size_in_torch():
    import torch

    for widget in (ConvSize(), ConvSize(padding="same", stride=1), ConvSize(dilation=3),
                   PoolSize(), PoolSize(kind="avg", padding=1, count_include_pad=False)):  # fmt: skip
        line = html.unescape(
            re.findall(r"<code>(torch\.nn\.[^<]*)</code>", widget.static_html())[0]
        )
        layer = eval(line, {"torch": torch})
        channels = 3
        assert layer(torch.zeros(1, channels, widget.size, widget.size)).shape[-1] == widget.out


def test_an_error_has_a_static_form_too():
    text = ConvSize(size=5, kernel_size=7, padding=0).static_html()
    assert "PyTorch refuses this: the kernel spans 7 cells" in text


def test_the_bundle_is_small_classic_and_offline():
    script, sheet = bundle.book_script(), bundle.book_css()
    # All widgets together; the usual widget manager needs 3.6 MB.
    assert len(script.encode("utf-8")) + len(sheet.encode("utf-8")) < 121_500
    assert not re.search(r"^\s*(import|export)\b", script, re.M)
    assert not re.search(r"https?://", script + sheet)
    for name in WIDGETS:
        assert bundle.module_for(name).count("export default") == 1


def test_importing_the_package_loads_neither_torch_nor_widgets():
    code = (
        "import sys, googlenet_edu, googlenet_edu.widgets;"
        "bad = {'torch', 'anywidget', 'ipywidgets', 'matplotlib'} & set(sys.modules);"
        "assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_preset_is_a_layer_that_torch_accepts_or_a_named_trap():
    from googlenet_edu.widgets.python.presets import network_presets

    for kind, function in (("conv", conv_output_size), ("pool", pool_output_size)):
        presets = network_presets()[kind]
        labels = [preset["label"] for preset in presets]
        assert len(set(labels)) == len(labels)
        for preset in presets:
            if preset["group"] != "Traps":
                assert function(**preset["state"]) >= 1
    conv = {p["label"]: p["state"] for p in network_presets()["conv"]}
    assert {"conv1", "conv2", "conv3", "3a 3×3", "5b 5×5"} <= set(conv)
    assert conv["4a 5×5"]["size"] == 14 and conv["5b 3×3"]["size"] == 7


def test_a_mistyped_setting_is_an_error():
    widget = ConvSize()
    with pytest.raises(AttributeError, match="no setting 'sise': it has size, kernel_size"):
        widget.sise = 3
    assert widget.state == ConvSize().state


def test_a_notebook_run_by_a_command_stores_the_static_form_alone():
    """nbconvert --execute shows a widget view as nothing; nobody is there to move a slider."""
    source = "from googlenet_edu.widgets import ConvSize, Quiz\nConvSize()"
    cells = [nbformat.v4.new_code_cell(text) for text in (source, "Quiz('convolution')")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    for exporter in (HTMLExporter(), SlidesExporter()):
        page, _ = exporter.from_notebook_node(notebook)
        assert page.count('class="gn-widget gn-static') == 2
        assert "Output: 224 × 224 becomes 112 × 112" in page


def test_a_saved_notebook_says_why_its_sliders_are_gone(monkeypatch):
    """A widget view is followed by a note, which the sheet of a live widget hides."""
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **_: shown.append(data))
    ConvSize()._ipython_display_()
    view, note = shown
    assert "application/vnd.jupyter.widget-view+json" in view
    assert "Run All Cells" in note["text/html"] and 'class="gn-reopened"' in note["text/html"]
    assert ".gn-reopened{display:none;}" in bundle.book_css()
