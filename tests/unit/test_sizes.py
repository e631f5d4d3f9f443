"""Known values, explanations, messages and huge numbers of googlenet_edu.sizes."""

import subprocess
import sys

import pytest

from googlenet_edu.sizes import (
    SizeError,
    SizeTypeError,
    adaptive_pool_bins,
    adaptive_pool_output_size,
    caffe_pool_output_size,
    conv_output_size,
    conv_transpose_output_size,
    explain_adaptive_pool,
    explain_conv,
    explain_conv_transpose,
    explain_pool,
    pool_output_size,
    receptive_field,
)

HUGE = 10**30


@pytest.mark.parametrize(
    ("size", "args", "out"),
    [
        (224, (7, 2, 3), 112), (224, (7, 2, "valid"), 109), (224, (11, 4), 54), (227, (11, 4), 55),
        (224, (11, 4, 2), 55), (64, (3, 2, 1), 32), (7, (3, 1, 0, 3), 1), (3, (4, 1, 2), 4),
        (10, (4, 1, "same", 2), 10), ((11, 7), ((3, 1), (2, 1), (1, 0), (2, 1)), (5, 7)),
        (28, (5, 1, 1), 26), ((224, 320), (7, 2, 3), (112, 160)),
    ],
)  # fmt: skip
def test_convolution_values(size, args, out):
    assert conv_output_size(size, *args) == out


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "out"),
    [
        (32, 1, 2, 0, 16), (10, 1, 2, 0, 5), (11, 1, 2, 0, 6), (9, 4, 4, 2, 3),
        ((6, 7), 1, 2, 0, (3, 4)), (32, 8, 4, 0, 7), (4, 3, 3, 0, 2), (112, 3, 2, 0, 56),
        (7, 2, 3, 1, 3), (7, 2, 2, 1, 4), (9, 2, 2, 1, 5), (17, 2, 2, 1, 9), (64, 3, 2, 1, 33),
    ],
)  # fmt: skip
def test_ceil_mode_drops_the_last_window(size, kernel, stride, padding, out):
    for kind in ("max", "avg"):
        given = pool_output_size(size, kernel, stride, padding, ceil_mode=True, kind=kind)
        assert given == out


def test_caffe_drops_only_with_padding():
    assert caffe_pool_output_size(32, 1, 2) == 17
    assert caffe_pool_output_size(9, 4, 4, 2) == 3
    assert caffe_pool_output_size((112, 56), 3, 2) == (56, 28)


def test_stride_defaults_to_the_kernel():
    assert pool_output_size(14, 3) == 4
    assert pool_output_size(112, 3, 2) == 55


def test_a_dilated_pool_is_limited_by_the_plain_kernel():
    assert pool_output_size(7, 3, 1, 1, 2) == 5
    assert pool_output_size((20, 20), (14, 3), 1, (2, 1)) == (11, 20)
    with pytest.raises(SizeError, match="half of kernel_size=3.*at most 1"):
        pool_output_size(7, 3, 1, 2, 2)


def test_one_clear_sentence():
    cases = [
        (lambda: conv_output_size(5, 7), "spans 7 cells.*only 5"),
        (lambda: conv_output_size((9, 5), 7), "width: the kernel spans 7"),
        (lambda: conv_output_size(5, 3, 0), "stride must be 1 or more, but got 0"),
        (lambda: conv_output_size((5, 5), 3, (1, 0)), r"stride \(width\) must be 1 or more"),
        (lambda: conv_output_size(5, 3, padding=(3 - 1) / 2), "padding .* 1.0 .*//"),
        (lambda: conv_output_size(5, "3"), "kernel_size .*'3'.*quotes"),
        (lambda: conv_output_size(5, None), "kernel_size .*None"),
        (lambda: conv_output_size(5, 3, padding=True), "True is a truth value"),
        (lambda: conv_output_size(5, 3, padding="SAME"), "'valid' or 'same', but got 'SAME'"),
        (lambda: conv_output_size(5, 3, 2, "same"), "'same' needs stride=1"),
        (lambda: conv_output_size(5, 3, padding=(1, 1, 1, 1)), "4 numbers.*functional.pad"),
        (lambda: conv_output_size((1, 3, 224, 224), 3), "size .*leave out batch"),
        (lambda: pool_output_size(5, 3, ceil_mode=1), "ceil_mode must be True or False"),
        (lambda: pool_output_size(5, 3, kind="min"), "kind must be 'max' or 'avg'"),
        (lambda: pool_output_size(5, 3, dilation=2, kind="avg"), "no dilation"),
        (lambda: pool_output_size(50, 545646544, 2), "output would be -272823246"),
        (lambda: adaptive_pool_output_size(5, -1), "output_size must be 0 or more"),
        (lambda: conv_transpose_output_size(4, 3, 2, output_padding=2), "choose at most 1"),
        (lambda: receptive_field([(3, 1), (0, 1)]), "layer 2: kernel_size"),
        (lambda: receptive_field([{"stride": 2}]), "layer 1 has no kernel_size"),
    ]
    for call, pattern in cases:
        with pytest.raises(SizeError, match=pattern) as caught:
            call()
        text = str(caught.value)
        assert "\n" not in text and text.endswith("."), text
        text.encode("gbk")


def test_wrong_types_are_type_errors_too():
    with pytest.raises(TypeError):
        conv_output_size(5, 3.0)
    assert issubclass(SizeTypeError, ValueError)


def test_huge_numbers_answer_at_once():
    assert conv_output_size(HUGE, 3, 2, 1) == (HUGE - 1) // 2 + 1
    assert pool_output_size(HUGE, 3, 2, ceil_mode=True) == (HUGE - 3 + 1) // 2 + 1
    assert adaptive_pool_output_size(HUGE, HUGE) == HUGE
    assert adaptive_pool_bins(HUGE, 3)[2] == (2 * HUGE // 3, HUGE)
    steps = explain_conv(HUGE, 2, HUGE // 3)
    assert steps.axes[0].unread.count == HUGE - 2 * steps.out
    assert steps.axes[0].windows[-1].stop <= HUGE
    assert "..." not in repr(steps)
    assert "digits" in str(explain_conv(10**6000, 3))
    assert "digits" in str(pytest.raises(SizeError, conv_output_size, 5, 10**6000).value)


def test_explanation_says_each_step():
    text = str(explain_conv(224, 7, 2, 3))
    for part in ("224 + 2 × 3 = 230", "230 - 7 = 223", "223 / 2 = 111.5", "floor(111.5) = 111",
                 "111 + 1 = 112", "every cell of the input is read"):  # fmt: skip
        assert part in text
    assert int(explain_conv(224, 7, 2, 3)) == 112


def test_explanation_shows_the_dropped_window():
    dropped = str(explain_pool(32, 1, 2, ceil_mode=True))
    assert "16 × 2 = 32 >= 32 + 0 = 32: dropped" in dropped
    assert "17 - 1 = 16" in dropped
    kept = str(explain_pool(112, 3, 2, ceil_mode=True))
    assert "110 < 112 + 0 = 112: kept" in kept
    assert explain_pool(32, 1, 2, ceil_mode=True).axes[0].dropped


def test_explanation_names_cells_never_read():
    axis = explain_conv(13, 2, 5).axes[0]
    assert list(axis.unread) == [2, 3, 4, 7, 8, 9, 12]
    assert "7 cells, index 2 to 4, 7 to 9, 12" in axis.unread.text()
    assert axis.unused_padding == 0
    assert explain_conv(224, 7, 2, 3).axes[0].unused_padding == 1


def test_average_pool_divisors():
    def divisors(*args, **kwargs):
        return [w.divisor for w in explain_pool(*args, kind="avg", **kwargs).axes[0].windows]

    assert divisors(5, 2, 2, ceil_mode=True) == [2, 2, 1]
    assert divisors(4, 3, 2, 1, ceil_mode=True) == [3, 3, 2]
    assert divisors(4, 3, 2, 1, ceil_mode=True, count_include_pad=False) == [2, 3, 1]


def test_same_padding_puts_the_odd_cell_on_the_right():
    axis = explain_conv(5, 4, padding="same").axes[0]
    assert (axis.pad_left, axis.pad_right) == (1, 2)
    assert "1 on the left + 2 on the right" in str(explain_conv(5, 4, padding="same"))


def test_explanations_print_in_html_and_in_gbk():
    for steps in (
        explain_conv((11, 7), (3, 1), (2, 1), (1, 0), (2, 1)),
        explain_pool(17, 2, 2, 1, ceil_mode=True, kind="avg"),
        explain_adaptive_pool((7, 9), (3, None)),
        explain_conv_transpose(4, 3, 2, 1, 1),
    ):
        str(steps).encode("gbk")
        str(steps).encode("cp1252")
        html = steps._repr_html_()
        assert html.count("<tr>") == html.count("</tr>") >= 1
        assert repr(steps).startswith("<") and " at 0x" not in repr(steps)
    assert "height" in str(explain_conv((11, 7), 3)) and "width" in str(explain_conv((11, 7), 3))


def test_receptive_field_rows():
    field = receptive_field([(7, 2, 3), (3, 2)])
    assert field[:3] == (11, 4, -3)
    assert field.steps[0] == ("layer 1", 7, 2, -3)
    assert receptive_field([((3, 5), 1)]).size == (3, 5)
    assert receptive_field([]).size == 1


def test_it_needs_no_torch_and_no_numpy():
    code = (
        "import sys, googlenet_edu.sizes as s; s.explain_conv(224, 7, 2, 3)._repr_html_();"
        "bad = {'torch', 'numpy', 'matplotlib', 'ipywidgets'} & set(sys.modules);"
        "assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
