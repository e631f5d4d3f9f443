"""Training GoogLeNet: data, the loss with heads, a plain loop, checkpoints, evaluation.

    from googlenet_edu.train import digits, fit, small_googlenet

    data = digits(32)
    net = small_googlenet(10)
    history = fit(net, data, epochs=5)

On the command line: python -m googlenet_edu.train --help
Chapters: book/training/training, book/training/beyond_one_machine, book/blocks/bn_versus_lrn.
"""

from .checkpoint import CheckpointError, load_checkpoint, load_network, save_checkpoint
from .data import ImageData, TensorImages, digits, from_tensors
from .evaluation import Evaluation, evaluate, feature_maps, predict
from .history import History
from .images import FileImages, ImageError, folder, read_image, torchvision_data
from .loop import TrainingStopped, fit
from .loss import AUX_WEIGHT, googlenet_loss
from .network import INITIALIZATIONS, initialize, make_optimizer, small_googlenet
from .parallel import PeerLost, SharedBatchNorm2d, join_group, leave_group, share_batch_norm

__all__ = [
    "AUX_WEIGHT",
    "CheckpointError",
    "Evaluation",
    "FileImages",
    "History",
    "INITIALIZATIONS",
    "PeerLost",
    "ImageData",
    "ImageError",
    "SharedBatchNorm2d",
    "TensorImages",
    "TrainingStopped",
    "digits",
    "evaluate",
    "feature_maps",
    "fit",
    "folder",
    "from_tensors",
    "googlenet_loss",
    "initialize",
    "join_group",
    "leave_group",
    "load_checkpoint",
    "load_network",
    "make_optimizer",
    "predict",
    "read_image",
    "save_checkpoint",
    "share_batch_norm",
    "small_googlenet",
    "torchvision_data",
]
