"""Pictures of GoogLeNet and charts of its numbers.

Drawings of the network are SVG and need nothing. Charts are matplotlib's, which is imported when
the first chart is drawn. Chapters: book/blocks/inception, book/network/googlenet.
"""

from importlib import import_module

from ..costs.table import Table
from .head import draw_aux
from .inception import draw_inception
from .network import draw_network
from .norms import draw_norms
from .svg import Drawing

_CHARTS = (
    "confusion_matrix",
    "image_tiles",
    "label_bars",
    "learning_curves",
    "plot_runs",
    "roofline",
    "show",
)
__all__ = ["Drawing", "Table", "draw_aux", "draw_inception", "draw_network", "draw_norms", *_CHARTS]


def __getattr__(name):
    if name in _CHARTS:
        return getattr(import_module(".charts", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})
