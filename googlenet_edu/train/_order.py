"""Which images come in which step, and the random numbers of each step.

Both follow from (seed, epoch, step) alone. So a run that stops anywhere can go on as if it had
never stopped, and two processes agree without talking.
"""

from __future__ import annotations

import numpy as np
import torch

from ..checks import whole

SHUFFLE, DROPOUT, SPLIT, AUGMENT, WEIGHTS = range(5)  # what the numbers are for


def mixed_seed(seed, *parts):
    """Return one 63-bit seed from several whole numbers; near ones give unrelated results."""
    state = np.random.SeedSequence([whole("seed", seed, 0), *map(int, parts)]).generate_state(
        1, np.uint64
    )
    return int(state[0] >> np.uint64(1))


def generator(seed, *parts):
    """Return a torch generator that starts from several whole numbers."""
    return torch.Generator().manual_seed(mixed_seed(seed, *parts))


def step_batches(count, batch_size, seed, epoch, least=2):
    """Return the image numbers of every step of one epoch: a list of lists.

    Every image comes once. Fewer than `least` images left over at the end join the batch before
    them: batch norm cannot train on one value per channel.
    """
    order = torch.randperm(count, generator=generator(seed, SHUFFLE, epoch)).tolist()
    batches = [order[i : i + batch_size] for i in range(0, count, batch_size)]
    if len(batches) > 1 and len(batches[-1]) < min(least, batch_size):
        last = batches.pop()
        batches[-1] += last
    return batches
