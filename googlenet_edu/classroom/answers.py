"""Plain data between a student's process and the grader's, each kind by its exact type.

An answer is JSON: {"kind": "int", "value": 112}. What is not plain arrives as `Other`: its type's
name and a piece of its text, nothing that could act. Chapter: book/classroom/index.
"""

import base64
import sys
from typing import Any

__all__ = ["MALFORMED", "Other", "decode", "encode"]

MALFORMED = (KeyError, TypeError, ValueError, AttributeError, RuntimeError, RecursionError)
PLAIN = {"NoneType": type(None), "bool": bool, "int": int, "float": float, "str": str}
SEQUENCES = {"tuple": tuple, "list": list}
DTYPES = ("float32", "float64", "int64", "int32", "bool", "float16", "bfloat16", "uint8", "int8")
LONGEST_TEXT = 100_000
MOST_ITEMS = 100_000
MOST_BYTES = 64_000_000
DEEPEST = 8


class Other:
    """An answer that is no plain data. It equals nothing but itself.

    type: name of the answer's type, such as "numpy.int64"; text: a piece of its repr.
    """

    def __init__(self, type_name: str, text: str = "") -> None:
        self.type, self.text = str(type_name), str(text)

    def __repr__(self):
        return self.text or f"an object of type {self.type}"


def encode(value: Any, depth: int = 0) -> dict[str, Any]:
    """Return a value as JSON-able data. Runs where the value lives."""
    kind = type(value)
    if kind is int and value.bit_length() > 10_000:
        return _other(value, "a number of more than 3,000 digits")
    if kind in (bool, int, float, type(None)):
        return {"kind": kind.__name__, "value": value}
    if kind is str:
        if len(value) > LONGEST_TEXT:
            return _other(value, f"a text of {len(value):,} characters")
        return {"kind": "str", "value": value.encode("utf-8", "replace").decode("utf-8")}
    torch = sys.modules.get("torch")
    if kind in (tuple, list) or (torch is not None and kind is torch.Size):
        if len(value) > MOST_ITEMS or depth > DEEPEST:
            return _other(value, f"{len(value):,} items, nested {depth} deep")
        name = "list" if kind is list else "tuple"
        return {"kind": name, "items": [encode(item, depth + 1) for item in value]}
    if kind is dict:
        if len(value) > MOST_ITEMS or depth > DEEPEST or any(type(key) is not str for key in value):
            return _other(value)
        return {"kind": "dict", "items": [[k, encode(v, depth + 1)] for k, v in value.items()]}
    if torch is not None and kind in (torch.Tensor, torch.nn.Parameter):
        return _encode_tensor(torch, value)
    return _other(value)


def decode(answer: Any, depth: int = 0) -> Any:
    """Return the value of an encoded answer. Runs in the grader; trusts nothing in `answer`.

    Raises: one of MALFORMED for anything that `encode` would not write.
    """
    if type(answer) is not dict or depth > DEEPEST + 2:
        raise ValueError("an answer must be an object, nested at most 10 deep")
    kind = answer["kind"]
    if kind in PLAIN:
        value = answer["value"]
        if kind == "float" and type(value) is int:
            value = float(value)
        if type(value) is not PLAIN[kind]:
            raise TypeError(f"no {kind}: {type(value).__name__}")
        return value
    if kind in SEQUENCES:
        return SEQUENCES[kind](decode(item, depth + 1) for item in _items(answer))
    if kind == "dict":
        pairs = {}
        for key, item in _items(answer):
            if type(key) is not str:
                raise TypeError("keys are texts")
            pairs[key] = decode(item, depth + 1)
        return pairs
    if kind == "tensor":
        return _decode_tensor(answer)
    if kind == "other":
        return Other(str(answer["type"])[:100], str(answer["text"])[:300])
    raise ValueError("unknown kind of answer")


def _items(answer):
    items = answer["items"]
    if type(items) is not list or len(items) > MOST_ITEMS:
        raise ValueError("items must be a list")
    return items


def _other(value, text=None):
    kind = type(value)
    name = kind.__qualname__ if kind.__module__ == "builtins" else _full_name(kind)
    if text is None:
        try:
            text = repr(value)[:300]
        except Exception:
            text = ""
    return {"kind": "other", "type": str(name)[:100], "text": text}


def _full_name(kind):
    return f"{kind.__module__}.{kind.__qualname__}"


def _encode_tensor(torch, value):
    dtype = str(value.dtype).removeprefix("torch.")
    if dtype not in DTYPES or value.device.type != "cpu" or value.layout is not torch.strided:
        return _other(value, f"a tensor of {value.dtype} on {value.device}, {value.layout}")
    if value.numel() * value.element_size() > MOST_BYTES:
        return _other(value, f"a tensor of {value.numel():,} numbers")
    raw = value.detach().contiguous().reshape(-1).view(torch.uint8)
    data = base64.b64encode(bytes(raw.tolist()) if raw.numel() < 64 else raw.numpy().tobytes())
    return {
        "kind": "tensor",
        "dtype": dtype,
        "shape": [int(side) for side in value.shape],
        "data": data.decode("ascii"),
    }


def _decode_tensor(answer):
    import torch

    if answer["dtype"] not in DTYPES or len(answer["data"]) > 2 * MOST_BYTES:
        raise ValueError("a tensor of another dtype, or too long")
    shape = answer["shape"]
    if type(shape) is not list or any(type(side) is not int or side < 0 for side in shape):
        raise TypeError("a shape is a list of whole numbers")
    dtype = getattr(torch, answer["dtype"])
    raw = bytearray(base64.b64decode(answer["data"], validate=True))
    if not raw:
        return torch.zeros(shape, dtype=dtype)
    return torch.frombuffer(raw, dtype=dtype).reshape(shape).clone()
