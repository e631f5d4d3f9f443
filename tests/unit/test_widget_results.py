"""The widgets' results against torch, torchinfo, the ledger and the size functions."""

import html
import itertools
import random
import re
from contextlib import suppress

import pytest
import torch
from torch.nn import functional as F

import googlenet_edu
from googlenet_edu import GoogLeNet, layers, ledger, summarize, widgets
from googlenet_edu.architecture import BACKBONE, INCEPTION
from googlenet_edu.checks import number_text, short_number, words
from googlenet_edu.costs import block_facts
from googlenet_edu.sizes import SizeError, receptive_field
from tests.widget_states import CHANNELS, STATES

CLASSES = {name: widgets.widget_class(name) for name in STATES}
each_widget = pytest.mark.parametrize("name", sorted(STATES))
NAMES = {"torch": torch, "GoogLeNet": GoogLeNet, "Inception": layers.Inception,
         "BasicConv2d": layers.BasicConv2d, "BACKBONE": BACKBONE, "ledger": ledger,
         "receptive_field": receptive_field, "summarize": summarize,
         "SlidingWindow": widgets.SlidingWindow}  # fmt: skip


def made(name, count, seed=1):
    """Some of the states of a widget that give a result."""
    states = STATES[name](random.Random(seed))
    random.Random(seed).shuffle(states)
    found = (CLASSES[name](**state) for state in states)
    return [
        widget for widget, _ in zip((w for w in found if not w.error), range(count), strict=False)
    ]


def run(code):
    """Run a code line as a reader would and return the value of its last expression."""
    *before, last = code.split("\n")
    scope = dict(NAMES)
    exec("\n".join(before), scope)
    return eval(last, scope)


def test_batch_norm_is_that_of_torch():
    for widget in made("batch_norm", 200):
        mean, var = (
            torch.tensor([x], dtype=torch.double) for x in (widget.running_mean, widget.running_var)
        )
        out = F.batch_norm(
            torch.tensor(widget.values, dtype=torch.double).view(-1, 1), mean, var,
            torch.tensor([widget.weight]).double(), torch.tensor([widget.bias]).double(),
            widget.training, widget.momentum, widget.eps,
        )  # fmt: skip
        close(out.flatten(), widget.outputs)
        close(mean, [widget.new_running_mean])
        close(var, [widget.new_running_var])


def close(tensor, numbers):
    torch.testing.assert_close(
        tensor, torch.tensor(numbers, dtype=torch.double), rtol=1e-7, atol=1e-6
    )


def test_one_value_in_training_is_refused_as_torch_refuses_it():
    assert "more than 1 value per channel" in widgets.BatchNorm(values=[3]).error
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        F.batch_norm(torch.zeros(1, 1), torch.zeros(1), torch.ones(1), training=True)
    assert widgets.BatchNorm(values=[3], training=False).error == ""


def test_lrn_is_that_of_torch():
    for widget in made("lrn", 200):
        alpha = widget.alpha * (1 if widget.divide_by_size else widget.size)
        x = torch.tensor(widget.values, dtype=torch.double).view(1, -1, 1, 1)
        out = F.local_response_norm(x, widget.size, alpha, widget.beta, widget.k)
        close(out.flatten(), widget.outputs)


def test_the_sliding_window_is_that_of_torch():
    """Every cell of every mode, padding and stride; the sentences and sums name its value."""
    x, weight, bias = widgets.SlidingWindow.tensors()
    shapes = itertools.product(("conv", "max", "avg"), range(3), range(1, 4))
    for mode, padding, stride in shapes:
        widget = widgets.SlidingWindow(mode=mode, padding=padding, stride=stride)
        arguments = {"stride": stride, "padding": padding}
        try:
            if mode == "conv":
                out = F.conv2d(x, weight, bias, **arguments)
            else:
                out = getattr(F, f"{mode}_pool2d")(x, 3, **arguments)
        except RuntimeError as refused:
            assert widget.out == [] and "at most half" in str(refused)
            assert "torch allows at most 1 here" in widget.error
            continue
        torch.testing.assert_close(torch.tensor(widget.out).float(), out[0])
        for m, r, c in itertools.product(*map(range, out.shape[1:])):
            widget.channel, widget.row, widget.column = m, r, c
            assert widget.value == pytest.approx(out[0, m, r, c].item())
            for _, line in widget._steps(words("sliding_window")):
                sum_of, equals = line.replace("−", "-").replace("×", "*").split(" = ")
                sum_of = eval(sum_of.replace("∞", "float('inf')"))
                assert sum_of == pytest.approx(float(equals), rel=1e-4)
            assert equals == short_number(widget.value)
            assert widget._answer().replace("−", "-").endswith(f": {equals}")


def test_the_nine_blocks_cost_what_their_facts_say():
    for name, spec in INCEPTION.items():
        facts = block_facts(name)
        numbers = {"in_channels": spec.in_channels, **{n: getattr(spec, n) for n in CHANNELS[1:]}}
        widget = widgets.InceptionBlock(**numbers, size=facts.in_shape[1])
        assert (widget.out_channels, widget.params, widget.multiply_adds) == (
            facts.out_channels, facts.params, facts.multiply_adds,
        )  # fmt: skip


@pytest.mark.parametrize("reductions", [True, False])
def test_an_inception_block_in_torch_has_these_parameters(reductions):
    for widget in made("inception_block", 300):
        if widget.reductions is not reductions or widget.params > 3_000_000:
            continue
        parts = run(widget._code())
        parts = parts if isinstance(parts, list) else [parts]
        assert sum(p.numel() for part in parts for p in part.parameters()) == widget.params
        x = torch.zeros(2, widget.in_channels, 3, 3)
        assert sum(part(x).shape[1] for part in parts) == widget.out_channels


def test_the_chain_is_what_the_network_does():
    net = GoogLeNet(num_classes=7, aux=False).eval()
    for height, width, ceil_mode in (
        (224, 224, True),
        (224, 224, False),
        (97, 150, True),
        (79, 64, True),
    ):
        widget = widgets.ShapeChain(image_height=height, image_width=width, ceil_mode=ceil_mode, batch_size=1)  # fmt: skip
        for pool in (net.maxpool1, net.maxpool2, net.maxpool3, net.maxpool4):
            pool.ceil_mode = ceil_mode
        shapes = {}
        hooks = [
            module.register_forward_hook(
                lambda m, x, y, name=name, shapes=shapes: shapes.update({name: list(y.shape[1:])})
            )
            for name, module in net.named_modules()
            if not list(module.children())
        ]
        with torch.no_grad():
            net(torch.zeros(1, 3, height, width))
        for hook in hooks:
            hook.remove()
        own = {name: shape for name, shape in widget.layers if not name.startswith(("aux", "fc"))}
        assert len(own) > 60
        assert own == {name: shapes[name] for name in own}


def test_the_heads_fit_where_the_network_takes_them():
    for size in (222, 223, 270, 271):
        widget = widgets.ShapeChain(image_height=size, image_width=size)
        fits = False
        with suppress(SizeError):
            ledger(size)
            fits = True
        assert widget.aux_fits is fits
    assert (
        widgets.ShapeChain(image_height=299, image_width=299, batch_size=32).view_rows is not None
    )
    rows = widgets.ShapeChain(image_height=299, image_width=299, batch_size=32).view_rows
    side = widgets.ShapeChain(image_height=299, image_width=299).layers
    grid = (
        dict(map(tuple, ((n, tuple(s)) for n, s in side)))["inception4a.branch1.conv.0"][1] - 5
    ) // 3 + 1
    assert torch.zeros(32, 128, grid, grid).view(-1, 2048).shape[0] == rows


def test_the_receptive_field_is_715():
    widget = widgets.ReceptiveField()
    assert (widget.size, widget.jump) == (715, 32)
    assert widget.seen_x[1] - widget.seen_x[0] == 715
    assert "outside the map of 7 x 7: choose 0 to 6" in widgets.ReceptiveField(cell_x=7).error


def test_the_summary_is_that_of_torchinfo():
    table = summarize(GoogLeNet(), (2, 3, 230, 230), depth=5, device="cpu")
    lines = table.statistics.summary_list if hasattr(table, "statistics") else None
    text = repr(table)
    names = re.findall(r"[├└│ ─]*(\w+)(?:: (\d+-\d+))? +\[", text)
    widget = widgets.SummaryReader(batch_size=2, image_size=230, row=0, column="params")
    assert lines is None or len(lines) == widget.lines
    assert len(names) == widget.lines
    params = [
        line.rsplit("  ", 1)[-1].strip()
        for line in text.splitlines()
        if re.search(r"\[[\d, ]+\]", line)
    ]
    for row, (kind, place) in enumerate(names):
        widget.row = row
        assert widget.title == (f"{kind}: {place}" if place else kind)
        if params[row] not in ("--", "(recursive)"):
            assert f"{widget.value:,}" == params[row], widget.title
    widget.row = 0
    assert f"{widget.value:,}" in text
    widget.column = "mult-adds"
    assert f"{widget.value / 1e9:.2f}" in text
    for size in (widget.input_bytes, widget.forward_backward_bytes, widget.param_bytes):
        assert f"{size / 1e6:.2f}" in text


def test_the_summary_of_the_article():
    widget = widgets.SummaryReader(row=0, column="mult-adds")
    sizes = (widget.input_bytes, widget.forward_backward_bytes, widget.param_bytes)
    assert widget.total_params == 13_385_816
    assert f"{widget.value / 1e9:.2f}" == "31.82"
    assert [f"{n / 1e6:.2f}" for n in (*sizes, sum(sizes))] == [
        "12.04",
        "1034.49",
        "53.54",
        "1100.08",
    ]


@each_widget
def test_the_code_line_runs(name):
    for widget in made(name, 3, seed=4):
        if (
            name == "shape_chain"
            and widget.image_height * widget.image_width * widget.batch_size > 3_000_000
        ):
            continue
        if name == "summary_reader":
            widget.batch_size = 1
        if name == "inception_block" and widget.params > 5_000_000:
            continue
        value = run(widget._code())
        if name in ("batch_norm", "lrn"):
            close(value.flatten(), widget.outputs)
        if name == "sliding_window":
            torch.testing.assert_close(value[0], torch.tensor(widget.out).float())
        if name == "receptive_field":
            assert value.size == widget.size
        if name == "cost_ledger":
            assert value.params == widget.params


@each_widget
def test_the_displayed_form_stands_alone(name):
    for widget in [*made(name, 5), CLASSES[name](lang="zh")]:
        data, _ = widget._repr_mimebundle_()
        assert eval(repr(widget), {type(widget).__name__: type(widget)}).state == widget.state
        text = html.unescape(data["text/html"])
        assert widget._answer() in text
        assert widget._code() in text
        assert "<script" not in text and "<input" not in text
        assert not re.search(r"NaN|None|nan\b|inf\b", re.sub("<[^>]*>", " ", text))
    assert '"lang":"zh"' in text


@each_widget
def test_results_cannot_be_set_and_unknown_settings_are_named(name):
    made_class = CLASSES[name]
    with pytest.raises(TypeError, match="no setting 'color'"):
        made_class(color=1)
    for result in made_class._results:
        with pytest.raises(Exception, match="read-only"):
            setattr(made_class(), result, None)
    with pytest.raises(SizeError, match="lang must be one of 'en', 'zh', but got 'fr'"):
        made_class(lang="fr")


@each_widget
def test_results_follow_the_settings_and_go_when_there_are_none(name):
    refused = {"batch_norm": {"values": [1]}, "lrn": {"channel": 30}, "receptive_field": {"cell_x": 99},
               "shape_chain": {"image_height": 2}, "summary_reader": {"row": 9999},
               "cost_ledger": {"image_size": 271}, "sliding_window": {"row": 5}}  # fmt: skip
    widget = CLASSES[name]()
    before = {result: getattr(widget, result) for result in widget._results}
    for setting, value in refused.get(name, {}).items():
        start = getattr(widget, setting)
        setattr(widget, setting, value)
        assert widget.error and widget.static_html().count(html.escape(widget.error)) == 1
        for result, empty in widget._results.items():
            assert getattr(widget, result) == empty
        setattr(widget, setting, start)
        assert widget.error == ""
    assert {result: getattr(widget, result) for result in widget._results} == before


def test_numbers_are_written_as_in_a_browser():
    wanted = {0: "0", 1: "1", -2.5: "-2.5", 1e-5: "0.00001", 1e-7: "1e-7", 123456.5: "123457",
              1e21: "1e+21", 1234567: "1234570", 0.1 + 0.2: "0.3", -1e-9: "-1e-9"}  # fmt: skip
    assert {x: short_number(x) for x in wanted} == wanted
    assert number_text(0.1 + 0.2) == "0.30000000000000004" and number_text(100000.0) == "100000"


def test_every_widget_is_public():
    assert set(widgets.WIDGETS.values()) == set(widgets.__all__) == set(dir(widgets))
    assert "widgets" in googlenet_edu.PUBLIC
