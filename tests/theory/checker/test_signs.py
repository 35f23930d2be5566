"""Visible signs: never more than what is assumed or given."""

import pytest
import sympy as sp

from theory.checker.signs import Known, sign
from theory.tilted import (
    C,
    M,
    M_max,
    Top,
    V,
    alpha,
    p,
    partition,
    summed,
    tilt_weight,
    token_a,
    token_b,
    vocabulary_sum,
    x,
    y,
    z,
)

SQUARES = summed(p[1, x] * p[1, y] * (M[x] - M[y]) ** 2, (x, V), (y, V))
BELOW = M_max >= M[y]

VISIBLE = {
    "symbol": (p[1, y], (), {}, "positive"),
    "unknown": (M[y], (), {}, None),
    "difference": (p[1, y] - p[1, z], (), {}, None),
    "sum": (partition(), (), {}, "positive"),
    "square": (M[y] ** 2, (), {}, "nonnegative"),
    "cube": (M[y] ** 3, (), {}, None),
    "fact": (vocabulary_sum(tilt_weight(y) * (M_max - M[y])), (BELOW,), {}, "nonnegative"),
    "fact the wrong way": (vocabulary_sum(tilt_weight(y) * (M[y] - M_max)), (BELOW,), {}, None),
    "fact about one index": (M_max - M[z], (M_max >= M[token_a],), {}, None),
    "fact at another index": (M_max - M[z], (BELOW,), {}, "nonnegative"),
    "squares": (SQUARES, (), {}, "nonnegative"),
    "squares, one not zero": (SQUARES, (M[token_a] > M[token_b],), {x: token_a, y: token_b}, "positive"),
    "squares, the same term twice": (SQUARES, (M[token_a] > M[token_b],), {x: token_a, y: token_a}, "nonnegative"),
    "a set that is not empty": (vocabulary_sum(C[y] * tilt_weight(y)), (), {}, "positive"),
    "and its complement": (vocabulary_sum((1 - C[y]) * tilt_weight(y)), (), {}, "positive"),
    "a set that may be all": (vocabulary_sum((1 - Top[y]) * tilt_weight(y)), (1 - Top[y] >= 0,), {}, "nonnegative"),
    "both at once": (vocabulary_sum(C[y] * Top[y] * tilt_weight(y)), (), {}, "nonnegative"),
    "product given": (vocabulary_sum(C[y] * M[y] * p[1, y]), (C[y] * M[y] >= 0,), {}, "nonnegative"),
    "two facts added": (M[z] - M_max + alpha, (M[z] >= alpha - 1, 2 * alpha - 1 >= M_max), {}, "nonnegative"),
    "a fact used once": (2 * M[z] - 2 * alpha - M_max, (M[z] >= alpha, M[z] >= alpha + M_max), {}, "nonnegative"),
    "a fact and a remainder unknown": (M[z] - M_max + alpha, (M[z] >= M_max,), {}, None),
    "number": (sp.sqrt(3) - 1 + M[y] ** 2, (), {}, "positive"),
    "negative number": (1 - sp.sqrt(3) + M[y] ** 2, (), {}, None),
    "exponential": (sp.exp(alpha * M[y]), (), {}, "positive"),
}


@pytest.mark.parametrize(("expr", "facts", "some", "expected"), VISIBLE.values(), ids=list(VISIBLE))
def test_sign(expr, facts, some, expected):
    assert sign(expr, Known(facts=facts, some=some)) == expected
