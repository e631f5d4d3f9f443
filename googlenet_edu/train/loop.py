"""The training loop: plain steps, a progress bar, checkpoints that a killed run goes on from."""

import math
import sys
import time
from pathlib import Path

import torch
from torch import nn

from ._order import AUGMENT, DROPOUT, mixed_seed, step_batches
from .checkpoint import check_same_run, load_checkpoint, save_checkpoint
from .evaluation import evaluate
from .history import History
from .loss import AUX_WEIGHT, checked_scores, loss_parts, weighted
from .network import describe, make_optimizer
from .parallel import Group

__all__ = ["TrainingStopped", "fit"]


class TrainingStopped(RuntimeError):
    """The run ended early: on request, or because the loss was no longer a number."""


def fit(
    net,
    data,
    *,
    epochs=5,
    batch_size=64,
    optimizer="adam",
    lr=1e-3,
    momentum=0.9,
    weight_decay=0.0,
    schedule="constant",
    aux_weight=AUX_WEIGHT,
    seed=0,
    channels_last=True,
    device=None,
    workers=0,
    checkpoint=None,
    resume=False,
    checkpoint_every=None,
    evaluate_each=True,
    on_nan="stop",
    progress=True,
    should_stop=None,
):
    """Train a network and return its `History`.

    The order of the pictures, dropout and augmentation follow from seed, epoch and step, so equal
    arguments give equal weights, bit for bit on one machine with one number of threads. The global
    random state stays as it was.

    Args:
        net: a `GoogLeNet`; trained in place. data: a `PictureData`.
        epochs: how often every picture is seen, in all (a resumed run counts on).
        batch_size: pictures per step, over all processes together.
        optimizer, lr, momentum, weight_decay: as `make_optimizer`.
        schedule: "constant", or "cosine": from lr down to 0 over all steps.
        aux_weight: weight of each head in the loss; 0.3 is the paper's.
        channels_last: keep weights and images in the memory order that is fast on processors.
        device: "cpu", "cuda" ...; None leaves the network where it is.
        workers: processes that read pictures ahead (for folders); 0 reads in this one.
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
    _check(net, data, epochs, batch_size, schedule, on_nan, checkpoint_every, group)
    kept = torch.channels_last if channels_last else torch.contiguous_format
    net.to(device=group.device, memory_format=kept)
    chosen = make_optimizer(net, optimizer, lr, momentum=momentum, weight_decay=weight_decay)
    facts = describe(net)
    settings = {
        "batch_size": batch_size, "optimizer": optimizer, "lr": lr, "momentum": momentum,
        "weight_decay": weight_decay, "schedule": schedule, "aux_weight": aux_weight,
        "seed": seed, "channels_last": channels_last, "data": data.name,
        "pictures": len(data.train),
    }  # fmt: skip
    if schedule == "cosine":
        settings["epochs"] = epochs  # the rate of every step depends on it
    history, first_epoch, first_step, sums = History(notes=list(data.notes)), 0, 0, [0.0] * 3
    ours = []  # the file, once it belongs to this run
    if checkpoint is not None:
        state = _open_checkpoint(checkpoint, resume)
        if state is not None:
            check_same_run(checkpoint, state, facts, settings, data.classes)
            net.load_state_dict(state["model"])
            chosen.load_state_dict(state["optimizer"])
            history = History.from_dict(state["history"])
            ours.append(checkpoint)
            first_epoch, first_step, sums = state["epoch"], state["step"], state["sums"]

    def save(epoch, step, sums):
        if checkpoint is None or group.rank:
            return
        if not ours:
            _open_checkpoint(checkpoint, resume=False)  # another run may have written there
            ours.append(checkpoint)
        save_checkpoint(checkpoint, known=True, state={
            "network": facts, "classes": list(data.classes), "settings": settings,
            "model": net.state_dict(), "optimizer": chosen.state_dict(),
            "history": history.to_dict(), "epoch": epoch, "step": step, "sums": list(sums),
        })  # fmt: skip

    least = 2 * group.size
    steps = len(step_batches(len(data.train), batch_size, seed, 0, least))
    bar = _bar(progress and not group.rank, epochs * steps, first_epoch * steps + first_step)
    devices = [group.device] if group.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices), bar, group.watch(checkpoint):
        model = group.wrap(net)
        for epoch in range(first_epoch, epochs):
            batches = step_batches(len(data.train), batch_size, seed, epoch, least)
            jobs = [
                (group.share(numbers), mixed_seed(seed, AUGMENT, epoch, step))
                for step, numbers in enumerate(batches[first_step:], first_step)
            ]
            net.train()
            start = time.perf_counter()
            for step, (images, labels) in enumerate(_read(data.train, jobs, workers), first_step):
                torch.manual_seed(mixed_seed(seed, DROPOUT, epoch, step, group.rank))
                if schedule == "cosine":
                    _set_rate(chosen, lr, (epoch * steps + step) / (epochs * steps))
                images = images.to(group.device, memory_format=kept)
                labels = labels.to(group.device)

                chosen.zero_grad(set_to_none=True)
                scores = checked_scores(model(images))
                parts = loss_parts(scores, labels)
                loss = weighted(parts, aux_weight)
                whole = len(batches[step])
                group.scaled(loss, len(labels), whole).backward()
                chosen.step()

                right = (scores[0].detach().argmax(1) == labels).sum()
                wanted = should_stop is not None and should_stop()
                *found, stops = group.total(
                    [loss.detach(), parts[0].detach()], right, len(labels), wanted
                )
                objective = found[0] / whole
                history.step_loss.append(objective)
                if not math.isfinite(objective):
                    history.diverged = (epoch + 1, step + 1)
                    break
                sums = [total + value for total, value in zip(sums, found, strict=True)]
                bar.update()
                bar.set_postfix_str(f"epoch {epoch + 1}, loss {objective:.3f}", refresh=False)
                last = step + 1 == steps
                if stops and not last:
                    save(epoch, step + 1, sums)
                    raise TrainingStopped(_stopped(checkpoint, epoch, step + 1))
                if checkpoint_every and (step + 1) % checkpoint_every == 0 and not last:
                    save(epoch, step + 1, sums)
            if history.diverged:
                break
            count = len(data.train)
            history.seconds.append(time.perf_counter() - start)
            history.objective.append(sums[0] / count)
            history.train_loss.append(sums[1] / count)
            history.train_accuracy.append(sums[2] / count)
            history.lr.append(chosen.param_groups[0]["lr"])
            first_step, sums = 0, [0.0] * 3
            if evaluate_each:
                tested = group.evaluated(
                    lambda: evaluate(net, data.test, channels_last=channels_last)
                )
                history.test_loss.append(tested[0])
                history.test_accuracy.append(tested[1])
            save(epoch + 1, 0, sums)
            if stops and epoch + 1 < epochs:
                raise TrainingStopped(_stopped(checkpoint, epoch + 1, 0))
    if history.diverged and on_nan == "stop":
        raise TrainingStopped(_diverged(history, lr, checkpoint))
    return history


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
        f"{lr:g}, batch norm, or He initialisation.{kept}"
    )


def _check(net, data, epochs, batch_size, schedule, on_nan, checkpoint_every, group):
    for name, value in (("epochs", epochs), ("batch_size", batch_size)):
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ValueError(f"{name} must be a whole number from 1 up, but got {value!r}.")
    if checkpoint_every is not None and (
        not isinstance(checkpoint_every, int) or checkpoint_every < 1
    ):
        raise ValueError(
            f"checkpoint_every must be a number of steps from 1 up, but got {checkpoint_every!r}: "
            "None writes after every epoch only."
        )
    if schedule not in ("constant", "cosine"):
        raise ValueError(f"schedule must be 'constant' or 'cosine', but got {schedule!r}.")
    if on_nan not in ("stop", "record"):
        raise ValueError(f"on_nan must be 'stop' or 'record', but got {on_nan!r}.")
    if len(data.train) < 2:
        raise ValueError(f"Training needs at least 2 pictures, but got {len(data.train)}.")
    if net.num_classes != len(data.classes):
        raise ValueError(
            f"The network has {net.num_classes} classes, but the data has {len(data.classes)}: use "
            f"net.reset_classes({len(data.classes)}), or build it with num_classes="
            f"{len(data.classes)}."
        )
    channels, height, width = data.shape
    if channels != net.in_channels:
        raise ValueError(
            f"The network takes pictures with {net.in_channels} channels, but the data has "
            f"{channels}: load the data with channels={net.in_channels}, or build the network with "
            f"in_channels={channels}."
        )
    if batch_size < group.size:
        raise ValueError(
            f"{batch_size} pictures per step cannot be shared by {group.size} processes: use "
            f"batch_size={2 * group.size} or more."
        )
    normed = any(isinstance(part, nn.modules.batchnorm._BatchNorm) for part in net.modules())
    if normed and batch_size < 2 * group.size and _last_side(min(height, width)) == 1:
        raise ValueError(
            f"Batch norm cannot train on one picture per process whose last maps are 1 x 1 (at "
            f"{height} x {width} px): it would have one value per channel. Use batch_size="
            f"{2 * group.size} or more."
        )


def _last_side(side):
    side = -(-side // 2)
    for _ in range(4):
        side = max(1, -(-(side - 1) // 2))
    return side
