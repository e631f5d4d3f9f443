"""Drawings: their numbers are the table's and torch's, and they read well with and without eyes."""

import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest
import torch

from googlenet_edu import plots
from googlenet_edu.architecture import AUX, INCEPTION
from googlenet_edu.costs import ledger
from googlenet_edu.layers import AuxClf, Inception
from googlenet_edu.sizes import SizeError

CURVES = {
    "loss": {"BN": [[2.0, 1.0, 0.5], [2.2, 0.8, 0.3]], "none": [[2.3, None, float("nan")]]},
    "accuracy, %": {"BN": [[10, 80, 95], [12, 60, 93]], "LRN": [[10, 10, 20], [9, 12, 30]]},
}
CELLS = {("g", row, column): [5, 50, 101] for row in ("r < s", "t") for column in ("c", "d")}
DRAWINGS = {
    **{f"block {name}": lambda name=name: plots.draw_inception(name) for name in INCEPTION},
    "aux1": lambda: plots.draw_aux("aux1"),
    "aux2, ten classes": lambda: plots.draw_aux("aux2", 10),
    "network": plots.draw_network,
    "network of 96 px": lambda: plots.draw_network(96),
    "norms": plots.draw_norms,
    "curves": lambda: plots.curve_chart(CURVES),
    "curves, one panel": lambda: plots.curve_chart({"a < b": {"x": [[1.0, 2.0]]}}, columns=1),
    "dot map": lambda: plots.dot_map(["g"], ["r < s", "t"], ["c", "d"], CELLS, title="Map"),
    "chart": lambda: plots.bar_chart(["a < b", "c"], {"x": [1, 2.5], "y": [0, 3]}, "M", "Two"),
}
each_drawing = pytest.mark.parametrize("make", DRAWINGS.values(), ids=DRAWINGS)
SVG = "{http://www.w3.org/2000/svg}"


def words(drawing):
    """Return every text of the drawing."""
    root = ElementTree.fromstring(drawing.svg)
    return ["".join(node.itertext()) for node in root.iter(f"{SVG}text")]


@each_drawing
def test_a_drawing_is_valid_named_and_repeatable(make):
    drawing = make()
    root = ElementTree.fromstring(drawing.svg)
    assert root.get("role") == "img"
    assert root.get("aria-label") == drawing.alt == repr(drawing)
    assert len(drawing.alt) > 20
    assert make().svg == drawing.svg, "the stored output of a notebook must repeat"
    assert " id=" not in drawing.svg, "two copies on one page would share an id"
    assert "NaN" not in drawing.svg and "None" not in drawing.svg
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", drawing.svg)


@each_drawing
def test_text_has_the_colour_of_the_page(make):
    root = ElementTree.fromstring(make().svg)
    fills = {node.get("fill") for node in root.iter(f"{SVG}text")}
    assert fills <= {"currentColor", "var(--book-muted, currentColor)"}


@each_drawing
def test_everything_lies_inside_the_frame(make):
    drawing = make()
    width, height = drawing.size
    for node in ElementTree.fromstring(drawing.svg).iter():
        if node.tag == f"{SVG}text":
            # Wide letters are about 0.62 of their size; the name of the first map once lost its i.
            room = 0.62 * float(node.get("font-size")) * len("".join(node.itertext()))
            before = {"start": 0, "middle": 0.5, "end": 1}[node.get("text-anchor")] * room
            assert 0 <= float(node.get("x")) - before
            assert float(node.get("x")) - before + room <= width
            assert 0 < float(node.get("y")) <= height
        if node.tag == f"{SVG}rect":
            x, y = float(node.get("x")), float(node.get("y"))
            assert x >= 0 and y >= 0
            assert x + float(node.get("width")) <= width + 0.1
            assert y + float(node.get("height")) <= height + 0.1


@pytest.mark.parametrize("name", INCEPTION)
def test_a_block_shows_what_torch_gives(name):
    spec = INCEPTION[name]
    side = {"3": 28, "4": 14, "5": 7}[name[0]]
    net = Inception(
        spec.in_channels, spec.ch1x1, spec.ch3x3reduce, spec.ch3x3,
        spec.ch5x5reduce, spec.ch5x5, spec.pool_proj,
    ).eval()  # fmt: skip
    shapes = [tuple(torch.zeros(1, spec.in_channels, side, side).shape)]
    for layer in net.modules():
        if isinstance(layer, (torch.nn.Conv2d, torch.nn.MaxPool2d)):
            layer.register_forward_hook(lambda m, i, out: shapes.append(tuple(out.shape)))
    with torch.no_grad():
        shapes.append(tuple(net(torch.zeros(shapes[0])).shape))
    expected = sorted(f"{c} × {h} × {w}" for _, c, h, w in shapes)
    shown = words(plots.draw_inception(name))
    assert sorted(w for w in shown if re.fullmatch(r"\d+ × \d+ × \d+", w)) == expected


def test_a_block_may_stand_on_another_map_and_with_torchvisions_kernel():
    drawing = plots.draw_inception("3a", 37, branch3_kernel=3)
    assert "256 × 37 × 37" in words(drawing)
    assert "5×5" not in words(drawing)
    assert "37 x 37" in drawing.alt


@pytest.mark.parametrize("head", AUX, ids=lambda head: head.name)
def test_a_head_shows_what_torch_gives(head):
    net = AuxClf(head.in_channels, 1000).eval()
    shapes = []
    for layer in net.modules():
        if not list(layer.children()):
            layer.register_forward_hook(lambda m, i, out: shapes.append(tuple(out.shape)[1:]))
    with torch.no_grad():
        net(torch.zeros(1, head.in_channels, 14, 14))
    expected = {" × ".join(map(str, shape)) for shape in shapes}
    shown = {w for w in words(plots.draw_aux(head.name)) if re.fullmatch(r"\d+( × \d+)*", w)}
    assert shown == expected | {f"{head.in_channels} × 14 × 14"} | {"2048"}


@pytest.mark.parametrize("size", [96, 224, 299, 1024])
def test_the_network_names_every_map_of_the_ledger(size):
    alt = plots.draw_network(size).alt
    for row in ledger(size, aux=False):
        if row.name.startswith(("conv", "inception")) and "." not in row.name:
            _, channels, height, width = row.out_shape
            assert f"{row.name} {height} x {width} x {channels}" in alt


def test_heads_that_do_not_fit_are_dashed():
    assert "do not fit" not in plots.draw_network(224).alt
    small = plots.draw_network(96)
    assert "do not fit" in small.alt and "stroke-dasharray" in small.svg


def test_bars_are_to_scale_and_keep_their_order():
    drawing = plots.bar_chart(["a", "b", "c"], [1, 4, 2], "M", "Bars")
    root = ElementTree.fromstring(drawing.svg)
    widths = [float(node.get("width")) for node in root.iter(f"{SVG}rect")]
    assert widths[1] == pytest.approx(4 * widths[0], abs=0.3)
    assert widths[2] == pytest.approx(2 * widths[0], abs=0.3)
    assert drawing.alt.index("a 1") < drawing.alt.index("b 4") < drawing.alt.index("c 2")


def test_curves_say_the_mean_and_the_spread():
    alt = plots.curve_chart(CURVES).alt
    assert "BN from 2.1 (2 to 2.2) to 0.4 (0.3 to 0.5)" in alt
    assert "none from 2.3 to no finite number" in alt
    assert "LRN from 9.5 (9 to 10) to 25 (20 to 30)" in alt


def test_curves_stand_at_the_right_height():
    root = ElementTree.fromstring(plots.curve_chart({"p": {"x": [[0, 50, 100]]}}, columns=1).svg)
    paths = [node.get("d") for node in root.iter(f"{SVG}path") if node.get("stroke-width") == "2.2"]
    heights = [float(pair.split()[1]) for pair in paths[-1][1:].split("L")]
    assert heights[0] - heights[1] == pytest.approx(heights[1] - heights[2], abs=0.2)
    assert heights[0] - heights[2] == pytest.approx(150, abs=0.2)


def test_the_number_of_a_run_decides_where_its_dot_is():
    drawing = plots.dot_map(["g"], ["r"], ["c"], {("g", "r", "c"): [0, 25, 100]})
    root = ElementTree.fromstring(drawing.svg)
    dots = [
        sum(float(pair.split(",")[0]) for pair in node.get("points").split()) / 8
        for node in root.iter(f"{SVG}polygon")
    ]
    assert dots[1] - dots[0] == pytest.approx((dots[2] - dots[0]) / 4, abs=0.2)
    assert "g, r: c 42% (0 to 100)." in drawing.alt


def test_norms_look_at_the_numbers_that_torch_reads():
    """27 for batch norm, 5 for LRN: found by asking which inputs have a gradient."""
    root = ElementTree.fromstring(plots.draw_norms().svg)
    blue = [
        n for n in root.iter(f"{SVG}rect") if "branch1" in n.get("fill") and n.get("width") == "11"
    ]
    found = 0
    for layer in (torch.nn.BatchNorm2d(6), torch.nn.LocalResponseNorm(5, alpha=1)):
        x = torch.randn(3, 6, 3, 3, requires_grad=True)
        (layer(x)[1, 2, 1, 1]).backward()
        found += int((x.grad != 0).sum())
    assert found == 27 + 5
    assert len(blue) - 1 == found  # one stands in the legend


def test_a_table_names_its_rows_and_columns():
    table = plots.Table(["norm", "a < b", "c"], {("g", "x"): [1, 2], ("g", "y"): [3, 4]}, "Title")
    html = table._repr_html_()
    root = ElementTree.fromstring(html)
    assert [node.text for node in root.iter("th")] == ["norm", "a < b", "c", "g", "x", "y"]
    assert {node.get("scope") for node in root.iter("th")} == {"col", "rowgroup", "row"}
    assert [node.text for node in root.iter("td")] == ["1", "2", "3", "4"]
    assert repr(table).splitlines()[0] == "Title" and "g, y" in repr(table)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: plots.curve_chart({}), "one to four"),
        (lambda: plots.curve_chart({"p": {"x": [[1, 2], [1]]}}), "[1, 2]"),
        (lambda: plots.curve_chart({"p": {"x": [[]]}}), "[0]"),
        (lambda: plots.curve_chart(CURVES, columns=4), "4"),
        (lambda: plots.dot_map(["g"], ["r"], ["c"], {}), "g, r, c"),
        (lambda: plots.Table(["a", "b"], {"r": [1, 2]}, ""), "'r'"),
        (lambda: plots.draw_inception("3c"), "'3c'"),
        (lambda: plots.draw_inception(3), "3a, 3b"),
        (lambda: plots.draw_inception("3a", 0), "size must be 1 or more"),
        (lambda: plots.draw_inception("3a", 2.5), "2.5"),
        (lambda: plots.draw_aux("aux3"), "'aux3'"),
        (lambda: plots.draw_aux("aux1", 0), "num_classes must be 1 or more"),
        (lambda: plots.draw_network("224"), "'224'"),
        (lambda: plots.draw_network(5), "image_size of 5 leaves nothing for maxpool2"),
        (lambda: plots.bar_chart(["a"], [1, 2]), "1"),
        (lambda: plots.bar_chart(["a"], [-1]), "-1"),
        (lambda: plots.bar_chart(["a"], [float("nan")]), "nan"),
        (lambda: plots.bar_chart(["a"], ["x"]), "'x'"),
        (lambda: plots.bar_chart([], []), ""),
    ],
)
def test_wrong_input_gets_one_sentence(call, named):
    with pytest.raises((ValueError, TypeError)) as caught:
        call()
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, (SizeError, ValueError, TypeError))


def test_drawing_needs_neither_torch_nor_matplotlib():
    code = (
        "import sys; from googlenet_edu import plots; plots.draw_network(); plots.draw_aux('aux1');"
        "assert not {'torch', 'matplotlib', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
