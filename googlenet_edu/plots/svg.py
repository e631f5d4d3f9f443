"""What all drawings share: colors for light and dark pages, shapes as SVG text, `Drawing`.

Colors are the book's variables, with middle tones for hosts that do not have them; text takes
the color of the page around it.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from .colors import LIGHT

__all__ = ["COLOR", "INK", "MUTED", "Drawing", "box", "line", "polygon", "text"]

INK = "currentColor"
MUTED = "var(--book-muted, currentColor)"
COLOR = {part: f"var(--book-{part}, {color})" for part, color in LIGHT.items()}
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"


class Drawing:
    """A drawing as SVG text, with the same in words.

    svg: a complete <svg> element; body: what is inside it. size: width and height. alt: what is
    shown, in sentences; screen readers read it, and it is what a console prints. Jupyter and the
    book show the drawing inline, in the colors of the page; on a narrow screen it scrolls sideways
    in its own box. Chapter: book/blocks/inception.
    """

    def __init__(
        self,
        body: str,
        width: float,
        height: float,
        alt: str,
        least: float = 0,
        kind: str = "gc-drawing",
    ) -> None:
        self.alt, self.body = alt, body
        self.size = (width, height)
        style = f"max-width:100%;min-width:{least}px;height:auto"
        self.svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="{kind}" width="{number(width)}" '
            f'height="{number(height)}" viewBox="0 0 {number(width)} {number(height)}" role="img" '
            f'aria-label="{escape(alt)}" font-family="{_FONT}" style="{style}">{body}</svg>'
        )

    def __repr__(self):
        return self.alt

    def _repr_html_(self):
        return (
            '<div class="gc-drawing-box" role="group" aria-label="Drawing" tabindex="0" '
            f'style="overflow-x:auto;max-width:100%">{self.svg}</div>'
        )


def number(value: float) -> str:
    """Write a coordinate with one decimal at most, the same everywhere."""
    return f"{value:.1f}".removesuffix(".0")


def points(pairs):
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in pairs)


def _extra(attributes):
    return "".join(
        f' {key.rstrip("_").replace("_", "-")}="{value}"' for key, value in attributes.items()
    )


def _inside(title):
    return f"<title>{escape(title)}</title>" if title else ""


def text(
    x: float,
    y: float,
    words: Any,
    anchor: str = "middle",
    size: float = 13,
    fill=INK,
    **attributes: Any,
) -> str:
    """Return a line of text; x is its start, middle or end."""
    return (
        f'<text x="{number(x)}" y="{number(y)}" text-anchor="{anchor}" font-size="{size}" '
        f'fill="{fill}"{_extra(attributes)}>{words}</text>'
    )


def box(
    x: float, y: float, width: float, height: float, fill: str, title: str = "", **attributes: Any
) -> str:
    """Return a rectangle; its title shows when the pointer rests on it."""
    return (
        f'<rect x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}" '
        f'fill="{fill}"{_extra(attributes)}>{_inside(title)}</rect>'
    )


def polygon(pairs: Iterable[tuple[float, float]], fill: str, **attributes: Any) -> str:
    """Return a closed shape through (x, y) pairs."""
    return f'<polygon points="{points(pairs)}" fill="{fill}"{_extra(attributes)}/>'


def line(path: str, **attributes: Any) -> str:
    """Return an open line along an SVG path."""
    stroke = {"stroke": COLOR["stem"], "stroke_width": "1.5", **attributes}
    return f'<path d="{path}" fill="none"{_extra(stroke)}/>'
