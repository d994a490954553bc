"""The transformers package's detectors and segmentation networks."""

from __future__ import annotations

from torch import nn

from entry import Entry, Picked, Size, samples

DETECTIONS = ("logits", "pred_boxes")


def segformer(size: Size) -> nn.Module:
    from transformers import SegformerConfig, SegformerForSemanticSegmentation

    narrow = {
        "num_encoder_blocks": 3,
        "depths": [1, 1, 1],
        "sr_ratios": [4, 2, 1],
        "hidden_sizes": [8, 16, 16],
        "num_attention_heads": [1, 2, 2],
        "patch_sizes": [7, 3, 3],
        "strides": [4, 2, 2],
        "mlp_ratios": [2, 2, 2],
        "decoder_hidden_size": 12,
        "num_labels": 5,
    }
    config = SegformerConfig(**size.pick({"num_labels": 150}, narrow))
    return Picked(SegformerForSemanticSegmentation(config), ("pixel_values",), ("logits",))


def yolos(size: Size) -> nn.Module:
    from transformers import YolosConfig, YolosForObjectDetection

    tiny = {"hidden_size": 192, "num_hidden_layers": 12, "num_attention_heads": 3, "intermediate_size": 768}
    full = {**tiny, "image_size": [512, 512], "use_mid_position_embeddings": False, "num_labels": 91}
    narrow = {
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 24,
        "image_size": [24, 32],
        "patch_size": 8,
        "num_detection_tokens": 5,
        "use_mid_position_embeddings": True,
        "num_labels": 4,
    }
    return Picked(YolosForObjectDetection(YolosConfig(**size.pick(full, narrow))), ("pixel_values",), DETECTIONS)


def detr(size: Size) -> nn.Module:
    from transformers import DetrConfig, DetrForObjectDetection, ResNetConfig

    backbone = size.pick({}, {"embedding_size": 8, "depths": [1, 1], "hidden_sizes": [8, 16]})
    last = size.pick("stage4", "stage2")
    narrow = {
        "d_model": 16,
        "encoder_layers": 1,
        "decoder_layers": 1,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "encoder_ffn_dim": 24,
        "decoder_ffn_dim": 24,
        "num_queries": 6,
        "num_labels": 4,
    }
    config = DetrConfig(
        use_timm_backbone=False,
        use_pretrained_backbone=False,
        backbone=None,
        backbone_config=ResNetConfig(out_features=[last], **backbone),
        **size.pick({"num_labels": 91}, narrow),
    )
    return Picked(DetrForObjectDetection(config), ("pixel_values",), DETECTIONS)


ENTRIES = [
    Entry(
        "detr_resnet50",
        "DETR with ResNet-50",
        detr,
        samples((3, 480, 640), (3, 32, 48)),
        output_names=DETECTIONS,
        transformers=True,
    ),
    Entry("segformer_b0", "SegFormer-B0", segformer, samples((3, 512, 512), (3, 32, 32)), transformers=True),
    Entry(
        "yolos_tiny",
        "YOLOS-tiny",
        yolos,
        samples((3, 512, 512), (3, 24, 32)),
        output_names=DETECTIONS,
        transformers=True,
    ),
]
