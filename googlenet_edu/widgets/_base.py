"""What the widget classes share: checked traits, a static form, results as traits."""

import anywidget
import traitlets

from .._arguments import SizeError, flag, whole
from ._bundle import book_css, module_for
from ._static import explain, static_html

__all__ = ["Flag", "Padding", "SizeWidget", "Whole"]

LARGEST = 2**53 - 1  # the largest whole number that a browser holds exactly


class Whole(traitlets.TraitType):
    """A whole number, refused with the message of googlenet_edu.sizes."""

    info_text = "a whole number"

    def __init__(self, default, minimum, **kwargs):
        self.minimum = minimum
        super().__init__(default, **kwargs)

    def validate(self, obj, value):
        number = whole(self.name, value, self.minimum)
        if number > LARGEST:
            raise SizeError(
                f"{self.name}={number} is more than a browser holds exactly ({LARGEST}): use a "
                "smaller number here, or googlenet_edu.sizes."
            )
        return number


class Padding(Whole):
    """A whole number, or "same" or "valid"."""

    def validate(self, obj, value):
        if isinstance(value, str):
            if value not in ("same", "valid"):
                raise SizeError(
                    "padding must be a whole number, a pair, 'valid' or 'same', but got "
                    f"{value!r}: torch spells the two words in small letters."
                )
            return value
        return super().validate(obj, value)


class Flag(traitlets.TraitType):
    """True or False, nothing else."""

    def validate(self, obj, value):
        return flag(self.name, value)


class SizeWidget(anywidget.AnyWidget):
    """Base of the size widgets: out, error and steps follow the settings.

    out is the output side as an int, or None where torch refuses; error is then the sentence
    that says why, otherwise "". steps is the list of (name, text) lines.
    """

    _css = book_css()
    _widget = ""
    _settings = ()

    lang = traitlets.Enum(("en", "zh"), "en").tag(sync=True)
    out = traitlets.Int(None, allow_none=True, read_only=True)
    error = traitlets.Unicode("", read_only=True)
    steps = traitlets.List(read_only=True)

    def __init__(self, **settings):
        allowed = (*self._settings, "lang")
        unknown = [name for name in settings if name not in (*allowed, "layout")]
        if unknown:
            raise TypeError(
                f"{type(self).__name__} has no setting {unknown[0]!r}: it has {', '.join(allowed)}."
            )
        super().__init__(**settings)
        self.observe(self._recompute, names=list(self._settings))
        self._recompute()

    @property
    def state(self):
        """The settings as a dict, in the order of the fields."""
        return {name: getattr(self, name) for name in self._settings}

    def static_html(self, name=None):
        """The widget's static form as HTML; name becomes its id, for links to it."""
        state = self.state | ({"lang": self.lang} if self.lang != "en" else {})
        return static_html(self._widget, state, name)

    def _recompute(self, change=None):
        try:
            result = explain(self._widget, self.state)
        except SizeError as error:
            out, text, steps = None, str(error), []
        else:
            out, text, steps = result.out, "", [step[:2] for step in result.steps]
        self.set_trait("out", out)
        self.set_trait("error", text)
        self.set_trait("steps", steps)

    def __repr__(self):
        settings = ", ".join(f"{name}={value!r}" for name, value in self.state.items())
        return f"{type(self).__name__}({settings})"

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        data = {"text/plain": repr(self), "text/html": self.static_html()} | {
            key: value for key, value in data.items() if key not in ("text/plain", "text/html")
        }
        return data, metadata


def module(widget):
    """The anywidget module text of a widget."""
    return module_for(widget)
