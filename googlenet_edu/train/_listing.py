"""Which image files a folder holds, in which class and which part; what is left out is counted."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from pathlib import Path

from ._decode import ImageError, endings, shown

# Folders that systems put beside people's files.
SYSTEM = {"__macosx", "__pycache__", "@eadir", "$recycle.bin", "lost+found"}
FILLER = r"(?:data|sets?|images?|imgs?|images?|pics?|photos?|splits?|parts?|folder|dir|files?|samples?|examples?|s?daten|выборка|集|数据|图像|图片|データ|セット)"  # noqa: E501
ROLES = {
    "train": r"tr|trn|trains?|training|learn|learning|fit|fitting|entrainement|apprentissage|entrenamiento|entreno|treino|обуч\w*|训练|訓練|学習|훈련",  # noqa: E501
    "test": r"te|ts|tst|tests?|testing|holdout|heldout|unseen|essai|pruebas?|teste|тест\w*|测试|測試|テスト|테스트",  # noqa: E501
    "valid": r"vl|va?l|valid|validate|validation|validating|dev|devel|development|eval|evaluation|валид\w*|验证|驗證|検証|검증",  # noqa: E501
}
ROLE = re.compile(
    f"{FILLER}*[xy]?(?:" + "|".join(f"(?P<{role}>{words})" for role, words in ROLES.items())
    + f"){FILLER}*"
)  # fmt: skip
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^\W\d_a-zA-Z]+")


def listed(root, left):
    """Return (classes, files, labels) of a folder of class folders; what it passes goes to left."""
    folders = class_folders(root, left)
    if len(folders) < 2:
        got = f"only {shown(folders[0].name)!r}" if folders else "none"
        raise ImageError(
            f"{shown(root)} must hold at least two class folders with images, but holds {got}: "
            "make one folder per class and put its images in."
        )
    files, labels, empty = [], [], []
    for label, place in enumerate(folders):
        found = _images_in(place, left)
        if not found:
            empty.append(shown(place.name))
        files += found
        labels += [label] * len(found)
    if empty:
        raise ImageError(
            f"These class folders in {shown(root)} hold no images: {first(empty)}. Fill or "
            "remove them; images end in .jpg, .png or another ending that Pillow reads."
        )
    return [shown(place.name) for place in folders], files, labels


def class_folders(root, left):
    """Return the folders in a folder, sorted, linked ones too; the rest goes to left."""
    found = []
    for path in sorted(Path(root).iterdir()):
        if _is_hidden(path.name):
            left["hidden folders" if path.is_dir() else "hidden files"].append(path)
        elif path.is_dir():
            found.append(path)
        else:
            left["files beside the class folders"].append(path)
    return found


def split_folders(root, folders):
    """Return the (train, test) folders that a root is divided into, or None where it is not.

    They are known by their names, however spelled: train, Training, train_set; test, valid, dev.
    """
    roles = {folder: _role(folder.name) for folder in folders}
    groups = defaultdict(lambda: defaultdict(list))
    for folder, (role, rest) in roles.items():
        groups[rest][role].append(folder)
    pairs = [
        (group["train"], group["test"] or group["valid"])
        for group in groups.values()
        if group["train"] and (group["test"] or group["valid"])
    ]
    if len(pairs) == 1 and all(len(part) == 1 for part in pairs[0]):
        return pairs[0][0][0], pairs[0][1][0]
    if pairs or any(roles[one][0] for one in divided_alike(folders)):
        names = ", ".join(shown(folder.name) for folder in folders)
        raise ImageError(
            f"{shown(root)} seems to be divided into parts ({names}), but which are to train on "
            "and which to test with is not clear: name one of them train and one test, and move "
            "the others away."
        )
    return None


def divided_alike(folders):
    """Return the folders that hold the same folders, two or more, as another one does."""
    inside = [frozenset(one.name for one in folder.iterdir() if one.is_dir()) for folder in folders]
    return [
        folder
        for folder, one in zip(folders, inside, strict=True)
        if len(one) > 1 and inside.count(one) > 1
    ]


def _role(name):
    """Return (role, the words that are left): train_set -> ("train", ()); cats -> (None, ...)."""
    words = [word.lower() for word in WORD.findall(name)]
    if whole := ROLE.fullmatch("".join(words)):
        return whole.lastgroup, ()
    roles = {i: found.lastgroup for i, word in enumerate(words) if (found := ROLE.fullmatch(word))}
    if len(roles) != 1:
        return None, tuple(words)
    ((place, role),) = roles.items()
    rest = words[:place] + words[place + 1 :]
    return role, tuple(word for word in rest if not re.fullmatch(FILLER, word))


def _images_in(place, left):
    """Return the image files below a class folder, sorted; links are followed, but never back."""
    found, above = [], {}

    def stop(error):
        raise ImageError(
            f"The folder {shown(error.filename)} cannot be listed ({error.strerror}): look at its "
            "rights."
        )

    for parent, folders, names in os.walk(place, followlinks=True, onerror=stop):
        chain = (*above.pop(parent, ()), Path(parent).resolve())
        kept = []
        for name in folders:
            path = Path(parent, name)
            real = path.resolve()
            if _is_hidden(name):
                left["hidden folders"].append(path)
            elif any(one.is_relative_to(real) for one in chain):
                left["links that lead back to a folder above"].append(path)
            else:
                kept.append(name)
                above[os.path.join(parent, name)] = chain
        folders[:] = kept
        for name in names:
            path = Path(parent, name)
            if _is_hidden(name):
                left["hidden files"].append(path)
            elif path.suffix.lower() not in endings():
                left["files with an ending that Pillow does not read"].append(path)
            elif not path.is_file():
                left["links to nowhere and other things that are no files"].append(path)
            else:
                found.append(path)
    return sorted(found)


def _is_hidden(name):
    return name.startswith(".") or name.lower() in SYSTEM


def first(items, most=8):
    """Return the first items as one text, and how many more there are."""
    items = list(items)
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(items[:most]) + more
