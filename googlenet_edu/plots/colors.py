"""The colors of the network's parts: one home for charts, drawings, widgets and the book's pages.

Each part keeps its color everywhere: the four branches of an Inception block, and everything else
as "stem". Style sheets name them var(--book-branch1) ... var(--book-stem).
"""

__all__ = ["DARK", "LIGHT", "css_variables"]

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


def css_variables(light: str = "html", dark: str = 'html[data-theme="dark"]') -> str:
    """Return the rules that define --book-branch1 ... --book-stem; arguments: their selectors."""

    def rule(selector, colors):
        inside = "".join(f"--book-{part}:{color};" for part, color in colors.items())
        return f"{selector}{{{inside}}}\n"

    return rule(light, LIGHT) + rule(dark, DARK)
