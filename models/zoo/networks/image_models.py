"""The transformers package's image classifiers."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from entry import Picked, Size, image_classifier


def classifier(kind: str, full: dict, narrow: dict, thin: Callable[[nn.Module], None] | None = None):
    """What builds `<kind>ForImageClassification` from `<kind>Config` with these settings.

    thin  takes layers out of the narrow form where the settings cannot
    """

    def build(size: Size) -> nn.Module:
        import transformers

        settings = size.pick({"num_labels": 1000, **full}, {"num_labels": 10, **narrow})
        config = getattr(transformers, f"{kind}Config")(**settings)
        model = getattr(transformers, f"{kind}ForImageClassification")(config)
        if thin and not size.full:
            thin(model)
        return Picked(model, ("pixel_values",), ("logits",))

    return build


RESNET_18 = {"depths": [2, 2, 2, 2], "hidden_sizes": [64, 128, 256, 512], "layer_type": "basic"}
RESNET_18_NARROW = {"embedding_size": 8, "depths": [1, 1, 1], "hidden_sizes": [8, 12, 16], "layer_type": "basic"}
RESNET_50_NARROW = {"embedding_size": 8, "depths": [2, 1, 1], "hidden_sizes": [16, 24, 32]}
MOBILENET_NARROW = {"depth_multiplier": 0.03, "min_depth": 4}
MOBILENET_V2_NARROW = {**MOBILENET_NARROW, "depth_divisible_by": 4, "expand_ratio": 2.0, "finegrained_output": False}
EFFICIENTNET_B0 = {"width_coefficient": 1.0, "depth_coefficient": 1.0, "image_size": 224, "hidden_dim": 1280}
EFFICIENTNET_NARROW = {
    "width_coefficient": 0.1,
    "depth_coefficient": 0.5,
    "depth_divisor": 4,
    "in_channels": [32, 80, 120],
    "out_channels": [80, 120, 160],
    "kernel_sizes": [3, 3, 5],
    "strides": [1, 2, 2],
    "num_block_repeats": [1, 2, 2],
    "expand_ratios": [1, 4, 4],
    "hidden_dim": 128,
}
REGNET_Y_400MF = {"embedding_size": 32, "hidden_sizes": [48, 104, 208, 440], "depths": [1, 3, 6, 6], "groups_width": 8}
REGNET_NARROW = {"embedding_size": 8, "hidden_sizes": [8, 16, 24], "depths": [1, 2, 1], "groups_width": 4}
CONVNEXT_NARROW = {"num_stages": 3, "hidden_sizes": [8, 12, 16], "depths": [1, 2, 1], "drop_path_rate": 0.0}
MOBILEVIT = {"image_size": 224}
MOBILEVIT_NARROW = {
    "image_size": 64,
    "hidden_sizes": [8, 12, 12],
    "neck_hidden_sizes": [8, 8, 8, 8, 12, 12, 16],
    "num_attention_heads": 2,
    "mlp_ratio": 1.0,
    "expand_ratio": 1.0,
}

def thin_mobilenet_v2(model: nn.Module) -> None:
    """Of residual blocks in a row, which keep all sizes, the first stays."""
    layers = model.mobilenet_v2.layer
    for k in range(len(layers) - 1, 0, -1):
        if layers[k].use_residual and layers[k - 1].use_residual:
            del layers[k]


def thin_mobilevit(model: nn.Module) -> None:
    """One transformer layer a stage."""
    for stage in model.mobilevit.encoder.layer:
        if hasattr(stage, "transformer"):
            del stage.transformer.layer[1:]


# Many layers of a few channels each: PyTorch itself is up to 2e-5 off in float32.
DEEP = 4e-5


def entry(name: str, note: str, kind: str, full: dict, narrow: dict, thin=None, **options):
    return image_classifier(name, note, classifier(kind, full, narrow, thin), transformers=True, **options)


ENTRIES = [
    entry("convnext_tiny", "ConvNeXt-T", "ConvNext", {}, CONVNEXT_NARROW),
    entry("efficientnet_b0", "EfficientNet-B0", "EfficientNet", EFFICIENTNET_B0, EFFICIENTNET_NARROW),
    entry("mobilenet_v1", "MobileNetV1", "MobileNetV1", {}, MOBILENET_NARROW, tolerance=DEEP),
    entry("mobilenet_v2", "MobileNetV2", "MobileNetV2", {}, MOBILENET_V2_NARROW, thin_mobilenet_v2, tolerance=DEEP),
    entry("mobilevit_small", "MobileViT-S", "MobileViT", MOBILEVIT, MOBILEVIT_NARROW, thin_mobilevit, tolerance=DEEP),
    entry("regnet_y_400mf", "RegNet-Y 400MF", "RegNet", REGNET_Y_400MF, REGNET_NARROW),
    entry("resnet18", "ResNet-18", "ResNet", RESNET_18, RESNET_18_NARROW),
    entry("resnet50", "ResNet-50", "ResNet", {}, RESNET_50_NARROW),
]
