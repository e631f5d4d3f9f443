"""LRN and BN written out, against torch: values, gradients, running statistics, folding."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from googlenet_edu.layers import BasicConv2d
from googlenet_edu.norms import batch_norm, fold_batch_norm, local_response_norm


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# LRN.

FIVE = torch.tensor([[1.0, 2.0, 3.0, 4.0, 5.0]])


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (5, [0.263158, 0.285714, 0.25, 0.338983, 0.454545]),
        (3, [0.375, 0.352941, 0.28125, 0.226415, 0.340909]),
        (1, [0.5, 0.4, 0.3, 0.235294, 0.192308]),
    ],
)
def test_lrn_known_values(size, expected):
    out = local_response_norm(FIVE, size, alpha=1, beta=1, k=1)
    assert torch.allclose(out, torch.tensor([expected]), atol=1e-6)


def test_lrn_sum_form_of_the_paper():
    out = local_response_norm(FIVE, 5, alpha=1, beta=1, k=1, divide_by_size=False)
    expected = [0.066667, 0.064516, 0.053571, 0.072727, 0.098039]
    assert torch.allclose(out, torch.tensor([expected]), atol=1e-6)
    assert torch.allclose(out, local_response_norm(FIVE, 5, alpha=5, beta=1, k=1), atol=1e-6)


def test_lrn_conversion_of_alpha():
    x = 50 * torch.rand(2, 64, 3, 3, generator=torch.Generator().manual_seed(0))
    pytorch = nn.LocalResponseNorm(5, alpha=1e-4)(x)
    right = local_response_norm(x, 5, alpha=2e-5, divide_by_size=False)
    same_alpha = local_response_norm(x, 5, alpha=1e-4, divide_by_size=False)
    assert (pytorch - right).abs().max() < 1e-5 * 50
    assert (pytorch - same_alpha).abs().max() > 5


def test_lrn_k_of_the_two_papers():
    ones = torch.ones(1, 64)
    assert local_response_norm(ones)[0, 30].item() == pytest.approx(0.99993, abs=5e-6)
    assert local_response_norm(ones, k=2)[0, 30].item() == pytest.approx(0.59458, abs=5e-6)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6, 9])
@pytest.mark.parametrize("shape", [(2, 7, 3), (2, 4, 3, 5), (1, 1, 2, 2), (2, 6, 2, 2, 3)])
def test_lrn_is_torchs_in_value_and_gradient(size, shape):
    ours, theirs = draw(*shape).requires_grad_(), draw(*shape).requires_grad_()
    settings = {"alpha": 0.7, "beta": 0.6, "k": 1.5}
    a = local_response_norm(ours, size, **settings)
    b = nn.LocalResponseNorm(size, **settings)(theirs)
    assert torch.allclose(a, b, rtol=1e-12)
    weights = draw(*shape, seed=1)
    (a * weights).sum().backward()
    (b * weights).sum().backward()
    assert torch.allclose(ours.grad, theirs.grad, rtol=1e-10, atol=1e-12)


def test_lrn_gradient_numerically():
    assert torch.autograd.gradcheck(
        lambda x: local_response_norm(x, 3, 0.5, 0.75, 2), draw(2, 5, 2).requires_grad_()
    )


def test_lrn_of_an_empty_batch_and_of_other_dtypes():
    assert local_response_norm(torch.zeros(0, 4, 2, 2)).shape == (0, 4, 2, 2)
    assert local_response_norm(torch.ones(1, 4).bfloat16()).dtype == torch.bfloat16


@pytest.mark.parametrize("size", [0, -1, 2.0, True, None])
def test_lrn_refuses_a_wrong_size(size):
    with pytest.raises(ValueError, match="size must be a whole number of channels from 1 up"):
        local_response_norm(FIVE, size)


def test_lrn_refuses_a_lonely_axis():
    with pytest.raises(ValueError, match=r"shape \(N, C, ...\), but got \[5\]"):
        local_response_norm(FIVE[0])


# BN.


@pytest.mark.parametrize(
    ("momentum", "mean", "var"), [(0.1, 0.25, 1.066667), (0.9, 2.25, 1.6), (1.0, 2.5, 5 / 3)]
)
def test_momentum_is_the_weight_of_the_new_batch(momentum, mean, var):
    x = torch.tensor([1.0, 2.0, 3.0, 4.0]).reshape(4, 1, 1, 1)
    running = torch.zeros(1), torch.ones(1)
    batch_norm(x, *running, training=True, momentum=momentum)
    assert running[0].item() == pytest.approx(mean, abs=1e-6)
    assert running[1].item() == pytest.approx(var, abs=1e-6)


def test_momentum_none_is_the_plain_average():
    x = torch.tensor([1.0, 2.0, 3.0, 4.0]).reshape(4, 1, 1, 1)
    mean, var, count = torch.zeros(1), torch.ones(1), torch.tensor(0)
    module = nn.BatchNorm2d(1, momentum=None)
    for batch in (x, x + 10, 2 * x):
        module(batch)
        batch_norm(batch, mean, var, training=True, momentum=None, num_batches_tracked=count)
        if count == 2:
            assert mean.item() == 7.5
    assert count.item() == module.num_batches_tracked.item() == 3
    assert torch.allclose(mean, module.running_mean) and torch.allclose(var, module.running_var)
    with pytest.raises(ValueError, match="momentum=None.*num_batches_tracked=torch.tensor"):
        batch_norm(x, mean, var, training=True, momentum=None)


def test_two_variances():
    x = torch.tensor([[2.0, 15, 2, 1], [2, 17, 2, 1], [-4, -2, -2, -1]])
    mean, var = torch.zeros(4), torch.ones(4)
    out = batch_norm(x, mean, var, training=True, momentum=1.0)
    assert torch.allclose(var, torch.tensor([12, 109, 16 / 3, 4 / 3]))
    expected = torch.tensor([0.58655, 0.82116, -1.40771])
    assert torch.allclose(out[:, 1], expected, atol=1e-5)


def test_the_running_variance_is_the_unbiased_one():
    x = torch.arange(1.0, 5).repeat_interleave(4).reshape(16, 1, 1, 1).expand(16, 1, 3, 3)
    mean, var = torch.zeros(1), torch.ones(1)
    batch_norm(x, mean, var, training=True)
    module = nn.BatchNorm2d(1)
    module(x)
    assert torch.allclose(var, module.running_var, rtol=1e-6)
    biased = 0.9 + 0.1 * 1.25
    assert var.item() - biased == pytest.approx(0.1 * 1.25 / 143, rel=1e-2)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(6, 3), (4, 3, 5), (2, 3, 4, 5), (2, 3, 2, 2, 2)])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("momentum", [0.1, 0.0, 0.37, 1.0])
def test_bn_is_torchs(training, shape, affine, momentum):
    ours = {"x": draw(*shape, seed=1).requires_grad_()}
    ours["weight"] = draw(3, seed=2).requires_grad_() if affine else None
    ours["bias"] = draw(3, seed=3).requires_grad_() if affine else None
    theirs = {
        k: None if v is None else v.detach().clone().requires_grad_() for k, v in ours.items()
    }
    running = [draw(3, seed=4), draw(3, seed=5).abs() + 0.1]
    copies = [r.clone() for r in running]
    settings = {"training": training, "momentum": momentum, "eps": 1e-3}
    a = batch_norm(ours["x"], *running, ours["weight"], ours["bias"], **settings)
    b = F.batch_norm(theirs["x"], *copies, theirs["weight"], theirs["bias"], **settings)
    assert torch.allclose(a, b, rtol=1e-10)
    for mine, torchs in zip(running, copies, strict=True):
        assert torch.allclose(mine, torchs, rtol=1e-12)
    weights = draw(*shape, seed=6)
    (a * weights).sum().backward()
    (b * weights).sum().backward()
    for key, value in ours.items():
        if value is not None:
            assert torch.allclose(value.grad, theirs[key].grad, rtol=1e-8, atol=1e-10), key


def test_bn_without_running_values_uses_the_batch():
    x = draw(4, 3, 2, 2)
    for training in (True, False):
        assert torch.allclose(
            batch_norm(x, training=training),
            F.batch_norm(x, None, None, training=True),
        )


def test_bn_eval_leaves_the_running_values_alone():
    mean, var = torch.full((3,), 2.0), torch.full((3,), 4.0)
    out = batch_norm(torch.full((1, 3), 4.0), mean, var, eps=0.0)
    assert torch.equal(out, torch.ones(1, 3))
    assert torch.equal(mean, torch.full((3,), 2.0)) and torch.equal(var, torch.full((3,), 4.0))


def test_bn_of_an_empty_batch():
    mean, var = torch.zeros(3), torch.ones(3)
    assert batch_norm(torch.zeros(0, 3, 4, 4), mean, var, training=True).shape == (0, 3, 4, 4)
    assert torch.equal(mean, torch.zeros(3)) and torch.equal(var, torch.ones(3))


def test_bn_refusals():
    with pytest.raises(ValueError, match=r"more than 1 value per channel.*\[1, 3\]"):
        batch_norm(torch.zeros(1, 3), training=True)
    with pytest.raises(ValueError, match="belong together"):
        batch_norm(torch.zeros(2, 3), torch.zeros(3))
    with pytest.raises(ValueError, match=r"shape \(N, C, ...\), but got \[3\]"):
        batch_norm(torch.zeros(3))
    with pytest.raises(ValueError):  # as torch
        F.batch_norm(torch.zeros(1, 3), None, None, training=True)


# Folding.


def test_folding_by_hand():
    conv, bn = nn.Conv2d(1, 1, 1).eval(), nn.BatchNorm2d(1, eps=1.0).eval()
    with torch.no_grad():
        conv.weight.fill_(2), conv.bias.fill_(1)
        bn.running_mean.fill_(3), bn.running_var.fill_(3), bn.weight.fill_(6), bn.bias.fill_(-1)
    x = torch.full((1, 1, 1, 1), 5.0)
    assert conv(x).item() == 11 and bn(conv(x)).item() == 23
    folded = fold_batch_norm(conv, bn)
    assert folded.weight.item() == 6 and folded.bias.item() == -7
    assert folded(x).item() == 23
    assert conv.weight.item() == 2 and conv.bias.item() == 1 and bn(conv(x)).item() == 23


def randomized(bn):
    with torch.no_grad():
        bn.running_mean.uniform_(-1, 1), bn.running_var.uniform_(0.5, 2)
        if bn.affine:
            bn.weight.uniform_(-2, 2), bn.bias.uniform_(-1, 1)
    return bn.eval()


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("groups", [1, 2])
def test_folding_keeps_the_result(bias, affine, axes, groups):
    torch.manual_seed(axes)
    conv_kind = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[axes - 1]
    bn_kind = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)[axes - 1]
    conv = conv_kind(4, 6, 3, stride=2, padding=1, groups=groups, bias=bias).eval()
    bn = randomized(bn_kind(6, affine=affine))
    x = torch.randn(2, 4, *[7] * axes)
    folded = fold_batch_norm(conv, bn)
    assert torch.allclose(folded(x), bn(conv(x)), rtol=1e-4, atol=1e-5)
    assert type(folded) is conv_kind and folded.weight.requires_grad


def test_folding_a_basic_conv():
    block = BasicConv2d(3, 8, 3, padding=1).eval()
    randomized(block.conv[1])
    x = torch.randn(1, 3, 9, 9)
    expected = block(x)
    folded = copy.deepcopy(block)
    folded.conv[0], folded.conv[1] = fold_batch_norm(*block.conv[:2]), nn.Identity()
    assert torch.allclose(folded(x), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("conv", "bn", "error", "sentence"),
    [
        (nn.Conv2d(1, 2, 1).eval(), nn.BatchNorm2d(2), ValueError, "train mode.*eval()"),
        (nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2).eval(), ValueError, "train mode.*eval()"),
        (
            nn.Conv2d(1, 2, 1).eval(),
            nn.BatchNorm2d(2, track_running_stats=False).eval(),
            ValueError,
            "track_running_stats=False",
        ),
        (nn.Conv2d(1, 2, 1).eval(), nn.BatchNorm2d(3).eval(), ValueError, "2 channels.*takes 3"),
        (nn.ConvTranspose2d(1, 2, 1).eval(), nn.BatchNorm2d(2).eval(), TypeError, "ConvTransp"),
        (nn.Conv2d(1, 2, 1).eval(), nn.GroupNorm(1, 2).eval(), TypeError, "GroupNorm"),
    ],
)
def test_folding_refuses(conv, bn, error, sentence):
    with pytest.raises(error, match=sentence):
        fold_batch_norm(conv, bn)
