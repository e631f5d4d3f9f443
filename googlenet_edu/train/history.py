"""What a training run wrote down, epoch by epoch and step by step."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

__all__ = ["History"]


@dataclass
class History:
    """The record of a run, returned by `fit`.

    One entry per finished epoch:
        objective: what is minimized (main + aux_weight x heads), mean over the epoch's images.
        train_loss, train_accuracy: of the main classifier, while it learned (dropout on).
        test_loss, test_accuracy: of the main classifier after the epoch, in evaluation.
        lr: learning rate of the last step. seconds: of the training steps alone.

    One entry per step: step_loss, the objective of that batch.
    diverged: None, or (epoch, step) at which the objective was no longer a number.
    notes: what the loop did beyond the plain steps, in sentences.
    """

    objective: list = field(default_factory=list)
    train_loss: list = field(default_factory=list)
    train_accuracy: list = field(default_factory=list)
    test_loss: list = field(default_factory=list)
    test_accuracy: list = field(default_factory=list)
    lr: list = field(default_factory=list)
    seconds: list = field(default_factory=list)
    step_loss: list = field(default_factory=list)
    diverged: tuple | None = None
    notes: list = field(default_factory=list)

    def add_epoch(self, means: list[float], lr: float, seconds: float) -> None:
        """Note a finished epoch; means: of the objective, the main loss and the right answers."""
        for values, mean in zip(
            (self.objective, self.train_loss, self.train_accuracy), means, strict=True
        ):
            values.append(mean)
        self.lr.append(lr)
        self.seconds.append(seconds)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain lists and numbers, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Return the history that `to_dict` gave."""
        history = cls(**{part.name: values[part.name] for part in fields(cls)})
        history.diverged = tuple(history.diverged) if history.diverged else None
        return history

    def __str__(self):
        rows = ["epoch  objective  train loss  train acc  test loss  test acc  seconds"]
        for i in range(len(self.objective)):
            tested = i < len(self.test_loss)
            test = f"{self.test_loss[i]:9.3f}  {self.test_accuracy[i]:8.1%}" if tested else " " * 19
            rows.append(
                f"{i + 1:5}  {self.objective[i]:9.3f}  {self.train_loss[i]:10.3f}  "
                f"{self.train_accuracy[i]:9.1%}  {test}  {self.seconds[i]:7.1f}"
            )
        return "\n".join(rows + self.notes)
