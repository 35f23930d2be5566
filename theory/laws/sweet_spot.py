"""Each budget of divergence is spent at exactly one positive strength (beyond the paper)."""

import sympy as sp

from theory.claims import Bounded, Close, Condition, Turns
from theory.law import Counterexample, Law
from theory.lemmas import (
    AFFINE,
    PERFECT,
    divergence_of_the_tilt,
    extremal_weight,
    forward_divergence,
    logarithm_increases,
    mean_above_bottom,
    mean_below_top,
    slope_of_the_divergence,
    tilted_squares,
    variance_is_at_most_popoviciu,
    variance_is_positive,
)
from theory.lemmas import (
    t as far,
)
from theory.quantities import KL_FORWARD, KL_REVERSE
from theory.steps import Argued, Identity, Inequality, Limit, Proved, Step
from theory.tilted import (
    ExtremalLogMass,
    M,
    M_max,
    M_min,
    M_range,
    alpha,
    cgf,
    expectation,
    j,
    log_tilted,
    p,
    slope,
    tilted_mean,
    tilted_variance,
    vocabulary_sum,
    y,
)

reverse = cgf() - alpha * tilted_mean(sp.S.Zero)

VARIES = Condition(name="the log-odds are not constant", holds=M_min < M_max)
t = sp.Symbol("t", nonnegative=True)
u = sp.Symbol("u", positive=True)
k2 = sp.Symbol("kappa_2", positive=True)
k3, k4 = sp.symbols("kappa_3 kappa_4", real=True)


def _derivation() -> list[Step]:
    return [*_divergences(), *_ceiling(), *_roots(), *_series()]


def _divergences() -> list[Step]:
    return [
        divergence_of_the_tilt(),
        slope_of_the_divergence(),
        Identity(
            name="reverse",
            says="Relative entropy of the unsteered distribution to the steered one",
            lhs=vocabulary_sum(p[j, y] * (sp.log(p[j, y]) - log_tilted(y))),
            rhs=reverse,
        ),
        Identity(
            says="Its slope is the gain in the mean log-odds",
            lhs=slope(reverse),
            rhs=expectation(M[y]) - expectation(M[y], sp.S.Zero),
        ),
        Identity(
            says="which is 0 at 0 and has the variance for its slope",
            lhs=slope(reverse, 2),
            rhs=expectation(M[y] ** 2) - expectation(M[y]) ** 2,
        ),
        variance_is_positive(),
        variance_is_at_most_popoviciu(),
        *(_not_negative(side) for side in (1, -1)),
        *(_at_most_quadratic(side) for side in (1, -1)),
    ]


def _not_negative(side: int) -> Step:
    return Inequality(
        name="bounds",
        says=f"At alpha = {'' if side > 0 else '-'}t the first is not negative: its slope is t times the variance",
        smaller=sp.S.Zero,
        larger=forward_divergence.subs(alpha, side * t),
        certificate=t * tilted_squares().subs(alpha, side * t),
        taylor=(t, 1),
    )


def _at_most_quadratic(side: int) -> Step:
    bound = M_range**2 / 4 - tilted_variance(side * t)
    return Inequality(
        name="bounds",
        says=f"so at alpha = {'' if side > 0 else '-'}t the first is at most R^2 t^2/8: a budget of B nats lasts at"
        " least up to the strength sqrt(8 B)/R",
        smaller=forward_divergence.subs(alpha, side * t),
        larger=M_range**2 * t**2 / 8,
        certificate=t * bound,
        given=(Proved(fact=bound >= 0, by=variance_is_at_most_popoviciu(), at=((alpha, side * t),)),),
        taylor=(t, 1),
    )


def _ceiling() -> list[Step]:
    """`-log p(top) - KL(p_alpha, p) = (log Z - log Z_top) + alpha (M_max - E_alpha[M])`; likewise at the bottom."""
    g = sp.Symbol("g", positive=True)
    steps: list[Step] = [logarithm_increases()]
    for side, extreme in ((1, M_max), (-1, M_min)):
        more, logs = extremal_weight(side, sp.S.One)
        steps += [
            more,
            logs,
            mean_below_top() if side > 0 else mean_above_bottom(),
            Inequality(
                name=f"ceiling {side}",
                says=f"The first divergence lacks two terms of {_ceiling_text(side)}, neither negative by these steps",
                smaller=forward_divergence.subs(alpha, side * far),
                larger=-ExtremalLogMass(side),
                certificate=logs.larger - logs.smaller + far * expectation(side * (extreme - M[y]), side * far),
                given=(
                    M_max >= M[y] if side > 0 else M[y] >= M_min,
                    Proved(fact=logs.larger - logs.smaller >= 0, by=logs),
                ),
            ),
        ]
    return [
        *steps,
        Limit(
            says="Both vanish far out, for with gaps g to the extremal log-odds they are finite sums of exp(-t g)",
            expr=sp.exp(-u * g),
            variable=u,
            point=sp.oo,
            value=sp.S.Zero,
        ),
        Limit(says="and of t g exp(-t g)", expr=u * g * sp.exp(-u * g), variable=u, point=sp.oo, value=sp.S.Zero),
    ]


def _ceiling_text(side: int) -> str:
    return "-log p(M = M_max)" if side > 0 else "-log p(M = M_min)"


def _roots() -> list[Step]:
    return [
        Argued(
            says="For alpha > 0 the first divergence increases strictly from 0 to -log p(M = M_max), the second from 0"
            " to infinity: a budget B is met once, by the first only if B < -log p(M = M_max)",
            because="intermediate value theorem; a strictly convex function that is flat at 0 has no other minimum and"
            " no bound",
        )
    ]


def _series() -> list[Step]:
    """Both roots in powers of `s = sqrt(2 B/kappa_2)`, put back into the cumulant expansion of the divergence."""
    s = 1 / u
    K = k2 * alpha**2 / 2 + k3 * alpha**3 / 6 + k4 * alpha**4 / 24
    first = s - k3 * s**2 / (3 * k2) + (20 * k3**2 - 9 * k2 * k4) * s**3 / (72 * k2**2)
    second = s - k3 * s**2 / (6 * k2) + (5 * k3**2 - 3 * k2 * k4) * s**3 / (72 * k2**2)
    steps: list[Step] = []
    for name, divergence, root in (("first", alpha * K.diff(alpha) - K, first), ("second", K, second)):
        steps.append(
            Limit(
                says=f"The {name} root in powers of s = 1/u: there the divergence is B + o(s^4), B = kappa_2 s^2/2,"
                " with the cumulants of the unsteered distribution up to the fourth",
                expr=u**4 * (divergence.subs(alpha, sp.expand(root)) - k2 / (2 * u**2)),
                variable=u,
                point=sp.oo,
                value=sp.S.Zero,
            )
        )
    return steps


LAW = Law(
    id="sweet_spot",
    title="Each budget of divergence is spent at one strength",
    source="beyond the paper",
    reading="For alpha > 0 the divergence from the unsteered distribution grows strictly, measured either way: a budget"
    " is spent at exactly one strength, if at all.",
    statement=sp.Eq(slope(KL_FORWARD.symbol), alpha * tilted_variance(), evaluate=False),
    hypotheses=(AFFINE, PERFECT),
    claims=(
        Close(
            says="KL(p_alpha, p) is alpha K' - K", quantity=KL_FORWARD, value=forward_divergence, proof=("divergence",)
        ),
        Close(says="KL(p, p_alpha) is K - alpha K'(0)", quantity=KL_REVERSE, value=reverse, proof=("reverse",)),
        Turns(
            says="KL(p_alpha, p) falls up to alpha = 0 and rises from there",
            quantity=KL_FORWARD,
            n=1,
            first="falling",
            turn=alpha,
            condition=VARIES,
            proof=("variance",),
        ),
        Turns(
            says="KL(p, p_alpha) falls up to alpha = 0 and rises from there",
            quantity=KL_REVERSE,
            n=1,
            first="falling",
            turn=alpha,
            condition=VARIES,
            proof=("variance",),
        ),
        Bounded(
            says="KL(p_alpha, p) is at most R^2 alpha^2/8: no budget B is spent before sqrt(8 B)/R",
            quantity=KL_FORWARD,
            lower=sp.S.Zero,
            upper=M_range**2 * alpha**2 / 8,
            proof=("bounds",),
        ),
        Bounded(
            says="for alpha >= 0 it stays below -log p(M = M_max)",
            quantity=KL_FORWARD,
            upper=-ExtremalLogMass(1),
            domain=sp.Interval(0, sp.oo),
            proof=("ceiling 1",),
        ),
        Bounded(
            says="for alpha <= 0 it stays below -log p(M = M_min)",
            quantity=KL_FORWARD,
            upper=-ExtremalLogMass(-1),
            domain=sp.Interval(-sp.oo, 0),
            proof=("ceiling -1",),
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="a push that swings back: the divergence falls again, so that a budget is spent more than once",
        values=forward_divergence.subs(alpha, sp.sin(alpha)),
        claim=2,
    ),
)
