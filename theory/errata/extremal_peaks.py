"""Entry 8: the order of peaks needs plus and minus infinity."""

from collections.abc import Iterable
from fractions import Fraction

from theory.errata._concepts import ConceptData, rationals, weighted
from theory.errata._erratum import Erratum, Fact
from theory.errata._exact import concept_slope, extremal, sign


def facts(data: ConceptData) -> Iterable[Fact]:
    """Signs of the coefficients of each token's slope `sum_y p_z p_y (M_z - M_y) exp(alpha (M_z + M_y))`."""
    log_odds, target = data.log_odds, data.tokens(0)
    highest, lowest = extremal(log_odds, 1), extremal(log_odds, -1)
    signs = {z: [sign(c) for c in concept_slope(data.base, log_odds, [z]).coefficients] for z in range(len(log_odds))}
    interior = [z for z in signs if z not in highest and z not in lowest]
    yield Fact(
        says="a token of largest log-odds has no peak: every term of its slope is positive",
        holds=all(set(signs[z]) == {1} for z in highest),
    )
    yield Fact(
        says="a token of smallest log-odds has none either: every term of its slope is negative",
        holds=all(set(signs[z]) == {-1} for z in lowest),
    )
    yield Fact(
        says="an interior token has one: its terms change sign once, from positive to negative",
        holds=all(1 in signs[z] and -1 in signs[z] and signs[z] == sorted(signs[z], reverse=True) for z in interior),
    )
    yield Fact(
        says="the target holds tokens of both kinds, and so do the others",
        holds=all(
            any(z in extremes for z in tokens) and any(z in interior for z in tokens)
            for extremes, tokens in ((highest, target), (lowest, [z for z in signs if z not in target]))
        ),
    )
    yield Fact(
        says="with peaks at +oo and -oo for these, off-target tokens still peak first: their log-odds are smaller",
        holds=all(sign(log_odds[z] - log_odds[y]) > 0 for z in target for y in signs if y not in target),
    )


ERRATUM = Erratum(
    id="extremal_peaks",
    number=8,
    kind="missing condition",
    where="Thm 3.3, peak position",
    law="peak_order",
    published="v1 compares the peaks of every target and every off-target token, although its first part gives a "
    "peak only to tokens of interior log-odds. The proof in App. B.3 sets the others to plus or minus infinity.",
    provable="The order holds for all tokens in the extended reals: tokens of largest log-odds peak at +oo, of "
    "smallest at -oo, since no strength is a zero of their slope; in the reals it holds for interior tokens.",
    evidence="exact",
    instance=weighted(
        gammas=rationals(" | ".join(["1/4 1/4 1/2"] * 4)),
        omegas=rationals(" | ".join(["1/3 1/3 1/3"] * 4)),
        eps=Fraction(3, 400),
        context=0,
        negatives=(1,),
    ),
    verify=facts,
)
