"""Training against plain torch: the loss, the data, the weights' start, every step of the loop."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from googlenet_edu import GoogLeNet
from googlenet_edu.train import (
    INITIALIZATIONS,
    History,
    TrainingStopped,
    digits,
    evaluate,
    fit,
    from_tensors,
    googlenet_loss,
    initialize,
    make_optimizer,
    predict,
    small_googlenet,
)
from googlenet_edu.train._order import DROPOUT, mixed_seed, step_batches


def few(count=48, size=32, **options):
    data = digits(size, train_count=count, **options)
    data.test.images, data.test.labels = data.test.images[:40], data.test.labels[:40]
    return data


def tiny(classes=10, **options):
    return small_googlenet(classes, width=0.05, **options)


# --- loss


def test_the_loss_of_three_zero_outputs():
    zeros, labels = torch.zeros(4, 10), torch.arange(4)
    loss = googlenet_loss((zeros, zeros, zeros), labels)
    assert loss.item() == pytest.approx(math.log(10) * 1.6, abs=1e-6)
    assert f"{loss.item():.6f}" == "3.684136"
    assert googlenet_loss(zeros, labels).item() == pytest.approx(math.log(10))
    assert googlenet_loss((zeros, None, None), labels).item() == pytest.approx(math.log(10))


def test_the_loss_is_torchs_cross_entropy_and_weighs_each_head():
    torch.manual_seed(0)
    parts, labels = torch.randn(3, 5, 7), torch.tensor([0, 6, 3, 2, 2])
    for reduction in ("mean", "sum"):
        one, two, three = (
            functional.cross_entropy(part, labels, reduction=reduction) for part in parts
        )
        right = one + 0.4 * (two + three)
        found = googlenet_loss(tuple(parts), labels, 0.4, reduction=reduction)
        assert torch.allclose(found, right)


def test_gradients_reach_the_heads_only_through_the_heads_loss():
    net, data = tiny(), few()
    images, labels = data.train.batch(range(8))
    out = net(images)
    googlenet_loss(out.logits, labels).backward(retain_graph=True)
    assert all(p.grad is None for p in net.aux1.parameters())
    googlenet_loss(out, labels).backward()
    assert all(p.grad is not None for p in net.aux1.parameters())


@pytest.mark.parametrize(
    ("output", "labels", "words"),
    [
        ((torch.zeros(1, 5), torch.zeros(1, 1000), None), torch.zeros(1).long(), "reset_classes"),
        (torch.zeros(2, 5), torch.zeros(3).long(), "3 labels for 2 rows"),
        (torch.zeros(2, 5), torch.tensor([0, 5]), "num_classes=6"),
        (torch.zeros(2, 5), torch.tensor([0, -1]), "from 0 to 4"),
        (torch.zeros(2, 5), torch.zeros(2, 5), "argmax"),
        (torch.zeros(2, 5), torch.zeros(2), "int64"),
        (torch.zeros(5), torch.zeros(1).long(), "shape"),
        ((None, torch.zeros(2, 5)), torch.zeros(2).long(), "None"),
    ],
)
def test_what_does_not_fit_is_named(output, labels, words):
    with pytest.raises(ValueError, match=words):
        googlenet_loss(output, labels)


@pytest.mark.parametrize("output", ["scores", (1, 2), (), (torch.zeros(2, 5),) * 4])
def test_what_holds_no_scores_is_a_type_error(output):
    with pytest.raises(TypeError, match="main, aux1, aux2"):
        googlenet_loss(output, torch.zeros(2).long())


def test_replacing_fc_alone_is_caught_and_reset_classes_is_not():
    net, images = tiny(1000), torch.zeros(2, 3, 32, 32)
    net.fc = nn.Linear(net.fc.in_features, 5)
    labels = torch.tensor([0, 4])
    with pytest.raises(ValueError, match=r"\[5, 1000, 1000\]"):
        googlenet_loss(net(images), labels)
    assert googlenet_loss(tiny(1000).reset_classes(5)(images), labels).isfinite()


def three_heads():
    torch.manual_seed(0)
    net = GoogLeNet(5, width=0.05, norm="none", aux_pool="adaptive").train()
    for module in net.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return net, torch.randn(2, 3, 64, 64), torch.tensor([1, 3])


def plain_loss(output, labels):
    one, two, three = (functional.cross_entropy(part, labels) for part in output)
    return one + 0.3 * (two + three)


def test_the_loss_gives_gradients_per_sample():
    net, images, labels = three_heads()
    weights = dict(net.named_parameters())

    def loss_of(weights, image, label):
        output = torch.func.functional_call(net, weights, (image[None],))
        return googlenet_loss(output, label[None])

    found = torch.func.vmap(torch.func.grad(loss_of), (None, 0, 0))(weights, images, labels)
    for number in range(2):
        net.zero_grad()
        plain_loss(net(images[number : number + 1]), labels[number : number + 1]).backward()
        for name, one in net.named_parameters():
            assert torch.allclose(found[name][number], one.grad, atol=1e-5), name


def test_the_loss_compiles_into_one_graph():
    net, images, labels = three_heads()
    run = torch.compile(lambda a, t: googlenet_loss(net(a), t), fullgraph=True, backend="eager")
    assert torch.allclose(run(images, labels), plain_loss(net(images), labels))


def test_labels_on_another_device_are_not_read():
    scores, labels = torch.zeros(4, 10, device="meta"), torch.zeros(4, device="meta").long()
    assert googlenet_loss(scores, labels).shape == ()  # a meta tensor has no values to read


# --- data


def test_the_digits_are_scikit_learns_enlarged():
    from sklearn.datasets import load_digits

    raw, data = load_digits(), digits(32)
    assert (len(data.train), len(data.test), data.shape) == (1437, 360, (3, 32, 32))
    small = torch.nn.functional.avg_pool2d(data.train.images[:, :1], 4)
    assert data.train.images.min() == -1 and data.train.images.max() <= 1
    # No image is in both parts, and together they are all.
    keys = {bytes(row) for row in raw.images.astype("uint8").reshape(len(raw.images), -1)}
    assert len(keys) == 1797
    counts = data.train.labels.bincount() + data.test.labels.bincount()
    assert counts.tolist() == torch.as_tensor(raw.target).bincount().tolist()
    assert small.shape == (1437, 1, 8, 8)
    whole = torch.cat([data.train.images, data.test.images])
    assert len({bytes(row.numpy()) for row in whole.flatten(1)}) == 1797
    assert torch.equal(digits(32).train.images, data.train.images)


@pytest.mark.parametrize(
    "options", [{"size": "32"}, {"size": 4}, {"channels": 2}, {"train_count": 0}]
)
def test_digits_refuse_other_values(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        digits(**options)


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (torch.zeros(2, 3, 32, 32, dtype=torch.uint8), [0, 1]),
        (torch.zeros(2, 32, 32), [0, 1]),
        (torch.zeros(2, 3, 32, 32), [0, 2]),
        (torch.zeros(2, 3, 32, 32), [0]),
        (torch.zeros(0, 3, 32, 32), []),
    ],
)
def test_own_tensors_are_checked(images, labels):
    with pytest.raises(ValueError, match="train"):
        from_tensors((images, labels), (images, labels), ["a", "b"])


def test_every_picture_comes_once_in_an_order_of_its_own():
    for count, size in ((65, 64), (129, 64), (7, 3), (64, 64), (2, 64), (5, 1)):
        batches = step_batches(count, size, 0, 0)
        assert sorted(sum(batches, [])) == list(range(count))
        assert min(map(len, batches)) > 1 or size == 1  # no lone image: batch norm needs two
        assert batches == step_batches(count, size, 0, 0)
    orders = [step_batches(64, 64, seed, epoch) for seed in range(3) for epoch in range(3)]
    assert len({tuple(one[0]) for one in orders}) == 9


# --- networks and optimizers


def test_the_small_network_is_the_whole_one_made_narrow():
    assert sum(p.numel() for p in small_googlenet().parameters()) == 659_230
    assert sum(p.numel() for p in small_googlenet(norm="lrn").parameters()) == 657_342
    wide = small_googlenet(1000, width=1.0)
    assert sum(p.numel() for p in wide.parameters()) == 13_385_816
    assert wide.inception3a.branch3[1].conv[0].kernel_size == (5, 5)


@pytest.mark.parametrize("norm", ["bn", "lrn", "none"])
def test_initializations(norm):
    for how in INITIALIZATIONS:
        state = torch.get_rng_state()
        one, two = tiny(norm=norm, init=how, seed=3), tiny(norm=norm, init=how, seed=3)
        other = tiny(norm=norm, init=how, seed=4)
        assert torch.equal(state, torch.get_rng_state())
        same = [torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True)]
        assert all(same)
        assert not torch.equal(one.conv3.conv[0].weight, other.conv3.conv[0].weight)
    net = small_googlenet(norm=norm, width=1.0)
    factor = {"default": 1 / 3, "he": 2, "caffe": 1}
    for how in INITIALIZATIONS:
        initialize(net, how)
        for layer in (net.conv3.conv[0], net.inception5b.branch2[1].conv[0], net.aux1.clf_[0]):
            fan_in = layer.weight[0].numel()
            assert layer.weight.var().item() * fan_in == pytest.approx(factor[how], rel=0.05)
            if layer.bias is not None and how != "default":
                assert (layer.bias == (0.2 if how == "caffe" else 0)).all()
        if how == "caffe":
            last = [net.fc, net.aux1.clf_[-1], net.aux2.clf_[-1]]
            assert all((layer.bias == 0).all() for layer in last)
            assert net.conv3.conv[0].weight.abs().max() <= math.sqrt(3 / (64 * 9))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: small_googlenet(init="xavier"), "'caffe'"),
        (lambda: small_googlenet(dropout=1), "dropout"),
        (lambda: make_optimizer(tiny(), "rmsprop"), "'adam' or 'sgd'"),
        (lambda: make_optimizer(tiny(), lr=0), "lr"),
        (lambda: make_optimizer(tiny(), lr=float("nan")), "lr"),
        (lambda: make_optimizer(tiny(), momentum=-1), "momentum"),
    ],
)
def test_other_names_and_numbers_are_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


# --- the loop


@pytest.mark.parametrize(("optimizer", "lr"), [("adam", 1e-3), ("sgd", 1e-2)])
def test_the_loop_does_what_plain_torch_does(optimizer, lr):
    """Bit for bit: the steps that the chapter prints, written out with torch alone."""
    data, net, plain = few(), tiny(seed=1), tiny(seed=1)
    history = fit(net, data, epochs=2, batch_size=16, optimizer=optimizer, lr=lr, progress=False)

    plain.to(memory_format=torch.channels_last).train()
    kinds = {
        "adam": lambda p: torch.optim.Adam(p, lr=lr),
        "sgd": lambda p: torch.optim.SGD(p, lr=lr, momentum=0.9),
    }
    torchs, losses = kinds[optimizer](plain.parameters()), []
    for epoch in range(2):
        for step, numbers in enumerate(step_batches(48, 16, 0, epoch)):
            torch.manual_seed(mixed_seed(0, DROPOUT, epoch, step, 0))
            images = data.train.images[numbers].contiguous(memory_format=torch.channels_last)
            main, aux1, aux2 = plain(images)
            labels = data.train.labels[numbers]
            loss = functional.cross_entropy(main, labels)
            loss = loss + 0.3 * functional.cross_entropy(aux1, labels)
            loss = loss + 0.3 * functional.cross_entropy(aux2, labels)
            torchs.zero_grad()
            loss.backward()
            torchs.step()
            losses.append(loss.item())
    assert history.step_loss == losses
    for ours, theirs in zip(net.state_dict().values(), plain.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs)
    assert len(history.test_accuracy) == 2
    assert history.objective[1] == pytest.approx(sum(losses[3:]) / 3)


def test_equal_seeds_give_equal_runs_and_the_random_state_stays():
    data = few()
    torch.manual_seed(7)
    before = torch.get_rng_state()
    runs = [fit(tiny(), data, epochs=1, batch_size=16, seed=s, progress=False) for s in (1, 1, 2)]
    assert torch.equal(before, torch.get_rng_state())
    assert runs[0].step_loss == runs[1].step_loss != runs[2].step_loss


def test_it_learns():
    """One batch can be learned by heart: the first check of any training."""
    data = few(32)
    history = fit(
        tiny(dropout=0), data, epochs=40, batch_size=32, lr=3e-3, evaluate_each=False,
        progress=False,
    )  # fmt: skip
    assert history.train_loss[-1] < 0.5 < history.train_loss[0]
    assert history.train_accuracy[-1] > 0.9 and history.test_loss == []


def test_a_lone_last_picture_is_no_trouble():
    history = fit(tiny(), few(33), epochs=1, batch_size=16, progress=False)
    assert len(history.step_loss) == 2


def test_the_cosine_falls_to_nothing():
    history = fit(tiny(), few(), epochs=2, batch_size=16, schedule="cosine", progress=False)
    assert history.lr[0] == pytest.approx(1e-3 * 0.5 * (1 + math.cos(math.pi * 2 / 6)))
    assert 0 < history.lr[1] < 1e-4


def test_a_loss_that_is_no_number():
    data = few()
    data.train.images[5] = float("nan")
    with pytest.raises(TrainingStopped, match="no longer a number at epoch 1"):
        fit(tiny(), data, epochs=2, batch_size=16, progress=False)
    history = fit(tiny(), data, epochs=2, batch_size=16, progress=False, on_nan="record")
    assert history.diverged[0] == 1 and history.train_loss == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"epochs": 0}, "epochs"),
        ({"batch_size": 2.0}, "batch_size"),
        ({"batch_size": 1}, "one value per channel"),
        ({"schedule": "linear"}, "cosine"),
        ({"on_nan": "ignore"}, "record"),
        ({"checkpoint_every": 0}, "checkpoint_every"),
        ({"aux_weight": -1}, "aux_weight"),
        ({"aux_weight": float("nan")}, "aux_weight"),
        ({"workers": -1}, "workers"),
        ({"seed": -1}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"device": "cuda:99"}, "device 'cuda:99' is not there"),
        ({"device": "gpu"}, "device 'gpu' is not there"),
        ({"device": "meta"}, "device 'meta' is not there"),
    ],
)
def test_the_loop_refuses(options, words):
    with pytest.raises(ValueError, match=words):
        fit(tiny(), few(), progress=False, **options)


def test_network_and_data_must_fit():
    with pytest.raises(ValueError, match=r"reset_classes\(10\)"):
        fit(tiny(1000), few(), progress=False)
    with pytest.raises(ValueError, match="in_channels=1"):
        fit(tiny(), few(channels=1), progress=False)
    with pytest.raises(ValueError, match="at least 2"):
        fit(tiny(), few(1), progress=False)
    gray = fit(tiny(in_channels=1), few(channels=1), epochs=1, progress=False)
    assert len(gray.train_loss) == 1


def test_one_picture_a_step_works_without_batch_norm():
    history = fit(tiny(norm="none"), few(4), epochs=1, batch_size=1, progress=False)
    assert len(history.step_loss) == 4


@pytest.mark.parametrize("variant", ["article", "torchvision", "caffe"])
@pytest.mark.parametrize(
    "size", [(31, 31), (32, 32), (33, 33), (40, 72), (47, 47), (48, 48), (49, 49), (64, 32), (66, 66)]
)  # fmt: skip
def test_one_picture_a_step_is_refused_where_torch_refuses_it(variant, size):
    net = GoogLeNet(2, False, "lrn" if variant == "caffe" else "bn", variant=variant, width=0.05)
    pair = torch.randn(2, 3, *size), torch.tensor([0, 1])
    try:
        net.train()(pair[0][:1])
        refused = False
    except ValueError as error:
        assert "more than 1 value per channel" in str(error)
        refused = True
    data = from_tensors(pair, pair, ["a", "b"])
    if refused:
        with pytest.raises(ValueError, match="batch_size=2 or more"):
            fit(net, data, epochs=1, batch_size=1, progress=False)
    else:
        fit(net, data, epochs=1, batch_size=1, progress=False)


def test_bytes_and_half_precision_are_named():
    with pytest.raises(ValueError, match="floating-point"):
        tiny()(torch.zeros(2, 3, 32, 32, dtype=torch.uint8))
    with pytest.raises(ValueError, match="dtype of the weights"):
        tiny().bfloat16()(torch.zeros(2, 3, 32, 32))
    net = GoogLeNet(10, width=0.05, aux_pool="adaptive").bfloat16().eval()
    assert net(torch.zeros(2, 3, 32, 32).bfloat16()).logits.dtype == torch.bfloat16


# --- evaluation


def test_evaluation_counts_what_it_should():
    data, net = few(), tiny().train()
    found = evaluate(net, data.test, batch_size=7)
    assert net.training
    scores = predict(net, data.test)
    net.eval()
    with torch.no_grad():
        right = net(data.test.images).logits
    assert torch.allclose(scores, right, atol=1e-5)
    guess = right.argmax(1)
    assert found.accuracy == pytest.approx((guess == data.test.labels).float().mean().item())
    assert found.loss == pytest.approx(
        functional.cross_entropy(right, data.test.labels).item(), 1e-4
    )
    for true in range(10):
        for said in range(10):
            count = ((data.test.labels == true) & (guess == said)).sum()
            assert found.confusion[true, said] == count
    assert sorted(found.wrong) == (guess != data.test.labels).nonzero().flatten().tolist()
    sure = found.confidence[found.wrong]
    assert sure.tolist() == sorted(sure.tolist(), reverse=True)


def test_a_history_survives_json():
    import json

    history = fit(tiny(), few(), epochs=1, progress=False)
    again = History.from_dict(json.loads(json.dumps(history.to_dict())))
    assert again == history
    assert "100.0%" not in str(History()) and "epoch" in str(history)
