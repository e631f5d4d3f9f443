"""Draw what pages without JavaScript show of the living network: a 3, its nine blocks, its votes.

    python book/_tools/draw_living_network.py

Writes googlenet_edu/widgets/js/live_network.svg with the shipped weights of the digits; run it when
they change. The 3 is that of the widget's "Draw one for me".
"""

import base64
import json
import re
import struct
import zlib
from pathlib import Path

import numpy as np
import torch

from googlenet_edu.live import prepare, read_gnet, shipped, to_input, to_network
from googlenet_edu.plots.colors import LIGHT

JS = Path(__file__).resolve().parents[2] / "googlenet_edu" / "widgets" / "js"
BLOCKS = ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")
CLASSIFIERS = {"aux1": "after 4a", "aux2": "after 4d", "logits": "after 5b"}
TILE, TILES, SIDE = 24, 4, 280


def strokes(digit):
    """Return the strokes of a digit as the widget draws it: lists of (x, y) from 0 to 1."""
    text = (JS / "live_network.js").read_text(encoding="utf-8")
    table = re.search(r"const LIVE_DIGITS = (\[.*?\n\]);", text, re.S)[1]
    digits = json.loads(re.sub(r",(\s*\])", r"\1", table))
    for flat in digits[digit]:
        points = np.array(flat, float).reshape(-1, 2) / 100
        padded = np.concatenate([points[:1], points, points[-1:]])
        t = np.arange(8)[:, None] / 8
        smooth = [
            0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2
                   + (3 * b - a - 3 * c + d) * t**3)
            for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False)
        ]  # fmt: skip
        yield np.concatenate([*smooth, points[-1:]])


def ink(digit):
    """Return a digit as an array (280, 280) from 0 to 1, drawn with the widget's round pen."""
    y, x = (np.mgrid[:SIDE, :SIDE] + 0.5) / SIDE
    place, found = np.stack([x, y], -1), np.zeros((SIDE, SIDE))
    for points in strokes(digit):
        for a, b in zip(points, points[1:], strict=False):
            along = np.clip(((place - a) @ (b - a)) / max((b - a) @ (b - a), 1e-12), 0, 1)
            away = np.linalg.norm(place - a - along[..., None] * (b - a), axis=-1)
            found = np.maximum(found, np.clip((0.04 - away) * SIDE + 0.5, 0, 1))
    return found


def png(color, strength):
    """Return an image (H, W) of strengths from 0 to 1 in one color as a data address."""
    rgb = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    levels = np.rint(15 * strength).astype(np.uint8)
    palette = bytes(rgb) * 16
    alphas = bytes(17 * level for level in range(16))
    height, width = levels.shape
    if width % 2:
        levels = np.pad(levels, ((0, 0), (0, 1)))
    rows = b"".join(b"\0" + (row[::2] << 4 | row[1::2]).tobytes() for row in levels)

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 4, 3, 0, 0, 0)
    parts = chunk(b"IHDR", head), chunk(b"PLTE", palette), chunk(b"tRNS", alphas)
    data = b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IDAT", zlib.compress(rows, 9))
    return "data:image/png;base64," + base64.b64encode(data + chunk(b"IEND", b"")).decode()


def draw(digit=3):
    """Return the drawing as SVG text."""
    path = shipped("digits")
    gnet = read_gnet(path)
    net, maps = to_network(gnet), {}
    for name in BLOCKS:
        net.get_submodule(f"inception{name}").register_forward_hook(
            lambda module, given, output, name=name: maps.update({name: output[0].numpy()})
        )
    image = np.rint(prepare(ink(digit)) * 255).astype(np.uint8)
    outputs = net(to_input(torch.from_numpy(image)[None, None].float() / 255, 128))._asdict()
    parts = [picture(0, 0, 150, png("#8b97ab", image / 255))]
    for row, (name, place) in enumerate(CLASSIFIERS.items()):
        chances = outputs[name][0].softmax(0)
        best = int(chances.argmax())
        parts.append(label(0, 182 + 44 * row, f"{place}: {best}, {100 * chances[best]:.1f}%"))
        parts.append(bar(190 + 44 * row, 150 * float(chances[best])))
    for row, name in enumerate(BLOCKS):
        values, starts = maps[name], ends(net.get_submodule(f"inception{name}"))
        parts.append(label(176, 19 + row * (TILE + 4), name))
        for branch in range(4):
            first, last = starts[branch : branch + 2]
            order = first + np.argsort(-values[first:last].mean((1, 2)), kind="stable")[:TILES]
            strip = np.concatenate([np.sqrt(values[c] / values.max()) for c in order], 1)
            x = 204 + branch * (TILES * TILE + 10)
            address = png(LIGHT[f"branch{branch + 1}"], strip)
            parts.append(picture(x, row * (TILE + 4), TILES * TILE, address, TILE))
    width, height = 204 + 4 * (TILES * TILE + 10), max(9 * (TILE + 4), 300)
    said = f"A {digit}, the maps of the nine Inception blocks for it, and what the classifiers say"
    sign = zlib.crc32(path.read_bytes())
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{said}" data-weights="{sign:08x}">{"".join(parts)}</svg>\n'
    )


def ends(block):
    """Return where the four branches of a block begin and the last one ends."""
    branches = (block.branch1, block.branch2, block.branch3, block.branch4)
    layers = [[m for m in one.modules() if hasattr(m, "out_channels")] for one in branches]
    return [0, *np.cumsum([found[-1].out_channels for found in layers])]


def picture(x, y, width, address, height=None):
    return (
        f'<image x="{x}" y="{y}" width="{width}" height="{height or width}" '
        f'preserveAspectRatio="none" style="image-rendering:pixelated" href="{address}"/>'
    )


def label(x, y, text):
    return f'<text x="{x}" y="{y}" font-size="13" fill="#6b7688">{text}</text>'


def bar(y, width):
    return f'<rect x="0" y="{y}" width="{width:.1f}" height="8" fill="{LIGHT["branch1"]}"/>'


if __name__ == "__main__":
    text = draw()
    (JS / "live_network.svg").write_text(text, encoding="utf-8", newline="\n")
    print(len(text))
