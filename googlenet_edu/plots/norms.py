"""Which numbers batch norm and LRN look at; `plots` offers the drawing."""

from __future__ import annotations

from .svg import COLOR, INK, MUTED, Drawing, box, text

__all__ = ["draw_norms"]

_IMAGES, _CHANNELS, _SIDE, _CELL = 3, 6, 3, 12
_MAP = _SIDE * _CELL


def draw_norms() -> Drawing:
    """Return a `Drawing` of the numbers that batch norm and LRN look at for one output.

    A batch of three images with six channels of 3 x 3 cells each: batch norm in training takes
    one channel of all images, LRN five neighboring channels at one place of one image.
    Source: torch.nn.BatchNorm2d, torch.nn.LocalResponseNorm. Chapter: book/blocks/bn_versus_lrn.
    """
    one = (1, 2, 4)  # image, channel, cell: the number that is computed
    looks = {
        "Batch norm, in training": lambda image, channel, cell: channel == one[1],
        "LRN, size 5": lambda image, channel, cell: (
            image == one[0] and abs(channel - one[1]) <= 2 and cell == one[2]
        ),
    }
    parts, left = [], 80
    for title, seen in looks.items():
        parts.append(text(left, 16, title, "start", 14, font_weight="600"))
        for channel in range(_CHANNELS):
            middle = left + channel * (_MAP + 7) + _MAP / 2
            parts.append(text(middle, 38, channel, size=12.5, fill=MUTED))
        for image in range(_IMAGES):
            y = 46 + image * (_MAP + 10)
            if left == 80:
                parts.append(text(left - 8, y + _MAP / 2 + 4, f"image {image}", "end", 12.5, MUTED))
            for channel in range(_CHANNELS):
                for cell in range(_SIDE * _SIDE):
                    row, column = divmod(cell, _SIDE)
                    at = (left + channel * (_MAP + 7) + column * _CELL, y + row * _CELL)
                    here = seen(image, channel, cell)
                    fill = COLOR["branch1"] if here else COLOR["stem"]
                    parts.append(
                        box(*at, _CELL - 1, _CELL - 1, fill, fill_opacity="1" if here else "0.28")
                    )
                    if (image, channel, cell) == one:
                        parts.append(
                            box(at[0] - 1, at[1] - 1, _CELL + 1, _CELL + 1, COLOR["branch3"],
                                stroke=INK, stroke_width="1.5")
                        )  # fmt: skip
        left += _CHANNELS * (_MAP + 7) + 18
    bottom = 46 + _IMAGES * (_MAP + 10) + 14
    parts.append(box(80, bottom - 10, 11, 11, COLOR["branch3"], stroke=INK, stroke_width="1.5"))
    parts.append(text(98, bottom, "the number to compute", "start", 12.5))
    parts.append(box(254, bottom - 10, 11, 11, COLOR["branch1"]))
    parts.append(text(272, bottom, "what is looked at for it, itself included",
                      "start", 12.5))  # fmt: skip
    alt = (
        "Three images with six channels of three by three cells, drawn twice; one number, "
        "image 1, channel 2, middle cell, is to be computed. Batch norm in training compares it "
        "with all cells of channel 2 in all three images, 27 numbers. LRN of size 5 compares it "
        "with the middle cell of channels 0 to 4 of image 1, 5 numbers."
    )
    return Drawing("".join(parts), 640, bottom + 8, alt, 560)
