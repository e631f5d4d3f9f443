"""Drawings: their numbers are the table's and torch's, and they read well with and without eyes."""

import re
import subprocess
import sys
from xml.etree import ElementTree

import matplotlib
import matplotlib.pyplot as plt
import pytest
import torch

from googlenet_edu import plots
from googlenet_edu.architecture import AUX, INCEPTION
from googlenet_edu.costs import ledger
from googlenet_edu.layers import AuxClf, Inception
from googlenet_edu.plots.colors import LIGHT
from googlenet_edu.sizes import SizeError

matplotlib.use("agg")
plt.style.use("googlenet_edu.plots.googlenet")

DRAWINGS = {
    **{f"block {name}": lambda name=name: plots.draw_inception(name) for name in INCEPTION},
    "aux1": lambda: plots.draw_aux("aux1"),
    "aux2, ten classes": lambda: plots.draw_aux("aux2", 10),
    "network": plots.draw_network,
    "network of 96 px": lambda: plots.draw_network(96),
    "norms": plots.draw_norms,
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
def test_text_has_the_color_of_the_page(make):
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


def draw_bars(values=(1, 4, 2), horizontal=True, title="Bars"):
    fig, ax = plt.subplots()
    (ax.barh if horizontal else ax.bar)(["a < b", "b", "c"], values, label="x")
    plots.label_bars(ax)
    ax.set_title("Of three")
    return plots.show(fig, title)


def test_bars_are_to_scale_and_keep_their_order():
    chart = draw_bars()
    root = ElementTree.fromstring(chart.svg)
    told = {}
    for group in root.iter(f"{SVG}g"):
        tip = group.find(f"{SVG}title")
        if tip is not None:
            x = [float(n) for n in re.findall(r"[ML] ([\d.]+)", group.find(f"{SVG}path").get("d"))]
            told[tip.text] = max(x) - min(x)
    assert list(told) == ["a < b 1", "b 4", "c 2"]
    assert told["b 4"] == pytest.approx(4 * told["a < b 1"], abs=0.5)
    assert told["c 2"] == pytest.approx(2 * told["a < b 1"], abs=0.5)
    assert chart.alt == "Bars. Of three: x: a < b 1, b 4, c 2."
    assert draw_bars(horizontal=False).alt == chart.alt


def test_a_chart_repeats_follows_the_page_and_shows_once():
    chart = draw_bars()
    assert chart.svg == draw_bars().svg
    assert not plt.get_fignums(), "an open figure is shown a second time"
    root = ElementTree.fromstring(chart.svg)
    assert root.get("role") == "img" and root.get("aria-label") == chart.alt == repr(chart)
    assert {"a < b", "4", "Of three"} <= set(words(chart)), "text stays text"
    assert "DejaVu" not in chart.svg and "<style" not in chart.svg and "<metadata" not in chart.svg
    colors = re.findall(r"(?<!, )#[0-9a-f]{6}", chart.svg)
    assert not colors, f"the theme cannot change {colors}"
    ids = [set(re.findall(r' id="(.*?)"', draw_bars(title=t).svg)) for t in ("one", "two")]
    assert ids[0] and not ids[0] & ids[1], "two charts of a page would share an id"


def test_the_styles_colors_are_the_books():
    colors = plt.rcParams["axes.prop_cycle"].by_key()
    assert colors["color"] == [LIGHT[f"branch{i}"] for i in range(1, 5)]
    assert len(set(colors["marker"])) == len(set(colors["linestyle"])) == 4


def test_runs_are_their_mean_with_a_band():
    fig, ax = plt.subplots()
    plots.plot_runs(ax, [[2.0, 1.0, 0.5], [2.2, 0.8, 0.3]], "BN")
    plots.plot_runs(ax, [[2.3, None, float("nan")]], "none")
    assert list(ax.lines[0].get_ydata()) == pytest.approx([2.1, 0.9, 0.4])
    (band,) = ax.collections
    assert band.get_paths()[0].vertices[:, 1].min() == 0.3
    assert list(ax.lines[1].get_xdata()) == [1]
    alt = plots.show(fig).alt
    assert "BN from 2.1 (2 to 2.2) to 0.4 (0.3 to 0.5)" in alt
    assert "none from 2.3 to no finite number" in alt


def test_tiles_are_scaled_one_by_one():
    fig, ax = plt.subplots()
    plots.image_tiles(ax, [[[0, 1], [2, 4]], [[-5, -5], [-5, 5]], [[1, 1], [1, 1]]], columns=2)
    sheet = ax.images[0].get_array()
    assert sheet.shape == (17, 17, 4), "two images of 8 pixels, and an eighth between them"
    assert sheet[:8:4, :8:4, 0].tolist() == [[0, 0.25], [0.5, 1]] and sheet[7, 16, 0] == 1
    assert sheet[8].max() == sheet[9:, 9:].max() == 0, "gaps are clear"
    root = ElementTree.fromstring(plots.show(fig, "Tiles").svg)
    assert len(list(root.iter(f"{SVG}image"))) == len(list(root.iter(f"{SVG}clipPath"))) == 1


def test_rows_of_small_and_large_tiles_are_aligned():
    fig, ax = plt.subplots()
    for side in (80, 32, 10, 7, 5, 2):
        plots.image_tiles(ax, torch.zeros(3, side, side), columns=3)
    plt.close(fig)
    assert {one.get_array().shape[1] / one.get_array().shape[0] for one in ax.images} == {3.25}


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
        (lambda: plots.plot_runs(plt.gca(), [[1, 2], [1]], "x"), "[1, 2]"),
        (lambda: plots.plot_runs(plt.gca(), [[]], "x"), "[0]"),
        (lambda: plots.label_bars(plt.gca()), "no bars"),
        (lambda: plots.Table(["a", "b"], {"r": [1, 2]}, ""), "'r'"),
        (lambda: plots.draw_inception("3c"), "'3c'"),
        (lambda: plots.draw_inception(3), "3a, 3b"),
        (lambda: plots.draw_inception("3a", 0), "size must be 1 or more"),
        (lambda: plots.draw_inception("3a", 2.5), "2.5"),
        (lambda: plots.draw_aux("aux3"), "'aux3'"),
        (lambda: plots.draw_aux("aux1", 0), "num_classes must be 1 or more"),
        (lambda: plots.draw_network("224"), "'224'"),
        (lambda: plots.draw_network(5), "image_size of 5 leaves nothing for maxpool2"),
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
