"""Reading one image file with Pillow, whatever its kind, and looking through many of them."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import torch

# What Pillow knows by name but reads only with a helper of its own, or as one frame of a film.
NO_IMAGES = {"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"}
SIXTEEN_BITS = 65535
DEFAULT_SCALE = (0.0, 255.0)
# EXIF's orientation -> Image.Transpose. Pillow's exif_transpose also writes the tags back, which
# fails where a camera wrote broken ones.
TURNS = {
    2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE",
    6: "ROTATE_270", 7: "TRANSVERSE", 8: "ROTATE_90",
}  # fmt: skip


class ImageError(ValueError):
    """A image, or a folder of images, that cannot be trained on."""


@cache
def endings():
    """Return the endings of all files that this Pillow opens as images, such as ".jpg"."""
    from PIL import Image

    known = Image.registered_extensions().items()
    return frozenset(e for e, kind in known if kind in Image.OPEN and kind not in NO_IMAGES)


def opened(path):
    from PIL import Image

    try:
        return Image.open(path)
    except Image.DecompressionBombError as error:
        raise ImageError(f"{shown(path)} has more pixels than Pillow opens: shrink it.") from error


def shown(path):
    """Return a path that can be printed: what is not UTF-8 in it is written with backslashes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def is_clear(image):
    return image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info


def is_sixteen_bit(image):
    """Whether the values go from 0 to 65535; mode I is that in PNG and PPM, and any in TIFF."""
    return image.mode.startswith("I;16") or (image.mode == "I" and image.format in ("PNG", "PPM"))


def is_wide(image):
    """Whether the file does not say between which values black and white lie."""
    return image.mode in ("I", "F") and not is_sixteen_bit(image)


def scale_of(lowest, highest):
    """Return (black, white) for numbers without a fixed range: 0 to 1, 255, 65535, or their own."""
    white = next((top for top in (1.0, 255.0, 65535.0) if highest <= top), highest)
    black = 0.0 if lowest >= 0 else -1.0 if white == 1 and lowest >= -1 else lowest
    return black, white


def extent(image):
    """Return the smallest and largest finite value of an image."""
    values = np.asarray(image, dtype=np.float64)
    values = values[np.isfinite(values)]
    return (values.min(), values.max()) if values.size else (0.0, 0.0)


def upright(image):
    """Return an image turned as its camera says; broken tags turn nothing."""
    from PIL import Image

    try:
        turn = TURNS.get(image.getexif().get(0x0112))
    except Exception:  # whatever the parsing of broken tags raises
        turn = None
    return image if turn is None else image.transpose(getattr(Image.Transpose, turn))


def square(image, side, channels, scale=None):
    """Return a PIL image as uint8 (channels, side, side): turned, laid on white, the middle.

    scale: the values of black and white where the file does not say them; None: its own.
    """
    from PIL import Image, ImageOps

    wide, sixteen = is_wide(image), is_sixteen_bit(image)
    image = upright(image)
    if wide or sixteen:
        values = np.asarray(image, dtype=np.float64)
        black, white = (0, SIXTEEN_BITS) if sixteen else scale or scale_of(*extent(image))
        values = np.nan_to_num(values, nan=black, posinf=white, neginf=black).clip(black, white)
        values = (values - black) / (white - black) * 255
        image = Image.fromarray(values.astype(np.uint8))
    if is_clear(image):
        clear = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)
    image = ImageOps.fit(image.convert("RGB"), (side, side), Image.Resampling.BILINEAR)
    if channels == 1:
        image = image.convert("L")
    pixels = np.array(image, dtype=np.uint8).reshape(side, side, channels)
    return torch.from_numpy(pixels).permute(2, 0, 1).contiguous()


@dataclass
class Seen:
    """What a first look at many files found.

    broken: {number: what is wrong}. prints: {number: fingerprint of the decoded image}. counts:
    of images that are "gray", "clear", "wide" or "several" frames. scale: as in `square`.
    """

    broken: dict = field(default_factory=dict)
    prints: dict = field(default_factory=dict)
    counts: Counter = field(default_factory=Counter)
    scale: tuple | None = None


def look_at(files):
    """Decode and prepare every file once, as the training will; return what was `Seen`."""
    seen, extents = Seen(), []
    for number, path in enumerate(files):
        try:
            with opened(path) as image:
                several = image.format != "MPO" and getattr(image, "is_animated", False)
                image.load()
                square(image, 8, 3)
                if is_wide(image):
                    extents.append(extent(image))
                content = hashlib.blake2b(image.tobytes(), digest_size=16)
        except Exception as error:  # a broken file makes decoders raise all kinds
            seen.broken[number] = why(error)
            continue
        content.update(f"{image.mode} {image.size}".encode())
        seen.prints[number] = content.hexdigest()
        seen.counts["gray"] += image.mode[0] in "1LIF" and image.mode != "LAB"
        seen.counts["clear"] += is_clear(image)
        seen.counts["wide"] += is_wide(image)
        seen.counts["several"] += several
    if extents:
        lows, highs = zip(*extents, strict=True)
        seen.scale = scale_of(min(lows), max(highs))
    return seen


def why(error):
    words = str(error).lower()
    if "truncated" in words:
        return "truncated"
    if "cannot identify" in words:
        return "no image"
    return str(error).split("\n")[0][:80] or type(error).__name__
