"""A network as programs for oneDNN, made by TorchScript; `fast` runs them.

Chapter: book/training/inference.
"""

from __future__ import annotations

import copy
import threading
import warnings
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from ..model import GoogLeNet

from .layers import ConvReLU, MergedInception, SplitInception

__all__ = ["Programs", "programs_work"]

_KEPT = 8  # programs are kept for this many shapes; further shapes take the steps
_ONE_AT_A_TIME = threading.Lock()  # the switch for oneDNN fusion is one for the whole process


def programs_work() -> bool:
    """Whether this PyTorch can hand runs of layers to oneDNN (TorchScript is deprecated)."""
    names = ("trace", "enable_onednn_fusion", "onednn_fusion_enabled")
    return torch.backends.mkldnn.is_available() and all(hasattr(torch.jit, n) for n in names)


class Programs:
    """Runs a network's main path as one program, made when a shape of images first comes.

    net: `GoogLeNet` with folded batch norms, on a processor, in float32. tolerance: the largest
    difference a program's scores may have from the network's, of the largest score if over 1.

    Calling it with images (N, in_channels, H, W) returns scores, or None where the network itself
    should run: on other devices, under autocast, while something else traces or compiles, with
    hooks on a layer, after `_KEPT` shapes (or numbers of threads), and where a program cannot be
    made or gives other scores. Making one takes the time of about five calls and half a second.
    Programs are not pickled or copied; they are made again. They notice layers and weights that
    are replaced, moved or written to, but not settings such as ceil_mode.
    Source: PyTorch documentation, torch.jit.enable_onednn_fusion. Chapter: book/training/inference.
    """

    def __init__(self, net: GoogLeNet, tolerance: float) -> None:
        self.net, self.tolerance = net, tolerance
        self._look()

    def _look(self):
        """Forget all programs and note what they will be made of."""
        self._layers = list(self.net.modules())
        self._tables = [
            table
            for layer in self._layers
            for table in (layer._modules, layer._parameters, layer._buffers)
            if table
        ]
        parts = [one for table in self._tables for one in table.values()]
        self._parts = parts  # kept, as what follows is: or an id or address might be used again
        self._tensors = [one for one in parts if isinstance(one, torch.Tensor)]
        self._alive = [one.data for one in self._tensors]
        self._suits = all(
            one.device.type == "cpu" and one.dtype == torch.float32 and not one.is_inference()
            for one in self._tensors
        )
        self._state = self._now()
        self._made = {}

    def _now(self):
        """What changes when a layer or weight is replaced, moved or written to."""
        return (
            [id(one) for table in self._tables for one in table.values()],
            [(one.data_ptr(), one._version) for one in self._tensors if not one.is_inference()],
        )

    def __getstate__(self):
        return {"net": self.net, "tolerance": self.tolerance}

    def __setstate__(self, state):
        self.__init__(**state)

    def __call__(self, x: Tensor) -> Tensor | None:
        if not self._may_run(x):
            return None
        made = self._made
        # oneDNN divides the work when a program is made, hence the number of threads
        key = (tuple(x.shape), torch.get_num_threads())
        if key not in made and len(made) < _KEPT:
            with _ONE_AT_A_TIME:
                if key not in made and len(made) < _KEPT:
                    made[key] = self._make(key[0])
        program = made.get(key)
        return None if program is None else program(x.contiguous())

    def _may_run(self, x):
        if (
            type(x) is not torch.Tensor
            or torch.compiler.is_compiling()
            or torch.jit.is_tracing()
            or torch.is_autocast_enabled("cpu")
            or not torch.backends.mkldnn.enabled
            or x.device.type != "cpu"
            or x.dtype != torch.float32
            or x.numel() == 0
        ):
            return False
        if self._state != self._now():
            with _ONE_AT_A_TIME:
                self._look()
        return self._suits and not any(
            layer._forward_hooks or layer._forward_pre_hooks for layer in self._layers
        )

    def _make(self, shape):
        """Return the program for one shape, or None where it fails or gives other scores."""
        before = torch.jit.onednn_fusion_enabled()
        with warnings.catch_warnings(), torch.inference_mode(False), torch.no_grad():
            warnings.simplefilter("ignore")  # "deprecated", and that shapes become constants
            try:
                seed = torch.Generator().manual_seed(0)
                images = torch.randn(shape, generator=seed, dtype=torch.float32, device="cpu")
                torch.jit.enable_onednn_fusion(True)
                run = _split_blocks(self.net)._main_path
                # a function, because tracing a module also translates its other methods
                program: Any = torch.jit.trace(lambda x: run(x), images, check_trace=False)
                for _ in range(3):  # it looks at the shapes, is translated, and runs
                    scores = program(images)
                right = self.net._main_path(images)
                for layer in self._layers:
                    if isinstance(layer, ConvReLU):
                        layer.forget_packed()  # the program has its own
                allowed = self.tolerance * max(1.0, right.abs().max().item())
                same = (scores - right).abs().max().item() <= allowed
                return program if same else None
            except Exception:  # deprecated ways may end in any fault: the network itself remains
                return None
            finally:
                torch.jit.enable_onednn_fusion(before)


def _split_blocks(net):
    """Return net with `SplitInception` for each merged block; all else is shared, net is kept."""
    net = copy.copy(net)
    net._modules = {
        name: SplitInception(layer) if isinstance(layer, MergedInception) else layer
        for name, layer in net._modules.items()
    }
    return net
