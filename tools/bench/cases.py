"""What is measured: models, batches, precisions, and the goals that Linnet is held to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ENGINES = ("linnet", "onnxruntime", "openvino", "torch")
ONNX_ENGINES = ENGINES[:3]  # all but PyTorch, which takes a module
NAMES = {"linnet": "Linnet", "onnxruntime": "ONNX Runtime", "openvino": "OpenVINO", "torch": "PyTorch"}


@dataclass(frozen=True)
class Case:
    """One model at one batch size.

    network    name in models/*.py, for PyTorch
    sizes      widths of the layers; the model is a chain of dense layers
    activations                what the model does beside its products: (micro-benchmark, how many times its work)
    latency_goal, ready_goal   the most that Linnet's time may be, as a share of the best peer's; None: no goal
    """

    name: str
    title: str
    network: str
    sizes: tuple[int, ...]
    batch: int
    latency_goal: float
    ready_goal: float | None = None
    precision: str = "f32"
    input_name: str = "input"
    output_name: str = "output"
    tiny: bool = False
    activations: tuple[tuple[str, float], ...] = ()

    @property
    def weights_bytes(self) -> int:
        """Bytes of weights and biases in f32."""
        return 4 * sum(a * b + b for a, b in zip(self.sizes, self.sizes[1:]))

    @property
    def stream_bytes(self) -> int:
        """Bytes of weights and biases as they are read in a run."""
        return self.weights_bytes // 2 if self.precision == "bf16" else self.weights_bytes

    @property
    def flops(self) -> int:
        """Operations of the matrix products of one run; those of the activations are not counted."""
        return 2 * self.batch * sum(a * b for a, b in zip(self.sizes, self.sizes[1:]))

    def path(self, models: Path, large: Path) -> Path:
        """The model's file: committed below `models`, or made into `large`."""
        if self.network == "activation_sampler":
            return models / "activation_sampler" / "dynamo_external_dynamic.onnx"
        return large / f"{self.network}.onnx"


def _mlp(sizes: tuple[int, ...], batch: int, latency_goal: float, **more) -> Case:
    joined = "-".join(map(str, sizes))
    suffix = ", bf16" if more.get("precision") == "bf16" else ""
    name = f"mlp_{'_'.join(map(str, sizes))}_batch{batch}{'_bf16' if suffix else ''}"
    network = "mlp_" + "_".join(map(str, sizes))
    return Case(name, f"{joined}, batch {batch}{suffix}", network, sizes, batch, latency_goal, **more)


def _sigmoid_tanh_softmax(width: int, classes: int, batch: int) -> tuple[tuple[str, float], ...]:
    """Sigmoid and Tanh of `width` elements a row each, Softmax of `classes`; LeakyRelu, Relu and the like cost nothing that
    is worth counting."""
    elements = batch * width / 2048
    return (("sigmoid/2048", elements), ("tanh/2048", elements), ("softmax/64/10", batch * classes / 640))


CASES = (
    _mlp((16, 32, 32, 1), 1, 0.15, ready_goal=0.25, tiny=True),
    Case(
        "activation_sampler_batch4",
        "100-64-32-5, batch 4",
        "activation_sampler",
        (100, 64, 32, 5),
        4,
        0.20,
        ready_goal=0.25,
        input_name="x",
        output_name="softmax",
        tiny=True,
        activations=(("tanh/2048", 4 * 32 / 2048), ("softmax/64/10", 4 * 5 / 640)),
    ),
    _mlp((256, 256, 256, 256, 10), 1, 0.90, activations=_sigmoid_tanh_softmax(256, 10, 1)),
    _mlp((256, 256, 256, 256, 10), 64, 0.80, activations=_sigmoid_tanh_softmax(256, 10, 64)),
    _mlp((512, 1024, 1024, 256), 1, 0.90),
    _mlp((512, 1024, 1024, 256), 64, 0.90),
    _mlp((1024, 4096, 4096, 1000), 1, 0.95, ready_goal=0.5),
    _mlp((1024, 4096, 4096, 1000), 256, 0.85, ready_goal=0.5),
    _mlp((1024, 4096, 4096, 1000), 256, 0.85, ready_goal=0.5, precision="bf16"),
)

# The model on which idle CPU time and latency on a busy machine are measured: two threads pay on it.
SHARED_CASE = "mlp_512_1024_1024_256_batch64"

# The model that is also measured with its weights in other places, and what that may cost.
WEIGHTS_CASE = "mlp_1024_4096_4096_1000_batch1"
WEIGHTS_READY_GOAL = 1.2
WEIGHTS_MEMORY_GOAL = 1.1

MEMORY_GOAL = 0.6
TAIL_GOAL = 2.0
OVERHEAD_GOAL = 0.1
IDLE_GOAL_MS = 2.0
BUSY_GOAL = 1.5
COPY_GOAL = 0.9
ONEDNN_GOAL = 1.2


def memory_bound(case: dict) -> float:
    """Bytes that a process with this model may reach at most: its weights and a tenth, and 12 MB."""
    return case["weights_bytes"] * 1.1 + 12 * 2**20
