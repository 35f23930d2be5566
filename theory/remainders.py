"""What a remainder of the logits can do to log-probabilities: logits `l + R` against logits `l`, R any real array.

Shared by the laws that hold up to a remainder. The weights `p[j, y] exp(alpha M[y])` stand for any positive ones.
"""

import sympy as sp

from theory.lemmas import gap
from theory.steps import Argued, Identity, Inequality, Proved, Step
from theory.tilted import Expr, TiltedProbability, expectation, partition, tilt_weight, vocabulary_sum, y, z

R: Expr = sp.IndexedBase("R", real=True)
u = sp.Symbol("u", nonnegative=True)


def log_probabilities_move_within_the_oscillation() -> list[Step]:
    """`|log p' - log p| <= osc R` for `p'` proportional to `p exp(R)`, `osc R` the largest less the smallest R."""
    perturbed = tilt_weight(z) * sp.exp(R[z]) / vocabulary_sum(tilt_weight(y) * sp.exp(R[y]))
    rise, fall = expectation(sp.exp(gap[y])), expectation(sp.exp(-gap[y]))
    grows = Inequality(
        says="e^u >= 1 for u >= 0", smaller=sp.S.One, larger=sp.exp(u), certificate=sp.exp(u), taylor=(u, 1)
    )
    shrinks = Inequality(
        says="and e^-u <= 1", smaller=sp.exp(-u), larger=sp.S.One, certificate=sp.exp(-u), taylor=(u, 1)
    )
    return [
        Identity(
            says="A remainder R in the logits multiplies each probability by exp(R(z)) over the mean of exp(R)",
            lhs=perturbed / TiltedProbability(z),
            rhs=sp.exp(R[z]) / expectation(sp.exp(R[y])),
        ),
        grows,
        shrinks,
        Inequality(
            says="A common offset of R drops out. With R = R_min + g, g >= 0, no probability grows by more than exp(g)",
            smaller=sp.exp(gap[z]) / rise,
            larger=sp.exp(gap[z]),
            certificate=sp.exp(gap[z]) * expectation(sp.exp(gap[y]) - 1) / rise,
            given=(Proved(fact=sp.exp(gap[y]) >= 1, by=grows, at=((u, gap[y]),)),),
        ),
        Inequality(
            says="with R = R_max - g none shrinks by more than exp(-g): the log-probability moves by osc R at most",
            smaller=sp.exp(-gap[z]),
            larger=sp.exp(-gap[z]) / fall,
            certificate=sp.exp(-gap[z]) * expectation(1 - sp.exp(-gap[y])) / fall,
            given=(Proved(fact=sp.exp(-gap[y]) <= 1, by=shrinks, at=((u, gap[y]),)),),
        ),
    ]


def divergence_is_quadratic_in_the_oscillation() -> list[Step]:
    """`KL(p, p') = log E[exp R] - E[R] <= (osc R)^2/8`: rare tokens cannot dominate it."""
    perturbed = tilt_weight(y) * sp.exp(R[y]) / vocabulary_sum(tilt_weight(y) * sp.exp(R[y]))
    return [
        Identity(
            says="The relative entropy to the perturbed distribution",
            lhs=expectation(sp.log(tilt_weight(y) / partition()) - sp.log(perturbed)),
            rhs=sp.log(expectation(sp.exp(R[y]))) - expectation(R[y]),
        ),
        Argued(
            says="is at most an eighth of the squared oscillation of R",
            because="Hoeffding's lemma; cross_entropy_curvature proves it, with alpha M in the place of R",
        ),
    ]
