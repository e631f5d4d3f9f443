"""The layers of GoogLeNet as presets, read from googlenet_edu.architecture (a 224 px image)."""

from functools import cache

from ...architecture import AUX, BACKBONE, HEAD_GRID, HEAD_LEAST, HEAD_SIDES, ConvSpec, PoolSpec
from ...costs import TABLE1
from ...sizes import conv_output_size, pool_output_size

__all__ = ["EXAMPLE", "network_presets", "network_table"]

# A picture of 5 x 5 pixels, yellow on the left, blue on the right, a red dot in the blue; filter 0
# answers to the edge between yellow and blue, filter 1 to red that is neither green nor blue.
EXAMPLE = {
    "x": [
        [[3, 4, 1, 0, 1], [4, 3, 0, 1, 0], [3, 4, 1, 5, 1], [4, 4, 0, 1, 0], [3, 3, 1, 0, 1]],
        [[3, 3, 0, 1, 1], [3, 4, 1, 0, 0], [4, 3, 0, 0, 1], [3, 3, 1, 1, 0], [3, 4, 0, 0, 1]],
        [[0, 1, 2, 3, 2], [1, 0, 3, 2, 3], [0, 1, 2, 0, 2], [1, 0, 3, 2, 3], [0, 1, 2, 3, 2]],
    ],
    "weight": [
        [[1, 0, -1] * 3, [1, 0, -1] * 3, [-1, 0, 1] * 3],
        [[0, 0, 0, 0, 2, 0, 0, 0, 0], [0, -1, 0, -1, -1, -1, 0, -1, 0], [0, 0, 0, 0, -1] + [0] * 4],
    ],
    "bias": [1, -1],
}

TRAPS = {
    "conv": [
        ("AlexNet conv1, 54.25", {"size": 224, "kernel_size": 11, "stride": 4}, (3, 96)),
        ("stride over kernel_size", {"size": 13, "kernel_size": 2, "stride": 5}, (3, 64)),
        ("5×5 with padding 1", {"size": 28, "kernel_size": 5, "padding": 1}, (16, 32)),
        ("kernel too large", {"size": 6, "kernel_size": 3, "dilation": 3}, (3, 64)),
    ],
    "pool": [
        ("dropped window", {"size": 32, "kernel_size": 1, "stride": 2, "ceil_mode": True}),
        (
            "dropped in the padding",
            {"size": 9, "kernel_size": 4, "stride": 4, "padding": 2, "ceil_mode": True},
        ),
        ("padding over half", {"size": 7, "kernel_size": 3, "stride": 1, "padding": 2}),
        (
            "average at the edge",
            {"size": 5, "kernel_size": 2, "stride": 2, "ceil_mode": True, "kind": "avg"},
        ),
    ],
}


def _state(spec, size):
    names = ("kernel_size", "stride", "padding", "dilation", "ceil_mode", "kind")
    found = {name: getattr(spec, name) for name in names if hasattr(spec, name)}
    return {"size": size, **found}


@cache
def network_presets():
    """Return {"conv": [...], "pool": [...]}: group, label, state (and channels) of every layer."""
    conv, pool = [], []

    def add(group, label, spec, size):
        entry = {"group": group, "label": label, "state": _state(spec, size)}
        if isinstance(spec, ConvSpec):
            entry["channels"] = [spec.in_channels, spec.out_channels]
            conv.append(entry)
        else:
            pool.append(entry)

    size = 224
    after = {}
    for spec in BACKBONE:
        if isinstance(spec, ConvSpec):
            add("Stem", spec.name, spec, size)
            size = conv_output_size(size, spec.kernel_size, spec.stride, spec.padding)
        elif isinstance(spec, PoolSpec):
            add("Stem" if size > 28 else "Between the stages", spec.name, spec, size)
            size = pool_output_size(
                size, spec.kernel_size, spec.stride, spec.padding, ceil_mode=spec.ceil_mode
            )
        else:
            block = spec.name.removeprefix("inception")
            for branch in spec.branches():
                for part in branch:
                    side = part.kernel_size
                    kind = " pool" if isinstance(part, PoolSpec) else ""
                    if side > 1:
                        add(f"Inception {block}", f"{block} {side}×{side}{kind}", part, size)
        after[spec.name] = size
    for head in AUX:
        pooling = PoolSpec("avgpool", 5, 3, ceil_mode=False, kind="avg")
        add("Auxiliary classifiers", f"{head.name} average pool", pooling, after[head.after])
    add("Classifier", "average pool 7×7", PoolSpec("avgpool", 7, 7, ceil_mode=False, kind="avg"), 7)
    conv += [
        {"group": "Traps", "label": label, "state": state, "channels": channels}
        for label, state, channels in TRAPS["conv"]
    ]
    pool += [{"group": "Traps", "label": label, "state": state} for label, state in TRAPS["pool"]]
    return {"conv": conv, "pool": pool}


@cache
def network_table():
    """Return {"layers": [...], "aux": [...], "heads": {...}, "paper": {...}} for network.js.

    A convolution is [name, "conv", in, out, kernel_size, stride, padding], a pool [name, "pool",
    kernel_size, stride, padding], an Inception block [name, "inception", in, six channels]. paper
    holds Table 1's printed params and ops under the last layer of each row.
    """
    layers = []
    for spec in BACKBONE:
        if isinstance(spec, ConvSpec):
            settings = ["conv", spec.in_channels, spec.out_channels]
            settings += [spec.kernel_size, spec.stride, spec.padding]
        elif isinstance(spec, PoolSpec):
            settings = ["pool", spec.kernel_size, spec.stride, spec.padding]
        else:
            settings = ["inception", spec.in_channels, spec.ch1x1, spec.ch3x3reduce, spec.ch3x3]
            settings += [spec.ch5x5reduce, spec.ch5x5, spec.pool_proj]
        layers.append([spec.name, *settings])
    paper = {row.blocks[-1]: [row.params, row.ops] for row in TABLE1 if row.params}
    heads = {"grid": HEAD_GRID, "fit": HEAD_SIDES, "least": HEAD_LEAST}
    aux = [[h.name, h.after, h.in_channels, h.conv_channels, h.hidden] for h in AUX]
    return {"layers": layers, "aux": aux, "heads": heads, "paper": paper}
