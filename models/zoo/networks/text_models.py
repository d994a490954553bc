"""The transformers package's networks on texts: encoders, decoders of a prompt and behind a cache, and both in one."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn

from entry import Entry, Picked, Size, Tensors

VOCABULARY = 48  # of narrow forms
TEXT = {0: "batch", 1: "tokens"}


# Whose results of PyTorch's attention the default exporter cannot reshape.
EAGER = ("T5",)
# Whose mixtures of experts only this implementation can be exported of.
EXPERTS = ("GptOss", "Mixtral")


def model_of(size: Size, kind: str, head: str, full: dict, narrow: dict) -> nn.Module:
    """`<kind><head>` from `<kind>Config` with these settings; attention is PyTorch's function where the model can."""
    import transformers

    config = getattr(transformers, f"{kind}Config")(**size.pick(full, {"vocab_size": VOCABULARY, **narrow}))
    model_class = getattr(transformers, kind + head)
    attention = "sdpa" if model_class._supports_sdpa and kind not in EAGER else "eager"
    model = model_class._from_config(config, attn_implementation=attention)
    if kind in EXPERTS:
        model.set_experts_implementation("batched_mm")
    return model


def tokens(size: Size, full: int, narrow: tuple[int, ...] = (7, 5)) -> torch.Tensor:
    """Numbers of tokens; of a narrow form's case the length is that of `narrow`. All models know the first 30,000."""
    length = size.pick(full, narrow[size.case % len(narrow)])
    return size.integers(3, size.pick(30000, VOCABULARY), size.batch, length)


def padded(ids: torch.Tensor) -> torch.Tensor:
    """A mask: the first of several texts ends earlier."""
    mask = torch.ones_like(ids)
    if ids.shape[0] > 1:
        mask[0, -2:] = 0
    return mask


class Sentence(nn.Module):
    """The mean of what an encoder makes of a text's tokens, of length 1."""

    def __init__(self, encoder: nn.Module):
        super().__init__()
        self.encoder = encoder

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor):
        (hidden,) = self.encoder(input_ids, attention_mask)
        weights = attention_mask.unsqueeze(-1).expand(hidden.size()).to(hidden.dtype)
        mean = (hidden * weights).sum(1) / torch.clamp(weights.sum(1), min=1e-9)
        return F.normalize(mean, p=2, dim=1)


def encoder(
    name: str, note: str, kind: str, full: dict, narrow: dict, wrap: Callable | None = None, **options
) -> Entry:
    """Of token numbers and a mask. `wrap` makes another module of it."""
    names = ("input_ids", "attention_mask")

    def build(size: Size) -> nn.Module:
        module = Picked(model_of(size, kind, "Model", full, narrow), names, ("last_hidden_state",))
        return wrap(module) if wrap else module

    def inputs(size: Size) -> Tensors:
        ids = tokens(size, 128)
        return ids, padded(ids)

    return Entry(name, note, build, inputs, names, axes=(TEXT, TEXT), transformers=True, **options)


class Step(nn.Module):
    """Logits of new tokens behind a cache, and the cache with them. It is key and value of each layer."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, *arguments: torch.Tensor):
        from transformers import DynamicCache

        input_ids, *past = arguments
        cache = DynamicCache()
        for layer in range(len(past) // 2):
            cache.update(past[2 * layer], past[2 * layer + 1], layer)
        result = self.model(input_ids=input_ids, past_key_values=cache, use_cache=True)
        return (result.logits, *(part for layer in cache.layers for part in (layer.keys, layer.values)))


STEP_LAYERS = 2  # in both sizes, since the names of inputs count them


def decoder(
    name: str,
    note: str,
    kind: str,
    full: dict,
    narrow: dict,
    head: str = "ForCausalLM",
    layers: str = "num_hidden_layers",
) -> list[Entry]:
    """A language model of a prompt, and two layers of it that get one token behind a cache.

    full, narrow  the settings; the rows "key heads" and "depth" tell the sizes of the cache
    layers        the setting that counts the layers
    """
    full, narrow, sizes = dict(full), dict(narrow), ("key heads", "depth")
    full_cache, narrow_cache = ([settings.pop(name) for name in sizes] for settings in (full, narrow))
    names = ("input_ids", "attention_mask")

    def prompt(size: Size) -> nn.Module:
        return Picked(model_of(size, kind, head, full, {**narrow, layers: 1}), names, ("logits",))

    def prompt_inputs(size: Size) -> Tensors:
        ids = tokens(size, 64)
        return ids, padded(ids)

    def step(size: Size) -> nn.Module:
        return Step(model_of(size, kind, head, {**full, layers: STEP_LAYERS}, {**narrow, layers: STEP_LAYERS}))

    def step_inputs(size: Size) -> Tensors:
        heads, depth = size.pick(full_cache, narrow_cache)
        shape = (size.batch, heads, size.pick(1000, (6, 3, 4)[size.case]), depth)
        return tokens(size, 1, (1,)), *(size.normal(*shape) for _ in range(2 * STEP_LAYERS))

    def cache_names(prefix: str) -> tuple[str, ...]:
        return tuple(f"{prefix}.{layer}.{part}" for layer in range(STEP_LAYERS) for part in ("key", "value"))

    past_axes = ({0: "batch", 2: "past"},) * (2 * STEP_LAYERS)
    return [
        Entry(
            f"{name}_prompt", f"{note}, a prompt", prompt, prompt_inputs, names, axes=(TEXT, TEXT), transformers=True
        ),
        Entry(
            f"{name}_step",
            f"{note}, two layers, a token behind a cache",
            step,
            step_inputs,
            ("input_ids", *cache_names("past")),
            ("logits", *cache_names("present")),
            ({0: "batch"}, *past_axes),
            transformers=True,
        ),
    ]


class Translator(nn.Module):
    """Logits of an encoder-decoder, from token numbers of both sides and the mask of the first."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, decoder_input_ids: torch.Tensor):
        result = self.model(
            input_ids=input_ids, attention_mask=attention_mask, decoder_input_ids=decoder_input_ids, use_cache=False
        )
        return result.logits


def translator(name: str, note: str, kind: str, full: dict, narrow: dict) -> Entry:
    def build(size: Size) -> nn.Module:
        return Translator(model_of(size, kind, "ForConditionalGeneration", full, narrow))

    def inputs(size: Size) -> Tensors:
        ids = tokens(size, 128)
        return ids, padded(ids), tokens(size, 32, (4, 6))

    axes = (TEXT, TEXT, {0: "batch", 1: "target_tokens"})
    names = ("input_ids", "attention_mask", "decoder_input_ids")
    return Entry(name, note, build, inputs, names, axes=axes, transformers=True)


def mamba(size: Size) -> nn.Module:
    narrow = {"hidden_size": 16, "num_hidden_layers": 1, "state_size": 4}
    model = model_of(size, "Mamba", "ForCausalLM", {"hidden_size": 768, "num_hidden_layers": 4}, narrow)
    model.config.use_cache = False
    return Picked(model, ("input_ids",), ("logits",))


ENCODER = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 4,
    "intermediate_size": 24,
    "max_position_embeddings": 16,
}
MINILM = {"hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12, "intermediate_size": 1536}
DISTILBERT = {"dim": 16, "n_layers": 1, "n_heads": 4, "hidden_dim": 24, "max_position_embeddings": 16}
DEBERTA = {"relative_attention": True, "pos_att_type": ["c2p", "p2c"], "max_relative_positions": 8}
MODERNBERT = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "cls_token_id": 1, "sep_token_id": 2}
MODERNBERT_NARROW = {
    **ENCODER,
    **MODERNBERT,
    "num_hidden_layers": 2,
    "local_attention": 4,
    "global_attn_every_n_layers": 2,
}

DECODER = {
    "hidden_size": 16,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 24,
    "max_position_embeddings": 32,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "key heads": 2,
    "depth": 4,
}
WIDE_DECODER = {
    "vocab_size": 32000,
    "hidden_size": 512,
    "num_hidden_layers": 8,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "intermediate_size": 1408,
    "key heads": 4,
    "depth": 64,
}
GPT2 = {"n_embd": 16, "n_head": 4, "n_positions": 32, "key heads": 4, "depth": 4}

T5 = {"d_model": 16, "d_kv": 4, "d_ff": 24, "num_layers": 1, "num_heads": 4, "relative_attention_num_buckets": 8}
T5_TOKENS = {"pad_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 0}
BART = {
    "d_model": 16,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 24,
    "decoder_ffn_dim": 24,
    "max_position_embeddings": 16,
}

ENTRIES = [
    encoder(
        "albert_base",
        "ALBERT-base",
        "Albert",
        {"vocab_size": 30000, "hidden_size": 768, "num_attention_heads": 12, "intermediate_size": 3072},
        {**ENCODER, "embedding_size": 8},
    ),
    encoder("bert_base", "BERT-base", "Bert", {}, ENCODER),
    encoder("deberta_base", "DeBERTa-base", "Deberta", DEBERTA, {**ENCODER, **DEBERTA}),
    encoder("distilbert_base", "DistilBERT-base", "DistilBert", {}, DISTILBERT),
    encoder("minilm_6", "MiniLM with 6 layers and mean pooling, for sentences", "Bert", MINILM, ENCODER, Sentence),
    encoder("modernbert_base", "ModernBERT-base", "ModernBert", MODERNBERT, MODERNBERT_NARROW),
    encoder("roberta_base", "RoBERTa-base", "Roberta", {}, ENCODER),
    # Of decoders that are alike in all but a few nodes, the network that shows these.
    decoder("gemma", "a decoder like Gemma", "Gemma", {**WIDE_DECODER, "head_dim": 64}, {**DECODER, "head_dim": 4})[0],
    *decoder("gpt2", "GPT-2", "GPT2", {"key heads": 12, "depth": 64}, GPT2, "LMHeadModel", "n_layer"),
    *decoder("llama", "a decoder like Llama", "Llama", WIDE_DECODER, DECODER),
    decoder(
        "mistral",
        "a decoder like Mistral, with a window",
        "Mistral",
        {**WIDE_DECODER, "sliding_window": 256},
        {**DECODER, "sliding_window": 4},
    )[1],
    decoder(
        "mixtral",
        "a decoder like Mixtral, with mixtures of experts",
        "Mixtral",
        {**WIDE_DECODER, "num_hidden_layers": 4, "intermediate_size": 704},
        {**DECODER, "num_local_experts": 4},
    )[0],
    decoder(
        "gpt_oss",
        "a decoder like gpt-oss, with sinks and mixtures of experts",
        "GptOss",
        {**WIDE_DECODER, "num_hidden_layers": 4, "intermediate_size": 704, "head_dim": 64, "num_local_experts": 8},
        {**DECODER, "head_dim": 4, "num_local_experts": 4},
    )[0],
    decoder(
        "phi",
        "a decoder like Phi",
        "Phi",
        {**WIDE_DECODER, "num_key_value_heads": 8, "key heads": 8},
        {**DECODER, "num_key_value_heads": 4, "key heads": 4},
    )[0],
    decoder("qwen3", "a decoder like Qwen3", "Qwen3", {**WIDE_DECODER, "head_dim": 64}, {**DECODER, "head_dim": 4})[1],
    translator("bart_base", "BART-base", "Bart", {}, BART),
    translator("t5_small", "T5-small", "T5", T5_TOKENS, {**T5, **T5_TOKENS}),
    Entry(
        "mamba",
        "four layers of Mamba-130M",
        mamba,
        lambda size: (tokens(size, 32, (5,)),),
        ("input_ids",),
        transformers=True,
    ),
]
