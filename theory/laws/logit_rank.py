"""Singular values tell which theory of steering applies, without any log-odds being measured (beyond the paper).

The table of log-probabilities over strengths `S_i` and tokens, less its row and column means: what depends on the
strength alone (the normalisation K) or on the token alone (the unsteered distribution, a token's offset) drops out.
"""

import sympy as sp

from theory.claims import Close, Condition
from theory.facts import norm_h, norm_offset, norm_v
from theory.law import Counterexample, Law
from theory.laws.sphere import FINAL_NORM
from theory.lemmas import AFFINE
from theory.quantities import SINGULAR_VALUES
from theory.steps import Argued, Identity, Step
from theory.tilted import (
    Expr,
    J,
    M,
    M_max,
    M_min,
    V,
    VocabularyMean,
    centred,
    i,
    j,
    k,
    p,
    rank,
    summed,
    y,
    z,
)

VARIES = Condition(name="the log-odds are not constant", holds=M_min < M_max)

spread = sp.sqrt(VocabularyMean(centred(M[z]) ** 2))
strengths: Expr = sp.IndexedBase("S", real=True)
normaliser: Expr = sp.IndexedBase("K", real=True)
over_rho: Expr = sp.IndexedBase("u", real=True)
scaled: Expr = sp.IndexedBase("w", real=True)


def _mean(f: Expr, index: Expr, size: Expr) -> Expr:
    return summed(f, (index, size)) / size


def _doubly_centred(table: Expr) -> Expr:
    """An expression in i and z less its means over i = 1..J and z = 1..V."""
    over_tokens = table.xreplace({z: y})
    rows, columns = _mean(over_tokens, y, V), _mean(table.xreplace({i: k}), k, J)
    return table - rows - columns + _mean(_mean(over_tokens.xreplace({i: k}), y, V), k, J)


def _less_mean(f: Expr, index: Expr, bound: Expr, size: Expr) -> Expr:
    return f - _mean(f.xreplace({index: bound}), bound, size)


def _tilt() -> list[Step]:
    pushed, odds = _less_mean(strengths[i], i, k, J), _less_mean(M[z], z, y, V)
    table = pushed * odds
    return [
        Identity(
            says="Under a tilt the table is a product: strength less its mean times log-odds less their mean",
            lhs=_doubly_centred(sp.log(p[j, z]) + strengths[i] * M[z] - normaliser[i]),
            rhs=table,
        ),
        Identity(
            says="Its mean square is the variance of the strengths times that of the log-odds",
            lhs=_mean(_mean(table**2, z, V), i, J),
            rhs=_mean(pushed**2, i, J) * _mean(odds**2, z, V),
        ),
        Argued(
            name="one value",
            says="so it has one singular value, the root of the sum of squares: divided by the root of the table's size"
            " and by the standard deviation of the strengths, it is that of the log-odds over the vocabulary",
            because="a product has rank 1; squared singular values add up to the sum of squares of the table",
        ),
    ]


def _final_norm() -> list[Step]:
    return [
        Identity(
            says="After a final normalisation the table is a sum of two products, u = 1/rho and w = alpha/rho",
            lhs=_doubly_centred(over_rho[i] * norm_h[j, z] + scaled[i] * norm_v[z] + norm_offset[z] - normaliser[i]),
            rhs=_less_mean(over_rho[i], i, k, J) * _less_mean(norm_h[j, z], z, y, V)
            + _less_mean(scaled[i], i, k, J) * _less_mean(norm_v[z], z, y, V),
        ),
        Argued(
            name="two values",
            says="so it has two singular values at most: a third is the work of blocks after the steered one",
            because="a sum of two tables of rank 1 has rank 2 at most",
        ),
    ]


def _derivation() -> list[Step]:
    return [*_tilt(), *_final_norm()]


LAW = Law(
    id="logit_rank",
    title="A tilt has rank 1, a final normalisation rank 2",
    source="beyond the paper",
    reading="Less row and column means, the table of log-probabilities over strengths and tokens has one singular value"
    " if steering tilts, the standard deviation of the log-odds, and two if it ends in a normalisation.",
    statement=sp.Eq(SINGULAR_VALUES.symbol, sp.Piecewise((spread, rank <= 1), (0, True)), evaluate=False),
    hypotheses=(AFFINE,),
    claims=(
        Close(
            says="under a tilt the second singular value and all beyond are 0, whatever the log-odds",
            quantity=SINGULAR_VALUES,
            value=sp.S.Zero,
            domain=sp.Interval(2, sp.oo),
            proof=("one value",),
        ),
        Close(
            says="under a tilt the first singular value is the standard deviation of the log-odds over the vocabulary",
            quantity=SINGULAR_VALUES,
            value=spread,
            domain=sp.Interval(0, 1),
            condition=VARIES,
            proof=("one value",),
        ),
        Close(
            says="after a final normalisation the third singular value and all beyond are 0",
            quantity=SINGULAR_VALUES,
            value=sp.S.Zero,
            domain=sp.Interval(3, sp.oo),
            condition=FINAL_NORM,
            proof=("two values",),
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="a second singular value half as large as the first, as after a normalisation",
        values=spread / rank,
        window=(1.0, 6.0),
    ),
)
