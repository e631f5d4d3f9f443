"""GoogLeNet as a whole: totals, shapes, the place of each head, input checks, formats."""

import copy
import inspect
import io
import pickle
import re
import sys

import pytest
import torch
from torch import nn
from torch.ao.quantization import quantize_fx

from googlenet_edu import GoogLeNet, GoogLeNetOutput
from googlenet_edu.architecture import VARIANTS, ConvSpec, InceptionSpec, network

SMALL = {"num_classes": 5, "width": 0.25}


def small(**options):
    torch.manual_seed(0)
    return GoogLeNet(**{**SMALL, **options}).eval()


def parameters(module):
    return sum(p.numel() for p in module.parameters())


def images(*shape, seed=1):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def net():
    return small()


@pytest.mark.parametrize(
    ("options", "with_heads", "without"),
    [
        ({}, 13_385_816, 7_005_832),
        ({"norm": "lrn"}, 13_378_280, 6_998_552),
        ({"norm": "none"}, 13_378_280, 6_998_552),
        ({"variant": "caffe"}, 13_378_280, 6_998_552),
        ({"variant": "torchvision"}, 13_004_888, 6_624_904),
    ],
)
def test_totals(options, with_heads, without):
    with torch.device("meta"):
        assert parameters(GoogLeNet(**options)) == with_heads
        assert parameters(GoogLeNet(aux=False, **options)) == without


def test_modules_stand_in_the_order_of_the_article():
    with torch.device("meta"):
        names = [name for name, _ in GoogLeNet().named_children()]
        lrn = [name for name, _ in GoogLeNet(norm="lrn").named_children()]
    assert (
        names
        == (
            "conv1 maxpool1 conv2 conv3 maxpool2 inception3a inception3b maxpool3 inception4a "
            "inception4b inception4c inception4d inception4e maxpool4 inception5a inception5b "
            "avgpool dropout fc aux1 aux2"
        ).split()
    )
    assert lrn[:8] == "conv1 maxpool1 norm1 conv2 conv3 norm2 maxpool2 inception3a".split()


@pytest.mark.parametrize("width", [1, 0.5, 0.25, 0.1, 1.37])
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("in_channels", [1, 3])
def test_the_listing_is_the_table(variant, width, in_channels):
    plan = network(variant, width, in_channels)
    with torch.device("meta"):
        net = GoogLeNet(7, variant=variant, width=width, in_channels=in_channels)
    rows = [(s.name, s) for s in plan.backbone if not isinstance(s, InceptionSpec)]
    for block in plan.backbone:
        if isinstance(block, InceptionSpec):
            branches = block.branches(plan.variant.branch3_kernel)
            rows += [(f"{block.name}.{s.name}", s) for branch in branches for s in branch]
    fields = ("kernel_size", "stride", "padding", "dilation")
    for name, spec in rows:
        layer = net.get_submodule(name)
        if isinstance(spec, ConvSpec):
            layer = layer.conv[0]
            assert (layer.bias is not None) == plan.variant.conv_bias
            channels = (layer.in_channels, layer.out_channels)
            assert channels == (spec.in_channels, spec.out_channels), name
        else:
            assert layer.ceil_mode == spec.ceil_mode, name
        for field in fields:
            value = getattr(layer, field)
            assert value in (getattr(spec, field), (getattr(spec, field),) * 2), (name, field)
    for head in plan.aux:
        layer = getattr(net, head.name)
        assert layer.feature_[1].conv[0].in_channels == head.in_channels
        assert layer.clf_[0].in_features == head.flat_features
        assert (layer.clf_[3].in_features, layer.clf_[3].out_features) == (head.hidden, 7)
    assert net.fc.in_features == plan.out_channels


def test_the_comments_of_the_listing_are_its_maps():
    told = re.findall(r"self\.(\w+)\(x\)  # N x ([\d x]+)", inspect.getsource(GoogLeNet._layers))
    seen = []
    with torch.device("meta"):
        net = GoogLeNet().eval()
        for name, layer in net.named_children():
            layer.register_forward_hook(
                lambda m, i, o, name=name: seen.append((name, " x ".join(map(str, o.shape[1:]))))
            )
        net(torch.empty(2, 3, 224, 224))
    assert told == [one for one in seen if one[0] != "dropout"]


def test_four_ceil_mode_pools_and_the_dropout():
    with torch.device("meta"):
        article, theirs = GoogLeNet(), GoogLeNet(variant="torchvision")
    for number in (1, 2, 3, 4):
        pool = getattr(article, f"maxpool{number}")
        assert (pool.kernel_size, pool.stride, pool.padding, pool.ceil_mode) == (3, 2, 0, True)
    assert article.dropout.p == 0.4 and theirs.dropout.p == 0.2
    assert theirs.maxpool4.kernel_size == 2
    assert {m.eps for m in theirs.modules() if isinstance(m, nn.BatchNorm2d)} == {1e-3}
    assert {m.eps for m in article.modules() if isinstance(m, nn.BatchNorm2d)} == {1e-5}


def test_lrn_has_caffes_numbers():
    net = small(norm="lrn")
    for norm in (net.norm1, net.norm2):
        assert (norm.size, norm.alpha, norm.beta, norm.k) == (5, 1e-4, 0.75, 1)
    seen = []
    net.norm1.register_forward_hook(lambda m, i, o: seen.append(tuple(o.shape[1:])))
    net.norm2.register_forward_hook(lambda m, i, o: seen.append(tuple(o.shape[1:])))
    net.main_logits(images(1, 3, 64, 64))
    assert seen == [(16, 16, 16), (48, 16, 16)]
    assert not any(isinstance(m, nn.BatchNorm2d) for m in net.modules())


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("norm", ["bn", "lrn", "none"])
def test_forward_always_returns_the_named_tuple(training, norm):
    net = small(norm=norm).train(training)
    out = net(images(2, 3, 224, 224))
    assert isinstance(out, GoogLeNetOutput)
    assert out._fields == ("logits", "aux1", "aux2")
    assert [tuple(o.shape) for o in out] == [(2, 5)] * 3
    bare = small(norm=norm, aux=False).train(training)(images(2, 3, 224, 224))
    assert isinstance(bare, GoogLeNetOutput)
    assert bare.logits.shape == (2, 5) and bare.aux1 is None and bare.aux2 is None


def test_each_head_hangs_in_its_place(net):
    net = copy.deepcopy(net)
    x = images(2, 3, 224, 224)
    with torch.no_grad():
        before = net(x)
        for weight in net.inception4b.parameters():
            weight.mul_(-1.5)
        after_4b = net(x)
        for weight in net.inception4e.parameters():
            weight.mul_(-1.5)
        after_4e = net(x)
    assert not torch.equal(after_4b.logits, before.logits)
    assert torch.equal(after_4b.aux1, before.aux1)
    assert not torch.equal(after_4b.aux2, before.aux2)
    assert not torch.equal(after_4e.logits, after_4b.logits)
    assert torch.equal(after_4e.aux2, after_4b.aux2)


def test_the_main_loss_leaves_the_heads_without_gradients():
    net = small().train()
    net(images(2, 3, 224, 224)).logits.sum().backward()
    assert all(p.grad is None for p in net.aux1.parameters())
    assert all(p.grad is None for p in net.aux2.parameters())
    assert all(p.grad is not None for p in net.inception5b.parameters())


def test_main_logits_does_not_run_the_heads(net):
    x = images(2, 3, 224, 224)
    called = []
    handles = [
        head.register_forward_hook(lambda *_: called.append(1)) for head in (net.aux1, net.aux2)
    ]
    try:
        main = net.main_logits(x)
        assert called == []
        assert torch.equal(main, net(x).logits)
        assert called == [1, 1]
    finally:
        for handle in handles:
            handle.remove()


# Rows in = rows out, or one clear error.

SIDES = (79, 80, 96, 128, 160, 192, 222, 223, 224, 256, 270, 271, 288, 299, 320)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("training", [True, False])
def test_rows_from_79_to_320_px(net, side, training):
    net.train(training)
    x = images(3, 3, side, side)
    try:
        if 223 <= side <= 270:
            assert [o.shape[0] for o in net(x)] == [3, 3, 3]
        else:
            with pytest.raises(ValueError, match="square images from 223 to 270 px fit"):
                net(x)
        with torch.no_grad():
            assert net.main_logits(x).shape == (3, 5)
    finally:
        net.eval()


@pytest.mark.parametrize("side", [33, 79, 96, 222, 271, 299, 320])
@pytest.mark.parametrize("training", [True, False])
def test_adaptive_heads_keep_the_rows_at_every_size(side, training):
    net = small(aux_pool="adaptive").train(training)
    with torch.no_grad():
        out = net(images(3, 3, side, side))
    assert [tuple(o.shape) for o in out] == [(3, 5)] * 3


@pytest.mark.parametrize("side", [31, 32, 64, 78])
def test_small_images_evaluate_without_the_heads(net, side):
    out = net(images(2, 3, side, side))
    assert out.logits.shape == (2, 5) and out.aux1 is None and out.aux2 is None
    assert torch.equal(out.logits, net.main_logits(images(2, 3, side, side)))


@pytest.mark.parametrize("side", [31, 32, 64, 78])
def test_small_images_do_not_train_the_heads(side):
    with pytest.raises(ValueError, match=r"at least a 5 x 5 map at 4a.*79 px.*aux=False"):
        small().train()(images(2, 3, side, side))


@pytest.mark.parametrize("options", [{}, {"norm": "lrn"}, {"variant": "torchvision"}])
def test_the_smallest_image_is_exact(options):
    net = small(aux=False, **options)
    side = 15 if options.get("variant") else 31
    assert net.main_logits(images(1, 3, side, side)).shape == (1, 5)
    with pytest.raises(ValueError, match=f"at least {side} x {side} px.*{side - 1} x {side}"):
        net(images(1, 3, side - 1, side))
    net.smallest_image = 1  # torch itself refuses what we refuse
    with pytest.raises(RuntimeError, match="Output size is too small"):
        net(images(1, 3, side - 1, side))


def test_rectangles(net):
    assert [o.shape[0] for o in net(images(2, 3, 224, 260))] == [2, 2, 2]
    with pytest.raises(ValueError, match="14 x 20 gives 4 x 6"):
        net(images(2, 3, 224, 320))
    assert net(images(2, 3, 64, 320)).aux1 is None


@pytest.mark.parametrize("training", [True, False])
def test_an_empty_batch(training):
    net = small().train(training)
    before = {k: v.clone() for k, v in net.named_buffers() if "num_batches" not in k}
    out = net(torch.zeros(0, 3, 224, 224))
    assert [tuple(o.shape) for o in out] == [(0, 5)] * 3
    after = dict(net.named_buffers())
    assert all(torch.equal(v, after[k]) for k, v in before.items())


# Bad input gets one sentence.


@pytest.mark.parametrize(
    ("x", "sentence"),
    [
        (torch.zeros(1, 1, 224, 224), r"channels.*\[1, 1, 224, 224\].*x.expand\(-1, 3, -1, -1\)"),
        (torch.zeros(2, 4, 224, 224), r"3 channels in axis 1.*\[2, 4, 224, 224\]"),
        (torch.zeros(1, 224, 224, 3), r"x.permute\(0, 3, 1, 2\)"),
        (torch.zeros(3, 224, 224), r"\[3, 224, 224\].*x.unsqueeze\(0\)"),
        (torch.zeros(224), r"shape \(N, 3, height, width\), but got \[224\]"),
        (torch.zeros(1, 3, 224, 224, dtype=torch.uint8), r"torch.uint8.*x.float\(\) / 255"),
        (torch.zeros(1, 3, 224, 224, dtype=torch.int64), r"torch.int64.*x.float\(\) / 255"),
        (torch.zeros(1, 3, 224, 224, dtype=torch.bool), r"torch.bool.*x.float\(\) / 255"),
        (torch.zeros(1, 3, 0, 224), "at least 31 x 31 px.*0 x 224"),
        (torch.zeros(1, 3, 224, 30), "at least 31 x 31 px.*224 x 30"),
        (torch.zeros(1, 3, 224, 224, dtype=torch.float64), r"torch.float64.*x.to\(torch.float32\)"),
    ],
)
@pytest.mark.parametrize("call", ["forward", "main_logits"])
def test_images_that_do_not_fit(net, x, sentence, call):
    with pytest.raises(ValueError, match=sentence) as caught:
        getattr(net, call)(x)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("x", [None, [[1.0]], "image", torch.zeros(1, 3, 64, 64).numpy()])
def test_only_tensors(net, x):
    with pytest.raises(TypeError, match="must be a torch tensor, but got .*torch.as_tensor"):
        net(x)


def test_the_advice_works(net):
    gray = images(2, 1, 64, 64)
    assert net.main_logits(gray.expand(-1, 3, -1, -1)).shape == (2, 5)
    assert small(in_channels=1).main_logits(gray).shape == (2, 5)
    assert net.main_logits(images(3, 64, 64).unsqueeze(0)).shape == (1, 5)
    bytes_ = torch.full((1, 3, 64, 64), 200, dtype=torch.uint8)
    assert net.main_logits(bytes_.float() / 255).shape == (1, 5)


def test_bfloat16():
    net = small().to(torch.bfloat16)
    assert net(images(1, 3, 224, 224).bfloat16()).logits.dtype == torch.bfloat16
    with pytest.raises(ValueError, match="weights, torch.bfloat16, but got torch.float32"):
        net(images(1, 3, 224, 224))


def test_autocast_may_mix_dtypes(net):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = net.main_logits(images(1, 3, 64, 64).bfloat16())
    assert out.dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"num_classes": 0}, "num_classes must be a whole number from 1 up, but got 0"),
        ({"num_classes": 2.0}, "num_classes.*but got 2.0"),
        ({"num_classes": True}, "num_classes.*but got True"),
        ({"num_classes": "10"}, "num_classes.*but got '10'"),
        ({"aux": 1}, "aux must be True or False, but got 1"),
        ({"aux": None}, "aux must be True or False, but got None"),
        ({"norm": "gn"}, "norm must be 'bn'.*but got 'gn'"),
        ({"norm": None}, "norm must be 'bn'.*but got None"),
        ({"norm": ["bn"]}, "norm must be 'bn'"),
        ({"variant": "caffee"}, "variant must be one of 'article', 'caffe'.*but got 'caffee'"),
        ({"variant": ["caffe"]}, "variant must be one of"),
        ({"variant": "torchvision", "norm": "lrn"}, "has norm='bn', but norm='lrn'"),
        ({"aux_pool": "max"}, "aux_pool must be 'fixed'.*but got 'max'"),
        ({"in_channels": 0}, "in_channels must be a whole number from 1 up, but got 0"),
        ({"width": 0}, "width must be a positive number, but got 0"),
        ({"transform_input": "yes"}, "transform_input must be True or False"),
        ({"transform_input": True, "in_channels": 1}, "transform_input needs in_channels=3"),
    ],
)
def test_wrong_arguments(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        GoogLeNet(**options)


def test_a_quarter_of_the_width():
    assert parameters(GoogLeNet(10, width=0.25)) == 659_230


# Number of classes.


def test_reset_classes_changes_all_three_heads_and_nothing_else():
    net = small(num_classes=7)
    before = copy.deepcopy(net.state_dict())
    assert net.reset_classes(4) is net
    assert net.num_classes == 4
    assert [tuple(o.shape) for o in net(images(2, 3, 224, 224))] == [(2, 4)] * 3
    heads = ("fc.", "aux1.clf_.3.", "aux2.clf_.3.")
    for key, value in net.state_dict().items():
        if key.startswith(heads):
            assert value.shape[0] == 4, key
        else:
            assert torch.equal(value, before[key]), key
    assert not net.fc.training and not net.aux1.clf_[3].training
    assert all(p.requires_grad for p in net.fc.parameters())


def test_reset_classes_keeps_the_dtype_and_works_without_heads():
    net = small(aux=False).double().reset_classes(3)
    assert net(images(1, 3, 64, 64).double()).logits.shape == (1, 3)


@pytest.mark.parametrize("number", [0, -1, 1.5, None, "3", True])
def test_reset_classes_refuses(net, number):
    with pytest.raises(ValueError, match="num_classes must be a whole number from 1 up"):
        net.reset_classes(number)


def test_a_state_dict_of_other_classes_is_refused():
    with pytest.raises(RuntimeError) as caught:
        small(num_classes=10).load_state_dict(small(num_classes=1000).state_dict())
    for name in ("fc.weight", "aux1.clf_.3.weight", "aux2.clf_.3.weight"):
        assert f"size mismatch for {name}" in str(caught.value)


# Formats.


@pytest.mark.parametrize(
    "options", [{}, {"norm": "lrn"}, {"norm": "none"}, {"variant": "torchvision"}, {"aux": False}]
)
def test_state_dict_round_trip(options):
    net, other = small(**options), small(**options)
    for p in other.parameters():
        nn.init.uniform_(p, -0.1, 0.1)
    file = io.BytesIO()
    torch.save(net.state_dict(), file)
    file.seek(0)
    assert str(other.load_state_dict(torch.load(file))) == "<All keys matched successfully>"
    x = images(1, 3, 224, 224)
    for a, b in zip(net(x), other(x), strict=True):
        assert (a is None and b is None) or torch.equal(a, b)


@pytest.mark.parametrize("training", [True, False])
def test_channels_last_gives_the_same_rows(training):
    net = small(norm="none").train(training)
    net.dropout.p = net.aux1.clf_[2].p = net.aux2.clf_[2].p = 0.0
    x = images(3, 3, 224, 224)
    plain = net(x)
    last = net.to(memory_format=torch.channels_last)(x.to(memory_format=torch.channels_last))
    for a, b in zip(plain, last, strict=True):
        assert b.shape == (3, 5)
        assert torch.allclose(a, b, atol=1e-5)


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
@pytest.mark.parametrize("options", [{}, {"norm": "lrn"}, {"aux": False}])
def test_torchscript(options):
    net = small(**options)
    script = torch.jit.script(net)
    x = images(2, 3, 224, 224)
    for a, b in zip(net(x), script(x), strict=True):
        assert (a is None and b is None) or torch.allclose(a, b, atol=1e-5)
    assert torch.allclose(script.main_logits(x), net.main_logits(x), atol=1e-5)
    assert script(images(2, 3, 64, 64)).aux1 is None
    for bad, sentence in [
        (images(1, 1, 224, 224), "x.expand"),
        (images(3, 224, 224), "x.unsqueeze"),
        (images(1, 3, 224, 224).to(torch.uint8), "x.float"),
        (images(1, 3, 30, 30), "at least 31 x 31"),
    ]:
        with pytest.raises(torch.jit.Error, match=sentence):
            script(bad)


def test_export_with_a_free_batch(net):
    batch = torch.export.Dim("batch")
    program = torch.export.export(net, (images(2, 3, 224, 224),), dynamic_shapes=({0: batch},))
    file = io.BytesIO()
    torch.export.save(program, file)
    file.seek(0)
    loaded = torch.export.load(file).module()
    x = images(3, 3, 224, 224, seed=2)
    out = loaded(x)
    assert type(out) is GoogLeNetOutput
    for a, b in zip(net(x), out, strict=True):
        assert torch.allclose(a, b, atol=1e-5)


def test_copies_and_pickles(net):
    x = images(1, 3, 224, 224)
    theirs = {"conv1.conv.weight": torch.zeros(1)}
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert all(torch.equal(a, b) for a, b in zip(net(x), other(x), strict=True))
        with pytest.raises(RuntimeError, match="variant"):
            other.load_state_dict(theirs)
    out = net(x)
    assert torch.equal(pickle.loads(pickle.dumps(out)).aux2, out.aux2)


def test_data_parallel_on_cpu(net):
    out = nn.DataParallel(net)(images(2, 3, 224, 224))
    assert [tuple(o.shape) for o in out] == [(2, 5)] * 3


def test_a_replica_of_data_parallel(net, monkeypatch):
    def copies(tensors, devices, detach=False):
        return [[t.clone() for t in tensors] for _ in devices]

    module = sys.modules["torch.nn.parallel.replicate"]  # the package has a function of this name
    monkeypatch.setattr(module, "_broadcast_coalesced_reshape", copies)
    monkeypatch.setattr(module, "_get_device_index", lambda device, *_: device)
    x = images(2, 3, 224, 224)
    for replica in torch.nn.parallel.replicate(net, [0, 1]):
        assert not list(replica.parameters())
        for a, b in zip(replica(x), net(x), strict=True):
            assert torch.equal(a, b)
        assert torch.equal(replica.main_logits(x), net.main_logits(x))
        with pytest.raises(ValueError, match="dtype of the weights"):
            replica(x.double())


@pytest.mark.parametrize("options", [{}, {"norm": "lrn"}, {"aux": False}, {"aux_pool": "adaptive"}])
@pytest.mark.parametrize("training", [True, False])
def test_torch_fx_traces_it(options, training):
    net = small(**options).train(training)
    for module in net.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    traced = torch.fx.symbolic_trace(copy.deepcopy(net))
    x = images(2, 3, 224, 224)
    for a, b in zip(net(x), traced(x), strict=True):
        assert (a is None and b is None) or torch.allclose(a, b, atol=1e-5)


def test_weights_with_heads_into_a_network_without():
    whole, bare = small(), small(aux=False)
    with pytest.raises(
        RuntimeError, match="(?s)Unexpected key.*aux=False: build it with heads.*drop_heads"
    ):
        bare.load_state_dict(whole.state_dict())
    assert bare.load_state_dict(whole.state_dict(), strict=False).missing_keys == []
    main = {k: v for k, v in whole.state_dict().items() if not k.startswith("aux")}
    bare.load_state_dict(main)
    assert torch.equal(bare.fc.weight, whole.fc.weight)


@pytest.mark.parametrize(
    ("wrap", "prefix"),
    [
        (nn.DataParallel, "module."),
        (torch.compile, "_orig_mod."),
        (torch.optim.swa_utils.AveragedModel, "module."),
        (lambda net: nn.ModuleDict({"model": nn.Sequential(net)}), "model.0."),
    ],
)
def test_weights_of_a_network_inside_another_module(wrap, prefix):
    whole = small()
    state = wrap(whole).state_dict()
    with pytest.raises(
        RuntimeError, match=f"(?s)Missing key.*names begin with '{prefix}'"
    ) as caught:
        small().load_state_dict(state)
    way_out = re.search(r": load ({.*})\.$", str(caught.value))[1]
    other = small()
    other.load_state_dict(eval(way_out, {"state": state}))
    assert torch.equal(other.fc.weight, whole.fc.weight)


def test_weights_in_a_checkpoint_or_without_heads():
    state = {"epoch": 3, "state_dict": small().state_dict()}
    with pytest.raises(RuntimeError, match=r"(?s)Missing key.*load state\['state_dict'\]"):
        small().load_state_dict(state)
    with pytest.raises(RuntimeError, match="(?s)Missing key.*hold no auxiliary.*aux=False"):
        small().load_state_dict(small(aux=False).state_dict())
    with pytest.raises(RuntimeError, match=r"Missing key[^\n]*$"):
        small().load_state_dict({})


@pytest.mark.filterwarnings("ignore")  # torch.ao.quantization says that it moves to torchao
@pytest.mark.parametrize(
    "options", [{}, {"norm": "lrn"}, {"aux": False}, {"variant": "torchvision"}]
)
def test_quantized_by_torch_fx(options):
    net, x = small(**options), images(2, 3, 224, 224)
    right = net(x)
    mapping = torch.ao.quantization.get_default_qconfig_mapping("x86")
    prepared = quantize_fx.prepare_fx(copy.deepcopy(net), mapping, (x,))
    prepared(x)
    out = quantize_fx.convert_fx(prepared)(x)
    assert type(out) is GoogLeNetOutput
    dynamic = torch.ao.quantization.quantize_dynamic(net, {nn.Linear}, torch.qint8)
    assert "dynamic" in type(dynamic.fc).__module__
    for a, b, c in zip(right, out, dynamic(x), strict=True):
        assert (a is None and b is None and c is None) or (a - b).abs().max() < 0.2 * a.abs().max()
        assert a is None or (a - c).abs().max() < 0.2 * a.abs().max()


def test_one_training_step_lowers_the_loss():
    net = small().train()
    x, target = images(4, 3, 224, 224), torch.tensor([0, 1, 2, 3])
    net.dropout.p = net.aux1.clf_[2].p = net.aux2.clf_[2].p = 0.0
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    losses = []
    for _ in range(3):
        out = net(x)
        loss = sum(
            weight * nn.functional.cross_entropy(o, target)
            for weight, o in zip((1, 0.3, 0.3), out, strict=True)
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[2] < losses[0]
