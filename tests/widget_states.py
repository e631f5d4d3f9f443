"""Settings for the tests of the widgets: seeded random ones around the real ones, and extremes."""

import itertools

from googlenet_edu.architecture import BACKBONE, INCEPTION

__all__ = ["STATES", "WRONG"]

CHANNELS = ("in_channels", "ch1x1", "ch3x3reduce", "ch3x3", "ch5x5reduce", "ch5x5", "pool_proj")


def shape_chain(rng):
    found = [
        {"image_height": h, "image_width": w, "batch_size": b, "ceil_mode": c}
        for h, w, b, c in itertools.product(
            (1, 13, 14, 15, 79, 97, 222, 223, 224, 270, 271, 4096), (14, 224, 299), (1, 20),
            (True, False),
        )
    ]  # fmt: skip
    for _ in range(200):
        state = {"image_height": rng.randint(10, 512), "image_width": rng.randint(10, 512)}
        found.append(state | {"batch_size": rng.choice([1, 16, 20, 32, 4096]), "ceil_mode": rng.random() < 0.7})  # fmt: skip
    return found


def receptive_field(rng):
    names = [spec.name for spec in BACKBONE]
    found = [
        {"layer": name, "cell_x": x, "cell_y": y, "image_size": n}
        for name in names
        for x, y, n in ((0, 0, 224), (3, 6, 224), (1, 0, 32), (0, 1, 4096), (200, 0, 224))
    ]
    for _ in range(240):
        found.append(
            {
                "layer": rng.choice(names),
                "cell_x": rng.randint(0, 8),
                "cell_y": rng.randint(0, 8),
                "image_size": rng.randint(1, 600),
            }
        )
    return found


def inception_block(rng):
    found = []
    for spec in INCEPTION.values():
        state = dict(zip(CHANNELS, _channels(spec), strict=True))
        state |= {"size": {"3": 28, "4": 14, "5": 7}[spec.name[9]]}
        found += [
            state | {"branch3_kernel": k, "reductions": r} for k in "53" for r in (True, False)
        ]
    for _ in range(300):
        state = {name: rng.choice([1, rng.randint(1, 900), 4096]) for name in CHANNELS}
        state |= {"size": rng.choice([1, 7, 28, 56, 4096]), "branch3_kernel": rng.choice("53")}
        found.append(state | {"reductions": rng.random() < 0.6})
    return found


def _channels(spec):
    return (
        spec.in_channels, spec.ch1x1, spec.ch3x3reduce, spec.ch3x3, spec.ch5x5reduce, spec.ch5x5,
        spec.pool_proj,
    )  # fmt: skip


def cost_ledger(rng):
    found = [
        {"image_size": n, "batch_size": b, "num_classes": c, "aux": aux}
        for n, b, c, aux in itertools.product(
            (1, 14, 97, 223, 224, 270, 4096), (0, 1, 20, 4096), (1, 1000, 100_000), (True, False)
        )
    ]
    for _ in range(160):
        found.append(
            {
                "image_size": rng.choice([rng.randint(10, 400), rng.randint(223, 270)]),
                "batch_size": rng.randint(0, 64),
                "num_classes": rng.randint(1, 2000),
                "aux": rng.random() < 0.3,
                "show": rng.choice(["params", "multiply-adds", "memory"]),
                "sort": rng.choice(["order", "largest"]),
            }
        )
    return found


def batch_norm(rng):
    numbers = [0, 1, -1, 0.5, 3, 1e-3, 250, 1e6]
    found = [{"values": [x]} for x in numbers]
    for _ in range(320):
        values = [rng.choice([rng.choice(numbers), round(rng.gauss(0, 3), 3)])
                  for _ in range(rng.choice([1, 2, 3, 5, 9, 32]))]  # fmt: skip
        found.append(
            {
                "values": values,
                "training": rng.random() < 0.7,
                "weight": rng.choice([1, 0, -2.5, 1e6]),
                "bias": rng.choice([0, 1, -0.3]),
                "eps": rng.choice([1e-5, 1e-3, 1e-12, 1e6]),
                "momentum": rng.choice([0, 0.1, 0.99, 1]),
                "running_mean": rng.choice([0, 2.5, -1e6]),
                "running_var": rng.choice([0, 1, 4, 1e12]),
            }
        )
    return found


def lrn(rng):
    found = [{"values": [0, 0, 1], "k": 0, "channel": c} for c in range(5)]
    for _ in range(320):
        values = [rng.choice([0, 1, -2, 30, round(rng.gauss(0, 5), 3), 1e6])
                  for _ in range(rng.choice([1, 2, 5, 6, 11, 32]))]  # fmt: skip
        found.append(
            {
                "values": values,
                "channel": rng.randrange(len(values) + (rng.random() < 0.05)),
                "size": rng.choice([1, 2, 3, 4, 5, 11, 32]),
                "alpha": rng.choice([0, 1e-5, 1e-4, 0.5, 1, 1e6]),
                "beta": rng.choice([0, 0.5, 0.75, 1, 10]),
                "k": rng.choice([0, 0.5, 1, 2, 1e6]) if rng.random() < 0.8 else 1,
                "divide_by_size": rng.random() < 0.7,
            }
        )
    return found


def summary_reader(rng):
    columns = ("params", "mult-adds", "memory")
    found = [{"row": row, "column": columns[row % 3], "depth": 3} for row in range(0, 250)]
    for n in (1, 222, 223, 270, 271, 4096):
        found.append({"image_size": n, "row": 0, "column": "mult-adds"})
    for _ in range(80):
        found.append(
            {
                "row": rng.randint(0, 220),
                "column": rng.choice(columns),
                "depth": rng.randint(1, 5),
                "batch_size": rng.choice([1, 20, 64, 4096]),
                "image_size": rng.randint(223, 270),
                "num_classes": rng.choice([1, 10, 1000, 100_000]),
            }
        )
    return found


def sliding_window(rng):
    names = ("mode", "padding", "stride", "channel", "row", "column")
    cells = [(m, 0, 0) for m in range(3)] + [(0, 1, 2), (1, 2, 1), (2, 6, 6), (1, 4, 4), (0, 3, 0)]
    modes, paddings, strides = ("conv", "max", "avg"), range(3), range(1, 4)
    found = [
        dict(zip(names, (*shape, *cell), strict=True))
        for shape in itertools.product(modes, paddings, strides)
        for cell in cells
    ]
    for _ in range(240):
        state = {"mode": rng.choice(modes), "padding": rng.randint(0, 1), "stride": 1}
        state |= {"channel": rng.randint(0, 1)}
        found.append(state | {name: rng.randint(0, 2) for name in names[4:]})
    return found


STATES = {
    "batch_norm": batch_norm,
    "cost_ledger": cost_ledger,
    "inception_block": inception_block,
    "lrn": lrn,
    "receptive_field": receptive_field,
    "shape_chain": shape_chain,
    "sliding_window": sliding_window,
    "summary_reader": summary_reader,
}

_WHOLE = [("0", 0), ("-3", -3), ("2.5", 2.5), ("", ""), ("abc", "abc"), ("1e3", "1e3"), ("99999", 99999)]  # fmt: skip
_NUMBER = [("-1", -1), ("abc", "abc"), ("", ""), ("1e7", 1e7), ("nan", float("nan")), ("1/2", "1/2")]  # fmt: skip
_LIST = [("", []), ("1, x", [1, "x"]), ("1e9", [1e9]), ("1 " * 33, [1] * 33)]
WRONG = {
    "shape_chain": [("image_height", *pair) for pair in _WHOLE]
    + [("batch_size", "4097", 4097), ("ceil_mode", "maybe", "maybe")],
    "receptive_field": [("image_size", *pair) for pair in _WHOLE]
    + [("layer", "conv9", "conv9"), ("cell_x", "-1", -1), ("cell_y", "x", "x")],
    "inception_block": [(name, *pair) for name in ("ch3x3", "size") for pair in _WHOLE]
    + [("branch3_kernel", "7", "7"), ("reductions", "1", 1)],
    "cost_ledger": [("image_size", *pair) for pair in _WHOLE]
    + [("batch_size", "-1", -1), ("show", "money", "money"), ("num_classes", "100001", 100001)],
    "batch_norm": [(name, *pair) for name in ("eps", "momentum", "running_var") for pair in _NUMBER[:3]]
    + [("eps", "0", 0), ("momentum", "1.1", 1.1), ("weight", "1e7", 1e7), ("weight", "nan", float("nan"))]
    + [("values", *pair) for pair in _LIST],
    "lrn": [(name, *pair) for name in ("alpha", "k", "beta") for pair in _NUMBER]
    + [("values", *pair) for pair in _LIST] + [("size", "33", 33), ("size", "0", 0), ("channel", "-1", -1)],
    "sliding_window": [("stride", *pair) for pair in _WHOLE]
    + [("padding", "3", 3), ("mode", "min", "min"), ("row", "-1", -1), ("channel", "x", "x")],
    "summary_reader": [("image_size", *pair) for pair in _WHOLE]
    + [("depth", "6", 6), ("depth", "0", 0), ("column", "money", "money"), ("row", "-1", -1)],
}  # fmt: skip
