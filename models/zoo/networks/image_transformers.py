"""The transformers package's networks that attend to patches of images, and CLIP's on texts."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from entry import Entry, Picked, Size, Tensors, image_classifier

VIT = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 24, "patch_size": 8}
DEIT_SMALL = {"hidden_size": 384, "num_attention_heads": 6, "intermediate_size": 1536}
SWIN_NARROW = {
    "patch_size": 2,
    "embed_dim": 8,
    "depths": [2, 1],
    "num_heads": [2, 2],
    "window_size": 3,
    "mlp_ratio": 2.0,
}
CLIP_TEXT = {
    "vocab_size": 48,
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 4,
    "intermediate_size": 24,
    "max_position_embeddings": 12,
    "projection_dim": 8,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}


def model(kind: str, config: str, outputs: tuple[str, ...], full: dict, narrow: dict) -> Callable[[Size], nn.Module]:
    """What builds `kind` from `config` with these settings, of images of 224 or 24 pixels a side."""

    def build(size: Size) -> nn.Module:
        import transformers

        settings = size.pick(full, {"image_size": 24, **narrow})
        cls = getattr(transformers, kind)
        # The default exporter cannot reshape what PyTorch's attention gives Swin.
        attention = "sdpa" if cls._supports_sdpa and config != "SwinConfig" else "eager"
        made = cls._from_config(getattr(transformers, config)(**settings), attn_implementation=attention)
        return Picked(made, ("pixel_values",), outputs)

    return build


def clip_text(size: Size) -> nn.Module:
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection

    made = CLIPTextModelWithProjection._from_config(
        CLIPTextConfig(**size.pick({}, CLIP_TEXT)), attn_implementation="sdpa"
    )
    return Picked(made, ("input_ids",), ("text_embeds",))


def clip_text_inputs(size: Size) -> Tensors:
    ids = size.integers(3, size.pick(49000, 48), size.batch, size.pick(77, (7, 5)[size.case % 2]))
    ids[:, -1] = size.pick(49407, 2)  # the token that ends a text, whose state is the result
    return (ids,)


def classifier(name: str, note: str, kind: str, full: dict, narrow: dict) -> Entry:
    """Of 1000 classes, in the narrow form of 10."""
    build = model(
        f"{kind}ForImageClassification",
        f"{kind}Config",
        ("logits",),
        {"num_labels": 1000, **full},
        {"num_labels": 10, **narrow},
    )
    return image_classifier(name, note, build, transformers=True)


ENTRIES = [
    Entry(
        "clip_text",
        "CLIP ViT-B/32's text tower",
        clip_text,
        clip_text_inputs,
        ("input_ids",),
        axes=({0: "batch", 1: "tokens"},),
        transformers=True,
    ),
    image_classifier(
        "clip_vision",
        "CLIP ViT-B/32's image tower",
        model("CLIPVisionModelWithProjection", "CLIPVisionConfig", ("image_embeds",), {}, {**VIT, "projection_dim": 8}),
        transformers=True,
    ),
    classifier("deit_small", "DeiT-S", "DeiT", DEIT_SMALL, VIT),
    classifier("swin_tiny", "Swin-T", "Swin", {}, SWIN_NARROW),
    classifier("vit_b16", "ViT-B/16", "ViT", {}, VIT),
]
