"""Entry 6: where the model is not calibrated on the evaluation text, a small steer can lower cross-entropy."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from theory.errata._concepts import ConceptData, ladder, smoothing, tilted_weights
from theory.errata._erratum import Erratum, Fact
from theory.errata._exact import digits, mean, rounds_to, sign


@dataclass(frozen=True, kw_only=True)
class Miscalibrated:
    """A model that has learnt `p` perfectly, evaluated on `r = (1 - mix) p + mix uniform`."""

    data: ConceptData
    mix: Fraction

    @property
    def evaluation(self) -> tuple[Fraction, ...]:
        base = self.data.base
        return tuple((1 - self.mix) * p + self.mix / len(base) for p in base)


def facts(instance: Miscalibrated) -> Iterable[Fact]:
    """`dCE(alpha) = K(alpha) - alpha E_r[M]`, convex, in closed form through `X = exp(alpha u)`."""
    data, law = instance.data, instance.evaluation
    unit, rungs = ladder(data)
    evaluated = mean(law, data.log_odds)
    slope = sp.expand(mean(data.base, data.log_odds) - evaluated)
    yield Fact(says="the slope of the cross-entropy at 0 is positive", holds=sign(slope) > 0, value=digits(slope))
    yield _stated("that slope", slope, "0.336")

    X = sp.Symbol("X", positive=True)
    weights = tilted_weights(data, X)
    lag = [(rung - evaluated / unit) * weight for rung, weight in zip(rungs, weights, strict=True)]
    stationary = sp.Poly(sp.expand(sp.Add(*lag) / X ** min(rungs)), X)
    yield Fact(
        says="exactly one strength is stationary, the minimum of a convex curve",
        holds=stationary.count_roots(0, sp.oo) == 1,
    )
    root = sp.sympify(stationary.real_roots(multiple=True)[-1])
    lowest = sp.log(root) / unit
    depth = sp.log(sp.Add(*weights).subs(X, root)) - lowest * evaluated
    yield _stated("the strength of the minimum", lowest, "-0.138")
    yield _stated("the change of cross-entropy there, in nats", depth, "-0.0263")


def _stated(name: str, value: sp.Expr, decimal: str) -> Fact:
    holds = rounds_to(value, decimal)
    return Fact(says=f"{name}: {decimal}", holds=holds, strength="certified", value=digits(value))


ERRATUM = Erratum(
    id="calibration",
    number=6,
    kind="missing condition",
    where="text after Thm 3.8, and Sec. 5",
    law="cross_entropy_exact",
    published="v1 concludes from Thm 3.8, which holds for a perfectly trained model on its own training data, that "
    "steering necessarily degrades global performance, and reads the measured curves of real models so.",
    provable="The slope at 0 is sum_j pi_j (E_p[M] - E_r[M]), p the model's law and r the law it is evaluated on. It "
    "vanishes when the model is calibrated on the evaluation text (r = p gives Thm 3.8). In the instance r = 0.9 p + "
    "0.1 uniform: the slope is +0.336, and steering by -0.138 lowers the cross-entropy by 0.0263 nats.",
    evidence="certified",
    instance=Miscalibrated(
        data=smoothing(groups=3, size=3, eps=Fraction(1, 20), context=0, negatives=(1,)), mix=Fraction(1, 10)
    ),
    verify=facts,
)
