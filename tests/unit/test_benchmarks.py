"""The benchmarks run, compare equal networks, and write both reports. No time is judged here."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from googlenet_edu import GoogLeNet
from tests.benchmarks import machine, network

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def small(monkeypatch):
    """Let the benchmarks run on a network of a quarter of the width and a small product."""

    def quarter(*args, **kwargs):
        return GoogLeNet(*args, width=0.25, **kwargs)

    monkeypatch.setattr(network, "GoogLeNet", quarter)
    monkeypatch.setattr(network, "SIDE", 128)
    monkeypatch.setattr(network, "IMAGE", 64)
    monkeypatch.setitem(sys.modules, "torchvision.models", None)  # as where it is not installed


@pytest.mark.parametrize("batch", [1, 2])
def test_inference_has_a_row_for_each_step(small, batch):
    with torch.no_grad():
        found = network.inference(batch, 0, time.thread_time, False)
    names = [row[0] for row in found["rows"]]
    assert names[0] == "our network equal to torchvision's, eager"
    assert {"the same again (control)", "ours eager", "fold batch norm"} <= set(names)
    assert {"the same, prepack, chunks", "optimize_for_inference"} <= set(names)
    assert ("optimize_for_inference, uncut" in names) == (batch > 1)
    for name, ratio, spread, ms, rounds, share, _ in found["rows"]:
        assert ratio > 0 and ms > 0 and rounds == 2 and share.endswith("%"), name
        low, high = map(float, spread.split(" to "))
        assert low <= ratio + 1e-3 and ratio <= high + 1e-3
    assert found["rows"][0][1] == 1 and found["floor"] > 0
    assert f"{found['floor']:.2f}" in found["text"]


def test_an_unequal_network_stops_the_benchmark(small, monkeypatch):
    """Speed of a network that computes something else is worth nothing."""

    def forgets(net):
        other = network.channels_last(net)
        other.fc.bias.data += 1
        return other

    monkeypatch.setattr(network, "merge_siblings", forgets)
    with pytest.raises(AssertionError, match="fold, merge"):
        network.inference(1, 0, time.thread_time, False)


def test_training_step(small):
    found = network.training(2, 0, time.thread_time, False, ["channels"])
    assert [row[0] for row in found["rows"]][1:] == ["ours, channels last"]
    found = network.training(2, 0, time.thread_time, False)
    assert [row[0] for row in found["rows"]][1:3] == ["ours eager", "ours, channels last"]
    assert all(row[1] > 0 for row in found["rows"])


def test_both_reports_say_the_same(tmp_path):
    rows = [["ours", 0.4712, "0.45 to 0.50", 47.0, 9, "61%", None], ["build", 1234.5, *[""] * 5]]
    section = {"title": "Inference", "columns": network.COLUMNS, "rows": rows, "text": "Words."}
    path = machine.write(tmp_path / "new", [section])
    text = path.read_text(encoding="utf-8")
    assert "| ours | 0.471 | 0.45 to 0.50 | 47 | 9 | 61% |  |" in text and "1,234" in text
    assert f"| processor | {machine.processor()} |" in text and "\nWords.\n" in text
    stored = json.loads((tmp_path / "new" / "bench.json").read_text(encoding="utf-8"))
    assert stored["sections"][0]["rows"] == rows
    assert stored["machine"]["torch"] == torch.__version__ and stored["machine"]["cores"] >= 1


def test_an_unknown_part_is_named():
    command = [sys.executable, "-m", "tests.benchmarks", "netwrok"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    assert run.returncode == 2 and "training, network, but got netwrok" in run.stderr


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_torchvision_never_enters_the_test_environment():
    files = [ROOT / "requirements.txt", *(ROOT / "requirements").glob("*.txt")]
    naming = [f.name for f in files if "\ntorchvision" in f.read_text(encoding="utf-8")]
    assert naming == ["bench.txt"]
    run = subprocess.run(
        ["make", "-n", "-B", "bench-env"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert run.returncode == 0 and "requirements/bench.txt" in run.stdout
    pip = [line for line in run.stdout.splitlines() if " -m pip " in line]
    assert pip and all(line.startswith('".venv-bench/') for line in pip)
