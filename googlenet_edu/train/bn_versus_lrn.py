"""Batch norm, LRN and neither on the same network: the runs behind the chapter, and their results.

    python -m googlenet_edu.train.bn_versus_lrn

runs what the file of results lacks, one line a run, and can be stopped and started again at any
time. Chapter: book/blocks/bn_versus_lrn.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..model import GoogLeNet
    from .data import ImageData, Images

__all__ = [
    "BYTES",
    "COMMON",
    "MAP",
    "NORMS",
    "PLAN",
    "RECIPES",
    "RESULTS",
    "SEEDS",
    "STARTS",
    "Run",
    "Setting",
    "batch_accuracy",
    "load",
    "missing",
    "images",
    "run",
    "select",
]

RESULTS = Path(__file__).with_suffix(".jsonl")
NORMS = ("bn", "lrn", "none")
STARTS = ("default", "he", "caffe")
RECIPES = {  # SGD has the momentum 0.9, as Caffe's
    "Adam 0.001": {"optimizer": "adam", "lr": 0.001},
    "Adam 0.01": {"optimizer": "adam", "lr": 0.01},
    "SGD 0.01": {"optimizer": "sgd", "lr": 0.01},
    "SGD 0.05": {"optimizer": "sgd", "lr": 0.05},
}
SEEDS = (0, 1, 2)
# What all runs share; stored with each, so that results of another plan are not mixed in.
COMMON = {"epochs": 6, "width": 0.25, "image_size": 32, "batch_size": 64, "threads": 1}


@dataclass(frozen=True, order=True)
class Setting:
    """One run to do.

    norm: "bn", "lrn" or "none". start: how the weights begin, see `initialize`. recipe: optimizer
    and learning rate, a key of RECIPES. seed: of weights, order and dropout; the split into
    training and test images is always the same. pixels: "small" (-1 to 1) or "bytes" (0 to 255
    less the mean, as Caffe reads images).
    Raises: ValueError for another value. Chapter: book/blocks/bn_versus_lrn.
    """

    norm: str
    start: str
    recipe: str
    seed: int = 0
    pixels: str = "small"

    def __post_init__(self):
        for name, allowed in (
            ("norm", NORMS),
            ("start", STARTS),
            ("recipe", tuple(RECIPES)),
            ("pixels", ("small", "bytes")),
        ):
            value = getattr(self, name)
            if value not in allowed:
                raise ValueError(
                    f"{name} must be one of {', '.join(map(repr, allowed))}, but got {value!r}."
                )


# Seed by seed, so that a plan half done is a whole map with fewer seeds.
MAP = tuple(
    Setting(norm, start, recipe, seed)
    for seed, start, recipe, norm in product(SEEDS, STARTS, RECIPES, NORMS)
)
# LRN acts on large numbers only: Caffe's start once more, with pixels on Caffe's scale.
BYTES = tuple(
    Setting(norm, "caffe", recipe, seed, "bytes")
    for seed, recipe, norm in product(SEEDS, ("Adam 0.001",), ("lrn", "none"))
)
PLAN = tuple(sorted((*MAP, *BYTES), key=lambda setting: setting.seed))


@dataclass(frozen=True)
class Run:
    """A finished run: its setting and, for each epoch, what was measured.

    loss: mean cross-entropy of the main classifier over the training images, as they were met
    (None where it was not finite). total: the same with the heads, 0.3 each: what is minimized.
    accuracy: share of the test images, in evaluation. batch_accuracy: the same with the test
    batch's own mean and variance in every batch norm; None without batch norm. brake: what norm1
    and norm2 of the LRN network take away on average from the numbers of the test images, at
    the start and at the end; None for other norms. torch: the version. common: see COMMON.
    """

    setting: Setting
    loss: tuple
    total: tuple
    accuracy: tuple
    batch_accuracy: tuple | None
    brake: tuple | None
    torch: str
    common: dict

    def line(self) -> str:
        """Return the run as one line of JSON."""
        whole = asdict(self)
        whole = {**whole.pop("setting"), **whole}
        return json.dumps(whole, ensure_ascii=False, allow_nan=False)


def load(path: str | Path | None = None) -> tuple[Run, ...]:
    """Return the stored runs as a tuple of `Run`, in the order of the file.

    path: a file of the command; None is the one that came with the package. Only the last line
    may be half written, by a run that was stopped; it is left out.
    Raises: ValueError for a line that is no run; FileNotFoundError.
    Chapter: book/blocks/bn_versus_lrn.
    """
    path = Path(RESULTS if path is None else path)
    text = path.read_text(encoding="utf-8")
    whole, _, _ = text.rpartition("\n")  # what stands behind the last line's end is unfinished
    runs = []
    for count, line in enumerate(whole.splitlines(), 1):
        try:
            runs.append(_read(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"Line {count} of {path.name} is no run of this experiment ({error}): repair or "
                "remove the line, or give another file with --out."
            ) from error
    return tuple(runs)


def _read(stored: dict[str, Any]) -> Run:
    setting = Setting(**{field.name: stored.pop(field.name) for field in fields(Setting)})
    stored = {key: tuple(v) if isinstance(v, list) else v for key, v in stored.items()}
    if stored.get("brake"):
        stored["brake"] = tuple(map(tuple, stored["brake"]))
    return Run(setting, **stored)


def select(runs: Iterable[Run], **wanted: Any) -> list[Run]:
    """Return the runs whose setting has the wanted values, such as norm="bn", start="he"."""
    return [run for run in runs if all(getattr(run.setting, key) == v for key, v in wanted.items())]


def run(
    setting: Setting, epochs: int | None = None, *, report: Callable[[str], Any] | None = None
) -> Run:
    """Train the small network once, as the setting says; return the `Run`.

    The network is the true 5x5 one with both heads (0.3 each), a quarter as wide, on
    scikit-learn's digits at 32 px (`train.small_googlenet`, `train.digits`, `train.fit`). LRN and
    neither begin with equal weights and meet the same batches and the same dropout.

    epochs: None is the 6 of the stored runs. report: called with one line of text after each
    epoch. A run whose loss is no longer finite ends; its later losses are None, and its accuracy
    stays what the broken network has. The number of threads is left as it is.
    Chapter: book/blocks/bn_versus_lrn.
    """
    import torch

    from . import evaluate, fit, small_googlenet

    epochs = COMMON["epochs"] if epochs is None else epochs
    data = images(setting.pixels)
    net = small_googlenet(
        10, norm=setting.norm, width=COMMON["width"], init=setting.start, seed=setting.seed
    )
    brake, by_batch, accuracy = [_brake(net, data.test)], [], []
    with TemporaryDirectory() as folder:
        for epoch in range(1, epochs + 1):  # one more epoch each time, from the checkpoint
            history = fit(
                net, data, epochs=epoch, batch_size=COMMON["batch_size"], seed=setting.seed,
                on_nan="record", evaluate_each=False, progress=False, resume=True,
                checkpoint=Path(folder) / "run.pt", **RECIPES[setting.recipe],
            )  # fmt: skip
            accuracy.append(evaluate(net, data.test).accuracy)
            if setting.norm == "bn":
                by_batch.append(batch_accuracy(net, data.test))
            if report:
                loss = "not finite" if history.diverged else f"{history.train_loss[-1]:.3f}"
                report(f"epoch {epoch}: loss {loss}, test accuracy {accuracy[-1]:.1%}")
            if history.diverged:
                break
    brake.append(_brake(net, data.test))
    lost = epochs - len(history.train_loss)
    accuracy += accuracy[-1:] * (epochs - len(accuracy))
    by_batch += by_batch[-1:] * (epochs - len(by_batch))
    return Run(
        setting,
        _rounded(history.train_loss) + (None,) * lost,
        _rounded(history.objective) + (None,) * lost,
        _rounded(accuracy),
        _rounded(by_batch) if setting.norm == "bn" else None,
        tuple(brake) if setting.norm == "lrn" else None,
        torch.__version__.partition("+")[0],
        {**COMMON, "epochs": epochs, "threads": torch.get_num_threads()},
    )


def images(pixels: str = "small") -> ImageData:
    """Return the digits as `train.digits` gives them, or with "bytes" on Caffe's scale.

    "bytes": 127.5 times as large, less the mean of the training images. Chapter:
    book/blocks/bn_versus_lrn.
    """
    from . import TensorImages, digits

    data = digits(COMMON["image_size"])
    if pixels == "bytes":
        mean = data.train.batch(range(len(data.train)))[0].mean()
        for part in (data.train, data.test):
            assert isinstance(part, TensorImages)
            part.images = (part.images - mean) * 127.5
        data.name += " as bytes"
    return data


def batch_accuracy(net: GoogLeNet, part: Images) -> float:
    """Return the accuracy with each batch norm using the batch's own mean and variance.

    Everything else is in evaluation mode, and the running values stay as they are. All images of
    the part, such as `data.test`, form one batch. Chapter: book/blocks/bn_versus_lrn.
    """
    from torch import nn

    from . import evaluate

    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    kept = [(norm.running_mean, norm.running_var) for norm in norms]
    try:
        for norm in norms:  # without running values a batch norm takes the batch's
            norm.running_mean = norm.running_var = None
        return evaluate(net, part, batch_size=len(part)).accuracy
    finally:
        for norm, (mean, var) in zip(norms, kept, strict=True):
            norm.running_mean, norm.running_var = mean, var


def _brake(net, part):
    """What norm1 and norm2 take away, on average over the numbers above 0."""
    import torch

    if net.norm1 is None:
        return None
    with torch.no_grad():
        pooled = net.maxpool1(net.conv1(part.images))
        first = net.norm1(pooled)
        deep = net.conv3(net.conv2(first))
        second = net.norm2(deep)
        shares = ((pooled, first), (deep, second))
        return _rounded([1 - (b / a)[a > 0].mean().item() for a, b in shares])


def _rounded(values):
    return tuple(round(one, 6) if math.isfinite(one) else None for one in values)


def missing(runs: Iterable[Run]) -> list[Setting]:
    """Return the settings of the plan that no stored run has, in the order of the plan."""
    done = {run.setting for run in runs if run.common == COMMON}
    return [setting for setting in PLAN if setting not in done]


def main(arguments: list[str] | None = None) -> int:
    """Do the runs that the file of results lacks; see --help."""
    parser = argparse.ArgumentParser(
        prog="python -m googlenet_edu.train.bn_versus_lrn",
        description="Train the small network with batch norm, LRN and neither, in every setting "
        f"of the map: {len(PLAN)} runs of {COMMON['epochs']} epochs, some twenty minutes on "
        "a quiet processor core. Each finished run is one line of the file; start the command "
        "again and it goes on where it was stopped.",
    )
    parser.add_argument("--out", type=Path, default=RESULTS, help="file of results (JSON lines)")
    parser.add_argument("--list", action="store_true", help="say what is there and what is missing")
    parser.add_argument(
        "--force", action="store_true", help="do all runs anew; the old file gets the ending .old"
    )
    parser.add_argument("--limit", type=int, metavar="N", help="stop after N runs")
    parser.add_argument(
        "--seed", type=int, choices=SEEDS, help="only the runs of this seed, to share the work: "
        "files of several machines, one behind the other, are one file of results"
    )  # fmt: skip
    options = parser.parse_args(arguments)
    try:
        return _work(options)
    except (OSError, ValueError) as error:
        print(f"bn_versus_lrn: {error}", file=sys.stderr)
        return 1


def _work(options):
    path = options.out
    runs = load(path) if path.exists() else ()
    other = [run for run in runs if run.common != COMMON]
    if other and not options.force:
        raise ValueError(
            f"{path.name} holds {len(other)} runs of another plan ({other[0].common} instead of "
            f"{COMMON}): name another file with --out, or do all anew with --force."
        )
    plan = [setting for setting in PLAN if options.seed in (None, setting.seed)]
    todo = plan if options.force else [one for one in missing(runs) if one in plan]
    total = len(plan)
    print(f"{path.name}: {total - len(todo)} of {total} runs are there, {len(todo)} to do.")
    if options.list:
        for setting in todo:
            print(" ", _words(setting))
        return 0
    if options.force and path.exists():
        old = _free(path)
        path.rename(old)
        print(f"The old results are now in {old.name}.")
    path.parent.mkdir(parents=True, exist_ok=True)
    _cut_unfinished(path)
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(COMMON["threads"])
    try:
        for count, setting in enumerate(todo[: options.limit], total - len(todo) + 1):
            done = run(setting)
            with path.open("a", encoding="utf-8", newline="\n") as file:
                file.write(done.line() + "\n")
            loss = "not finite" if done.loss[-1] is None else f"{done.loss[-1]:.3f}"
            print(
                f"[{count:3}/{total}] {_words(setting)}: loss {loss}, "
                f"accuracy {done.accuracy[-1]:.1%}",
                flush=True,
            )
    except KeyboardInterrupt:
        print("Stopped. What is finished is stored; start the command again to go on.")
        return 130
    finally:
        torch.set_num_threads(threads)
    return 0


def _words(setting):
    pixels = "" if setting.pixels == "small" else ", pixels as bytes"
    return f"{setting.norm}, {setting.start} start, {setting.recipe}{pixels}, seed {setting.seed}"


def _free(path):
    """The first name with the ending .old that is not taken."""
    old, count = path.with_name(path.name + ".old"), 2
    while old.exists():
        old, count = path.with_name(f"{path.name}.old{count}"), count + 1
    return old


def _cut_unfinished(path):
    """Remove half a line, left by a run that was stopped while it wrote."""
    if not path.exists():
        return
    whole = path.read_bytes()
    kept = whole[: whole.rfind(b"\n") + 1]
    if kept != whole:
        with path.open("r+b") as file:
            file.truncate(len(kept))


if __name__ == "__main__":
    sys.exit(main())
