"""The widgets' static form: readable without JavaScript, on any host, in print.

The page's host (host.js) replaces it by the live widget; its state stands in data-gn-state.
"""

import json
from html import escape

from ..sizes import SizeError, explain_conv, explain_pool
from ._drawing import draw

__all__ = ["static_html"]

TITLES = {"conv_size": "Convolution size", "pool_size": "Pooling size"}
HIDDEN = {"lang"}


def explain(widget, state):
    """Return the `Explanation` behind a widget's state; raises SizeError as the sizes do."""
    given = {key: value for key, value in state.items() if key not in HIDDEN}
    if widget == "conv_size":
        return explain_conv(**given)
    if given["kind"] == "avg":
        given["dilation"] = 1  # average pooling has none; the widget hides the field
    return explain_pool(**given)


def code_line(widget, state):
    """Return the PyTorch layer for a state, as the live widget writes it."""
    if widget == "conv_size":
        name, parts = "Conv2d", ["3", "64"]
        shown = {"stride": 1, "padding": 0, "dilation": 1}
    else:
        name, parts = ("MaxPool2d" if state["kind"] == "max" else "AvgPool2d"), []
        shown = {"stride": None, "padding": 0, "ceil_mode": False}
        shown |= {"dilation": 1} if state["kind"] == "max" else {"count_include_pad": True}
    parts.append(f"kernel_size={state['kernel_size']}")
    parts += [
        f"{key}={json.dumps(state[key]) if isinstance(state[key], str) else state[key]}"
        for key, normal in shown.items()
        if state[key] != normal
    ]
    return f"torch.nn.{name}({', '.join(parts)})"


def static_html(widget, state, name=None):
    """Return a widget's complete static HTML for a state (a dict of its traits)."""
    settings = ", ".join(
        f"<code>{key}={escape(str(value))}</code>"
        for key, value in state.items()
        if key not in HIDDEN
    )
    title = TITLES[widget]
    try:
        result = explain(widget, state)
    except SizeError as error:
        body = f'<p class="gn-answer">PyTorch refuses this: {escape(str(error))}</p>'
    else:
        axis = result.axes[0]
        steps = "".join(
            f'<tr><th scope="row">{escape(step.name)}</th><td>{escape(step.text)}</td></tr>'
            for step in result.steps
        )
        body = (
            f'<p class="gn-answer">Output: {axis.size} × {axis.size} becomes '
            f"{axis.out} × {axis.out}</p>"
            f'<div class="gn-drawings">{draw(axis)}</div>'
            f'<table class="gn-rules"><tbody>{steps}</tbody></table>'
        )
    data = escape(json.dumps(state, separators=(",", ":")), quote=True)
    where = f' id="{escape(name, quote=True)}"' if name else ""
    return (
        f'<div{where} class="gn-widget gn-static" data-gn-widget="{widget}" '
        f'data-gn-state="{data}">'
        f'<p><strong class="gn-title">{title}</strong>: {settings}</p>{body}'
        f'<p class="gn-code"><code>{escape(code_line(widget, state))}</code></p></div>'
    )
