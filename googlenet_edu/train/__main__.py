"""Train a GoogLeNet from the command line: python -m googlenet_edu.train --help."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import signal
import sys
from itertools import combinations
from pathlib import Path

from ..checks import whole
from ._listing import first

EXAMPLES = r"""examples:
  python -m googlenet_edu.train
      the digits, five epochs, a few seconds each
  python -m googlenet_edu.train --data images --size 96 --epochs 20 --checkpoint runs/a.pt
      a folder with one folder per class; stop it when you like
  python -m googlenet_edu.train --data images --size 96 --epochs 20 --checkpoint runs/a.pt \
      --resume
      go on where it stopped
  python -m googlenet_edu.train --checkpoint runs/a.pt --data images --evaluate
      test the saved network; size and split come from the checkpoint
  torchrun --nproc-per-node=2 -m googlenet_edu.train --checkpoint runs/a.pt --resume
      two processes that share every batch
"""

GRAY = ("mnist", "fashion-mnist")  # of googlenet_edu.live: one channel


def parser():
    """Return the command's argument parser."""
    made = argparse.ArgumentParser(
        prog="python -m googlenet_edu.train",
        description="Train a small GoogLeNet on digits, a folder, or torchvision's data.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    data = made.add_argument_group("data")
    data.add_argument(
        "--data", default="digits", metavar="WHAT",
        help="digits, mnist, fashion-mnist, a folder with one folder per class, or "
        "torchvision:NAME (default: digits)",
    )  # fmt: skip
    data.add_argument("--root", help="where the files of mnist, fashion-mnist or torchvision are")
    data.add_argument("--download", action="store_true", help="let torchvision fetch its files")
    data.add_argument("--size", type=int, help="side of the images in px (32)")
    data.add_argument("--skip-bad", action="store_true", help="leave unreadable images out")
    data.add_argument("--no-augment", action="store_true", help="no random crops and mirroring")
    data.add_argument("--workers", type=int, default=0, help="processes that read images ahead")
    net = made.add_argument_group("network")
    net.add_argument("--width", type=float, default=0.25, help="factor on all channels (0.25)")
    net.add_argument("--norm", choices=("bn", "lrn", "none"), default="bn")
    net.add_argument("--init", choices=("default", "he", "caffe"), default="default")
    net.add_argument("--no-heads", action="store_true", help="without auxiliary classifiers")
    net.add_argument("--dropout", type=float, help="for all dropout layers (0.4, heads 0.7)")
    net.add_argument(
        "--sync-bn", action="store_true", help="batch norm over the images of all processes"
    )
    run = made.add_argument_group("training")
    run.add_argument("--epochs", type=int, default=5)
    run.add_argument("--batch-size", type=int, default=64, help="over all processes together (64)")
    run.add_argument("--optimizer", choices=("adam", "sgd"), default="adam")
    run.add_argument("--lr", type=float, default=1e-3, help="learning rate (0.001)")
    run.add_argument("--momentum", type=float, default=0.9, help="of SGD (0.9)")
    run.add_argument("--weight-decay", type=float, default=0.0)
    run.add_argument("--schedule", choices=("constant", "cosine"), default="constant")
    run.add_argument("--aux-weight", type=float, default=0.3, help="of each head's loss (0.3)")
    run.add_argument("--seed", type=int, help="of weights, order, dropout and split (0)")
    run.add_argument("--device", default="cpu", help="cpu, cuda, mps (cpu)")
    run.add_argument("--threads", type=int, help="of torch, in each process")
    files = made.add_argument_group("files")
    files.add_argument("--checkpoint", metavar="FILE", help="written after every epoch")
    files.add_argument("--checkpoint-every", type=int, metavar="STEPS", help="and so often")
    files.add_argument("--resume", action="store_true", help="go on from --checkpoint if it exists")
    files.add_argument(
        "--evaluate", action="store_true",
        help="only test the saved network, on the images that its training held out",
    )  # fmt: skip
    files.add_argument("--curves", metavar="FILE.svg", help="write the learning curves")
    files.add_argument("--history", metavar="FILE.json", help="write all numbers of the run")
    made.add_argument("--no-progress", action="store_true", help="no progress bar")
    return made


class _Signals:
    """Remembers the first request to stop; the second one ends the program at once.

    Under torchrun a closed terminal asks twice: the terminal each process, then torchrun its own.
    """

    def __init__(self):
        self.number = 0
        self.echoes = int("TORCHELASTIC_RUN_ID" in os.environ)

    def __enter__(self):
        self.before = {one: signal.signal(one, self.catch) for one in self.known()}
        return self

    def __exit__(self, *_):
        for one, handler in self.before.items():
            signal.signal(one, handler)

    @staticmethod
    def known():
        names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # SIGHUP: the terminal was closed
        there = [getattr(signal, name) for name in names if hasattr(signal, name)]
        return [one for one in there if signal.getsignal(one) != signal.SIG_IGN]  # as under nohup

    def catch(self, number, frame):
        if self.number and not self.echoes:
            sys.exit(128 + number)
        self.echoes -= bool(self.number)
        self.number = number

    def asked(self):
        return bool(self.number)


def main(arguments=None):
    """Run the command; return its exit code: 0, 1 after an error, 128 + n when stopped."""
    options = parser().parse_args(arguments)
    import torch

    from . import PeerLost, TrainingStopped, join_group, leave_group

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # consoles that lack a character of a name
    with _Signals() as signals:
        try:
            if options.threads is not None:
                torch.set_num_threads(whole("threads", options.threads, 1))
            _check_files(options)
            device = join_group(options.device)
            if options.evaluate:
                _evaluate(options, device)
            else:
                _train(options, device, signals)
        except (ValueError, OSError, ImportError, TrainingStopped, PeerLost) as error:
            with contextlib.suppress(OSError):  # a terminal that was closed
                print(f"\n{error}", file=sys.stderr)
            return 128 + signals.number if signals.number else 1
        finally:
            leave_group()
    return 0


def _check_files(options):
    """Find out before anything is read or trained whether all files can be written."""
    from .checkpoint import check_writable

    written = {"--curves": options.curves, "--history": options.history}
    written = {option: Path(path) for option, path in written.items() if path is not None}
    if options.evaluate:
        asked = [*written, *(["--resume"] if options.resume else [])]
        if asked:
            raise ValueError(f"--evaluate only tests and prints: leave out {' and '.join(asked)}.")
        if not options.checkpoint:
            raise ValueError("--evaluate needs --checkpoint FILE: name the file of the network.")
        return
    for option, asked in (
        ("--resume", options.resume),
        ("--checkpoint-every", options.checkpoint_every is not None),
    ):
        if asked and not options.checkpoint:
            raise ValueError(f"{option} needs --checkpoint FILE: name the file to save to.")
    for option, ending in (("--curves", ".svg"), ("--history", ".json")):
        if option in written and written[option].suffix.lower() != ending:
            raise ValueError(
                f"{option} writes a file that ends in {ending}, but got {written[option]}: name "
                "another file."
            )
    for path in written.values():
        if os.path.exists(path) and not options.resume:
            raise FileExistsError(
                f"{path} is already there: name another file. It is left as it is."
            )
    if options.checkpoint:
        written["--checkpoint"] = Path(options.checkpoint)
    places = {name: Path(str(path.resolve()).casefold()) for name, path in written.items()}
    for one, two in combinations(places, 2):
        if places[one].is_relative_to(places[two]) or places[two].is_relative_to(places[one]):
            raise ValueError(
                f"{one} and {two} name the same file, or one of them lies inside the other "
                f"({written[one]}, {written[two]}): give each a file of its own."
            )
    if int(os.environ.get("RANK", 0)):
        return  # the first process writes
    for option, path in written.items():
        if option != "--checkpoint" or not os.path.exists(path):
            check_writable(path)


def _gray(kind, root, size, **settings):
    from .mnist import fashion_mnist, mnist

    return {"mnist": mnist, "fashion-mnist": fashion_mnist}[kind](size, root, **settings)


def _data(options):
    from . import digits, folder, torchvision_data

    kind, _, name = options.data.partition(":")
    size, augment = options.size or 32, not options.no_augment
    if options.data == "digits":
        return digits(size)
    if options.data in GRAY:
        return _gray(options.data, options.root, size, augment=augment)
    if kind == "torchvision" and name:
        root = options.root or "data"
        return torchvision_data(name, root, size, augment=augment, download=options.download)
    bad = "skip" if options.skip_bad else "error"
    return folder(options.data, size, augment=augment, seed=options.seed or 0, bad=bad)


def _same_data(options, state):
    """Return the data of a checkpoint, with the images held out that its training held out."""
    from . import CheckpointError, digits, folder, torchvision_data

    origin, path = dict(state.get("data") or {}), options.checkpoint
    was = {"--size": origin.get("size"), "--seed": state["settings"]["seed"]}
    for option, now in (("--size", options.size), ("--seed", options.seed)):
        if now is not None and was[option] is not None and now != was[option]:
            raise CheckpointError(
                f"{path} was trained with {option} {was[option]}, not {now}: leave {option} out."
            )
    kind = origin.pop("kind", "no data that this command can make again")
    asked = "folder"
    if options.data in ("digits", *GRAY) or options.data.startswith("torchvision:"):
        asked = options.data
    if asked != kind:
        raise CheckpointError(
            f"{path} was trained on {kind}, not {options.data}: give --data "
            f"{'FOLDER' if kind == 'folder' else kind}, or test it in Python with evaluate()."
        )
    if kind == "digits":
        return digits(**origin)
    if kind in GRAY:
        return _gray(kind, options.root, origin.pop("size"), **origin)
    if kind != "folder":
        root = options.root or "data"
        return torchvision_data(
            kind.partition(":")[2], root, download=options.download, **origin
        )  # fmt: skip
    expected = {name: origin.pop(name) for name in ("images", "content") if name in origin}
    if options.skip_bad:
        origin["bad"] = "skip"
    data = folder(options.data, augment=False, **origin)
    found = {name: data.origin.get(name) for name in expected}
    if data.classes == state["classes"] and (
        found != expected or bool(expected) != ("content" in data.origin)
    ):
        raise CheckpointError(
            f"{options.data} does not hold the images that {path} was trained on (then "
            f"{expected.get('images', 'in two parts')}, now {found.get('images', 'other parts')}, "
            "or others in their place), so that nobody can tell which of them were held out: give "
            "the folder as it was, or test new images in Python with evaluate()."
        )
    return data


def _train(options, device, signals):
    import torch

    from . import fit, share_batch_norm, small_googlenet

    group = torch.distributed.is_initialized()
    leads = not group or torch.distributed.get_rank() == 0
    data = _data(options)
    if leads:
        for note in data.notes:
            print(note)
        print(f"{len(data.train)} images to train on, {len(data.test)} to test with, "
              f"{len(data.classes)} classes: {first(data.classes, 20)}")  # fmt: skip
        if options.resume and not Path(options.checkpoint).exists():
            print(f"No checkpoint at {options.checkpoint} yet: starting from the beginning.")
    net = small_googlenet(
        len(data.classes), norm=options.norm, width=options.width, aux=not options.no_heads,
        in_channels=data.shape[0], init=options.init, seed=options.seed or 0,
        dropout=options.dropout,
    )  # fmt: skip
    if options.sync_bn:
        share_batch_norm(net, device)
    history = fit(
        net, data, epochs=options.epochs, batch_size=options.batch_size,
        optimizer=options.optimizer, lr=options.lr, momentum=options.momentum,
        weight_decay=options.weight_decay, schedule=options.schedule,
        aux_weight=options.aux_weight, seed=options.seed or 0, device=device,
        workers=options.workers,
        checkpoint=options.checkpoint, resume=options.resume,
        checkpoint_every=options.checkpoint_every, progress=not options.no_progress,
        should_stop=signals.asked,
    )  # fmt: skip
    if not leads:
        return
    print(history)
    if options.checkpoint:
        print(f"Saved in {options.checkpoint}.")
    if options.history:
        _write(options.history, json.dumps(history.to_dict(), indent=1) + "\n")
    if options.curves:
        _draw(options.curves, history)


def _draw(path, history):
    import matplotlib.pyplot as plt

    from ..plots import learning_curves

    with plt.style.context("googlenet_edu.plots.googlenet"):
        figure, axes = plt.subplots(1, 2, figsize=(7, 2.8))
        learning_curves(history, axes)
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path)
        plt.close(figure)
    print(f"Written: {path}")


def _write(path, text):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    print(f"Written: {path}")


def _evaluate(options, device):
    from . import CheckpointError, evaluate, load_checkpoint, load_network

    net, classes = load_network(options.checkpoint)
    data = _same_data(options, load_checkpoint(options.checkpoint))
    for note in data.notes:
        print(note)
    if data.classes != classes:
        raise CheckpointError(
            f"{options.checkpoint} knows the classes {', '.join(classes[:8])}, but the data has "
            f"{', '.join(data.classes[:8])}: test it with data of its own classes."
        )
    found = evaluate(net.to(device), data.test)
    print(f"{len(data.test)} images: accuracy {found.accuracy:.1%}, loss {found.loss:.3f}")
    width = max(map(len, classes))
    for label, (name, row) in enumerate(zip(classes, found.confusion.tolist(), strict=True)):
        total, right = sum(row), row[label]
        print(f"{name:{width}}  {right:4} of {total:4} right")


if __name__ == "__main__":
    sys.exit(main())
