"""Widgets that recompute feature-map sizes: in Jupyter, and in the static page without Python.

    from googlenet_edu.widgets import ConvSize
    ConvSize(size=224, kernel_size=7, stride=2, padding=3)

The arithmetic runs in the page (js/sizes.js), so a slider never waits for a kernel. Importing
this package imports neither torch nor ipywidgets; naming a widget class imports anywidget.
"""

from importlib import import_module

# The registry: a widget's name and its class. Its files follow from the name: python/NAME.py,
# js/NAME.js and, where it needs a style of its own, js/NAME.css; its title and all its sentences
# are the section NAME of googlenet_edu/words.json.
WIDGETS = {
    "conv_size": "ConvSize",
    "pool_size": "PoolSize",
    "shape_chain": "ShapeChain",
    "inception_block": "InceptionBlock",
    "batch_norm": "BatchNorm",
    "lrn": "LRN",
    "receptive_field": "ReceptiveField",
    "summary_reader": "SummaryReader",
    "cost_ledger": "CostLedger",
    "sliding_window": "SlidingWindow",
    "live_network": "LiveNetwork",
    "quiz": "Quiz",
}
PLACED = tuple(name for name in WIDGETS if name != "quiz")  # those that `{widget}` puts into a page
SLIDERS = tuple(name for name in PLACED if name != "live_network")  # those with a panel of settings

__all__ = sorted(WIDGETS.values())


def widget_class(name):
    """Return the class of a widget by its name, as "conv_size"; imports anywidget."""
    return getattr(import_module(f".python.{name}", __name__), WIDGETS[name])


def __getattr__(wanted):
    for name, made in WIDGETS.items():
        if made == wanted:
            return widget_class(name)
    raise AttributeError(f"module {__name__!r} has no attribute {wanted!r}: it has {__all__}")


def __dir__():
    return list(__all__)
