"""What a training run shows: curves, the confusion matrix, filters and feature maps as pictures."""

import base64
import io
from html import escape

import numpy as np
import torch

from ._curves import curve_chart
from .svg import COLOUR, INK, Drawing, box, text

__all__ = ["PictureStrip", "confusion_chart", "feature_strip", "filter_strip", "learning_curves"]


def learning_curves(history):
    """Return a `plots.Drawing` of a `History`: loss and accuracy of every epoch.

    Both are of the main classifier; training is measured while it learns, with dropout.
    Raises: ValueError for a history without a finished epoch. Chapter: book/training/training.
    """
    if not history.train_loss:
        raise ValueError("The history holds no finished epoch: train for at least one.")
    panels = {
        "loss": {"training": [history.train_loss]},
        "accuracy": {"training": [history.train_accuracy]},
    }
    if len(history.test_loss) == len(history.train_loss):
        panels["loss"]["test"] = [history.test_loss]
        panels["accuracy"]["test"] = [history.test_accuracy]
    return curve_chart(panels, limits={"accuracy": (0, 1)})


def confusion_chart(confusion, classes):
    """Return a `plots.Drawing` of a confusion matrix: rows are true, columns what was said.

    confusion: whole numbers (n, n), as `Evaluation.confusion`. classes: n names.
    Raises: ValueError when the two do not fit. Chapter: book/training/training.
    """
    counts = torch.as_tensor(confusion)
    n = len(classes)
    if counts.shape != (n, n) or n < 1:
        raise ValueError(
            f"The confusion matrix must be {n} x {n} for {n} classes, but is {list(counts.shape)}."
        )
    rows = counts.tolist()
    cell, left, top = 34, 24 + 8 * max(len(str(name)) for name in classes), 48
    parts = [
        text(left + n * cell / 2, 14, "the network said", "middle", 13),
        text(8, top - 10, "true", "start", 13),
    ]
    for i, name in enumerate(classes):
        parts.append(text(left + (i + 0.5) * cell, top - 10, escape(str(name)), "middle", 13))
        parts.append(text(left - 10, top + (i + 0.65) * cell, escape(str(name)), "end", 13))
    told = []
    for i, row in enumerate(rows):
        for j, count in enumerate(row):
            x, y = left + j * cell, top + i * cell
            share = count / max(1, sum(row))
            colour = COLOUR["branch2"] if i == j else COLOUR["branch3"]
            shade = 0 if not count else 0.15 + 0.5 * share
            parts.append(box(x + 1, y + 1, cell - 2, cell - 2, colour, fill_opacity=shade))
            if count:
                parts.append(text(x + cell / 2, y + cell * 0.64, str(count), "middle", 13, INK))
            if count and i != j:
                told.append(f"{classes[i]} taken for {classes[j]}: {count}")
    right = int(counts.diagonal().sum())
    alt = f"Confusion matrix: {right} of {int(counts.sum())} right. " + (
        "; ".join(told) + "." if told else "No mistake."
    )
    return Drawing("".join(parts), left + n * cell + 8, top + n * cell + 8, alt, 320)


class PictureStrip:
    """Pictures with captions, side by side: they scroll sideways, and the book steps through them.

    Without a script, in Jupyter and on paper, all pictures are there; the buttons come with the
    script that needs them. items: list of (title, caption, uint8 array (H, W) or (H, W, 3)).
    label: what the strip shows, for screen readers. height: on the page, in px.
    """

    def __init__(self, items, label, height=240):
        self.items, self.label, self.height = list(items), str(label), height
        if not self.items:
            raise ValueError("A strip needs at least one picture, but got none.")

    def __repr__(self):
        lines = [self.label, *(f"{title}: {caption}" for title, caption, _ in self.items)]
        return "\n".join(lines)

    def _repr_html_(self):
        figures = []
        for title, caption, pixels in self.items:
            wide = round(self.height * pixels.shape[1] / pixels.shape[0])
            figures.append(
                '<figure style="flex:0 0 auto;margin:0;max-width:85%;scroll-snap-align:start">'
                f'<img src="{_data_uri(pixels)}" alt="{escape(f"{title}: {caption}")}" '
                f'width="{wide}" height="{self.height}" '
                'style="max-width:100%;height:auto;image-rendering:pixelated">'
                f'<figcaption style="max-width:{max(wide, 120)}px;font-size:.9em">'
                f"<strong>{escape(title)}</strong> {escape(caption)}</figcaption></figure>"
            )
        return (
            f'<div class="gc-strip" role="group" aria-label="{escape(self.label)}" tabindex="0" '
            'style="display:flex;gap:16px;overflow-x:auto;max-width:100%;padding:4px;'
            f'scroll-snap-type:x proximity">{"".join(figures)}</div>'
        )


def filter_strip(net, layer="conv1", columns=8):
    """Return a `PictureStrip` of one picture: all filters of a layer that reads the image.

    Each filter is scaled by itself, so that its largest weight is full colour and 0 is grey.
    Raises: ValueError for a layer whose input has neither 1 nor 3 channels. Chapter:
    book/training/training.
    """
    weights = net.get_submodule(layer).conv[0].weight.detach().cpu().float()
    if weights.size(1) not in (1, 3):
        raise ValueError(
            f"Filters can be seen when a layer reads 1 or 3 channels, but {layer} reads "
            f"{weights.size(1)}: take conv1, or look at feature maps."
        )
    scaled = 0.5 + 0.5 * weights / weights.abs().amax((1, 2, 3), keepdim=True).clamp_min(1e-12)
    tiles = (scaled * 255).round().byte().permute(0, 2, 3, 1).numpy()
    size = "x".join(map(str, weights.shape[2:]))
    caption = f"{len(weights)} filters of {size}; grey is 0."
    return PictureStrip([(layer, caption, _tiled(tiles, columns))], f"Filters of {layer}", 200)


LAYERS = ("conv1", "conv3", *(f"inception{b}" for b in "3a 3b 4a 4b 4c 4d 4e 5a 5b".split()))


def feature_strip(net, picture, layers=LAYERS, *, maps=12, label="Feature maps"):
    """Return a `PictureStrip`: the feature maps of each layer for one picture, strongest first.

    picture: (1, channels, H, W). maps: how many of a layer's maps are shown, those with the
    largest mean. Each is scaled by itself from its smallest (black) to its largest value (white).
    The network runs in evaluation and is left in the mode it came in.
    Raises: ValueError as the network, or for more than one picture.
    Chapter: book/training/training.
    """
    if picture.dim() != 4 or len(picture) != 1:
        raise ValueError(
            f"One picture (1, channels, H, W) is shown at a time, but got {list(picture.shape)}."
        )
    found = feature_maps(net, picture, layers)
    side = picture.shape[-2:]
    shown = ((picture[0].cpu() + 1) * 127.5).clamp(0, 255).byte().permute(1, 2, 0).numpy()
    items = [("picture", f"what the network gets: {side[0]} x {side[1]} px", shown)]
    for name in layers:
        out = found[name][0]
        order = out.mean((1, 2)).argsort(descending=True)[:maps]
        chosen = out[order]
        low = chosen.amin((1, 2), keepdim=True)
        span = (chosen.amax((1, 2), keepdim=True) - low).clamp_min(1e-12)
        tiles = ((chosen - low) / span * 255).round().byte().numpy()
        caption = f"{len(chosen)} of {len(out)} maps, {out.size(1)} x {out.size(2)} cells each"
        items.append((name, caption, _tiled(tiles, 4)))
    return PictureStrip(items, label)


def feature_maps(net, pictures, layers=LAYERS):
    """Return {layer: its output (N, C, H, W)} for pictures, in evaluation."""
    kept, hooks, was_training = {}, [], net.training
    for name in layers:

        def keep(module, inputs, output, name=name):
            kept[name] = output.detach().float().cpu()

        hooks.append(net.get_submodule(name).register_forward_hook(keep))
    net.eval()
    try:
        with torch.no_grad():
            net.main_logits(pictures)
    finally:
        net.train(was_training)
        for hook in hooks:
            hook.remove()
    return kept


def _tiled(tiles, columns):
    """Lay tiles (n, h, w[, 3]) in rows with a gap between them."""
    n, h, w = tiles.shape[:3]
    gap = max(1, h // 16)
    rows = -(-n // columns)
    columns = min(columns, n)
    sheet = np.full(
        (rows * (h + gap) - gap, columns * (w + gap) - gap, *tiles.shape[3:]), 255, np.uint8
    )
    for i, tile in enumerate(tiles):
        y, x = i // columns * (h + gap), i % columns * (w + gap)
        sheet[y : y + h, x : x + w] = tile
    return sheet


def _data_uri(pixels):
    from PIL import Image

    pixels = np.ascontiguousarray(pixels)
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")
