"""LSTM, GRU, RNN."""

from __future__ import annotations

from draw import Draw
from recipes.table import recipe

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


@recipe(*GATES)
def recurrent(g: Draw, op: str) -> None:
    kind = g.type(op, "X")
    length, batch, width, hidden = (g.integer(1, 4) for _ in range(4))
    direction = g.one_of([None, "forward", "reverse", "bidirectional"])
    ways = 2 if direction == "bidirectional" else 1
    gates = GATES[op]
    layout = g.one_of([None, 0, 1]) if g.opset >= 14 else None
    states = (batch, ways, hidden) if layout else (ways, batch, hidden)
    optional = {
        "B": (kind, (ways, 2 * gates * hidden)),
        "sequence_lens": ("int32", (batch,)),
        "initial_h": (kind, states),
    }
    if op == "LSTM":
        optional |= {"initial_c": (kind, states), "P": (kind, (ways, 3 * hidden))}
    names = [
        g.tensor([kind], (batch, length, width) if layout else (length, batch, width), least=-2, most=2),
        g.array(g.data((ways, gates * hidden, width), kind, -1, 1)),
        g.array(g.data((ways, gates * hidden, hidden), kind, -1, 1)),
    ]
    for name, (type_, shape) in optional.items():
        if g.coin():
            names.append("")
        elif name == "sequence_lens":
            names.append(g.integers([g.integer(0 if g.coin(0.1) else 1, length) for _ in range(batch)], "int32"))
        else:
            names.append(g.array(g.data(shape, type_, -1, 1)))
    while names[-1] == "":
        names.pop()
    attributes = {
        "direction": direction,
        "hidden_size": hidden,
        "layout": layout,
        "clip": g.one_of([None, None, 0.75]),
        "linear_before_reset": g.one_of([None, 0, 1]) if op == "GRU" else None,
    }
    g.node(op, names, g.integer(1, 3 if op == "LSTM" else 2), **attributes)
