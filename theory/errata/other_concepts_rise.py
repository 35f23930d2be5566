"""Entry 2: steering toward the target can make another concept more likely."""

from collections.abc import Iterable

import sympy as sp

from theory.errata._concepts import ConceptData, ladder, rationals, tilted_weights
from theory.errata._erratum import Erratum, Fact
from theory.errata._exact import digits, mean, sign

OTHER = 2


def facts(data: ConceptData) -> Iterable[Fact]:
    """`d/dalpha p(z) = p(z) (M(z) - E_alpha[M])` for the single token of the other concept."""
    (z,) = data.tokens(OTHER)
    start = mean(data.base, data.log_odds)
    yield Fact(says="C3 is not the target and has log-odds 0", holds=OTHER != 0 and sign(data.log_odds[z]) == 0)
    yield Fact(says="E_0[M] < 0", holds=sign(start) < 0, value=digits(start))
    slope = sp.expand(data.base[z] * (data.log_odds[z] - start))
    yield Fact(says="the probability of C3 rises at alpha = 0", holds=sign(slope) > 0, value=digits(slope))

    unit, rungs = ladder(data)
    X = sp.Symbol("X", positive=True)
    lag = sp.Add(*[rung * weight for rung, weight in zip(rungs, tilted_weights(data, X), strict=True)])
    yield Fact(
        says="and goes on rising until E_alpha[M] = 0, at alpha = 1/2",
        holds=sp.simplify(lag.subs(X, sp.exp(unit / 2))) == 0,
        value="1/2",
    )


ERRATUM = Erratum(
    id="other_concepts_rise",
    number=2,
    kind="error",
    where="question opening Sec. 3.2, and its answer",
    law="dominated_concept_decreases",
    published="v1 asks whether a larger steering strength makes the target concept more likely while other concepts "
    "become less likely, and answers yes.",
    provable="The target concept does rise. Another concept falls for all alpha if its log-odds are dominated (as Thm "
    "3.6 says). One whose mean log-odds exceed E_0[M] rises at 0, which can happen only from a context off the target: "
    "in the instance E_0[M] = -0.0073, and C3, with log-odds 0, rises until alpha = 1/2.",
    evidence="exact",
    instance=ConceptData(
        inside=rationals("11/30 | 11/30 | 11/30"),
        outside=rationals("19/60 | 19/60 | 19/60"),
        context=1,
        negatives=(1,),
    ),
    verify=facts,
)
