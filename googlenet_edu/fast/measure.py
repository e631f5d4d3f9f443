"""Times that can be compared: works side by side, layer by layer, against the machine's limits.

A single time says little on a machine that does other things as well. Here all works take turns in
every round, and what counts is the ratio within a round. Chapter: book/training/inference.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor, nn

from ..checks import AXES, each
from ..model import GoogLeNet
from .steps import FastGoogLeNet

__all__ = [
    "LayerTime",
    "Timing",
    "copy_bandwidth",
    "layer_times",
    "matmul_rate",
    "one_thread",
    "side_by_side",
]


@dataclass(frozen=True, slots=True)
class Timing:
    """How a work did beside the first one: `ratio` is the median over rounds, `low` and `high` its
    quartiles (below 1 is faster), `seconds` the median time, `rounds` how many there were."""

    name: str
    ratio: float
    low: float
    high: float
    seconds: float
    rounds: int


@dataclass(frozen=True, slots=True)
class LayerTime:
    """What one layer took and moved: `seconds` is the median; `operations` are multiply-adds, or
    for layers without weights one per number a window reads; `size` is the bytes read and written
    (input, weights, output)."""

    name: str
    kind: str
    seconds: float
    multiply_adds: int
    operations: int
    size: int

    @property
    def intensity(self) -> float:
        """Operations for each byte that is read or written."""
        return self.operations / self.size

    @property
    def rate(self) -> float:
        """Operations per second."""
        return self.operations / self.seconds


@contextmanager
def one_thread() -> Iterator[None]:
    """Within this block torch uses one thread, so that `time.thread_time` sees all its work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def side_by_side(
    works: Mapping[str, Callable[[], Any]],
    rounds: int = 10,
    *,
    warm_up: int = 2,
    clock: Callable[[], float] = time.perf_counter,
    limit: float | None = None,
) -> list[Timing]:
    """Time works in turn, round by round, and return a `Timing` for each, as a list.

    Args:
        works: {name: function without arguments}; the first is what the others are compared with.
        rounds: how often each is timed, from 2 up. The order within a round changes.
        warm_up: calls before that, not timed.
        clock: time.perf_counter, or time.thread_time inside `one_thread()`, which does not count
            what other programs do meanwhile.
        limit: seconds (by the wall clock) after which no new round starts, once there were 2.

    Raises: ValueError for no work or fewer than 2 rounds. Chapter: book/training/inference.
    """
    names = list(works)
    if not names or rounds < 2:
        raise ValueError(
            f"side_by_side needs at least one work and 2 rounds, but got {len(names)} works and "
            f"{rounds} rounds: a median needs company."
        )
    for work in works.values():
        for _ in range(warm_up):
            work()
    times = {name: [] for name in names}
    end = time.monotonic() + (float("inf") if limit is None else limit)
    for number in range(rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            start = clock()
            works[name]()
            times[name].append(max(clock() - start, 1e-9))
        if number >= 1 and time.monotonic() > end:
            break
    found = []
    for name in names:
        ratios = [one / base for one, base in zip(times[name], times[names[0]], strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
        median = statistics.median(times[name])
        found.append(Timing(name, middle, low, high, median, len(ratios)))
    return found


def layer_times(
    net: GoogLeNet | FastGoogLeNet,
    images: Tensor,
    rounds: int = 5,
    *,
    clock: Callable[[], float] = time.perf_counter,
) -> list[LayerTime]:
    """Return a `LayerTime` for every layer of a network's main path, in forward order.

    The joining of branches is no module: for each Inception block it is what the block takes beyond
    its layers, and appears as `NAME.cat`, of the kind "cat". Hooks are removed afterwards. Of a
    `FastGoogLeNet` the layers are timed, not its program, and the batch as a whole.

    Args: net: `GoogLeNet` or `FastGoogLeNet`, in evaluation mode. images: (N, channels, H, W).
    rounds: passes of which the median is taken. clock: as in `side_by_side`.
    Chapter: book/training/inference.
    """
    started, spent, rows, order = {}, {}, {}, []
    inner = net.net if isinstance(net, FastGoogLeNet) else net
    given = net._input(images) if isinstance(net, FastGoogLeNet) else images
    names = {module: name for name, module in inner.named_modules()}

    def watched(module):
        return not list(module.children()) or "Inception" in type(module).__name__

    def before(module, _):
        started[module] = clock()

    def after(module, inputs, output):
        spent.setdefault(module, []).append(clock() - started[module])
        if module not in rows:
            order.append(module)
            rows[module] = _work(module, inputs[0], output)

    hooks = []
    for module in names:
        if watched(module):
            hooks += [
                module.register_forward_pre_hook(before), module.register_forward_hook(after)
            ]  # fmt: skip
    try:
        with torch.no_grad():
            inner.main_logits(given)
            for times in spent.values():
                times.clear()
            for _ in range(rounds):
                inner.main_logits(given)
    finally:
        for hook in hooks:
            hook.remove()
    found = []
    for module in order:
        name, kind, times = names[module], type(module).__name__, spent[module]
        if "Inception" in kind:
            inside = [spent[m] for m in module.modules() if m is not module and m in spent]
            times = [whole - sum(part) for whole, *part in zip(times, *inside, strict=True)]
            name, kind = name + ".cat", "cat"
        seconds = max(statistics.median(times), 1e-9)
        found.append(LayerTime(name, kind, seconds, *rows[module]))
    return found


def _work(module, given, output):
    """(multiply-adds, operations, bytes) of one call of a layer."""
    bytes_of_one = output.element_size()
    if "Inception" in type(module).__name__:  # the joined map is read once and written once
        return 0, 0, 2 * output.numel() * bytes_of_one
    weights = sum(p.numel() for p in module.parameters(recurse=False))
    size = (given.numel() + output.numel() + weights) * bytes_of_one
    weight = getattr(module, "weight", None)
    if weight is not None and weight.dim() > 1:
        places = output.numel() // output.size(1)
        multiply_adds = places * prod(weight.shape)
        return multiply_adds, multiply_adds, size
    if isinstance(module, nn.MaxPool2d):
        return 0, output.numel() * prod(each("kernel_size", module.kernel_size, AXES[1:])), size
    if isinstance(module, nn.AdaptiveAvgPool2d):
        return 0, given.numel(), size
    return 0, output.numel(), size


def matmul_rate(
    side: int = 1024,
    rounds: int = 8,
    *,
    clock: Callable[[], float] = time.perf_counter,
    dtype: torch.dtype = torch.float32,
) -> float:
    """Return the multiply-adds per second of a square matrix product, the best of some rounds.

    It is the practical limit of the processor's arithmetic. Chapter: book/training/inference.
    """
    one, two = torch.rand(side, side).to(dtype), torch.rand(side, side).to(dtype)
    return side**3 / _best(lambda: one @ two, rounds, clock)


def copy_bandwidth(
    megabytes: int = 64, rounds: int = 8, *, clock: Callable[[], float] = time.perf_counter
) -> float:
    """Return the bytes per second that memory takes and gives in a copy, the best of some rounds.

    Read and written bytes both count. The default is larger than most caches, so it is the main
    memory's figure. Chapter: book/training/inference.
    """
    one = torch.rand(megabytes * 250_000)
    two = torch.empty_like(one)
    return 2 * one.numel() * one.element_size() / _best(lambda: two.copy_(one), rounds, clock)


def _best(work, rounds, clock):
    work()
    times = []
    for _ in range(rounds):
        start = clock()
        work()
        times.append(clock() - start)
    return max(min(times), 1e-9)
