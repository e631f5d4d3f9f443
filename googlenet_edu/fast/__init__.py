"""GoogLeNet made fast for inference: equal networks that do the same work in less time.

    from googlenet_edu.fast import optimize_for_inference

    fast = optimize_for_inference(net.eval())

`steps` holds the steps one by one, `layers` the layers they put in, `program` the whole network
as one program of oneDNN, `measure` times that can be compared. Chapter: book/training/inference.
"""

from . import steps
from .steps import *  # noqa: F403

__all__ = steps.__all__
