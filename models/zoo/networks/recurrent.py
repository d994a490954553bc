"""Recurrent networks: LSTM, GRU and RNN as layers and as cells, alone and beside convolutions and attention."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from entry import Entry, Size, Tensors

SEQUENCE = {0: "batch", 1: "time"}
STEPS = "torch.export takes the number of steps of a layer that goes both ways for a constant"


def sequence(full: tuple[int, int], narrow_width: int):
    """Normal values, [batch, time, width]; `full` are time and width. Cases differ in batch and time."""

    def inputs(size: Size) -> Tensors:
        time, width = size.pick(full, ((6, 4)[size.case % 2], narrow_width))
        return (size.normal(size.batch, time, width),)

    return inputs


class Layers(nn.Module):
    """A recurrent layer's results in one tuple."""

    def __init__(self, layers: nn.RNNBase):
        super().__init__()
        self.layers = layers

    def forward(self, *arguments: torch.Tensor):
        x, *state = arguments
        y, last = self.layers(x, state[0] if state else None)
        return (y, *last) if isinstance(last, tuple) else (y, last)


class Packed(nn.Module):
    """Two bidirectional layers over sequences of their own lengths."""

    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.layers = nn.LSTM(width, hidden, 2, batch_first=True, bidirectional=True)

    def forward(self, x: torch.Tensor, lengths: torch.Tensor):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        y, (hidden, _) = self.layers(packed)
        return pad_packed_sequence(y, batch_first=True)[0], hidden


def packed_inputs(size: Size) -> Tensors:
    x = size.normal(*size.pick((4, 50, 128), (3, 6, 5)))
    return x, size.pick(torch.tensor([30, 50, 12, 41]), torch.tensor([4, 6, 2]))


class Recognizer(nn.Module):
    """CRNN: convolutions over a line of text, two recurrent layers along it, and scores of letters (CTC)."""

    def __init__(self, channels: int, hidden: int, letters: int):
        super().__init__()
        self.maps = nn.Sequential(
            nn.Conv2d(1, channels, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(channels, 2 * channels, 3, padding=1),
            nn.BatchNorm2d(2 * channels),
            nn.ReLU(),
            nn.MaxPool2d((2, 1)),
        )
        self.layers = nn.LSTM(16 * channels, hidden, 2, bidirectional=True)
        self.scores = nn.Linear(2 * hidden, letters)

    def forward(self, image: torch.Tensor):
        maps = self.maps(image)
        columns = maps.flatten(1, 2).permute(2, 0, 1)
        return F.log_softmax(self.scores(self.layers(columns)[0]), -1)


class Spelling(nn.Module):
    """Bahdanau's encoder-decoder: additive attention over an encoder's states, a cell that spells step by step."""

    def __init__(self, vocabulary: int, width: int, hidden: int, steps: int):
        super().__init__()
        self.steps = steps
        self.embed = nn.Embedding(vocabulary, width)
        self.encoder = nn.GRU(width, hidden, bidirectional=True, batch_first=True)
        self.bridge = nn.Linear(2 * hidden, hidden)
        self.query, self.key, self.score = (
            nn.Linear(hidden, hidden),
            nn.Linear(2 * hidden, hidden),
            nn.Linear(hidden, 1),
        )
        self.cell = nn.GRUCell(width + 2 * hidden, hidden)
        self.letters = nn.Linear(hidden, vocabulary)

    def forward(self, source: torch.Tensor, target: torch.Tensor):
        states, last = self.encoder(self.embed(source))
        hidden = torch.tanh(self.bridge(torch.cat([last[0], last[1]], -1)))
        keys = self.key(states)
        padding = source == 0
        scores = []
        for step in range(self.steps):
            energy = self.score(torch.tanh(keys + self.query(hidden).unsqueeze(1))).squeeze(-1)
            weights = energy.masked_fill(padding, -1e9).softmax(-1)
            context = torch.bmm(weights.unsqueeze(1), states).squeeze(1)
            hidden = self.cell(torch.cat([self.embed(target[:, step]), context], -1), hidden)
            scores.append(self.letters(hidden))
        return torch.stack(scores, 1)


def spelling_inputs(size: Size) -> Tensors:
    batch, vocabulary = size.batch, size.pick(1000, 20)
    source = size.integers(1, vocabulary, batch, size.pick(30, 6))
    source[0, -2:] = 0
    return source, size.integers(1, vocabulary, batch, size.pick(10, 3))


class Forecaster(nn.Module):
    """DeepAR: the parameters of Student's t distribution for each step of a series, by a recurrent network."""

    def __init__(self, series: int, width: int, hidden: int):
        super().__init__()
        self.embed = nn.Embedding(series, width)
        self.layers = nn.LSTM(1 + 3 + width, hidden, 2, batch_first=True)
        self.location, self.scale, self.freedom = (nn.Linear(hidden, 1) for _ in range(3))

    def forward(self, series: torch.Tensor, covariates: torch.Tensor, kind: torch.Tensor):
        size = series.abs().mean(1, keepdim=True).clamp(min=1e-3)
        which = self.embed(kind).unsqueeze(1).expand(-1, series.shape[1], -1)
        hidden, _ = self.layers(torch.cat([(series / size).unsqueeze(-1), covariates, which], -1))
        location = self.location(hidden).squeeze(-1) * size
        return (
            location,
            F.softplus(self.scale(hidden)).squeeze(-1) * size,
            2 + F.softplus(self.freedom(hidden)).squeeze(-1),
        )


def forecaster_inputs(size: Size) -> Tensors:
    batch, time = size.batch, size.pick(168, (7, 5)[size.case % 2])
    return size.normal(batch, time), size.normal(batch, time, 3), size.integers(0, size.pick(100, 6), batch)


class Gate(nn.Module):
    """A gated residual network: what a condition may add, an ELU, a gate, a norm."""

    def __init__(self, width: int, hidden: int, outputs: int | None = None, condition: int | None = None):
        super().__init__()
        outputs = outputs or hidden
        self.first, self.second = nn.Linear(width, hidden), nn.Linear(hidden, hidden)
        self.condition = nn.Linear(condition, hidden, bias=False) if condition else None
        self.gate, self.norm = nn.Linear(hidden, 2 * outputs), nn.LayerNorm(outputs)
        self.skip = nn.Linear(width, outputs) if width != outputs else nn.Identity()

    def forward(self, x: torch.Tensor, condition: torch.Tensor | None = None):
        y = self.first(x)
        if self.condition is not None and condition is not None:
            y = y + self.condition(condition)
        return self.norm(self.skip(x) + F.glu(self.gate(self.second(F.elu(y))), -1))


class Choice(nn.Module):
    """A weighted sum of variables, each through a gate; the weights depend on all of them."""

    def __init__(self, variables: int, hidden: int, condition: int | None = None):
        super().__init__()
        self.weights = Gate(variables * hidden, hidden, variables, condition)
        self.variables = nn.ModuleList(Gate(hidden, hidden) for _ in range(variables))

    def forward(self, x: torch.Tensor, condition: torch.Tensor | None = None):
        weights = torch.softmax(self.weights(x.flatten(-2), condition), -1).unsqueeze(-1)
        values = torch.stack([gate(x[..., k, :]) for k, gate in enumerate(self.variables)], -2)
        return (weights * values).sum(-2)


class FusionTransformer(nn.Module):
    """A temporal fusion transformer: choices of variables, two LSTMs, attention with shared values, three quantiles."""

    def __init__(self, hidden: int, heads: int):
        super().__init__()
        self.heads, self.depth = heads, hidden // heads
        self.past_in, self.future_in = (nn.ModuleList(nn.Linear(1, hidden) for _ in range(n)) for n in (3, 2))
        self.past_choice, self.future_choice = Choice(3, hidden, hidden), Choice(2, hidden, hidden)
        self.kind = nn.Embedding(8, hidden)
        self.contexts = nn.ModuleList(Gate(hidden, hidden) for _ in range(4))
        self.encoder, self.decoder = (nn.LSTM(hidden, hidden, batch_first=True) for _ in range(2))
        self.gates = nn.ModuleList(nn.Linear(hidden, 2 * hidden) for _ in range(2))
        self.norms = nn.ModuleList(nn.LayerNorm(hidden) for _ in range(2))
        self.enrich, self.last = Gate(hidden, hidden, condition=hidden), Gate(hidden, hidden)
        self.query, self.key = nn.Linear(hidden, hidden), nn.Linear(hidden, hidden)
        self.value, self.merge = nn.Linear(hidden, self.depth), nn.Linear(self.depth, hidden)
        self.quantiles = nn.Linear(hidden, 3)

    def forward(self, past: torch.Tensor, future: torch.Tensor, kind: torch.Tensor):
        choose, hidden, cell, enrich = (gate(self.kind(kind)) for gate in self.contexts)
        parts = (
            torch.stack([layer(x[..., k : k + 1]) for k, layer in enumerate(layers)], -2)
            for x, layers in ((past, self.past_in), (future, self.future_in))
        )
        before, after = (f(x, choose.unsqueeze(1)) for f, x in zip((self.past_choice, self.future_choice), parts))
        seen, state = self.encoder(before, (hidden.unsqueeze(0), cell.unsqueeze(0)))
        foreseen, _ = self.decoder(after, state)
        x = torch.cat([before, after], 1)
        x = self.norms[0](x + F.glu(self.gates[0](torch.cat([seen, foreseen], 1)), -1))
        x = self.enrich(x, enrich.unsqueeze(1))
        x = self.norms[1](x + F.glu(self.gates[1](self.attend(x)), -1))
        return self.quantiles(self.last(x)[:, past.shape[1] :])

    def attend(self, x: torch.Tensor):
        batch, time, _ = x.shape
        query, key = (f(x).view(batch, time, self.heads, self.depth).transpose(1, 2) for f in (self.query, self.key))
        earlier = torch.ones(time, time, dtype=torch.bool).tril()
        scores = (query @ key.transpose(-1, -2) / self.depth**0.5).masked_fill(~earlier, float("-inf"))
        return self.merge((scores.softmax(-1) @ self.value(x).unsqueeze(1)).mean(1))


def fusion_inputs(size: Size) -> Tensors:
    batch = size.batch
    past, future = size.pick((168, 24), (5, 3))
    return size.normal(batch, past, 3), size.normal(batch, future, 2), size.integers(0, 8, batch)


def layer(kind: type[nn.RNNBase], **options):
    """Two layers, bidirectional; the width is 128 and 256 units wide in full size."""

    def build(size: Size) -> nn.Module:
        width, hidden = size.pick((128, 256), (5, 6))
        return Layers(kind(width, hidden, 2, batch_first=True, bidirectional=True, **options))

    return build


def streaming(size: Size) -> nn.Module:
    return Layers(nn.GRU(size.pick(128, 5), size.pick(256, 6), 2, batch_first=True))


def streaming_inputs(size: Size) -> Tensors:
    batch = size.batch
    return size.normal(batch, 1, size.pick(128, 5)), size.normal(2, batch, size.pick(256, 6))


BOTH = ("output", "hidden")
LAYER = {"axes": (SEQUENCE,), "fails": {"dynamo_dynamic": STEPS}}

ENTRIES = [
    Entry(
        "crnn",
        "CRNN, a reader of lines of text",
        lambda size: Recognizer(*size.pick((64, 256, 97), (2, 6, 5))),
        lambda size: (size.normal(size.batch, 1, 32, size.pick(160, (24, 16)[size.case % 2])),),
        axes=({0: "batch", 3: "width"},),
        fails={"dynamo_dynamic": STEPS},
    ),
    Entry(
        "deepar",
        "DeepAR, a forecaster",
        lambda size: Forecaster(*size.pick((100, 16, 40), (6, 2, 5))),
        forecaster_inputs,
        ("series", "covariates", "kind"),
        ("location", "scale", "freedom"),
        (SEQUENCE, SEQUENCE, {0: "batch"}),
    ),
    Entry(
        "fusion_transformer",
        "a temporal fusion transformer",
        lambda size: FusionTransformer(*size.pick((160, 4), (8, 2))),
        fusion_inputs,
        ("past", "future", "kind"),
        axes=({0: "batch"},) * 3,
    ),
    Entry(
        "gru_layers",
        "two bidirectional layers of GRU",
        layer(nn.GRU),
        sequence((50, 128), 5),
        output_names=BOTH,
        **LAYER,
    ),
    Entry(
        "gru_streaming",
        "two layers of GRU, one step with a state",
        streaming,
        streaming_inputs,
        ("input", "state"),
        BOTH,
        ({0: "batch"}, {1: "batch"}),
    ),
    Entry(
        "lstm_layers",
        "two bidirectional layers of LSTM",
        layer(nn.LSTM),
        sequence((50, 128), 5),
        output_names=(*BOTH, "cell"),
        **LAYER,
    ),
    Entry(
        "lstm_packed",
        "LSTM over packed sequences",
        lambda size: Packed(*size.pick((128, 256), (5, 6))),
        packed_inputs,
        ("input", "lengths"),
        BOTH,
        (SEQUENCE, {0: "batch"}),
        cases=1,
        fails={"dynamo": "torch.export does not take lengths that are a tensor"},
    ),
    Entry(
        "rnn_layers",
        "two bidirectional layers of RNN with ReLU",
        layer(nn.RNN, nonlinearity="relu"),
        sequence((50, 128), 5),
        output_names=BOTH,
        **LAYER,
    ),
    Entry(
        "spelling",
        "Bahdanau's encoder and decoder",
        lambda size: Spelling(*size.pick((1000, 256, 256, 10), (20, 4, 5, 3))),
        spelling_inputs,
        ("source", "target"),
        axes=({0: "batch", 1: "tokens"}, {0: "batch"}),
    ),
]
