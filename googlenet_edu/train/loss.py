"""The loss of a network with three classifiers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from ..checks import number

__all__ = ["AUX_WEIGHT", "googlenet_loss"]

AUX_WEIGHT = 0.3  # of each auxiliary classifier: Szegedy et al., section 5


def googlenet_loss(
    output: Tensor | Sequence[Tensor | None],
    labels: Tensor,
    aux_weight: float = AUX_WEIGHT,
    *,
    reduction: str = "mean",
) -> Tensor:
    """Return the cross entropy of the main classifier plus aux_weight times that of each head.

    output: a `GoogLeNetOutput`, any tuple of score tensors (main first, None for a missing head),
    or the main scores alone; each (N, classes). labels: class numbers (N,), whole. aux_weight: 0.3
    is the paper's. reduction: "mean" over the batch, or "sum".

    Raises: TypeError for what holds no scores; ValueError when the classifiers differ in width
    (a network whose `fc` alone was replaced), or when the labels do not fit. The labels' values are
    read on a CPU alone: a GPU is not waited for, and vmap, tracing and torch.compile have none.
    Source: Szegedy et al., arXiv 1409.4842, section 5. Chapter: book/training/training.

    >>> scores = torch.zeros(4, 10)
    >>> round(googlenet_loss((scores, scores, scores), torch.arange(4)).item(), 6)
    3.684136
    """
    number("aux_weight", aux_weight, "the paper has 0.3")
    scores = checked_scores(output)
    _check_labels(labels, scores[0])
    return weighted(loss_parts(scores, labels, reduction), aux_weight)


def checked_scores(output):
    """Return the score tensors of an output, main first, or raise as `googlenet_loss`."""
    scores = [output] if isinstance(output, Tensor) else _score_tensors(output)
    main, heads = scores[0], [head for head in scores[1:] if head is not None]
    if main is None or main.dim() != 2:
        shape = "None" if main is None else list(main.shape)
        raise ValueError(
            f"The main scores must have the shape (N, classes), but got {shape}: give the "
            "network's output for a batch of images."
        )
    widths = [head.size(-1) for head in [main, *heads]]
    if len(set(widths)) > 1:
        raise ValueError(
            f"The classifiers must have equally many classes, but got {widths} (main, then heads): "
            "change all three with net.reset_classes(n), not net.fc alone."
        )
    return [main, *heads]


def loss_parts(scores, labels, reduction="mean"):
    """Return the cross entropy of each classifier."""
    return [functional.cross_entropy(part, labels, reduction=reduction) for part in scores]


def weighted(parts, aux_weight):
    """Return the first part plus aux_weight times each of the others."""
    loss = parts[0]
    for part in parts[1:]:
        loss = loss + aux_weight * part
    return loss


def _score_tensors(output):
    good = isinstance(output, (tuple, list)) and 1 <= len(output) <= 3
    if not good or not all(part is None or isinstance(part, Tensor) for part in output):
        raise TypeError(
            "The output must be a tensor of scores or up to three of them (main, aux1, aux2), but "
            f"got {type(output).__name__}: give what the network returned."
        )
    return list(output)


def _check_labels(labels, main):
    if not isinstance(labels, Tensor) or labels.dtype != torch.int64 or labels.dim() != 1:
        kind = (
            f"{labels.dtype} {list(labels.shape)}" if isinstance(labels, Tensor) else type(labels)
        )
        raise ValueError(
            f"labels must be class numbers, int64 of the shape (N,), but got {kind}: for one-hot "
            "rows use rows.argmax(1)."
        )
    if len(labels) != len(main):
        raise ValueError(
            f"There must be one label per image, but got {len(labels)} labels for {len(main)} rows "
            "of scores: look for a view(-1, ...) that mixes images."
        )
    least, most = _range(labels)
    if not 0 <= least <= most < main.size(1):
        raise ValueError(
            f"labels must lie from 0 to {main.size(1) - 1}, but got {least} to {most}: build the "
            f"network with num_classes={most + 1}."
        )


def _range(labels: Tensor) -> tuple[int, int]:
    """The least and the largest label; (0, 0) where reading them would wait or cannot be done."""
    untold = torch.compiler.is_compiling() or torch.jit.is_tracing()
    if untold or labels.device.type != "cpu" or not len(labels):
        return 0, 0
    try:
        return int(labels.min()), int(labels.max())
    except RuntimeError:  # inside vmap a tensor stands for many, and has no value
        return 0, 0
