"""The ledger against forward hooks and torchinfo on the real network, layer by layer."""

import csv
import io
import re
import timeit
from html.parser import HTMLParser
from pathlib import Path

import pytest
import torch
import torchinfo
from torch import nn

from googlenet_edu import GoogLeNet, ledger
from googlenet_edu.architecture import HEAD_IMAGES, HEAD_LEAST, HEAD_SIDES
from googlenet_edu.costs import BlockRow, LedgerRow
from googlenet_edu.sizes import SizeError

TABLE1 = Path(__file__).parents[1] / "data" / "paper_table1.csv"

# (image_size, batch_size, options of both ledger and GoogLeNet)
CASES = [
    (224, 20, {}),
    (223, 1, {}),
    (240, 2, {"num_classes": 10}),
    (270, 3, {"num_classes": 1}),
    ((224, 260), 2, {}),
    ((270, 223), 1, {"variant": "none"}),
    (224, 4, {"variant": "caffe"}),
    (224, 2, {"variant": "torchvision"}),
    (224, 1, {"variant": "torchvision", "aux_pool": "fixed"}),
    (299, 2, {"variant": "torchvision", "num_classes": 7}),
    ((97, 131), 2, {"variant": "torchvision"}),
    (96, 2, {"aux_pool": "adaptive"}),
    (320, 1, {"aux_pool": "adaptive", "num_classes": 3}),
    (224, 2, {"width": 0.25}),
    (224, 2, {"width": 0.6, "variant": "caffe", "in_channels": 1}),
    (224, 0, {"aux": False}),
    *[
        (side, 1 + side % 3, {"aux": False})
        for side in (31, 32, 33, 48, 64, 79, 80, 96, 112, 127, 150, 192, 200, 222, 271, 288, 299)
    ],
    (320, 2, {"aux": False, "variant": "caffe"}),
    ((31, 400), 1, {"aux": False}),
    ((320, 180), 2, {"aux": False, "variant": "none"}),
    ((15, 16), 3, {"aux": False, "variant": "torchvision"}),
]


def built(options):
    with torch.device("meta"):
        return GoogLeNet(**options).eval()


def images(size, batch, options, device="meta"):
    height, width = size if isinstance(size, tuple) else (size, size)
    return torch.zeros(batch, options.get("in_channels", 3), height, width, device=device)


def weights_of(module):
    convolution = isinstance(module, (nn.Conv2d, nn.Linear))
    return module.weight.numel() if convolution else 0


@pytest.mark.parametrize(("size", "batch", "options"), CASES)
def test_every_row_is_what_the_hooks_see(size, batch, options):
    net = built(options)
    names = {module: name for name, module in net.named_modules()}
    seen = []

    def record(module, given, out):
        places = out.shape.numel() // max(out.shape[1], 1) if out.shape[1] else 0
        seen.append(
            (
                names[module],
                type(module).__name__,
                tuple(given[0].shape),
                tuple(out.shape),
                sum(p.numel() for p in module.parameters()),
                weights_of(module) * places,
                4 * out.numel(),
            )
        )

    for module in net.modules():
        if not any(module.children()):
            module.register_forward_hook(record)
    net(images(size, batch, options))
    rows = ledger(size, batch, **options).rows
    assert [(*row[:1], *row[2:7], row[8]) for row in rows] == seen
    assert all(row.name.split(".")[0] == row.block for row in rows)


@pytest.mark.parametrize(("size", "batch", "options"), [case for case in CASES if case[1]])
def test_every_row_is_torchinfos(size, batch, options):
    net = built(options)
    table = torchinfo.summary(
        net, input_data=images(size, batch, options), device="meta", verbose=0
    )
    leaves = [info for info in table.summary_list if info.is_leaf_layer]
    result = ledger(size, batch, **options)
    assert [
        (r.kind, list(r.out_shape), r.params, r.torchinfo_mult_adds, r.activation_bytes)
        for r in result
    ] == [(i.class_name, i.output_size, i.num_params, i.macs, i.output_bytes) for i in leaves]
    assert result.params == table.total_params
    assert result.torchinfo_mult_adds == table.total_mult_adds
    assert result.forward_backward_bytes == table.total_output_bytes
    assert result.param_bytes == table.total_param_bytes


def test_hooks_on_real_images_agree_too():
    net = GoogLeNet(5, width=0.25).train()
    seen = []
    for module in net.modules():
        if not any(module.children()):
            module.register_forward_hook(lambda m, i, o: seen.append(tuple(o.shape)))
    net(images(224, 2, {}, device="cpu"))
    assert [row.out_shape for row in ledger(224, 2, 5, width=0.25)] == seen


def test_the_totals_of_the_article():
    result = ledger(224, 20)
    assert result.params == 13_385_816
    assert result.multiply_adds == 31_820_881_920 == 20 * 1_591_044_096
    assert result.torchinfo_mult_adds == 31_821_284_320
    assert f"{result.forward_backward_bytes / 1e6:.2f}" == "1034.49"
    assert f"{result.param_bytes / 1e6:.2f}" == "53.54"
    assert f"{result.input_bytes / 1e6:.2f}" == "12.04"


@pytest.mark.parametrize(
    ("variant", "with_heads", "without"),
    [
        ("article", 13_385_816, 7_005_832),
        ("caffe", 13_378_280, 6_998_552),
        ("none", 13_378_280, 6_998_552),
        ("torchvision", 13_004_888, 6_624_904),
    ],
)
def test_parameters_of_the_variants(variant, with_heads, without):
    assert ledger(variant=variant).params == with_heads
    assert ledger(variant=variant, aux=False).params == without


def test_conv1_by_hand():
    assert ledger()["conv1.conv.0"].multiply_adds == 112 * 112 * 64 * 147 == 118_013_952
    assert ledger(variant="none")["conv1.conv.0"].torchinfo_mult_adds == 118_816_768
    assert ledger()["conv1.conv.1"].torchinfo_mult_adds == 128


def test_blocks_are_the_exact_columns_of_table_1():
    result = ledger()
    with TABLE1.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["type"].startswith("inception"):
                block = result["inception" + row["type"][11:13]]
                ours = sum(r.params for r in result if r.block == block.name and r.kind == "Conv2d")
                assert ours == int(row["exact_weights_no_bias"])
                assert f"{block.multiply_adds / 1e6:.1f}" == row["exact_mmac"]
                side, _, channels = row["output"].split("x")
                assert block.out_shape == (1, int(channels), int(side), int(side))


@pytest.mark.parametrize("variant", ["article", "caffe", "torchvision"])
def test_blocks_add_up_to_the_rows(variant):
    result = ledger(224, 2, variant=variant)
    for field in ("params", "multiply_adds", "torchinfo_mult_adds", "activation_bytes"):
        total = getattr(result, field)
        assert total == sum(getattr(r, field) for r in result.rows)
        assert total == sum(getattr(b, field) for b in result.blocks)
    assert sum(b.layers for b in result.blocks) == len(result) == len(result.rows)
    before = (2, 3, 224, 224)
    for block in result.blocks:
        if block.name.startswith("aux"):
            continue
        assert block.in_shape[:2] == before[:2] or block.name == "fc"
        before = block.out_shape


# Errors.


@pytest.mark.parametrize(
    ("size", "options", "sentence"),
    [
        (30, {"aux": False}, "^maxpool4 gets a map of 1 x 1 and cannot work: .*window spans 3"),
        ((224, 30), {"aux": False}, "^maxpool4 gets a map of 14 x 1 and cannot work: width"),
        (2, {"aux": False}, "^maxpool1 gets a map of 1 x 1"),
        (78, {}, "^aux1.feature_.0 needs a map of at least 5 x 5, but gets 4 x 4.*79 px"),
        (79, {}, "^aux1.feature_.0 gets a map of 5 x 5 and gives 1 x 1.*223 to 270 px fit"),
        (222, {}, "gives 3 x 3, but.*aux=False or aux_pool='adaptive'"),
        (271, {}, "gives 5 x 5, but"),
        ((224, 320), {}, "gives 4 x 6, but"),
    ],
)
def test_the_layer_at_which_the_chain_breaks(size, options, sentence):
    with pytest.raises(SizeError, match=sentence) as caught:
        ledger(size, **options)
    assert "\n" not in str(caught.value)
    with pytest.raises((ValueError, RuntimeError)):  # the network agrees
        GoogLeNet(3, width=0.1, **options).train().forward(images(size, 2, {}, device="cpu"))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"image_size": 0}, "image_size must be 1 or more, but got 0"),
        ({"image_size": 224.0}, "image_size must be a whole number"),
        ({"image_size": (1, 3, 224, 224)}, "image_size must be one whole number or a"),
        ({"image_size": "224"}, "image_size must be a whole number"),
        ({"batch_size": -1}, "batch_size must be 0 or more"),
        ({"batch_size": 1.5}, "batch_size must be a whole number"),
        ({"num_classes": 0}, "num_classes must be 1 or more"),
        ({"aux": 1}, "aux must be True or False, but got 1"),
        ({"variant": "vgg"}, "variant must be one of"),
        ({"width": -1}, "width must be a positive number"),
        ({"in_channels": 0}, "in_channels must be a whole number from 1 up"),
        ({"aux_pool": "max"}, "aux_pool must be 'fixed'"),
    ],
)
def test_wrong_arguments(options, sentence):
    ledger()  # whatever is remembered from a good call must not let a bad one pass
    with pytest.raises(ValueError, match=sentence):
        ledger(**options)


def test_an_unknown_name():
    with pytest.raises(KeyError, match="no layer or block is called 'conv9'"):
        ledger()["conv9"]


# Tables.


def test_csv_round_trip(tmp_path):
    result = ledger(224, 2)
    for level, kind, rows in (
        ("layers", LedgerRow, result.rows),
        ("blocks", BlockRow, result.blocks),
    ):
        read = list(csv.reader(io.StringIO(result.to_csv(level))))
        assert tuple(read[0]) == kind._fields
        assert len(read) == len(rows) + 1
        for line, row in zip(read[1:], rows, strict=True):
            shown = ["x".join(map(str, v)) if isinstance(v, tuple) else str(v) for v in row]
            assert line == shown
    path = tmp_path / "\u5e10\u672c.csv"
    result.write_csv(path)
    assert path.read_bytes().decode("utf-8") == result.to_csv()


def test_write_csv_does_not_overwrite(tmp_path):
    path = tmp_path / "ledger.csv"
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(FileExistsError, match="is there already.*overwrite=True"):
        ledger().write_csv(path)
    assert path.read_text(encoding="utf-8") == "mine"
    ledger().write_csv(path, "blocks", overwrite=True)
    assert path.read_text(encoding="utf-8") == ledger().to_csv("blocks")


@pytest.mark.parametrize("level", ["blocks", "layers"])
def test_the_text_is_a_table(level):
    result = ledger(224, 20)
    text = result.to_text(level)
    assert text.isascii()
    assert text.splitlines()[0].startswith("GoogLeNet, variant article, 20 x 3 x 224 x 224")
    rows = result.rows if level == "layers" else result.blocks
    assert len(text.splitlines()) == len(rows) + 6
    last = re.split(r"\s{2,}", text.splitlines()[-1])
    assert last == ["total", "13,385,816", "31,820,881,920", "31,821,284,320", "890,885,760"]
    assert repr(result) == str(result) == result.to_text("blocks")


class Cells(HTMLParser):
    def __init__(self):
        super().__init__()
        self.rows, self.open = [], []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1] in ("th", "td"):
            self.rows[-1][-1] += data


@pytest.mark.parametrize("level", ["blocks", "layers"])
def test_the_html_is_a_table(level):
    result = ledger(224, 20)
    parser = Cells()
    parser.feed(result.to_html(level))
    assert parser.open == []
    rows = result.rows if level == "layers" else result.blocks
    assert [r[0] for r in parser.rows[1:-1]] == [row.name for row in rows]
    assert {len(r) for r in parser.rows} == {7 if level == "layers" else 6}
    assert parser.rows[-1][-4:] == [
        "13,385,816", "31,820,881,920", "31,821,284,320", "890,885,760",
    ]  # fmt: skip
    assert result._repr_html_() == result.to_html("blocks")


def test_an_unknown_level():
    for method in ("to_text", "to_html", "to_csv"):
        with pytest.raises(ValueError, match="level must be 'blocks' or 'layers', but got 'all'"):
            getattr(ledger(), method)("all")


def test_it_takes_a_fraction_of_a_millisecond():
    best = min(timeit.repeat(lambda: ledger(224, 20), number=10, repeat=5)) / 10
    assert best < 0.005  # ten times what a slow machine needs


def test_the_sides_that_the_messages_name_are_those_that_fit():
    found = {}
    for side in range(HEAD_LEAST - 1, 400):
        try:
            found[side] = ledger(side).params
        except SizeError as error:
            found[side] = "at least" if "needs a map of at least 5 x 5" in str(error) else "other"
    first, last = HEAD_SIDES
    assert [side for side, one in found.items() if isinstance(one, int)] == [
        *range(first, last + 1)
    ]
    assert [side for side, one in found.items() if one == "at least"] == [HEAD_LEAST - 1]
    assert HEAD_IMAGES == f"{first} to {last} px"
