"""Writes the network of streaming.cpp: one block in, one block out, and two states.

    python examples/streaming/export.py

The file is the same in every run of the same PyTorch version. It needs torch and onnx.
"""

from pathlib import Path

import numpy as np
import onnx
import torch

BLOCK = 64  # samples
TAPS = 9
FEATURES = 8
HIDDEN = 16


class Gate(torch.nn.Module):
    """A causal convolution hears the block, a GRU cell remembers what was before, and a gain comes of both."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = torch.nn.Conv1d(1, FEATURES, TAPS)
        self.cell = torch.nn.GRUCell(FEATURES, HIDDEN)
        self.gain = torch.nn.Linear(HIDDEN, 1)

    def forward(self, x, past, hidden):
        """x [1,1,BLOCK], past [1,1,TAPS-1] (the end of the block before), hidden [1,HIDDEN]."""
        heard = torch.cat([past, x], dim=2)
        features = torch.relu(self.conv(heard)).mean(dim=2)
        hidden = self.cell(features, hidden)
        y = x * torch.sigmoid(self.gain(hidden)).unsqueeze(2)
        return y, heard[:, :, BLOCK:], hidden


def strip_traces(path: Path) -> None:
    """Takes out the exporter's stack traces, which name files of this machine."""
    model = onnx.load(path)
    for node in model.graph.node:
        node.doc_string = ""
    onnx.save(model, path)


def main() -> None:
    folder = Path(__file__).parent
    torch.manual_seed(7)
    net = Gate().eval()
    states = (torch.zeros(1, 1, TAPS - 1), torch.zeros(1, HIDDEN))
    torch.onnx.export(
        net,
        (torch.zeros(1, 1, BLOCK), *states),
        str(folder / "gate.onnx"),
        input_names=["x", "past", "hidden"],
        output_names=["y", "past_out", "hidden_out"],
        opset_version=17,
        dynamo=False,
    )
    strip_traces(folder / "gate.onnx")
    x = torch.randn(1, 1, 8 * BLOCK)
    blocks = []
    with torch.no_grad():
        for block in x.split(BLOCK, dim=2):
            y, *states = net(block, *states)
            blocks.append(y)
    np.save(folder / "x.npy", x.flatten().numpy())
    np.save(folder / "y.npy", torch.cat(blocks, dim=2).flatten().numpy())


if __name__ == "__main__":
    main()
