"""Reading one picture file with Pillow, whatever its kind."""

import numpy as np
import torch


class PictureError(ValueError):
    """A picture, or a folder of pictures, that cannot be trained on."""


def opened(path):
    from PIL import Image

    try:
        return Image.open(path)
    except Image.DecompressionBombError as error:
        raise PictureError(f"{path} has more pixels than Pillow opens: shrink it.") from error


def is_clear(picture):
    return picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info


def square(picture, side, channels):
    """Return a PIL image as uint8 (channels, side, side): turned, laid on white, the middle."""
    from PIL import Image, ImageOps

    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I") or picture.mode == "F":  # 16 bits and more
        values = np.asarray(picture, dtype=np.float64)
        top = 65535 if picture.mode.startswith("I") and values.max() > 255 else 255
        picture = Image.fromarray((values.clip(0, top) / top * 255).astype(np.uint8))
    if is_clear(picture):
        clear = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)
    picture = ImageOps.fit(picture.convert("RGB"), (side, side), Image.Resampling.BILINEAR)
    if channels == 1:
        picture = picture.convert("L")
    pixels = np.array(picture, dtype=np.uint8).reshape(side, side, channels)
    return torch.from_numpy(pixels).permute(2, 0, 1).contiguous()


def look_at(files):
    """Decode every file once: ({number: what is wrong}, how many are grey or transparent)."""
    broken, seen = {}, {"grey": 0, "clear": 0}
    for number, path in enumerate(files):
        try:
            picture = opened(path)
            picture.load()
        except (OSError, SyntaxError, ValueError) as error:
            broken[number] = why(error)
            continue
        seen["grey"] += picture.mode in ("1", "L", "LA", "I", "I;16", "F")
        seen["clear"] += is_clear(picture)
    return broken, seen


def why(error):
    words = str(error).lower()
    if "truncated" in words:
        return "truncated"
    return "no picture" if "cannot identify" in words else str(error).split("\n")[0][:80]
