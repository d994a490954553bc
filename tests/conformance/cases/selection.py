"""TopK, NonZero and NonMaxSuppression: ties, scalars, boxes whose corners come in any order."""

from __future__ import annotations

import numpy as np

from .case import Array, Case, Values


def topk_ties(dtype: str) -> Case:
    name = "topk_ties_" + dtype

    def expected(x: Array, k: Array) -> list[Array]:
        outputs = []
        for sign in (-1, 1):
            index = np.argsort(sign * x.astype(np.float64), axis=0, kind="stable")[: int(k[0])]
            outputs += [np.take_along_axis(x, index, 0), index]
        return outputs

    values = Values(name).integers(11, 3, least=0, most=4).astype({"float": np.float32}.get(dtype, dtype))
    return Case(
        name=name,
        what="of equal values the lower index comes first, the largest and the smallest alike",
        opset=11,
        graph=f"""({dtype}[n, 3] x) => ({dtype}[m, 3] a, int64[m, 3] ai, {dtype}[m, 3] b, int64[m, 3] bi) {{
            a, ai = TopK <axis = 0, largest = 1> (x, k)
            b, bi = TopK <axis = 0, largest = 0> (x, k)
        }}""",
        inputs=[{"x": values}],
        constants={"k": np.array([7])},
        expected=expected,
    )


def nonzero_scalar() -> Case:
    def expected(x: Array) -> list[Array]:
        found = np.empty((0, np.count_nonzero(x)))
        return [found, np.array(found.shape)]

    return Case(
        name="nonzero_scalar",
        what="NonZero of a value without axes has no rows, and a column where the value is not 0",
        opset=13,
        graph="""(float[1] x) => (int64[r, n] y, int64[2] n) {
            s = Squeeze (x)
            y = NonZero (s)
            n = Shape (y)
        }""",
        inputs=[{"x": np.array([value], np.float32)} for value in (-3, 0)],
        expected=expected,
    )


def overlap(one: Array, other: Array) -> float:
    """Intersection over union of two boxes, each two opposite corners y, x, y, x."""
    low, high = (np.array([pick(box.reshape(2, 2), 0) for box in (one, other)]) for pick in (np.min, np.max))
    shared = np.prod(np.maximum(high.min(0) - low.max(0), 0))
    return shared / (np.prod(high - low, 1).sum() - shared)


def nms_threshold_and_corners() -> Case:
    def expected(b: Array, s: Array, m: Array, t: Array, f: Array) -> list[Array]:
        """As torchvision has it: a box goes where an overlap is above the threshold, not where it is the threshold."""
        kept: list[int] = []
        for box in np.argsort(-s[0, 0], kind="stable"):
            if s[0, 0, box] > f[0] and all(overlap(b[0, box], b[0, other]) <= t[0] for other in kept):
                kept.append(int(box))
        return [np.array([[0, 0, box] for box in kept[: int(m[0])]])]

    corners = [[1, 1, 4, 4], [4, 6, 1, 3], [-5, -5, -2, -2], [-2, -2.5, -5, -5], [1, 1, 4, 4.25], [9, 9, 7, 7]]
    threshold = [[0, 0, 6, 4], [6, 2, 0, 0], [20, 20, 18, 19]]
    return Case(
        name="nms_threshold_and_corners",
        what="an overlap at the threshold stays; corners in any order; coordinates below 0",
        opset=11,
        graph="""(float[1, n, 4] b, float[1, 1, n] s) => (int64[k, 3] y) {
            y = NonMaxSuppression (b, s, m, t, f)
        }""",
        inputs=[
            {"b": np.array([corners], np.float32), "s": np.array([[[0.9, 0.8, 0.6, 0.65, 0.3, 0.05]]], np.float32)},
            {"b": np.array([threshold], np.float32), "s": np.array([[[0.4, 0.8, 0.6]]], np.float32)},
        ],
        constants={"m": np.array([10]), "t": np.array([0.5], np.float32), "f": np.array([0.1], np.float32)},
        expected=expected,
    )


CASES = [topk_ties("uint8"), topk_ties("float"), nonzero_scalar(), nms_threshold_and_corners()]
