"""Pictures of GoogLeNet and charts of its numbers.

Drawings of the network are SVG and need nothing. Charts are matplotlib's, which is imported when
the first chart is drawn. Chapters: book/blocks/inception, book/network/googlenet.
"""

from ..costs.table import Table
from .drawings import (
    Drawing,
    bar_chart,
    curve_chart,
    dot_map,
    draw_aux,
    draw_inception,
    draw_network,
    draw_norms,
)

__all__ = [
    "Drawing",
    "Table",
    "bar_chart",
    "curve_chart",
    "dot_map",
    "draw_aux",
    "draw_inception",
    "draw_network",
    "draw_norms",
]
