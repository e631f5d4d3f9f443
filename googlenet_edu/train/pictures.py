"""Pictures from files: folders in the ImageFolder layout, and torchvision's data sets.

Chapter: book/training/training.
"""

from pathlib import Path

import numpy as np
import torch

from ._decode import PictureError, look_at, opened, square, why
from ._order import generator
from .data import PictureData, split

__all__ = ["FilePictures", "PictureError", "folder", "read_picture", "torchvision_data"]

ENDINGS = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"}
MARGIN = 1.125  # pictures are kept this much larger than needed, for random crops
MEMORY = 1_000_000_000  # bytes of pictures that are kept in memory


class FilePictures:
    """Pictures that come from files, decoded once and kept in memory when they are not too many.

    source: has open(i), a PIL image, and name(i). Kept are uint8 squares a little larger than
    `size`; `batch` cuts the middle out of them, or with augment=True a random square, half of them
    mirrored. Chapter: book/training/training.
    """

    def __init__(self, source, labels, size, *, augment=False, channels=3):
        self.source, self.size = source, size
        self.labels = torch.as_tensor(labels, dtype=torch.int64)
        self.augment, self.channels = augment, channels
        self.side = round(size * MARGIN)
        small = len(self.labels) * channels * self.side**2 <= MEMORY
        self.kept = {} if small else None

    def __len__(self):
        return len(self.labels)

    def square(self, number):
        """Return one picture as uint8 (channels, side, side), decoded or from memory."""
        if self.kept is not None and number in self.kept:
            return self.kept[number]
        try:
            found = square(self.source.open(number), self.side, self.channels)
        except (OSError, SyntaxError, ValueError) as error:
            raise PictureError(_unreadable(self.source.name(number), error)) from error
        if self.kept is not None:
            self.kept[number] = found
        return found

    def batch(self, numbers, seed=None):
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
        return self.names[number]


class _Numbered:
    def __init__(self, part, title):
        self.part, self.title = part, title

    def open(self, number):
        return self.part[number][0]

    def name(self, number):
        return f"number {number} of {self.title}"


def folder(root, size=224, *, channels=3, test_share=0.2, seed=0, augment=True, bad="error"):
    """Return the pictures of a folder that has one folder per class (torchvision's ImageFolder).

    ROOT/cat/1.jpg, ROOT/dog/2.png: split at random, test_share of every class for the test.
    ROOT/train/cat/..., ROOT/test/cat/... (or val): the split that is there is kept.
    Folders inside a class folder belong to that class; hidden files and files that are no pictures
    are passed over. Each picture is turned as its camera says, its shorter side is shrunk or
    enlarged, and the middle is cut out. Grey pictures become colour, transparent ones lie on white.

    size: side in px. augment: random crops and mirroring while training. bad: "error" raises for
    unreadable or truncated pictures, with their names; "skip" leaves them out and says so in
    `notes`. Every picture is read once, so that a bad one is found before the training.
    Raises: PictureError (a ValueError) for a missing folder, an empty class folder, fewer than
    two classes, different classes in train and test, or bad pictures. Chapter:
    book/training/training.
    """
    root = Path(root)
    if bad not in ("error", "skip"):
        raise ValueError(f"bad must be 'error' or 'skip', but got {bad!r}: choose one of the two.")
    if not 0 < test_share < 1:
        raise ValueError(f"test_share must lie between 0 and 1, but got {test_share!r}.")
    _check_size(size, channels)
    if not root.is_dir():
        raise PictureError(f"There is no folder {root}: look at the path.")
    inside = {path.name: path for path in _folders(root)}
    test_name = next((name for name in ("test", "val") if name in inside), None)
    if "train" in inside and test_name:
        classes, train_files, train_labels = _listed(inside["train"])
        other, test_files, test_labels = _listed(inside[test_name])
        if classes != other:
            odd = ", ".join(sorted(set(classes) ^ set(other)))
            raise PictureError(
                f"{inside['train']} and {inside[test_name]} must have the same classes, but these "
                f"are in one only: {odd}."
            )
        files, labels = train_files + test_files, train_labels + test_labels
        parts = [range(len(train_files)), range(len(train_files), len(files))]
    else:
        classes, files, labels = _listed(root)
        parts = None
    broken, seen = look_at(files)
    if broken and bad == "error":
        raise PictureError(
            f"{len(broken)} of {len(files)} pictures cannot be read: "
            f"{_first(f'{files[i]} ({why})' for i, why in broken.items())}. Remove or replace "
            "them, or leave them out with bad='skip' (--skip-bad)."
        )
    good = [i for i in range(len(files)) if i not in broken]
    _each_class_left(classes, [labels[i] for i in good], root)
    if parts is None:
        chosen = split(torch.tensor([labels[i] for i in good]), test_share, seed)
        parts = [[good[i] for i in part.tolist()] for part in chosen]
    else:
        parts = [[i for i in part if i not in broken] for part in parts]
        for part, where in zip(parts, ("train", test_name), strict=True):
            _each_class_left(classes, [labels[i] for i in part], inside[where])
    made = []
    for part, turned in zip(parts, (augment, False), strict=True):
        names = [files[i] for i in part]
        made.append(
            FilePictures(
                _Files(names),
                [labels[i] for i in part],
                size,
                augment=turned,
                channels=channels,
            )
        )
    notes = [
        f"{words}: {seen[kind]}."
        for kind, words in (
            ("grey", "Grey pictures turned into colour"),
            ("clear", "Pictures with transparency laid on white"),
        )
        if seen[kind] and channels == 3
    ]
    if broken:
        names = _first(str(files[i]) for i in broken)
        notes.append(f"Unreadable pictures left out: {len(broken)} ({names}).")
    name = f"{root.resolve().name} {size} px" + (", augmented" if augment else "")
    return PictureData(*made, classes, name, notes)


def torchvision_data(name, root="data", size=32, *, channels=3, augment=False, download=False):
    """Return one of torchvision's data sets, where torchvision is installed.

    name: of a class in torchvision.datasets with train=True/False or split="train"/"test", such as
    "CIFAR10", "FashionMNIST" or "Flowers102". root: where its files are. download: fetch them.
    Raises: ImportError without a torchvision that fits; PictureError for another name or for
    missing files. Source: torchvision documentation, torchvision.datasets.
    Chapter: book/training/training.
    """
    _check_size(size, channels)
    try:
        from torchvision import datasets
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{name} is read by torchvision, which is not installed: pip install torchvision, in "
            "the version that fits your torch; or use a folder of pictures."
        ) from error
    except (ImportError, RuntimeError) as error:  # built for another torch
        raise ImportError(
            f"{name} is read by torchvision, which is installed but does not start ({error}): "
            "install the version that fits your torch, or use a folder of pictures."
        ) from error
    kind = getattr(datasets, str(name), None)
    if not isinstance(kind, type):
        raise PictureError(
            f"torchvision.datasets has no data set named {name!r}: look at its list."
        )
    parts = []
    for train in (True, False):
        try:
            try:
                part = kind(root, train=train, download=download)
            except TypeError:
                part = kind(root, split="train" if train else "test", download=download)
        except RuntimeError as error:
            raise PictureError(
                f"{name} is not in {root} ({error}): give the right folder, or download=True "
                "(--download)."
            ) from error
        parts.append(part)
    labels = [[int(part[i][1]) for i in range(len(part))] for part in parts]
    known = getattr(parts[0], "classes", None)
    classes = list(known) if known else [str(i) for i in range(max(labels[0]) + 1)]
    made = [
        FilePictures(
            _Numbered(part, name),
            numbers,
            size,
            augment=augment and part is parts[0],
            channels=channels,
        )
        for part, numbers in zip(parts, labels, strict=True)
    ]
    return PictureData(*made, classes, f"{name} {size} px" + (", augmented" if augment else ""))


def read_picture(path, size=224, *, channels=3):
    """Return one picture file as a batch of one, float (1, channels, size, size) from -1 to 1.

    Raises: PictureError for a file that is missing, truncated or no picture. Chapter:
    book/training/training.
    """
    _check_size(size, channels)
    try:
        pixels = square(opened(Path(path)), size, channels)
    except (OSError, SyntaxError, ValueError) as error:
        raise PictureError(_unreadable(path, error)) from error
    return pixels[None].float() / 127.5 - 1


def _check_size(size, channels):
    if not isinstance(size, int) or isinstance(size, bool) or size < 31:
        raise ValueError(
            f"size must be a whole number from 31 up, but got {size!r}: GoogLeNet halves it five "
            "times; 224 is the paper's."
        )
    if channels not in (1, 3):
        raise ValueError(f"channels must be 3 or 1, but got {channels!r}: choose one of the two.")


def _folders(root):
    return sorted(
        path for path in root.iterdir() if path.is_dir() and not path.name.startswith((".", "__"))
    )


def _listed(root):
    """Return (classes, files, labels) of one folder of class folders."""
    folders = _folders(root)
    if len(folders) < 2:
        got = f"only {folders[0].name!r}" if folders else "none"
        raise PictureError(
            f"{root} must hold at least two class folders with pictures, but holds {got}: make one "
            "folder per class and put its pictures in."
        )
    files, labels, empty = [], [], []
    for label, place in enumerate(folders):
        found = sorted(
            path
            for path in place.rglob("*")
            if path.suffix.lower() in ENDINGS and not path.name.startswith(".") and path.is_file()
        )
        if not found:
            empty.append(place.name)
        files += found
        labels += [label] * len(found)
    if empty:
        raise PictureError(
            f"These class folders in {root} hold no pictures: {_first(empty)}. Fill or remove "
            f"them; pictures end in {', '.join(sorted(ENDINGS))}."
        )
    return [place.name for place in folders], files, labels


def _each_class_left(classes, labels, root):
    counts = np.bincount(labels, minlength=len(classes))
    few = [name for name, count in zip(classes, counts, strict=True) if count < 1]
    if few:
        raise PictureError(
            f"These classes in {root} have no readable picture: {_first(few)}. Fill or remove them."
        )


def _unreadable(name, error):
    return (
        f"The picture {name} cannot be read ({why(error)}): remove or replace it, or leave bad "
        "ones out with bad='skip' (--skip-bad)."
    )


def _first(items, most=8):
    items = list(items)
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(items[:most]) + more
