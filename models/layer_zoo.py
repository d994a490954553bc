"""Multi-layer perceptrons with the layers that surround the activations in real models."""

from __future__ import annotations

from typing import Callable

import torch
import torch.nn.functional as F
from torch import nn

from network import Network, draw_indices, draw_normal


class Apply(nn.Module):
    """A function of the input and of `layers`, which become `self.layers` in the exported names."""

    def __init__(self, function: Callable, *layers: nn.Module):
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.function = function

    def forward(self, x):
        return self.function(x, *self.layers)


def trained_batch_norm(features: int, affine: bool = True) -> nn.BatchNorm1d:
    """A BatchNorm1d whose statistics and scales are not the defaults 0 and 1."""
    layer = nn.BatchNorm1d(features, affine=affine)
    nn.init.normal_(layer.running_mean, std=0.5)
    nn.init.uniform_(layer.running_var, 0.5, 2.0)
    if affine:
        nn.init.uniform_(layer.weight, 0.5, 1.5)
        nn.init.normal_(layer.bias, std=0.5)
    return layer


def trained_layer_norm(shape: tuple) -> nn.LayerNorm:
    """A LayerNorm whose scales are not the defaults 1 and 0."""
    layer = nn.LayerNorm(shape)
    nn.init.uniform_(layer.weight, 0.5, 1.5)
    nn.init.normal_(layer.bias, std=0.5)
    return layer


def one(name: str, note: str, build: Callable[[], nn.Module], sample_shape: tuple, **options) -> Network:
    """A network that is written in one way only."""
    return Network(name, note, {"": build}, sample_shape, **options)


def activation_zoo() -> list[Network]:
    def around(activation):
        return lambda: nn.Sequential(nn.Linear(6, 8), activation, nn.Linear(8, 3))

    wide = {"draw": draw_normal(scale=4)}
    return [
        one("gelu_erf", "GELU, exact", around(nn.GELU()), (6,), **wide),
        one("gelu_tanh", "GELU, tanh approximation", around(nn.GELU(approximate="tanh")), (6,), **wide),
        one("elu", "ELU, alpha 1", around(nn.ELU()), (6,), **wide),
        one("elu_0.7", "ELU, alpha 0.7, in place", around(nn.ELU(0.7, inplace=True)), (6,), **wide),
        one("hardsigmoid", "Hardsigmoid", around(nn.Hardsigmoid()), (6,), **wide),
        one("relu6", "ReLU6", around(nn.ReLU6()), (6,), **wide),
        one(
            "clamp",
            "clamp with both bounds",
            lambda: Apply(lambda x, fc: fc(x).clamp(-0.5, 0.25), nn.Linear(6, 5)),
            (6,),
        ),
        one(
            "clamp_min",
            "clamp with a lower bound",
            lambda: Apply(lambda x, fc: fc(x).clamp(min=0.1), nn.Linear(6, 5)),
            (6,),
        ),
        one(
            "clamp_max",
            "clamp with an upper bound",
            lambda: Apply(lambda x, fc: fc(x).clamp(max=0.1), nn.Linear(6, 5)),
            (6,),
        ),
        one("exp", "exp, scaled", lambda: Apply(lambda x, fc: 0.5 * torch.exp(fc(x)), nn.Linear(6, 5)), (6,)),
    ]


def normalization_zoo() -> list[Network]:
    return [
        one(
            "dropout",
            "Dropout in inference, and Identity",
            lambda: nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 3), nn.Identity()),
            (6,),
        ),
        one(
            "batch_norm",
            "BatchNorm1d after and before linear layers",
            lambda: nn.Sequential(
                nn.Linear(6, 8),
                trained_batch_norm(8),
                nn.ReLU(),
                trained_batch_norm(8, affine=False),
                nn.Linear(8, 3, bias=False),
                trained_batch_norm(3),
            ),
            (6,),
        ),
        one("batch_norm_3d", "BatchNorm1d on batch x channels x length", lambda: trained_batch_norm(4), (4, 5)),
        one(
            "layer_norm",
            "LayerNorm over the last dimension",
            lambda: nn.Sequential(nn.Linear(6, 8), trained_layer_norm((8,))),
            (6,),
        ),
        one("layer_norm_2_axes", "LayerNorm over two dimensions", lambda: trained_layer_norm((4, 5)), (4, 5)),
        one("layer_norm_plain", "LayerNorm without scale", lambda: nn.LayerNorm(6, elementwise_affine=False), (2, 6)),
    ]


def standardise(x, fc):
    mean = torch.tensor([0.1, -0.2, 0.3, 0.0, 1.0, -1.0])
    deviation = torch.tensor([1.0, 2.0, 0.5, 1.5, 0.25, 1.0])
    return fc((x - mean) / deviation) * 2.0


def select_columns(x, fc):
    return fc(x.index_select(1, torch.tensor([0, 3, 1]))) * x[:, 2:3] + x[:, 4].unsqueeze(-1)


def shape_zoo() -> list[Network]:
    return [
        one("flatten", "Flatten before a linear layer", lambda: nn.Sequential(nn.Flatten(), nn.Linear(6, 4)), (2, 3)),
        one(
            "reshape",
            "reshape by the input's own batch",
            lambda: Apply(lambda x, fc: fc(x.reshape(x.size(0), -1)), nn.Linear(6, 4)),
            (2, 3),
        ),
        one(
            "reshape_back",
            "linear layer, then split into heads",
            lambda: Apply(lambda x, fc: fc(x).view(-1, 2, 4), nn.Linear(6, 8)),
            (6,),
        ),
        one(
            "transpose",
            "transpose before a linear layer",
            lambda: Apply(lambda x, fc: fc(x.transpose(1, 2)), nn.Linear(3, 4)),
            (3, 2),
        ),
        one(
            "unsqueeze",
            "unsqueeze, linear layer, squeeze",
            lambda: Apply(lambda x, fc: fc(x.unsqueeze(1)).squeeze(1), nn.Linear(6, 4)),
            (6,),
        ),
        one(
            "slice",
            "slices with a start, an end, a step and from the end",
            lambda: Apply(lambda x, fc: fc(x[:, 1:6:2]) + x[:, -4:], nn.Linear(3, 4)),
            (8,),
            first_opset=11,
        ),
        one(
            "select",
            "one column, and columns by index",
            lambda: Apply(select_columns, nn.Linear(3, 4)),
            (6,),
        ),
        one(
            "concat",
            "two linear layers side by side",
            lambda: Apply(lambda x, a, b: torch.cat([a(x), torch.tanh(b(x))], dim=1), nn.Linear(6, 3), nn.Linear(6, 2)),
            (6,),
        ),
        one(
            "embedding_mean",
            "embedding, mean over words, linear layer",
            lambda: Apply(lambda x, e, fc: fc(e(x).mean(dim=1)), nn.Embedding(10, 6), nn.Linear(6, 3)),
            (4,),
            draw=draw_indices(10),
        ),
        one(
            "mean",
            "mean over the last dimension",
            lambda: Apply(lambda x, fc: fc(x).mean(dim=-1), nn.Linear(6, 5)),
            (6,),
        ),
        one(
            "mean_keepdim",
            "mean over a middle dimension, kept",
            lambda: Apply(lambda x: x - x.mean(dim=1, keepdim=True)),
            (4, 5),
        ),
        one("mean_all", "mean over all, a scalar", lambda: Apply(lambda x, fc: fc(x).mean(), nn.Linear(6, 5)), (6,)),
    ]


def linear_zoo() -> list[Network]:
    return [
        one("linear_no_bias", "linear layer without bias", lambda: nn.Linear(6, 5, bias=False), (6,)),
        one(
            "linear_3d",
            "linear layers on 3-D input, ReLU",
            lambda: nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3)),
            (4, 6),
        ),
        one(
            "addmm",
            "addmm with alpha and beta",
            lambda: Apply(lambda x, fc: torch.addmm(fc.bias, x, fc.weight.t(), beta=0.5, alpha=2.0), nn.Linear(6, 5)),
            (6,),
        ),
        one(
            "tied_weights",
            "one layer used three times",
            lambda: Apply(lambda x, fc: fc(torch.relu(fc(torch.relu(fc(x))))), nn.Linear(6, 6)),
            (6,),
        ),
        one(
            "residual",
            "x + f(x)",
            lambda: Apply(lambda x, a, b: F.relu(x + b(F.relu(a(x)))), nn.Linear(6, 8), nn.Linear(8, 6)),
            (6,),
        ),
        one(
            "gated",
            "linear layer times the sigmoid of another",
            lambda: Apply(lambda x, a, b: a(x) * torch.sigmoid(b(x)), nn.Linear(6, 5), nn.Linear(6, 5)),
            (6,),
        ),
        one(
            "standardise",
            "(x - constant) / constant, linear layer, times two",
            lambda: Apply(standardise, nn.Linear(6, 3)),
            (6,),
        ),
        one(
            "two_outputs",
            "logits and probabilities",
            lambda: Apply(lambda x, fc: (fc(x), F.softmax(fc(x), dim=-1)), nn.Linear(6, 5)),
            (6,),
        ),
        one(
            "mlp_mixed",
            "16-16-16-16-10 with LeakyReLU, Sigmoid, Tanh, Softmax",
            lambda: nn.Sequential(
                nn.Linear(16, 16),
                nn.LeakyReLU(),
                nn.Linear(16, 16),
                nn.Sigmoid(),
                nn.Linear(16, 16),
                nn.Tanh(),
                nn.Linear(16, 10),
                nn.Softmax(dim=-1),
            ),
            (16,),
        ),
        one(
            "mlp_float64", "double precision", lambda: small_mlp().double(), (6,), draw=draw_normal(dtype=torch.float64)
        ),
        one("mlp_float16", "half precision", lambda: small_mlp().half(), (6,), draw=draw_normal(dtype=torch.float16)),
    ]


def small_mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 5), nn.Tanh(), nn.Linear(5, 4), nn.Softmax(dim=1))


def layer_zoo() -> list[Network]:
    return activation_zoo() + normalization_zoo() + shape_zoo() + linear_zoo()
