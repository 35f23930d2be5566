"""What else is known before steering: facts of the data, of a concept, of the extremes and of the final normalisation.

Each is a symbol or an array that claims may use beside the atoms of `theory.tilted`. `DERIVED` says what those mean
that are functions of M and C, so that a random instance gives them their value.
"""

import itertools
from collections.abc import Callable
from typing import Any

import sympy as sp

from theory.tilted import Bottom, C, Expr, M, M_max, M_min, M_other, Top, j, p, y

# Facts that hold or do not.
in_target = sp.Symbol("in_target")
"""The context at hand belongs to the target concept."""
assumption_1 = sp.Symbol("assumption_1")
"""The data law is one of concepts (Assumption 1)."""
final_norm = sp.Symbol("final_norm")
"""Nothing but the final normalisation and a linear unembedding follows the steered residual."""

# The data law of concepts: a in a token's own contexts, b elsewhere.
a: Expr = sp.IndexedBase("a", positive=True)
b: Expr = sp.IndexedBase("b", positive=True)
negative_share: Expr = sp.IndexedBase("n", nonnegative=True)
"""Share n_z/|N| of the negative contexts that belong to the concept of token z."""
delta: Expr = sp.Symbol("delta", positive=True)
"""A - B, a concept's mass in its own contexts less its mass elsewhere."""

# Extremes of the log-odds.
M_second: Expr = sp.Symbol("M_2", real=True)
M_second_last: Expr = sp.Symbol("M_-2", real=True)
"""Largest log-odds below M_max and smallest above M_min; M_min and M_max where there are none."""
C_max, C_min = sp.Symbol("M_C_max", real=True), sp.Symbol("M_C_min", real=True)
out_max, out_min = sp.Symbol("M_out_max", real=True), sp.Symbol("M_out_min", real=True)
"""Extremes of the log-odds over the tokens of the concept at hand and over the others."""
sign_changes: Expr = sp.Symbol("S", integer=True, nonnegative=True)
"""Sign changes of g_{k+1} - g_k, zeros left out, along the levels k of the log-odds; g_k is the concept's share of the
base mass of level k. Where the concept holds or misses every level whole, it is one less than its alternations.
"""
first_sign: Expr = sp.Symbol("sgn_1", integer=True)
"""Sign of the first of these differences that is not 0; 0 if all are."""
reference: Expr = sp.Symbol("z_0", integer=True, positive=True)
"""The most probable token of the unsteered context at hand."""

# Steering into the final normalisation: logit_z = (A_z + alpha B_z)/rho + beta_z, rho^2 = c + 2 e alpha + f alpha^2.
norm_h: Expr = sp.IndexedBase("A", real=True)
norm_v: Expr = sp.IndexedBase("B", real=True)
norm_offset: Expr = sp.IndexedBase("beta", real=True)
norm_c: Expr = sp.IndexedBase("c", positive=True)
norm_e: Expr = sp.IndexedBase("e", real=True)
norm_f: Expr = sp.Symbol("f", positive=True)

# Any model, along its local log-odds `M_local` (the exact derivative of the logits at strength 0).
logit_curvature: Expr = sp.Symbol("kappa_l", nonnegative=True)
"""Bound, at every strength, on the oscillation over tokens (max less min) of the logits' second derivative."""

# A second vector, of log-odds `M_other`.
other_range: Expr = sp.Symbol("R'", nonnegative=True)
"""Largest less smallest of the second vector's log-odds."""

other_max: Expr = sp.Symbol("M'_max", real=True)
"""Its largest log-odds."""

# Whole texts.
ordered_texts = sp.Symbol("ordered_texts")
"""After tokens of larger log-odds, those of larger log-odds gain: the next tokens are monotone in likelihood ratio."""
false_yes: Expr = sp.Symbol("a_J", nonnegative=True)
false_no: Expr = sp.Symbol("b_J", nonnegative=True)
"""A judge's chances of a yes to a text that holds no token of the concept, and of a no to one that does."""

SETTING: tuple[Expr, ...] = (
    M_max >= M[y],
    M[y] >= M_min,
    C[y] * (C_max - M[y]) >= 0,
    C[y] * (M[y] - C_min) >= 0,
    (1 - C[y]) * (out_max - M[y]) >= 0,
    (1 - C[y]) * (M[y] - out_min) >= 0,
    (1 - Top[y]) * (M_second - M[y]) >= 0,
    (1 - Bottom[y]) * (M[y] - M_second_last) >= 0,
    -Top[y] * (M_max - M[y]) >= 0,
    -Bottom[y] * (M[y] - M_min) >= 0,
    other_max >= M_other[y],
    M_other[y] >= other_max - other_range,
)
"""Facts of the setting, which any step may use: what the extremes are the extremes of, at every token y."""

FACTS = (assumption_1, final_norm)


def _range(instance: Any, base: Expr) -> Any:
    values = [instance.entry(base, (n,)) for n in range(1, instance.size + 1)]
    return max(values) - min(values)


def _levels(instance: Any) -> list[Any]:
    return sorted({instance.entry(M, (n,)) for n in range(1, instance.size + 1)})


def _members(instance: Any, side: int) -> list[Any]:
    return [instance.entry(M, (n,)) for n in range(1, instance.size + 1) if instance.entry(C, (n,)) == side]


def _steps(instance: Any) -> list[int]:
    """Signs of g_{k+1} - g_k that are not 0."""
    context = int(instance.value(j))
    shares = []
    for m in _levels(instance):
        tokens = [n for n in range(1, instance.size + 1) if instance.entry(M, (n,)) == m]
        mass = {n: instance.entry(p, (context, n)) for n in tokens}
        shares.append(sum(mass[n] * instance.entry(C, (n,)) for n in tokens) / sum(mass.values()))
    signs = [(after > before) - (after < before) for before, after in itertools.pairwise(shares)]
    return [sign for sign in signs if sign]


def _changes(instance: Any) -> int:
    signs = _steps(instance)
    return sum(one != other for one, other in itertools.pairwise(signs))


DERIVED: dict[Expr, Callable[[Any], Any]] = {
    M_second: lambda instance: _levels(instance)[max(-2, -len(_levels(instance)))],
    M_second_last: lambda instance: _levels(instance)[min(1, len(_levels(instance)) - 1)],
    C_max: lambda instance: max(_members(instance, 1)),
    C_min: lambda instance: min(_members(instance, 1)),
    out_max: lambda instance: max(_members(instance, 0)),
    out_min: lambda instance: min(_members(instance, 0)),
    sign_changes: _changes,
    first_sign: lambda instance: (_steps(instance) or [0])[0],
    other_range: lambda instance: _range(instance, M_other),
    other_max: lambda instance: max(instance.entry(M_other, (n,)) for n in range(1, instance.size + 1)),
}
"""Value of each derived symbol in an instance."""
