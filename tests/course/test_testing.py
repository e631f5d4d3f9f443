"""`ask`, `check` and `hidden`: exact in type, and nothing acts in the grader but plain data."""

import json
import math

import numpy as np
import pytest
import torch

from googlenet_edu.classroom import Other, Raises, Wrong, ask, check, hidden, testing
from googlenet_edu.classroom.answers import MALFORMED, decode, encode


class Same:
    def __eq__(self, other):
        return True

    def __hash__(self):
        return 7


class Whole(int):
    pass


class Tensor(torch.Tensor):
    pass


NAMES = {
    "Same": Same, "Whole": Whole, "np": np, "torch": torch, "Tensor": Tensor, "math": math,
}  # fmt: skip


@pytest.fixture(autouse=True)
def another_process():
    """Answers come as JSON, as from the student's process."""

    def evaluator(code, inputs):
        return json.loads(json.dumps(testing.answer_in(NAMES, code, inputs)))

    testing.connect(evaluator)
    yield
    testing.connect(None)


@pytest.mark.parametrize(
    "value",
    [
        None, True, False, 0, -7, 10**300, 1.5, math.inf, "", "Größe 尺寸 ✓", (), [], {}, (1, [2.0, "x"]),
        {"a": (1, None)}, [[[[[[1]]]]]],
        torch.arange(6).reshape(2, 3), torch.zeros(0, 3), torch.tensor(2.5), torch.tensor([True, False]),
        torch.randn(3, 4).T, torch.ones(2, 2, dtype=torch.bfloat16), torch.ones(2, 3, dtype=torch.float64),
    ],
)  # fmt: skip
def test_plain_data_comes_through(value):
    got = decode(json.loads(json.dumps(encode(value))))
    assert testing.same(got, value) == ""
    assert type(got) is type(value)


def test_a_parameter_and_a_size_are_plain():
    layer = torch.nn.Linear(2, 3)
    assert torch.equal(decode(encode(layer.weight)), layer.weight)
    assert decode(encode(torch.zeros(2, 3).shape)) == (2, 3)


@pytest.mark.parametrize(
    "code",
    [
        "Same()", "Whole(112)", "np.int64(112)", "112.0", "True", "'112'", "torch.tensor(112)",
        "[112]", "(112,)", "None", "111", "{'a': 112}", "lambda: 112", "112 + 0j", "np.array(112)",
    ],
)  # fmt: skip
def test_what_is_no_112(code):
    with pytest.raises(Wrong):
        check(code, 112)
    with pytest.raises(Wrong):
        check(f"[{code}]", [112])


@pytest.mark.parametrize(
    "code",
    [
        "torch.ones(2)", "torch.ones(3, dtype=torch.float64)", "torch.ones(1, 3)", "[1.0, 1.0, 1.0]",
        "torch.ones(3) * (1 + 1e-6)", "torch.full((3,), math.nan)", "torch.ones(3).as_subclass(Tensor)",
        "torch.ones(3).to_sparse()", "torch.ones(3, device='meta')", "Same()", "np.ones(3)",
    ],
)  # fmt: skip
def test_what_is_no_tensor_of_ones(code):
    with pytest.raises(Wrong):
        check(code, torch.ones(3))
    check("torch.ones(3)", torch.ones(3))


def test_a_tolerance():
    check("torch.ones(3) + 1e-6", torch.ones(3), within=1e-5)
    check("1 / 3", 1 / 3)
    check("[1.0259]", [1.025874], within=1e-4)
    for code in ("torch.ones(3) + 1e-4", "torch.tensor([1.0, math.nan, 1.0])", "torch.tensor([1.0, math.inf, 1])"):  # fmt: skip
        with pytest.raises(Wrong):
            check(code, torch.ones(3), within=1e-5)
    with pytest.raises(Wrong):
        check("1.0250", 1.025874, within=1e-4)
    with pytest.raises(Wrong):
        check("math.nan", 1.0, within=1e9)
    with pytest.raises(Wrong, match="float"):
        check("1", 1.0, within=1e-5)


def test_an_expected_error():
    check("[][1]", Raises("LookupError"))
    for code in ("1", "1 / 0", "raise_nothing"):
        with pytest.raises(Wrong):
            check(code, Raises("LookupError"))
    testing.connect(lambda code, inputs: testing.answer_in({"f": _silent}, code, inputs))
    with pytest.raises(Wrong, match="without a text"):
        check("f()", Raises("ValueError"))


def _silent():
    raise ValueError


def test_the_messages_teach():
    with pytest.raises(Wrong) as caught:
        check("64 / 2", 32, "Divide with //.")
    assert str(caught.value) == (
        "`64 / 2`  should be 32 (a whole number, int), but is 32.0 (a decimal number, float). "
        "Divide with //."
    )
    with pytest.raises(Wrong, match="not written yet"):
        testing.connect(lambda code, inputs: {"kind": "error", "type": "NotImplementedError", "text": ""})  # fmt: skip
        check("f()", 1)


def test_a_hidden_test_gives_nothing_away():
    for code in ("987", "Same()", "1 / 0", "missing_name", "(", "[987, 654]"):
        with pytest.raises(Wrong) as caught:
            hidden(code, 321, "Think of the stride.")
        assert str(caught.value) == "a hidden test failed. Think of the stride."
        assert caught.value.__cause__ is None and caught.value.__suppress_context__


def test_names_do_not_stay_and_inputs_are_copies():
    x = torch.zeros(2)
    assert ask("y = 1\nx.add_(1)\ny", x=x) == 1
    assert torch.equal(x, torch.zeros(2)) and "y" not in NAMES
    with pytest.raises(Wrong, match="not defined"):
        ask("y")


@pytest.mark.parametrize(
    "answer",
    [
        None, 112, "112", [], {}, {"kind": "int"}, {"kind": "int", "value": True}, {"kind": "int", "value": 1.0},
        {"kind": "int", "value": "112"}, {"kind": "bool", "value": 1}, {"kind": "list", "items": 7},
        {"kind": "tuple", "items": {"a": 1}}, {"kind": "dict", "items": [[1, 2]]}, {"kind": "dict", "items": [1]},
        {"kind": "tensor"}, {"kind": "tensor", "dtype": "float32", "shape": [10**9], "data": ""},
        {"kind": "tensor", "dtype": "float32", "shape": [-1], "data": "AAAA"},
        {"kind": "tensor", "dtype": "load", "shape": [1], "data": "AAAA"},
        {"kind": "tensor", "dtype": "float32", "shape": [2], "data": "AAAAAA=="},
        {"kind": "tensor", "dtype": "float32", "shape": [1], "data": "?"},
        {"kind": "__class__", "value": 1}, {"kind": ["int"], "value": 1}, {"kind": "error"},
    ],
)  # fmt: skip
def test_a_forged_answer_is_wrong(answer):
    testing.connect(lambda code, inputs: answer)
    with pytest.raises(Wrong):
        check("x", 112)
    with pytest.raises(Wrong):
        check("x", Raises("ValueError"))
    with pytest.raises(Wrong):
        hidden("x", torch.zeros(1), "hint")


def test_a_deep_answer_is_wrong():
    answer = {"kind": "int", "value": 1}
    for _ in range(1000):
        answer = {"kind": "list", "items": [answer]}
    with pytest.raises(MALFORMED):
        decode(answer)


def test_what_is_large_is_not_sent():
    for value in (10**4000, "x" * 200_000, list(range(200_000)), torch.zeros(20_000_000)):
        assert encode(value)["kind"] == "other"
    loop = []
    loop.append(loop)
    assert "other" in json.dumps(encode(loop))
    assert type(decode(encode(Same()))) is Other and decode(encode(Same())) != 1


def test_in_a_notebook_the_names_are_its_own(monkeypatch):
    testing.connect(None)
    monkeypatch.setattr(testing, "_notebook_names", lambda: {"size": 28})
    check("size", 28)
    with pytest.raises(Wrong) as caught:
        check("size + 0.5", 28)
    assert caught.value._render_traceback_() == [f"Not yet: {caught.value}"]
