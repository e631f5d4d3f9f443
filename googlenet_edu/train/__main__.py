"""Train a GoogLeNet from the command line: python -m googlenet_edu.train --help."""

import argparse
import json
import signal
import sys
from pathlib import Path

EXAMPLES = r"""examples:
  python -m googlenet_edu.train
      the digits, five epochs, a few seconds each
  python -m googlenet_edu.train --data pictures --size 96 --epochs 20 --checkpoint runs/a.pt
      a folder with one folder per class; stop it when you like
  python -m googlenet_edu.train --data pictures --size 96 --epochs 20 --checkpoint runs/a.pt \
      --resume
      go on where it stopped
  python -m googlenet_edu.train --checkpoint runs/a.pt --data pictures --size 96 --evaluate
      test the saved network
  torchrun --nproc-per-node=2 -m googlenet_edu.train --checkpoint runs/a.pt --resume
      two processes that share every batch
"""


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
        help="digits, a folder with one folder per class, or torchvision:NAME (default: digits)",
    )  # fmt: skip
    data.add_argument("--root", default="data", help="where torchvision's files are")
    data.add_argument("--download", action="store_true", help="let torchvision fetch its files")
    data.add_argument("--size", type=int, default=32, help="side of the pictures in px (32)")
    data.add_argument("--skip-bad", action="store_true", help="leave unreadable pictures out")
    data.add_argument("--no-augment", action="store_true", help="no random crops and mirroring")
    data.add_argument("--workers", type=int, default=0, help="processes that read pictures ahead")
    net = made.add_argument_group("network")
    net.add_argument("--width", type=float, default=0.25, help="factor on all channels (0.25)")
    net.add_argument("--norm", choices=("bn", "lrn", "none"), default="bn")
    net.add_argument("--init", choices=("default", "he", "caffe"), default="default")
    net.add_argument("--no-heads", action="store_true", help="without auxiliary classifiers")
    net.add_argument("--dropout", type=float, help="for all dropout layers (0.4, heads 0.7)")
    net.add_argument(
        "--sync-bn", action="store_true", help="batch norm over the pictures of all processes"
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
    run.add_argument("--seed", type=int, default=0)
    run.add_argument("--device", default="cpu", help="cpu, cuda, mps (cpu)")
    run.add_argument("--threads", type=int, help="of torch, in each process")
    files = made.add_argument_group("files")
    files.add_argument("--checkpoint", metavar="FILE", help="written after every epoch")
    files.add_argument("--checkpoint-every", type=int, metavar="STEPS", help="and so often")
    files.add_argument("--resume", action="store_true", help="go on from --checkpoint if it exists")
    files.add_argument("--evaluate", action="store_true", help="only test the saved network")
    files.add_argument("--curves", metavar="FILE.svg", help="write the learning curves")
    files.add_argument("--history", metavar="FILE.json", help="write all numbers of the run")
    made.add_argument("--no-progress", action="store_true", help="no progress bar")
    return made


class _Signals:
    """Remembers the first request to stop; the second one ends the program at once."""

    def __init__(self):
        self.number = 0

    def __enter__(self):
        self.before = {one: signal.signal(one, self.catch) for one in self.known()}
        return self

    def __exit__(self, *_):
        for one, handler in self.before.items():
            signal.signal(one, handler)

    @staticmethod
    def known():
        return [signal.SIGINT, signal.SIGTERM]

    def catch(self, number, frame):
        if self.number:
            sys.exit(128 + number)
        self.number = number

    def asked(self):
        return bool(self.number)


def main(arguments=None):
    """Run the command; return its exit code: 0, 1 after an error, 128 + n when stopped."""
    options = parser().parse_args(arguments)
    import torch

    from . import PeerLost, TrainingStopped, join_group, leave_group

    if options.threads:
        torch.set_num_threads(options.threads)
    with _Signals() as signals:
        try:
            device = join_group(options.device)
            if options.evaluate:
                return _evaluate(options)
            _train(options, device, signals)
        except (ValueError, OSError, ImportError, TrainingStopped, PeerLost) as error:
            print(f"\n{error}", file=sys.stderr)
            return 128 + signals.number if signals.number else 1
        finally:
            leave_group()
    return 0


def _data(options):
    from . import digits, folder, torchvision_data

    kind, _, name = options.data.partition(":")
    if options.data == "digits":
        return digits(options.size)
    if kind == "torchvision" and name:
        return torchvision_data(
            name, options.root, options.size, augment=not options.no_augment,
            download=options.download,
        )  # fmt: skip
    return folder(
        options.data, options.size, augment=not options.no_augment, seed=options.seed,
        bad="skip" if options.skip_bad else "error",
    )  # fmt: skip


def _train(options, device, signals):
    import torch

    from . import fit, share_batch_norm, small_googlenet

    group = torch.distributed.is_initialized()
    first = not group or torch.distributed.get_rank() == 0
    for path in (options.curves, options.history):
        if path and Path(path).exists() and not options.resume:
            raise FileExistsError(
                f"{path} is already there: name another file. It is left as it is."
            )
    if options.resume and not options.checkpoint:
        raise ValueError("--resume needs --checkpoint FILE: name the file to go on from.")
    data = _data(options)
    if first:
        for note in data.notes:
            print(note)
        print(f"{len(data.train)} pictures to train on, {len(data.test)} to test with, "
              f"{len(data.classes)} classes")  # fmt: skip
        if options.resume and not Path(options.checkpoint).exists():
            print(f"No checkpoint at {options.checkpoint} yet: starting from the beginning.")
    net = small_googlenet(
        len(data.classes), norm=options.norm, width=options.width, aux=not options.no_heads,
        init=options.init, seed=options.seed, dropout=options.dropout,
    )  # fmt: skip
    if options.sync_bn:
        share_batch_norm(net, device)
    history = fit(
        net, data, epochs=options.epochs, batch_size=options.batch_size,
        optimizer=options.optimizer, lr=options.lr, momentum=options.momentum,
        weight_decay=options.weight_decay, schedule=options.schedule,
        aux_weight=options.aux_weight, seed=options.seed, device=device, workers=options.workers,
        checkpoint=options.checkpoint, resume=options.resume,
        checkpoint_every=options.checkpoint_every, progress=not options.no_progress,
        should_stop=signals.asked,
    )  # fmt: skip
    if not first:
        return
    print(history)
    if options.checkpoint:
        print(f"Saved in {options.checkpoint}.")
    if options.curves:
        _draw(options.curves, history)
    if options.history:
        _write(options.history, json.dumps(history.to_dict(), indent=1) + "\n")


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


def _evaluate(options):
    from . import CheckpointError, evaluate, load_network

    if not options.checkpoint:
        raise ValueError("--evaluate needs --checkpoint FILE: name the file of the network.")
    net, classes = load_network(options.checkpoint)
    data = _data(options)
    if data.classes != classes:
        raise CheckpointError(
            f"{options.checkpoint} knows the classes {', '.join(classes[:8])}, but the data has "
            f"{', '.join(data.classes[:8])}: test it with data of its own classes."
        )
    found = evaluate(net, data.test)
    print(f"{len(data.test)} pictures: accuracy {found.accuracy:.1%}, loss {found.loss:.3f}")
    width = max(map(len, classes))
    for name, row in zip(classes, found.confusion.tolist(), strict=True):
        total, right = sum(row), row[classes.index(name)]
        print(f"{name:{width}}  {right:4} of {total:4} right")
    return 0


if __name__ == "__main__":
    sys.exit(main())
