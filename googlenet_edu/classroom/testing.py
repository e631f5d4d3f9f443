"""`ask`, `check` and `hidden`: how a test cell asks a student's work, and judges the answer.

In Jupyter the questions go to the notebook's own names. A grader calls `connect` first, and they
go to the student's process. Chapter: book/classroom/index.
"""

import ast
import sys
from collections.abc import Callable
from typing import Any

from .answers import MALFORMED, Other, decode, encode

__all__ = ["Raises", "Wrong", "answer_in", "ask", "check", "connect", "hidden", "same"]

NAMES = {
    bool: "True or False",
    int: "a whole number, int",
    float: "a decimal number, float",
    str: "a text, str",
    tuple: "a tuple",
    list: "a list",
    dict: "a dict",
    type(None): "None",
}


class Wrong(AssertionError):
    """A test's verdict, in words for the student."""

    def _render_traceback_(self):  # IPython prints these lines in place of a traceback
        return [f"Not yet: {self}"]


class Raises:
    """As the expected value of `check` and `hidden`: an exception of this kind, with a text.

    kind: the name of an exception class, such as "ValueError".
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind


_evaluator = None


def connect(evaluator: Callable[[str, dict[str, Any]], Any] | None) -> None:
    """Send questions to `evaluator(code, inputs)` from now on; None: to the notebook's own names.

    inputs: dict of encoded values. Returns an encoded answer, or
    {"kind": "error", "type", "kinds", "text"} for an exception, kinds naming its base classes too.
    """
    global _evaluator
    _evaluator = evaluator


def ask(code: str, **inputs: Any) -> Any:
    """Return, as plain data, the value of the last expression of `code`.

    code: Python text, run among the student's names and `inputs` (plain data, tensors included);
    names it sets are forgotten afterwards.
    Raises: Wrong when the code stops with an exception or the answer is malformed.
    """
    answer = _answer(code, inputs)
    try:
        if answer["kind"] == "error":
            raise Wrong(_stopped(code, str(answer["type"])[:100], str(answer["text"])[:500]))
        return decode(answer)
    except MALFORMED as error:
        raise Wrong(f"the answer to  {_short(code)}  could not be read") from error


def _answer(code, inputs):
    sent = {name: encode(value) for name, value in inputs.items()}
    return _evaluator(code, sent) if _evaluator else answer_in(_notebook_names(), code, sent)


def answer_in(names: dict[str, Any], code: str, inputs: dict[str, Any]) -> Any:
    """Run `code` among `names` and return its encoded answer. Runs where the names live."""
    try:
        space = {**names, **{name: decode(value) for name, value in inputs.items()}}
        tree = ast.parse(code)
        last = tree.body[-1] if tree.body else None
        if not isinstance(last, ast.Expr):
            exec(compile(tree, "<question>", "exec"), space)
            return encode(None)
        tree.body.pop()
        exec(compile(tree, "<question>", "exec"), space)
        return encode(eval(compile(ast.Expression(last.value), "<question>", "eval"), space))
    except Exception as error:
        try:
            text = str(error)[:500]
        except Exception:
            text = ""
        kinds = [kind.__name__ for kind in type(error).__mro__]
        return {"kind": "error", "type": kinds[0], "kinds": kinds, "text": text}


def check(
    code: str, expected: Any, hint: str = "", *, within: float | None = None, **inputs: Any
) -> None:
    """Raise Wrong unless `ask(code, **inputs)` is `expected`, exact in type.

    within: absolute tolerance for decimal numbers and tensors; without it floats agree to one part
    in a billion and tensors bit by bit. hint: what to think about, added to the message.
    """
    trouble = _trouble(code, inputs, expected, within)
    if trouble:
        words = f"{_short(code)}  {trouble}."
        raise Wrong(f"{words} {hint}" if hint else words)


def hidden(
    code: str, expected: Any, hint: str, *, within: float | None = None, **inputs: Any
) -> None:
    """Like `check`, but the message is `hint` alone: it gives away neither numbers nor code."""
    try:
        trouble = _trouble(code, inputs, expected, within)
    except Wrong:
        trouble = "stopped"
    if trouble:
        raise Wrong(f"a hidden test failed. {hint}") from None


def _trouble(code, inputs, expected, within):
    if not isinstance(expected, Raises):
        return same(ask(code, **inputs), expected, within)
    answer = _answer(code, inputs)
    try:
        if answer["kind"] != "error":
            return f"should raise a {expected.kind}, but gives {_describe(decode(answer))}"
        if expected.kind not in answer["kinds"]:
            raise Wrong(_stopped(code, str(answer["type"])[:100], str(answer["text"])[:500]))
        return "" if answer["text"] else f"raises a {expected.kind} without a text that says why"
    except MALFORMED as error:
        raise Wrong(f"the answer to  {_short(code)}  could not be read") from error


def same(got: Any, expected: Any, within: float | None = None) -> str:
    """Return "" when two plain values are equal, else what is different, in words."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(expected, torch.Tensor):
        return _same_tensor(torch, got, expected, within)
    if type(got) is not type(expected):
        return f"should be {_describe(expected)}, but is {_describe(got)}"
    if type(expected) in (tuple, list):
        if len(got) != len(expected):
            return (
                f"should be {_describe(expected)}, but is {_describe(got)}: "
                f"{len(expected)} values, not {len(got)}"
            )
        for place, (one, other) in enumerate(zip(got, expected, strict=True)):
            trouble = same(one, other, within)
            if trouble:
                return f"in place {place} {trouble}"
        return ""
    if type(expected) is dict:
        if got.keys() != expected.keys():
            return f"should have the keys {sorted(expected)}, but has {sorted(got)}"
        for key in expected:
            trouble = same(got[key], expected[key], within)
            if trouble:
                return f"for {key!r} {trouble}"
        return ""
    if type(expected) is float:
        margin = 1e-9 * max(1.0, abs(expected)) if within is None else within
        equal = got == expected or abs(got - expected) <= margin  # infinities, too
    else:
        equal = got == expected
    return "" if equal else f"should be {_describe(expected)}, but is {_describe(got)}"


def _same_tensor(torch, got, expected, within):
    if not isinstance(got, torch.Tensor):
        return f"should be a tensor, but is {_describe(got)}"
    if got.shape != expected.shape:
        return f"should have the shape {tuple(expected.shape)}, but has {tuple(got.shape)}"
    if got.dtype != expected.dtype:
        return f"should have the dtype {expected.dtype}, but has {got.dtype}"
    if within is None:
        return "" if torch.equal(got, expected) else "has the right shape, but other values"
    # A NaN compares false, so it never counts as near.
    if bool(((got - expected).abs() <= within).all()):
        return ""
    worst = (got - expected).abs().max().item()
    return f"has the right shape, but is off by up to {worst:.3g}; {within:g} is allowed"


def _describe(value):
    if isinstance(value, Other):
        return f"{value!r} ({value.type})"
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        return f"a tensor of the shape {tuple(value.shape)}"
    if value is None:
        return "None"
    text = repr(value)
    return f"{text[:200]} ({NAMES[type(value)]})"


def _stopped(code, kind, text):
    if kind == "NotImplementedError":
        return (
            f"{_short(code)}  is not written yet: replace the line `raise NotImplementedError()`."
        )
    if kind == "NameError":
        return f"{_short(code)}  stopped: {text}. Run the cell that defines it first."
    if kind == "Ended":
        return f"{_short(code)}  has no answer: {text}"
    return f"{_short(code)}  stopped with {kind}: {text}"


def _short(code):
    lines = code.strip().splitlines()
    return f"`{lines[-1].strip()}`" if lines else "the question"


def _notebook_names():
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell.user_ns if shell is not None else vars(sys.modules["__main__"])
