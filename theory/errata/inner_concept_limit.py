"""Entry 1: a concept without extremal tokens does not come back, it vanishes."""

from collections.abc import Iterable
from fractions import Fraction

import sympy as sp

from theory.errata._concepts import ConceptData, smoothing, tilted_weights
from theory.errata._erratum import Erratum, Fact
from theory.errata._exact import extremal

CONCEPT = 2


def facts(data: ConceptData) -> Iterable[Fact]:
    """Limits of `F = sum_{z in C} p_z X^k_z / sum_z p_z X^k_z` as `X = exp(alpha u)` goes to infinity and to 0."""
    inner = data.tokens(CONCEPT)
    outermost = {*extremal(data.log_odds, 1), *extremal(data.log_odds, -1)}
    yield Fact(says="the concept holds no token of extremal log-odds", holds=outermost.isdisjoint(inner))

    X = sp.Symbol("X", positive=True)
    weights = tilted_weights(data, X)
    probability = sp.cancel(sp.Add(*[weights[z] for z in inner]) / sp.Add(*weights))
    mean_probability = sum(data.base[z] for z in inner) / len(inner)
    for end, limit in (("+oo", sp.limit(probability, X, sp.oo)), ("-oo", sp.limit(probability, X, 0, "+"))):
        yield Fact(says=f"the concept's probability tends to 0 as alpha -> {end}", holds=limit == 0, value=str(limit))
        change = (limit - probability.subs(X, 1)) / len(inner)
        yield Fact(
            says=f"dp(C) -> -mean p(z|c), not 0, as alpha -> {end}",
            holds=change == -mean_probability and change != 0,
            value=str(change),
        )


ERRATUM = Erratum(
    id="inner_concept_limit",
    number=1,
    kind="error",
    where="sentence after Thm 3.6",
    law="inner_concept_vanishes",
    published="v1 says that for a concept holding neither maximal nor minimal log-odds tokens the concept increase "
    "converges back to its unsteered value. The theorem just above it states the right limit.",
    provable="The concept's probability tends to 0 at both ends, so its increase tends to minus the mean of p(z|c) "
    "over the concept, as Thm 3.6 itself says; it never comes back to 0.",
    evidence="exact",
    instance=smoothing(groups=3, size=3, eps=Fraction(1, 20), context=1, negatives=(1,)),
    verify=facts,
)
