"""Certified singular values of a model's table of log-probabilities over strengths and tokens."""

from fractions import Fraction
from functools import lru_cache

import mpmath
from flint import arb, arb_mat

from certified_balls import BITS, ball
from certified_worlds import World, log_probabilities, total

GRID = tuple(Fraction(t) for t in (-4, -2, -1, 0, Fraction(1, 2), 1, 3))
"""Strengths of the table whose singular values are observed, in units of the model's own."""


@lru_cache(maxsize=64)
def singular_values(world: World, context: int) -> list[arb]:
    """Certified a posteriori: `A = U S V' + E`, with U and V nearly orthogonal (Ostrowski) and E small (Weyl)."""
    rows = [log_probabilities(world, context, at * world.unit) for at in GRID]
    A = arb_mat(_doubly_centred(rows))
    if A.nrows() < A.ncols():
        A = A.transpose()
    with mpmath.workprec(BITS):
        middle = mpmath.matrix([[mpmath.mpf(str(x.mid().str(90, radius=False))) for x in row] for row in A.tolist()])
        U, S, Vt = mpmath.svd_r(middle)
        U, S, Vt = (arb_mat([[arb(mpmath.nstr(x, 90)) for x in row] for row in X.tolist()]) for X in (U, S, Vt))
    values = [row[0] for row in S.tolist()]
    scaled = arb_mat([[x * s for x, s in zip(row, values, strict=True)] for row in U.tolist()])
    error = _norm(A - scaled * Vt)
    defect = max(_norm(U.transpose() * U - _identity(U.ncols())), _norm(Vt * Vt.transpose() - _identity(Vt.nrows())))
    strengths = [at * world.unit for at in GRID]
    mean = total(strengths) / len(GRID)
    variance = total([(at - mean) ** 2 for at in strengths]) / len(GRID)
    size = (A.nrows() * A.ncols() * ball(variance)).sqrt()
    return [(s * arb(1, defect) + arb(0, error)) / size for s in values]


def _doubly_centred(rows: list[list[arb]]) -> list[list[arb]]:
    by_row = [total(row) / len(row) for row in rows]
    by_column = [total(column) / len(rows) for column in zip(*rows, strict=True)]
    mean = total(by_row) / len(rows)
    return [
        [x - here - there + mean for x, there in zip(row, by_column, strict=True)]
        for row, here in zip(rows, by_row, strict=True)
    ]


def _norm(matrix: arb_mat) -> arb:
    return total([x * x for row in matrix.tolist() for x in row]).sqrt().abs_upper()


def _identity(n: int) -> arb_mat:
    return arb_mat([[int(row == column) for column in range(n)] for row in range(n)])
