"""Every size function against torch itself, on exhaustive grids, refusals included."""

import itertools
import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from googlenet_edu import sizes

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same'")
REFUSED = "refused"


def ours(function, *args, **kwargs):
    try:
        return function(*args, **kwargs)
    except sizes.SizeError:
        return REFUSED


def theirs(function):
    try:
        with torch.no_grad():
            return tuple(function().shape[2:])
    except (RuntimeError, TypeError, ValueError):
        return REFUSED


def square(result):
    return result if result == REFUSED or isinstance(result, tuple) else (result, result)


def image(size):
    return torch.zeros(1, 1, *(size if isinstance(size, tuple) else (size, size)))


def torch_conv(size, k, s, p, d):
    weight = torch.zeros(1, 1, *(k if isinstance(k, tuple) else (k, k)))
    return F.conv2d(image(size), weight, stride=s, padding=p, dilation=d)


def check(settings, mine, torchs):
    wrong = []
    refusals = 0
    for setting in settings:
        a, b = square(ours(mine, *setting)), theirs(lambda s=setting: torchs(*s))
        refusals += b == REFUSED
        if a != b:
            wrong.append((setting, a, b))
    assert not wrong, f"{len(wrong)} of {len(settings)} differ, first (ours, torch): {wrong[:5]}"
    # A grid without both kinds of setting would prove nothing.
    assert 0 < refusals < len(settings)
    return len(settings)


CONV_GRID = list(itertools.product(range(10), range(6), range(5), range(-1, 4), range(4)))
MAX_GRID = list(
    itertools.product(range(10), range(6), range(5), range(-1, 4), range(4), (False, True))
)
AVG_GRID = list(itertools.product(range(13), range(7), range(6), range(-1, 4), (False, True)))


def test_the_grids_hold_over_20_000_settings():
    assert len(CONV_GRID) + len(MAX_GRID) + len(AVG_GRID) > 20_000


def test_convolution_grid():
    check(CONV_GRID, sizes.conv_output_size, torch_conv)


def test_max_pool_grid():
    check(MAX_GRID, sizes.pool_output_size, lambda n, *a: F.max_pool2d(image(n), *a))


def test_average_pool_grid():
    def mine(size, k, s, p, ceil):
        return sizes.pool_output_size(size, k, s, p, ceil_mode=ceil, kind="avg")

    check(AVG_GRID, mine, lambda n, *a: F.avg_pool2d(image(n), *a))


def test_transposed_convolution_grid():
    def torchs(n, k, s, p, extra, d):
        weight = torch.zeros(1, 1, k, k)
        return F.conv_transpose2d(
            image(n), weight, stride=s, padding=p, output_padding=extra, dilation=d
        )

    grid = list(
        itertools.product(range(4), range(4), range(4), range(-1, 3), range(-1, 4), range(4))
    )
    check(grid, sizes.conv_transpose_output_size, torchs)


def test_adaptive_grid():
    for kind in (F.adaptive_avg_pool2d, F.adaptive_max_pool2d):
        grid = list(itertools.product(range(10), range(-1, 14)))
        if kind is F.adaptive_avg_pool2d:
            # Torch takes the mean of an empty image here and answers nan; we refuse.
            grid.remove((0, 1))
            assert kind(image(0), (1, 1)).isnan().all()
        check(grid, sizes.adaptive_pool_output_size, lambda n, o, f=kind: f(image(n), (o, o)))


def test_adaptive_bins_are_the_cells_torch_averages():
    for n, o in itertools.product(range(1, 14), range(1, 14)):
        # The gradient of output i marks exactly the cells of bin i.
        x = torch.zeros(1, 1, n, requires_grad=True)
        y = F.adaptive_avg_pool1d(x, o)
        for i, (start, stop) in enumerate(sizes.adaptive_pool_bins(n, o)):
            (grad,) = torch.autograd.grad(y[0, 0, i], x, retain_graph=True)
            assert grad[0, 0].nonzero().flatten().tolist() == list(range(start, stop))


def test_same_and_valid_padding():
    grid = list(
        itertools.product(
            range(9), range(6), range(3), ("same", "valid", "SAME", "Valid"), range(4)
        )
    )

    def torchs(n, k, s, p, d):
        if k < 1:
            raise ValueError
        return nn.Conv2d(1, 1, k, stride=s, padding=p, dilation=d)(image(n))

    check(grid, sizes.conv_output_size, torchs)


def test_pairs_of_height_and_width():
    rng = random.Random(0)

    def two(low, high):
        return rng.randint(low, high), rng.randint(low, high)

    convs = [(two(1, 12), two(1, 5), two(1, 4), two(0, 3), two(1, 3)) for _ in range(1500)]
    check(convs, sizes.conv_output_size, torch_conv)
    pools = [(*c, rng.random() < 0.5) for c in convs]
    check(pools, sizes.pool_output_size, lambda n, *a: F.max_pool2d(image(n), *a))


POOL_ARGUMENTS = [
    (5, 3, None), (5, 3, ()), (5, 3, []), (5, (3,), 1), (5, [3], [2]), (5, 3, (2,)), (5, ()),
    (5, 3, 1, ()), (5, (3, 3, 3)), (5, 3, (1, 1, 1)), (5, 3.0), (5, 3, 1.0), (5, "3"), (5, None),
    (5, 3, 1, None), (5, 3, 1, "same"), (5, True), (5, 3, True), (5, 3, 1, True), (5, np.int64(3)),
    (5, 3, np.int32(2)), (5, 56 / 8), (5, 3, 1, 0, True), (5, 3, 1, 0, (2,)), (5, 3, 1, 0, 1, 1),
    (5, 3, 1, 0, 1, None), (5, 3, 1, 0, 1, "yes"), (5, -2), (5, 3, -1),
]  # fmt: skip
CONV_ARGUMENTS = [
    (5, 3, (2,)), (5, 3, 1, (1,)), (5, 3, 1, 0, (2,)), (5, (3,)), (5, (3, 3, 3)), (5, 3, (1, 1, 1)),
    (5, 3, 1, (1, 1, 1, 1)), (5, 3, None), (5, 3, 2.0), (5, 3, 1, 1.0), (5, 3, 1, (3 - 1) / 2),
    (5, 3, 1, True), (5, 3, True), (5, 3, 1, 0, True), (5, np.int64(3)), (5, [3, 3], [2, 1]),
    (5, 3.0), (5, "3"), (5, None), (5, 3, 1, "full"), (5, 3, 1, ("same", "same")), (5, 3, (1, 2), "same"),
    (5, 3, 1, None), (5, -1), (5, 3, -1), (5, 3, 1, 0, -1), (5, 3, ()), (5, 3, 1, ()),
]  # fmt: skip


def test_argument_forms():
    check(POOL_ARGUMENTS, sizes.pool_output_size, lambda n, *a: nn.MaxPool2d(*_max(*a))(image(n)))
    check(
        CONV_ARGUMENTS,
        sizes.conv_output_size,
        lambda n, k, *a: nn.Conv2d(1, 1, k, *a)(image(n)),
    )


def _max(k, s=None, p=0, d=1, ceil=False):
    return k, s, p, d, False, ceil


small = st.integers(-1, 40)


@settings(max_examples=300, deadline=None)
@given(small, small, small, small, small, st.booleans())
def test_any_small_setting(n, k, s, p, d, ceil):
    assert square(ours(sizes.conv_output_size, n, k, s, p, d)) == theirs(
        lambda: torch_conv(n, k, s, p, d)
    )
    assert square(ours(sizes.pool_output_size, n, k, s, p, d, ceil)) == theirs(
        lambda: F.max_pool2d(image(n), k, s, p, d, ceil)
    )


def cells_read_by_torch(n, k, s, p, d):
    """The input cells whose gradient is not zero."""
    x = torch.zeros(1, 1, n, requires_grad=True)
    F.conv1d(x, torch.ones(1, 1, k), stride=s, padding=p, dilation=d).sum().backward()
    return set(x.grad[0, 0].nonzero().flatten().tolist())


@settings(max_examples=400, deadline=None)
@given(
    st.integers(1, 40), st.integers(1, 7), st.integers(1, 9), st.integers(0, 9), st.integers(1, 5)
)
def test_unread_cells_are_those_without_gradient(n, k, s, p, d):
    try:
        axis = sizes.explain_conv(n, k, s, p, d).axes[0]
    except sizes.SizeError:
        return
    unread = list(axis.unread)
    assert set(range(n)) - cells_read_by_torch(n, k, s, p, d) == set(unread)
    assert unread == sorted(set(unread))
    assert axis.unread.count == len(unread)


@settings(max_examples=400, deadline=None)
@given(
    st.integers(1, 30), st.integers(1, 6), st.integers(1, 8), st.integers(0, 3), st.booleans(),
    st.booleans(),
)  # fmt: skip
def test_windows_and_divisors_are_those_of_average_pooling(n, k, s, p, ceil, include):
    try:
        steps = sizes.explain_pool(
            n, k, s, p, ceil_mode=ceil, kind="avg", count_include_pad=include
        )
    except sizes.SizeError:
        return
    x = torch.arange(1.0, n + 1)
    y = F.avg_pool1d(x[None, None], k, s, p, ceil, include)[0, 0]
    windows = steps.axes[0].windows
    assert len(windows) == len(y)
    for window, value in zip(windows, y, strict=True):
        real = x[max(0, window.start) : max(0, min(n, window.stop))]
        assert window.cells == len(real)
        assert torch.isclose(real.sum() / window.divisor, value)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(*[st.integers(1, 4)] * 2, st.integers(0, 1), st.integers(1, 2)),
        min_size=1,
        max_size=4,
    )
)
def test_receptive_field_is_where_the_gradient_reaches(layers):
    field = sizes.receptive_field(layers)
    n = 4000
    x = torch.zeros(1, 1, n, requires_grad=True)
    y = x
    for k, s, p, d in layers:
        y = F.conv1d(y, torch.ones(1, 1, k), stride=s, padding=p, dilation=d)
    middle = y.shape[2] // 2
    y[0, 0, middle].backward()
    seen = x.grad[0, 0].nonzero().flatten()
    start = field.start + middle * field.jump
    if start >= 0 and start + field.size <= n:
        assert seen.min() == start
        assert seen.max() == start + field.size - 1


CHAINS = [
    [nn.ConvTranspose1d(1, 1, 3, 2)],
    [nn.ConvTranspose1d(1, 1, 2, 3)],  # every third cell sees nothing
    [nn.ConvTranspose1d(1, 1, 4, 3, 2, output_padding=1)],
    [nn.Conv1d(1, 1, 3, 2, 1), nn.ConvTranspose1d(1, 1, 2, 2), nn.Conv1d(1, 1, 3, 1, 1)],
    [nn.ConvTranspose1d(1, 1, 3, 2, 1, dilation=2), nn.Conv1d(1, 1, 2, 3)],
    [nn.ConvTranspose1d(1, 1, 3, 3), nn.ConvTranspose1d(1, 1, 3, 2, 1), nn.MaxPool1d(3, 2, 1)],
    [nn.ConvTranspose1d(1, 1, 5, 2, 2), nn.AvgPool1d(2), nn.Conv1d(1, 1, 3, dilation=3)],
    [nn.Conv1d(1, 1, 4, padding="same", dilation=3), nn.MaxPool1d(2, 3, dilation=4), nn.LPPool1d(2, 3)],
    [nn.Conv1d(1, 1, 3, 4, padding_mode="circular", padding=1), nn.AvgPool1d(3, 2, 1, ceil_mode=True)],
]  # fmt: skip


def extents(layers, n=240):
    """First and last cell of the image with a gradient, for each output cell far from the ends."""
    x = torch.arange(1.0, n + 1).reshape(1, 1, n).requires_grad_()
    y = x
    for layer in layers:
        if hasattr(layer, "weight"):
            nn.init.ones_(layer.weight)
            nn.init.zeros_(layer.bias)
        y = layer(y) if "MaxPool" not in type(layer).__name__ else F.avg_pool1d(  # all cells count
            F.pad(y, (layer.padding,) * 2), layer.kernel_size, layer.stride
        ) if layer.dilation == 1 else F.conv1d(
            y, torch.ones(1, 1, layer.kernel_size), stride=layer.stride, dilation=layer.dilation
        )  # fmt: skip
    found = {}
    for cell in range(y.shape[2] // 3, 2 * y.shape[2] // 3):
        seen = torch.autograd.grad(y[0, 0, cell], x, retain_graph=True)[0][0, 0].nonzero()
        if len(seen):
            found[cell] = (int(seen.min()), int(seen.max()))
    return found


@pytest.mark.parametrize("layers", CHAINS, ids=str)
def test_the_field_of_every_layer_is_the_largest_of_all_cells(layers):
    field, found = sizes.receptive_field(layers), extents(layers)
    assert field.size == max(last - first + 1 for first, last in found.values())
    for cell in found:  # a shift by so many cells that the image shifts by whole ones
        shift = field.jump.denominator * 6
        if cell + shift in found:
            assert found[cell + shift][0] - found[cell][0] == shift * field.jump


def test_the_field_of_random_chains_with_transposed_convolutions():
    rng = random.Random(0)
    for _ in range(60):
        layers = [
            rng.choice((nn.Conv1d, nn.ConvTranspose1d))(
                1, 1, rng.randint(1, 4), rng.randint(1, 3), dilation=rng.randint(1, 2)
            )
            for _ in range(3)
        ]
        found = extents(layers)
        if not found:
            with pytest.raises(sizes.SizeError, match="no cell sees the image"):
                sizes.receptive_field(layers)
            continue
        right = max(last - first + 1 for first, last in found.values())
        assert sizes.receptive_field(layers).size == right, layers


@pytest.mark.parametrize(
    ("layer", "why"),
    [
        (nn.MaxUnpool2d(2), "indices say"),
        (nn.FractionalMaxPool2d(2, output_size=3), "at random"),
        (nn.FractionalMaxPool3d(2, output_ratio=0.5), "at random"),
        (nn.Fold(4, 2), "no feature map"),
        (nn.Unfold(2), "no feature map"),
        (nn.Upsample(scale_factor=2), "has no kernel_size"),
        (nn.PixelShuffle(2), "has no kernel_size"),
        (nn.AdaptiveAvgPool2d(3), "has no kernel_size"),
        (nn.Conv3d(1, 1, 3), "3 numbers"),
        (nn.ConvTranspose2d(1, 1, 2000, 1000), "cell by cell"),
    ],
    ids=str,
)
def test_a_layer_without_a_field_is_refused_by_its_place(layer, why):
    with pytest.raises(sizes.SizeError, match=f"^(layer 2|Upsample)[ ,:].*{why}"):
        sizes.receptive_field([(3, 1), layer])


def test_axes_of_a_transposed_convolution():
    field = sizes.receptive_field([nn.ConvTranspose2d(1, 1, (3, 2), (2, 2))])
    assert field.size == (2, 1) and [float(one) for one in field.jump] == [0.5, 0.5]


def test_the_wanted_size_of_a_transposed_convolution():
    def torchs(n, k, s, p, d, wanted):
        layer = nn.ConvTranspose2d(1, 1, k, s, p, dilation=d)
        return layer(image(n), output_size=[wanted, wanted])

    def mine(n, k, s, p, d, wanted):
        steps = sizes.explain_conv_transpose(n, k, s, p, dilation=d, output_size=wanted)
        extra = steps.steps[0].value
        assert steps.out == sizes.conv_transpose_output_size(n, k, s, p, extra, d)
        return steps.out

    grid = itertools.product(range(1, 5), range(1, 4), range(1, 5), (0, 1), (1, 2), range(1, 20))
    check(list(grid), mine, torchs)
    found = sizes.explain_conv_transpose(16, 3, 2, 1, output_size=(32, 31))
    assert found.out == (32, 31) and [axis.steps[0].value for axis in found.axes] == [1, 0]
    with pytest.raises(sizes.SizeError, match="output_size=24 cannot.*from 31 to 32"):
        sizes.conv_transpose_output_size(16, 3, 2, 1, output_size=24)
    with pytest.raises(sizes.SizeError, match="one of the two"):
        sizes.conv_transpose_output_size(16, 3, 2, 1, 1, output_size=32)
