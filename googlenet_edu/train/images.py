"""Images from files: folders in the ImageFolder layout, and torchvision's data sets.

Chapter: book/training/training.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..checks import choice, image_form
from ._decode import ImageError, look_at, opened, shown, square, why
from ._listing import class_folders, divided_alike, first, listed, split_folders
from ._order import generator
from .data import ImageData, split

__all__ = ["FileImages", "ImageError", "folder", "read_image", "torchvision_data"]

MARGIN = 1.125  # images are kept this much larger than needed, for random crops
MEMORY = 1_000_000_000  # bytes of images that are kept in memory


class FileImages:
    """Images that come from files, decoded once and kept in memory when they are not too many.

    source: has open(i), a PIL image, and name(i). Kept are uint8 squares a little larger than
    `size`; `batch` cuts the middle out of them, or with augment=True a random square, half of them
    mirrored. scale: the values of black and white in files that do not say them; None: each
    file's own. Chapter: book/training/training.
    """

    def __init__(
        self,
        source: Any,
        labels: Any,
        size: int,
        *,
        augment: bool = False,
        channels: int = 3,
        scale: tuple[float, float] | None = None,
    ) -> None:
        self.source, self.size, self.scale = source, size, scale
        self.labels = torch.as_tensor(labels, dtype=torch.int64)
        self.augment, self.channels = augment, channels
        self.side = round(size * MARGIN)
        small = len(self.labels) * channels * self.side**2 <= MEMORY
        self.kept = {} if small else None

    def __len__(self):
        return len(self.labels)

    def square(self, number: int) -> Tensor:
        """Return one image as uint8 (channels, side, side), decoded or from memory."""
        if self.kept is not None and number in self.kept:
            return self.kept[number]
        try:
            found = square(self.source.open(number), self.side, self.channels, self.scale)
        except Exception as error:  # a broken file makes decoders raise all kinds
            raise ImageError(_unreadable(self.source.name(number), error)) from error
        if self.kept is not None:
            self.kept[number] = found
        return found

    def batch(self, numbers: Any, seed: int | None = None) -> tuple[Tensor, Tensor]:
        """Return (float images from -1 to 1, labels); the seed decides the random crops."""
        squares = torch.stack([self.square(int(number)) for number in numbers])
        room = self.side - self.size
        if self.augment and seed is not None:
            chance = generator(seed)
            tops, lefts = torch.randint(room + 1, (2, len(numbers)), generator=chance).tolist()
            mirrored = torch.rand(len(numbers), generator=chance) < 0.5
            cut = [
                one[:, top : top + self.size, left : left + self.size]
                for one, top, left in zip(squares, tops, lefts, strict=True)
            ]
            images = torch.stack(cut)
            images[mirrored] = images[mirrored].flip(3)
        else:
            edge = room // 2
            images = squares[:, :, edge : edge + self.size, edge : edge + self.size]
        return images.float() / 127.5 - 1, self.labels[torch.as_tensor(numbers)]


class _Files:
    def __init__(self, names):
        self.names = names

    def open(self, number):
        return opened(self.names[number])

    def name(self, number):
        return shown(self.names[number])


class _Numbered:
    def __init__(self, part, title):
        self.part, self.title = part, title

    def open(self, number):
        return self.part[number][0]

    def name(self, number):
        return f"number {number} of {self.title}"


def folder(
    root: str | Path,
    size: int = 224,
    *,
    channels: int = 3,
    test_share: float = 0.2,
    seed: int = 0,
    augment: bool = True,
    bad: str = "error",
) -> ImageData:
    """Return the images of a folder that has one folder per class (torchvision's ImageFolder).

    ROOT/cat/1.jpg, ROOT/dog/2.png: split at random, test_share of every class for the test.
    ROOT/train/cat/..., ROOT/test/cat/... (or Training, val, dev, ...): that split is kept.
    Folders inside a class folder, linked ones too, belong to that class. Files that Pillow reads
    are images; hidden ones and all others are left out, and `notes` says how many. Copies of one
    image stay together when the split is made here. Each image is turned as its camera says, its
    shorter side is shrunk or enlarged, and the middle is cut out. Gray images become color,
    transparent ones lie on white. 16-bit values go from 0 to 65535; floats, from 0 to the first of
    1, 255 and 65535 that all images of the folder stay below.

    size: side in px. augment: random crops and mirroring while training. bad: "error" raises for
    unreadable or truncated images, with their names; "skip" leaves them out and says so in
    `notes`. Every image is read once, so that a bad one is found before the training.
    Raises: ImageError (a ValueError) for a missing folder, an empty class folder, fewer than
    two classes, different classes in train and test, or bad images. Chapter:
    book/training/training.
    """
    root = Path(root)
    choice("bad", bad, ("error", "skip"))
    if not 0 < test_share < 1:
        raise ValueError(f"test_share must lie between 0 and 1, but got {test_share!r}.")
    image_form(size, channels)
    if not root.is_dir():
        raise ImageError(f"There is no folder {shown(root)}: look at the path.")
    left = defaultdict(list)
    folders = class_folders(root, left)
    given = split_folders(root, folders)
    if given:
        used = [shown(place.name) for place in given]
        kind = f"folders beside {' and '.join(used)}"
        left[kind] = [place for place in folders if place not in given]
        classes, files, labels = listed(given[0], left)
        other, test_files, test_labels = listed(given[1], left)
        if classes != other:
            odd = ", ".join(sorted(set(classes) ^ set(other)))
            raise ImageError(
                f"{shown(given[0])} and {shown(given[1])} must have the same classes, but these "
                f"are in one only: {odd}."
            )
        train_count = len(files)
        files, labels = files + test_files, labels + test_labels
    else:
        left.clear()
        classes, files, labels = listed(root, left)
    names = [shown(path.relative_to(root)) for path in files]
    seen = look_at(files)
    if seen.broken and bad == "error":
        raise ImageError(
            f"{len(seen.broken)} of {len(files)} images cannot be read: "
            f"{first(f'{shown(files[i])} ({why})' for i, why in seen.broken.items())}. Remove or "
            "replace them, or leave them out with bad='skip' (--skip-bad)."
        )
    good = [i for i in range(len(files)) if i not in seen.broken]
    _each_class_left(classes, [labels[i] for i in good], root)
    notes = []
    if given:
        train = [i for i in good if i < train_count]
        test = [i for i in good if i >= train_count]
        for part, where in zip((train, test), given, strict=True):
            _each_class_left(classes, [labels[i] for i in part], where)
        notes.append(f"Trained on the folder {used[0]}, tested on {used[1]}.")
    else:
        chosen = split(torch.tensor([labels[i] for i in good]), test_share, seed)
        train, test = ([good[i] for i in part.tolist()] for part in chosen)
        before = set(test)
        train, test = _with_copies_together(train, test, labels, seen.prints)
        moved = len(before.symmetric_difference(test))
        if alike := [shown(one.name) for one in divided_alike(folders)]:
            notes.append(
                f"These classes hold folders of the same names: {first(alike)}. If they are parts "
                "of the data and no classes, name one of them train and one test."
            )
        if moved:
            notes.append(f"Copies of one image brought together in one part: {moved} moved.")
    if not test:
        raise ImageError(
            f"No image of {shown(root)} is left to test with: put two or more into a class."
        )
    notes += _notes(classes, names, labels, train, test, seen, channels)
    for kind, paths in left.items():
        if paths:
            listing = first((shown(path.relative_to(root)) for path in sorted(paths)), 4)
            notes.append(f"Left out, {kind}: {len(paths)} ({listing}).")
    if seen.broken:
        broken = first(names[i] for i in seen.broken)
        notes.append(f"Unreadable images left out: {len(seen.broken)} ({broken}).")
    made = [
        FileImages(
            _Files([files[i] for i in part]), [labels[i] for i in part], size, augment=turned,
            channels=channels, scale=seen.scale,
        )
        for part, turned in ((train, augment), (test, False))
    ]  # fmt: skip
    name = f"{shown(root.resolve().name)} {size} px" + (", augmented" if augment else "")
    origin = {"kind": "folder", "size": size, "channels": channels, "bad": bad}
    if not given:  # which images are held out depends on all of them
        content = "".join(f"{names[i]}\n{labels[i]} {seen.prints[i]}\n" for i in good)
        content = hashlib.blake2b(content.encode("utf-8", "replace"), digest_size=16).hexdigest()
        origin |= {"test_share": test_share, "seed": seed, "images": len(good), "content": content}
    return ImageData(made[0], made[1], classes, name, notes, origin)


def _with_copies_together(train, test, labels, prints):
    """Return (train, test) with all copies of an image in one part, where a class can afford it."""
    for label in sorted({labels[i] for i in test}):
        ours, mine = ([i for i in part if labels[i] == label] for part in (train, test))
        trained, tested = {prints[i] for i in train}, {prints[i] for i in mine}
        copies = [i for i in mine if prints[i] in trained]
        originals = [i for i in ours if prints[i] in tested]
        if len(copies) < len(mine):
            train, test = train + copies, [i for i in test if i not in copies]
        elif 2 * (len(ours) - len(originals)) >= len(ours) + len(mine):
            train, test = [i for i in train if i not in originals], test + originals
    return train, test


def _notes(classes, names, labels, train, test, seen, channels):
    """Return sentences about what was done to the images and what the split cannot tell."""
    counts, notes = seen.counts, []
    if counts["gray"] and channels == 3:
        notes.append(f"Gray images turned into color: {counts['gray']}.")
    if counts["clear"]:
        notes.append(f"Images with transparency laid on white: {counts['clear']}.")
    if counts["wide"]:
        black, white = seen.scale
        notes.append(
            f"Images whose file names no range, read from {black:g} (black) to {white:g} (white): "
            f"{counts['wide']}."
        )
    if counts["several"]:
        notes.append(
            f"Images with several frames, of which the first is used: {counts['several']}."
        )
    trained = {seen.prints[i] for i in train}
    copies = [names[i] for i in test if seen.prints[i] in trained]
    if copies:
        notes.append(
            f"Test images that are also training images: {len(copies)} ({first(copies, 4)}). The "
            "accuracy counts them as if they were new: remove the copies."
        )
    homes = defaultdict(set)
    for i in (*train, *test):
        homes[seen.prints[i]].add(labels[i])
    torn = sum(len(found) > 1 for found in homes.values())
    if torn:
        notes.append(f"Images that are in more than one class: {torn}.")
    tested = {labels[i] for i in test}
    without = [name for label, name in enumerate(classes) if label not in tested]
    if without:
        notes.append(
            f"Classes without test images: {first(without)}. The accuracy says nothing about them."
        )
    return notes


def torchvision_data(
    name: str,
    root: str = "data",
    size: int = 32,
    *,
    channels: int = 3,
    augment: bool = False,
    download: bool = False,
) -> ImageData:
    """Return one of torchvision's data sets, where torchvision is installed.

    name: of a class in torchvision.datasets with train=True/False or split="train"/"test", such as
    "CIFAR10", "FashionMNIST" or "Flowers102". root: where its files are. download: fetch them.
    Raises: ImportError without a torchvision that fits; ImageError for another name or for
    missing files. Source: torchvision documentation, torchvision.datasets.
    Chapter: book/training/training.
    """
    image_form(size, channels)
    try:
        from torchvision import datasets  # pyright: ignore[reportMissingImports]
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{name} is read by torchvision, which is not installed: pip install torchvision, in "
            "the version that fits your torch; or use a folder of images."
        ) from error
    except (ImportError, RuntimeError) as error:  # built for another torch
        raise ImportError(
            f"{name} is read by torchvision, which is installed but does not start ({error}): "
            "install the version that fits your torch, or use a folder of images."
        ) from error
    kind = getattr(datasets, str(name), None)
    if not isinstance(kind, type):
        raise ImageError(f"torchvision.datasets has no data set named {name!r}: look at its list.")
    parts = []
    for train in (True, False):
        try:
            try:
                part = kind(root, train=train, download=download)
            except TypeError:
                part = kind(root, split="train" if train else "test", download=download)
        except RuntimeError as error:
            raise ImageError(
                f"{name} is not in {root} ({error}): give the right folder, or download=True "
                "(--download)."
            ) from error
        parts.append(part)
    labels = [[int(part[i][1]) for i in range(len(part))] for part in parts]
    known = getattr(parts[0], "classes", None)
    classes = list(known) if known else [str(i) for i in range(max(labels[0]) + 1)]
    made = [
        FileImages(
            _Numbered(part, name),
            numbers,
            size,
            augment=augment and part is parts[0],
            channels=channels,
        )
        for part, numbers in zip(parts, labels, strict=True)
    ]
    title = f"{name} {size} px" + (", augmented" if augment else "")
    origin = {"kind": f"torchvision:{name}", "size": size, "channels": channels}
    return ImageData(made[0], made[1], classes, title, origin=origin)


def read_image(path: str | Path, size: int = 224, *, channels: int = 3) -> Tensor:
    """Return one image file as a batch of one, float (1, channels, size, size) from -1 to 1.

    Raises: ImageError for a file that is missing, truncated or no image. Chapter:
    book/training/training.
    """
    image_form(size, channels)
    try:
        pixels = square(opened(Path(path)), size, channels)
    except Exception as error:  # a broken file makes decoders raise all kinds
        raise ImageError(_unreadable(shown(path), error)) from error
    return pixels[None].float() / 127.5 - 1


def _each_class_left(classes, labels, root):
    counts = np.bincount(labels, minlength=len(classes))
    few = [name for name, count in zip(classes, counts, strict=True) if count < 1]
    if few:
        raise ImageError(
            f"These classes in {shown(root)} have no readable image: {first(few)}. "
            "Fill or remove them."
        )


def _unreadable(name, error):
    return (
        f"The image {name} cannot be read ({why(error)}): remove or replace it, or leave bad "
        "ones out with bad='skip' (--skip-bad)."
    )
