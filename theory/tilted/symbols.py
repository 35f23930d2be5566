"""Symbols of the tilted-law algebra, and the sums that its definitions are made of.

The context at hand is `j`, the token at hand `z`; `x`, `y`, `i`, `k` and `text` are bound. Sets are indicators: `C` the
tokens of the concept at hand, `T` of the target concept, `Top` and `Bottom` those at M_max and M_min; `P` and `N` the
positive and negative contexts; `hits` the texts that hold a token of the concept at hand.

Texts are numbered `text = 1..texts`. Each is begun in a context and passes from one context to the next, token by
token: `visits` counts how often each of its next tokens was drawn in which.
"""

from typing import Any

import sympy as sp

Expr = Any
"""A SymPy expression: SymPy's own annotations do not survive arithmetic and indexing."""


def _index(name: str) -> Expr:
    return sp.Symbol(name, integer=True, positive=True)


alpha: Expr = sp.Symbol("alpha", real=True)
level: Expr = sp.Symbol("m", real=True)
rank: Expr = sp.Symbol("n", integer=True, positive=True)
V, J, d, texts = _index("V"), _index("J"), _index("d"), _index("Omega")
j, z = _index("j"), _index("z")
x, y, i, k = (_index(name) for name in "xyik")
text = _index("tau")
token_a, token_b = _index("a"), _index("b")
feature_a, feature_b = _index("k_1"), _index("k_2")
SIZES = frozenset({V, J, d, texts})
BOUND = frozenset({x, y, i, k, text})

p: Expr = sp.IndexedBase("p", positive=True)
r: Expr = sp.IndexedBase("r", positive=True)
pi: Expr = sp.IndexedBase("pi", positive=True)
M: Expr = sp.IndexedBase("M", real=True)
C: Expr = sp.IndexedBase("C", integer=True, nonnegative=True)
P: Expr = sp.IndexedBase("P", integer=True, nonnegative=True)
N: Expr = sp.IndexedBase("N", integer=True, nonnegative=True)
T: Expr = sp.IndexedBase("T", integer=True, nonnegative=True)
Top: Expr = sp.IndexedBase("T^+", integer=True, nonnegative=True)
Bottom: Expr = sp.IndexedBase("T^-", integer=True, nonnegative=True)
logit: Expr = sp.IndexedBase("l", real=True)
logit_shift: Expr = sp.IndexedBase("s", real=True)
text_p: Expr = sp.IndexedBase("P^T", positive=True)
text_odds: Expr = sp.IndexedBase("M^T", real=True)
visits: Expr = sp.IndexedBase("n^T", nonnegative=True)
hits: Expr = sp.IndexedBase("H^T", integer=True, nonnegative=True)
text_length: Expr = sp.Symbol("n_T", positive=True)
DISTRIBUTIONS = {p: V, r: V, pi: J, text_p: texts}  # sum to 1 over their last index, which runs up to this
INDICATORS = frozenset({C, P, N, T, Top, Bottom, hits})  # 0 or 1

M_max: Expr = sp.Symbol("M_max", real=True)
M_min: Expr = sp.Symbol("M_min", real=True)
M_range = M_max - M_min
M_local: Expr = sp.IndexedBase("M^loc", real=True)
M_other: Expr = sp.IndexedBase("M'", real=True)
limit_plus: Expr = sp.IndexedBase("L^+", real=True)
limit_minus: Expr = sp.IndexedBase("L^-", real=True)
limit_remainder: Expr = sp.Symbol("delta_L", nonnegative=True)
limit_strength: Expr = sp.Symbol("alpha_L", positive=True)
is_target = sp.Symbol("is_target")
pre_norm = sp.Symbol("pre_norm")


def summed(term: Expr, *sizes: tuple[Expr, Expr]) -> Expr:
    """Sum of a term over indices from 1, each given as `(index, size)`, the innermost first."""
    return sp.Sum(term, *((index, 1, size) for index, size in sizes))


def vocabulary_sum(term: Expr) -> Expr:
    """`sum over y = 1..V` of a term in y."""
    return summed(term, (y, V))


def tilt_weight(token: Expr, strength: Expr = alpha) -> Expr:
    """Unnormalised tilted distribution `p[j, token] exp(strength M[token])`."""
    return p[j, token] * sp.exp(strength * M[token])


def partition(strength: Expr = alpha) -> Expr:
    """`Z_j(strength)`, the tilted distribution's normalisation as a sum over the vocabulary."""
    return vocabulary_sum(tilt_weight(y, strength))
