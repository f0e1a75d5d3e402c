"""Segmentation networks in PyTorch: those of torchvision and segmentation_models.pytorch, and, where neither has one,
modules written from the publications with the names of the PyTorch versions in common use.

Shared by make_segmentation.py, which makes the tests' fixtures, and Scripts/parity.py, which compares whole networks.
"""

from dataclasses import dataclass, field

import torchvision_on_cpu  # isort: skip, before what imports torchvision
import segmentation_models_pytorch as smp
import torch
import torch.nn.functional as F
import torchvision
from torch import nn


def pair(inputs, outputs):
    """Twice: 3x3 convolution, batch normalisation, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(),
        nn.Conv2d(outputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(),
    )  # fmt: skip


class Space:
    """The layers and functions of a network that there is for images and for volumes."""

    def __init__(self, axes):
        self.convolution, self.norm, self.transposed, self.pool, self.linear = {
            2: (nn.Conv2d, nn.BatchNorm2d, nn.ConvTranspose2d, F.max_pool2d, "bilinear"),
            3: (nn.Conv3d, nn.BatchNorm3d, nn.ConvTranspose3d, F.max_pool3d, "trilinear"),
        }[axes]

    def up(self, x):
        return F.interpolate(x, scale_factor=2, mode=self.linear, align_corners=True)


class Block(nn.Module):
    """As `pair`, with names of its own."""

    def __init__(self, inputs, outputs, space=Space(2), bias=True):
        super().__init__()
        self.conv1 = space.convolution(inputs, outputs, 3, padding=1, bias=bias)
        self.bn1 = space.norm(outputs)
        self.conv2 = space.convolution(outputs, outputs, 3, padding=1, bias=bias)
        self.bn2 = space.norm(outputs)

    def forward(self, x):
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))


class NestedUNet(nn.Module):
    """U-Net++ of 2018."""

    def __init__(self, channels=3, classes=2, base=32, depth=4, heads=False, axes=2):
        super().__init__()
        self.depth, self.heads, self.space = depth, heads, Space(axes)
        width = [base << level for level in range(depth + 1)]
        for step in range(depth + 1):
            for level in range(depth + 1 - step):
                if step:
                    inputs = step * width[level] + width[level + 1]
                else:
                    inputs = width[level - 1] if level else channels
                setattr(self, f"conv{level}_{step}", Block(inputs, width[level], self.space))
        for name in [f"final{i + 1}" for i in range(depth)] if heads else ["final"]:
            setattr(self, name, self.space.convolution(base, classes, 1))

    def forward(self, images):
        x = {}
        for level in range(self.depth + 1):
            below = images if level == 0 else self.space.pool(x[level - 1, 0], 2)
            x[level, 0] = getattr(self, f"conv{level}_0")(below)
        for step in range(1, self.depth + 1):
            for level in range(self.depth + 1 - step):
                up = self.space.up(x[level + 1, step - 1])
                row = [x[level, before] for before in range(step)]
                x[level, step] = getattr(self, f"conv{level}_{step}")(torch.cat(row + [up], 1))
        if not self.heads:
            return self.final(x[0, self.depth])
        outputs = [getattr(self, f"final{i}")(x[0, i]) for i in range(1, self.depth + 1)]
        return sum(outputs) / len(outputs)


class VolumeUNet(nn.Module):
    """The U-Net of 2015 with batch normalisation, for volumes."""

    def __init__(self, channels=1, classes=2, base=8, depth=2):
        super().__init__()
        space = self.space = Space(3)
        width = [base << level for level in range(depth + 1)]
        self.encoder = nn.ModuleList(
            Block(width[i - 1] if i else channels, width[i], space, bias=False) for i in range(depth + 1)
        )
        upward = list(reversed(range(depth)))
        self.up = nn.ModuleList(space.transposed(width[i + 1], width[i], 2, 2) for i in upward)
        self.decoder = nn.ModuleList(Block(2 * width[i], width[i], space, bias=False) for i in upward)
        self.head = space.convolution(base, classes, 1)

    def forward(self, x):
        skips = []
        for level, block in enumerate(self.encoder):
            x = block(self.space.pool(x, 2) if level else x)
            skips.append(x)
        skips.pop()
        for up, block in zip(self.up, self.decoder):
            x = block(torch.cat([skips.pop(), up(x)], 1))
        return self.head(x)


class SegNet(nn.Module):
    """VGG's convolutions down and up, unpooled by the indices of the pooling."""

    def __init__(self, channels=3, classes=2, encoder="vgg16_bn"):
        super().__init__()
        features = getattr(torchvision.models, encoder)(weights=None).features
        if channels != 3:
            features[0] = nn.Conv2d(channels, 64, 3, padding=1)
        self.encoder = nn.Module()
        self.encoder.features = features
        self.depths, count = [], 0
        for layer in features:
            if isinstance(layer, nn.Conv2d):
                count += 1
            if isinstance(layer, nn.MaxPool2d):
                self.depths.append(count)
                count = 0
        width = [64, 128, 256, 512, 512]
        layers = []
        for stage in reversed(range(5)):
            for layer in range(self.depths[stage]):
                last = layer == self.depths[stage] - 1
                outputs = width[stage] if not last else width[stage - 1] if stage else classes
                convolution = nn.Conv2d(width[stage], outputs, 3, padding=1)
                if last and stage == 0:
                    layers.append(nn.Sequential(convolution))
                else:
                    layers.append(nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU()))
        self.decoder = nn.ModuleList(layers)

    def forward(self, x):
        places = []
        for layer in self.encoder.features:
            if isinstance(layer, nn.MaxPool2d):
                size = x.shape[2:]
                x, indices = F.max_pool2d(x, 2, ceil_mode=True, return_indices=True)
                places.append((indices, size))
            else:
                x = layer(x)
        layers = iter(self.decoder)
        for depth, (indices, size) in zip(reversed(self.depths), reversed(places)):
            x = F.max_unpool2d(x, indices, 2, output_size=size)
            for _ in range(depth):
                x = next(layers)(x)
        return x


class Named(nn.Module):
    """A module whose one child has a name."""

    def __init__(self, name, module):
        super().__init__()
        self.add_module(name, module)
        self.child = name

    def forward(self, x):
        return getattr(self, self.child)(x)


class Gate(nn.Module):
    """Attention U-Net's gate."""

    def __init__(self, channels, inner):
        super().__init__()
        self.W_g = nn.Sequential(nn.Conv2d(channels, inner, 1), nn.BatchNorm2d(inner))
        self.W_x = nn.Sequential(nn.Conv2d(channels, inner, 1), nn.BatchNorm2d(inner))
        self.psi = nn.Sequential(nn.Conv2d(inner, 1, 1), nn.BatchNorm2d(1), nn.Sigmoid())

    def forward(self, features, signal):
        return features * self.psi(F.relu(self.W_g(signal) + self.W_x(features)))


class AttentionUNet(nn.Module):
    def __init__(self, channels=3, classes=2, base=64, depth=4):
        super().__init__()
        self.depth = depth
        width = [base << level for level in range(depth + 1)]
        for level in range(depth + 1):
            setattr(self, f"Conv{level + 1}", Named("conv", pair(width[level - 1] if level else channels, width[level])))
        for level in range(1, depth + 1):
            inputs, outputs = width[level], width[level - 1]
            up = nn.Sequential(
                nn.Upsample(scale_factor=2), nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()
            )
            setattr(self, f"Up{level + 1}", Named("up", up))
            setattr(self, f"Att{level + 1}", Gate(outputs, outputs // 2))
            setattr(self, f"Up_conv{level + 1}", Named("conv", pair(inputs, outputs)))
        self.Conv_1x1 = nn.Conv2d(base, classes, 1)

    def forward(self, x):
        skips = []
        for level in range(self.depth + 1):
            x = getattr(self, f"Conv{level + 1}")(F.max_pool2d(x, 2) if level else x)
            skips.append(x)
        for level in range(self.depth, 0, -1):
            x = getattr(self, f"Up{level + 1}")(x)
            gated = getattr(self, f"Att{level + 1}")(skips[level - 1], x)
            x = getattr(self, f"Up_conv{level + 1}")(torch.cat([gated, x], 1))
        return self.Conv_1x1(x)


class ResidualUnit(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.BatchNorm2d(inputs), nn.ReLU(), nn.Conv2d(inputs, outputs, 3, stride, 1),
            nn.BatchNorm2d(outputs), nn.ReLU(), nn.Conv2d(outputs, outputs, 3, padding=1),
        )  # fmt: skip
        self.conv_skip = nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1), nn.BatchNorm2d(outputs))

    def forward(self, x):
        return self.conv_block(x) + self.conv_skip(x)


class ResUNet(nn.Module):
    def __init__(self, channels=3, classes=2, base=64):
        super().__init__()
        a, b, c, d = (base << level for level in range(4))
        self.input_layer = nn.Sequential(
            nn.Conv2d(channels, a, 3, padding=1), nn.BatchNorm2d(a), nn.ReLU(), nn.Conv2d(a, a, 3, padding=1)
        )
        self.input_skip = nn.Sequential(nn.Conv2d(channels, a, 3, padding=1))
        self.residual_conv_1 = ResidualUnit(a, b, 2)
        self.residual_conv_2 = ResidualUnit(b, c, 2)
        self.bridge = ResidualUnit(c, d, 2)
        self.upsample_1 = Named("upsample", nn.ConvTranspose2d(d, d, 2, 2))
        self.up_residual_conv1 = ResidualUnit(d + c, c, 1)
        self.upsample_2 = Named("upsample", nn.ConvTranspose2d(c, c, 2, 2))
        self.up_residual_conv2 = ResidualUnit(c + b, b, 1)
        self.upsample_3 = Named("upsample", nn.ConvTranspose2d(b, b, 2, 2))
        self.up_residual_conv3 = ResidualUnit(b + a, a, 1)
        self.output_layer = nn.Sequential(nn.Conv2d(a, classes, 1))

    def forward(self, x):
        x1 = self.input_layer(x) + self.input_skip(x)
        x2 = self.residual_conv_1(x1)
        x3 = self.residual_conv_2(x2)
        x = self.bridge(x3)
        x = self.up_residual_conv1(torch.cat([self.upsample_1(x), x3], 1))
        x = self.up_residual_conv2(torch.cat([self.upsample_2(x), x2], 1))
        x = self.up_residual_conv3(torch.cat([self.upsample_3(x), x1], 1))
        return self.output_layer(x)


class MobileNetV3Encoder(nn.Module):
    """torchvision's MobileNetV3-Large as an encoder: features behind the last layer of each size."""

    ends = [1, 3, 6, 12, 16]
    out_channels = [3, 16, 24, 40, 112, 960]
    output_stride = 32

    def __init__(self):
        super().__init__()
        self.features = torchvision.models.mobilenet_v3_large(weights=None).features

    def forward(self, x):
        found = [x]
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in self.ends:
                found.append(x)
        return found


class MobileNetV3UNet(nn.Module):
    """segmentation_models.pytorch's U-Net decoder over torchvision's MobileNetV3-Large."""

    def __init__(self, classes):
        super().__init__()
        whole = smp.Unet("mobilenet_v2", encoder_weights=None, classes=classes)
        self.encoder = MobileNetV3Encoder()
        self.decoder = smp.decoders.unet.decoder.UnetDecoder(self.encoder.out_channels, (256, 128, 64, 32, 16))
        self.segmentation_head = whole.segmentation_head

    def forward(self, x):
        return self.segmentation_head(self.decoder(self.encoder(x)))


class Only(nn.Module):
    """A torchvision model's main output."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model(x)["out"]

    def state_dict(self, *arguments, **options):
        return self.model.state_dict(*arguments, **options)


@dataclass
class Case:
    """A network here and there."""

    name: str
    architecture: str
    options: dict
    make: callable
    channels: int = 3
    classes: int = 2
    # Sizes are brought to multiples of it by reflection.
    multiple: int = 1
    # Whether training draws random numbers that cannot be switched off, so that losses are not compared.
    is_random: bool = False
    # For networks whose widths are free: small ones for the fixtures.
    sizes: list = field(default_factory=lambda: [(64, 64), (48, 80)])


ENCODERS = [
    "resnet18", "resnet34", "resnet50", "resnet101",
    "vgg11", "vgg11_bn", "vgg13", "vgg13_bn", "vgg16", "vgg16_bn", "vgg19", "vgg19_bn",
    "mobilenet_v2", "efficientnet-b0", "efficientnet-b1", "efficientnet-b2", "efficientnet-b3", "efficientnet-b4",
]  # fmt: skip


def smp_case(architecture, model, encoder, multiple=1, channels=3, is_random=False, options=None, **arguments):
    make = lambda: getattr(smp, model)(
        encoder, encoder_weights=None, in_channels=channels, classes=2, **arguments
    )
    options = {"encoder": encoder} | (options or {})
    name = architecture + "-" + "-".join(str(value) for value in options.values())
    return Case(
        name + (f"-{channels}ch" if channels != 3 else ""), architecture, options, make, channels, multiple=multiple,
        is_random=is_random or encoder.startswith("efficientnet"),
    )  # fmt: skip


def cases():
    every = [smp_case("unet", "Unet", encoder) for encoder in ENCODERS]
    every.append(
        Case("unet-mobilenet_v3_large", "unet", {"encoder": "mobilenet_v3_large"}, lambda: MobileNetV3UNet(2))
    )
    every.append(smp_case("unet", "Unet", "resnet18", channels=4))
    every.append(
        smp_case(
            "unet", "Unet", "resnet34", encoder_depth=4, decoder_channels=(128, 64, 32, 16),
            options={"encoderDepth": 4, "decoderChannels": [128, 64, 32, 16]},
        )
    )  # fmt: skip
    every += [smp_case("unet++", "UnetPlusPlus", e, 32) for e in ["resnet34", "vgg11_bn", "efficientnet-b0"]]
    every += [
        smp_case("fpn", "FPN", e, 32, decoder_dropout=0.0, options={"dropout": 0.0}) for e in ["resnet34", "mobilenet_v2"]
    ]
    every += [smp_case("linknet", "Linknet", e, 32) for e in ["resnet34", "vgg13_bn"]]
    for encoder, stride in [("resnet34", 16), ("resnet50", 8), ("mobilenet_v2", 16), ("efficientnet-b0", 16)]:
        every.append(
            smp_case(
                "deeplabv3+", "DeepLabV3Plus", encoder, stride, encoder_output_stride=stride, decoder_aspp_dropout=0.0,
                options={"outputStride": stride, "dropout": 0.0},
            )
        )  # fmt: skip
    for depth, make in [(50, "deeplabv3_resnet50"), (101, "deeplabv3_resnet101")]:
        every.append(
            Case(
                f"deeplabv3-resnet{depth}", "deeplabv3", {"encoder": f"resnet{depth}", "auxiliaryHead": depth == 50},
                lambda make=make, depth=depth: Only(
                    getattr(torchvision.models.segmentation, make)(
                        weights=None, weights_backbone=None, num_classes=2, aux_loss=depth == 50
                    )
                ),
                is_random=True,
            )
        )  # fmt: skip
    every.append(Case("segnet", "segnet", {}, SegNet, sizes=[(64, 64), (45, 51)]))
    every.append(Case("unet++", "unet++", {}, NestedUNet, multiple=16))
    every.append(Case("unet++-heads", "unet++", {"deepSupervision": True}, lambda: NestedUNet(heads=True), multiple=16))
    small = {"axes": 3, "baseChannels": 8, "depth": 2}
    volumes = {"channels": 1, "multiple": 4, "sizes": [(12, 16, 8), (9, 6, 13)]}
    every.append(Case("unet-3d", "unet", small, VolumeUNet, **volumes))
    every.append(
        Case("unet++-3d", "unet++", small, lambda: NestedUNet(channels=1, base=8, depth=2, axes=3), **volumes)
    )
    every.append(Case("attention-unet", "attention-unet", {}, AttentionUNet, multiple=16))
    every.append(Case("resunet", "resunet", {}, ResUNet, multiple=8))
    return every
