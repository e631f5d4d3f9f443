"""Several processes that train one network together: torch.distributed behind a small door.

Without `torchrun` there is one process and nothing here communicates.
Chapter: book/training/beyond_one_machine.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor, distributed

if TYPE_CHECKING:
    from .evaluation import Evaluation

__all__ = ["Group", "PeerLost", "join_group", "leave_group", "share_batch_norm"]


class PeerLost(RuntimeError):
    """Another process of the run died or can no longer be reached."""


def join_group(device: str = "cpu", timeout: int = 300) -> str:
    """Join the processes that `torchrun` started; without torchrun do nothing.

    Gloo connects processors, NCCL connects graphics cards. timeout: seconds after which a process
    that does not answer counts as lost. Returns the device of this process.
    Raises: ValueError for a device that is not there; PeerLost when the processes cannot meet.
    Source: PyTorch documentation, torch.distributed and torchrun.
    Chapter: book/training/beyond_one_machine.
    """
    if "WORLD_SIZE" not in os.environ:
        return str(usable_device(device))
    if device == "cuda":
        device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    device = str(usable_device(device))
    if device.startswith("cuda"):
        torch.cuda.set_device(device)
    if not distributed.is_initialized():
        kind = "nccl" if device.startswith("cuda") else "gloo"
        try:
            distributed.init_process_group(kind, **_meeting_place(timedelta(seconds=timeout)))
        except RuntimeError as error:
            raise PeerLost(
                f"Process {os.environ.get('RANK')} could not meet the others through {kind} "
                f"({str(error).splitlines()[0][:160]}): look whether all were started, and name "
                "the network card with GLOO_SOCKET_IFNAME or NCCL_SOCKET_IFNAME."
            ) from error
    return device


def usable_device(device):
    """Return a torch.device on which this torch can compute, or raise ValueError."""
    try:
        found = torch.device(device)
        torch.ones(1, device=found).item()
    except Exception as error:  # each kind of device fails in its own way
        there = ["cpu"] + [f"cuda:{i}" for i in range(torch.cuda.device_count())]
        there += ["mps"] * torch.backends.mps.is_available()
        raise ValueError(
            f"The device {str(device)!r} is not there for this torch ({str(error)[:80]!r}): choose "
            f"one of {', '.join(there)}, or install a torch that is built for it."
        ) from error
    return found


def _meeting_place(timeout: timedelta) -> dict[str, Any]:
    """Return the arguments with which a process finds the others of its attempt.

    torchrun keeps one store for all attempts. There, a worker that was started again can read the
    address of one that died. With all processes on one machine the count of attempts tells them
    apart; agents on several machines count for themselves, so that there the environment variable
    TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 has to give each attempt a store of its own.
    """
    if os.environ.get("GROUP_WORLD_SIZE") != "1":
        return {"timeout": timeout}
    store, rank, size = next(iter(distributed.rendezvous("env://", timeout=timeout)))
    store = distributed.PrefixStore(
        f"attempt {os.environ.get('TORCHELASTIC_RESTART_COUNT', 0)}", store
    )
    return {"timeout": timeout, "store": store, "rank": rank, "world_size": size}


def leave_group() -> None:
    """Leave the group, if there is one."""
    if distributed.is_available() and distributed.is_initialized():
        distributed.destroy_process_group()


class Group:
    """The processes of this run: `rank` of this one, `size` of all, `device` of this one."""

    def __init__(self, rank: int, size: int, device: torch.device) -> None:
        self.rank, self.size, self.device = rank, size, device

    @classmethod
    def current(cls, device: str | torch.device | None, net: torch.nn.Module) -> Self:
        """Return the group this process belongs to, of size 1 without torch.distributed."""
        device = next(net.parameters()).device if device is None else usable_device(device)
        if distributed.is_available() and distributed.is_initialized():
            return cls(distributed.get_rank(), distributed.get_world_size(), device)
        return cls(0, 1, device)

    def wrap(self, net: torch.nn.Module) -> torch.nn.Module:
        """Return the module to call: the network, or one that averages the gradients of all."""
        if self.size == 1:
            return net
        ids = [self.device.index] if self.device.type == "cuda" else None
        return torch.nn.parallel.DistributedDataParallel(net, device_ids=ids)

    def share(self, numbers: list[int]) -> list[int]:
        """Return this process's part of a batch: every size-th image."""
        return numbers[self.rank :: self.size]

    def scaled(self, loss: Tensor, mine: int, whole: int) -> Tensor:
        """Return a mean loss so scaled that the average over processes is the whole batch's.

        The shares of an odd batch differ by one image; a plain average would count the images
        of the smaller share more.
        """
        return loss if self.size == 1 else loss * (mine * self.size / whole)

    def total(
        self, losses: list[Tensor], right: Tensor, mine: int, stop: bool = False
    ) -> list[float]:
        """Return the sums over the whole batch: of each mean loss, of the right answers, of stop.

        All processes learn in the same step that one of them was asked to stop.
        """
        values = [loss.double() * mine for loss in losses] + [right.double()]
        values.append(torch.full_like(values[0], float(stop)))
        if self.size == 1:
            return [value.item() for value in values]
        packed = torch.stack(values)
        distributed.all_reduce(packed)
        return packed.tolist()

    def evaluated(self, work: Callable[[], Evaluation]) -> list[float]:
        """Let the first process evaluate; return (loss, accuracy) in every process."""
        found = torch.zeros(2, dtype=torch.float64, device=self.device)
        if self.rank == 0:
            result = work()
            found = torch.tensor([result.loss, result.accuracy], dtype=torch.float64).to(
                self.device
            )
        if self.size > 1:
            distributed.broadcast(found, 0)
        return found.tolist()

    @contextmanager
    def watch(self, checkpoint: str | Path | None) -> Iterator[None]:
        """Turn the errors of a broken connection into `PeerLost`, with what to do next."""
        try:
            yield
        except (RuntimeError, ConnectionError) as error:
            words = str(error).lower()
            broken = ("gloo", "nccl", "connection", "timed out", "peer", "process group")
            if self.size == 1 or not any(word in words for word in broken):
                raise
            kept = (
                "no checkpoint file was named, so nothing is kept"
                if checkpoint is None
                else f"{checkpoint} holds the last saved state: start the same command again with "
                "--resume"
            )
            raise PeerLost(
                f"Process {self.rank} of {self.size} lost another process of this run, which died "
                f"or no longer answers; {kept}."
            ) from error


class _SumOfAll(torch.autograd.Function):
    """The sum over all processes; its gradient is the sum of the gradients of all."""

    @staticmethod
    def forward(ctx, values):
        total = values.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx, gradient):
        total = gradient.contiguous().clone()
        distributed.all_reduce(total)
        return total


class SharedBatchNorm2d(torch.nn.BatchNorm2d):
    """Batch norm over the images of all processes, in plain operations.

    What torch.nn.SyncBatchNorm does on graphics cards, here for processors too: in training, mean
    and variance of a channel come from sums over all processes. Alone, or in evaluation, it is
    torch.nn.BatchNorm2d. Input and output (N, C, H, W). Chapter: book/training/beyond_one_machine.
    """

    def forward(self, x: Tensor) -> Tensor:
        alone = not (distributed.is_available() and distributed.is_initialized())
        if not self.training or alone or distributed.get_world_size() == 1:
            return super().forward(x)
        axes = (0, 2, 3)
        sums = x.sum(axes)
        sums = _SumOfAll.apply(torch.cat([sums, sums.new_tensor([x.numel() / x.size(1)])]))
        count = sums[-1].detach()
        mean = sums[:-1] / count
        centered = x - mean.view(1, -1, 1, 1)
        variance = _SumOfAll.apply((centered * centered).sum(axes)) / count
        with torch.no_grad():
            self.num_batches_tracked.add_(1)  # pyright: ignore
            noted = variance * (count / (count - 1))
            self.running_mean.lerp_(mean, self.momentum)  # pyright: ignore
            self.running_var.lerp_(noted, self.momentum)  # pyright: ignore
        scale = self.weight * (variance + self.eps).rsqrt()
        return centered * scale.view(1, -1, 1, 1) + self.bias.view(1, -1, 1, 1)


def share_batch_norm(net: torch.nn.Module, device: str = "cpu") -> torch.nn.Module:
    """Let every batch norm of a network use the images of all processes; return the network.

    On graphics cards it becomes torch.nn.SyncBatchNorm, which works there only; on processors
    `SharedBatchNorm2d`. Weights and names in the state dict stay.
    Chapter: book/training/beyond_one_machine.
    """
    if str(device).startswith("cuda"):
        return torch.nn.SyncBatchNorm.convert_sync_batchnorm(net)
    for module in net.modules():
        if type(module) is torch.nn.BatchNorm2d:
            module.__class__ = SharedBatchNorm2d  # the same weights, another forward
    return net
