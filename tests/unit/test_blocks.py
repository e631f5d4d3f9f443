"""The facts of each Inception block against the ledger and against a real torch block."""

import subprocess
import sys
from html.parser import HTMLParser

import pytest
import torch
from torch import nn

from googlenet_edu import GoogLeNet, ledger
from googlenet_edu.architecture import INCEPTION
from googlenet_edu.costs import block_facts, compare_blocks, network_shares
from googlenet_edu.sizes import SizeError

each_block = pytest.mark.parametrize("name", INCEPTION)
WHOLE = ledger(224, aux=False)


@each_block
@pytest.mark.parametrize("variant", ["article", "caffe", "none", "torchvision"])
@pytest.mark.parametrize("size", [224, 299, (31, 400)])
def test_totals_are_the_ledgers(name, variant, size):
    facts = block_facts(name, size, variant=variant)
    whole = ledger(size, aux=False, variant=variant)
    row = whole[f"inception{name}"]
    assert (facts.in_shape, facts.out_shape) == (row.in_shape[1:], row.out_shape[1:])
    assert (facts.params, facts.multiply_adds) == (row.params, row.multiply_adds)
    assert facts.params_share == row.params / whole.params
    assert facts.multiply_adds_share == row.multiply_adds / whole.multiply_adds


@each_block
@pytest.mark.parametrize("variant", ["article", "caffe", "torchvision"])
def test_every_layer_is_what_torch_runs(name, variant):
    with torch.device("meta"):
        net = GoogLeNet(variant=variant, aux=False)
    block = getattr(net, f"inception{name}")
    facts = block_facts(name, variant=variant)
    units = []
    for number in range(1, 5):
        branch = getattr(block, f"branch{number}")
        parts = branch if isinstance(branch, nn.Sequential) else [branch]
        units += [(number, part) for part in parts]
    seen = []
    for number, unit in units:

        def record(module, given, out, number=number):
            weights = sum(m.weight.numel() for m in module.modules() if isinstance(m, nn.Conv2d))
            seen.append(
                (
                    number,
                    given[0].shape[1],
                    out.shape[1],
                    sum(p.numel() for p in module.parameters()),
                    weights * out.shape[2] * out.shape[3],
                )
            )

        unit.register_forward_hook(record)
    out = block(torch.zeros(1, *facts.in_shape, device="meta"))
    assert [(layer.branch, *layer[2:]) for layer in facts.layers] == seen
    assert tuple(out.shape[1:]) == facts.out_shape
    assert sum(facts.branch_channels) == facts.out_channels == out.shape[1]
    assert facts.in_channels == facts.in_shape[0]


@each_block
def test_layers_carry_the_names_and_numbers_of_table_1(name):
    facts, spec = block_facts(name), INCEPTION[name]
    named = {layer.name: layer.out_channels for layer in facts.layers}
    assert named == {
        "1x1": spec.ch1x1,
        "3x3 reduce": spec.ch3x3reduce,
        "3x3": spec.ch3x3,
        "5x5 reduce": spec.ch5x5reduce,
        "5x5": spec.ch5x5,
        "max pool": spec.in_channels,
        "pool proj": spec.pool_proj,
    }
    assert facts.branch_channels == (spec.ch1x1, spec.ch3x3, spec.ch5x5, spec.pool_proj)
    assert facts["5x5"].in_channels == spec.ch5x5reduce


def test_the_nine_blocks_hold_most_of_the_network():
    every = [block_facts(name) for name in INCEPTION]
    others = [row for row in WHOLE.blocks if not row.name.startswith("inception")]
    assert sum(f.params for f in every) == WHOLE.params - sum(r.params for r in others)
    shares = sum(f.multiply_adds_share for f in every) + sum(
        r.multiply_adds / WHOLE.multiply_adds for r in others
    )
    assert shares == pytest.approx(1)


def test_torchvisions_third_branch_is_called_what_it_is():
    names = [layer.name for layer in block_facts("3a", variant="torchvision").layers]
    assert names.count("3x3") == 2 and "5x5" not in names


def test_text_is_a_table_with_totals():
    text = repr(block_facts("4c"))
    lines = text.splitlines()
    assert lines[0] == "Inception block 4c: 512 x 14 x 14 in, 512 x 14 x 14 out"
    assert "2       3x3         128  256     295,424     57,802,752" in lines
    assert lines[-2].split() == ["block", "512", "512", "510,768", "99,850,240"]
    assert lines[-1].split()[-2:] == ["7.3%", "6.3%"]
    assert text.isascii() and max(map(len, lines)) <= 79


@pytest.mark.parametrize(
    "table",
    [block_facts("5b"), compare_blocks(), network_shares("maxpool4")],
    ids=["facts", "compare", "shares"],
)
def test_html_says_the_same_as_the_text(table):
    rows, cells = [], []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attributes):
            if tag == "tr":
                rows.append([])
            if tag in ("td", "th"):
                cells.append("")

        def handle_data(self, data):
            if cells:
                cells[-1] += data

        def handle_endtag(self, tag):
            if tag in ("td", "th"):
                rows[-1].append(cells[-1])

    html = table._repr_html_()
    Reader().feed(html)
    said = [" ".join(" ".join(row).split()) for row in rows]
    title, *lines = repr(table).splitlines()
    assert said == [" ".join(line.split()) for line in lines if not line.startswith("-")]
    assert f"<caption>{title}</caption>" in html
    assert html.count("<tr>") == html.count("</tr>")


def test_blocks_side_by_side():
    lines = repr(compare_blocks("4a", "4b")).splitlines()
    assert lines[4].split() == (
        ["4a", "480", "192", "96", "208", "16", "48", "64", "512", "376,800", "73,608,192"]
    )
    assert lines[-1].split() == [
        "together",
        f"{376_800 + 449_808:,}",
        f"{73_608_192 + 87_908_352:,}",
    ]
    assert len(repr(compare_blocks()).splitlines()) == 5 + 9 + 1
    with pytest.raises(ValueError, match="block must be one of"):
        compare_blocks("4a", "4f")


def test_shares_of_the_network():
    lines = repr(network_shares()).splitlines()
    assert lines[-1].split() == ["together", "7,005,832", "100.0%", "1,582,671,872", "100.0%"]
    assert len(lines) == 5 + len(WHOLE.blocks) + 1
    end = repr(network_shares("maxpool4")).splitlines()
    assert end[0].endswith(", from maxpool4") and end[4].startswith("maxpool4")
    assert end[-1].split() == ["together", "3,514,824", "50.2%", "122,801,152", "7.8%"]
    with pytest.raises(ValueError, match="start must be one of 'conv1', .* but got 'aux1'"):
        network_shares("aux1")


@pytest.mark.parametrize("block", ["3c", "inception3a", "", None, 3, ["3a"]])
def test_another_block_is_refused_with_the_names(block):
    with pytest.raises(ValueError, match=r"block must be one of '3a', .*'5b', but got"):
        block_facts(block)


def test_wrong_sizes_and_variants_are_refused():
    with pytest.raises(SizeError):
        block_facts("3a", 8)
    with pytest.raises(ValueError, match="variant must be one of"):
        block_facts("3a", variant="vgg")
    with pytest.raises(KeyError, match="no layer '7x7'"):
        block_facts("3a")["7x7"]


def test_it_needs_no_torch():
    code = (
        "import sys; from googlenet_edu.costs import block_facts, compare_blocks, network_shares; repr(block_facts('3a')); "
        "print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=True
    )
    assert done.stdout.strip() == "False"
