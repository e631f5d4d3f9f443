"""Widgets that recompute feature-map sizes: in Jupyter, and in the static page without Python.

    from googlenet_edu.widgets import ConvSize
    ConvSize(size=224, kernel_size=7, stride=2, padding=3)

The arithmetic runs in the page (sizes.js), so a slider never waits for a kernel. Importing
this package imports neither torch nor ipywidgets; naming a widget class imports anywidget.
"""

from importlib import import_module

__all__ = [
    "LRN",
    "BatchNorm",
    "ConvSize",
    "CostLedger",
    "InceptionBlock",
    "PoolSize",
    "Quiz",
    "ReceptiveField",
    "ShapeChain",
    "SummaryReader",
]

_HOMES = {
    "BatchNorm": "batch_norm",
    "ConvSize": "conv_size",
    "CostLedger": "cost_ledger",
    "InceptionBlock": "inception_block",
    "LRN": "lrn",
    "PoolSize": "pool_size",
    "Quiz": "quiz",
    "ReceptiveField": "receptive_field",
    "ShapeChain": "shape_chain",
    "SummaryReader": "summary_reader",
}


def __getattr__(name):
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}: it has {__all__}")


def __dir__():
    return sorted(__all__)
