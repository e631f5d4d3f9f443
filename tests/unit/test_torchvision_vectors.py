"""variant="torchvision" is torchvision's network: recorded outputs for weights made by formula."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from googlenet_edu import GoogLeNet

VECTORS = Path(__file__).parents[1] / "data" / "torchvision_vectors.json"


def noise(h):
    return 43758.5453 * np.sin(h) - np.floor(43758.5453 * np.sin(h))


def entry(number, key, shape):
    count = math.prod(shape)
    j = np.arange(count, dtype=np.float64)
    kind = key.rsplit(".", 1)[-1]
    if len(shape) > 1:
        scale = math.sqrt(24 / (count // shape[0]))
        values = (noise(12.9898 * j + 78.233 * number) - 0.5) * scale
    elif kind == "num_batches_tracked":
        return torch.tensor(0)
    elif ".bn." not in key:
        values = 0.01 * np.cos(j)
    else:
        values = {
            "weight": 1 + 0.1 * np.sin(j),
            "bias": 0.1 * np.cos(j),
            "running_mean": 0.1 * np.sin(2 * j),
            "running_var": 1 + 0.5 * np.sin(j) ** 2,
        }[kind]
    return torch.from_numpy(values.reshape(shape).astype(np.float32))


@pytest.fixture(scope="module")
def recorded():
    return json.loads(VECTORS.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def state(recorded):
    return {key: entry(i, key, shape) for i, (key, shape) in enumerate(recorded["keys"])}


@pytest.fixture(scope="module")
def x():
    j = np.arange(2 * 3 * 224 * 224, dtype=np.float64)
    x = 2 * (noise(12.9898 * j) - 0.5)
    x = torch.from_numpy(x.reshape(2, 3, 224, 224).astype(np.float32))
    x[1] *= torch.linspace(0, 2, 224)
    return x


@pytest.fixture(scope="module")
def outputs(state, x):
    net = GoogLeNet(variant="torchvision").eval()
    assert str(net.load_state_dict(state)) == "<All keys matched successfully>"
    with torch.no_grad():
        return net(x)


@pytest.mark.parametrize(
    ("field", "name"), [("logits", "logits"), ("aux1", "aux_logits1"), ("aux2", "aux_logits2")]
)
def test_outputs_are_torchvisions(outputs, recorded, field, name):
    assert torch.allclose(
        getattr(outputs, field)[:, :8], torch.tensor(recorded[name]), atol=1e-4, rtol=1e-4
    )


def test_all_thousand_scores_add_up(outputs, recorded):
    sums = torch.tensor(recorded["eval_logits_sum"])
    assert torch.allclose(outputs.logits.sum(1), sums, atol=2e-3)
    assert torch.allclose(
        outputs.logits[:, :8], torch.tensor(recorded["eval_logits"]), atol=1e-4, rtol=1e-4
    )


def test_loading_does_not_change_the_callers_dict(state):
    keys = list(state)
    net = GoogLeNet(variant="torchvision")
    net.load_state_dict(state)
    assert list(state) == keys
    assert torch.equal(net.aux2.clf_[3].weight, state["aux2.fc2.weight"])


def test_loading_is_strict(state):
    net = GoogLeNet(variant="torchvision")
    missing = {k: v for k, v in state.items() if k != "inception4c.branch3.1.conv.weight"}
    with pytest.raises(RuntimeError, match="inception4c.branch3.1.conv.0.weight"):
        net.load_state_dict(missing)
    with pytest.raises(RuntimeError, match="Unexpected key.*extra"):
        net.load_state_dict({**state, "extra": torch.zeros(1)})


@pytest.mark.parametrize("options", [{}, {"norm": "lrn"}, {"norm": "none"}])
@pytest.mark.parametrize("strict", [True, False])
def test_the_true_5x5_network_refuses_torchvisions_weights(state, options, strict):
    net = GoogLeNet(**options)
    before = net.conv1.conv[0].weight.clone()
    with pytest.raises(RuntimeError, match=r'GoogLeNet\(variant="torchvision"\)'):
        net.load_state_dict(state, strict=strict)
    assert torch.equal(net.conv1.conv[0].weight, before)


def test_a_wrapped_network_loads_too(state):
    wrapped = torch.nn.Sequential(GoogLeNet(variant="torchvision"))
    wrapped.load_state_dict({f"0.{key}": value for key, value in state.items()})
    assert torch.equal(wrapped[0].conv1.conv[0].weight, state["conv1.conv.weight"])
    with pytest.raises(RuntimeError, match="variant="):
        torch.nn.Sequential(GoogLeNet()).load_state_dict({f"0.{k}": v for k, v in state.items()})


def test_transform_input_is_torchvisions():
    options = {"variant": "torchvision", "num_classes": 4, "width": 0.25, "aux": False}
    net = GoogLeNet(**options, transform_input=True).eval()
    seen = []
    net.conv1.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    pixels = torch.rand(2, 3, 48, 48)
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    std = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    net((pixels - mean) / std)
    net.main_logits((pixels - mean) / std)
    assert len(seen) == 2
    for given in seen:
        assert torch.allclose(given, (pixels - 0.5) / 0.5, atol=1e-6)
