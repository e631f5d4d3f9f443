"""The .gnet file: a folded and quantized GoogLeNet with its classes, image size and accuracy.

Bytes 0 to 7 are the magic `GNETv1\\r\\n`, 8 to 11 the header's length H, 12 to 15 the CRC-32 of all
bytes from 16 on; then H bytes of JSON (UTF-8) and the payload, which holds the arrays. Numbers are
little-endian. Offsets in the header count from the payload's start; the payload begins at a
multiple of 4 in the file, and each array at a multiple of 4 in the payload.

No torch here: the page's script reads the same bytes. Chapter: book/see_it_think.
"""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

__all__ = ["Gnet", "GnetError", "Layer", "read_gnet", "write_gnet"]

MAGIC, FORMAT = b"GNETv1\r\n", 1
ARRAYS = {"weight": "<i1", "scale": "<f4", "bias": "<f4", "gamma": "<f4", "beta": "<f4"}
WINDOW = ("kernel", "stride", "padding")  # of a convolution, each one number for both axes
FACTS = ("name", "classes", "image_size", "channels", "mean", "std", "width", "aux_pool", "bits")


class GnetError(ValueError):
    """A weights file that cannot be read, or may not be written; the sentence says why."""


@dataclass
class Layer:
    """One convolution or linear layer of a weights file.

    kind: "conv" or "linear". weight: int8 (out, in, kernel, kernel) or (out, in); the weight that
    counts is weight * scale, with scale float32 (out,). bias: float32 (out,), batch norm folded in.
    gamma, beta: float32 (out,), batch norm's own before folding; None for a linear layer.
    Chapter: book/see_it_think.
    """

    name: str
    kind: str
    weight: np.ndarray
    scale: np.ndarray
    bias: np.ndarray
    stride: int = 1
    padding: int = 0
    gamma: np.ndarray | None = None
    beta: np.ndarray | None = None


@dataclass
class Gnet:
    """What a weights file holds.

    facts: name, classes, image_size (px), channels, mean, std (input = (pixel - mean) / std, with
    pixels from 0 to 1), width, aux_pool, bits, and what else the header says: accuracy, license.
    layers: a list of `Layer` in forward order, heads after the main path.
    Chapter: book/see_it_think.
    """

    facts: dict
    layers: list


def write_gnet(path, gnet):
    """Write a `Gnet` to a file that must not exist yet; return the number of bytes.

    Equal contents give equal bytes. Raises: FileExistsError for a file that is there, OSError when
    writing fails. Chapter: book/see_it_think.
    """
    path, payload, listed = Path(path), bytearray(), []
    for layer in gnet.layers:
        out, into = layer.weight.shape[:2]
        entry = {"name": layer.name, "kind": layer.kind, "in": into, "out": out}
        if layer.kind == "conv":
            window = (layer.weight.shape[2], layer.stride, layer.padding)
            entry |= dict(zip(WINDOW, window, strict=True))
        for name, kind in ARRAYS.items():
            values = getattr(layer, name)
            if values is not None:
                entry[name] = len(payload)
                payload += np.ascontiguousarray(values, kind).tobytes()
                payload += bytes(-len(payload) % 4)
        listed.append(entry)
    header = {"format": FORMAT, **gnet.facts, "layers": listed}
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    body = text + bytes(payload)
    data = MAGIC + struct.pack("<II", len(text), zlib.crc32(body)) + body
    try:
        with open(path, "xb") as file:
            file.write(data)
    except FileExistsError:
        raise FileExistsError(
            f"{path} is already there and is left as it is: name another file, or remove it first."
        ) from None
    return len(data)


def read_gnet(path):
    """Return the `Gnet` in a file.

    Raises: GnetError for another kind of file, another version, or a damaged one (its checksum
    differs); FileNotFoundError and other OSErrors as open. Chapter: book/see_it_think.
    """
    path = Path(path)
    data = path.read_bytes()
    if data[:4] != MAGIC[:4]:
        raise GnetError(
            f"{path} is no weights file of this book: it begins with {data[:4]!r}, not "
            f"{MAGIC[:4]!r}; give a .gnet file."
        )
    if data[:8] != MAGIC:
        raise GnetError(
            f"{path} begins with {data[:8]!r}, but this reader knows {MAGIC!r} only: it is of "
            "another version, or was changed in transfer; fetch it again as binary."
        )
    damaged = f"{path} is damaged or cut off (its checksum differs): fetch or export it again."
    if len(data) < 16:
        raise GnetError(damaged)
    length, checksum = struct.unpack("<II", data[8:16])
    if zlib.crc32(data[16:]) != checksum or 16 + length > len(data):
        raise GnetError(damaged)
    header = json.loads(data[16 : 16 + length])
    if header.get("format") != FORMAT:
        raise GnetError(
            f"{path} has format {header.get('format')!r}, but this reader knows {FORMAT} only: "
            "use the version of the book that wrote it."
        )
    missing = [name for name in FACTS if name not in header]
    if missing:
        raise GnetError(f"The header of {path} lacks {', '.join(missing)}: export it again.")
    payload = data[16 + length :]
    layers = [_layer(entry, payload) for entry in header.pop("layers")]
    header.pop("format")
    return Gnet(header, layers)


def _layer(entry, payload):
    out, into = entry["out"], entry["in"]
    shape = (out, into) + (entry.get("kernel"),) * 2 * (entry["kind"] == "conv")
    arrays = {}
    for name, kind in ARRAYS.items():
        if name in entry:
            count = int(np.prod(shape)) if name == "weight" else out
            arrays[name] = np.frombuffer(payload, kind, count, entry[name]).copy()
    arrays["weight"] = arrays["weight"].reshape(shape)
    window = {name: entry[name] for name in WINDOW[1:] if name in entry}
    return Layer(entry["name"], entry["kind"], **arrays, **window)
