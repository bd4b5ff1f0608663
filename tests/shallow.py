"""Networks of one block a stage, for tests of what no depth changes: how a run goes, what a file holds."""

from torchvision.models.efficientnet import EfficientNet, MBConvConfig
from torchvision.models.resnet import BasicBlock, ResNet

from core.networks import imageqx, lesion

# EfficientNet-B0 of the paper's Table 1 but for the last number, layers a stage: expansion, kernel, stride,
# channels in and out.
_STAGES = (
    (1, 3, 1, 32, 16, 1),
    (6, 3, 2, 16, 24, 1),
    (6, 5, 2, 24, 40, 1),
    (6, 3, 2, 40, 80, 1),
    (6, 5, 1, 80, 112, 1),
    (6, 5, 2, 112, 192, 1),
    (6, 3, 1, 192, 320, 1),
)


def efficientnet(weights=None):
    """EfficientNet-B0 with its stages, their channels and strides, but 7 blocks in place of 16."""
    assert weights is None
    return EfficientNet([MBConvConfig(*stage) for stage in _STAGES], dropout=0.2)


def resnet(weights=None):
    """ResNet-34 with 4 blocks in place of 16."""
    assert weights is None
    return ResNet(BasicBlock, [1, 1, 1, 1])


def one_block_a_stage(patch):
    """Let every network that is built from now on have one block a stage; ``patch`` is pytest's."""
    patch.setattr(imageqx, "efficientnet_b0", efficientnet)
    patch.setitem(lesion.ARCHITECTURES, "efficientnet_b0", efficientnet)
    patch.setitem(lesion.ARCHITECTURES, "resnet34", resnet)
