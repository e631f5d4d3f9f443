"""summarize against the article's printed table, torchinfo, and networks that share layers."""

import csv
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torchinfo
from torch import nn
from torch.nn.utils import parametrizations
from torch.utils.flop_counter import FlopCounterMode

from googlenet_edu import GoogLeNet, summarize

PRINTED = Path(__file__).parents[1] / "data" / "seed_summary.csv"
ROW = re.compile(r"^[\W_]*(\w+)(?:: (\d+)-(\d+))?\s+(\[[\d, ]*\]|--)\s+(\(?[\w,]+\)?|--)$")


def rows_of(text):
    """Read {(depth, index): (layer, shape, params)} from the printed table itself."""
    rows = {}
    for line in text.split("=\n")[2].splitlines():
        if line.startswith("="):
            break
        layer, depth, index, shape, params = ROW.match(line).groups()
        rows[int(depth or 0), int(index or 0)] = (
            layer,
            "x".join(shape.strip("[]").split(", ")),
            "" if params == "--" else params.replace(",", ""),
        )
    return rows


@pytest.fixture(scope="module")
def article():
    return summarize(GoogLeNet(), (20, 3, 224, 224), device="cpu")


def test_all_rows_of_the_article(article):
    with PRINTED.open(encoding="utf-8", newline="") as file:
        printed = list(csv.DictReader(file))
    assert len(printed) == 142
    rows = rows_of(repr(article))
    for row in printed:
        place = int(row["depth"]), int(row["index"])
        assert rows[place] == (row["layer"], row["output_shape"], row["params"]), place


def test_the_printed_rows_are_consistent_in_themselves():
    """The article's print, apart from our network: places in order, one gap, a sum that closes."""
    with PRINTED.open(encoding="utf-8", newline="") as file:
        printed = list(csv.DictReader(file))
    last, gaps = {}, []
    for row in printed:
        depth, index = int(row["depth"]), int(row["index"])
        if depth and index != last.get(depth, 0) + 1:
            gaps.append((depth, last[depth] + 1, index - 1))
        last[depth] = index
        assert row["output_shape"].startswith("20x")
    assert sorted(gaps) == [(1, 16, 17), (2, 35, 35), (3, 67, 70)]  # the lines it lost

    def conv(into, out, kernel):
        return into * out * kernel**2 + 2 * out

    # The lost lines with parameters: the 5 x 5 branch and the pool projection of 4e.
    lost = conv(528, 32, 1) + conv(32, 128, 5) + conv(528, 128, 1)
    shown = sum(int(row["params"]) for row in printed if row["params"])
    assert shown + lost == 13_385_816


def test_the_rows_add_up_to_the_total(article):
    params = [int(params) for _, _, params in rows_of(repr(article)).values() if params]
    assert sum(params) == article.total_params == 13_385_816


@pytest.mark.parametrize(
    "line",
    [
        "Total params: 13,385,816",
        "Trainable params: 13,385,816",
        "Non-trainable params: 0",
        "Total mult-adds (G): 31.82",
        "Input size (MB): 12.04",
        "Forward/backward pass size (MB): 1034.49",
        "Params size (MB): 53.54",
        "Estimated Total Size (MB): 1100.08",
    ],
)
def test_the_totals_of_the_article(article, line):
    assert line in repr(article).splitlines()


def test_only_the_unit_differs_from_torchinfo():
    net = GoogLeNet(10, width=0.25)
    ours = summarize(net, (2, 3, 224, 224), col_names=("output_size", "mult_adds"), depth=4)
    theirs = torchinfo.summary(
        net, (2, 3, 224, 224), col_names=("output_size", "mult_adds"), depth=4, verbose=0
    )
    assert repr(ours) == repr(theirs).replace("(Units.MEGABYTES)", "(M)")
    assert (ours.total_mult_adds, ours.total_output_bytes, ours.total_param_bytes) == (
        theirs.total_mult_adds,
        theirs.total_output_bytes,
        theirs.total_param_bytes,
    )


@pytest.mark.parametrize(("channels", "letter"), [(3, "M"), (40_000, "G"), (40_000_000, "T")])
def test_unit_letters(channels, letter):
    with torch.device("meta"):
        net = nn.Conv2d(channels, 2, 1)
    text = repr(summarize(net, (4, channels, 100, 100)))
    assert f"Total mult-adds ({letter}): " in text and "Units." not in text


# Shared layers.


class Block(nn.Module):
    def __init__(self, act):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(2)])
        self.act = act

    def forward(self, x):
        for layer in self.layers:
            x = self.act(layer(x))
        return x


class SharedActivation(nn.Module):
    def __init__(self):
        super().__init__()
        act = nn.ReLU()
        self.blocks = nn.ModuleList([Block(act) for _ in range(3)])

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x


class SharedBlock(nn.Module):
    def __init__(self):
        super().__init__()
        shared = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4))
        self.a = nn.Sequential(shared, nn.ReLU())
        self.b = nn.Sequential(shared)

    def forward(self, x):
        return self.b(self.a(x))


class TiedWeight(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)
        self.b.weight = self.a.weight

    def forward(self, x):
        return self.b(self.a(x))


class OwnParameter(nn.Module):
    """A container with a parameter of its own, a layer that never runs, and a frozen one."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(4))
        self.used, self.unused = nn.Linear(4, 4), nn.Linear(4, 7)
        self.used.weight.requires_grad = False

    def forward(self, x):
        return self.used(x) * self.scale


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x):
        return self.layer(self.layer(x))


@pytest.mark.parametrize("kind", [SharedActivation, SharedBlock, TiedWeight, OwnParameter, Twice])
@pytest.mark.parametrize("depth", [1, 2, 3, 5])
def test_every_parameter_counts_once(kind, depth):
    net = kind()
    result = summarize(net, (2, 4), depth=depth)
    assert result.total_params == sum(p.numel() for p in net.parameters())
    assert result.trainable_params == sum(p.numel() for p in net.parameters() if p.requires_grad)
    assert result.total_param_bytes == 4 * result.total_params
    if depth == 5:
        shown = re.findall(r"(?:--|\])\s+([\d,]+)$", repr(result), flags=re.MULTILINE)
        assert sum(int(n.replace(",", "")) for n in shown) == result.total_params


def test_a_layer_used_twice_is_marked():
    text = repr(summarize(Twice(), (2, 4)))
    assert text.count("(recursive)") == 1 and "Total params: 20" in text


# The network is left exactly as it was.


def state_of(net):
    return (
        {k: v.clone() for k, v in net.state_dict().items()},
        [m.training for m in net.modules()],
        [p.requires_grad for p in net.parameters()],
        [(id(p), p.data_ptr()) for p in net.parameters()],
        [(id(b), b.data_ptr(), b._version) for b in net.buffers()],
        [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in net.modules()],
    )


@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize("device", [None, "cpu", "meta"])
@pytest.mark.parametrize("good", [True, False])
def test_the_network_is_left_as_it_was(mode, device, good):
    net = GoogLeNet(5, width=0.25).train()
    net.inception3a.eval()  # a frozen block stays frozen
    net.conv1.requires_grad_(False)
    net.fc.weight.grad = torch.ones_like(net.fc.weight)
    torchinfo.torchinfo.clear_cached_forward_pass()
    torch.manual_seed(3)
    random, before = torch.get_rng_state(), state_of(net)
    if good:
        summarize(net, (2, 3, 224, 224), mode=mode, device=device)
    else:
        with pytest.raises(ValueError, match="3 channels"):
            summarize(net, (2, 4, 224, 224), mode=mode, device=device)
    after = state_of(net)
    assert all(torch.equal(before[0][k], after[0][k]) for k in before[0])
    assert before[1:] == after[1:]
    assert torch.equal(random, torch.get_rng_state())
    assert net.fc.weight.grad.device.type == "cpu"
    assert "GoogLeNet" not in torchinfo.torchinfo._cached_forward_pass


def test_weights_that_the_run_replaces_come_back():
    class Replaces(nn.Linear):  # what moving to a graphics processor does to a parameter
        def forward(self, x):
            self.weight.data = self.weight.data * 2
            return super().forward(x)

    net = Replaces(3, 2)
    before, place = net.weight.clone(), net.weight.data_ptr()
    summarize(net, (1, 3))
    assert torch.equal(net.weight, before) and net.weight.data_ptr() == place


def test_a_pending_backward_pass_still_works():
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).train()
    out = net(torch.randn(2, 3, 8, 8)).sum()
    summarize(net, (2, 3, 8, 8), mode="train")
    out.backward()
    assert net[0].weight.grad is not None


# Arguments.


@pytest.mark.parametrize("net", ["bn", "lrn", "none"])
def test_a_missing_batch_axis(net):
    with pytest.raises(ValueError, match=r"\(3, 224, 224\) has no batch axis.*\(1, 3, 224, 224\)"):
        summarize(GoogLeNet(5, width=0.25, norm=net), (3, 224, 224))


def test_a_missing_batch_axis_that_torch_accepts():
    with pytest.raises(ValueError, match=r"\(3, 9, 9\) has no batch axis"):
        summarize(nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU()), (3, 9, 9))
    assert summarize(nn.Linear(9, 2), (3, 9)).total_params == 20  # no convolution, no complaint


@pytest.mark.parametrize(
    "size", [224, None, "224", (), [], (1, 3, 224.0, 224), (1, 3, 0, 224), (1, -3, 9, 9), (True, 3),
             (1, "3", 9, 9), [(1, 3), ()], [(1, 3), 4]]
)  # fmt: skip
def test_a_wrong_input_size(size):
    with pytest.raises(ValueError, match=r"input_size must be a shape with.*but got"):
        summarize(nn.Linear(3, 1), size)


def test_other_wrong_arguments():
    with pytest.raises(TypeError, match="must be a torch.nn.Module, but got str"):
        summarize("net", (1, 3))
    with pytest.raises(ValueError, match="mode must be 'eval' or 'train', but got 'same'"):
        summarize(nn.Linear(3, 1), (1, 3), mode="same")
    with pytest.raises(ValueError, match="lazy layers"):
        summarize(nn.LazyLinear(3), (1, 3))


def test_what_the_network_raises_is_passed_on():
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        summarize(nn.Linear(4, 4), (2, 5))


@pytest.mark.filterwarnings("error")
def test_several_inputs_and_other_dtypes():
    net = nn.Bilinear(3, 4, 2)
    assert summarize(net, [(5, 3), (5, 4)]).total_params == 26
    half = GoogLeNet(5, width=0.25).bfloat16()
    assert summarize(half, (1, 3, 224, 224)).total_param_bytes == 2 * sum(
        p.numel() for p in half.parameters()
    )
    assert summarize(nn.Embedding(9, 2), (4, 3), dtype=torch.long).total_params == 18


class Functional(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.layer = nn.Parameter(torch.randn(5, 6)), nn.Linear(5, 3, bias=False)

    def forward(self, x):
        return self.layer(nn.functional.linear(x, self.table)) @ torch.ones(3, 2)


class Attention(nn.MultiheadAttention):
    def forward(self, x):
        return super().forward(x, x, x, need_weights=False)[0]


@pytest.mark.parametrize(
    ("net", "shape"),
    [
        (nn.Linear(64, 256, bias=False), (1, 22528, 64)),
        (nn.Linear(6, 4, bias=False), (2, 3, 5, 6)),
        (nn.Conv1d(4, 6, 3, groups=2, bias=False), (2, 4, 9)),
        (nn.Conv3d(2, 3, 2, bias=False), (2, 2, 4, 5, 6)),
        (nn.ConvTranspose1d(4, 6, 3, 2, bias=False), (2, 4, 9)),
        (nn.ConvTranspose2d(4, 6, 3, 2, 1, groups=2, bias=False), (2, 4, 5, 7)),
        (parametrizations.weight_norm(nn.Linear(6, 4, bias=False)), (2, 3, 6)),
        (parametrizations.weight_norm(nn.Conv2d(3, 4, 3, bias=False)), (2, 3, 6, 6)),
        (Functional(), (2, 7, 6)),
        (nn.Sequential(Functional(), nn.Linear(2, 2, bias=False)), (2, 7, 6)),
        (Attention(8, 2, bias=False, batch_first=True), (2, 5, 8)),
    ],
    ids=lambda one: type(one).__name__,
)
def test_mult_adds_are_those_of_torchs_counter(net, shape):
    net.eval()
    with FlopCounterMode(display=False) as counter:
        net(torch.randn(shape))
    found = summarize(net, shape, col_names=("mult_adds",))
    right = counter.get_total_flops() // 2
    if found.unknown_mult_adds:
        assert "Mult-adds unknown: " in repr(found) and right > found.total_mult_adds
    else:
        assert found.total_mult_adds == right > 0


def test_mult_adds_of_biases_recurrences_and_lookups():
    assert summarize(nn.Linear(6, 4), (2, 3, 6)).total_mult_adds == 6 * 28
    assert summarize(nn.ConvTranspose1d(1, 1, 3, 2), (1, 1, 4)).total_mult_adds == 4 * 3 + 9
    assert summarize(nn.LSTM(3, 4), (5, 2, 3)).total_mult_adds == 5 * 2 * (16 * 7 + 32)
    assert summarize(nn.GRUCell(3, 4), (5, 3)).total_mult_adds == 5 * (12 * 7 + 24)
    assert summarize(nn.Embedding(9, 2), (4, 3), dtype=torch.long).total_mult_adds == 0


def test_a_layer_of_which_nothing_tells_its_work_is_named():
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(3, 4))

        def forward(self, x):
            return x * self.weight

    found = summarize(nn.Sequential(nn.Linear(4, 4), Scale()), (3, 4), col_names=("mult_adds",))
    assert found.unknown_mult_adds == ("1",) and found.total_mult_adds == 3 * 20
    assert "Mult-adds unknown: 1\n" in repr(found) and "unknown\n" in repr(found)


def test_a_dtype_for_each_input():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.table, self.image = nn.Embedding(9, 2), nn.Linear(3, 5)

        def forward(self, image, ids):
            return self.image(image), self.table(ids)

    shapes = [(2, 3), (2, 4)]
    assert summarize(Two(), shapes, dtype=[torch.float32, torch.int64]).total_params == 38
    with pytest.raises(ValueError, match="one for each of the 2 inputs, but got"):
        summarize(Two(), shapes, dtype=[torch.float32])


# Printing.


@pytest.mark.parametrize(
    ("encoding", "box"), [("utf-8", True), ("gbk", True), ("cp1252", False), ("ascii", False)]
)
def test_print_on_any_console(monkeypatch, encoding, box):
    result = summarize(nn.Sequential(nn.Sequential(nn.Linear(3, 1))), (1, 3))
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding, newline="\n"))
    print(result)
    sys.stdout.flush()
    text = raw.getvalue().decode(encoding)
    monkeypatch.undo()
    assert ("├─Sequential" in text) == box
    assert ("+ Sequential" in text) != box
    assert text.splitlines()[-7:-5] == ["Total mult-adds (M): 0.00", "=" * 90]


def test_print_on_a_real_cp1252_console():
    code = (
        "from torch import nn; from googlenet_edu import summarize; "
        "print(summarize(nn.Sequential(nn.Linear(3, 1)), (1, 3)))"
    )
    done = subprocess.run(
        [sys.executable, "-X", "utf8=0", "-c", code],
        capture_output=True,
        env={"PYTHONIOENCODING": "cp1252", "PATH": ""},
        check=True,
    )
    assert b"+ Linear: 1-1" in done.stdout


def test_the_repr_does_not_change_later():
    net = nn.Sequential(nn.Linear(3, 1))
    result = summarize(net, (1, 3))
    before = repr(result)
    str(result)
    net[0] = nn.Linear(3, 5)
    assert repr(result) == before == repr(summarize(nn.Sequential(nn.Linear(3, 1)), (1, 3)))
