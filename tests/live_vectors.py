"""The twelve inputs on which the page's engine must agree with torch: tests/data/live_vectors.json.

    python -m tests.live_vectors

writes the file anew from the shipped weights. It holds the inputs (six drawings of our own, made
here, and six photographs that ship), and what torch computes for them with both networks: the
three classifiers' scores, and of each block the mean, the maximum and some values. The first input
has one block in full. Three of the drawings are kept at their own size too, for `prepare`.
"""

import base64
import json
from pathlib import Path

import numpy as np
import torch

from googlenet_edu.live import (
    fashion_samples,
    prepare,
    read_gnet,
    shipped,
    to_input,
    to_network,
)
from googlenet_edu.train import feature_maps

PATH = Path(__file__).with_name("data") / "live_vectors.json"
BLOCKS = [f"inception{block}" for block in "3a 3b 4a 4b 4c 4d 4e 5a 5b".split()]
# Points in a unit square, joined by straight strokes of a pen of a width: height, width of the
# sheet, its pen, and the strokes.
DRAWINGS = {
    "one": (80, 80, 0.09, [[(0.35, 0.3), (0.5, 0.15), (0.5, 0.85)]]),
    "four": (96, 64, 0.08, [[(0.6, 0.1), (0.2, 0.6), (0.85, 0.6)], [(0.65, 0.4), (0.65, 0.9)]]),
    "seven, small, in a corner": (64, 64, 0.04, [[(0.1, 0.1), (0.3, 0.1), (0.2, 0.35)]]),
    "cross": (60, 60, 0.1, [[(0.15, 0.15), (0.85, 0.85)], [(0.85, 0.15), (0.15, 0.85)]]),
    "zero": (72, 72, 0.1, [[(0.5, 0.1), (0.2, 0.5), (0.5, 0.9), (0.8, 0.5), (0.5, 0.1)]]),
    "dot": (50, 70, 0.05, [[(0.7, 0.3), (0.7, 0.3)]]),
}


def drawn(height, width, pen, strokes):
    """Return a drawing as uint8 (height, width): 255 within half a pen of a stroke, soft at 1 px."""
    y, x = np.mgrid[:height, :width] + 0.5
    side = min(height, width)
    nearest = np.full((height, width), np.inf)
    for points in strokes:
        places = np.array(points) * side
        for start, stop in zip(places, places[1:], strict=False):
            along = stop - start
            share = ((x - start[0]) * along[0] + (y - start[1]) * along[1]) / max(
                along @ along, 1e-9
            )
            share = share.clip(0, 1)
            away = np.hypot(x - start[0] - share * along[0], y - start[1] - share * along[1])
            nearest = np.minimum(nearest, away)
    return np.rint((pen * side / 2 - nearest + 0.5).clip(0, 1) * 255).astype(np.uint8)


def inputs():
    """Return {name: uint8 (28, 28)}: six prepared drawings and six photographs."""
    made = {name: prepare(drawn(*how) / 255) for name, how in DRAWINGS.items()}
    made = {name: np.rint(image * 255).astype(np.uint8) for name, image in made.items()}
    images, labels = fashion_samples()
    chosen = {f"photograph {i}": images[i].numpy() for i in (0, 1, 2, 7, 12, 13)}
    return {**made, **chosen}


def computed(name, pixels):
    """Return what torch computes for one input (28, 28) uint8 with one of the shipped networks.

    scores: (main, aux1, aux2), each (10,). maps: {block: (C, H, W)}.
    """
    gnet = read_gnet(shipped(name))
    net = to_network(gnet)
    images = torch.from_numpy(pixels.copy()).float()[None, None] / 255
    images = to_input(images, gnet.facts["image_size"])
    with torch.no_grad():
        scores = [one[0] for one in net(images)]
    return scores, {block: found[0] for block, found in feature_maps(net, images, BLOCKS).items()}


def samples(size):
    """Return the numbers of seven values of a flat map of that size."""
    return [int(share * (size - 1)) for share in (0, 0.13, 0.29, 0.5, 0.61, 0.83, 1)]


def record():
    """Return the whole file's content."""
    found = {"inputs": {}, "prepare": {}, "networks": {}}
    for name, pixels in inputs().items():
        found["inputs"][name] = base64.b64encode(pixels.tobytes()).decode()
    for name in ("four", "seven, small, in a corner", "dot"):
        sheet = drawn(*DRAWINGS[name])
        found["prepare"][name] = {
            "shape": list(sheet.shape),
            "pixels": base64.b64encode(sheet.tobytes()).decode(),
            "prepared": rounded(prepare(sheet / 255).ravel()),
        }
    for network in ("digits", "fashion"):
        found["networks"][network] = []
        for name, pixels in inputs().items():
            scores, maps = computed(network, pixels)
            one = {"input": name}
            one |= {
                which: rounded(score)
                for which, score in zip(("main", "aux1", "aux2"), scores, strict=True)
            }
            one["blocks"] = {}
            for block, map_ in maps.items():
                flat = map_.flatten()
                at = samples(len(flat))
                one["blocks"][block[-2:]] = {
                    "shape": list(map_.shape),
                    "mean": rounded([flat.double().mean()])[0],
                    "max": rounded([flat.max()])[0],
                    "at": at,
                    "values": rounded(flat[at]),
                }
            if not found["networks"][network]:
                one["full 5b"] = rounded(maps["inception5b"].flatten())
            found["networks"][network].append(one)
    return found


def rounded(values):
    return [round(float(value), 6) for value in values]


if __name__ == "__main__":
    text = json.dumps(record(), separators=(",", ":")).replace('{"input"', '\n{"input"')
    PATH.write_text(text + "\n", encoding="utf-8", newline="\n")
    print(f"Written: {PATH} ({len(text):,} bytes)")
