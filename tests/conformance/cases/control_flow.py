"""Loop: no iteration at all, and names that a body has again."""

from __future__ import annotations

import numpy as np

from .case import Array, Case, Values

BODY = """body = body (int64 i, bool c, float[2] v) => (bool d, float[2] w, float[2] s) {
    w = Add (v, one)
    d = Identity (c)
    s = Mul (w, w)
}"""


def counted(x: Array, trips: int) -> list[Array]:
    """What is carried, and the scan output, of `trips` iterations of BODY."""
    rows = [x + i + 1 for i in range(trips)]
    return [x + trips, np.array(rows).reshape(-1, 2) ** 2]


def loop_zero_trips() -> Case:
    values = Values("loop_zero_trips")
    x = values.floats(2)

    def expected(m: Array, x: Array, one: Array, t: Array) -> list[Array]:
        y, s = counted(x, int(m))
        return [y, np.concatenate([s, t])]

    return Case(
        name="loop_zero_trips",
        what="no iteration: what is carried passes through, the scan output has no rows and joins others",
        opset=16,
        graph=f"""(int64 m, float[2] x) => (float[2] y, float[n, 2] z) {{
            y, s = Loop <{BODY}> (m, "", x)
            z = Concat <axis = 0> (s, t)
        }}""",
        inputs=[{"m": np.array(trips), "x": x} for trips in (0, 3)],
        constants={"one": np.array(1, np.float32), "t": values.floats(1, 2)},
        expected=expected,
    )


def loop_condition_false() -> Case:
    x = Values("loop_condition_false").floats(2)
    return Case(
        name="loop_condition_false",
        what="a condition that is false from the beginning: no iteration, whatever the trip count",
        opset=16,
        graph=f"""(bool c, float[2] x) => (float[2] y, float[n, 2] s) {{
            y, s = Loop <{BODY}> (m, c, x)
        }}""",
        inputs=[{"c": np.array(condition), "x": x} for condition in (False, True)],
        constants={"one": np.array(1, np.float32), "m": np.array(2)},
        expected=lambda c, x, one, m: counted(x, int(m) if c else 0),
    )


def loop_input_shadows_outer() -> Case:
    values = Values("loop_input_shadows_outer")

    def expected(p: Array, v: Array, m: Array, q: Array) -> list[Array]:
        rows = []
        for _ in range(int(m)):
            v = p - v
            rows.append(v + q)
        return [v, np.array(rows)]

    return Case(
        name="loop_input_shadows_outer",
        what="a body's input has the name of a value around it: inside, the inner one counts",
        opset=16,
        graph="""(float[2] p, float[2] v) => (float[2] y, float[n, 2] s) {
            y, s = Loop <body = body (int64 i, bool c, float[2] v) => (bool d, float[2] v2, float[2] s) {
                v2 = Sub (p, v)
                d = Identity (c)
                s = Add (v2, q)
            }> (m, "", v)
        }""",
        inputs=[{"p": values.floats(2), "v": values.floats(2)}],
        constants={"m": np.array(3), "q": values.floats(2)},
        expected=expected,
        valid=False,
    )


CASES = [loop_zero_trips(), loop_condition_false(), loop_input_shadows_outer()]
