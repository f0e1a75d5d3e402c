"""The U-Net of Ronneberger, Fischer and Brox (2015) in PyTorch, with the parameter names that Martlet's UNet has.

    encoder.{i}.conv1 .bn1 .conv2 .bn2    i = 0 … depth, the last one is the bottleneck
    up.{j}                                a transposed convolution 2x2 stride 2; j = 0 is the deepest
    up.{j}.conv                           with bilinear up-sampling: the 1x1 convolution after it
    decoder.{j}.conv1 .bn1 .conv2 .bn2    reads [skip, up], in this order
    head                                  1x1 to the classes

A 3x3 convolution has a bias only where no batch norm follows it.
"""

import torch
from torch import nn


class DoubleConvolution(nn.Module):
    """Twice: convolution 3x3, batch norm if asked, ReLU."""

    def __init__(self, inputs, outputs, padding, batch_norm):
        super().__init__()
        space = 1 if padding == "same" else 0
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=space, bias=not batch_norm)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=space, bias=not batch_norm)
        self.batch_norm = batch_norm
        if batch_norm:
            self.bn1 = nn.BatchNorm2d(outputs)
            self.bn2 = nn.BatchNorm2d(outputs)

    def forward(self, x):
        x = self.conv1(x)
        x = torch.relu(self.bn1(x) if self.batch_norm else x)
        x = self.conv2(x)
        return torch.relu(self.bn2(x) if self.batch_norm else x)


class BilinearUp(nn.Module):
    """Twice the size by bilinear interpolation with aligned corners, then half the channels by a 1x1 convolution."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.upsample = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
        self.conv = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x):
        return self.conv(self.upsample(x))


class UNet(nn.Module):
    def __init__(
        self,
        in_channels=3,
        classes=2,
        base_channels=64,
        depth=4,
        padding="same",
        batch_norm=True,
        up="transposed",
    ):
        super().__init__()
        widths = [base_channels * 2**i for i in range(depth + 1)]
        sources = [in_channels] + widths[:-1]
        self.encoder = nn.ModuleList(
            DoubleConvolution(a, b, padding, batch_norm) for a, b in zip(sources, widths)
        )
        self.pool = nn.MaxPool2d(2)
        pairs = list(zip(widths[:0:-1], widths[-2::-1]))  # deepest first: (wide, half as wide)
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(a, b, 2, stride=2) if up == "transposed" else BilinearUp(a, b) for a, b in pairs
        )
        self.decoder = nn.ModuleList(DoubleConvolution(a, b, padding, batch_norm) for a, b in pairs)
        self.head = nn.Conv2d(base_channels, classes, 1)

    def forward(self, x):
        skips = []
        for i, block in enumerate(self.encoder):
            x = block(x if i == 0 else self.pool(x))
            skips.append(x)
        skips.pop()
        for up, block in zip(self.up, self.decoder):
            x = up(x)
            x = block(torch.cat([centre_crop(skips.pop(), x.shape[2:]), x], dim=1))
        return self.head(x)


def centre_crop(x, size):
    """The middle `size` of the last two dimensions; with same padding the sizes agree and `x` comes back."""
    top, left = (x.shape[2] - size[0]) // 2, (x.shape[3] - size[1]) // 2
    return x[:, :, top : top + size[0], left : left + size[1]]
