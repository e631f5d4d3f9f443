"""The training loop: plain steps, a progress bar, checkpoints that a killed run goes on from."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from math import prod
from pathlib import Path

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..checks import choice, number, whole
from ..costs import ledger
from ..model import GoogLeNet
from ._order import AUGMENT, DROPOUT, mixed_seed, step_batches
from .checkpoint import check_same_run, check_writable, load_checkpoint, save_checkpoint
from .data import ImageData
from .evaluation import evaluate
from .history import History
from .loss import AUX_WEIGHT, checked_scores, loss_parts, weighted
from .network import architecture_of, make_optimizer
from .parallel import Group, SharedBatchNorm2d

__all__ = ["TrainingStopped", "fit"]


class TrainingStopped(RuntimeError):
    """The run ended early: on request, or because the loss was no longer a number."""


def fit(
    net: GoogLeNet,
    data: ImageData,
    *,
    epochs: int = 5,
    batch_size: int = 64,
    optimizer: str = "adam",
    lr: float = 1e-3,
    momentum: float = 0.9,
    weight_decay: float = 0.0,
    schedule: str = "constant",
    aux_weight: float = AUX_WEIGHT,
    seed: int = 0,
    channels_last: bool = True,
    device: str | torch.device | None = None,
    workers: int = 0,
    checkpoint: str | Path | None = None,
    resume: bool = False,
    checkpoint_every: int | None = None,
    evaluate_each: bool = True,
    on_nan: str = "stop",
    progress: bool = True,
    should_stop: Callable[[], bool] | None = None,
) -> History:
    """Train a network and return its `History`.

    The order of the images, dropout and augmentation follow from seed, epoch and step, so equal
    arguments give equal weights, bit for bit on one machine with one number of threads. The global
    random state stays as it was.

    Args:
        net: a `GoogLeNet`; trained in place. data: a `ImageData`.
        epochs: how often every image is seen, in all (a resumed run counts on).
        batch_size: images per step, over all processes together.
        optimizer, lr, momentum, weight_decay: as `make_optimizer`.
        schedule: "constant", or "cosine": from lr down to 0 over all steps.
        aux_weight: weight of each head in the loss; 0.3 is the paper's.
        channels_last: keep weights and images in the memory order that is fast on processors.
        device: "cpu", "cuda" ...; None leaves the network where it is.
        workers: processes that read images ahead (for folders); 0 reads in this one.
        checkpoint: a file that is written after every epoch, and every checkpoint_every steps.
        resume: go on from that file when it exists. Without it an existing file is an error.
        evaluate_each: test after every epoch.
        on_nan: "stop" raises when the loss is no longer a number; "record" ends the run and
            notes it in `history.diverged`.
        progress: a bar in notebook or terminal. should_stop: a function asked after each step;
            True saves the checkpoint and raises `TrainingStopped`.

    Under `torchrun` every process calls it with the same arguments.
    Raises: ValueError for arguments or data that do not fit; `CheckpointError`;
    `TrainingStopped`; `PeerLost` when another process died. Chapters: book/training/training,
    book/training/beyond_one_machine.
    """
    group = Group.current(device, net)
    _check(net, data, epochs, batch_size, schedule, aux_weight, evaluate_each, on_nan, workers,
           checkpoint_every, group)  # fmt: skip
    settings = {
        "batch_size": batch_size, "optimizer": optimizer, "lr": lr, "momentum": momentum,
        "weight_decay": weight_decay, "schedule": schedule, "aux_weight": aux_weight,
        "seed": seed, "channels_last": channels_last, "data": data.name,
        "images": len(data.train),
    }  # fmt: skip
    if schedule == "cosine":
        settings["epochs"] = epochs  # the rate of every step depends on it
    run = _Run(net, data, group, settings, epochs, checkpoint)
    run.open_checkpoint(resume)
    devices = [group.device] if group.device.type == "cuda" else []
    with (
        torch.random.fork_rng(devices=devices),
        _bar(progress and not group.rank, epochs * run.steps, run.steps_done) as bar,
        group.watch(checkpoint),
    ):
        model = group.wrap(net)
        while run.epoch < epochs and not run.history.diverged:
            run.one_epoch(model, bar, workers, checkpoint_every, evaluate_each, should_stop)
    if run.history.diverged and on_nan == "stop":
        raise TrainingStopped(_diverged(run.history, lr, checkpoint))
    return run.history


class _Run:
    """A run: the network, its optimizer, its history, and the epoch and step that come next.

    steps: of one epoch. sums: objective, main loss and right answers of this epoch's steps so far.
    """

    def __init__(self, net, data, group, settings, epochs, checkpoint):
        self.net, self.data, self.group, self.settings = net, data, group, settings
        self.epochs, self.checkpoint = epochs, checkpoint
        channels_last = settings["channels_last"]
        self.memory_format = torch.channels_last if channels_last else torch.contiguous_format
        net.to(device=group.device, memory_format=self.memory_format)
        self.optimizer = make_optimizer(
            net, settings["optimizer"], settings["lr"], momentum=settings["momentum"],
            weight_decay=settings["weight_decay"],
        )  # fmt: skip
        self.history = History(notes=list(data.notes))
        self.epoch, self.step, self.sums = 0, 0, [0.0] * 3
        self.owns_file = False  # whether the checkpoint file belongs to this run
        self.steps = len(self.batches(0))

    @property
    def steps_done(self):
        return self.epoch * self.steps + self.step

    def batches(self, epoch):
        """Return the image numbers of every step of one epoch, for all processes together."""
        count, settings = len(self.data.train), self.settings
        least = 2 * self.group.size
        return step_batches(count, settings["batch_size"], settings["seed"], epoch, least)

    def open_checkpoint(self, resume):
        """Go on from the checkpoint file, if there is one; otherwise see that it can be written."""
        if self.checkpoint is None:
            return
        state = _open_checkpoint(self.checkpoint, resume)
        if state is None:
            if not self.group.rank:
                check_writable(self.checkpoint)
            return
        facts = architecture_of(self.net)
        check_same_run(self.checkpoint, state, facts, self.settings, self.data.classes)
        self.net.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.history = History.from_dict(state["history"])
        self.epoch, self.step, self.sums = state["epoch"], state["step"], state["sums"]
        self.owns_file = True

    def one_epoch(self, model, bar, workers, checkpoint_every, evaluate_each, should_stop):
        """Train on the epoch's remaining steps, test, save."""
        seed, first, batches = self.settings["seed"], self.step, self.batches(self.epoch)
        jobs = [
            (self.group.share(numbers), mixed_seed(seed, AUGMENT, self.epoch, step))
            for step, numbers in enumerate(batches[first:], first)
        ]
        self.net.train()
        start = time.perf_counter()
        for images, labels in _read(self.data.train, jobs, workers):
            wanted = should_stop is not None and should_stop
            objective, stop = self.one_step(model, images, labels, len(batches[self.step]), wanted)
            if self.history.diverged:
                return
            last = self.step == self.steps
            if not last and (stop or (checkpoint_every and self.step % checkpoint_every == 0)):
                self.save()
            if not last and stop:
                raise TrainingStopped(_stopped(self.checkpoint, self.epoch, self.step))
            bar.update()
            bar.set_postfix_str(f"epoch {self.epoch + 1}, loss {objective:.3f}", refresh=False)
        self.history.add_epoch(
            [total / len(self.data.train) for total in self.sums],
            self.optimizer.param_groups[0]["lr"],
            time.perf_counter() - start,
        )
        self.epoch, self.step, self.sums = self.epoch + 1, 0, [0.0] * 3
        if evaluate_each:
            channels_last = self.settings["channels_last"]
            loss, accuracy = self.group.evaluated(
                lambda: evaluate(self.net, self.data.test, channels_last=channels_last)
            )
            self.history.test_loss.append(loss)
            self.history.test_accuracy.append(accuracy)
        self.save()
        if stop and self.epoch < self.epochs:
            raise TrainingStopped(_stopped(self.checkpoint, self.epoch, 0))

    def one_step(self, model, images, labels, whole, should_stop):
        """Train on one batch of `whole` images; return (objective, whether to stop)."""
        group, settings = self.group, self.settings
        torch.manual_seed(mixed_seed(settings["seed"], DROPOUT, self.epoch, self.step, group.rank))
        if settings["schedule"] == "cosine":
            _set_rate(self.optimizer, settings["lr"], self.steps_done / (self.epochs * self.steps))
        images = images.to(group.device, memory_format=self.memory_format)
        labels = labels.to(group.device)

        self.optimizer.zero_grad(set_to_none=True)
        scores = checked_scores(model(images))
        parts = loss_parts(scores, labels)
        loss = weighted(parts, settings["aux_weight"])
        group.scaled(loss, len(labels), whole).backward()
        self.optimizer.step()

        right = (scores[0].detach().argmax(1) == labels).sum()
        *found, stop = group.total(
            [loss.detach(), parts[0].detach()], right, len(labels), should_stop and should_stop()
        )
        objective = found[0] / whole
        self.history.step_loss.append(objective)
        self.step += 1
        if math.isfinite(objective):
            self.sums = [total + value for total, value in zip(self.sums, found, strict=True)]
        else:
            self.history.diverged = (self.epoch + 1, self.step)
        return objective, stop

    def save(self):
        """Write the checkpoint: everything that the next step depends on."""
        if self.checkpoint is None or self.group.rank:
            return
        if not self.owns_file:
            _open_checkpoint(self.checkpoint, resume=False)  # another run may have written there
            self.owns_file = True
        save_checkpoint(self.checkpoint, known=True, state={
            "network": architecture_of(self.net), "classes": list(self.data.classes),
            "settings": self.settings, "data": self.data.origin,
            "model": self.net.state_dict(), "optimizer": self.optimizer.state_dict(),
            "history": self.history.to_dict(),
            "epoch": self.epoch, "step": self.step, "sums": list(self.sums),
        })  # fmt: skip


def _read(part, jobs, workers):
    """Yield (images, labels) of every job, read ahead by other processes when workers > 0."""
    if not workers:
        for numbers, seed in jobs:
            yield part.batch(numbers, seed)
        return
    from torch.utils.data import DataLoader

    yield from DataLoader(_Jobs(part, jobs), batch_size=None, num_workers=workers)


class _Jobs(torch.utils.data.Dataset):
    def __init__(self, part, jobs):
        self.part, self.jobs = part, jobs

    def __len__(self):
        return len(self.jobs)

    def __getitem__(self, step):
        return self.part.batch(*self.jobs[step])


def _bar(shown, total, done):
    from tqdm.auto import tqdm

    # Only characters that every console has; a bar that is off costs nothing.
    return tqdm(
        total=total, initial=done, disable=not shown, unit="step", ascii=" =", file=sys.stderr,
        dynamic_ncols=True, mininterval=0.2,
    )  # fmt: skip


def _set_rate(optimizer, lr, done):
    for group in optimizer.param_groups:
        group["lr"] = lr * 0.5 * (1 + math.cos(math.pi * done))


def _open_checkpoint(path, resume):
    path = Path(path)
    if not path.exists():
        return None
    state = load_checkpoint(path)
    if not resume:
        raise FileExistsError(
            f"{path} already holds a checkpoint (epoch {state['epoch']}, step {state['step']}): go "
            "on from it with resume (--resume), or name another file. It is left as it is."
        )
    return state


def _stopped(checkpoint, epoch, step):
    where = f"after epoch {epoch}" if not step else f"in epoch {epoch + 1} after step {step}"
    if checkpoint is None:
        return f"Stopped {where}. No checkpoint file was named, so nothing is kept."
    return (
        f"Stopped {where}. Everything is in {checkpoint}: the same command with --resume goes on."
    )


def _diverged(history, lr, checkpoint):
    epoch, step = history.diverged
    kept = "" if checkpoint is None else f" {checkpoint} still holds the last good state."
    return (
        f"The loss is no longer a number at epoch {epoch}, step {step}: try a learning rate below "
        f"{lr:g}, batch norm, or He initialization.{kept}"
    )


def _check(net, data, epochs, batch_size, schedule, aux_weight, evaluate_each, on_nan, workers,
           checkpoint_every, group):  # fmt: skip
    whole("epochs", epochs, 1)
    whole("batch_size", batch_size, 1)
    whole("workers", workers, 0)
    number("aux_weight", aux_weight, "the paper has 0.3")
    if checkpoint_every is not None:
        whole("checkpoint_every", checkpoint_every, 1)
    choice("schedule", schedule, ("constant", "cosine"))
    choice("on_nan", on_nan, ("stop", "record"))
    if len(data.train) < 2:
        raise ValueError(f"Training needs at least 2 images, but got {len(data.train)}.")
    if evaluate_each and not len(data.test):
        raise ValueError(
            "There are no images to test on after each epoch: give a test part, or evaluate_each="
            "False."
        )
    if net.num_classes != len(data.classes):
        raise ValueError(
            f"The network has {net.num_classes} classes, but the data has {len(data.classes)}: use "
            f"net.reset_classes({len(data.classes)}), or build it with num_classes="
            f"{len(data.classes)}."
        )
    channels, height, width = data.shape
    if channels != net.in_channels:
        raise ValueError(
            f"The network takes images with {net.in_channels} channels, but the data has "
            f"{channels}: load the data with channels={net.in_channels}, or build the network with "
            f"in_channels={channels}."
        )
    if min(height, width) < net.smallest_image:
        raise ValueError(
            f"The network takes images from {net.smallest_image} px per side up, but the data has "
            f"{height} x {width} px: load the data larger."
        )
    if batch_size < group.size:
        raise ValueError(
            f"{batch_size} images per step cannot be shared by {group.size} processes: use "
            f"batch_size={2 * group.size} or more."
        )
    smallest = min(batch_size, len(data.train)) // group.size
    if smallest < 2 and any(map(_normalizes_alone, net.modules())):
        last = ledger(
            (height, width), smallest, net.num_classes, False, net.variant, width=net.width,
            in_channels=net.in_channels,
        )  # fmt: skip
        if prod(next(row.in_shape for row in last if row.name == "avgpool")[2:]) == 1:
            raise ValueError(
                f"Batch norm cannot train on one image per process whose last maps are 1 x 1 (at "
                f"{height} x {width} px): it would have one value per channel. Use batch_size="
                f"{2 * group.size} or more."
            )


def _normalizes_alone(module):
    """Whether a batch norm sees the images of its own process only."""
    return isinstance(module, _BatchNorm) and not isinstance(
        module, (SharedBatchNorm2d, nn.SyncBatchNorm)
    )
