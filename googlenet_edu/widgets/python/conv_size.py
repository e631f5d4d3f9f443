"""The convolution size widget. Chapter: book/sizes/convolution."""

from ...sizes import explain_conv
from .base import Padding, SizeWidget, Whole
from .static import size_code

__all__ = ["ConvSize"]


class ConvSize(SizeWidget):
    """Move size, kernel_size, stride, padding and dilation; see the feature map's side.

    All in cells along one axis of a square image; padding may be "same" or "valid". Results:
    out (int, or None where torch refuses), error, steps. Setting an illegal value raises the
    SizeError of googlenet_edu.sizes; a legal value in an impossible combination is explained in
    the widget. Source: torch.nn.Conv2d. Chapter: book/sizes/convolution.
    """

    _widget = "conv_size"
    _settings = ("size", "kernel_size", "stride", "padding", "dilation")

    size = Whole(224, 1).tag(sync=True)
    kernel_size = Whole(7, 1).tag(sync=True)
    stride = Whole(2, 1).tag(sync=True)
    padding = Padding(3, 0).tag(sync=True)
    dilation = Whole(1, 1).tag(sync=True)

    def _explain(self):
        return explain_conv(**self.state)

    def _code(self):
        return size_code(
            "Conv2d", ["3", "64"], self.state, {"stride": 1, "padding": 0, "dilation": 1}
        )
