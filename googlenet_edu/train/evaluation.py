"""How good a network is: loss, accuracy, the confusion matrix and the images it got wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..architecture import INCEPTION
from ..model import GoogLeNet
from .data import Images

__all__ = ["Evaluation", "evaluate", "feature_maps", "predict"]


@dataclass
class Evaluation:
    """loss: mean cross entropy of the main classifier. accuracy: share of right images, 0 to 1.

    confusion: int64 (classes, classes); row = the true class, column = what the network said.
    predictions, labels: class numbers (N,). confidence: softmax share of the answer (N,).
    """

    loss: float
    accuracy: float
    confusion: Tensor
    predictions: Tensor
    labels: Tensor
    confidence: Tensor

    @property
    def wrong(self) -> list[int]:
        """The numbers of the images it got wrong, the most confident mistake first."""
        numbers = (self.predictions != self.labels).nonzero().flatten()
        return numbers[self.confidence[numbers].argsort(descending=True)].tolist()


def predict(
    net: nn.Module,
    part: Images,
    *,
    batch_size: int = 256,
    device: str | torch.device | None = None,
    channels_last: bool = False,
) -> Tensor:
    """Return the main scores (N, classes) of all images of one part of the data, in evaluation.

    The heads do not run. The network is left in the mode it came in.
    part: `data.test` or `data.train`. Chapter: book/training/training.
    """
    device = next(net.parameters()).device if device is None else device
    main: Any = getattr(net, "main_logits", net)
    kept = torch.channels_last if channels_last else torch.contiguous_format
    was_training, scores = net.training, []
    net.eval()
    try:
        with torch.no_grad():
            for start in range(0, len(part), batch_size):
                images, _ = part.batch(list(range(start, min(start + batch_size, len(part)))))
                scores.append(main(images.to(device, memory_format=kept)).float().cpu())
    finally:
        net.train(was_training)
    return torch.cat(scores)


def evaluate(
    net: nn.Module,
    part: Images,
    *,
    batch_size: int = 256,
    device: str | torch.device | None = None,
    channels_last: bool = False,
) -> Evaluation:
    """Return the `Evaluation` of a network on `data.test` or `data.train`.

    Raises: ValueError for a part without images. Chapter: book/training/training.
    """
    if not len(part):
        raise ValueError("There must be images to evaluate on, but got none: give a test part.")
    scores = predict(net, part, batch_size=batch_size, device=device, channels_last=channels_last)
    labels = torch.as_tensor(part.labels)
    confidence, predictions = scores.softmax(1).max(1)
    classes = scores.size(1)
    confusion = torch.bincount(labels * classes + predictions, minlength=classes * classes)
    return Evaluation(
        loss=functional.cross_entropy(scores, labels).item(),
        accuracy=(predictions == labels).float().mean().item(),
        confusion=confusion.reshape(classes, classes),
        predictions=predictions,
        labels=labels,
        confidence=confidence,
    )


LAYERS = ("conv1", "conv3", *(f"inception{block}" for block in INCEPTION))


def feature_maps(
    net: GoogLeNet, images: Tensor, layers: Iterable[str] = LAYERS
) -> dict[str, Tensor]:
    """Return {layer: its output (N, C, H, W) on the CPU} for images (N, channels, H, W).

    The network runs in evaluation and is left in the mode it came in.
    Raises: ValueError as the network. Chapter: book/training/training.
    """
    kept, hooks, was_training = {}, [], net.training
    for name in layers:

        def keep(module, inputs, output, name=name):
            kept[name] = output.detach().float().cpu()

        hooks.append(net.get_submodule(name).register_forward_hook(keep))
    net.eval()
    try:
        with torch.no_grad():
            net.main_logits(images)
    finally:
        net.train(was_training)
        for hook in hooks:
            hook.remove()
    return kept
