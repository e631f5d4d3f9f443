"""Folders of images: what is read, what is repaired, what is refused, and in which words."""

import sys
import types

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from PIL import Image

from googlenet_edu.plots import confusion_matrix, learning_curves, show
from googlenet_edu.train import (
    FileImages,
    ImageError,
    digits,
    evaluate,
    feature_maps,
    fit,
    folder,
    read_image,
    small_googlenet,
    torchvision_data,
)
from googlenet_edu.train.__main__ import main

COLORS = {"blue": (20, 30, 220), "red": (220, 30, 20)}


def paint(path, color, size=(48, 40), mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, color).convert(mode).save(path)
    return path


@pytest.fixture
def images(tmp_path):
    root = tmp_path / "my images"
    for name, color in COLORS.items():
        for i in range(10):
            paint(root / name / f"{i}.png", color)
    return root


def test_a_folder_is_split_by_class(images):
    data = folder(images, 32, augment=False)
    assert data.classes == ["blue", "red"] and data.shape == (3, 32, 32)
    assert data.train.labels.bincount().tolist() == [8, 8]
    assert data.test.labels.bincount().tolist() == [2, 2]
    for part in (data.train, data.test):
        images, labels = part.batch(range(len(part)))
        for image, label in zip(images, labels.tolist(), strict=True):
            right = torch.tensor(COLORS[data.classes[label]]) / 127.5 - 1
            assert torch.allclose(image, right.view(3, 1, 1).expand_as(image), atol=1e-6)


def test_a_split_that_is_there_is_kept(tmp_path):
    for part, count in (("train", 3), ("val", 1)):
        for name, color in COLORS.items():
            for i in range(count):
                paint(tmp_path / part / name / "deeper" / f"{i}.JPG", color)
    paint(tmp_path / "train" / "red" / ".hidden.png", (0, 0, 0))
    (tmp_path / "train" / "red" / "notes.txt").write_text("no image", encoding="utf-8")
    (tmp_path / "train" / ".ipynb_checkpoints").mkdir()
    data = folder(tmp_path, 32)
    assert (len(data.train), len(data.test)) == (6, 2)
    paint(tmp_path / "val" / "green" / "1.png", (0, 255, 0))
    with pytest.raises(ImageError, match="in one only: green"):
        folder(tmp_path, 32)


def test_it_learns_colors(images):
    data = folder(images, 32)
    net = small_googlenet(2, width=0.05, norm="none", init="he")
    history = fit(net, data, epochs=10, batch_size=8, lr=3e-3, progress=False)
    assert history.test_accuracy[-1] == 1 and evaluate(net, data.test).wrong == []


def test_random_crops_follow_from_the_seed(images):
    ramp = np.tile(np.arange(96, dtype=np.uint8), (96, 1))
    Image.fromarray(ramp).save(images / "red" / "0.png")
    data = folder(images, 64)
    number = [i for i, name in enumerate(data.train.source.names) if name.name == "0.png"]
    number += [0]
    one, two, other = (data.train.batch(number, seed)[0] for seed in (1, 1, 2))
    assert torch.equal(one, two) and one.shape[1:] == (3, 64, 64)
    assert torch.equal(data.train.batch([3])[0], data.train.batch([3])[0])
    assert one.shape == other.shape


def test_reading_ahead_changes_nothing(images):
    data = folder(images, 32)
    runs = [
        fit(small_googlenet(2, width=0.05), data, epochs=1, batch_size=8, workers=w, progress=False)
        for w in (0, 1)
    ]
    assert runs[0].step_loss == runs[1].step_loss


# --- images of other kinds


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "1", "CMYK", "I;16"])
def test_every_kind_of_picture_becomes_three_channels(images, mode):
    ending = "jpg" if mode == "CMYK" else "png"
    if mode == "I;16":
        path = images / "red" / "x.png"
        Image.fromarray(np.full((40, 48), 40000, np.uint16)).save(path)
    else:
        path = paint(images / "red" / f"x.{ending}", (250, 250, 250), mode=mode)
    image = read_image(path, 32)
    assert image.shape == (1, 3, 32, 32)
    bright = 40000 / 65535 if mode == "I;16" else 250 / 255
    assert image.mean().item() == pytest.approx(2 * bright - 1, abs=0.06)
    notes = " ".join(folder(images, 32).notes)
    assert ("Gray images turned into color: 1." in notes) == (mode in ("L", "LA", "1", "I;16"))
    assert ("transparency laid on white: 1." in notes) == (mode in ("LA", "RGBA"))


def test_transparent_means_white_and_cameras_turn(tmp_path):
    clear = tmp_path / "clear.png"
    Image.new("RGBA", (40, 40), (255, 0, 0, 0)).save(clear)
    assert (read_image(clear, 32) == 1).all()
    pixels = np.zeros((40, 40, 3), np.uint8)
    pixels[:20] = 255  # bright at the top
    turned = tmp_path / "turned.png"
    exif = Image.Exif()
    exif[274] = 3  # upside down
    Image.fromarray(pixels).save(turned, exif=exif)
    image = read_image(turned, 40)
    assert image[0, :, :18].max() == -1 and image[0, :, 22:].min() == 1


def test_gray_networks_get_one_channel(images):
    assert folder(images, 32, channels=1).shape == (1, 32, 32)


# --- what is refused


def truncate(path):
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def test_bad_pictures_are_all_named(images):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (60, 60, 3), dtype=np.uint8)
    for name in ("cut.jpg", "cut.png"):
        Image.fromarray(noise).save(images / "red" / name)
        truncate(images / "red" / name)
    (images / "blue" / "words.png").write_text("words", encoding="utf-8")
    (images / "blue" / "empty.jpg").write_bytes(b"")
    with pytest.raises(ImageError) as caught:
        folder(images, 32)
    words = str(caught.value)
    assert words.startswith("4 of 24 images cannot be read") and words.count("truncated") == 2
    for name in ("cut.jpg", "cut.png", "words.png", "empty.jpg"):
        assert name in words
    data = folder(images, 32, bad="skip")
    assert len(data.train) + len(data.test) == 20 and "left out: 4" in data.notes[-1]
    with pytest.raises(ImageError, match=r"cut\.jpg cannot be read \(truncated\)"):
        read_image(images / "red" / "cut.jpg", 32)


def test_a_picture_that_breaks_later_is_named(images):
    rng = np.random.default_rng(0)
    for path in (images / "red").iterdir():
        Image.fromarray(rng.integers(0, 256, (60, 60, 3), dtype=np.uint8)).save(path)
    data = folder(images, 32)
    for path in (images / "red").iterdir():
        truncate(path)
    with pytest.raises(ImageError, match=r"red.*png cannot be read \(truncated\)"):
        fit(small_googlenet(2, width=0.05), data, epochs=1, batch_size=8, progress=False)


def test_classes_that_cannot_be_learned(images, tmp_path):
    (images / "green").mkdir()
    (images / "white").mkdir()
    with pytest.raises(ImageError, match="hold no images: green, white"):
        folder(images, 32)
    one = tmp_path / "one"
    paint(one / "red" / "1.png", (255, 0, 0))
    with pytest.raises(ImageError, match="two class folders .* holds only 'red'"):
        folder(one, 32)
    with pytest.raises(ImageError, match="holds none"):
        folder(one / "red", 32)
    with pytest.raises(ImageError, match="no folder"):
        folder(tmp_path / "nowhere", 32)
    (images / "green" / "bad.png").write_bytes(b"bad")
    (images / "white" / "bad.png").write_bytes(b"bad")
    with pytest.raises(ImageError, match="no readable image: green, white"):
        folder(images, 32, bad="skip")


@pytest.mark.parametrize(
    "options", [{"size": 16}, {"size": 32.0}, {"channels": 4}, {"test_share": 1}, {"bad": "hide"}]
)
def test_other_values_are_refused(images, options):
    with pytest.raises(ValueError, match=next(iter(options))):
        folder(images, **{"size": 32, **options})


def test_the_command_reads_a_folder(images, capsys):
    command = ["--data", str(images), "--width", "0.05", "--epochs", "1", "--no-progress"]
    assert main([*command, "--batch-size", "8"]) == 0
    assert "16 images to train on, 4 to test with, 2 classes" in capsys.readouterr().out
    (images / "red" / "bad.png").write_bytes(b"bad")
    assert main(command) == 1
    assert "bad.png" in capsys.readouterr().err


# --- folders as people have them


def noise(path, seed=None, mode="RGB"):
    """A image unlike all others."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(abs(hash(str(path))) if seed is None else seed)
    Image.fromarray(rng.integers(0, 256, (40, 40, 3), np.uint8)).convert(mode).save(path)
    return path


def fill(root, classes=("a", "b"), count=3, ending="png"):
    for name in classes:
        for i in range(count):
            noise(root / name / f"{i}.{ending}")
    return root


def note(data, words):
    """The one note that holds these words."""
    (found,) = [line for line in data.notes if words in line]
    return found


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("train", "valid"), ("train", "Test"), ("Train", "val"), ("TRAIN", "TEST"),
        ("training", "testing"), ("Training", "validation"), ("train", "dev"), ("tr", "te"),
        ("train_set", "test_set"), ("trainset", "testset"), ("TrainSet", "TestSet"),
        ("training-images", "test-images"), ("train2017", "val2017"), ("01_train", "02_test"),
        ("train", "holdout"), ("train", "hold_out"), ("train", "eval"), ("img_train", "img_val"),
        ("flowers_train", "flowers_test"), ("train data", "test data"), ("训练集", "测试集"),
        ("images_tr", "images_ts"), ("xtrain", "xtest"), ("Trainingsdaten", "Testdaten"),
        ("entreno", "prueba"), ("обучение", "тест"), ("学習データ", "テスト"),
    ],
)  # fmt: skip
def test_a_split_is_known_however_it_is_spelled(tmp_path, train, test):
    fill(tmp_path / train), fill(tmp_path / test, count=2)
    data = folder(tmp_path, 32)
    assert (data.classes, len(data.train), len(data.test)) == (["a", "b"], 6, 4)
    fill(tmp_path / "unlabeled")
    assert note(folder(tmp_path, 32), "folders beside").endswith(": 1 (unlabeled).")


@pytest.mark.parametrize(
    "names", [("train", "other"), ("Training", "PublicTest"), ("train", "Train", "test"),
              ("cats_train", "dogs_test")],
)  # fmt: skip
def test_an_unclear_split_is_refused(tmp_path, names):
    for name in names:
        fill(tmp_path / name)
    with pytest.raises(ImageError, match="not clear: name one of them train and one test"):
        folder(tmp_path, 32)


def test_classes_may_be_called_like_parts(tmp_path):
    fill(tmp_path, ("bus", "car", "train")), fill(tmp_path / "bus", ("left", "right"))
    fill(tmp_path / "car", ("left", "right")), noise(tmp_path / "__background__" / "1.png")
    data = folder(tmp_path, 32)
    assert data.classes == ["__background__", "bus", "car", "train"]
    assert len(data.train) + len(data.test) == 22
    assert ": bus, car. If they are parts" in note(data, "folders of the same names")
    assert note(data, "without test images").startswith("Classes without test images: __backg")


def test_every_ending_that_pillow_reads(tmp_path):
    known = ("png", "PNG", "JPG", "jpe", "jfif", "pgm", "pnm", "jp2", "tga", "ico", "webp", "TIF")
    for ending in known:
        fill(tmp_path, count=1, ending=ending)
    (tmp_path / "a" / "x.heic").write_bytes(b"heic")
    (tmp_path / "a" / "x.h5").write_bytes(b"h5")
    (tmp_path / "notes.txt").write_bytes(b"notes")
    data = folder(tmp_path, 32)
    assert len(data.train) + len(data.test) == 2 * len(known)
    assert note(data, "Pillow does not read").endswith(": 2 (a/x.h5, a/x.heic).")
    assert note(data, "beside").endswith("class folders: 1 (notes.txt).")


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_links_are_followed_and_what_is_hidden_is_counted(tmp_path):
    root = fill(tmp_path / "root")
    elsewhere = fill(tmp_path / "elsewhere", ("x",), 4) / "x"
    (root / "a" / "more").symlink_to(elsewhere)
    (root / "c").symlink_to(elsewhere)
    (root / "b" / "link.png").symlink_to(noise(tmp_path / "one.png"))
    (root / "b" / "nowhere.png").symlink_to(tmp_path / "nothing")
    (root / "b" / "root").symlink_to(root)
    (root / "b" / "self").symlink_to(root / "b")
    noise(root / "a" / ".trash" / "1.png"), noise(root / ".cache" / "1.png")
    noise(root / "b" / "._0.png")
    data = folder(root, 32)
    assert data.classes == ["a", "b", "c"]
    assert len(data.train) + len(data.test) == 3 + 4 + 3 + 1 + 4
    assert note(data, "hidden folders").endswith(": 2 (.cache, a/.trash).")
    assert note(data, "hidden files").endswith(": 1 (b/._0.png).")
    assert note(data, "nowhere").endswith(": 1 (b/nowhere.png).")
    assert note(data, "lead back").endswith(": 2 (b/root, b/self).")
    assert note(data, "more than one class").endswith(": 4.")


@pytest.mark.parametrize("broken", [(10, -1, 0), (5, 1, 0), (12, 1.5, 1.5)])
def test_broken_exif_turns_nothing_or_as_it_says(tmp_path, broken):
    """The orientation as a rational with the denominator 0, or a neighbor of a wrong kind."""
    import struct

    kind, *values = broken
    if kind == 12:  # orientation 6 as a byte, and the resolution as a double
        entries = [(274, 3, 1, struct.pack("<HH", 6, 0)), (282, 1, 1, b"\x07\0\0\0")]
        entries.append((283, 12, 1, struct.pack("<I", 8 + 2 + 3 * 12 + 4)))
        extra = struct.pack("<d", 1.5)
    else:
        entries = [(274, 3, 1, struct.pack("<HH", 6, 0))]
        entries.append((282, kind, 1, struct.pack("<I", 8 + 2 + 2 * 12 + 4)))
        extra = struct.pack("<ii", *values)
    body = b"".join(struct.pack("<HHI", *entry[:3]) + entry[3] for entry in entries)
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + body + bytes(4) + extra
    fill(tmp_path)
    pixels = np.zeros((36, 36), np.uint8)
    pixels[:18] = 255  # bright at the top: after a quarter turn, at the right
    Image.fromarray(pixels).save(tmp_path / "a" / "0.jpg", exif=exif)
    data = folder(tmp_path, 32)
    data.train.batch(range(len(data.train))), data.test.batch(range(len(data.test)))
    image = read_image(tmp_path / "a" / "0.jpg", 36)[0, 0]
    assert image[:, :15].max() < -0.9 and image[:, 21:].min() > 0.9


def test_tags_that_cannot_be_read_turn_nothing(tmp_path):
    pixels = np.zeros((36, 36), np.uint8)
    pixels[:18] = 255
    path = tmp_path / "x.png"
    Image.fromarray(pixels).save(path, exif=b"Exif\0\0no TIFF header")
    with Image.open(path) as image, pytest.raises(SyntaxError, match="not a TIFF file"):
        image.getexif()
    image = read_image(path, 36)[0, 0]
    assert image[:15].min() > 0.9 and image[21:].max() < -0.9


@pytest.mark.parametrize(
    ("values", "right"),
    [
        (np.uint16([100, 255]), [100 / 65535, 255 / 65535]),  # dark, but 16 bits
        (np.uint16([100, 65535]), [100 / 65535, 1]),
        (np.float32([0, 0.25]), [0, 0.25]),
        (np.float32([-1, 0.5]), [0, 0.75]),
        (np.float32([51, 255]), [0.2, 1]),
        (np.float32([0, 4000]), [0, 4000 / 65535]),
        (np.float32([-1000, 3000]), [0, 4000 / 66535]),
        (np.float32([np.nan, 1]), [0, 1]),
        (np.int32([0, 51]), [0, 0.2]),
        (np.int32([0, 100_000]), [0, 1]),
    ],
)
def test_wide_numbers_are_read_on_their_own_scale(tmp_path, values, right):
    path = tmp_path / "x.tif"
    Image.fromarray(np.repeat(values, 16)[None].repeat(32, 0)).save(path)
    image = read_image(path, 32)[0, 0]
    found = (image[:, [4, 27]].mean(0) + 1) / 2
    assert found.tolist() == pytest.approx(right, abs=1 / 255)


def test_one_scale_for_a_whole_folder(tmp_path):
    """A float image that is nearly black stays so beside brighter ones."""
    for name, value in (("a", 0.9), ("b", 255.0)):
        for i in range(4):
            (tmp_path / name).mkdir(exist_ok=True)
            array = np.full((32, 32), value, np.float32)
            array[i] = 0
            Image.fromarray(array).save(tmp_path / name / f"{i}.tif")
    data = folder(tmp_path, 32, augment=False)
    images, labels = data.train.batch(range(len(data.train)))
    assert images[labels == 0].max() < -0.99 and images[labels == 1].max() == 1
    assert "from 0 (black) to 255 (white): 8" in note(data, "names no range")


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are UTF-8 there")
def test_names_that_are_not_utf_8(tmp_path, capsys):
    import os

    root = fill(tmp_path, ("a",))
    place = os.path.join(os.fsencode(root), b"caf\xe9")
    os.mkdir(place)
    for i in range(3):
        os.link(noise(tmp_path / "x" / f"{i}.png"), os.path.join(place, b"\xff%d.png" % i))
    (tmp_path / "x" / "0.png").unlink(), (tmp_path / "x" / "1.png").unlink()
    (tmp_path / "x" / "2.png").unlink(), (tmp_path / "x").rmdir()
    data = folder(root, 32)
    assert data.classes == ["a", r"caf\xe9"] and len(data.train) == 4
    command = ["--data", str(root), "--width", "0.05", "--epochs", "1", "--no-progress"]
    files = ["--curves", str(tmp_path / "out.svg"), "--history", str(tmp_path / "out.json")]
    assert main([*command, *files]) == 0
    assert r"2 classes: a, caf\xe9" in capsys.readouterr().out
    with open(os.path.join(place, b"\xfe.png"), "wb") as file:
        file.write(b"bad")
    assert main(command) == 1
    assert r"caf\xe9/\xfe.png (no image)" in capsys.readouterr().err


def test_copies_across_the_split_are_kept_together_or_named(tmp_path):
    fill(tmp_path / "one", count=10)
    for i in range(10):  # every image of class a twice, once in another format
        with Image.open(tmp_path / "one" / "a" / f"{i}.png") as image:
            image.save(tmp_path / "one" / "a" / f"copy {i}.bmp")
    data = folder(tmp_path / "one", 32)
    assert note(data, "Copies of one image")
    train, test = (
        {bytes(part.square(i).numpy()) for i in range(len(part))}
        for part in (data.train, data.test)
    )
    assert len(train) + len(test) == 20 and not train & test
    fill(tmp_path / "two" / "train"), fill(tmp_path / "two" / "test")
    noise(tmp_path / "two" / "train" / "a" / "x.png", 7)
    noise(tmp_path / "two" / "test" / "a" / "y.png", 7)
    data = folder(tmp_path / "two", 32)
    assert "training images: 1 (test/a/y.png)" in note(data, "Test images that are also")
    assert not [line for line in folder(fill(tmp_path / "three"), 32).notes]


def test_classes_of_few_images(tmp_path):
    fill(tmp_path, ("a",), 1), fill(tmp_path, ("b",), 30), fill(tmp_path, ("c",), 2)
    data = folder(tmp_path, 32)
    assert data.test.labels.bincount(minlength=3).tolist() == [0, 6, 1]
    assert note(data, "without test images").startswith("Classes without test images: a.")
    with pytest.raises(ImageError, match="left to test with"):
        folder(fill(tmp_path / "single", count=1), 32)


# --- torchvision, played by a stand-in with the two kinds of arguments its data sets have


class Old:
    classes = ["zero", "one"]

    def __init__(self, root, train=True, download=False):
        if root == "empty":
            raise RuntimeError("Dataset not found. You can use download=True to download it")
        self.count = 8 if train else 4

    def __len__(self):
        return self.count

    def __getitem__(self, i):
        if i >= self.count:
            raise IndexError
        return Image.new("L", (28, 28), 200 * (i % 2)), i % 2


class New(Old):
    classes = None

    def __init__(self, root, split="train", download=False):
        super().__init__(root, split == "train")


def test_torchvisions_data_sets(monkeypatch):
    module = types.ModuleType("torchvision")
    module.datasets = types.SimpleNamespace(Old=Old, New=New, utils=3)
    monkeypatch.setitem(sys.modules, "torchvision", module)
    for name, classes in (("Old", ["zero", "one"]), ("New", ["0", "1"])):
        data = torchvision_data(name, size=32)
        assert (len(data.train), len(data.test), data.classes) == (8, 4, classes)
        assert data.shape == (3, 32, 32) and isinstance(data.train, FileImages)
        fit(small_googlenet(2, width=0.05), data, epochs=1, batch_size=4, progress=False)
    with pytest.raises(ImageError, match="download"):
        torchvision_data("Old", "empty", 32)
    with pytest.raises(ImageError, match="no data set named 'utils'"):
        torchvision_data("utils")


def test_without_torchvision(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(ModuleNotFoundError, match="pip install torchvision"):
        torchvision_data("CIFAR10")


# --- figures


def test_figures_say_what_they_show():
    data = digits(32, train_count=32)
    net = small_googlenet(width=0.05)
    history = fit(net, data, epochs=2, batch_size=16, progress=False)
    figure, axes = plt.subplots(1, 2)
    learning_curves(history, axes)
    assert list(axes[1].lines[1].get_ydata()) == history.test_accuracy
    assert "accuracy: training from" in show(figure).alt
    figure, ax = plt.subplots()
    with pytest.raises(ValueError, match="2 x 2"):
        confusion_matrix(ax, [[1]], ["a", "b"])
    confusion_matrix(ax, [[3, 1], [0, 2]], ["cat", "<dog>"])
    chart = show(figure)
    assert "5 of 6 right" in chart.alt and "cat taken for <dog>: 1" in chart.alt
    assert "<dog>" not in chart.svg


def test_feature_maps_are_what_the_network_computes():
    net, image = small_googlenet(width=0.05), digits(64).test.images[:1]
    maps = feature_maps(net, image)
    net.eval()
    with torch.no_grad():
        stem = net.conv1(image)
        assert torch.allclose(maps["conv1"], stem, atol=1e-5)
        names = [name for name, _ in net.named_children()]
        to_4a = [getattr(net, name) for name in names[: names.index("inception4a") + 1]]
        right = torch.nn.Sequential(*to_4a)(image)
        assert torch.allclose(maps["inception4a"], right, atol=1e-5)
    assert maps["inception3a"].shape[2:] == (8, 8) and maps["inception5b"].shape[2:] == (2, 2)
    net.train()
    feature_maps(net, image)
    assert net.training and not any(m._forward_hooks for m in net.modules())
