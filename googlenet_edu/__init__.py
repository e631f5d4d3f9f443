"""GoogLeNet for learners: sizes, the network, its ledger, and the sliders of the book.

    from googlenet_edu import GoogLeNet, conv_output_size

Importing the package imports neither torch nor matplotlib nor ipywidgets: a public name is
fetched from its module when it is first used, so the size chapters start at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what editors and type checkers read; nothing of it is imported at run time
    from . import (
        architecture,
        classroom,
        costs,
        fast,
        layers,
        live,
        model,
        norms,
        plots,
        sizes,
        summary,
        train,
        widgets,
    )
    from .costs import ledger
    from .fast import optimize_for_inference
    from .layers import AuxClf, BasicConv2d, Inception
    from .model import GoogLeNet, GoogLeNetOutput
    from .sizes import (
        adaptive_pool_bins,
        adaptive_pool_output_size,
        conv_output_size,
        conv_transpose_output_size,
        explain_conv,
        explain_pool,
        pool_output_size,
        receptive_field,
    )
    from .summary import summarize
    from .train import googlenet_loss

__version__ = "0.1.0"

# module -> the names that the package offers from it; a name published here stands above as well.
PUBLIC: dict[str, tuple[str, ...]] = {
    "architecture": (),
    "classroom": (),
    "costs": ("ledger",),
    "fast": ("optimize_for_inference",),
    "layers": ("AuxClf", "BasicConv2d", "Inception"),
    "live": (),
    "model": ("GoogLeNet", "GoogLeNetOutput"),
    "norms": (),
    "plots": (),
    "sizes": (
        "adaptive_pool_bins",
        "adaptive_pool_output_size",
        "conv_output_size",
        "conv_transpose_output_size",
        "explain_conv",
        "explain_pool",
        "pool_output_size",
        "receptive_field",
    ),
    "summary": ("summarize",),
    "train": ("googlenet_loss",),
    "widgets": (),
}
_HOMES = {name: module for module, names in PUBLIC.items() for name in names}

__all__ = sorted([*_HOMES, *PUBLIC, "__version__"])


def __getattr__(name: str) -> Any:
    if name in PUBLIC:
        return import_module(f".{name}", __name__)
    if name in _HOMES:
        value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
        globals()[name] = value  # the next use finds it without this function
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
