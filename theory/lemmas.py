"""Steps that several derivations share: the mean and the variance of the log-odds under the tilt."""

import sympy as sp

from theory.steps import Identity, Inequality, Limit, Proved, Step, Supposed
from theory.tilted import (
    Bottom,
    C,
    ConceptCumulant,
    Expr,
    J,
    M,
    M_max,
    M_min,
    M_range,
    OutsideCumulant,
    TiltedProbability,
    Top,
    V,
    alpha,
    cgf,
    expectation,
    i,
    j,
    log_tilted,
    p,
    partition,
    slope,
    summed,
    tilt_weight,
    tilted_mean,
    tilted_variance,
    token_a,
    token_b,
    vocabulary_sum,
    x,
    y,
)

AFFINE = "affine logits: the steered logits are l_j + alpha s"
PERFECT = "perfect training: the model's unsteered distribution is the data law (Assumption 2)"
SEPARATION = "sign separation: M > 0 exactly on the target concept (follows from Assumption 1)"
CALIBRATED = "evaluation on the model's own distribution: the contexts' next tokens follow p_j (perfect training)"

forward_divergence: Expr = alpha * tilted_mean() - cgf()
"""`KL(p_alpha, p)` in atoms."""
concept_logit: Expr = ConceptCumulant(0, alpha) - OutsideCumulant(0, alpha)
gap: Expr = sp.IndexedBase("g", nonnegative=True)
t = sp.Symbol("t", positive=True)
u = sp.Symbol("u", real=True)
base, added = sp.Symbol("a", positive=True), sp.Symbol("u", nonnegative=True)


def pair_sum(term: Expr) -> Expr:
    """Double sum over the vocabulary of a term in x and y."""
    return summed(term, (x, V), (y, V))


def tilted_squares() -> Expr:
    """The tilted variance as a sum of squares, `1/2 sum_x sum_y p_alpha(x) p_alpha(y) (M[x] - M[y])^2` (Lagrange)."""
    return pair_sum(tilt_weight(x) * tilt_weight(y) * (M[x] - M[y]) ** 2) / (2 * partition() ** 2)


def context_mean(member: sp.IndexedBase, f: Expr) -> Expr:
    """Mean of an expression in i over the contexts of a set, given by its indicator."""
    return summed(member[i] * f, (i, J)) / summed(member[i], (i, J))


def mean_within(member: Expr, f: Expr) -> Expr:
    """Mean of an expression in y under the tilted distribution within a set of tokens, given by its indicator."""
    return vocabulary_sum(member * f * tilt_weight(y)) / vocabulary_sum(member * tilt_weight(y))


def concept_slope() -> Step:
    """`d logit F / d alpha = E_alpha[M | C] - E_alpha[M | not C]`."""
    return Identity(
        name="slope of logit",
        says="The slope of logit F is the mean log-odds inside the concept less that outside",
        lhs=slope(concept_logit),
        rhs=mean_within(C[y], M[y]) - mean_within(1 - C[y], M[y]),
    )


def divergence_of_the_tilt() -> Step:
    """`KL(p_alpha, p) = alpha K'(alpha) - K(alpha)`."""
    return Identity(
        name="divergence",
        says="Relative entropy of the steered distribution to the unsteered one",
        lhs=vocabulary_sum(TiltedProbability(y) * (log_tilted(y) - sp.log(p[j, y]))),
        rhs=forward_divergence,
    )


def slope_of_the_divergence() -> Step:
    """`d KL(p_alpha, p) / d alpha = alpha Var_alpha[M]`."""
    return Identity(
        says="Its slope is alpha times the variance of the log-odds",
        lhs=slope(forward_divergence),
        rhs=alpha * (expectation(M[y] ** 2) - expectation(M[y]) ** 2),
    )


def logarithm_increases() -> Inequality:
    """`log a <= log(a + u)` for a > 0 and u >= 0."""
    return Inequality(
        says="The logarithm increases",
        smaller=sp.log(base),
        larger=sp.log(base + added),
        certificate=1 / (base + added),
        taylor=(added, 1),
    )


def extremal_mass_is_exponential(side: int) -> Step:
    """`sum over M = M_max of p exp(alpha M) = p(M = M_max) exp(alpha M_max)`, and likewise at M_min (side -1)."""
    members, extreme = (Top, M_max) if side > 0 else (Bottom, M_min)
    name = "M_max" if side > 0 else "M_min"
    return Identity(
        name="extremal weight",
        says=f"The tilted weight of the tokens at {name} is p(M = {name}) exp(alpha {name}): so at 0, and the slope of"
        f" its logarithm is {name}",
        lhs=slope(sp.log(vocabulary_sum(members[y] * tilt_weight(y)))),
        rhs=extreme,
        where=((M[y], extreme - side * (1 - members[y]) * gap[y]),),
    )


def extremal_weight(side: int, member: Expr) -> tuple[Inequality, Inequality]:
    """`sum over a set of p exp(alpha M) >= p(M = M_ext) exp(alpha M_ext)` at alpha = +-t, and the same of the logs.

    `member` marks a set that holds every token at M_max (side 1) or M_min (side -1), which the steps suppose of it.
    """
    extremal, extreme = (Top, M_max) if side > 0 else (Bottom, M_min)
    name, distance = "M_max" if side > 0 else "M_min", side * (extreme - M[y])
    weight, peak = tilt_weight(y, side * t), sp.exp(side * t * extreme)
    least = peak * vocabulary_sum(extremal[y] * p[j, y])
    total = vocabulary_sum(member * weight)
    below = sp.exp(-t * distance) - 1 + t * distance
    inside = (Supposed(member - extremal[y] >= 0),) if member != 1 else ()
    at_ends = -extremal[y] * distance >= 0
    tangent = Proved(fact=below >= 0, by=exponential_above_tangent(), at=((u, -t * distance),))
    more = Inequality(
        says=f"The tokens at {name} alone have the tilted weight p(M = {name}) exp(alpha {name})",
        smaller=least,
        larger=total,
        certificate=vocabulary_sum((member - extremal[y]) * weight)
        + vocabulary_sum(p[j, y] * peak * (extremal[y] * below + t * (-extremal[y] * distance))),
        given=(*inside, at_ends, tangent),
    )
    logs = Inequality(
        says="and so in logs",
        smaller=sp.log(least),
        larger=sp.log(total),
        certificate=sp.log(total) - sp.log(least),
        given=(
            *inside,
            Proved(fact=total - least >= 0, by=more),
            Proved(
                fact=sp.log(total) - sp.log(least) >= 0,
                by=logarithm_increases(),
                at=((base, least), (added, total - least)),
            ),
        ),
    )
    return more, logs


def mean_is_slope_of_cgf() -> Step:
    """`K' = E_alpha[M]`."""
    return Identity(name="mean", says="The tilted mean of the log-odds", lhs=slope(cgf()), rhs=expectation(M[y]))


def variance_is_slope_of_mean() -> Step:
    """`d E_alpha[M] / d alpha = E_alpha[M^2] - E_alpha[M]^2`."""
    return Identity(
        says="Its slope is the tilted variance",
        lhs=slope(expectation(M[y])),
        rhs=expectation(M[y] ** 2) - expectation(M[y]) ** 2,
    )


def variance_is_positive() -> Inequality:
    """Lagrange's identity shows the variance as a sum of squares, of which one is not 0."""
    return Inequality(
        name="variance",
        says="The variance is positive unless M is constant: Lagrange's identity, with tokens M_a > M_b",
        smaller=sp.S.Zero,
        larger=tilted_variance(),
        certificate=tilted_squares(),
        strict=True,
        given=(Supposed(M[token_a] > M[token_b]),),
        some={x: token_a, y: token_b},
    )


def variance_is_at_most_popoviciu() -> Inequality:
    """`Var_alpha[M] <= (M_max - M_min)^2/4`."""
    return Inequality(
        name="variance at most",
        says="Popoviciu: the variance of log-odds within [M_min, M_max] is at most R^2/4, R = M_max - M_min",
        smaller=tilted_variance(),
        larger=M_range**2 / 4,
        certificate=expectation((M_max - M[y]) * (M[y] - M_min)) + (tilted_mean() - (M_max + M_min) / 2) ** 2,
        given=(M_max >= M[y], M[y] >= M_min),
    )


def mean_below_top() -> Inequality:
    """`E_alpha[M] < M_max` for M not constant."""
    return Inequality(
        says="The tilted mean stays below the largest log-odds, strictly if some token b lies below it",
        smaller=tilted_mean(),
        larger=M_max,
        certificate=expectation(M_max - M[y]),
        strict=True,
        given=(M_max >= M[y], Supposed(M_max > M[token_b])),
        some={y: token_b},
    )


def mean_above_bottom() -> Inequality:
    """`E_alpha[M] > M_min` for M not constant."""
    return Inequality(
        says="The tilted mean stays above the smallest log-odds, strictly if some token a lies above it",
        smaller=M_min,
        larger=tilted_mean(),
        certificate=expectation(M[y] - M_min),
        strict=True,
        given=(M[y] >= M_min, Supposed(M[token_a] > M_min)),
        some={y: token_a},
    )


def exponential_above_tangent() -> Inequality:
    """`1 + u <= exp(u)`."""
    return Inequality(
        says="The exponential lies above its tangent at 0",
        smaller=1 + u,
        larger=sp.exp(u),
        certificate=sp.exp(u),
        taylor=(u, 2),
    )


def mean_limits() -> list[Step]:
    """`|E_alpha[M] - M_ext| <= 1/(|alpha| p(extremal tokens))`, so the mean tends to M_max and M_min."""
    steps = [exponential_above_tangent()]
    for side, extreme in ((1, M_max), (-1, M_min)):
        steps += _mean_limit(side, extreme)
    return steps


def _mean_limit(side: int, extreme: sp.Symbol) -> list[Step]:
    name, end = ("largest", "+oo") if side > 0 else ("smallest", "-oo")
    where = ((M[y], extreme - side * gap[y]),)
    weight = p[j, y] * sp.exp(-t * gap[y])
    total, top = vocabulary_sum(weight), vocabulary_sum(C[y] * weight)
    top_mass = sp.Symbol("p_C", positive=True)
    distance = side * (extreme - tilted_mean(side * t))
    return [
        Identity(
            says=f"Distance of the mean from the {name} log-odds at alpha = {'' if side > 0 else '-'}t, in gaps g >= 0",
            lhs=distance,
            rhs=vocabulary_sum(gap[y] * weight) / total,
            where=where,
        ),
        Inequality(
            says="It is at most 1/(t Z), because t g exp(-t g) <= 1",
            smaller=vocabulary_sum(gap[y] * weight) / total,
            larger=1 / (t * total),
            certificate=(vocabulary_sum(weight * (sp.exp(t * gap[y]) - 1 - t * gap[y])) + total) / (t * total),
            given=(
                Proved(
                    fact=sp.exp(t * gap[y]) >= 1 + t * gap[y], by=exponential_above_tangent(), at=((u, t * gap[y]),)
                ),
            ),
        ),
        Inequality(
            says="Z is at least the base mass of the extremal tokens C, where g = 0",
            smaller=top,
            larger=total,
            certificate=vocabulary_sum((1 - C[y]) * weight),
        ),
        Limit(
            says=f"so the mean tends to the {name} log-odds as alpha -> {end}",
            expr=1 / (t * top_mass),
            variable=t,
            point=sp.oo,
            value=sp.S.Zero,
        ),
    ]
