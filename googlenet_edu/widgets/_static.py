"""The widgets' static form: readable without JavaScript, on any host, in print.

The page's host (host.js) replaces it by the live widget; its state stands in data-gn-state.
"""

import json
from html import escape

from ._drawing import draw

__all__ = ["PREFIX", "answer", "size_body", "size_code", "static_frame", "table"]

# Each widget's title, in the languages of its front end.
TITLES = {
    "conv_size": {"en": "Convolution size", "zh": "卷积输出尺寸"},
    "pool_size": {"en": "Pooling size", "zh": "池化输出尺寸"},
    "shape_chain": {"en": "Shape chain", "zh": "尺寸链"},
    "inception_block": {"en": "Inception block", "zh": "Inception 模块"},
    "batch_norm": {"en": "Batch norm", "zh": "批归一化"},
    "lrn": {"en": "Local response normalization", "zh": "局部响应归一化"},
    "receptive_field": {"en": "Receptive field", "zh": "感受野"},
    "summary_reader": {"en": "Summary reader", "zh": "摘要阅读器"},
    "cost_ledger": {"en": "Cost ledger", "zh": "计算量账本"},
}
# What stands before a refusal; the live widget's string "refused" says the same.
PREFIX = dict.fromkeys(("conv_size", "pool_size"), "PyTorch refuses this: ")


def static_frame(widget, state, body, code, name=None, lang="en", refused=False):
    """Return a widget's complete static HTML: title, settings, body (HTML) and code line.

    A refusal's body is plain text and is escaped here.
    """
    shown = ", ".join(
        f"<code>{key}={escape(_setting(value))}</code>" for key, value in state.items()
    )
    if refused:
        body = answer(body)
    data = state | ({"lang": lang} if lang != "en" else {})
    data = escape(json.dumps(data, separators=(",", ":"), ensure_ascii=False), quote=True)
    where = f' id="{escape(name, quote=True)}"' if name else ""
    return (
        f'<div{where} class="gn-widget gn-static" data-gn-widget="{widget}" '
        f'data-gn-state="{data}">'
        f'<p><strong class="gn-title">{TITLES[widget][lang]}</strong>: {shown}</p>{body}'
        f'<p class="gn-code"><code>{escape(code)}</code></p></div>'
    )


def _setting(value):
    if isinstance(value, list):
        return "[" + ", ".join(f"{one:g}" for one in value) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def answer(text):
    """Return the result line; the text is escaped."""
    return f'<p class="gn-answer">{escape(text)}</p>'


def table(rows, head=(), caption=""):
    """Return a small table: the first cell of each row names it. Cells are escaped texts."""
    top = f"<caption>{escape(caption)}</caption>" if caption else ""
    if head:
        cells = "".join(f'<th scope="col">{escape(str(cell))}</th>' for cell in head)
        top += f"<thead><tr>{cells}</tr></thead>"
    lines = "".join(
        f'<tr><th scope="row">{escape(str(first))}</th>'
        + "".join(f"<td>{escape(str(cell))}</td>" for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return f'<table class="gn-rules">{top}<tbody>{lines}</tbody></table>'


def size_body(result):
    """Return the static body of a size widget for an `Explanation`."""
    axis = result.axes[0]
    return (
        answer(f"Output: {axis.size} × {axis.size} becomes {axis.out} × {axis.out}")
        + f'<div class="gn-drawings">{draw(axis)}</div>'
        + table([(step.name, step.text) for step in result.steps])
    )


def size_code(layer, first, state, shown):
    """Return the PyTorch layer for a state; shown: {setting: its normal value}."""
    parts = [*first, f"kernel_size={state['kernel_size']}"]
    parts += [
        f"{key}={json.dumps(state[key]) if isinstance(state[key], str) else state[key]}"
        for key, normal in shown.items()
        if state[key] != normal
    ]
    return f"torch.nn.{layer}({', '.join(parts)})"
