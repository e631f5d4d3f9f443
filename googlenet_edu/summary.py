"""torchinfo's table of a network, with its known faults mended.

Chapter: book/network/summary, which explains every line, column and total.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from contextlib import contextmanager
from math import prod
from typing import Any

import torch
import torchinfo
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from torchinfo import ModelStatistics
from torchinfo import torchinfo as engine

from .checks import choice, count

__all__ = ["Summary", "summarize"]

_UNITS = {"MEGABYTES": "M", "GIGABYTES": "G", "TERABYTES": "T", "NONE": ""}
_CONVOLUTIONS = ((nn.Conv1d, 1), (nn.Conv2d, 2), (nn.Conv3d, 3))


class Summary:
    """What `summarize` returns: print it, or read its totals.

    total_params, trainable_params: numbers, every parameter counted once.
    total_mult_adds: multiply-adds of the whole batch, counted as torchinfo does (biases and norms
    included) where that is right. unknown_mult_adds: names of the layers that it leaves out,
    because nothing tells what they do; a line under the total names them.
    total_input, total_output_bytes, total_param_bytes: bytes (outputs of layers with parameters
    count twice, for forward and backward). summary_list: torchinfo's rows.

    Printing falls back to ASCII lines on a console that cannot show box characters.
    Chapter: book/network/summary.
    """

    def __init__(self, statistics: ModelStatistics, unknown: Sequence[str] = ()) -> None:
        self.total_params = statistics.total_params
        self.trainable_params = statistics.trainable_params
        self.total_mult_adds = statistics.total_mult_adds
        self.total_input = statistics.total_input
        self.total_output_bytes = statistics.total_output_bytes
        self.total_param_bytes = statistics.total_param_bytes
        self.summary_list = statistics.summary_list
        self.unknown_mult_adds = tuple(unknown)
        self._text = _written(statistics, unknown)
        statistics.formatting.ascii_only = True
        self._ascii = _written(statistics, unknown)

    def __repr__(self):
        return self._text

    def __str__(self):
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        try:
            self._text.encode(encoding)
        except (UnicodeEncodeError, LookupError):
            return self._ascii
        return self._text


def summarize(
    net: nn.Module,
    input_size: Sequence[Any],
    *,
    depth: int = 3,
    col_names: Sequence[str] = ("output_size", "num_params"),
    col_width: int = 25,
    row_settings: Sequence[str] = ("depth",),
    device: Any = None,
    dtype: torch.dtype | Sequence[torch.dtype] | None = None,
    mode: str = "eval",
) -> Summary:
    """Run net once on random input and return the table of its layers as a `Summary`.

    As torchinfo.summary, except that it returns the table instead of printing it, writes "(G)"
    for "(Units.GIGABYTES)", counts shared parameters once, counts the multiply-adds of linear
    layers on more axes, transposed convolutions, lookups, parametrized and functional layers, and
    leaves the network as it was: mode of every module, buffers, device, hooks and the random
    number generator.

    Args:
        net: any torch.nn.Module without lazy layers.
        input_size: shape with the batch axis, such as (20, 3, 224, 224); a list of shapes for a
            network with several inputs.
        depth, col_names, col_width, row_settings: as in torchinfo.summary.
        device: where to run; None is where the network is.
        dtype: of the input, or a list with one for each input; None is that of the weights.
        mode: "eval" or "train".

    Raises: ValueError or TypeError for a wrong argument, such as a missing batch axis; what the
    network itself raises is passed on.
    Source: torchinfo 1.8. Chapter: book/network/summary.
    """
    if not isinstance(net, nn.Module):
        raise TypeError(
            f"net must be a torch.nn.Module, but got {type(net).__name__}: give the network "
            "itself, such as GoogLeNet()."
        )
    choice("mode", mode, ("eval", "train"))
    shapes = _shapes(input_size)
    if any(nn.parameter.is_lazy(p) for p in net.parameters()):
        raise ValueError(
            "The network has lazy layers, which a summary would fix for good: run one batch "
            "through it first, or give the layers their input sizes."
        )
    weights = next(net.parameters(), torch.empty(0))
    device = weights.device if device is None else torch.device(device)
    dtypes: Any = (
        dtype if isinstance(dtype, (tuple, list)) else [dtype or weights.dtype] * len(shapes)
    )
    if len(dtypes) != len(shapes) or not all(isinstance(one, torch.dtype) for one in dtypes):
        raise ValueError(
            f"dtype must be a torch.dtype or one for each of the {len(shapes)} inputs, but got "
            f"{dtype!r}: write a list such as [torch.float32, torch.int64]."
        )
    with _left_as_it_was(net, device), FlopCounterMode(display=False) as counter:
        inputs = [
            torch.rand(shape, device=device).to(dtype=one)
            for shape, one in zip(shapes, dtypes, strict=True)
        ]
        try:
            statistics = torchinfo.summary(
                net,
                input_data=inputs,
                depth=depth,
                col_names=col_names,
                col_width=col_width,
                row_settings=row_settings,
                device=device,
                mode=mode,
                verbose=0,
            )
        except RuntimeError as error:
            if error.__cause__ is None:
                raise
            if len(shapes) == 1 and _lacks_batch_axis(net, shapes[0]):
                raise _no_batch_axis(shapes[0]) from error.__cause__
            raise error.__cause__ from None
        total, unknown = _count_mult_adds(net, statistics.summary_list, counter)
    rows = statistics.summary_list
    if any(_ran_unbatched(row) for row in rows):
        raise _no_batch_axis(shapes[0])
    _count_once(rows)
    mended = ModelStatistics(rows, shapes, statistics.total_input, statistics.formatting)
    # torchinfo leaves out the parameters that a container holds itself.
    mended.total_param_bytes = sum(p.numel() * p.element_size() for p in net.parameters())
    mended.total_mult_adds = total
    return Summary(mended, unknown)


def _written(statistics, unknown):
    text = re.sub(r"\(Units\.(\w+)\)", lambda unit: f"({_UNITS[unit[1]]})", repr(statistics))
    more = f"\nMult-adds unknown: {', '.join(unknown)}" if unknown else ""
    return re.sub(r"^Total mult-adds.*$", lambda line: line[0] + more, text, flags=re.M)


def _count_mult_adds(net, rows, counter):
    """Mend the rows' multiply-adds; return the total and the names of the layers left out.

    What a layer's shape tells is counted so; the rest is what torch's own counter saw there.
    """
    seen = {path: sum(ops.values()) // 2 for path, ops in counter.get_flop_counts().items()}
    names, paths = {}, {}
    for name, module in net.named_modules(remove_duplicate=False):
        names.setdefault(id(module), name)
        path = f"{type(net).__name__}.{name}".rstrip(".")
        if path in seen:  # the counter has each module under one of its names
            paths[id(module)] = path
    inside, told, unknown = set(), set(), []
    total = 0
    for row in rows:
        module, path = row.module, paths.get(id(row.module))
        if not row.executed or id(module) in inside or isinstance(module, torch.jit.ScriptModule):
            total += row.macs if row.is_leaf_layer and id(module) not in inside else 0
            continue
        number = _by_shape(module, row.input_size, row.output_size)
        if number is None:
            heavy = any(
                p is not None and sum(side > 1 for side in p.shape) > 1
                for p in module._parameters.values()
            )
            if heavy and not seen.get(path):
                number = 0
                unknown.append(names[id(module)] or row.class_name)
                row.macs_to_str = lambda _: "unknown"
            elif not row.is_leaf_layer:
                continue
            else:
                number = seen.get(path, row.macs) if path not in told else 0
        elif not row.is_leaf_layer:  # parametrized
            row.macs_to_str = lambda _, number=number: f"{number:,}"
        row.macs = number
        inside.update(id(m) for m in module.modules() if m is not module)
        told.update([path] if path else [])
        total += number or 0
    outside = seen.get("Global", 0) - sum(seen.get(path, 0) for path in told)
    scripted = any(isinstance(m, torch.jit.ScriptModule) for m in net.modules())
    return total + (0 if scripted else max(0, outside)), list(dict.fromkeys(unknown))


def _by_shape(module, before, after):
    """Multiply-adds of a layer by its shapes, or None for another kind of layer."""
    if isinstance(module, (nn.Embedding, nn.EmbeddingBag)):
        return 0
    places = bias_places = prod(after[:-1])
    if isinstance(module, nn.modules.conv._ConvNd):
        places = bias_places = prod([*after[:1], *after[2:]])
        if module.transposed:
            places = prod([*before[:1], *before[2:]])
    elif isinstance(module, (nn.RNNBase, nn.RNNCellBase)):
        return places * sum(p.numel() for p in module.parameters(recurse=False))
    elif not isinstance(module, (nn.Linear, nn.Bilinear)):
        return None
    return places * _size(module, "weight") + bias_places * _size(module, "bias")


def _size(module, name):
    mask = getattr(module, f"{name}_mask", None)  # of a pruned layer
    held = getattr(module, name, None)
    return int(mask.sum()) if mask is not None else 0 if held is None else held.numel()


def _shapes(input_size):
    example = "a shape with the batch axis, such as (20, 3, 224, 224)"
    if not isinstance(input_size, (tuple, list)) or not input_size:
        raise ValueError(f"input_size must be {example}, but got {input_size!r}.")
    nested = [isinstance(item, (tuple, list)) for item in input_size]
    shapes = [tuple(s) for s in input_size] if all(nested) else [tuple(input_size)]
    for shape in shapes:
        for number in shape:
            count(f"input_size must be {example}; each number", number, f"look at {shape!r}")
        if not shape:
            raise ValueError(f"input_size must be {example}, but got an empty shape.")
    return shapes


def _lacks_batch_axis(net, shape):
    first = next((m for m in net.modules() if isinstance(m, tuple(c for c, _ in _CONVOLUTIONS))), 0)
    return any(isinstance(first, kind) and len(shape) == axes + 1 for kind, axes in _CONVOLUTIONS)


def _ran_unbatched(row):
    return any(
        isinstance(row.module, kind) and len(row.input_size) == axes + 1
        for kind, axes in _CONVOLUTIONS
    )


def _no_batch_axis(shape):
    return ValueError(
        f"input_size={shape} has no batch axis: put the number of images in front, as in "
        f"{(1, *shape)}."
    )


@contextmanager
def _left_as_it_was(net, device):
    """Restore mode, buffers, device, torchinfo's cache and random numbers afterwards."""
    modules = [m for m in net.modules() if not isinstance(m, torch.jit.ScriptModule)]
    modes = [(m, m.training) for m in net.modules()]
    tables = [(table, dict(table)) for m in modules for table in (m._parameters, m._buffers)]
    tensors = [t for p in net.parameters() for t in (p, p.grad) if t is not None]
    data = [(t, t.data) for t in tensors]
    script_buffers = [
        (b, b.clone())
        for m in net.modules()
        if isinstance(m, torch.jit.ScriptModule)
        for b in m.buffers()
    ]
    # The run gets copies of the buffers, so that it cannot write into the real ones.
    copies = {id(b): b.clone() for m in modules for b in m._buffers.values() if b is not None}
    for module in modules:
        for name, buffer in module._buffers.items():
            if buffer is not None:
                module._buffers[name] = copies[id(buffer)]
    cache = getattr(engine, "_cached_forward_pass", {})
    cached = dict(cache)
    used = {device, *(t.device for t in tensors)}
    cuda = [d for d in used if d.type == "cuda"]
    with torch.random.fork_rng(devices=cuda):
        try:
            yield
        finally:
            for table, before in tables:
                table.clear()
                table.update(before)
            for tensor, before in data:
                if tensor.device != before.device or tensor.data_ptr() != before.data_ptr():
                    tensor.data = before
            with torch.no_grad():
                for buffer, before in script_buffers:
                    buffer.copy_(before)
            for module, mode in modes:
                module.training = mode
            cache.clear()
            cache.update(cached)


def _count_once(rows):
    """Give each parameter to one row: the first layer that uses it, else its own container."""
    held = [
        {
            id(p): (p, row.get_param_count(row.module, name, p)[0])
            for name, p in row.module.named_parameters()
        }
        for row in rows
    ]
    owner = {}
    for number, row in enumerate(rows):
        if row.is_leaf_layer:
            for key in held[number]:
                owner.setdefault(key, number)
    for number in reversed(range(len(rows))):  # inner containers before outer ones
        for key in held[number]:
            owner.setdefault(key, number)
    own = [[] for _ in rows]
    for number, row_held in enumerate(held):
        own[number] = [value for key, value in row_held.items() if owner[key] == number]
    for number, row in enumerate(rows):
        mine = [v for part in own[number : number + 1 + len(row.children)] for v in part]
        row.is_recursive = bool(held[number]) and not mine
        if mine:
            row.num_params = sum(count for _, count in mine)
            row.trainable_params = sum(count for p, count in mine if p.requires_grad)
            row.param_bytes = sum(count * p.element_size() for p, count in mine)
