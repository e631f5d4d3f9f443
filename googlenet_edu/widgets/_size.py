"""What the two size widgets share."""

import traitlets

from ._base import LiveWidget
from ._static import size_body

__all__ = ["SizeWidget"]


class SizeWidget(LiveWidget):
    """Base of the size widgets: out, error and steps follow the settings.

    out is the output side as an int, or None where torch refuses; error is then the sentence
    that says why, otherwise "". steps is the list of (name, text) lines.
    """

    _results = {"out": None, "steps": []}

    out = traitlets.Int(None, allow_none=True, read_only=True)
    steps = traitlets.List(read_only=True)

    def _explain(self):
        raise NotImplementedError

    def _compute(self):
        result = self._explain()
        return {"out": result.out, "steps": [step[:2] for step in result.steps]}

    def _body(self):
        return size_body(self._explain())
