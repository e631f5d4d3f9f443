"""BasicConv2d, Inception and AuxClf: names, shapes, parameters, and rows in = rows out."""

import pytest
import torch
from torch import nn

from googlenet_edu.architecture import INCEPTION
from googlenet_edu.layers import AuxClf, BasicConv2d, Inception


def parameters(module):
    return sum(p.numel() for p in module.parameters())


def test_basic_conv_is_conv_norm_relu():
    layer = BasicConv2d(3, 64, 7, stride=2, padding=3)
    assert [type(m) for m in layer.conv] == [nn.Conv2d, nn.BatchNorm2d, nn.ReLU]
    assert layer.conv[0].bias is None
    assert layer.conv[2].inplace
    assert parameters(layer) == 9_408 + 128
    assert layer(torch.zeros(2, 3, 33, 40)).shape == (2, 64, 17, 20)


def test_without_batch_norm_the_convolution_has_a_bias():
    layer = BasicConv2d(3, 8, 3, batch_norm=False)
    assert [type(m) for m in layer.conv] == [nn.Conv2d, nn.ReLU]
    assert layer.conv[0].bias.shape == (8,)


def test_basic_conv_is_what_its_parts_do():
    layer = BasicConv2d(3, 5, 3, padding=1, eps=0.5).eval()
    x = torch.randn(2, 3, 6, 6)
    norm = layer.conv[1]
    raw = torch.nn.functional.conv2d(x, layer.conv[0].weight, padding=1)
    scaled = (raw - norm.running_mean[:, None, None]) / (norm.running_var + 0.5).sqrt()[
        :, None, None
    ]
    assert torch.allclose(layer(x), scaled.clamp(min=0), atol=1e-6)


@pytest.mark.parametrize("spec", INCEPTION.values(), ids=INCEPTION)
def test_inception_joins_the_four_branches_in_order(spec):
    numbers = (
        spec.ch1x1, spec.ch3x3reduce, spec.ch3x3, spec.ch5x5reduce, spec.ch5x5, spec.pool_proj,
    )  # fmt: skip
    block = Inception(spec.in_channels, *numbers).eval()
    x = torch.randn(2, spec.in_channels, 5, 7)
    parts = [block.branch1(x), block.branch2(x), block.branch3(x), block.branch4(x)]
    assert [p.shape[1] for p in parts] == [spec.ch1x1, spec.ch3x3, spec.ch5x5, spec.pool_proj]
    out = block(x)
    assert out.shape == (2, spec.out_channels, 5, 7)
    start = 0
    for part in parts:
        assert torch.equal(out[:, start : start + part.shape[1]], part)
        start += part.shape[1]


def test_the_third_branch_is_a_true_5x5():
    block = Inception(192, 64, 96, 128, 16, 32, 32)
    conv = block.branch3[1].conv[0]
    assert conv.weight.shape == (32, 16, 5, 5)
    assert conv.padding == (2, 2)
    assert isinstance(block.branch1, BasicConv2d)
    pool = block.branch4[0]
    assert (pool.kernel_size, pool.stride, pool.padding) == (3, 1, 1)
    small = Inception(192, 64, 96, 128, 16, 32, 32, branch3_kernel=3)
    assert small.branch3[1].conv[0].weight.shape == (32, 16, 3, 3)
    assert parameters(block) - parameters(small) == 16 * 16 * 32


@pytest.mark.parametrize("kernel", [0, 1, 4, 7, "5", None])
def test_another_third_kernel_is_refused(kernel):
    with pytest.raises(ValueError, match=r"must be 5 \(the paper\) or 3"):
        Inception(192, 64, 96, 128, 16, 32, 32, branch3_kernel=kernel)


def test_aux_clf_layers():
    head = AuxClf(512)
    assert [type(m) for m in head.feature_] == [nn.AvgPool2d, BasicConv2d]
    assert [type(m) for m in head.clf_] == [nn.Linear, nn.ReLU, nn.Dropout, nn.Linear]
    assert (head.feature_[0].kernel_size, head.feature_[0].stride) == (5, 3)
    assert (head.clf_[0].in_features, head.clf_[0].out_features) == (2048, 1024)
    assert head.clf_[2].p == 0.7
    assert parameters(head) == 65_792 + 2_098_176 + 1_025_000


@pytest.mark.parametrize("side", range(1, 24))
@pytest.mark.parametrize("batch", [0, 1, 2, 9, 16])
def test_rows_in_are_rows_out_or_an_error(side, batch):
    head = AuxClf(4, 10, conv_channels=16, hidden=8).eval()
    x = torch.randn(batch, 4, side, side)
    if 14 <= side <= 16:
        assert head(x).shape == (batch, 10)
    else:
        sentence = "at least a 5 x 5 map at 4a" if side < 5 else "4 x 4 grid.*223 to 270 px"
        with pytest.raises(ValueError, match=sentence):
            head(x)


@pytest.mark.parametrize("map_size", [(14, 16), (15, 14)])
def test_maps_need_not_be_square(map_size):
    assert AuxClf(4, 3, conv_channels=4, hidden=4).eval()(torch.zeros(2, 4, *map_size)).shape == (
        2,
        3,
    )


@pytest.mark.parametrize("map_size", [(14, 17), (13, 14), (4, 14), (20, 5)])
def test_one_wrong_axis_is_enough_to_refuse(map_size):
    with pytest.raises(ValueError, match=f"{map_size[0]} x {map_size[1]}"):
        AuxClf(4, 3, conv_channels=4, hidden=4).eval()(torch.zeros(2, 4, *map_size))


@pytest.mark.parametrize("map_size", [(1, 1), (2, 3), (6, 6), (14, 14), (18, 18), (20, 9)])
def test_the_adaptive_head_takes_any_map(map_size):
    head = AuxClf(4, 3, pool="adaptive", conv_channels=4, hidden=4).eval()
    assert head(torch.zeros(5, 4, *map_size)).shape == (5, 3)


def test_rows_do_not_mix():
    head = AuxClf(4, 3, conv_channels=4, hidden=64).eval()  # of four, ReLU may take all
    x = torch.randn(3, 4, 14, 14)
    before = head(x)
    x[1] += 1
    changed = (head(x) != before).any(dim=1)
    assert changed.tolist() == [False, True, False]


def test_fixed_and_adaptive_heads_share_their_weights():
    fixed, adaptive = AuxClf(8, 3, conv_channels=4), AuxClf(8, 3, conv_channels=4, pool="adaptive")
    adaptive.load_state_dict(fixed.state_dict())


def test_an_unknown_pool_is_refused():
    with pytest.raises(ValueError, match="pool must be 'fixed'.*but got 'max'"):
        AuxClf(8, 3, pool="max")
