"""The living network: a trained GoogLeNet that runs in the page while one draws.

Chapter: book/see_it_think.
"""

import json
from html import escape

import traitlets

from ...architecture import INCEPTION
from ...checks import SizeError, quote, words
from ...live import shipped
from ..bundle import FOLDER, live_data
from .base import Choice, StaticForm

__all__ = ["LiveNetwork"]

SIDE = 28
NETWORKS = ("digits", "fashion")


class Drawing(traitlets.TraitType):
    """An image of 28 x 28 bytes, 0 paper to 255 ink, or none; arrays and lists become bytes."""

    def validate(self, obj, value):
        try:
            if isinstance(value, (bytes, bytearray, memoryview)):
                data = bytes(value)
            else:
                rows = value.tolist() if hasattr(value, "tolist") else value
                data = bytes(number for row in rows for number in row)
                if data and (len(rows), len(rows[0])) != (SIDE, SIDE):
                    data = None
        except (TypeError, ValueError):
            data = None
        if data is None or len(data) not in (0, SIDE**2):
            given = f"shape {list(value.shape)}" if hasattr(value, "shape") else quote(value)  # pyright: ignore
            raise SizeError(
                f"drawing must be {SIDE} x {SIDE} whole numbers from 0 (paper) to 255 (ink), but "
                f"got {given}: bring a drawing into this form with googlenet_edu.live.prepare, "
                "times 255, as uint8."
            )
        return data


class LiveNetwork(StaticForm):
    """A trained GoogLeNet that answers while you draw, as `LiveNetwork()`.

    network: "digits" (MNIST) or "fashion" (Fashion-MNIST). drawing: the image that it looks at,
    28 x 28 bytes; set it, also from an array, or read what was drawn. What the page computes comes
    back as scores ({"main", "aux1", "aux2"}: ten probabilities each) and top (the three best
    classes); both are empty until a page shows the widget. maps: see there.
    """

    _widget = "live_network"
    lang = Choice(("en", "zh"), "en").tag(sync=True)
    network = Choice(NETWORKS, "digits").tag(sync=True)
    drawing = Drawing(b"").tag(sync=True)
    scores = traitlets.Dict().tag(sync=True)
    top = traitlets.List().tag(sync=True)
    asked = traitlets.Unicode("").tag(sync=True)  # the network whose weights the page wants
    delivered = traitlets.Dict().tag(sync=True)

    @traitlets.observe("asked")
    def _deliver(self, change):
        if change["new"] in NETWORKS:
            self.delivered = {"name": change["new"], **live_data(change["new"])}

    @property
    def maps(self):
        """The maps for the present drawing: {"3a": tensor (channels, height, width), ...}.

        torch computes them, with the weights that the page has; {} without a drawing.
        """
        if not self.drawing:
            return {}
        import torch

        from ...live import read_gnet, to_input, to_network
        from ...train import feature_maps

        gnet = read_gnet(shipped(self.network))
        image = torch.tensor(list(self.drawing)).view(1, 1, SIDE, SIDE) / 255
        image = to_input(image, gnet.facts["image_size"])
        blocks = {f"inception{name}": name for name in INCEPTION}
        found = feature_maps(to_network(gnet), image, blocks)
        return {name: found[block][0] for block, name in blocks.items()}

    def __repr__(self):
        return f"LiveNetwork(network={self.network!r})"

    def static_html(self, name=None):
        """One drawing with its nine blocks and votes, readable without JavaScript."""
        where = f' id="{escape(name, quote=True)}"' if name else ""
        state = {"network": self.network} | ({"lang": self.lang} if self.lang != "en" else {})
        t = words(self._widget, self.lang)
        picture = (FOLDER / "live_network.svg").read_text(encoding="utf-8")
        return (
            f'<div{where} class="gn-widget gn-static" data-gn-widget="live_network" '
            f'data-gn-state="{escape(json.dumps(state), quote=True)}">'
            f'<p><strong class="gn-title">{t["title"]}</strong></p>'
            f'<div class="gn-drawings">{picture.strip()}</div>'
            f"<p>{t['still']} {t['always']}</p></div>"
        )
