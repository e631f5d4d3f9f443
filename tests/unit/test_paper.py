"""Table 1 of the paper, quoted cell by cell, against the recorded file and the layers."""

import csv
import subprocess
import sys
from math import prod
from pathlib import Path

import pytest

from googlenet_edu.architecture import INCEPTION
from googlenet_edu.costs import TABLE1, ledger

RECORDED = Path(__file__).parents[1] / "data" / "paper_table1.csv"


def recorded():
    with open(RECORDED, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def weights_and_adds(row):
    parts = [r for r in ledger(224) if r.block in row.blocks and r.kind in ("Conv2d", "Linear")]
    weights = sum(r.multiply_adds // prod(r.out_shape[2:]) for r in parts)
    return weights, sum(r.multiply_adds for r in parts)


def test_every_printed_cell():
    columns = ("n1x1", "n3x3red", "n3x3", "n5x5red", "n5x5", "pool_proj")
    assert len(TABLE1) == len(recorded())
    for row, printed in zip(TABLE1, recorded(), strict=True):
        assert row.type == printed["type"]
        assert row.patch_stride == printed["patch_stride"]
        assert row.output == printed["output"]
        assert str(row.depth) == printed["depth"]
        assert ["" if n is None else str(n) for n in row.channels] == [printed[c] for c in columns]
        assert row.params == printed["paper_params"]
        assert row.ops == printed["paper_ops"]


def test_the_printed_channels_are_the_network_s():
    for row in TABLE1:
        if row.type.startswith("inception"):
            spec = INCEPTION[row.type[-3:-1]]
            six = (spec.ch1x1, spec.ch3x3reduce, spec.ch3x3)
            assert row.channels == (*six, spec.ch5x5reduce, spec.ch5x5, spec.pool_proj)


def test_every_output_is_the_ledger_s():
    book = ledger(224)
    for row in TABLE1:
        if row.blocks:
            shape = (*book[row.blocks[-1]].out_shape[1:], 1, 1)[:3]
            assert row.output == f"{shape[1]}x{shape[2]}x{shape[0]}"


@pytest.mark.parametrize("row, printed", list(zip(TABLE1, recorded(), strict=True)))
def test_exact_numbers_are_the_recorded_ones(row, printed):
    if not row.params:
        assert row.params_k is row.ops_m is None
        return
    weights, adds = weights_and_adds(row)
    assert weights == int(printed["exact_weights_no_bias"])
    assert round(adds / 1e6, 1) == float(printed["exact_mmac"])


def test_the_module_needs_no_heavy_package():
    code = "import sys, googlenet_edu.costs; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=True
    )
    assert done.stdout.strip() == "False"
