"""Checkpoints: bit-equal after a kill, never half-written, never destroyed."""

import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from googlenet_edu.train import (
    CheckpointError,
    TrainingStopped,
    digits,
    fit,
    from_tensors,
    load_checkpoint,
    load_network,
    predict,
    save_checkpoint,
    small_googlenet,
)
from googlenet_edu.train.__main__ import main

COMMAND = [sys.executable, "-m", "googlenet_edu.train", "--width", "0.05", "--threads", "1"]
COMMAND += ["--epochs", "1", "--no-progress", "--checkpoint-every", "1"]


def run(*arguments, **options):
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, encoding="utf-8", timeout=300,
        **options,
    )  # fmt: skip


def few(count=48):
    data = digits(32, train_count=count)
    data.test.images, data.test.labels = data.test.images[:20], data.test.labels[:20]
    return data


def tiny(classes=10, **options):
    return small_googlenet(classes, width=0.05, **options)


def same(one, two):
    """Whether two nested states are equal, bit for bit; seconds do not count."""
    if isinstance(one, dict):
        keys = set(one) - {"seconds"}
        return keys == set(two) - {"seconds"} and all(same(one[k], two[k]) for k in keys)
    if isinstance(one, (list, tuple)):
        return len(one) == len(two) and all(map(same, one, two))
    if isinstance(one, torch.Tensor):
        return torch.equal(one, two)
    return one == two


def steps_done(path):
    try:
        state = load_checkpoint(path)
    except FileNotFoundError:
        return 0
    return state["epoch"] * 23 + state["step"]


def killed(path, signal_number, after):
    """Start a run, send it a signal after so many steps, return its exit code."""
    resume = ["--resume"] if path.exists() else []
    process = subprocess.Popen(
        [*COMMAND, "--checkpoint", str(path), *resume],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
    )  # fmt: skip
    until = time.monotonic() + 200
    while steps_done(path) < after and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal_number)
    _, words = process.communicate(timeout=60)
    return process.returncode, words


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_a_killed_run_goes_on_to_bit_equal_weights(tmp_path):
    whole, broken = tmp_path / "whole.pt", tmp_path / "broken.pt"
    assert run("--checkpoint", str(whole)).returncode == 0
    code, _ = killed(broken, signal.SIGKILL, 4)
    assert code == -signal.SIGKILL and 4 <= steps_done(broken) < 23
    first = steps_done(broken)
    code, words = killed(broken, signal.SIGTERM, first + 5)
    assert code == 128 + signal.SIGTERM, words
    assert "--resume goes on" in words and first < steps_done(broken) < 23
    after = run("--checkpoint", str(broken), "--resume")
    assert after.returncode == 0, after.stderr
    assert same(load_checkpoint(whole), load_checkpoint(broken))
    assert not [p.name for p in tmp_path.iterdir() if p.name.endswith(".part")]


def test_the_comparison_above_sees_one_bit(tmp_path):
    path = tmp_path / "a.pt"
    fit(tiny(), few(), epochs=1, checkpoint=path, progress=False)
    one, two = load_checkpoint(path), load_checkpoint(path)
    assert same(one, two)
    weight = two["model"]["conv1.conv.0.weight"].view(torch.int32)
    weight[0, 0, 0, 0] ^= 1
    assert not same(one, two)


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_stopping_after_any_step_changes_nothing(tmp_path, optimizer):
    options = {
        "epochs": 2, "batch_size": 16, "optimizer": optimizer, "schedule": "cosine",
        "progress": False,
    }  # fmt: skip
    whole = tmp_path / "whole.pt"
    fit(tiny(), few(), checkpoint=whole, **options)
    path = tmp_path / "pieces.pt"
    stops = 0
    while True:  # one step at a time
        try:
            fit(tiny(), few(), checkpoint=path, resume=True, should_stop=lambda: True, **options)
            break
        except TrainingStopped as error:
            stops += 1
            assert "--resume goes on" in str(error)
    assert stops == 5
    assert same(load_checkpoint(whole), load_checkpoint(path))


def test_more_epochs_continue_a_finished_run(tmp_path):
    one, two = tmp_path / "one.pt", tmp_path / "two.pt"
    fit(tiny(), few(), epochs=2, checkpoint=one, progress=False)
    fit(tiny(), few(), epochs=1, checkpoint=two, progress=False)
    history = fit(tiny(), few(), epochs=2, checkpoint=two, resume=True, progress=False)
    assert len(history.train_loss) == 2
    assert same(load_checkpoint(one), load_checkpoint(two))


def test_a_network_comes_back_from_its_checkpoint(tmp_path):
    path, data = tmp_path / "a.pt", few()
    net = tiny(norm="lrn", dropout=0.1, aux=False)
    fit(net, data, epochs=1, checkpoint=path, progress=False, channels_last=False)
    again, classes = load_network(path)
    assert classes == data.classes and not again.training and again.dropout.p == 0.1
    assert torch.equal(predict(again, data.test), predict(net, data.test))


# --- nothing is destroyed


def test_an_existing_checkpoint_is_not_written_over(tmp_path):
    path = tmp_path / "a.pt"
    fit(tiny(), few(), epochs=1, checkpoint=path, progress=False)
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match="--resume"):
        fit(tiny(), few(), epochs=1, checkpoint=path, progress=False)
    assert path.read_bytes() == before


def test_two_runs_do_not_share_a_file(tmp_path):
    path = tmp_path / "a.pt"
    options = {"epochs": 1, "checkpoint": path, "progress": False}

    def other_run():
        if not path.exists():
            fit(tiny(), few(), **options)
        return False

    with pytest.raises(FileExistsError):
        fit(tiny(), few(), should_stop=other_run, **options)
    assert load_checkpoint(path)["epoch"] == 1


@pytest.mark.parametrize("content", [b"", b"my thesis", b"PK\x03\x04 half a zip"])
def test_a_file_of_another_kind_stays(tmp_path, content):
    path = tmp_path / "thesis.doc"
    path.write_bytes(content)
    for resume in (True, False):
        with pytest.raises(CheckpointError, match="left as it is"):
            fit(tiny(), few(), epochs=1, checkpoint=path, resume=resume, progress=False)
    with pytest.raises(CheckpointError):
        save_checkpoint(path, {"epoch": 1})
    assert path.read_bytes() == content


def test_a_foreign_torch_file_stays(tmp_path):
    path = tmp_path / "weights.pt"
    torch.save({"model": torch.zeros(3)}, path)
    with pytest.raises(CheckpointError, match="not written by"):
        fit(tiny(), few(), epochs=1, checkpoint=path, resume=True, progress=False)


def test_a_truncated_checkpoint_is_named(tmp_path):
    path = tmp_path / "a.pt"
    fit(tiny(), few(), epochs=1, checkpoint=path, progress=False)
    whole = path.read_bytes()
    for length in (10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match="damaged"):
            fit(tiny(), few(), epochs=2, checkpoint=path, resume=True, progress=False)
        assert path.read_bytes() == whole[:length]


@pytest.mark.parametrize("error", [OSError(28, "No space left"), RuntimeError("writing failed")])
def test_a_full_disk_leaves_the_old_one(tmp_path, monkeypatch, error):
    path = tmp_path / "a.pt"
    save_checkpoint(path, {"epoch": 1})

    def half(state, file):
        file.write(b"half of it")
        raise error

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(OSError, match=r"No space|could not be written"):
        save_checkpoint(path, {"epoch": 2})
    assert load_checkpoint(path)["epoch"] == 1
    assert [p.name for p in tmp_path.iterdir()] == ["a.pt"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_a_kill_while_writing_leaves_the_old_one(tmp_path):
    path = tmp_path / "a.pt"
    save_checkpoint(path, {"epoch": 1})
    script = """
import os, signal, sys, torch
from googlenet_edu.train import save_checkpoint
whole = torch.save
def half(state, file):
    whole(state, file)
    file.truncate(file.tell() // 2)
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
torch.save = half
save_checkpoint(sys.argv[1], {"epoch": 2})
"""
    code = subprocess.run([sys.executable, "-c", script, str(path)]).returncode
    assert code == -signal.SIGKILL
    assert load_checkpoint(path)["epoch"] == 1
    save_checkpoint(path, {"epoch": 3})
    assert load_checkpoint(path)["epoch"] == 3
    assert [p.name for p in tmp_path.iterdir()] == ["a.pt"]


def test_a_loss_that_is_no_number_keeps_the_last_good_state(tmp_path):
    path, data = tmp_path / "a.pt", few()
    fit(tiny(), data, epochs=1, checkpoint=path, progress=False)
    before = path.read_bytes()
    data.train.images[3] = float("inf")
    with pytest.raises(TrainingStopped, match="last good state"):
        fit(tiny(), data, epochs=2, checkpoint=path, resume=True, progress=False)
    assert path.read_bytes() == before


# --- another run's checkpoint


def test_another_class_count_is_named(tmp_path):
    path = tmp_path / "a.pt"
    fit(tiny(), few(), epochs=1, checkpoint=path, progress=False)
    images, labels = torch.zeros(8, 3, 32, 32), torch.arange(8) % 5
    five = from_tensors((images, labels), (images, labels), list("abcde"))
    with pytest.raises(CheckpointError, match="10 classes, but this run has 5"):
        fit(tiny(5), five, epochs=2, checkpoint=path, resume=True, progress=False)
    ten = from_tensors((images, labels), (images, labels), list("abcdefghij"))
    with pytest.raises(CheckpointError, match=r"other classes \(new here: a, b"):
        fit(tiny(), ten, epochs=2, checkpoint=path, resume=True, progress=False)


@pytest.mark.parametrize(
    ("net", "options", "words"),
    [
        ({"norm": "lrn"}, {}, "another network"),
        ({"aux": False}, {}, "aux True, not False"),
        ({}, {"lr": 0.1}, "another run .lr 0.001, not 0.1"),
        ({}, {"seed": 3}, "seed 0, not 3"),
        ({}, {"batch_size": 16}, "batch_size 64, not 16"),
    ],
)
def test_other_settings_are_named(tmp_path, net, options, words):
    path = tmp_path / "a.pt"
    fit(tiny(), few(), epochs=1, checkpoint=path, progress=False)
    with pytest.raises(CheckpointError, match=words):
        fit(tiny(**net), few(), epochs=2, checkpoint=path, resume=True, progress=False, **options)


# --- the command


def test_the_command_trains_saves_and_tests(tmp_path, capsys):
    names = {kind: str(tmp_path / "out" / f"a.{kind}") for kind in ("pt", "svg", "json")}
    command = ["--width", "0.05", "--epochs", "1", "--no-progress"]
    files = ["--curves", names["svg"], "--history", names["json"], "--checkpoint", names["pt"]]
    assert main([*command, *files]) == 0
    assert "1437 images to train on" in capsys.readouterr().out
    assert main([*command, *files]) == 1  # nothing is written over
    assert "left as it is" in capsys.readouterr().err
    assert main(["--checkpoint", names["pt"], "--evaluate"]) == 0
    assert "360 images: accuracy" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--resume"], "--checkpoint"),
        (["--evaluate"], "--checkpoint"),
        (["--evaluate", "--checkpoint", "nowhere.pt"], "no checkpoint at nowhere.pt"),
        (["--data", "nowhere"], "no folder nowhere"),
        (["--size", "8"], "31"),
        (["--lr", "-1"], "lr"),
        (["--seed", "-1"], "seed must be 0 or more"),
        (["--threads", "-3"], "threads must be 1 or more"),
        (["--threads", "0"], "threads must be 1 or more"),
        (["--workers", "-1"], "workers must be 0 or more"),
        (["--device", "cuda:99"], "device 'cuda:99' is not there"),
        (["--device", "gpu"], "device 'gpu' is not there"),
        (["--checkpoint-every", "3"], "--checkpoint"),
        (["--evaluate", "--checkpoint", "a.pt", "--history", "h.json"], "leave out --history"),
        (["--curves", "c.png"], "ends in .svg"),
        (["--history", "h.txt"], "ends in .json"),
        (["--checkpoint", "a.json", "--history", "x/../a.json"], "name the same file"),
        (["--checkpoint", "out", "--history", "out/h.json"], "lies inside the other"),
        (["--curves", "file/c.svg", "--history", "h.json"], "file/c.svg cannot be written"),
        (["--checkpoint", "file/deeper/x.pt"], "cannot be written"),
        (["--history", "folder.json", "--resume", "--checkpoint", "a.pt"], "it is a folder"),
        (["--history", f"{'h' * 300}.json"], "cannot be written"),
    ],
)
def test_the_command_says_what_is_wrong_before_the_first_step(
    arguments, words, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("googlenet_edu.train.loop._Run.one_epoch", None)
    (tmp_path / "file").write_bytes(b"a file"), (tmp_path / "folder.json").mkdir()
    assert main(["--width", "0.05", "--no-progress", *arguments]) == 1
    error = capsys.readouterr().err
    assert words in error and "Traceback" not in error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.json"]


def noise_folder(root, count=20):
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        (root / name).mkdir(parents=True)
        for i in range(count):
            array = rng.integers(0, 256, (36, 36, 3), np.uint8)
            Image.fromarray(array).save(root / name / f"{i}.png")
    return str(root)


def test_evaluation_uses_the_images_that_were_held_out(tmp_path, capsys):
    data, path = noise_folder(tmp_path / "noise"), str(tmp_path / "a.pt")
    command = ["--data", data, "--checkpoint", path]
    train = ["--seed", "5", "--size", "40", "--epochs", "5", "--no-augment", "--no-heads"]
    train += ["--dropout", "0", "--width", "0.05", "--lr", "0.003", "--no-progress"]
    assert main([*command, *train, "--batch-size", "8"]) == 0
    assert "32 images to train on, 8 to test with, 2 classes: a, b" in capsys.readouterr().out
    history = load_checkpoint(path)["history"]
    for more in ([], ["--seed", "5", "--size", "40"]):
        assert main([*command, "--evaluate", *more]) == 0
        # The loss, which no other eight images share, to the last printed digit.
        accuracy, loss = history["test_accuracy"][-1], history["test_loss"][-1]
        right = f"8 images: accuracy {accuracy:.1%}, loss {loss:.3f}"
        assert right in capsys.readouterr().out
    for more, words in ((["--seed", "0"], "--seed 5, not 0"), (["--size", "64"], "40, not 64")):
        assert main([*command, "--evaluate", *more]) == 1
        assert words in capsys.readouterr().err
    assert main(["--checkpoint", path, "--evaluate"]) == 1
    assert "trained on folder, not digits" in capsys.readouterr().err
    (tmp_path / "noise" / "a" / "0.png").rename(tmp_path / "noise" / "a" / "99.png")
    assert main([*command, "--evaluate"]) == 1
    assert "does not hold the images" in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no such signal")
def test_a_closed_terminal_saves_the_step(tmp_path):
    path = tmp_path / "a.pt"
    code, words = killed(path, signal.SIGHUP, 3)
    assert code == 128 + signal.SIGHUP and "--resume goes on" in words, words
    assert 3 <= steps_done(path) < 23


@pytest.mark.skipif(sys.platform != "linux", reason="a terminal of Linux")
def test_a_terminal_that_is_gone_saves_the_step_too(tmp_path):
    """Nothing can be printed any more, and the checkpoint is written all the same."""
    import pty
    import termios

    path = tmp_path / "a.pt"
    command = [one for one in COMMAND if one != "--no-progress"]
    command[command.index("--checkpoint-every") + 1] = "100"
    command[command.index("--epochs") + 1] = "9"
    child, terminal = pty.fork()
    if not child:
        os.execv(command[0], [*command, "--checkpoint", str(path)])
    termios.tcsetwinsize(terminal, (24, 120))  # the bar says the loss where it has room
    seen = b""
    while b", loss" not in seen:
        seen += os.read(terminal, 1000)
    os.close(terminal)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code == 128 + signal.SIGHUP and 0 < steps_done(path) < 9 * 23
    assert load_checkpoint(path)["step"]  # in the middle of an epoch


def test_nohup_is_left_alone(tmp_path):
    if not hasattr(signal, "SIGHUP"):
        pytest.skip("Windows has no such signal")
    path = tmp_path / "a.pt"
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        code, words = killed(path, signal.SIGHUP, 1)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert code == 0 and load_checkpoint(path)["epoch"] == 1, words


def test_help_fits_a_chinese_console():
    found = run("--help", env={**os.environ, "PYTHONIOENCODING": "gbk", "PYTHONUTF8": "0"})
    assert found.returncode == 0 and "--checkpoint" in found.stdout
