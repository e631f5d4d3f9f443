"""Several processes that train one network together: torch.distributed behind a small door.

Without `torchrun` there is one process and nothing here communicates.
Chapter: book/training/beyond_one_machine.
"""

import os
from contextlib import contextmanager
from datetime import timedelta

import torch
from torch import distributed

__all__ = ["Group", "PeerLost", "join_group", "leave_group"]


class PeerLost(RuntimeError):
    """Another process of the run died or can no longer be reached."""


def join_group(device="cpu", timeout=300):
    """Join the processes that `torchrun` started; without torchrun do nothing.

    Gloo connects processors, NCCL connects graphics cards. timeout: seconds after which a process
    that does not answer counts as lost. Returns the device of this process.
    Source: PyTorch documentation, torch.distributed and torchrun.
    Chapter: book/training/beyond_one_machine.
    """
    if "WORLD_SIZE" not in os.environ:
        return device
    if device == "cuda":
        device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
        torch.cuda.set_device(device)
    if not distributed.is_initialized():
        distributed.init_process_group(
            "nccl" if device.startswith("cuda") else "gloo", timeout=timedelta(seconds=timeout)
        )
    return device


def leave_group():
    """Leave the group, if there is one."""
    if distributed.is_available() and distributed.is_initialized():
        distributed.destroy_process_group()


class Group:
    """The processes of this run: `rank` of this one, `size` of all, `device` of this one."""

    def __init__(self, rank, size, device):
        self.rank, self.size, self.device = rank, size, device

    @classmethod
    def current(cls, device, net):
        """Return the group this process belongs to, of size 1 without torch.distributed."""
        device = torch.device(device) if device is not None else next(net.parameters()).device
        if distributed.is_available() and distributed.is_initialized():
            return cls(distributed.get_rank(), distributed.get_world_size(), device)
        return cls(0, 1, device)

    def wrap(self, net):
        """Return the module to call: the network, or one that averages the gradients of all."""
        if self.size == 1:
            return net
        ids = [self.device.index] if self.device.type == "cuda" else None
        return torch.nn.parallel.DistributedDataParallel(net, device_ids=ids)

    def share(self, numbers):
        """Return this process's part of a batch: every size-th picture."""
        return numbers[self.rank :: self.size]

    def scaled(self, loss, mine, whole):
        """Return a mean loss so scaled that the average over processes is the whole batch's.

        The shares of an odd batch differ by one picture; a plain average would count the pictures
        of the smaller share more.
        """
        return loss if self.size == 1 else loss * (mine * self.size / whole)

    def total(self, losses, right, mine):
        """Return the sums over the whole batch: of each mean loss, and of the right answers."""
        values = [loss.double() * mine for loss in losses] + [right.double()]
        if self.size == 1:
            return [value.item() for value in values]
        packed = torch.stack(values)
        distributed.all_reduce(packed)
        return packed.tolist()

    def evaluated(self, work):
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
    def watch(self, checkpoint):
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
