"""The package's checks of arguments, and how numbers are written in messages.

Every check raises a ValueError with one sentence: what was given, what is allowed, what to do.
Those of sizes raise `SizeError`. Nothing here imports torch.
"""

import json
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
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
    "call",
    "choice",
    "count",
    "decimal",
    "flag",
    "is_sequence",
    "image_form",
    "joined",
    "number",
    "pair",
    "per_axis",
    "quote",
    "show",
    "truth",
    "where",
    "whole",
    "words",
]

AXES = ("height", "width")
# An argument for both axes, or one for each: a tuple or list of (height, width).
Size: TypeAlias = SupportsIndex | Sequence[SupportsIndex]


@cache
def words(section: str, lang: str = "en") -> dict[str, str]:
    """Return {key: sentence} of a section of words.json, which the widgets' scripts share."""
    text = Path(__file__).with_name("words.json").read_text(encoding="utf-8")
    return json.loads(text)[section][lang]


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


def decimal(numerator: int, denominator: int) -> str:
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
    return f"about {text}"


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
        raise SizeError(
            f"{named} must be {minimum} or more, but got {show(number)}: "
            f"choose a whole number from {minimum} up."
        )
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
        raise SizeTypeError(f"{name} must be True or False, but got {quote(value)}.")
    return value


def is_sequence(value: object) -> bool:
    """A tuple or list (torch.Size is a tuple), which torch takes as one value per axis."""
    return isinstance(value, (tuple, list))


def pair(name: str, value: Any, minimum: int | None = None, single: bool = True) -> tuple[int, int]:
    """Return the (height, width) pair of an argument given as an int or a tuple.

    single says whether a tuple of one number is allowed and stands for both axes,
    as torch allows for stride, padding, dilation and pool kernels.
    """
    if not is_sequence(value):
        number = whole(name, value, minimum)
        return number, number
    if len(value) == 1 and single:
        number = whole(name, value[0], minimum)
        return number, number
    if len(value) != 2:
        hint = ""
        if name == "size" and len(value) in (3, 4):
            hint = " leave out batch and channels,"
        elif name == "padding" and len(value) == 4:
            hint = " use torch.nn.functional.pad for four different edges,"
        raise SizeError(
            f"{name} must be one whole number or a (height, width) pair, but got "
            f"{len(value)} numbers, {quote(tuple(value))}:{hint} give one or two numbers."
        )
    height, width = (whole(name, one, minimum, axis) for one, axis in zip(value, AXES, strict=True))
    return height, width


def where(name: str) -> str:
    return f"{name}: " if name else ""


def per_axis(given: Iterable[Any], *pairs: Any) -> Iterator[tuple[Any, ...]]:
    """Yield (axis name, value of each argument); one nameless axis when all were ints."""
    if any(is_sequence(value) and len(value) == 2 for value in given):
        for axis, name in enumerate(AXES):
            yield (name, *(values[axis] for values in pairs))
    else:
        yield ("", *(values[0] for values in pairs))


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
