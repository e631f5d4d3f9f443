"""What the widget classes share: checked traits, a static form, results as traits."""

import math
import os
import sys
from collections.abc import Callable
from typing import Any

import anywidget
import traitlets

from ...checks import SizeError, SizeTypeError, flag, quote, say, whole, words
from ..bundle import module_for, widget_css
from . import still
from .drawing import draw_axis
from .static import answer, refusal, static_frame, table

__all__ = [
    "Choice", "Flag", "LiveWidget", "Number", "Numbers", "Padding", "SizeWidget", "StaticForm",
    "Whole",
]  # fmt: skip

SINGLE = (traitlets.Int, traitlets.Float, traitlets.Bool, traitlets.Unicode)
LARGEST = 2**53 - 1  # the largest whole number that a browser holds exactly


still.register()


class Whole(traitlets.TraitType):
    """A whole number, refused with the message of googlenet_edu.sizes."""

    info_text = "a whole number"
    name: str

    def __init__(self, default, minimum, maximum=LARGEST, **kwargs):
        self.minimum = minimum
        self.maximum = maximum
        super().__init__(default, **kwargs)

    def validate(self, obj, value):
        number = whole(self.name, value, self.minimum)
        if number > LARGEST:
            raise SizeError(say("panel", "tooLarge", self.name, number, LARGEST))
        if number > self.maximum:
            raise SizeError(say("panel", "over", self.name, self.maximum, number))
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
            raise SizeTypeError(say("panel", "notNumber", name, value))
        if self.above is not None and number <= self.above:
            raise SizeError(say("panel", "above", name, self.above, number))
        if self.minimum is not None and number < self.minimum:
            raise SizeError(say("panel", "below", name, self.minimum, number))
        if self.maximum is not None and number > self.maximum:
            raise SizeError(say("panel", "over", name, self.maximum, number))
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
                f"{self.name} must be a list of numbers, but got {quote(value)}: give a list "
                "such as [1, 2, 3]."
            ) from None
        if not self.at_least <= len(values) <= self.at_most:
            limits = self.at_least, self.at_most
            raise SizeError(say("panel", "howMany", self.name, *limits, len(values)))
        return [self.check(f"{self.name}[{i}]", one) for i, one in enumerate(values)]


class Flag(traitlets.TraitType):
    """True or False, nothing else."""

    name: str

    def validate(self, obj, value):
        return flag(self.name, value)


class Choice(traitlets.TraitType):
    """One of several texts."""

    def __init__(self, options, default, **kwargs):
        self.options = tuple(options)
        super().__init__(default, **kwargs)

    def validate(self, obj, value):
        if not isinstance(value, str) or value not in self.options:
            raise SizeError(say("panel", "notOne", self.name, self.options, value))
        return value


NOTE = """<p class="gn-reopened">The slider above belongs to a Python that has ended: choose
<em>Run &gt; Run All Cells</em> to move it again. Until then it shows an error or nothing.</p>"""
VIEW = "application/vnd.jupyter.widget-view+json"


def reader_is_there():
    """Whether somebody can move a slider: commands that run a notebook allow no input().

    Voila runs notebooks for readers without input() and says so in SERVER_SOFTWARE.
    """
    ipython = sys.modules.get("IPython")
    kernel = getattr(ipython and ipython.get_ipython(), "kernel", None)
    if kernel is None or os.environ.get("SERVER_SOFTWARE", "").startswith("voila"):
        return True
    return kernel.get_parent().get("content", {}).get("allow_stdin", True)


class StaticForm(anywidget.AnyWidget):
    """A widget that is displayed with its static form, and alone with it where nobody reads.

    A widget view in a saved notebook names a model that is gone when the notebook is opened again;
    the note displayed after it says so. The widgets' style sheet, which comes with the first live
    widget, hides the note.
    """

    _widget = ""
    static_html: Callable[..., str]

    def __init_subclass__(cls, **kwargs):
        if "_widget" in cls.__dict__:  # not in the subclass that traitlets makes to add a trait
            cls._esm, cls._css = module_for(cls._widget), widget_css(cls._widget)
        super().__init_subclass__(**kwargs)

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        data = data | {"text/plain": repr(self), "text/html": self.static_html()}
        if not reader_is_there():
            data.pop(VIEW, None)
        return data, metadata

    def _ipython_display_(self):
        if "IPython" not in sys.modules or not reader_is_there():
            raise NotImplementedError  # IPython then displays the bundle alone
        from IPython.display import display

        data, metadata = self._repr_mimebundle_()
        display(data, metadata=metadata, raw=True)
        if VIEW in data:
            display({"text/html": NOTE, "text/plain": ""}, raw=True)


class LiveWidget(StaticForm):
    """Base of the widgets: their results follow their settings.

    A subclass names its settings and its results (read-only traits, with what each is when there
    is none), and gives `_compute`, which returns {result: value} or raises SizeError, and `_draw`,
    the drawing that the script makes, and `_code`. error is "" or the sentence that says why there
    is no result.
    """

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
        for name in settings:
            if name != "layout":
                self._refuse_unknown(name, TypeError)
        super().__init__(**settings)
        self.observe(self._recompute, names=list(self._settings))
        self._recompute()

    def _refuse_unknown(self, name, error):
        allowed = (*self._settings, "lang")
        if name not in allowed:
            raise error(
                f"{type(self).__name__} has no setting {name!r}: it has {', '.join(allowed)}."
            )

    def __setattr__(self, name, value):
        if not name.startswith("_") and not hasattr(type(self), name):
            self._refuse_unknown(name, AttributeError)
        super().__setattr__(name, value)

    @property
    def state(self) -> dict[str, Any]:
        """The settings as a dict, in the order of the fields."""
        return {name: getattr(self, name) for name in self._settings}

    def static_html(self, name=None):
        """The widget's static form as HTML; name becomes its id, for links to it."""
        if self.error:
            body = refusal(self._widget, self.error)
        else:
            body = f'{answer(self._answer())}<div class="gn-drawings">{self._draw()}</div>'
            body += self._rest()
        return static_frame(
            self._widget, self.state, body, self._code(), name, self.lang, bool(self.error)
        )

    def _compute(self):
        raise NotImplementedError

    def _words(self):
        return words(self._widget, self.lang)

    def _say(self, key, *given, **named):
        """A sentence of this widget, in its language."""
        return say(self._widget, key, *given, lang=self.lang, **named)

    def _values(self):
        """The values of the answer beside settings and results."""
        return {}

    def _answer(self):
        named = {name: getattr(self, name) for name in (*self._settings, *self._results)}
        return self._say("answer", **named | self._values())

    def _draw(self):
        raise NotImplementedError

    def _rest(self):
        """What comes below the drawing."""
        return ""

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


class SizeWidget(LiveWidget):
    """Base of the two size widgets: out, error and steps follow the settings.

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

    def _answer(self):
        n = self.size  # pyright: ignore  # a trait of the subclasses
        return say("sizes", "answer", lang=self.lang, n=n, out=self.out)

    def _draw(self):
        return draw_axis(self._explain().axes[0], self.lang)

    def _rest(self):
        steps = self._explain().axes[0].told(self.lang)
        return table([(step.name, step.text) for step in steps])
