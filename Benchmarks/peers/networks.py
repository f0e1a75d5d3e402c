"""The networks that bench.py measures, in PyTorch: the U-Net of unet.py, and those of segmentation_models.pytorch and
torchvision by Martlet's names for architecture and encoder.
"""

import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "Tests/Fixtures"))


def add_arguments(parser, batch):
    parser.add_argument("--network", default="unet", help="unet, unet++ or deeplabv3")
    parser.add_argument("--encoder", help="such as resnet34; the U-Net has one of its own without it")
    parser.add_argument("--base", type=int, default=64, help="channels of that U-Net's first level")
    parser.add_argument("--batch", type=int, default=batch)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)


def make(options):
    torch.manual_seed(0)
    if options.encoder is None:
        from unet import UNet

        return UNet(base_channels=options.base)
    import torchvision_on_cpu  # noqa: F401

    if options.network == "deeplabv3":
        return _deeplabv3(options.encoder)
    import segmentation_models_pytorch as smp

    architecture = {"unet": smp.Unet, "unet++": smp.UnetPlusPlus}[options.network]
    return architecture(options.encoder, encoder_weights=None, classes=2)


def make_for_inference(options):
    """With running statistics that are not the identity, so that folding them is real work saved."""
    model = make(options)
    for layer in model.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.1)
            layer.running_var.uniform_(0.5, 1.5)
    return model.eval()


def _deeplabv3(encoder):
    import torchvision

    make = getattr(torchvision.models.segmentation, f"deeplabv3_{encoder}")
    return _Only(make(weights=None, weights_backbone=None, num_classes=2, aux_loss=False))


class _Only(torch.nn.Module):
    """A torchvision model's main output."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model(x)["out"]
