"""One small network per activation: as a module, as a function, and with every option that PyTorch has for it."""

from __future__ import annotations

import warnings
from typing import Callable

import torch
import torch.nn.functional as F
from torch import nn

from network import Network, draw_normal, draw_special


class Between(nn.Module):
    """Linear 6 -> 5, an activation, Linear 5 -> 4."""

    def __init__(self, activation: Callable):
        super().__init__()
        self.fc1 = nn.Linear(6, 5)
        self.activation = activation
        self.fc2 = nn.Linear(5, 4)

    def forward(self, x):
        return self.fc2(self.activation(self.fc1(x)))


class Last(nn.Module):
    """Linear 6 -> 5, then an activation as the last layer."""

    def __init__(self, activation: Callable):
        super().__init__()
        self.fc = nn.Linear(6, 5)
        self.activation = activation

    def forward(self, x):
        return self.activation(self.fc(x))


class OnInput(nn.Module):
    """An activation alone: it reads the model's input and writes its output."""

    def __init__(self, activation: Callable):
        super().__init__()
        self.activation = activation

    def forward(self, x):
        return self.activation(x)


class BinaryClassifier(nn.Module):
    """Linear 8 -> 6, ReLU, Linear 6 -> 1, and the probability of the one class."""

    def __init__(self, activation: Callable):
        super().__init__()
        self.fc1 = nn.Linear(8, 6)
        self.fc2 = nn.Linear(6, 1)
        self.activation = activation

    def forward(self, x):
        return self.activation(self.fc2(F.relu(self.fc1(x))))


def relu_networks() -> list[Network]:
    def styles(body):
        return {
            "module": lambda: body(nn.ReLU()),
            "module_inplace": lambda: body(nn.ReLU(inplace=True)),
            "functional": lambda: body(F.relu),
            "functional_inplace": lambda: body(lambda x: F.relu(x, inplace=True)),
        }

    return [
        Network("relu", "ReLU between two linear layers", styles(Between), (6,)),
        Network("relu_on_input", "ReLU on the model's input, special values", styles(OnInput), (5,), draw=draw_special),
    ]


def leaky_relu_networks() -> list[Network]:
    def styles(body, **slope):
        return {
            "module": lambda: body(nn.LeakyReLU(**slope)),
            "module_inplace": lambda: body(nn.LeakyReLU(**slope, inplace=True)),
            "functional": lambda: body(lambda x: F.leaky_relu(x, **slope)),
            "functional_inplace": lambda: body(lambda x: F.leaky_relu(x, **slope, inplace=True)),
        }

    # PyTorch refuses a negative slope in place, so that network has only the other two styles.
    negative = {name: build for name, build in styles(Between, negative_slope=-0.5).items() if "inplace" not in name}
    return [
        Network("leaky_relu", "LeakyReLU, default slope 0.01", styles(Between), (6,)),
        Network("leaky_relu_0.2", "LeakyReLU, slope 0.2", styles(Between, negative_slope=0.2), (6,)),
        Network("leaky_relu_1.5", "LeakyReLU, slope above one", styles(Between, negative_slope=1.5), (6,)),
        Network("leaky_relu_negative", "LeakyReLU, slope -0.5", negative, (6,)),
        Network(
            "leaky_relu_on_input",
            "LeakyReLU on the model's input, special values",
            {"module": lambda: OnInput(nn.LeakyReLU())},
            (5,),
            draw=draw_special,
        ),
    ]


def sigmoid_and_tanh_networks() -> list[Network]:
    def styles(body, module, function):
        return {"module": lambda: body(module()), "functional": lambda: body(function)}

    sigmoid, tanh = (nn.Sigmoid, torch.sigmoid), (nn.Tanh, torch.tanh)
    return [
        Network("sigmoid", "binary classifier with one output", styles(BinaryClassifier, *sigmoid), (8,)),
        Network("sigmoid_on_input", "Sigmoid on special values", styles(OnInput, *sigmoid), (5,), draw=draw_special),
        Network("tanh", "Tanh between two linear layers", styles(Between, *tanh), (6,)),
        Network("tanh_on_input", "Tanh on special values", styles(OnInput, *tanh), (5,), draw=draw_special),
    ]


def implicit_dim(function: Callable) -> Callable:
    """`function` without `dim`, which PyTorch still accepts with a warning: dim 0 for 1-D and 3-D, else dim 1."""

    def call(x):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function(x)

    return call


def softmax_networks(name: str, module: type, function: Callable) -> list[Network]:
    """Softmax or LogSoftmax over every dimension of a 2-D value (after a linear layer) and a 3-D value (alone)."""

    def styles(body, dim):
        return {"module": lambda: body(module(dim=dim)), "functional": lambda: body(lambda x: function(x, dim=dim))}

    title = module.__name__
    wide = draw_normal(scale=4)
    networks = [
        Network(f"{name}_2d_dim{dim}", f"{title}(dim={dim}) on 2-D", styles(Last, dim), (6,)) for dim in (0, 1, -1)
    ]
    networks += [
        Network(f"{name}_3d_dim{dim}", f"{title}(dim={dim}) on 3-D", styles(OnInput, dim), (4, 5), draw=wide)
        for dim in (0, 1, 2, -1)
    ]
    networks += [
        Network(
            f"{name}_2d_dtype",
            f"{title} with dtype=float64",
            {"functional": lambda: Last(lambda x: function(x, dim=1, dtype=torch.float64))},
            (6,),
        ),
        Network(
            f"{name}_2d_implicit",
            f"{title} with no dim given, on 2-D",
            {"functional": lambda: Last(implicit_dim(function))},
            (6,),
        ),
    ]
    return networks


def activation_networks() -> list[Network]:
    return (
        relu_networks()
        + leaky_relu_networks()
        + sigmoid_and_tanh_networks()
        + softmax_networks("softmax", nn.Softmax, F.softmax)
        + softmax_networks("log_softmax", nn.LogSoftmax, F.log_softmax)
    )
