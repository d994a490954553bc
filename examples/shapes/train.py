"""Trains the network of quickstart.cpp, which tells circles, squares and triangles apart, and writes it beside this file,
with a picture to try.

    python examples/shapes/train.py

It needs torch and onnx, and takes a minute. The last digits of the weights depend on the machine.
"""

from pathlib import Path

import numpy as np
import onnx
import torch

NAMES = ("circle", "square", "triangle")
SIZE = 32  # pixels
STEPS, BATCH = 600, 128


def corners(kind: int, radius: float, turn: float) -> np.ndarray:
    """[corners, 2] around 0. Of a circle so many that the pixels do not show them."""
    count = {0: 64, 1: 4, 2: 3}[kind]
    angles = turn + 2 * np.pi * np.arange(count) / count
    return radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def draw(kind: int, random: np.random.Generator) -> np.ndarray:
    """A filled shape somewhere in the picture, lighter or darker than what is around it, with noise: [SIZE,SIZE] bytes."""
    radius = random.uniform(6, 13)
    middle = random.uniform(radius, SIZE - radius, 2)
    outline = middle + corners(kind, radius, random.uniform(0, 2 * np.pi))
    y, x = np.mgrid[:SIZE, :SIZE] + 0.5
    inside = np.ones((SIZE, SIZE))
    for (x0, y0), (x1, y1) in zip(outline, np.roll(outline, -1, axis=0)):  # of every side, smoothed over a pixel
        distance = ((x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)) / np.hypot(x1 - x0, y1 - y0)
        inside = np.minimum(inside, np.clip(distance + 0.5, 0, 1))
    ground = random.uniform(0, 1)
    shape = (ground + random.uniform(0.35, 0.65)) % 1
    picture = ground + (shape - ground) * inside + random.normal(0, 0.03, inside.shape)
    return np.clip(picture * 255, 0, 255).astype(np.uint8)


def drawings(count: int, random: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures [count,1,SIZE,SIZE] and which shapes they show [count]."""
    kinds = random.integers(0, len(NAMES), count)
    pictures = np.stack([draw(kind, random) for kind in kinds])[:, None]
    return torch.from_numpy(pictures), torch.from_numpy(kinds)


class Shapes(torch.nn.Module):
    """Three convolutions with normalisation, and what they find on average."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[torch.nn.Module] = []
        for before, after in ((1, 8), (8, 16), (16, 24)):
            convolution = torch.nn.Conv2d(before, after, 3, padding=1, bias=False)
            layers += [convolution, torch.nn.BatchNorm2d(after), torch.nn.ReLU(), torch.nn.MaxPool2d(2)]
        self.features = torch.nn.Sequential(*layers, torch.nn.Flatten())
        self.scores = torch.nn.Linear(24 * (SIZE // 8) ** 2, len(NAMES))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """image uint8 [n,1,SIZE,SIZE] -> probabilities [n,3]."""
        return self.scores(self.features(image.float() / 255 - 0.5)).softmax(dim=1)


def train(random: np.random.Generator) -> Shapes:
    """On drawings that are never seen twice."""
    net = Shapes()
    optimiser = torch.optim.Adam(net.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    for step in range(STEPS):
        images, kinds = drawings(BATCH, random)
        loss = torch.nn.functional.nll_loss(net(images).log(), kinds)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 100 == 0:
            print(f"step {step}: loss {loss.item():.3f}")
    return net.eval()


def main() -> None:
    folder = Path(__file__).parent
    torch.manual_seed(1)
    random = np.random.default_rng(1)
    net = train(random)
    images, kinds = drawings(2000, random)
    with torch.no_grad():
        print(f"of 2000 new drawings {(net(images).argmax(1) == kinds).float().mean().item():.1%} are right")
    axes = ({0: torch.export.Dim("n")},)
    program = torch.onnx.export(
        net, (images[:2],), input_names=["image"], output_names=["likely"], dynamic_shapes=axes, dynamo=True, verbose=False
    )
    model = program.model_proto
    for node in model.graph.node:  # the exporter's stack traces name files of this machine
        del node.metadata_props[:]
        node.doc_string = ""
    onnx.save(model, folder / "shapes.onnx")
    picture = draw(NAMES.index("triangle"), random)
    (folder / "triangle.pgm").write_bytes(b"P5\n%d %d\n255\n" % (SIZE, SIZE) + picture.tobytes())


if __name__ == "__main__":
    main()
