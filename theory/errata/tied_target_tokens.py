"""Entry 9: with equal ratios on the target no target token bumps."""

from collections.abc import Iterable
from fractions import Fraction

import sympy as sp

from theory.errata._concepts import ConceptData, smoothing
from theory.errata._erratum import Erratum, Fact
from theory.errata._exact import concept_slope, extremal, sign


def facts(data: ConceptData) -> Iterable[Fact]:
    """`M = log(a/b) > 0` is one number on the target, and `M <= 0` off it."""
    target = data.tokens(0)
    ratios = {a / b for a, b in zip(data.inside[0], data.outside[0], strict=True)}
    yield Fact(says="a_z/b_z is the same for every target token", holds=len(ratios) == 1)
    yield Fact(says="the tokens of largest log-odds are the target", holds=extremal(data.log_odds, 1) == tuple(target))
    slopes = [concept_slope(data.base, data.log_odds, [z]).coefficients for z in target]
    yield Fact(
        says="no target token bumps: every term of its slope is positive, so it rises at all strengths",
        holds=all(sign(c) > 0 for coefficients in slopes for c in coefficients),
    )

    excess, other, groups, size = sp.symbols("x y G s", positive=True)
    share = sp.Symbol("n", nonnegative=True)
    yield Fact(
        says="for any data with a_z = b_z (1 + x) on the target: log(1 + x) > 0 there, -n log(1 + y) <= 0 elsewhere",
        holds=bool(sp.log(1 + excess).is_positive and (-share * sp.log(1 + other)).is_nonpositive),
    )
    eps = sp.Symbol("epsilon", positive=True)
    ratio = sp.cancel(((1 - eps) / size) / (eps / ((groups - 1) * size)))
    yield Fact(
        says="instance (i) is such, with a_z/b_z = (1 - eps)(G - 1)/eps",
        holds=sp.simplify(ratio - (1 - eps) * (groups - 1) / eps) == 0,
    )


ERRATUM = Erratum(
    id="tied_target_tokens",
    number=9,
    kind="remark",
    where="Thm 3.3, bump behaviour, and the text after it",
    law="token_bump",
    published="v1 says that most tokens bump as the steering strength grows; its theorem makes the exception of the "
    "tokens of extremal log-odds.",
    provable="Where a_z/b_z is constant on the target, as in the smoothed data on which v1 trains its model (App. "
    "B.1), every target token attains the largest log-odds, so none bumps: all of them rise at every strength.",
    evidence="exact",
    instance=smoothing(groups=3, size=3, eps=Fraction(1, 20), context=1, negatives=(1,)),
    verify=facts,
)
