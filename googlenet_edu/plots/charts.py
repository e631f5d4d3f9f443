"""Charts of numbers, all matplotlib's: what a cell shows of a figure."""

import io

import matplotlib.pyplot as plt

from .svg import Drawing

__all__ = ["show"]


def show(fig, title):
    """Return what a cell shows of a matplotlib figure: inline SVG in the colors of the page.

    Args:
        fig: the figure; it is closed, so that Jupyter does not show it a second time.
        title: what it shows, in words.

    Text stays text; the same figure gives the same SVG everywhere. Chapter: book/reference/recipes.
    """
    file = io.StringIO()
    with plt.rc_context({"svg.fonttype": "none", "svg.hashsalt": title}):
        fig.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    plt.close(fig)
    svg = file.getvalue()
    body = svg[svg.index('<g id="figure_1">') : svg.rindex("</svg>")].replace(
        "#000000", "currentColor"
    )
    width, height = fig.get_size_inches() * 100
    return Drawing(
        f'<g transform="scale(1.3889)" fill="currentColor">{body}</g>', width, height, title
    )
