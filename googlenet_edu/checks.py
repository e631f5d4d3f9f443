"""The package's checks of arguments, and how numbers are written in messages.

Every check raises a ValueError with one sentence: what was given, what is allowed, what to do.
Those of sizes raise `SizeError`. Nothing here imports torch.
"""

import json
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import cache
from inspect import signature
from math import inf
from pathlib import Path
from typing import Any, SupportsIndex, TypeAlias

__all__ = [
    "AXES",
    "Size",
    "SizeError",
    "SizeTypeError",
    "axis_names",
    "call",
    "choice",
    "count",
    "decimal",
    "each",
    "edges",
    "filled",
    "flag",
    "is_sequence",
    "image_form",
    "joined",
    "list_text",
    "number",
    "number_text",
    "quote",
    "say",
    "short_number",
    "show",
    "truth",
    "where",
    "whole",
    "words",
]

AXES = ("depth", "height", "width")
# An argument for all axes, or one for each: a tuple or list of (height, width).
Size: TypeAlias = SupportsIndex | Sequence[SupportsIndex]


@cache
def words(section: str, lang: str = "en") -> dict[str, Any]:
    """Return {key: sentence} of a section of words.json, which the widgets' scripts share."""
    text = Path(__file__).with_name("words.json").read_text(encoding="utf-8")
    return json.loads(text)[section][lang]


def say(section: str, key: str, /, *given: Any, lang: str = "en", **named: Any) -> str:
    """Return a sentence of words.json with its places filled; see `filled`."""
    return filled(words(section, lang)[key], given, named)


PLACE = re.compile(r"\{([\w.]+)(?::([^}/?]+))?(?:/([^}]*))?(?:\?([^|}]*)\|([^}]*))?\}")


def filled(text: str, given: Sequence[Any], named: Mapping[str, Any]) -> str:
    """Fill the places of a sentence, as js/phrases.js does, where they are explained."""

    def fill(place: re.Match[str]) -> str:
        path, form, between, yes, no = place.groups()
        first, *rest = path.split(".")
        value = given[int(first)] if first.isdigit() else named[first]
        for key in rest:
            value = value[int(key)]
        if no is not None:
            return yes if value else no
        if is_sequence(value):
            if form == "6":
                return list_text(value)
            return (", " if between is None else between).join(_written(one, form) for one in value)
        return _written(value, form)

    return PLACE.sub(fill, text)


def _written(value: Any, form: str | None) -> str:
    if form == "q":
        return quote(value)
    if form == ",":
        return f"{value:,}"
    if form == "6":
        return short_number(value)
    if form == "MB":
        return f"{value / 1e6:.2f}"
    return number_text(value) if isinstance(value, float) else str(value)


def number_text(number: float) -> str:
    """Write a number as a browser does: 0.00001 and not 1e-05, whole numbers without a point."""
    return _layout(Decimal(repr(float(number))))


def short_number(number: Any) -> str:
    """Write a number with 6 significant digits, as a browser does."""
    return _layout(Context(prec=6, rounding=ROUND_HALF_UP).create_decimal(Decimal(float(number))))


def list_text(numbers: Sequence[float]) -> str:
    """Write the first 8 numbers of a list, 6 digits each."""
    return ", ".join(map(short_number, numbers[:8])) + (", ..." if len(numbers) > 8 else "")


def _layout(value: Decimal) -> str:
    sign, digits, exponent = value.normalize().as_tuple()
    text = "".join(map(str, digits))
    if text == "0":
        return "0"
    point = int(exponent) + len(text)  # digits before the decimal point
    if len(text) <= point <= 21:
        text += "0" * (point - len(text))
    elif 0 < point <= 21:
        text = f"{text[:point]}.{text[point:]}"
    elif -6 < point <= 0:
        text = "0." + "0" * -point + text
    else:
        rest = f".{text[1:]}" if len(text) > 1 else ""
        text = f"{text[0]}{rest}e{point - 1:+d}"
    return "-" * sign + text


class SizeError(ValueError):
    """A size or a setting that PyTorch would refuse, said in one sentence."""


class SizeTypeError(SizeError, TypeError):
    """A value of the wrong type (a float, a text, None, True) where a whole number belongs."""


def show(number: int) -> str:
    """Write an int for a message; a number too long to read is described instead."""
    if number.bit_length() > 200:
        digits = number.bit_length() * 30103 // 100000 + 1
        return f"{'minus ' if number < 0 else ''}a number of about {digits} digits"
    return str(number)


def decimal(numerator: int, denominator: int, lang: str = "en") -> str:
    """Write numerator / denominator as a decimal: "111.5", or "about 54.333"."""
    value = Fraction(numerator, denominator)
    if value.denominator == 1:
        return show(value.numerator)
    if numerator.bit_length() > 200 or denominator.bit_length() > 200:
        return f"between {show(numerator // denominator)} and the next whole number"
    thousandths = round(value * 1000)
    sign = "-" if thousandths < 0 else ""
    text = f"{sign}{abs(thousandths) // 1000}.{abs(thousandths) % 1000:03d}"
    if value * 1000 == thousandths:
        return text.rstrip("0")
    return words("sizes", lang)["about"] + text


def label(name: str, axis: str) -> str:
    """Name an argument, with its axis when the two axes differ."""
    return f"{name} ({axis})" if axis else name


def quote(value: object) -> str:
    """Repeat what the user gave, short enough for one sentence."""
    text = show(value) if type(value) is int else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def whole(name: str, value: Any, minimum: int | None = None, axis: str = "") -> int:
    """Return value as an int, or raise one sentence that names the argument and the way out."""
    named = label(name, axis)
    if isinstance(value, bool):
        raise SizeTypeError(
            f"{named} must be a whole number, but {value} is a truth value: write 1 or 0."
        )
    try:
        number = operator.index(value)
    except (TypeError, ValueError, RuntimeError):
        given = "None" if value is None else f"{quote(value)} ({type(value).__name__})"
        hint = "give an int"
        if isinstance(value, float):
            hint = "give an int; when you compute it, divide with // instead of /"
        elif isinstance(value, str):
            hint = "give the number without quotes"
        raise SizeTypeError(f"{named} must be a whole number, but got {given}: {hint}.") from None
    if minimum is not None and number < minimum:
        raise SizeError(say("panel", "tooSmall", named, minimum, show(number)))
    return number


def count(name: str, value: Any, hint: str, least: int = 1, unit: str = "") -> int:
    """Return value if it is an int from least up; hint is the sentence's last part."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(
            f"{name} must be a whole number{unit} from {least} up, but got {value!r}: {hint}."
        )
    return value


def truth(name: str, value: Any, hint: str) -> bool:
    """Return value if it is True or False; hint is the sentence's last part."""
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be True or False, but got {value!r}: {hint}.")
    return value


def number(
    name: str, value: Any, hint: str, *, above: bool = False, below: float = inf, unit: str = ""
) -> float:
    """Return value if it is a number from 0 up, or above 0, and below a limit (NaN is not)."""
    real = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not real or not 0 <= value < below or (above and value == 0):
        most = "" if below == inf else f", below {below}"
        raise ValueError(
            f"{name} must be a number{unit} {'above 0' if above else 'from 0 up'}{most}, but got "
            f"{value!r}: {hint}."
        )
    return value


def choice(name: str, value: Any, options: Iterable[str], hint: str = "choose one of these") -> str:
    """Return value if it is one of some texts."""
    known = list(map(repr, options))
    if not isinstance(value, str) or repr(value) not in known:
        allowed = " or ".join(known) if len(known) == 2 else f"one of {', '.join(known)}"
        raise ValueError(f"{name} must be {allowed}, but got {value!r}: {hint}.")
    return value


def image_form(size: Any, channels: Any, least: int = 31) -> None:
    """Check the side of images in px, and that they are in color (3 channels) or gray (1)."""
    count("size", size, "GoogLeNet halves it five times; 224 is the paper's", least)
    if channels not in (1, 3):
        raise ValueError(f"channels must be 3 or 1, but got {channels!r}: choose one of the two.")


def flag(name: str, value: Any) -> bool:
    """Return a truth value as it is; torch refuses anything else, and so do we."""
    if not isinstance(value, bool):
        raise SizeTypeError(say("panel", "notFlag", name, value))
    return value


def is_sequence(value: object) -> bool:
    """A tuple or list (torch.Size is a tuple), which torch takes as one value per axis."""
    return isinstance(value, (tuple, list))


def axis_names(size: Any, *others: Any) -> tuple[str, ...]:
    """Name the axes of a call's arguments: ("",) when no tuple holds two or three numbers.

    A size of three numbers alone may be an image with its channels: it does not make three axes.
    """
    if 3 in {len(one) for one in others if is_sequence(one)}:
        return AXES
    most = max(len(one) if is_sequence(one) else 1 for one in (size, *others))
    return AXES[1:] if most > 1 else ("",)


def each(
    name: str, value: Any, axes: Sequence[str], minimum: int | None = None, single: bool = True
) -> tuple[int, ...]:
    """Return an argument's number for each of the axes, given as an int or a tuple.

    single says whether a tuple of one number is allowed and stands for all axes,
    as torch allows for stride, padding, dilation and pool kernels.
    """
    if not is_sequence(value):
        return (whole(name, value, minimum),) * len(axes)
    if len(value) == 1 and (single or len(axes) == 1):
        return (whole(name, value[0], minimum),) * len(axes)
    if len(value) != len(axes):
        raise SizeError(
            f"{name} must be one whole number or {_a_tuple(axes)}, but got "
            f"{len(value)} numbers, {quote(tuple(value))}:{_hint(name, len(value))}"
        )
    return tuple(whole(name, one, minimum, axis) for one, axis in zip(value, axes, strict=True))


def edges(padding: Any, axes: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Return (before, after) of each axis for padding as torch has it, or as such pairs."""
    if not is_sequence(padding) or not any(map(is_sequence, padding)):
        return tuple((one, one) for one in each("padding", padding, axes, 0))
    both = [one if is_sequence(one) else (one, one) for one in padding]
    both *= len(axes) if len(both) == 1 else 1
    if len(both) != len(axes) or any(len(one) != 2 for one in both):
        raise SizeError(
            f"padding must have a (before, after) pair for each axis, but got {quote(padding)}: "
            "write ((top, bottom), (left, right)), or ((left, right),) for all axes."
        )
    before, after = (each("padding", side, axes, 0) for side in zip(*both, strict=True))
    return tuple(zip(before, after, strict=True))


def _a_tuple(axes):
    return "three, (depth, height, width)" if len(axes) == 3 else "a (height, width) pair"


def _hint(name, given):
    if name == "size" and given in (3, 4):
        three = ", or for three axes give kernel_size three numbers" if given == 3 else ""
        return f" leave out batch and channels{three}."
    if name == "padding" and given == 4:
        return (
            " use torch.nn.functional.pad for four different edges, here written "
            "((top, bottom), (left, right))."
        )
    return " give one number, or one for each axis."


def where(name: str) -> str:
    return f"{name}: " if name else ""


def joined(axes: Sequence[Any]) -> Any:
    return axes[0].out if len(axes) == 1 else tuple(axis.out for axis in axes)


def call(function: Callable[..., Any], *given: Any, **named: Any) -> str:
    """Write the call as the reader would, leaving out what is at its default."""
    known = signature(function)
    parts = []
    for name, value in known.bind(*given, **named).arguments.items():
        if value != known.parameters[name].default:
            parts.append(quote(value) if name == "size" else f"{name}={quote(value)}")
    return f"{function.__name__}({', '.join(parts)})"
