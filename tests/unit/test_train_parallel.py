"""Two processes under torchrun against one: equal losses, lost workers, restarts."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from googlenet_edu.train import load_checkpoint, share_batch_norm, small_googlenet
from googlenet_edu.train.parallel import SharedBatchNorm2d

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="torchrun's processes are tested on Linux"),
    pytest.mark.xdist_group("torchrun"),
]
TRAIN = ["-m", "googlenet_edu.train", "--width", "0.05", "--threads", "1", "--no-progress"]
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
# The run's own port, and no proxy between two processes of one machine.
ENV = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}


def start(*arguments):
    return subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        encoding="utf-8", env=ENV, start_new_session=True,
    )  # fmt: skip


def finish(process):
    out, err = process.communicate(timeout=240)
    return process.returncode, out + err


@pytest.mark.parametrize("extra", [["--norm", "none", "--init", "he"], ["--sync-bn"]])
def test_two_processes_learn_what_one_learns(tmp_path, extra):
    """Equal global batches; dropout is off, because each process draws its own."""
    found = []
    for name, launcher in (("one", []), ("two", TORCHRUN)):
        path = tmp_path / f"{name}.json"
        command = [*launcher, *TRAIN, "--epochs", "1", "--dropout", "0", "--history", str(path)]
        command += ["--optimizer", "sgd", "--lr", "0.01"]
        code, words = finish(start(*command, *extra))
        assert code == 0, words[-3000:]
        assert words.count("1437 images to train on") == 1
        found.append(json.loads(path.read_text(encoding="utf-8")))
    one, two = found
    assert len(one["step_loss"]) == len(two["step_loss"]) == 23
    # Single precision magnifies rounding, by how much depends on the processor's sums: what is
    # certain is the first loss. The steps after it are compared in double precision below.
    assert one["step_loss"][0] == pytest.approx(two["step_loss"][0], rel=1e-4)
    assert one["objective"] == pytest.approx(two["objective"], rel=0.1)
    assert one["step_loss"] != two["step_loss"]  # sums in another order: close, not equal


GRADIENTS = """
import torch
from googlenet_edu.train import *
from googlenet_edu.train.parallel import Group

torch.set_num_threads(1)
join_group()
rank = torch.distributed.get_rank()
data = digits(32, train_count=33)  # shares of 17 and 16
x, y = data.train.images.double(), data.train.labels

def gradients(net, model, x, y, scaled):
    scaled(googlenet_loss(model(x), y)).backward()
    return torch.cat([p.grad.flatten() for p in net.parameters()])

def made():
    return small_googlenet(width=0.05, dropout=0).double().train()

whole, net = made(), share_batch_norm(made())
right = gradients(whole, whole, x, y, lambda loss: loss)
group = Group.current(None, net)
mine = y[rank::2]
shared = group.wrap(net)
scaled = lambda l: group.scaled(l, len(mine), 33)
optimizers = [torch.optim.SGD(one.parameters(), lr=0.01, momentum=0.9) for one in (whole, net)]
for step in range(5):
    if step:
        right = gradients(whole, whole, x, y, lambda loss: loss)
    found = gradients(net, shared, x[rank::2], mine, scaled)
    gap = ((found - right).norm() / right.norm()).item()
    assert gap < (1e-10 if step == 0 else 1e-6), (step, gap)
    for one in optimizers:
        one.step()
        one.zero_grad()
    for ours, theirs in zip(net.buffers(), whole.buffers(), strict=True):
        assert step or torch.allclose(ours, theirs, atol=1e-12)
print("equal")
leave_group()
"""


def test_gradients_of_two_are_those_of_one(tmp_path):
    """In double precision, over five steps, batch norm and an odd batch included."""
    script = tmp_path / "gradients.py"
    script.write_text(GRADIENTS, encoding="utf-8")
    code, words = finish(start(*TORCHRUN, str(script)))
    assert code == 0 and words.count("equal") == 2, words[-3000:]


def children(pid):
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [int(one) for one in found]


def rank_of(pid):
    parts = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return next((int(p[5:]) for p in parts if p.startswith(b"RANK=")), None)


def kill_a_worker(process, path, rank=1):
    """Kill one worker once the first checkpoints are there."""
    until = time.monotonic() + 200
    while time.monotonic() < until and process.poll() is None:
        if path.exists() and load_checkpoint(path)["step"] >= 3:
            (worker,) = [pid for pid in children(process.pid) if rank_of(pid) == rank]
            os.kill(worker, signal.SIGKILL)
            return
        time.sleep(0.02)
    raise AssertionError(process.communicate(timeout=10))


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("rank", [0, 1])
def test_a_lost_worker_is_named_and_the_run_goes_on(tmp_path, rank):
    path = tmp_path / "a.pt"
    command = [*TRAIN, "--epochs", "1", "--checkpoint", str(path), "--checkpoint-every", "1"]
    process = start(*TORCHRUN, *command)
    kill_a_worker(process, path, rank)
    code, words = finish(process)
    assert code != 0
    if rank == 1:  # the other one had the time to say so
        assert "lost another process of this run" in words or "Stopped" in words, words[-3000:]
    assert load_checkpoint(path)["step"] >= 3
    code, words = finish(start(*TORCHRUN, *command, "--resume"))
    assert code == 0, words[-3000:]
    assert load_checkpoint(path)["epoch"] == 1


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_torchrun_restarts_a_lost_worker(tmp_path):
    """--max-restarts with --resume: the run heals itself, to the bit."""
    paths = tmp_path / "whole.pt", tmp_path / "healed.pt"
    states = []
    for path in paths:
        options = ["--epochs", "1", "--checkpoint", str(path), "--checkpoint-every", "1"]
        process = start(*TORCHRUN, "--max-restarts=3", *TRAIN, *options, "--resume")
        if path == paths[1]:
            kill_a_worker(process, path)
        code, words = finish(process)
        assert code == 0, words[-3000:]
        states.append(load_checkpoint(path))
    one, two = (state["model"] for state in states)
    assert all(torch.equal(one[key], two[key]) for key in one)
    assert states[0]["history"]["step_loss"] == states[1]["history"]["step_loss"]


@pytest.mark.long
@pytest.mark.parametrize("send", [os.kill, os.killpg], ids=["to torchrun", "to all, as a terminal"])
def test_a_closed_terminal_saves_the_step_of_all(tmp_path, send):
    path = tmp_path / "a.pt"
    options = ["--epochs", "9", "--checkpoint", str(path), "--checkpoint-every", "7"]
    process = start(*TORCHRUN, *TRAIN, *options)
    while not path.exists() and process.poll() is None:
        time.sleep(0.05)
    send(process.pid, signal.SIGHUP)
    code, words = finish(process)
    assert code != 0 and "--resume goes on" in words, words[-3000:]
    saved = load_checkpoint(path)
    assert (
        saved["step"]
        and f"Stopped in epoch {saved['epoch'] + 1} after step {saved['step']}" in words
    )


def test_alone_shared_batch_norm_is_batch_norm():
    torch.manual_seed(0)
    x = torch.randn(4, 3, 32, 32)
    one, two = small_googlenet(width=0.05), share_batch_norm(small_googlenet(width=0.05))
    assert any(isinstance(module, SharedBatchNorm2d) for module in two.modules())
    assert list(one.state_dict()) == list(two.state_dict())
    for mode in (True, False):
        assert torch.equal(one.train(mode).conv1(x), two.train(mode).conv1(x))
