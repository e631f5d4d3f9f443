"""What the widget classes share: checked traits, a static form, results as traits."""

import math

import anywidget
import traitlets

from ..checks import SizeError, SizeTypeError, describe, flag, whole
from . import _still
from ._bundle import book_css, module_for
from ._static import PREFIX, number_text, static_frame

__all__ = ["Choice", "Flag", "LiveWidget", "Number", "Numbers", "Padding", "Whole", "module"]

SINGLE = (traitlets.Int, traitlets.Float, traitlets.Bool, traitlets.Unicode)
LARGEST = 2**53 - 1  # the largest whole number that a browser holds exactly


_still.register()


class Whole(traitlets.TraitType):
    """A whole number, refused with the message of googlenet_edu.sizes."""

    info_text = "a whole number"

    def __init__(self, default, minimum, maximum=LARGEST, **kwargs):
        self.minimum = minimum
        self.maximum = maximum
        super().__init__(default, **kwargs)

    def validate(self, obj, value):
        number = whole(self.name, value, self.minimum)
        if number > LARGEST:
            raise SizeError(
                f"{self.name}={number} is more than a browser holds exactly ({LARGEST}): use a "
                "smaller number here, or googlenet_edu.sizes."
            )
        if number > self.maximum:
            raise SizeError(too_large(self.name, self.maximum, number))
        return number


def too_large(name, maximum, given):
    """The sentence for a number above a widget's range; panel.js writes the same."""
    return f"{name} must be {maximum} or less, but got {given}: choose a smaller number."


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


class Number(traitlets.TraitType):
    """A number that may have decimals, within minimum and maximum, or above a bound."""

    info_text = "a number"

    def __init__(self, default, minimum=None, maximum=None, above=None, **kwargs):
        self.minimum = minimum
        self.maximum = maximum
        self.above = above
        super().__init__(default, **kwargs)

    def validate(self, obj, value):
        return self.check(self.name, value)

    def check(self, name, value):
        try:
            number = math.nan if isinstance(value, (bool, str)) else float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not math.isfinite(number):
            raise SizeTypeError(
                f"{name} must be a number, but got {describe(value)}: give a number such as 0.5."
            )
        if self.above is not None and number <= self.above:
            raise SizeError(
                f"{name} must be more than {self.above}, but got {number_text(number)}: "
                "choose a larger number."
            )
        if self.minimum is not None and number < self.minimum:
            raise SizeError(
                f"{name} must be {self.minimum} or more, but got {number_text(number)}: "
                "choose a larger number."
            )
        if self.maximum is not None and number > self.maximum:
            raise SizeError(too_large(name, self.maximum, number_text(number)))
        return number


class Numbers(Number):
    """A list of numbers, at least and at most so many."""

    info_text = "a list of numbers"

    def __init__(self, default, at_least=1, at_most=32, **kwargs):
        self.at_least = at_least
        self.at_most = at_most
        super().__init__(list(default), **kwargs)

    def make_dynamic_default(self):
        return list(self.default_value)

    def validate(self, obj, value):
        try:
            if isinstance(value, (str, bytes)):
                raise TypeError
            values = list(value)
        except TypeError:
            raise SizeTypeError(
                f"{self.name} must be a list of numbers, but got {describe(value)}: give a list "
                "such as [1, 2, 3]."
            ) from None
        if not self.at_least <= len(values) <= self.at_most:
            raise SizeError(
                f"{self.name} must hold {self.at_least} to {self.at_most} numbers, but got "
                f"{len(values)}: add or remove some."
            )
        return [self.check(f"{self.name}[{i}]", one) for i, one in enumerate(values)]


class Flag(traitlets.TraitType):
    """True or False, nothing else."""

    def validate(self, obj, value):
        return flag(self.name, value)


class Choice(traitlets.TraitType):
    """One of several texts."""

    def __init__(self, options, default, **kwargs):
        self.options = tuple(options)
        super().__init__(default, **kwargs)

    def validate(self, obj, value):
        if not isinstance(value, str) or value not in self.options:
            raise SizeError(
                f"{self.name} must be one of {', '.join(map(repr, self.options))}, but got "
                f"{describe(value)}: choose one of these."
            )
        return value


class LiveWidget(anywidget.AnyWidget):
    """Base of the widgets: their results follow their settings.

    A subclass names its settings and its results (read-only traits, with what each is when there
    is none), and gives `_compute`, which returns {result: value} or raises SizeError, and `_body`
    and `_code`, the static form. error is "" or the sentence that says why there is no result.
    """

    _css = book_css()
    _widget = ""
    _settings = ()
    _results = {}

    lang = Choice(("en", "zh"), "en").tag(sync=True)
    error = traitlets.Unicode("", read_only=True)

    def __init_subclass__(cls, **kwargs):
        """Results that are one number or text reach the browser, so that `jslink` can read them."""
        super().__init_subclass__(**kwargs)
        for name in (*cls._results, "error"):
            if isinstance(trait := getattr(cls, name), SINGLE):
                trait.tag(sync=True)

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
        body = self._body() if not self.error else f"{PREFIX.get(self._widget, '')}{self.error}"
        return static_frame(
            self._widget, self.state, body, self._code(), name, self.lang, bool(self.error)
        )

    def _compute(self):
        raise NotImplementedError

    def _answer(self):
        raise NotImplementedError

    def _body(self):
        raise NotImplementedError

    def _code(self):
        raise NotImplementedError

    def _recompute(self, change=None):
        error, found = "", {}
        try:
            found = self._compute()
        except SizeError as refused:
            error = str(refused)
        with self.hold_trait_notifications():
            for name, empty in self._results.items():
                self.set_trait(name, found.get(name, empty))
            self.set_trait("error", error)

    def __repr__(self):
        settings = ", ".join(f"{name}={value!r}" for name, value in self.state.items())
        return f"{type(self).__name__}({settings})"

    def _get_embed_state(self, drop_defaults=False):
        # The front-end module is a trait's default; a page without it would stay empty.
        return super()._get_embed_state(drop_defaults=False)

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
