"""Entry 5: target tokens peak at positive strength only under the conditions of the remark's proof."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from theory.errata._concepts import ConceptData, rationals, weighted
from theory.errata._erratum import Erratum, Fact
from theory.errata._exact import digits, mean, sign

TOKEN = 0


@dataclass(frozen=True, kw_only=True)
class PeakSigns:
    """Two data laws of App. B.3, each missing one condition: a target context, and a large eps."""

    target_context: ConceptData
    large_eps: ConceptData


def facts(instance: PeakSigns) -> Iterable[Fact]:
    """A token peaks at negative strength iff `M(z) < E_0[M]`, since `E_alpha[M]` increases strictly."""
    yield Fact(says="the first context lies in the target", holds=instance.target_context.context == 0)
    yield Fact(says="the second lies off the target", holds=instance.large_eps.context != 0)
    for name, data in (("target context", instance.target_context), ("large eps", instance.large_eps)):
        log_odds = data.log_odds
        z = log_odds[TOKEN]
        yield Fact(
            says=f"{name}: the target token z1 has interior log-odds, so it bumps",
            holds=any(sign(m - z) > 0 for m in log_odds) and any(sign(m - z) < 0 for m in log_odds),
            value=digits(z),
        )
        start = mean(data.base, log_odds)
        yield Fact(
            says=f"{name}: M(z1) < E_0[M], so z1 peaks at alpha < 0",
            holds=sign(z - start) < 0,
            value=f"{digits(z)} < {digits(start)}",
        )


ERRATUM = Erratum(
    id="peak_sign_conditions",
    number=5,
    kind="missing condition",
    where="Remark 3.4",
    law="peak_sign",
    published="v1 remarks that with the data of App. B.3 target tokens bump only at positive strengths. Its proof "
    "assumes a context outside the target and eps small enough; the remark states neither.",
    provable="A token peaks at a positive strength iff M(z) > E_0[M]. Inside the target E_0[M] is large: in the first "
    "instance 5.983 against log-odds of 5.696. Outside it, with eps = 3/5, still below (G - 1)/G, E_0[M] = 0.01490 "
    "exceeds M(z1) = 0.01005. Under Assumption 1 every token with M(z) >= delta peaks at alpha >= 0 from any context "
    "outside the target, where delta is the mass a concept gains in its own contexts.",
    evidence="exact",
    instance=PeakSigns(
        target_context=weighted(
            gammas=rationals(" | ".join(["1/4 1/4 1/2"] * 4)),
            omegas=rationals(" | ".join(["1/3 1/3 1/3"] * 4)),
            eps=Fraction(3, 400),
            context=0,
            negatives=(1,),
        ),
        large_eps=weighted(
            gammas=rationals("1/20 19/20 | 1/2 1/2 | 1/2 1/2"),
            omegas=rationals("33/500 467/500 | 33/50 17/50 | 33/50 17/50"),
            eps=Fraction(3, 5),
            context=2,
            negatives=(1,),
        ),
    ),
    verify=facts,
)
