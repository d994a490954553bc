"""Attention as torch.nn and torch.nn.functional have it, and as people write it by hand."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from entry import Entry, Size, Tensors

TEXT = {0: "batch", 1: "tokens"}
# The older exporter makes the number of tokens in nn.MultiheadAttention a constant.
BATCHES = ({0: "batch"}, {0: "batch"})


def length_of(size: Size) -> int:
    return size.pick(128, (6, 4)[size.case % 2])


def width_of(size: Size) -> int:
    return size.pick(512, 16)


def text(size: Size) -> torch.Tensor:
    return size.normal(size.batch, length_of(size), width_of(size))


class Encoder(nn.Module):
    """nn.TransformerEncoder with a mask of padding; `causal`: tokens see earlier ones only."""

    def __init__(self, width: int, layers: int, causal: bool):
        super().__init__()
        layer = nn.TransformerEncoderLayer(width, 4, 2 * width, batch_first=True, norm_first=causal, activation="gelu")
        self.layers = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.causal = causal

    def forward(self, x: torch.Tensor, padding: torch.Tensor):
        tokens = x.shape[1]
        later = torch.ones(tokens, tokens, dtype=torch.bool).triu(1) if self.causal else None
        return self.layers(x, mask=later, src_key_padding_mask=padding, is_causal=self.causal)


def encoder_inputs(size: Size) -> Tensors:
    x = size.normal(size.batch, size.pick(128, 6), width_of(size))
    padding = torch.zeros(x.shape[:2], dtype=torch.bool)
    padding[0, -2:] = True
    return x, padding


class Translator(nn.Module):
    """nn.Transformer, whose target sees its earlier tokens."""

    def __init__(self, width: int, layers: int):
        super().__init__()
        self.layers = nn.Transformer(width, 4, layers, layers, 2 * width, batch_first=True)

    def forward(self, source: torch.Tensor, target: torch.Tensor):
        later = torch.ones(target.shape[1], target.shape[1], dtype=torch.bool).triu(1)
        return self.layers(source, target, tgt_mask=later, tgt_is_causal=True)


class Cross(nn.Module):
    """nn.MultiheadAttention of two texts of different widths, with what it gave weight to."""

    def __init__(self, width: int):
        super().__init__()
        self.attention = nn.MultiheadAttention(width, 4, kdim=width, vdim=width, batch_first=True, add_zero_attn=True)

    def forward(self, query: torch.Tensor, text: torch.Tensor):
        return self.attention(query, text, text)


class Groups(nn.Module):
    """F.scaled_dot_product_attention with fewer heads of keys, and a mask of bools."""

    def forward(self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor):
        return F.scaled_dot_product_attention(query, key, value, attn_mask=mask, enable_gqa=True)


def group_inputs(size: Size) -> Tensors:
    batch, queries, keys = size.batch, length_of(size), length_of(size) + 3
    heads, depth = size.pick((32, 64), (4, 4))
    mask = size.normal(batch, 1, queries, keys) > -0.5
    mask[..., 0] = True  # a row of nothing is no zero in the exporters' graphs
    return (
        size.normal(batch, heads, queries, depth),
        size.normal(batch, heads // 4, keys, depth),
        size.normal(batch, heads // 4, keys, depth),
        mask,
    )


class HandWritten(nn.Module):
    """A causal block as in many repositories: one product for queries, keys and values, masked_fill, GELU by tanh."""

    def __init__(self, width: int):
        super().__init__()
        self.heads = 4
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.joint, self.merge = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.widen, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor):
        batch, tokens, width = x.shape
        parts = self.joint(self.first(x)).split(width, dim=2)
        query, key, value = (part.view(batch, tokens, self.heads, -1).transpose(1, 2) for part in parts)
        scores = query @ key.transpose(-2, -1) / math.sqrt(width // self.heads)
        earlier = torch.ones(tokens, tokens).tril()
        weights = scores.masked_fill(earlier == 0, float("-inf")).softmax(-1)
        x = x + self.merge((weights @ value).transpose(1, 2).reshape(batch, tokens, width))
        return x + self.narrow(F.gelu(self.widen(self.second(x)), approximate="tanh"))


ENTRIES = [
    Entry(
        "attention_cross",
        "nn.MultiheadAttention of two texts",
        lambda size: Cross(width_of(size)),
        lambda size: (
            size.normal(size.batch, size.pick(64, 3), width_of(size)),
            size.normal(size.batch, size.pick(128, 6), width_of(size)),
        ),
        ("query", "text"),
        ("output", "weights"),
        BATCHES,
    ),
    Entry(
        "attention_groups",
        "attention with shared heads and a mask",
        lambda size: Groups(),
        group_inputs,
        ("query", "key", "value", "mask"),
        axes=(
            {0: "batch", 2: "queries"},
            {0: "batch", 2: "keys"},
            {0: "batch", 2: "keys"},
            {0: "batch", 2: "queries", 3: "keys"},
        ),
        fails={"opset17": "the older exporter has no enable_gqa"},
    ),
    Entry(
        "transformer_block",
        "a causal block written by hand",
        lambda size: HandWritten(width_of(size)),
        lambda size: (text(size),),
        axes=(TEXT,),
    ),
    Entry(
        "transformer_encoder",
        "nn.TransformerEncoder with padding",
        lambda size: Encoder(width_of(size), size.pick(6, 1), False),
        encoder_inputs,
        ("input", "padding"),
        axes=BATCHES,
    ),
    Entry(
        "transformer_encoder_causal",
        "the same, causal, with norms first",
        lambda size: Encoder(width_of(size), size.pick(6, 1), True),
        encoder_inputs,
        ("input", "padding"),
        axes=BATCHES,
    ),
    Entry(
        "transformer_full",
        "nn.Transformer",
        lambda size: Translator(width_of(size), size.pick(3, 1)),
        lambda size: tuple(
            size.normal(size.batch, tokens, width_of(size)) for tokens in size.pick((128, 32), (6, 5))
        ),
        ("source", "target"),
        axes=BATCHES,
    ),
]
