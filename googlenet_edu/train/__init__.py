"""Training GoogLeNet: data, the loss with heads, a plain loop, checkpoints, evaluation.

    from googlenet_edu.train import digits, fit, small_googlenet

    data = digits(32)
    net = small_googlenet(10)
    history = fit(net, data, epochs=5)

On the command line: python -m googlenet_edu.train --help
Chapters: book/training/training, book/training/beyond_one_machine, book/blocks/bn_versus_lrn.
"""

from .checkpoint import CheckpointError, load_checkpoint, load_network, save_checkpoint
from .data import PictureData, TensorPictures, digits, from_tensors
from .evaluation import Evaluation, evaluate, feature_maps, predict
from .history import History
from .loop import TrainingStopped, fit
from .loss import AUX_WEIGHT, googlenet_loss
from .network import INITIALISATIONS, initialise, make_optimizer, small_googlenet
from .parallel import PeerLost, SharedBatchNorm2d, join_group, leave_group, share_batch_norm
from .pictures import FilePictures, PictureError, folder, read_picture, torchvision_data

__all__ = [
    "AUX_WEIGHT",
    "CheckpointError",
    "Evaluation",
    "FilePictures",
    "History",
    "INITIALISATIONS",
    "PeerLost",
    "PictureData",
    "PictureError",
    "SharedBatchNorm2d",
    "TensorPictures",
    "TrainingStopped",
    "digits",
    "evaluate",
    "feature_maps",
    "fit",
    "folder",
    "from_tensors",
    "googlenet_loss",
    "initialise",
    "join_group",
    "leave_group",
    "load_checkpoint",
    "load_network",
    "make_optimizer",
    "predict",
    "read_picture",
    "save_checkpoint",
    "share_batch_norm",
    "small_googlenet",
    "torchvision_data",
]
