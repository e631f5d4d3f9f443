"""The living network: a trained GoogLeNet that runs in the page while one draws.

Chapter: book/see_it_think.
"""

import json
from html import escape

import traitlets

from ...checks import SizeError, quote, words
from ..bundle import live_data
from .base import Choice, StaticForm

__all__ = ["LiveNetwork"]

SIDE = 28


class Drawing(traitlets.TraitType):
    """A gray image of 28 x 28 bytes, 0 paper to 255 ink; arrays and nested lists become bytes."""

    def validate(self, obj, value):
        data = value
        if not isinstance(value, (bytes, bytearray, memoryview)):
            rows = value.tolist() if hasattr(value, "tolist") else value
            try:
                data = bytes(number for row in rows for number in row)
            except (TypeError, ValueError):
                data = None
        else:
            data = bytes(value)
        if data is None or len(data) not in (0, SIDE**2):
            shape = getattr(value, "shape", None)
            raise SizeError(
                f"drawing must be {SIDE} x {SIDE} whole numbers from 0 (paper) to 255 (ink), but "
                f"got {quote(value) if shape is None else f'an array {list(shape)}'}: "
                "googlenet_edu.live.prepare brings any drawing into this form."
            )
        return data


class LiveNetwork(StaticForm):
    """A trained GoogLeNet that answers while you draw, as `LiveNetwork()`.

    network: "digits" (MNIST) or "fashion" (Fashion-MNIST). drawing: the image it looks at, 28 x 28
    bytes; set it, also from an array, or read what was drawn. scores: {"main", "aux1", "aux2"},
    ten probabilities each, and top: the three best classes, as the page found them; both are empty
    until a page shows the widget. maps: computed on request, by torch with the same weights.
    """

    _widget = "live_network"
    lang = Choice(("en", "zh"), "en").tag(sync=True)
    network = Choice(("digits", "fashion"), "digits").tag(sync=True)
    drawing = Drawing(b"").tag(sync=True)
    scores = traitlets.Dict().tag(sync=True)
    top = traitlets.List().tag(sync=True)
    asked = traitlets.Unicode("").tag(sync=True)  # the network whose weights the page wants
    delivered = traitlets.Dict().tag(sync=True)

    @traitlets.observe("asked")
    def _deliver(self, change):
        if change["new"] in words("live_network"):
            self.delivered = {"name": change["new"], **live_data(change["new"])}

    def __repr__(self):
        return f"LiveNetwork(network={self.network!r})"

    def static_html(self, name=None):
        """One drawing with its nine blocks and votes, readable without JavaScript."""
        where = f' id="{escape(name, quote=True)}"' if name else ""
        state = {"network": self.network} | ({"lang": self.lang} if self.lang != "en" else {})
        sentences = words(self._widget, self.lang)
        return (
            f'<div{where} class="gn-widget gn-static" data-gn-widget="live_network" '
            f'data-gn-state="{escape(json.dumps(state), quote=True)}">'
            f'<p><strong class="gn-title">{sentences["title"]}</strong></p>'
            f"<p>{sentences['always']}</p></div>"
        )
