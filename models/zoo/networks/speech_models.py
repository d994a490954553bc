"""The transformers package's networks on speech."""

from __future__ import annotations

import torch
from torch import nn

from entry import Entry, Picked, Size, samples

WHISPER_TINY = {
    "d_model": 384,
    "encoder_layers": 4,
    "decoder_layers": 4,
    "encoder_attention_heads": 6,
    "decoder_attention_heads": 6,
    "encoder_ffn_dim": 1536,
    "decoder_ffn_dim": 1536,
}
WHISPER_NARROW = {
    "vocab_size": 48,
    "num_mel_bins": 6,
    "d_model": 16,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 24,
    "decoder_ffn_dim": 24,
    "max_source_positions": 10,
    "max_target_positions": 12,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 2,
}
WAV2VEC2_NARROW = {
    "vocab_size": 12,
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 4,
    "intermediate_size": 24,
    "conv_dim": (8, 8),
    "conv_stride": (5, 2),
    "conv_kernel": (10, 3),
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 4,
}


class Reader(nn.Module):
    """Whisper's decoder: logits of tokens, given the encoder's states."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.decoder = model.model.decoder
        self.last = model.proj_out

    def forward(self, input_ids: torch.Tensor, states: torch.Tensor):
        result = self.decoder(input_ids=input_ids, encoder_hidden_states=states, use_cache=False)
        return self.last(result.last_hidden_state)


def whisper(size: Size) -> nn.Module:
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    config = WhisperConfig(**size.pick(WHISPER_TINY, WHISPER_NARROW))
    return WhisperForConditionalGeneration._from_config(config, attn_implementation="sdpa")


def whisper_encoder(size: Size) -> nn.Module:
    return Picked(whisper(size).model.encoder, ("input_features",), ("last_hidden_state",))


def reader_inputs(size: Size):
    ids = size.integers(3, size.pick(50000, 48), size.batch, size.pick(32, (5, 3)[size.case % 2]))
    return ids, size.normal(size.batch, *size.pick((1500, 384), (10, 16)))


def wav2vec2(size: Size) -> nn.Module:
    from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

    config = Wav2Vec2Config(**size.pick({}, WAV2VEC2_NARROW))
    return Picked(Wav2Vec2ForCTC._from_config(config, attn_implementation="sdpa"), ("input_values",), ("logits",))


ENTRIES = [
    Entry("wav2vec2_base", "Wav2Vec2-base", wav2vec2, samples((16000,), (200,)), transformers=True),
    Entry(
        "whisper_tiny_decoder",
        "Whisper-tiny's decoder",
        lambda size: Reader(whisper(size)),
        reader_inputs,
        ("input_ids", "states"),
        axes=({0: "batch", 1: "tokens"}, {0: "batch"}),
        transformers=True,
        fails={"opset17": "the older exporter lacks aten::diff"},
    ),
    Entry(
        "whisper_tiny_encoder",
        "Whisper-tiny's encoder",
        whisper_encoder,
        samples((80, 3000), (6, 20)),
        transformers=True,
    ),
]
