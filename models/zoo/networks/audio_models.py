"""The transformers package's networks on waveforms."""

from __future__ import annotations

import torch
from torch import nn

from entry import Entry, Picked, Size, samples


class Vocoder(nn.Module):
    """HiFi-GAN of a batch of spectrograms."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, spectrogram: torch.Tensor):
        return self.model(spectrogram)


def hifigan(size: Size) -> nn.Module:
    from transformers import SpeechT5HifiGan, SpeechT5HifiGanConfig

    narrow = {
        "model_in_dim": 10,
        "upsample_initial_channel": 16,
        "upsample_rates": [4, 3],
        "upsample_kernel_sizes": [8, 7],
        "resblock_kernel_sizes": [3, 5],
        "resblock_dilation_sizes": [[1, 3], [1, 2]],
    }
    return Vocoder(SpeechT5HifiGan(SpeechT5HifiGanConfig(**size.pick({}, narrow))))


def encodec(size: Size) -> nn.Module:
    from transformers import EncodecConfig, EncodecModel

    narrow = {
        "num_filters": 4,
        "hidden_size": 8,
        "codebook_size": 16,
        "codebook_dim": 8,
        "upsampling_ratios": [4],
        "num_lstm_layers": 1,
        "sampling_rate": 2400,
        "target_bandwidths": [2.4],
    }
    model = EncodecModel(EncodecConfig(**size.pick({}, narrow)))
    return Picked(model, ("input_values",), ("audio_codes", "audio_values"))


ENTRIES = [
    Entry(
        "encodec_24khz",
        "EnCodec, 24 kHz: encoder, quantizer and decoder",
        encodec,
        samples((1, 24000), (1, 200)),
        output_names=("audio_codes", "audio_values"),
        transformers=True,
        fails={"dynamo": "its convolutions compute their padding in tensors, and branch on it"},
    ),
    Entry("hifigan", "SpeechT5's HiFi-GAN", hifigan, samples((100, 80), (12, 10)), transformers=True),
]
