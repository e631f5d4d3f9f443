"""Images and labels for training: the digits that come with scikit-learn, and your own tensors.

Folders of images are in `images`. Chapter: book/training/training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from ..checks import count, image_form
from ._order import SPLIT, generator

__all__ = ["ImageData", "TensorImages", "digits", "from_tensors"]


class Images(Protocol):
    """What a part of the data has: a length, `labels` (N,), and images by their numbers."""

    labels: Tensor

    def __len__(self) -> int: ...

    def batch(self, numbers: Any, seed: int | None = None) -> tuple[Tensor, Tensor]:
        """Return float images (N, channels, H, W) and their labels (N,)."""
        ...


class TensorImages:
    """Images in memory: `images` (N, channels, H, W) float, `labels` (N,) int64."""

    def __init__(self, images: Tensor, labels: Tensor) -> None:
        self.images, self.labels = images, labels

    def __len__(self):
        return len(self.labels)

    def batch(self, numbers: Any, seed: int | None = None) -> tuple[Tensor, Tensor]:
        """Return (images, labels) of the images with these numbers; the seed is not needed."""
        numbers = torch.as_tensor(numbers)
        return self.images[numbers], self.labels[numbers]


@dataclass
class ImageData:
    """What `fit` learns from and is tested on.

    train, test: `Images`. classes: their names, in the order of the class
    numbers. name: says in a checkpoint which data it was. notes: what was done to the images.
    origin: how to make the same split again, plain values; kept in checkpoints for --evaluate.
    """

    train: Images
    test: Images
    classes: list
    name: str
    notes: list = field(default_factory=list)
    origin: dict = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, ...]:
        """Channels, height and width of one image."""
        return tuple(self.train.batch([0])[0].shape[1:])


def digits(
    size: int = 32, *, channels: int = 3, train_count: int | None = None, seed: int = 0
) -> ImageData:
    """Return the handwritten digits that come with scikit-learn, enlarged: no download.

    1,797 images of 8 x 8 px with 17 gray levels, split into 1,437 to train on and 360 to test
    with, every class in the same share. They are enlarged with bilinear interpolation, repeated
    over the channels, and scaled from -1 (background) to 1 (ink).

    size: side in px, from 31 up (GoogLeNet halves it five times). channels: 3 or 1. train_count:
    take only so many training images. seed: of the split.
    Raises: ValueError for other values; ModuleNotFoundError without scikit-learn.
    Source: scikit-learn, sklearn.datasets.load_digits; E. Alpaydin and C. Kaynak, 1998.
    Chapter: book/training/training.
    """
    image_form(size, channels, least=8)
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "The digits come with scikit-learn, which is not installed: pip install scikit-learn."
        ) from error
    raw: Any = load_digits()
    labels = torch.as_tensor(raw.target, dtype=torch.int64)
    small = torch.as_tensor(raw.images, dtype=torch.float32)[:, None]
    images = functional.interpolate(small, (size, size), mode="bilinear", align_corners=False)
    images = (images / 8 - 1).expand(-1, channels, -1, -1)
    train, test = split(labels, 0.2, seed)
    if train_count is not None:
        count("train_count", train_count, f"there are {len(train)} training images")
        train = train[:train_count]
    return ImageData(
        TensorImages(images[train].contiguous(), labels[train]),
        TensorImages(images[test].contiguous(), labels[test]),
        [str(number) for number in range(10)],
        f"digits {size} px" + ("" if train_count is None else f", {len(train)} of them"),
        origin={
            "kind": "digits",
            "size": size,
            "channels": channels,
            "train_count": train_count,
            "seed": seed,
        },
    )


def from_tensors(
    train: tuple[Tensor, Any],
    test: tuple[Tensor, Any],
    classes: Sequence[str],
    name: str = "tensors",
) -> ImageData:
    """Return `ImageData` from two pairs (images, labels).

    images: float (N, channels, H, W), all of one size. labels: int64 (N,), from 0 to
    len(classes) - 1. Raises: ValueError for other types, lengths or numbers.
    Chapter: book/training/training.
    """
    parts = []
    for which, pair in (("train", train), ("test", test)):
        images, labels = pair
        if not isinstance(images, Tensor) or images.dim() != 4 or not images.is_floating_point():
            kind = f"{images.dtype} {list(images.shape)}" if isinstance(images, Tensor) else "none"
            raise ValueError(
                f"The {which} images must be a float tensor (N, channels, H, W), but got {kind}: "
                "convert bytes with x.float() / 127.5 - 1."
            )
        labels = torch.as_tensor(labels)
        fits = labels.dtype == torch.int64 and len(labels) == len(images) > 0
        if not fits or not 0 <= int(labels.min()) <= int(labels.max()) < len(classes):
            raise ValueError(
                f"The {which} labels must be {len(images)} whole numbers (int64) from 0 to "
                f"{len(classes) - 1}, one per image: look at labels.dtype, len(labels), "
                "labels.min() and labels.max()."
            )
        parts.append(TensorImages(images, labels))
    return ImageData(parts[0], parts[1], list(classes), name)


def split(labels, test_share, seed):
    """Return (train, test) image numbers in random order, test_share of every class in test."""
    chance = generator(seed, SPLIT)
    train, test, seen = [], [], 0
    for label in range(int(labels.max()) + 1):
        members = (labels == label).nonzero().flatten()
        members = members[torch.randperm(len(members), generator=chance)]
        cut = ceil((seen + len(members)) * test_share) - ceil(seen * test_share)
        cut = min(max(cut, 1), len(members) - 1) if len(members) > 1 else 0
        seen += len(members)
        test.append(members[:cut])
        train.append(members[cut:])
    parts = [torch.cat(part) for part in (train, test)]
    return [part[torch.randperm(len(part), generator=chance)] for part in parts]
