"""A trained GoogLeNet small enough for a page: its data, its weights file, its experiments.

    from googlenet_edu.live import read_gnet, shipped, to_network

    net = to_network(read_gnet(shipped("digits")))

Two networks ship with the package: "digits" (MNIST) and "fashion" (Fashion-MNIST). A name is
fetched from its module when it is first used, so that the widgets find the files without torch.
On the command line: python -m googlenet_edu.live --help. Chapter: book/see_it_think.
"""

from importlib import import_module
from pathlib import Path

from ..checks import choice

_HOMES = {
    "accuracy": ".experiments",
    "batch_statistics": ".experiments",
    "branches_off": ".experiments",
    "Gnet": ".file",
    "GnetError": ".file",
    "GrayImages": "..train.mnist",
    "Layer": ".file",
    "fashion_mnist": "..train.mnist",
    "fashion_samples": "..train.mnist",
    "from_network": ".quantization",
    "mnist": "..train.mnist",
    "prepare": "..train.mnist",
    "quantize": ".quantization",
    "remove_block": ".experiments",
    "results": ".experiments",
    "read_gnet": ".file",
    "round_weights": ".quantization",
    "run": ".experiments",
    "to_input": "..train.mnist",
    "to_network": ".quantization",
    "write_gnet": ".file",
}
__all__ = sorted([*_HOMES, "shipped"])


def shipped(name="digits"):
    """Return the path of a weights file that ships with the package: "digits" or "fashion".

    Raises: ValueError for another name. Chapter: book/see_it_think.
    """
    choice("name", name, ("digits", "fashion"), "these two networks ship with the package")
    return Path(__file__).with_name(f"{name}.gnet")


def __getattr__(name):
    if name in _HOMES:
        return getattr(import_module(_HOMES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})
