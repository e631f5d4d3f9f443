"""The one table of layers, checked against the numbers of the paper and of the article."""

import csv
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from googlenet_edu.architecture import (
    AUX,
    BACKBONE,
    INCEPTION,
    VARIANTS,
    ConvSpec,
    InceptionSpec,
    PoolSpec,
    network,
    scale_channels,
)

TABLE1 = Path(__file__).parents[1] / "data" / "paper_table1.csv"


def table1():
    with TABLE1.open(encoding="utf-8", newline="") as file:
        return {row["type"]: row for row in csv.DictReader(file) if row["n1x1"]}


@pytest.mark.parametrize("block", INCEPTION)
def test_channels_are_those_of_table_1(block):
    printed = table1()[f"inception ({block})"]
    spec = INCEPTION[block]
    columns = ("n1x1", "n3x3red", "n3x3", "n5x5red", "n5x5", "pool_proj")
    numbers = (
        spec.ch1x1, spec.ch3x3reduce, spec.ch3x3, spec.ch5x5reduce, spec.ch5x5, spec.pool_proj,
    )  # fmt: skip
    assert numbers == tuple(int(printed[column]) for column in columns)
    assert spec.out_channels == int(printed["output"].split("x")[2])


@pytest.mark.parametrize("block", INCEPTION)
def test_weights_of_each_block_are_the_exact_column(block):
    convs = [p for branch in INCEPTION[block].branches() for p in branch if isinstance(p, ConvSpec)]
    weights = sum(c.in_channels * c.out_channels * c.kernel_size**2 for c in convs)
    assert weights == int(table1()[f"inception ({block})"]["exact_weights_no_bias"])


def test_names_stand_in_forward_order():
    assert [spec.name for spec in BACKBONE] == (
        "conv1 maxpool1 conv2 conv3 maxpool2 inception3a inception3b maxpool3 inception4a "
        "inception4b inception4c inception4d inception4e maxpool4 inception5a inception5b"
    ).split()


@pytest.mark.parametrize("width", [1, 0.5, 0.25, 0.1, 1.37])
@pytest.mark.parametrize("variant", VARIANTS)
def test_each_layer_takes_what_the_one_before_gives(variant, width):
    net = network(variant, width)
    channels, after = 3, {}
    for spec in net.backbone:
        if not isinstance(spec, PoolSpec):
            assert spec.in_channels == channels, spec.name
            channels = spec.out_channels
        after[spec.name] = channels
    assert net.out_channels == channels
    assert [head.in_channels for head in net.aux] == [after[head.after] for head in net.aux]


def test_heads_hang_on_4a_and_4d():
    assert [(h.name, h.after, h.in_channels, h.flat_features) for h in AUX] == [
        ("aux1", "inception4a", 512, 2048),
        ("aux2", "inception4d", 528, 2048),
    ]


def test_width_one_is_the_table_itself():
    assert network("article").backbone == BACKBONE
    assert network("article").aux == AUX


def test_torchvision_differs_where_it_does():
    theirs, ours = network("torchvision"), network("article")
    different = [a.name for a, b in zip(theirs.backbone, ours.backbone, strict=True) if a != b]
    assert different == ["maxpool4"]
    assert theirs.backbone[13].kernel_size == 2
    sides = [p.kernel_size for p in INCEPTION["3a"].branches(3)[2]]
    assert sides == [1, 3]
    assert INCEPTION["3a"].branches(3)[2][1].padding == 1
    assert INCEPTION["3a"].branches()[2][1].padding == 2


@pytest.mark.parametrize(
    ("channels", "width", "expected"),
    [(64, 1, 64), (24, 0.25, 8), (16, 0.25, 4), (16, 0.01, 4), (208, 0.25, 52), (528, 0.25, 132)],
)
def test_scaled_channels(channels, width, expected):
    assert scale_channels(channels, width) == expected


@pytest.mark.parametrize("width", [0, -1, float("nan"), float("inf"), "1", None, True])
def test_a_wrong_width_is_refused(width):
    with pytest.raises(ValueError, match="width must be a positive number, but got"):
        network("article", width)


@pytest.mark.parametrize("variant", ["vgg", "", None, 1, "Article"])
def test_a_wrong_variant_is_refused(variant):
    with pytest.raises(ValueError, match="variant must be one of 'article'.*but got"):
        network(variant)


def test_the_table_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        INCEPTION["3a"].ch1x1 = 65
    assert isinstance(INCEPTION["3a"], InceptionSpec)
