"""Checkpoints: everything a run needs to go on, in one file that is never half-written."""

from __future__ import annotations

import contextlib
import os
import pickle
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import torch

from ..model import GoogLeNet
from .network import rebuild

__all__ = ["CheckpointError", "load_checkpoint", "load_network", "save_checkpoint"]

FORMAT = "googlenet_edu checkpoint 1"


class CheckpointError(ValueError):
    """A checkpoint that cannot be read, or that belongs to another run."""


def save_checkpoint(path: str | Path, state: dict[str, Any], *, known: bool = False) -> None:
    """Write a checkpoint so that the file is at every moment the old one or the new one.

    The bytes go into a hidden file beside it, reach the disk, and take its place in one step. When
    anything fails, a full disk included, the hidden file is removed and the old one stays.
    known: the caller has read the file that is there, and knows that it is a checkpoint.
    Raises: CheckpointError when the file there is no checkpoint, OSError when writing fails.
    Chapter: book/training/training.
    """
    path = Path(path)
    if path.exists() and not known:
        load_checkpoint(path)  # a file that is none of ours is never written over
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        with open(part, "wb") as file:
            torch.save({"format": FORMAT, **state}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException as error:
        part.unlink(missing_ok=True)
        if isinstance(error, RuntimeError):  # torch's writer on a full disk
            raise OSError(
                f"The checkpoint could not be written to {path}: {error}. The one that was there "
                "is unchanged; make room and go on with --resume."
            ) from error
        raise


def check_writable(path: str | Path) -> None:
    """Raise OSError with one sentence unless a file can be written at a path; leave nothing there.

    Folders that are missing are made for the trial, and removed again.
    """
    path = Path(path)
    missing = [folder for folder in path.parents if not os.path.exists(folder)]
    try:
        if os.path.isdir(path):
            raise IsADirectoryError("it is a folder")
        if os.path.exists(path):
            with open(path, "ab"):
                return
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}."):
            pass
    except (OSError, ValueError) as error:  # ValueError: a name with a null character
        why = getattr(error, "strerror", None) or error
        raise OSError(
            f"{path} cannot be written ({why}): name a file in a folder that you may write to."
        ) from error
    finally:
        for folder in missing:
            with contextlib.suppress(OSError):
                folder.rmdir()


def load_checkpoint(path: str | Path) -> dict[str, Any]:
    """Return the dictionary that `save_checkpoint` wrote.

    Only tensors and plain values are read, never code. Raises: FileNotFoundError;
    CheckpointError for a damaged file or another kind of file, which is left as it is.
    Chapter: book/training/training.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"There is no checkpoint at {path}: look at the name and folder.")
    if path.is_dir():
        raise CheckpointError(f"A checkpoint is a file, but {path} is a folder: name a file in it.")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, OSError, pickle.UnpicklingError, zipfile.BadZipFile, KeyError,
            ValueError) as error:  # fmt: skip
        raise CheckpointError(
            f"{path} is damaged or no checkpoint ({type(error).__name__}): it is left as it is; "
            "take a copy of it that was saved earlier, or name another file."
        ) from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise CheckpointError(
            f"{path} was not written by googlenet_edu.train: it is left as it is; name another "
            "file."
        )
    return state


def load_network(path: str | Path) -> tuple[GoogLeNet, list[str]]:
    """Return (net, classes) of a checkpoint: the trained `GoogLeNet`, in evaluation mode.

    Raises: as `load_checkpoint`. Chapter: book/training/training.
    """
    state = load_checkpoint(path)
    net = rebuild(state["network"])
    net.load_state_dict(state["model"])
    return net.eval(), state["classes"]


def check_same_run(path, state, facts, settings, classes):
    """Raise CheckpointError unless a checkpoint continues the run that was asked for."""
    theirs, ours = state["network"]["num_classes"], facts["num_classes"]
    if theirs != ours:
        raise CheckpointError(
            f"{path} holds a network with {theirs} classes, but this run has {ours}: continue it "
            "with its own data, or name another checkpoint file."
        )
    if state["classes"] != list(classes):
        new, gone = (
            _names(set(classes) - set(state["classes"])),
            _names(set(state["classes"]) - set(classes)),
        )
        raise CheckpointError(
            f"{path} was trained on other classes (new here: {new}; missing here: {gone}): "
            "continue it with its own data, or name another checkpoint file."
        )
    for kind, was, now in (
        ("network", state["network"], facts),
        ("run", state["settings"], settings),
    ):
        other = [name for name in now if was.get(name) != now[name]]
        if other:
            differences = ", ".join(
                f"{name} {was.get(name)!r}, not {now[name]!r}" for name in other
            )
            raise CheckpointError(
                f"{path} belongs to another {kind} ({differences}): give the same settings to go "
                "on bit for bit, or name another checkpoint file."
            )


def _names(names):
    listed = sorted(names)
    return ", ".join(listed[:5]) + (" ..." if len(listed) > 5 else "") if listed else "none"
