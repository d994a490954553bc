"""Gather, scatter and pad: indices from behind, indices that come twice, pads below 0."""

from __future__ import annotations

import numpy as np

from .case import Array, Case, Values


def gather_negative() -> Case:
    values = Values("gather_negative")

    def expected(x: Array, i: Array, j: Array) -> list[Array]:
        slices = [[x[batch, index[0]] for index in indices] for batch, indices in enumerate(i)]
        elements = np.empty(j.shape)
        for at in np.ndindex(*j.shape):
            elements[at] = x[(*at[:-1], j[at])]
        return [np.array(slices), elements]

    return Case(
        name="gather_negative",
        what="indices from behind: GatherND in batches, GatherElements of fewer rows than its data",
        opset=13,
        graph="""(float[2, 3, 4] x, int64[2, 2, 1] i, int64[2, 1, 5] j) => (float[2, 2, 4] y, float[2, 1, 5] z) {
            y = GatherND <batch_dims = 1> (x, i)
            z = GatherElements <axis = -1> (x, j)
        }""",
        inputs=[
            {
                "x": values.floats(2, 3, 4),
                "i": np.array([[[-3], [2]], [[0], [-1]]]),
                "j": np.array([[[3, -4, 0, -1, 1]], [[-2, 2, -3, 0, -1]]]),
            }
        ],
        expected=expected,
    )


def scatterelements_duplicates() -> Case:
    values = Values("scatterelements_duplicates")
    reductions = {"add": np.add, "max": np.maximum, "min": np.minimum, "mul": np.multiply}

    def expected(x: Array, i: Array, u: Array) -> list[Array]:
        outputs = []
        for reduce in reductions.values():
            y = x.copy()
            for row, column in np.ndindex(*i.shape):
                y[row, i[row, column]] = reduce(y[row, i[row, column]], u[row, column])
            outputs.append(y)
        return outputs

    declared = ", ".join(f"float[2, 5] y_{reduction}" for reduction in reductions)
    nodes = "\n".join(f'y_{reduction} = ScatterElements <axis = -1, reduction = "{reduction}"> (x, i, u)'
                      for reduction in reductions)
    return Case(
        name="scatterelements_duplicates",
        what="an index that comes twice, once from behind, is reduced twice",
        opset=18,
        graph=f"(float[2, 5] x, int64[2, 4] i, float[2, 4] u) => ({declared}) {{ {nodes} }}",
        inputs=[
            {
                "x": values.floats(2, 5),
                "i": np.array([[2, -3, 2, 0], [4, -1, 4, -5]]),
                "u": values.floats(2, 4),
            }
        ],
        expected=expected,
    )


def pad_reflect_with_crop() -> Case:
    def expected(x: Array, p: Array) -> list[Array]:
        """The same whether the crop or the reflection comes first."""
        crop_first = np.pad(x[1:, :-1], [(0, 1), (2, 0)], mode="reflect")
        crop_last = np.pad(x, [(0, 1), (2, 0)], mode="reflect")[1:, :-1]
        if not np.array_equal(crop_first, crop_last):
            raise ValueError("the order decides the result")
        return [crop_first]

    return Case(
        name="pad_reflect_with_crop",
        what="a reflection at one end of an axis and a crop at the other",
        opset=13,
        graph='(float[4, 5] x) => (float[4, 6] y) { y = Pad <mode = "reflect"> (x, p) }',
        inputs=[{"x": Values("pad_reflect_with_crop").floats(4, 5)}],
        constants={"p": np.array([-1, 2, 1, -1])},
        expected=expected,
    )


CASES = [gather_negative(), scatterelements_duplicates(), pad_reflect_with_crop()]
