"""An operator that PyTorch lacks and detectors' exports have: NonMaxSuppression, for both exporters."""

from __future__ import annotations

import torch
import torch.onnx
from onnxscript import opset20

LIMIT, OVERLAP = 10, 0.5  # boxes a class, and the share of their union above which two boxes are one object


@torch.library.custom_op("zoo::suppress", mutates_args=())
def suppress(boxes: torch.Tensor, scores: torch.Tensor, least: float) -> torch.Tensor:
    """ONNX's NonMaxSuppression: rows of (sample, class, box), by falling score within a sample's class.

    boxes   sample x box x (y1, x1, y2, x2)
    scores  sample x class x box; those up to `least` are left out
    """
    kept = []
    for sample in range(scores.shape[0]):
        for label in range(scores.shape[1]):
            found: list[int] = []
            for box in torch.argsort(scores[sample, label], descending=True, stable=True).tolist():
                if len(found) == LIMIT or scores[sample, label, box] <= least:
                    break
                if all(overlap(boxes[sample, box], boxes[sample, other]) <= OVERLAP for other in found):
                    found.append(box)
            kept += [(sample, label, box) for box in found]
    return torch.tensor(kept, dtype=torch.int64).reshape(-1, 3)


def overlap(one: torch.Tensor, other: torch.Tensor) -> float:
    """The area that two boxes share, by that of their union."""
    sides = (torch.minimum(one[2:], other[2:]) - torch.maximum(one[:2], other[:2])).clamp(min=0)
    shared = float(sides.prod())
    return shared / (float((one[2:] - one[:2]).prod()) + float((other[2:] - other[:2]).prod()) - shared)


@suppress.register_fake
def _(boxes, scores, least):
    return boxes.new_empty((torch.library.get_ctx().new_dynamic_size(), 3), dtype=torch.int64)


def by_default_exporter(boxes, scores, least: float):
    limit = opset20.Constant(value_ints=[LIMIT])
    iou = opset20.Constant(value_floats=[OVERLAP])
    threshold = opset20.Constant(value_floats=[least])
    return opset20.NonMaxSuppression(boxes, scores, limit, iou, threshold)


def by_older_exporter(graph, boxes, scores, least):
    limit = graph.op("Constant", value_t=torch.tensor([LIMIT]))
    iou = graph.op("Constant", value_t=torch.tensor([OVERLAP]))
    threshold = graph.op("Reshape", least, graph.op("Constant", value_t=torch.tensor([1])))
    return graph.op("NonMaxSuppression", boxes, scores, limit, iou, graph.op("Cast", threshold, to_i=1))


TRANSLATIONS = {torch.ops.zoo.suppress.default: by_default_exporter}
torch.onnx.register_custom_op_symbolic("zoo::suppress", by_older_exporter, 11)
