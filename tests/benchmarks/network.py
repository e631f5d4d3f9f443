"""The network's speed beside torchvision's, measured in this Python; prints one JSON object.

    python -m tests.benchmarks.network inference --batch 1
    python -m tests.benchmarks.network training

All works take turns in each round, and the numbers are ratios to the first: torchvision's googlenet
where it is installed, else this package's equal network (variant="torchvision", the same speed).
Networks that torch.compile translates disturb each other in one process, so `--compile` measures
one of them in a process of its own, beside the anchor and the optimized network.
"""

import argparse
import copy
import json
import os
import sys
import time
import warnings

import torch

from googlenet_edu import GoogLeNet
from googlenet_edu.costs import ledger
from googlenet_edu.fast import (
    channels_last,
    compile_for_inference,
    drop_heads,
    fold_batch_norms,
    fuse_relu,
    largest_difference,
    merge_siblings,
    optimize_for_inference,
)
from googlenet_edu.fast.measure import one_thread, side_by_side
from tests.benchmarks.machine import machine

SIDE = 2048  # of the matrix product whose speed is the limit
IMAGE = 224  # px


def weights(net):
    """Make weights as after training, so that no layer multiplies by 1 and adds 0."""
    torch.manual_seed(0)
    for module in net.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    return net.eval()


def anchor(ours):
    """Return (name, network) of what all is compared with, with the weights of ours."""
    try:
        from torchvision.models import googlenet
    except (ImportError, RuntimeError):  # not installed, or made for another torch
        return "our network equal to torchvision's, eager", ours.main_logits
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net = googlenet(weights=None, aux_logits=False, init_weights=False, transform_input=False)
    theirs, mine = net.state_dict(), ours.state_dict()
    assert len(theirs) == len(mine)
    pairs = zip(theirs, mine.values(), strict=True)
    net.load_state_dict({key: value for key, value in pairs})
    return "torchvision, eager", net.eval()


def scripted(net, images):
    """Return the network as TorchScript with PyTorch's oneDNN fusion, or None where it fails.

    A public way, on its way out: TorchScript is deprecated. It is fixed to one shape of images.
    """

    class MainPath(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net

        def forward(self, x):
            return self.net._main_path(x)

    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            torch.jit.enable_onednn_fusion(True)
            script = torch.jit.freeze(torch.jit.trace(MainPath().eval(), images).eval())
            for _ in range(3):  # the first calls look at the shapes, then it is translated
                script(images)
            return script
    except (RuntimeError, AttributeError):
        return None
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.jit.enable_onednn_fusion(False)


def inference(batch, seconds, clock, compiled, only=()):
    """Time all ways to infer beside torchvision's eager network, of the same size and weights."""
    net = weights(GoogLeNet(aux=False, variant="torchvision"))
    images = torch.randn(batch, 3, IMAGE, IMAGE)
    name, reference = anchor(net)
    seen = {name: reference}
    notes = {}
    start = time.perf_counter()
    fast = optimize_for_inference(net)
    fast.main_logits(images)
    made = time.perf_counter() - start
    notes["optimize_for_inference"] = f"ready after {made:.1f} s"
    if compiled:
        seen["optimize_for_inference"] = fast.main_logits
        start = time.perf_counter()
        quick = compile_for_inference(net)
        quick.main_logits(images)
        notes["torch.compile, freezing"] = f"ready after {time.perf_counter() - start:.0f} s"
        seen["torch.compile, freezing"] = quick.main_logits
    else:
        seen["the same again (control)"] = reference
        seen["ours eager, article's network"] = weights(GoogLeNet(aux=False)).main_logits
        seen["ours eager"] = net.main_logits
        folded = fold_batch_norms(drop_heads(net))
        seen["fold batch norm"] = folded.main_logits
        seen["channels last alone"] = channels_last(net).main_logits
        seen["fold, channels last"] = channels_last(folded).main_logits
        merged = channels_last(merge_siblings(net))
        seen["fold, merge, channels last"] = merged.main_logits
        seen["fold, merge, channels last, fuse"] = fuse_relu(merged).main_logits
        steps = optimize_for_inference(net, script=False)
        seen["the same, prepack, chunks"] = steps.main_logits
        seen["optimize_for_inference"] = fast.main_logits
        if batch > 1:
            uncut = optimize_for_inference(net, chunk=None)
            seen["optimize_for_inference, uncut"] = uncut.main_logits
        jit = scripted(net, images)
        if jit is not None:
            seen["torch.jit with oneDNN fusion alone"] = jit
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            half = optimize_for_inference(net, precision="bf16")
        if not caught:  # where the processor computes in bf16
            deviation = net.main_logits(images).std().item()
            notes["bf16"] = (
                f"largest difference {largest_difference(net, half, images):.2g} "
                f"(scores deviate by {deviation:.2g})"
            )
            seen["bf16"] = half.main_logits
    if only:
        kept = [which for which in seen if any(word in which for word in only)]
        seen = {which: seen[which] for which in dict.fromkeys([name, *kept])}
    with torch.no_grad():
        right = net.main_logits(images)
        assert (reference(images) - right).abs().max() < 1e-4 * right.abs().max()
        for which, one in seen.items():
            if which != "bf16" and "article" not in which:
                gap = (one(images) - right).abs().max().item()
                assert gap < 1e-4 * max(1, right.abs().max().item()), (which, gap)
                notes.setdefault(which, f"largest difference {gap:.1g}")
    works = {which: (lambda one=one: one(images)) for which, one in seen.items()}
    one, two = torch.randn(SIDE, SIDE), torch.randn(SIDE, SIDE)
    works["matrix product"] = lambda: one @ two
    with torch.no_grad():  # each has run once already
        found = side_by_side(works, 200, warm_up=1, clock=clock, limit=seconds)
    peak = found.pop()
    total = ledger(IMAGE, batch, aux=False, variant="torchvision").multiply_adds
    article = ledger(IMAGE, batch, aux=False).multiply_adds
    rows = []
    for timing in found:
        work = article if "article" in timing.name else total
        share = work / SIDE**3 * peak.seconds / timing.seconds
        rows.append(_row(timing, share, notes.get(timing.name, "")))
    floor = total / SIDE**3 * peak.ratio
    return {
        "rows": rows,
        "text": (
            f"Matrix product {SIDE} x {SIDE}: {SIDE**3 / peak.seconds / 1e9:.0f} billion "
            f"multiply-adds a second. At that speed all multiply-adds of the network would take "
            f"{floor:.2f} of the anchor's time, and nothing else would take any."
        ),
        "floor": floor,
    }


def training(batch, seconds, clock, _, only=()):
    """Time a training step (forward, loss, backward, SGD) beside torchvision's eager network."""
    base = GoogLeNet(aux=False, variant="torchvision")
    images, classes = torch.randn(batch, 3, IMAGE, IMAGE), torch.arange(batch)
    name, reference = anchor(base)
    reference = copy.deepcopy(base) if not isinstance(reference, torch.nn.Module) else reference

    def step(net, layout=torch.contiguous_format):
        net = net.train().to(memory_format=layout)
        call = getattr(net, "main_logits", net)
        optimizer = torch.optim.SGD(net.parameters(), lr=1e-4, momentum=0.9)
        given = images.contiguous(memory_format=layout)

        def run():
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(call(given), classes).backward()
            optimizer.step()

        return run

    works = {
        name: step(reference),
        "ours eager": step(copy.deepcopy(base)),
        "ours, channels last": step(copy.deepcopy(base), torch.channels_last),
        "ours eager, article's network": step(GoogLeNet(aux=False)),
    }
    if only:
        works = {
            which: work
            for which, work in works.items()
            if which == name or any(word in which for word in only)
        }
    found = side_by_side(works, 200, warm_up=1, clock=clock, limit=seconds)
    return {"rows": [_row(timing, None, "") for timing in found], "text": ""}


def _row(timing, share, note):
    spread = f"{timing.low:.3f} to {timing.high:.3f}"
    return [
        timing.name, round(timing.ratio, 3), spread, round(timing.seconds * 1000, 1),
        timing.rounds, None if share is None else f"{share:.0%}", note,
    ]  # fmt: skip


COLUMNS = ["", "ratio", "quartiles", "ms", "rounds", "of the matrix product's speed", "note"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["inference", "training"])
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=40, help="no new round after that")
    parser.add_argument("--one-thread", action="store_true", help="one thread, processor time")
    parser.add_argument("--only", nargs="*", default=(), metavar="WORD", help="rows with a word")
    parser.add_argument("--compile", action="store_true", help="torch.compile, and little else")
    options = parser.parse_args()
    work = {"inference": inference, "training": training}[options.what]
    args = (options.batch, options.seconds)
    before = machine()
    if options.one_thread:
        os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"
        with one_thread():
            found = work(*args, time.thread_time, options.compile, options.only)
    else:
        found = work(*args, time.perf_counter, options.compile, options.only)
    found.update(machine=before, columns=COLUMNS)
    json.dump(found, sys.stdout, ensure_ascii=True)


if __name__ == "__main__":
    main()
