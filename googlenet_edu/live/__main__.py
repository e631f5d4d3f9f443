"""Train the networks of the page and measure them: python -m googlenet_edu.live --help."""

from __future__ import annotations

import argparse
import base64
import json
import os
import sys
from pathlib import Path

# Which network is trained how. The networks of seed 0 ship; the further seeds are shorter runs,
# which show how far the figures depend on chance. Chosen before any test image was looked at.
RECIPES = {
    "digits": {"size": 128, "width": 0.125, "batch_size": 64, "epochs": (20, 10, 10)},
    "fashion": {"size": 64, "width": 0.1875, "batch_size": 128, "epochs": (15, 4, 4)},
}
COMMON = {"optimizer": "adam", "lr": 2e-3, "schedule": "cosine", "aux_weight": 0.3}
DROPOUT = 0.2
LICENSES = {
    "digits": "Weights trained on MNIST (Y. LeCun, C. Cortes, C. J. C. Burges; CC BY-SA 3.0)",
    "fashion": "Weights trained on Fashion-MNIST (Copyright 2017 Zalando SE; MIT license)",
}
TESTED = 2000  # images of each experiment


def parser():
    """Return the command's argument parser."""
    made = argparse.ArgumentParser(
        prog="python -m googlenet_edu.live",
        description="Train the networks of the page from the raw data, quantize and measure them, "
        "and write digits.gnet, fashion.gnet, fashion_samples.json and results.json. About "
        "an hour and a half on one free processor core; a run that was stopped goes on.",
    )
    made.add_argument("--mnist", metavar="FOLDER", help="where MNIST is (looked for)")
    made.add_argument("--fashion", metavar="FOLDER", help="where Fashion-MNIST is (looked for)")
    made.add_argument("--runs", default="runs", help="folder of checkpoints and figures (runs)")
    made.add_argument("--out", default="live", help="folder of the files made (live)")
    names = [f"{name}-{seed}" for name in RECIPES for seed in range(len(RECIPES[name]["epochs"]))]
    made.add_argument(
        "--only", nargs="+", metavar="RUN", choices=names,
        help=f"make these runs only, and no files ({', '.join(names)})",
    )  # fmt: skip
    return made


def main(arguments=None):
    """Run the command; return its exit code: 0, or 1 after an error."""
    options = parser().parse_args(arguments)
    try:
        runs, out = Path(options.runs), Path(options.out)
        names = ["digits.gnet", "fashion.gnet", "fashion_samples.json", "results.json"]
        taken = [name for name in names if os.path.exists(out / name)]
        if taken and not options.only:
            raise FileExistsError(
                f"{out} already has {', '.join(taken)}, which are left as they are: name another "
                "folder with --out."
            )
        runs.mkdir(parents=True, exist_ok=True)
        made = {}
        for name, recipe in RECIPES.items():
            for seed in range(len(recipe["epochs"])):
                if not options.only or f"{name}-{seed}" in options.only:
                    made[name, seed] = _one_run(name, seed, options)
        if not options.only:
            out.mkdir(parents=True, exist_ok=True)
            _write_files(made, out, runs, options)
    except (ValueError, OSError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _data(name, options):
    from ..train.mnist import fashion_mnist, mnist

    size = RECIPES[name]["size"]
    if name == "digits":
        return mnist(size, options.mnist)
    return fashion_mnist(size, options.fashion)


def _one_run(name, seed, options):
    """Train and measure one network, unless that was done; return what results.json says of it."""
    import torch

    from ..train import fit, small_googlenet
    from ..train.mnist import GrayImages
    from .experiments import accuracy, run
    from .quantization import from_network, to_network

    path = Path(options.runs) / f"{name}-{seed}.json"
    if path.exists():
        return json.loads(path.read_text(encoding="utf-8"))
    torch.set_num_threads(1)  # so that the run repeats bit for bit
    recipe, data = RECIPES[name], _data(name, options)
    epochs = recipe["epochs"][seed]
    net = small_googlenet(10, width=recipe["width"], in_channels=1, dropout=DROPOUT, seed=seed)
    print(f"{name}, seed {seed}: {epochs} epochs of {len(data.train)} images")
    history = fit(
        net, data, epochs=epochs, batch_size=recipe["batch_size"], seed=seed, evaluate_each=False,
        checkpoint=path.with_suffix(".pt"), resume=True, **COMMON,
    )  # fmt: skip
    net.eval()
    gnet = from_network(net, {"name": name, "classes": data.classes, "image_size": recipe["size"]})
    small = to_network(gnet)
    some = GrayImages(data.test.images[:TESTED], data.test.labels[:TESTED], recipe["size"])  # pyright: ignore
    found = {
        "seed": seed,
        "epochs": epochs,
        "train_images": len(data.train),
        "train_accuracy": [round(value, 4) for value in history.train_accuracy],
        "test_images": len(data.test),
        "experiment_images": len(some),
        "float": accuracy(net, data.test),
        "int8": accuracy(small, data.test),
    }
    if seed:  # of the sisters only what the chapter's table of branches needs
        names = [one for one in _names(small, gnet) if one.startswith(("none", "branch"))]
        found["experiments"] = run(small, gnet, some, names)
    else:
        found["experiments"] = run(small, gnet, some)
        found["quantization"] = _quantization(net, some)
        found["confusion"] = _confusion(small, data.test)
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8", newline="\n")
    print(f"{name}, seed {seed}: {found['int8']}")
    return found


def _names(net, gnet):
    from .experiments import changes

    return list(changes(net, gnet))


def _quantization(net, part):
    """Return accuracy as floats and at 8, 4 and 2 bits, and each layer's error relative to it."""
    from ..fast import fold_batch_norms
    from .experiments import accuracy
    from .quantization import BITS, named_layers, round_weights

    exact = fold_batch_norms(net)
    found = {"accuracy": {"float": accuracy(exact, part)}, "weights": 0, "error": {}}
    layers = {name: layer.weight.detach() for name, layer, _ in named_layers(exact)}
    found["weights"] = sum(weight.numel() for weight in layers.values())
    for bits in BITS:
        rounded = round_weights(net, bits)
        found["accuracy"][str(bits)] = accuracy(rounded, part)
        for name, layer, _ in named_layers(rounded):
            share = ((layer.weight - layers[name]).norm() / layers[name].norm()).item()
            found["error"].setdefault(name, {})[str(bits)] = round(share, 4)
    return found


def _confusion(net, part):
    """Return the main classifier's confusion matrix: rows are true classes."""
    from ..train import evaluate

    return evaluate(net, part, channels_last=True).confusion.tolist()


def _write_files(made, out, runs, options):
    from ..train import load_network
    from .file import write_gnet
    from .quantization import from_network

    results = {}
    for name, recipe in RECIPES.items():
        found = [one for (which, _), one in made.items() if which == name]
        shipped = found[0]
        net, classes = load_network(runs / f"{name}-0.pt")
        facts = {
            "name": name,
            "classes": classes,
            "image_size": recipe["size"],
            "accuracy": {**shipped["int8"], "images": shipped["test_images"], "seed": 0},
            "license": LICENSES[name],
        }
        size = write_gnet(out / f"{name}.gnet", from_network(net.eval(), facts))
        results[name] = {
            "recipe": {**recipe, **COMMON, "dropout": DROPOUT},
            "bytes": size,
            "runs": found,
        }
    text = json.dumps(_samples(_data("fashion", options)), indent=1)
    (out / "fashion_samples.json").write_text(text + "\n", encoding="utf-8", newline="\n")
    text = json.dumps(results, indent=1)
    (out / "results.json").write_text(text + "\n", encoding="utf-8", newline="\n")
    print(f"Written: {out}")


def _samples(data):
    """Return sixteen test photographs: each class's first, and the second of six classes."""
    test, second = data.test, (0, 2, 4, 5, 6, 9)  # the shirts, coats and shoes
    numbers = []
    for label in range(10):
        numbers += (test.labels == label).nonzero().flatten()[: 1 + (label in second)].tolist()
    numbers.sort()
    pixels = test.images[numbers].numpy().tobytes()
    return {
        "source": "Fashion-MNIST, test images (Xiao, Rasul and Vollgraf, arXiv 1708.07747)",
        "license": "MIT, Copyright 2017 Zalando SE",
        "classes": data.classes,
        "numbers": numbers,
        "labels": test.labels[numbers].tolist(),
        "side": 28,
        "pixels": base64.b64encode(pixels).decode(),
    }


if __name__ == "__main__":
    sys.exit(main())
