"""measure: ratios from planted times, layers with the ledger's work, the roofline's drawing."""

import time

import matplotlib.pyplot as plt
import pytest
import torch

from googlenet_edu import GoogLeNet
from googlenet_edu.costs import ledger
from googlenet_edu.fast import optimize_for_inference
from googlenet_edu.fast.measure import (
    LayerTime,
    copy_bandwidth,
    layer_times,
    matmul_rate,
    one_thread,
    side_by_side,
)
from googlenet_edu.plots import roofline, show


class Clock:
    """A clock that only moves when a work says so."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def work(self, *durations):
        left = iter(durations)

        def run():
            self.now += next(left)

        return run


def test_ratios_are_of_the_same_round():
    clock = Clock()
    # The machine is three times slower in the second and third round: the ratio does not care.
    works = {"a": clock.work(1, 3, 3, 1), "b": clock.work(0.5, 1.5, 1.5, 0.6)}
    one, two = side_by_side(works, 4, warm_up=0, clock=clock)
    assert (one.name, one.ratio, one.low, one.high, one.rounds) == ("a", 1, 1, 1, 4)
    assert two.ratio == pytest.approx(0.5) and two.low == pytest.approx(0.5)
    assert two.high == pytest.approx(0.525) and two.seconds == pytest.approx(1.05)


def test_each_goes_first_in_turn_and_the_limit_stops():
    order = []
    works = {name: (lambda name=name: order.append(name)) for name in "abc"}
    side_by_side(works, 3, warm_up=1)
    assert "".join(order) == "abc" + "abc" + "bca" + "cab"
    assert side_by_side(works, 50, limit=0)[0].rounds == 2
    for args in (({}, 3), (works, 1)):
        with pytest.raises(ValueError, match="2 rounds"):
            side_by_side(*args)


@pytest.mark.parametrize("fast", [False, True])
def test_layers_have_the_ledgers_work(fast):
    net = GoogLeNet(10, width=0.25, aux=False).eval()
    book = ledger(64, 2, 10, aux=False, width=0.25)
    ours = optimize_for_inference(net) if fast else net
    rows = layer_times(ours, torch.randn(2, 3, 64, 64), rounds=2)
    assert all(row.seconds > 0 and row.size > 0 for row in rows)
    assert sum(row.multiply_adds for row in rows) == book.multiply_adds
    assert len([row for row in rows if row.kind == "cat"]) == 9
    assert len([row for row in rows if row.kind == "MaxPool2d"]) == 13
    convs = [row for row in rows if row.kind in ("Conv2d", "ConvReLU")]
    assert len(convs) == (57 - 18 if fast else 57)
    first = next(row for row in rows if row.name.startswith("conv1"))
    assert first.multiply_adds == 2 * 32 * 32 * 16 * 3 * 49
    weights = 16 * 3 * 49 + (16 if fast else 0)
    assert first.size == 4 * (2 * 3 * 64 * 64 + weights + 2 * 16 * 32 * 32)
    pool = next(row for row in rows if row.name == "maxpool1")
    assert pool.operations == 2 * 16 * 16 * 16 * 9 and pool.multiply_adds == 0
    inner = getattr(ours, "net", ours)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in inner.modules())


def test_hooks_go_even_after_an_error():
    net = GoogLeNet(10, width=0.25, aux=False).eval()
    with pytest.raises(ValueError, match="batch axis"):
        layer_times(net, torch.zeros(3, 64, 64))
    assert not any(m._forward_hooks for m in net.modules())


def test_limits_and_threads():
    before = torch.get_num_threads()
    with one_thread():
        assert torch.get_num_threads() == 1
        assert matmul_rate(128, 2, clock=time.thread_time) > 1e8
        assert copy_bandwidth(1, 2) > 1e7
    assert torch.get_num_threads() == before


def test_roofline_places_marks_where_they_belong():
    layers = [
        LayerTime("conv", "Conv2d", 1.0, 10**11, 10**11, 10**9),
        LayerTime("pool", "MaxPool2d", 0.5, 0, 10**9, 10**9),
        LayerTime("join", "cat", 0.1, 0, 0, 10**9),
    ]
    fig, ax = plt.subplots()
    roofline(ax, layers, 1e11, 1e10)
    assert [tuple(map(float, line.get_xydata()[0])) for line in ax.lines[:2]] == [
        (100, 1e11), (1, 2e9)
    ]  # fmt: skip
    chart = show(fig, "Test")
    assert "2 layers" in chart.alt and "100 billion multiply-adds" in chart.alt
    assert "conv: 66.7% of the time, 100 billion" in chart.svg and "join:" not in chart.svg
    for bad in (([], 1, 1), (layers, 0, 1), (layers[2:], 1, 1), (layers, 1, -1)):
        with pytest.raises(ValueError, match="roofline needs"):
            roofline(ax, *bad)
