"""fast: every step and all together give the original's numbers, and leave the original alone."""

import copy
import io
import pickle
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from googlenet_edu import GoogLeNet, fast
from googlenet_edu.fast import (
    FastGoogLeNet,
    channels_last,
    compile_for_inference,
    drop_heads,
    fold_batch_norms,
    fuse_relu,
    largest_difference,
    merge_siblings,
    optimize_for_inference,
)
from googlenet_edu.fast import layers as fast_layers
from googlenet_edu.fast.layers import ConvReLU, MergedInception, fused_convolution_works
from googlenet_edu.fast.program import Programs

STEPS = {
    "drop_heads": drop_heads,
    "fold_batch_norms": fold_batch_norms,
    "merge_siblings": merge_siblings,
    "channels_last": channels_last,
    "fuse_relu": fuse_relu,
    "prepack": lambda net: fuse_relu(net, prepack=True),
}


def lived_in(net, seed=0):
    """Give a network statistics and biases as after training: nothing is 0 or 1."""
    torch.manual_seed(seed)
    for module in net.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.normal_(module.bias, std=0.2)
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.3)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.normal_(module.weight, 1, 0.2)
            nn.init.normal_(module.bias, std=0.2)
    nn.init.normal_(net.fc.weight, std=0.03)
    return net.eval()


def small(**args):
    return lived_in(GoogLeNet(**{"num_classes": 10, "width": 0.25, **args}))


def pictures(n=2, side=64, channels=3):
    return torch.randn(n, channels, side, side, generator=torch.Generator().manual_seed(n + side))


def close(net, other, images):
    """Compare all scores; a test of its own arithmetic, not largest_difference."""
    with torch.no_grad():
        right, found = net.main_logits(images), other.main_logits(images)
    if right.numel() > 1:
        assert right.std() > 1e-3, "scores that all agree would prove nothing"
    assert found.dtype == torch.float32 and found.shape == right.shape
    assert (right - found).abs().max() < 1e-4
    return (right - found).abs().max().item()


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("norm", ["bn", "lrn", "none"])
def test_each_step_alone_is_equal(step, norm):
    net = small(norm=norm)
    other = STEPS[step](net)
    assert isinstance(other, GoogLeNet) and other is not net
    close(net, other, pictures())
    close(net, other, pictures(1, 95))


def test_the_steps_do_what_they_say():
    net = small()
    kinds = lambda one: [type(m) for m in one.modules()]  # noqa: E731
    assert drop_heads(net).aux1 is None and drop_heads(net).aux is False
    assert nn.BatchNorm2d not in kinds(fold_batch_norms(net))
    merged = merge_siblings(net)
    assert kinds(merged).count(MergedInception) == 9
    assert merged.inception3a.first.conv[0].out_channels == 16 + 24 + 4
    last = channels_last(net)
    assert last.conv1.conv[0].weight.is_contiguous(memory_format=torch.channels_last)
    assert not net.conv3.conv[0].weight.is_contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        given = last.conv1(pictures())
    assert given.is_contiguous(memory_format=torch.channels_last)
    assert nn.ReLU not in kinds(drop_heads(fuse_relu(net)))
    assert kinds(drop_heads(fuse_relu(net))).count(ConvReLU) == 57


@pytest.mark.parametrize("variant", ["article", "caffe", "none", "torchvision"])
@pytest.mark.parametrize("aux", [True, False])
@pytest.mark.parametrize("classes", [1, 10, 1000])
def test_all_together_every_variant(variant, aux, classes):
    net = small(variant=variant, aux=aux, num_classes=classes)
    quick = optimize_for_inference(net)
    assert close(net, quick, pictures(1)) < 1e-4
    for n, side in ((2, 64), (3, 47), (1, 130), (2, 79)):
        close(net, quick, pictures(n, side))
    out = quick(pictures(2, 64))
    assert out.logits.shape == (2, classes) and out.aux1 is None and out.aux2 is None
    assert not out.logits.requires_grad


def test_the_whole_network_at_its_own_size():
    net = lived_in(GoogLeNet())
    quick = optimize_for_inference(net)
    assert quick.difference < 1e-4 and quick.seconds > 0
    images = pictures(2, 224)
    close(net, quick, images)
    with torch.no_grad():
        assert torch.equal(net.main_logits(images).argmax(1), quick(images).logits.argmax(1))


def test_heads_on_request():
    net = small()
    quick = optimize_for_inference(net, heads=True)
    assert "drop the heads" not in quick.steps
    images = pictures(2, 224)
    with torch.no_grad():
        for one, two in zip(net(images), quick(images), strict=True):
            assert (one - two).abs().max() < 1e-4
    with pytest.raises(ValueError, match="223 to 270"):
        quick(pictures(1, 300))
    assert optimize_for_inference(net)(pictures(1, 300)).logits.shape == (1, 10)


def test_the_original_is_untouched():
    net = small()
    net.fc.weight.requires_grad_(False)
    state = {key: (one.clone(), one.stride()) for key, one in net.state_dict().items()}
    flags = [p.requires_grad for p in net.parameters()]
    names = [(name, type(m), m.training) for name, m in net.named_modules()]
    rng = torch.get_rng_state()
    for step in [*STEPS.values(), optimize_for_inference]:
        other = step(net)
        with torch.no_grad():
            other.main_logits(pictures())
            for one in other.parameters():
                one.zero_()
    assert torch.equal(rng, torch.get_rng_state())
    assert flags == [p.requires_grad for p in net.parameters()]
    assert names == [(name, type(m), m.training) for name, m in net.named_modules()]
    for key, one in net.state_dict().items():
        assert torch.equal(one, state[key][0]) and one.stride() == state[key][1], key


def test_a_bias_before_batch_norm_is_scaled_too():
    """Case: w 2, b 1, mean 3, var 3, eps 1, gamma 6, beta -1, x 5 gives 23 (21 if b is not)."""
    net = small(aux=False)
    conv = nn.Conv2d(3, 16, 7, 2, 3).eval()
    nn.init.normal_(conv.bias, std=3)
    net.conv1.conv[0] = conv
    close(net, fold_batch_norms(net), pictures())
    close(net, optimize_for_inference(net), pictures())
    wrong = fold_batch_norms(net)
    scale = net.conv1.conv[1].weight / (net.conv1.conv[1].running_var + 1e-5).sqrt()
    with torch.no_grad():
        wrong.conv1.conv[0].bias += conv.bias * (1 - scale)
    assert largest_difference(net, wrong, pictures()) > 1e-3


def test_weights_loaded_before_and_after():
    net, other = small(), small()
    lived_in(other, seed=7)
    quick = optimize_for_inference(net)
    net.load_state_dict(other.state_dict())
    close(other, optimize_for_inference(net), pictures())
    assert largest_difference(net, quick, pictures()) > 0.01, "the copy kept the weights it had"
    with pytest.raises(RuntimeError, match="load them into GoogLeNet"):
        quick.load_state_dict(other.state_dict())
    torchvision = small(variant="torchvision")
    close(torchvision, optimize_for_inference(torchvision), pictures())


def test_replaced_classes_and_gray_images():
    net = small(in_channels=1).reset_classes(3).eval()
    quick = optimize_for_inference(net)
    close(net, quick, pictures(2, 64, 1))
    assert quick.num_classes == 10 or quick(pictures(1, 64, 1)).logits.shape == (1, 3)
    assert quick.num_classes == 3
    transformed = small(variant="torchvision", transform_input=True)
    close(transformed, optimize_for_inference(transformed), pictures())


def test_train_mode_and_other_networks_are_refused():
    net = small()
    for step in [*STEPS.values(), optimize_for_inference, compile_for_inference]:
        with pytest.raises(ValueError, match=r"net\.eval\(\)"):
            step(net.train())
        net.eval().conv1.conv[1].train()
        with pytest.raises(ValueError, match="in part"):
            step(net)
        net.eval()
        with pytest.raises(TypeError, match="must be a GoogLeNet, but got Linear"):
            step(nn.Linear(2, 2))
        with pytest.raises(TypeError, match="it was made from"):
            step(optimize_for_inference(net))
    quick = optimize_for_inference(net)
    assert quick.eval() is quick and not quick.training
    with pytest.raises(RuntimeError, match="train the original"):
        quick.train()
    with pytest.raises(ValueError, match="'fp32' or 'bf16'"):
        optimize_for_inference(net, precision="int8")
    for dtype in (torch.float64, torch.float16):
        with pytest.raises(ValueError, match=r"net\.float\(\)"):
            optimize_for_inference(copy.deepcopy(net).to(dtype))


def test_bad_images_are_refused_as_by_the_original():
    net = small()
    for quick in (optimize_for_inference(net), _without_warning_bf16(net)):
        for images, words in (
            (torch.zeros(3, 64, 64), "batch axis"),
            (torch.zeros(1, 1, 64, 64), "gray"),
            (torch.zeros(1, 3, 20, 20), "at least 31"),
            (torch.zeros(1, 3, 64, 64, dtype=torch.uint8), "floating-point"),
            (torch.zeros(1, 3, 64, 64, dtype=torch.float64), "dtype"),
        ):
            for call in (quick, quick.main_logits):
                with pytest.raises(ValueError, match=words):
                    call(images)
        with pytest.raises(TypeError, match="torch tensor"):
            quick([1, 2])
        assert quick(torch.zeros(0, 3, 64, 64)).logits.shape == (0, 10)


def test_it_can_be_pickled_copied_and_saved():
    net = small()
    quick = optimize_for_inference(net)
    want = quick.main_logits(pictures())
    file = io.BytesIO()
    torch.save(quick, file)
    file.seek(0)
    again = torch.load(file, weights_only=False)
    for other in (pickle.loads(pickle.dumps(quick)), copy.deepcopy(quick), again):
        assert torch.equal(other.main_logits(pictures()), want)
        assert other.steps == quick.steps
    quick = optimize_for_inference(net, script=False)
    quick.main_logits(pictures())
    packed = [m for m in quick.modules() if isinstance(m, ConvReLU)]
    assert fused_convolution_works(torch.float32), "this machine fuses, or the test says nothing"
    assert all(m._packed and not m.__getstate__()["_packed"] for m in packed)


def test_packed_weights_are_few_and_never_stale():
    net = small()
    quick = optimize_for_inference(net, script=False)
    for n in range(1, 8):
        close(net, quick, pictures(n))
    layers = [m for m in quick.modules() if isinstance(m, ConvReLU)]
    assert max(len(m._packed) for m in layers) == 4
    with torch.no_grad():
        layers[0].weight.mul_(2)
        net.conv1.conv[1].weight.mul_(2)
        net.conv1.conv[1].bias.mul_(2)
        layers[0].bias.mul_(2)
    close(net, quick, pictures(7))
    net.conv1.conv[1].weight.data = net.conv1.conv[1].weight.data / 2
    net.conv1.conv[1].bias.data = net.conv1.conv[1].bias.data / 2
    layers[0].weight = nn.Parameter(layers[0].weight / 2, requires_grad=False)
    layers[0].bias = nn.Parameter(layers[0].bias / 2, requires_grad=False)
    close(net, quick, pictures(7))
    quick.double()
    assert not any(m._packed for m in layers)


@pytest.mark.parametrize("hidden", ["pointwise", "reorder", "both", "broken"])
def test_without_the_private_calls(monkeypatch, hidden):
    def broken(*_):
        raise RuntimeError("changed its arguments")

    if hidden in ("pointwise", "both"):
        monkeypatch.setattr(fast_layers, "_pointwise", lambda: None)
    if hidden in ("reorder", "both"):
        monkeypatch.setattr(fast_layers, "_reorder", lambda: None)
    if hidden == "broken":
        monkeypatch.setattr(fast_layers, "_pointwise", lambda: broken)
    fused_convolution_works.cache_clear()
    try:
        net = small()
        quick = optimize_for_inference(net)
        assert ("fuse ReLU" in quick.steps) == (hidden == "reorder")
        close(net, quick, pictures())
        close(net, fuse_relu(net, prepack=True), pictures())
    finally:
        fused_convolution_works.cache_clear()


def test_a_call_that_gives_other_numbers_is_not_used(monkeypatch):
    monkeypatch.setattr(fast_layers, "_pointwise", lambda: lambda x, *_: F.relu(x[:, :1]) * 0)
    fused_convolution_works.cache_clear()
    try:
        assert not fused_convolution_works(torch.float32)
    finally:
        fused_convolution_works.cache_clear()


def test_one_program_for_each_shape_and_its_scores():
    net = small()
    quick = optimize_for_inference(net)
    assert quick.steps[-2:] == ("chunks of a batch", "one program")
    made = quick._programs._made
    assert not made, "nothing is made before images come"
    first = quick.main_logits(pictures())
    assert torch.equal(first, quick.main_logits(pictures())), "the same images, the same digits"
    assert torch.equal(first, quick(pictures()).logits)
    (program,) = made.values()
    graph = str(program.graph_for(pictures()))
    assert graph.count("prim::oneDNNFusionGroup") >= 9, "each block has a run of layers for oneDNN"
    assert "aten::split" not in graph, "it has the three 1x1 convolutions of each block again"
    assert sum(isinstance(m, MergedInception) for m in quick.modules()) == 9, "and the steps one"
    assert max(close(net, quick, pictures(n)) for n in range(1, 12)) < 1e-4
    assert len(made) == 8, "no more than eight, the others take the steps"
    close(net, quick, pictures(3, 64).contiguous(memory_format=torch.channels_last))
    packed = [m._packed for m in quick.modules() if isinstance(m, ConvReLU)]
    assert any(packed), "shapes without a program pack their weights"


def test_a_program_never_answers_for_other_weights_or_layers():
    net = small()
    quick = optimize_for_inference(net)
    close(net, quick, pictures())
    with torch.no_grad():
        for one in (net, quick.net):
            one.fc.weight.mul_(1.5)
    close(net, quick, pictures())
    fresh = nn.Linear(net.fc.in_features, 10)
    net.fc, quick.net.fc = fresh, copy.deepcopy(fresh).requires_grad_(False)
    close(net, quick, pictures())
    for one in (net, quick.net):
        one.fc.weight.data = one.fc.weight.data * 2
    close(net, quick, pictures())
    assert [one is not None for one in quick._programs._made.values()] == [True]
    seen = []
    hook = quick.net.inception4a.register_forward_hook(lambda *_: seen.append(1))
    close(net, quick, pictures())
    hook.remove()
    close(net, quick, pictures())
    assert seen == [1], "a hook on a layer is called, and once"
    quick.double()
    assert quick.main_logits(pictures().double()).shape == (2, 10)


def test_a_program_is_made_of_the_merged_weights_as_they_are():
    net = small()
    steps, quick = optimize_for_inference(net, script=False), optimize_for_inference(net)
    close(steps, quick, pictures())
    blocks = [one.net.inception3a for one in (steps, quick)]
    with torch.no_grad():
        for block in blocks:
            block.first.conv[0].weight.mul_(1.5)
    close(steps, quick, pictures())
    assert largest_difference(net, quick, pictures()) > 0.01
    assert [one is not None for one in quick._programs._made.values()] == [True]
    for block in blocks:
        block.first = nn.Sequential(block.first, nn.ReLU6()).eval()  # it cannot be split
    close(steps, quick, pictures())
    assert list(quick._programs._made.values()) == [None]


@pytest.mark.parametrize("fault", ["gone", "fails", "wrong", "not finite"])
def test_where_a_program_cannot_be_made_the_steps_remain(monkeypatch, fault):
    def fails(*_, **__):
        raise RuntimeError("no more")

    if fault == "gone":
        monkeypatch.delattr(torch.jit, "enable_onednn_fusion")
    if fault == "fails":
        monkeypatch.setattr(torch.jit, "trace", fails)
    if fault == "wrong":
        monkeypatch.setattr(torch.jit, "trace", lambda f, *_, **__: lambda x: f(x) * 1.001)
    if fault == "not finite":
        monkeypatch.setattr(torch.jit, "trace", lambda f, *_, **__: lambda x: f(x) * float("nan"))
    net = small()
    quick = optimize_for_inference(net)
    assert ("one program" in quick.steps) == (fault != "gone")
    close(net, quick, pictures())
    close(net, quick, pictures())
    if fault != "gone":
        assert list(quick._programs._made.values()) == [None], "it is tried once for each shape"


@pytest.mark.parametrize("before", [True, False])
def test_making_a_program_leaves_the_process_as_it_was(before):
    was = torch.jit.onednn_fusion_enabled()
    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    net, images = small(), pictures()
    try:
        torch.jit.enable_onednn_fusion(before)
        torch.set_default_dtype(torch.float64)
        torch.set_default_device("meta")
        rng = torch.get_rng_state()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            quick = optimize_for_inference(net)
            with torch.inference_mode():
                inside = quick.main_logits(images)
        assert torch.jit.onednn_fusion_enabled() == before
        assert torch.equal(rng, torch.get_rng_state())
    finally:
        torch.jit.enable_onednn_fusion(was)
        torch.set_default_dtype(dtype)
        torch.set_default_device(None)
    assert len(quick._programs._made) == 1 and None not in quick._programs._made.values()
    assert torch.equal(inside, quick.main_logits(images))
    close(net, quick, images)
    try:
        torch.set_num_threads(threads + 1)
        close(net, quick, images)
    finally:
        torch.set_num_threads(threads)
    assert len(quick._programs._made) == 2, "the work is divided anew for another number of threads"


def test_several_threads_share_one_network():
    net = small()
    quick = optimize_for_inference(net)
    batches = [pictures(n) for n in (1, 2, 3)] * 6
    with torch.no_grad():
        right = [net.main_logits(one) for one in batches]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(quick.main_logits, batches))
    assert len({key[0] for key in quick._programs._made}) == 3
    for one, two in zip(right, found, strict=True):
        assert (one - two).abs().max() < 1e-4


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize(
    ("batch", "in_a_chunk", "sizes"),
    [(7, 3, [3, 3, 1]), (7, 7, [7]), (8, 4, [4, 4]), (3, 0.5, [1, 1, 1]), (7, 3.9, [3, 3, 1])],
)
def test_a_batch_in_chunks_keeps_its_order(monkeypatch, script, batch, in_a_chunk, sizes):
    net = small()
    first_map = 32 * 32 * 16 * 4  # bytes, of one image
    quick = optimize_for_inference(net, script=script, chunk=in_a_chunk * first_map)
    seen, scores = [], quick._scores
    monkeypatch.setattr(quick, "_scores", lambda x: seen.append(len(x)) or scores(x))
    assert close(net, quick, pictures(batch)) < 1e-4
    assert seen == sizes
    assert quick.main_logits(pictures(0)).shape == (0, 10)


def test_the_chunks_of_twenty_pictures_fit_a_cache():
    quick = optimize_for_inference(lived_in(GoogLeNet(aux=False)), script=False)
    assert [len(one) for one in quick._chunks(torch.empty(20, 3, 224, 224))] == [4] * 5
    assert [len(one) for one in quick._chunks(torch.empty(20, 3, 96, 96))] == [20]
    assert [len(one) for one in quick._chunks(torch.empty(2, 3, 900, 900))] == [1, 1]
    assert [len(one) for one in quick._chunks(torch.empty(6, 3, 448, 448))] == [1] * 6
    assert [len(one) for one in quick._chunks(torch.empty(21, 3, 224, 224))] == [4] * 5 + [1]
    assert [len(one) for one in quick._chunks(torch.empty(0, 3, 224, 224))] == [0]
    whole = optimize_for_inference(small(), chunk=None)
    assert [len(one) for one in whole._chunks(torch.empty(99, 3, 224, 224))] == [99]
    assert "chunks of a batch" not in whole.steps
    for chunk in (0, -1, float("nan"), "16 MB"):
        with pytest.raises(ValueError, match="number of bytes above 0"):
            optimize_for_inference(small(), chunk=chunk)


def test_weights_that_change_while_a_program_is_made_leave_no_stale_one(monkeypatch):
    net = small()
    quick = optimize_for_inference(net)
    make, started, go = Programs._make, threading.Event(), threading.Event()

    def slow(self, shape):
        program = make(self, shape)
        started.set()
        assert go.wait(60)
        return program

    monkeypatch.setattr(Programs, "_make", slow)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(quick.main_logits, pictures())
        assert started.wait(60)
        with torch.no_grad():
            for one in (net, quick.net):
                one.fc.weight.mul_(1.5)
        go.set()
        first.result()
    close(net, quick, pictures())
    close(net, quick, pictures())


def test_weights_made_in_inference_mode():
    net = small()
    data = pickle.dumps(optimize_for_inference(net))
    with torch.inference_mode():
        again = pickle.loads(data)
        close(net, again, pictures())
    close(net, again, pictures())
    assert not again._programs._made


def test_another_compiler_may_translate_the_network():
    net = small()
    quick = optimize_for_inference(net)
    exported = torch.export.export(quick, (pictures(),)).module()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        traced = torch.jit.trace(lambda x: quick.main_logits(x), pictures(), check_trace=False)
    with torch.no_grad():
        right = net.main_logits(pictures())
        assert (exported(pictures()).logits - right).abs().max() < 1e-4
        assert (traced(pictures()) - right).abs().max() < 1e-4


def test_gradients_autocast_and_switched_off_onednn_take_the_plain_way():
    net = small()
    other = fuse_relu(net, prepack=True)
    images = pictures().requires_grad_()
    one = torch.autograd.grad(net.main_logits(images).sum(), images)[0]
    two = torch.autograd.grad(other.main_logits(images).sum(), images)[0]
    assert one.abs().max() > 0 and torch.allclose(one, two, atol=1e-4)
    quick = optimize_for_inference(net)
    assert not quick(images).logits.requires_grad
    with torch.backends.mkldnn.flags(enabled=False):
        close(net, quick, pictures())
    with torch.inference_mode():
        made_inside = optimize_for_inference(net)
        close(net, made_inside, pictures())
    close(net, made_inside, pictures())
    with torch.autocast("cpu", dtype=torch.bfloat16), torch.no_grad():
        assert (quick(pictures()).logits - net.main_logits(pictures())).abs().max() < 0.5


def _without_warning_bf16(net):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return optimize_for_inference(net, precision="bf16")


@pytest.mark.parametrize("norm", ["bn", "lrn", "none"])
def test_bf16_and_its_error(norm):
    net = small(norm=norm)
    quick = _without_warning_bf16(net)
    assert all(p.dtype == torch.bfloat16 for p in quick.parameters())
    with torch.no_grad():
        right = net.main_logits(pictures())
    found = quick.main_logits(pictures())
    assert found.dtype == torch.float32 == quick(pictures()).logits.dtype
    gap = (found - right).abs().max() / right.std()
    assert 1e-5 < gap < 0.2  # 8 significant bits, and 22 layers of them
    assert 0 < quick.difference < 1


def test_bf16_without_the_processor_warns(monkeypatch):
    monkeypatch.setattr(fast.steps, "_has_bf16", lambda: False)
    with pytest.warns(UserWarning, match="slower than fp32"):
        optimize_for_inference(small(), precision="bf16")


def test_largest_difference_sees_what_is_not_finite():
    net = small()
    other = copy.deepcopy(net)
    assert largest_difference(net, other, pictures()) == 0
    with torch.no_grad():
        other.fc.bias[3] += 0.5
        assert largest_difference(net, other, pictures()) == pytest.approx(0.5, abs=1e-5)
        other.fc.bias[3] = float("nan")
    assert largest_difference(net, other, pictures()) == float("inf")
    assert largest_difference(net, other, torch.zeros(0, 3, 64, 64)) == 0


def test_a_copy_that_is_not_equal_is_an_error(monkeypatch):
    """The check itself: a fold that forgets the mean must not get through."""

    def forgets(conv, norm):
        folded = nn.Conv2d(
            conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, conv.padding
        )
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        folded.weight.copy_(conv.weight * scale.reshape(-1, 1, 1, 1))
        folded.bias.copy_(norm.bias)
        return folded

    monkeypatch.setattr(fast.steps, "fold_batch_norm", forgets)
    with pytest.raises(RuntimeError, match="differs from the original"):
        optimize_for_inference(small())


def test_compiled_on_request(monkeypatch):
    """What torch.compile is given and how its answer is wrapped; the compiler itself takes long."""
    seen = {}

    def stand_in(module, **args):
        seen.update(args, module=module)
        return module

    monkeypatch.setattr(torch, "compile", stand_in)
    net = small()
    quick = compile_for_inference(net)
    assert seen["options"] == {"freezing": True} and not seen["module"].training
    assert isinstance(quick, FastGoogLeNet)
    close(net, quick, pictures())
    out = quick(pictures())
    assert out.aux1 is None and torch.equal(out.logits, quick.main_logits(pictures()))
    with pytest.raises(ValueError, match="batch axis"):
        quick(torch.zeros(3, 64, 64))
    for copying in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="compile that again"):
            copying(quick)
