"""Steps that several derivations share: facts about the mean and the variance of the log-odds under the tilted law."""

import sympy as sp

from theory.steps import Identity, Inequality, Limit, Step
from theory.tilted import (
    C,
    Expr,
    J,
    M,
    M_max,
    M_min,
    V,
    cgf,
    expectation,
    i,
    j,
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
PERFECT = "perfect training: the model's unsteered law is the data law (Assumption 2)"
SEPARATION = "sign separation: M > 0 exactly on the target concept (follows from Assumption 1)"
CALIBRATED = "evaluation on the model's own law: the contexts' next tokens follow p_j (perfect training)"

gap: Expr = sp.IndexedBase("g", nonnegative=True)
t = sp.Symbol("t", positive=True)


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
    """Mean of an expression in y under the tilted law within a set of tokens, given by its indicator."""
    return vocabulary_sum(member * f * tilt_weight(y)) / vocabulary_sum(member * tilt_weight(y))


def mean_is_slope_of_cgf() -> Step:
    """`K' = E_alpha[M]`."""
    return Identity(says="The tilted mean of the log-odds", lhs=slope(cgf()), rhs=expectation(M[y]))


def variance_is_slope_of_mean() -> Step:
    """`d E_alpha[M] / d alpha = E_alpha[M^2] - E_alpha[M]^2`."""
    return Identity(
        says="Its slope is the tilted variance",
        lhs=slope(expectation(M[y])),
        rhs=expectation(M[y] ** 2) - expectation(M[y]) ** 2,
    )


def variance_is_positive() -> Step:
    """Lagrange's identity shows the variance as a sum of squares, of which one is not 0."""
    return Inequality(
        says="The variance is positive unless M is constant: Lagrange's identity, with tokens M_a > M_b",
        smaller=sp.S.Zero,
        larger=tilted_variance(),
        certificate=tilted_squares(),
        strict=True,
        given=(M[token_a] > M[token_b],),
        some={x: token_a, y: token_b},
    )


def mean_below_top() -> Step:
    """`E_alpha[M] < M_max` for M not constant."""
    return Inequality(
        says="The tilted mean stays below the largest log-odds, strictly if some token b lies below it",
        smaller=tilted_mean(),
        larger=M_max,
        certificate=expectation(M_max - M[y]),
        strict=True,
        given=(M_max >= M[y], M_max > M[token_b]),
        some={y: token_b},
    )


def mean_above_bottom() -> Step:
    """`E_alpha[M] > M_min` for M not constant."""
    return Inequality(
        says="The tilted mean stays above the smallest log-odds, strictly if some token a lies above it",
        smaller=M_min,
        larger=tilted_mean(),
        certificate=expectation(M[y] - M_min),
        strict=True,
        given=(M[y] >= M_min, M[token_a] > M_min),
        some={y: token_a},
    )


def mean_limits() -> list[Step]:
    """`|E_alpha[M] - M_ext| <= 1/(|alpha| p(extremal tokens))`, so the mean tends to M_max and M_min."""
    u = sp.Symbol("u", real=True)
    steps: list[Step] = [
        Inequality(
            says="The exponential lies above its tangent at 0",
            smaller=1 + u,
            larger=sp.exp(u),
            certificate=sp.exp(u),
            taylor=(u, 2),
        )
    ]
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
            given=(sp.exp(t * gap[y]) >= 1 + t * gap[y],),
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
