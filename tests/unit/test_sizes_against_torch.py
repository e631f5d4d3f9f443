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
    result = result if result == REFUSED or isinstance(result, tuple) else (result,)
    return result * 2 if len(result) == 1 else result  # one axis: as a square


def image(size):
    return torch.zeros(1, 1, *(size if isinstance(size, tuple) else (size, size)))


def torch_conv(size, k, s, p, d):
    weight = torch.zeros(1, 1, *(k if isinstance(k, tuple) else (k, k)))
    x = size if isinstance(size, torch.Tensor) else image(size)
    return F.conv2d(x, weight, stride=s, padding=p, dilation=d)


def check(settings, mine, torchs):
    wrong = []
    refusals = 0
    for setting in settings:
        a, b = square(ours(mine, *setting)), square(theirs(lambda s=setting: torchs(*s)))
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
    check(POOL_ARGUMENTS, sizes.pool_output_size, in_torch("MaxPool{}d"))
    check(CONV_ARGUMENTS, sizes.conv_output_size, in_torch("Conv{}d", 1, 1))


def in_torch(kind, *channels):
    """Run the layer of as many axes as the arguments' longest tuple has."""

    def run(n, *settings):
        lengths = [len(one) for one in (n, *settings) if isinstance(one, (tuple, list))]
        axes = 3 if 3 in lengths else 1 if lengths == [1] else 2
        if kind == "MaxPool{}d":
            k, s, p, d, ceil = (*settings, *(None, 0, 1, False)[len(settings) - 1 :])
            settings = k, s, p, d, False, ceil
        layer = getattr(nn, kind.format(axes))(*channels, *settings)
        return layer(torch.zeros(1, 1, *(n if isinstance(n, tuple) else (n,) * axes)))

    return run


def test_three_axes_and_one_as_torch_stores_them():
    rng = random.Random(1)

    def three(low, high):
        return tuple(rng.randint(low, high) for _ in range(3))

    convs = [(three(1, 8), three(1, 4), three(1, 3), three(0, 2), three(1, 2)) for _ in range(800)]
    check(convs, sizes.conv_output_size, in_torch("Conv{}d", 1, 1))
    pools = [(*c, rng.random() < 0.5) for c in convs]
    check(pools, sizes.pool_output_size, in_torch("MaxPool{}d"))
    ups = [(*c[:4], three(0, 2), c[4]) for c in convs]
    up = in_torch("ConvTranspose{}d", 1, 1)
    check(
        ups,
        sizes.conv_transpose_output_size,
        lambda n, k, s, p, e, d: up(n, k, s, p, e, 1, True, d),
    )
    bins = [(c[0], (three(0, 5)[0], None, 2)) for c in convs] + [((5, 5, 5), (2, 2))]
    check(bins, sizes.adaptive_pool_output_size, in_torch("AdaptiveMaxPool{}d"))
    assert sizes.conv_output_size((16, 112, 112), (3, 7, 7), (1, 2, 2), (1, 3, 3)) == (16, 56, 56)
    for layer in (nn.Conv1d(1, 1, 3, 2, 1), nn.Conv1d(1, 1, 4, 1, 3, 2)):
        stored = layer.kernel_size, layer.stride, layer.padding, layer.dilation
        out = layer(torch.zeros(1, 1, 100)).shape[2]
        assert (
            out == sizes.conv_output_size(100, *stored) == sizes.conv_output_size((100,), *stored)
        )
    assert sizes.adaptive_pool_output_size(100, (7,)) == 7
    with pytest.raises(sizes.SizeError, match="leave out batch and channels, or for three axes"):
        sizes.conv_output_size((3, 224, 224), 7, 2, 3)


EDGES = list(
    itertools.product((1, 6, 7, 11), (1, 2, 3, 4), (1, 2, 3), ((0, 1), (2, 1), (0, 5)), (1, 2))
)


def test_padding_that_differs_before_and_after():
    def conv(n, k, s, edges, d):
        return torch_conv(image_padded(n, edges), k, s, 0, d)

    def pool(n, k, s, edges, d):
        return F.max_pool2d(image_padded(n, edges), k, s, 0, d)

    def image_padded(n, edges):
        return F.pad(image(n), (*edges, *edges))

    nested = [(n, k, s, (edge,), d) for n, k, s, edge, d in EDGES]
    check(nested, sizes.conv_output_size, lambda n, k, s, edge, d: conv(n, k, s, edge[0], d))
    allowed = [one for one in nested if 2 * max(one[3][0]) <= one[1]]
    for one in allowed:
        n, k, s, edge, d = one
        assert square(ours(sizes.pool_output_size, *one)) == theirs(
            lambda a=(n, k, s, edge[0], d): pool(*a)
        )
    axis = sizes.explain_conv(224, 7, 2, ((2, 3), (2, 3))).axes[1]
    assert (axis.windows[0].start, axis.windows[-1].stop, axis.out) == (-2, 227, 112)
    assert list(sizes.explain_conv(7, 2, 3, ((0, 1),)).axes[0].unread) == [2, 5]
    for wrong in (((0, 1),) * 4, ((0, 1, 2),), ((0, -1),), ((0, 1.0),)):
        with pytest.raises(sizes.SizeError, match="^padding "):
            sizes.conv_output_size((9, 9), 3, 2, wrong)


def test_same_padding_is_the_least_that_gives_all_windows():
    for n, k, s, d in itertools.product(range(1, 12), range(1, 6), range(1, 6), range(1, 4)):
        ((before, after),) = sizes.same_padding(n, k, s, d)
        assert before <= after <= before + 1
        weight = torch.ones(1, 1, k)

        def windows(cells, s=s, d=d, w=weight):
            return F.conv1d(torch.ones(1, 1, cells), w, stride=s, dilation=d).shape[2]

        assert windows(n + before + after) == -(-n // s)
        if before + after and n + before + after > d * (k - 1) + 1:
            assert windows(n + before + after - 1) < -(-n // s)  # no less would do
        if s == 1:
            x = torch.arange(1.0, n + 1).reshape(1, 1, n)
            same = F.conv1d(x, weight, padding="same", dilation=d)
            assert torch.equal(same, F.conv1d(F.pad(x, (before, after)), weight, dilation=d))
    assert sizes.same_padding(224, 7, 2) == ((2, 3),)
    assert sizes.conv_output_size((224, 6), (7, 3), 2, sizes.same_padding((224, 6), (7, 3), 2)) == (
        112,
        3,
    )


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
    [nn.ZeroPad1d((0, 1)), nn.Conv1d(1, 1, 3, 2), nn.ReflectionPad1d((3, 0)), nn.MaxPool1d(3, 2)],
    [nn.Conv1d(1, 1, 2, 2), nn.ConstantPad1d((-1, 4), 0.0), nn.CircularPad1d(2), nn.Conv1d(1, 1, 4, 3)],
    [nn.ReplicationPad1d((1, 2)), nn.ConvTranspose1d(1, 1, 3, 2), nn.ZeroPad1d((3, -1)), nn.Conv1d(1, 1, 2)],
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
    if not any(getattr(layer, "transposed", False) for layer in layers):
        assert all(first == field.start + field.jump * cell for cell, (first, _) in found.items())
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
        (nn.Conv3d(1, 1, 3), "kernel_size must be one whole number or three.*2 numbers"),
        (nn.ReLU(), "leave out layers that treat each cell alone"),
        (nn.ConvTranspose2d(1, 1, 2000, 1000), "cell by cell"),
    ],
    ids=str,
)
def test_a_layer_without_a_field_is_refused_by_its_place(layer, why):
    with pytest.raises(sizes.SizeError, match=f"^(layer [12]|Upsample)[ ,:].*{why}"):
        sizes.receptive_field([((3, 3), 1), layer])


def test_the_field_of_layers_with_three_axes():
    convs = [
        nn.Conv3d(1, 1, (3, 4, 2), (1, 2, 1), (1, 3, 0), (1, 2, 3)),
        nn.Conv3d(1, 1, (3, 2, 3), 2),
    ]
    layers = [
        convs[0],
        nn.ConstantPad3d((1, 0, 2, 3, 0, 4), 0.0),
        convs[1],
        nn.AvgPool3d((1, 2, 3), (1, 2, 2)),
    ]
    field = sizes.receptive_field(layers)
    x = torch.zeros(1, 1, 24, 48, 48, requires_grad=True)
    y = x
    for layer in layers:
        if layer in convs:
            nn.init.ones_(layer.weight)
        y = layer(y)
    cell = [side // 2 for side in y.shape[2:]]
    y[0, 0, cell[0], cell[1], cell[2]].backward()
    seen = x.grad[0, 0].nonzero()
    least, most = seen.amin(0).tolist(), seen.amax(0).tolist()
    assert field.size == tuple(b - a + 1 for a, b in zip(least, most, strict=True))
    assert tuple(least) == tuple(
        s + j * c for s, j, c in zip(field.start, field.jump, cell, strict=True)
    )


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
