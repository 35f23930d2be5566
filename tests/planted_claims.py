"""What a planted context of a reported claim shows, evaluated: SymPy's own derivatives, nothing of the statistics'."""

from typing import Any

import numpy as np
import sympy as sp

from numerics.reported.statistics import Seen
from theory.reported._claim import Planted, a

PUSHES = np.linspace(-8, 8, 1601)


def values_of(expression) -> np.ndarray:
    """The curve of an expression in the push."""
    values = sp.lambdify(a, sp.sympify(expression), "numpy")(PUSHES)
    return np.broadcast_to(np.asarray(values, np.float64), PUSHES.shape)


def derivatives_at_zero(expressions) -> np.ndarray:
    """`[order, curves]`, orders 1 to 3."""
    return np.array([[float(sp.diff(e, a, n).subs(a, 0)) for e in expressions] for n in (1, 2, 3)])


def blocks_of(planted: Planted) -> list[Seen]:
    """What is seen at each block; names in the plural hold one entry a block."""
    seen: dict[str, Any] = dict(planted.seen)
    of_blocks = {name: seen.pop(name) for name in ("efficiencies", "lenses", "nats") if name in seen}
    shown: dict[str, np.ndarray] = {}
    for name, value in seen.items():
        if name in ("nats_of_norm", "nats_of_angle"):
            shown[name] = np.array(float(value))
        else:
            shown[name] = np.array([values_of(e) for e in value]) if isinstance(value, tuple) else values_of(value)
    if "concept_logit" in seen:
        shown["concept_slope"] = derivatives_at_zero([seen["concept_logit"]])[0, 0]
    if "logits" in seen:
        shown["logit_derivatives"] = derivatives_at_zero(seen["logits"])
    if not of_blocks:
        return [Seen(pushes=PUSHES, values=shown)]
    singular = {"efficiencies": "efficiency", "lenses": "lens", "nats": "nats"}
    return [
        Seen(
            pushes=PUSHES,
            values={
                singular[name]: np.array(float(entry)) if name == "lenses" else values_of(entry)
                for name, entry in zip(of_blocks, entries, strict=True)
            },
        )
        for entries in zip(*of_blocks.values(), strict=True)
    ]
