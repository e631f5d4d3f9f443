"""The three building blocks of GoogLeNet as torch modules, with the names of the article.

Shapes are (N, C, H, W): images in the batch, channels, height and width in cells.
Chapters: book/blocks/basic_conv, book/blocks/inception, book/blocks/auxiliary.
"""

import torch
from torch import Tensor, nn

from .architecture import HEAD_GRID, HEAD_IMAGES, head_grid

__all__ = ["AuxClf", "BasicConv2d", "Inception", "is_symbolic"]


class BasicConv2d(nn.Module):
    """A convolution as GoogLeNet uses it: `conv` = Conv2d, BatchNorm2d, ReLU.

    With batch norm the convolution has no bias, because the norm subtracts the mean again. With
    batch_norm=False it has one, and `conv` is Conv2d, ReLU.

    Args: in_channels, out_channels, kernel_size, stride, padding, dilation as in torch.nn.Conv2d;
    eps as in torch.nn.BatchNorm2d. Input (N, in_channels, H, W), output (N, out_channels, H', W').
    Source: PyTorch documentation, torch.nn.Conv2d and BatchNorm2d. Chapter: book/blocks/basic_conv.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] | str = 0,
        dilation: int | tuple[int, int] = 1,
        *,
        batch_norm: bool = True,
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        window = (kernel_size, stride, padding, dilation)
        layers: list[nn.Module] = [
            nn.Conv2d(in_channels, out_channels, *window, bias=not batch_norm)
        ]
        if batch_norm:
            layers.append(nn.BatchNorm2d(out_channels, eps=eps))
        layers.append(nn.ReLU(inplace=True))
        self.conv = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


class Inception(nn.Module):
    """An Inception block: four branches over the same input, joined along the channels.

    branch1: 1x1. branch2: 1x1, then 3x3. branch3: 1x1, then 5x5. branch4: max pool 3x3, then 1x1.
    The padding keeps height and width, so the four results fit together.

    Args: in_channels, then the six columns of Table 1; branch3_kernel is 5, or 3 for torchvision's
    network; batch_norm and eps as in `BasicConv2d`. Input (N, in_channels, H, W), output
    (N, ch1x1 + ch3x3 + ch5x5 + pool_proj, H, W).
    Source: Szegedy et al., arXiv 1409.4842, section 4 and Figure 2b.
    Chapter: book/blocks/inception.
    """

    def __init__(
        self,
        in_channels: int,
        ch1x1: int,
        ch3x3reduce: int,
        ch3x3: int,
        ch5x5reduce: int,
        ch5x5: int,
        pool_proj: int,
        *,
        branch3_kernel: int = 5,
        batch_norm: bool = True,
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        if branch3_kernel not in (3, 5):
            raise ValueError(
                f"branch3_kernel must be 5 (the paper) or 3 (torchvision), but got "
                f"{branch3_kernel!r}: choose one of the two."
            )
        norm = {"batch_norm": batch_norm, "eps": eps}
        self.branch1 = BasicConv2d(in_channels, ch1x1, 1, **norm)
        self.branch2 = nn.Sequential(
            BasicConv2d(in_channels, ch3x3reduce, 1, **norm),
            BasicConv2d(ch3x3reduce, ch3x3, 3, padding=1, **norm),
        )
        side = branch3_kernel
        self.branch3 = nn.Sequential(
            BasicConv2d(in_channels, ch5x5reduce, 1, **norm),
            BasicConv2d(ch5x5reduce, ch5x5, side, padding=side // 2, **norm),
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(3, stride=1, padding=1),
            BasicConv2d(in_channels, pool_proj, 1, **norm),
        )

    def forward(self, x: Tensor) -> Tensor:
        branches = [self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)]
        return torch.cat(branches, dim=1)


class AuxClf(nn.Module):
    """An auxiliary classifier: a small second head that helps the early blocks to learn.

    `feature_`: average pool 5x5 with stride 3, then 1x1 convolution. `clf_`: Linear, ReLU, Dropout,
    Linear. Between them the grid is flattened image by image, so rows in = rows out, always.

    The first linear layer fixes the grid at 4 x 4 cells, which a map of 14 to 16 cells per side
    gives: in GoogLeNet, images of `architecture.HEAD_IMAGES`. pool="adaptive" averages any map to
    4 x 4 instead.

    Args: in_channels, num_classes; pool "fixed" or "adaptive"; conv_channels and hidden: widths of
    the two inner layers; dropout: probability; batch_norm and eps as in `BasicConv2d`.
    Input (N, in_channels, H, W), output (N, num_classes).
    Raises: ValueError for a map that does not give a 4 x 4 grid.
    Source: Szegedy et al., arXiv 1409.4842, section 5. Chapter: book/blocks/auxiliary.
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int = 1000,
        *,
        pool: str = "fixed",
        conv_channels: int = 128,
        hidden: int = 1024,
        dropout: float = 0.7,
        batch_norm: bool = True,
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        if pool not in ("fixed", "adaptive"):
            raise ValueError(
                f"pool must be 'fixed' (5 x 5, stride 3) or 'adaptive' (any map to 4 x 4), but got "
                f"{pool!r}: choose one of the two."
            )
        self.adaptive = pool == "adaptive"
        self.grid, self.fits = HEAD_GRID, HEAD_IMAGES
        self.feature_ = nn.Sequential(
            nn.AdaptiveAvgPool2d(HEAD_GRID) if self.adaptive else nn.AvgPool2d(5, stride=3),
            BasicConv2d(in_channels, conv_channels, 1, batch_norm=batch_norm, eps=eps),
        )
        self.clf_ = nn.Sequential(
            nn.Linear(HEAD_GRID * HEAD_GRID * conv_channels, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(hidden, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        if not self.adaptive and (torch.jit.is_scripting() or not is_symbolic(x)):
            height, width = x.size(-2), x.size(-1)
            if height < 5 or width < 5:
                raise ValueError(
                    f"An auxiliary classifier needs at least a 5 x 5 map at 4a, but got "
                    f"{height} x {width}: use a larger image (79 px or more per side; "
                    f"{self.fits} fit), or aux=False, or aux_pool='adaptive'."
                )
            rows, columns = head_grid(height), head_grid(width)
            if rows != self.grid or columns != self.grid:
                raise ValueError(
                    f"An auxiliary classifier needs a {self.grid} x {self.grid} grid after its "
                    f"average pool, but a map of {height} x {width} gives {rows} x {columns}: "
                    f"square images from {self.fits} fit; resize the images, or build the "
                    "network with aux=False or aux_pool='adaptive', or call main_logits(x)."
                )
        # flatten(1) keeps one row per image; view(-1, 2048) would cut across images.
        return self.clf_(torch.flatten(self.feature_(x), 1))


@torch.jit.unused
def is_symbolic(x: Tensor) -> bool:
    """Whether torch.fx follows x through the code: then its shape is not known yet."""
    return isinstance(x, torch.fx.Proxy)
