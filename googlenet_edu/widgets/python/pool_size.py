"""The pooling size widget. Chapter: book/sizes/pooling."""

from ...sizes import explain_pool
from .base import Choice, Flag, SizeWidget, Whole
from .static import size_code

__all__ = ["PoolSize"]


class PoolSize(SizeWidget):
    """Move a pool's settings; see floor, ceil_mode and the dropped last window side by side.

    All in cells along one axis of a square image; kind is "max" or "avg" (dilation counts for
    "max" only). Results: out (int, or None where torch refuses), error, steps. Setting an
    illegal value raises the SizeError of googlenet_edu.sizes; a legal value in an impossible
    combination is explained in the widget. Source: torch.nn.MaxPool2d, torch.nn.AvgPool2d.
    Chapter: book/sizes/pooling.
    """

    _widget = "pool_size"
    _settings = (
        "size",
        "kernel_size",
        "stride",
        "padding",
        "dilation",
        "kind",
        "ceil_mode",
        "count_include_pad",
    )

    size = Whole(112, 1).tag(sync=True)
    kernel_size = Whole(3, 1).tag(sync=True)
    stride = Whole(2, 1).tag(sync=True)
    padding = Whole(0, 0).tag(sync=True)
    dilation = Whole(1, 1).tag(sync=True)
    kind = Choice(("max", "avg"), "max").tag(sync=True)
    ceil_mode = Flag(True).tag(sync=True)
    count_include_pad = Flag(True).tag(sync=True)

    def _explain(self):
        state = self.state
        if self.kind == "avg":
            state["dilation"] = 1  # average pooling has none; the widget hides the field
        return explain_pool(**state)

    def _code(self):
        shown = {"stride": None, "padding": 0, "ceil_mode": False}
        shown |= {"dilation": 1} if self.kind == "max" else {"count_include_pad": True}
        return size_code("MaxPool2d" if self.kind == "max" else "AvgPool2d", [], self.state, shown)
