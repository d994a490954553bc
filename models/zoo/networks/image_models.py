"""The transformers package's image classifiers."""

from __future__ import annotations

from torch import nn

from entry import Picked, Size, image_classifier


def classifier(kind: str, full: dict, narrow: dict):
    """What builds `<kind>ForImageClassification` from `<kind>Config` with these settings."""

    def build(size: Size) -> nn.Module:
        import transformers

        settings = size.pick({"num_labels": 1000, **full}, {"num_labels": 10, **narrow})
        model = getattr(transformers, f"{kind}ForImageClassification")(getattr(transformers, f"{kind}Config")(**settings))
        return Picked(model, ("pixel_values",), ("logits",))

    return build


RESNET_18 = {"depths": [2, 2, 2, 2], "hidden_sizes": [64, 128, 256, 512], "layer_type": "basic"}
RESNET_18_NARROW = {"embedding_size": 8, "depths": [1, 1, 1], "hidden_sizes": [8, 12, 16], "layer_type": "basic"}
RESNET_50_NARROW = {"embedding_size": 8, "depths": [2, 1, 1], "hidden_sizes": [16, 24, 32]}

ENTRIES = [
    image_classifier(
        "resnet18", "ResNet-18", classifier("ResNet", RESNET_18, RESNET_18_NARROW), transformers=True
    ),
    image_classifier("resnet50", "ResNet-50", classifier("ResNet", {}, RESNET_50_NARROW), transformers=True),
]
