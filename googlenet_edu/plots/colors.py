"""The colors of the network's parts: one home for charts, drawings, widgets and the book's pages.

Each part keeps its color everywhere: the four branches of an Inception block, and everything else
as "stem". Style sheets name them var(--book-branch1) ... var(--book-stem).
"""

from __future__ import annotations

__all__ = ["DARK", "LIGHT", "WIDGET_DARK", "WIDGET_LIGHT", "css_variables"]

LIGHT = {
    "branch1": "#3b78d8",
    "branch2": "#17937a",
    "branch3": "#e2952a",
    "branch4": "#b25797",
    "stem": "#8b97ab",
}
DARK = {
    "branch1": "#6ea3f5",
    "branch2": "#3fbd9e",
    "branch3": "#efb04e",
    "branch4": "#d789be",
    "stem": "#7f8ba0",
}


# Those of the widgets, which style sheets name var(--gn-bg) ...
WIDGET_LIGHT = {
    "bg": "#ffffff", "fg": "#1b2330", "muted": "#566072", "line": "#ccd4e0", "soft": "#f4f6fa",
    "cell": "#cfe0f5", "pad": "#e6e8ed", "pad-line": "#8d97a8", "accent": "#1d5bb8",
    "result": "#bfe5d6", "result-line": "#0b6b52", "warn": "#b23a06", "warn-soft": "#fbe3d6",
    "on": "#ffffff", "flip": "0",
}  # fmt: skip
WIDGET_DARK = {
    "bg": "#171c24", "fg": "#e7ebf3", "muted": "#a9b3c3", "line": "#3a4453", "soft": "#202733",
    "cell": "#2b4468", "pad": "#2a303b", "pad-line": "#8692a5", "accent": "#86b5ff",
    "result": "#1f5747", "result-line": "#6fd8b8", "warn": "#ffa171", "warn-soft": "#4a2c1d",
    "on": "#10151c", "flip": "1",
}  # fmt: skip


def css_variables(light: str = "html", dark: str = 'html[data-theme="dark"]') -> str:
    """Return the rules that define --book-branch1 ... --book-stem; arguments: their selectors."""
    return _rule(light, "book", LIGHT) + _rule(dark, "book", DARK)


def widget_variables(selector, dark=False):
    """Return the rule that defines all variables of the widgets, --book-... among them."""
    own = _rule(selector, "gn", WIDGET_DARK if dark else WIDGET_LIGHT)
    scheme = f"{selector}{{color-scheme:{'dark' if dark else 'light'}}}\n"
    return _rule(selector, "book", DARK if dark else LIGHT) + own + scheme


def _rule(selector, prefix, colors):
    inside = "".join(f"--{prefix}-{name}:{color};" for name, color in colors.items())
    return f"{selector}{{{inside}}}\n"
