"""Speed of training, printed: a part of `make bench`, or alone with python -m tests.benchmarks.training.

All figures are ratios of two things measured in turn, in one run on one machine.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 7
STEPS = 16  # of 64 images each


def plain_loop(net, data):
    """Train for one epoch as one would write it without googlenet_edu.train; return seconds."""
    import torch
    from torch.nn import functional

    net.to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    order = torch.randperm(len(data.train))
    images, labels = data.train.images, data.train.labels
    total = 0.0
    start = time.perf_counter()
    for i in range(0, len(order), 64):
        chosen = order[i : i + 64]
        x, y = images[chosen].contiguous(memory_format=torch.channels_last), labels[chosen]
        main, aux1, aux2 = net(x)
        loss = functional.cross_entropy(main, y)
        loss = loss + 0.3 * (functional.cross_entropy(aux1, y) + functional.cross_entropy(aux2, y))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    return time.perf_counter() - start


def our_loop(net, data, channels_last=True):
    """Train for one epoch with `fit`, progress bar included; return the seconds of the steps."""
    from googlenet_edu.train import fit

    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        stderr, sys.stderr = sys.stderr, nowhere
        try:
            history = fit(net, data, epochs=1, channels_last=channels_last, evaluate_each=False)
        finally:
            sys.stderr = stderr
    return history.seconds[0]


def ratio(one, two):
    """Return (median of one's seconds / two's seconds, median of two's seconds), in turn."""
    pairs = []
    for turn in range(ROUNDS + 1):
        works = (one, two) if turn % 2 else (two, one)  # neither is always first
        times = {work: work() for work in works}
        if turn:  # the first round warms up
            pairs.append((times[one] / times[two], times[two]))
    return tuple(statistics.median(column) for column in zip(*pairs, strict=True))


def processes_ratio():
    """Return how many images a second two processes train, compared with one, in turn."""
    folder = Path(tempfile.mkdtemp())
    cores = os.cpu_count() or 2
    train = ["-m", "googlenet_edu.train", "--epochs", "3", "--size", "64", "--no-progress"]
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    seconds = {1: [], 2: []}
    for turn in range(3):
        for count in (1, 2):
            path = folder / f"{turn}-{count}.json"
            command = [sys.executable, *(launch if count == 2 else []), *train]
            command += ["--threads", str(max(1, cores // count)), "--history", str(path)]
            subprocess.run(command, check=True, capture_output=True)
            history = json.loads(path.read_text(encoding="utf-8"))
            seconds[count].append(min(history["seconds"][1:]))
    pairs = zip(seconds[1], seconds[2], strict=True)
    return statistics.median(one / two for one, two in pairs)


def report_training(report):
    """Measure and hand each figure to report(name, value, unit, limit, at_least)."""
    from googlenet_edu.train import digits, small_googlenet

    data = digits(64, train_count=64 * STEPS)

    def net():
        return small_googlenet(10)

    against, seconds = ratio(lambda: plain_loop(net(), data), lambda: our_loop(net(), data))
    print(f"{'training, 64 px, width 0.25':46} {64 * STEPS / seconds:8.0f} images a second")
    report("training: fit against a plain loop", against, "x", 0.98, True)
    last, _ = ratio(lambda: our_loop(net(), data, False), lambda: our_loop(net(), data))
    report("training: channels_last against contiguous", last, "x", 1.0, True)
    print(f"{'training: two processes against one':46} {processes_ratio():8.2f} x")


def main():
    failed = []

    def report(name, value, unit, limit, at_least):
        failed.extend([] if value >= limit else [name])
        print(f"{name:46} {value:8.3f} {unit:3} (at least {limit} {unit})")

    report_training(report)
    if failed:
        sys.exit(f"Beyond its limit: {', '.join(failed)}.")


if __name__ == "__main__":
    main()
