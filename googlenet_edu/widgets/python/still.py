"""What a page without a kernel shows of ipywidgets: the values at the start, and our live widgets.

A slider of ipywidgets asks a kernel for every step, so that a built page, GitHub or a printout can
only show how it stands. Each displayed ipywidgets control or box therefore carries this form as
`text/html` beside its live view, as our own widgets do; Jupyter shows the live one.
Chapter: book/reference/recipes.
"""

from html import escape

import ipywidgets
from IPython import get_ipython

__all__ = ["register", "still_html"]


def still_html(widget):
    """Return an ipywidgets widget as HTML: names and values of its controls, our widgets whole.

    Of what is computed, a host without a kernel shows the cell's other outputs.
    """
    controls, whole = [], []
    _collect(widget, controls, whole)
    parts = []
    if controls:
        values = ", ".join(
            f"<code>{escape(name)}={escape(value)}</code>" for name, value in controls
        )
        parts.append(f'<p class="gn-still">Controls, live in Jupyter: {values}</p>')
    return "".join(parts + whole) or None


def _collect(widget, controls, whole):
    if hasattr(widget, "static_html"):
        whole.append(widget.static_html())
    elif isinstance(widget, ipywidgets.Box):
        for child in widget.children:
            _collect(child, controls, whole)
    elif hasattr(widget, "value") and getattr(widget, "description", ""):
        controls.append((widget.description, str(widget.value)))


def register():
    """Let Jupyter store the form beside every widget of ipywidgets that is shown from now on."""
    if shell := get_ipython():
        shell.display_formatter.formatters["text/html"].for_type(ipywidgets.DOMWidget, still_html)
