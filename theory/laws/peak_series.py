"""Where a token peaks: a series with a proved remainder, and a bound for every token (beyond the paper)."""

import sympy as sp

from theory.claims import Bounded, Close, Condition
from theory.law import Counterexample, Law
from theory.lemmas import AFFINE, PERFECT, variance_is_positive
from theory.quantities import PEAK
from theory.steps import Argued, Identity, Inequality, Proved, Step, Supposed
from theory.tilted import (
    Cumulant,
    Expr,
    M,
    M_max,
    M_min,
    M_range,
    V,
    alpha,
    j,
    level,
    p,
    slope,
    summed,
    token_a,
    token_b,
    vocabulary_sum,
    x,
    y,
)

X: Expr = sp.IndexedBase("X", real=True)

VARIES = Condition(name="the log-odds are not constant", holds=M_min < M_max)

VARYING = (
    Supposed(M[token_a] > M[token_b]),
    Proved(fact=Cumulant(2, alpha) > 0, by=variance_is_positive()),
)

base_mean, base_variance = (Cumulant(n, sp.S.Zero) for n in (1, 2))
distance = level - base_mean
series = distance / base_variance - Cumulant(3, 0) * distance**2 / (2 * base_variance**3)
share = M_range * sp.Abs(distance) / base_variance


def _tail(u: Expr) -> Expr:
    """`-log(1 - u) - u - u^2/2`, of order u^3/3."""
    return -sp.log(1 - u) - u - u**2 / 2


remainder = sp.Piecewise((_tail(share) / M_range, share < 1), (sp.oo, True))


def _logistic(m: Expr) -> Expr:
    """Where tokens of log-odds m would peak if only M_min and M_max had any mass, up to a constant."""
    return sp.log((m - M_min) / (M_max - m)) / M_range


least = _logistic(level) - _logistic(base_mean)


def _derivation() -> list[Step]:
    second, third, fourth = (Cumulant(n, alpha) for n in (2, 3, 4))
    return [
        Argued(
            says="alpha*(m), the peak of tokens of log-odds m, solves E_alpha[M] = m; it is 0 at m = E_0[M], and its"
            " slope in m is 1/Var: d/dm is 1/Var d/dalpha",
            because="inverse function theorem",
        ),
        Identity(
            says="Its second derivative in m",
            lhs=slope(1 / second) / second,
            rhs=-third / second**3,
            given=VARYING,
        ),
        Identity(
            says="Its third: at alpha = 0 these are 1, 2 and 6 times the coefficients of the series in m - E_0[M]",
            lhs=slope(-third / second**3) / second,
            rhs=(3 * third**2 - second * fourth) / second**5,
            given=VARYING,
        ),
        *_moment_bounds(),
        *_derivative_bounds(),
        *_integrated(),
    ]


def _mean(f: Expr) -> Expr:
    return vocabulary_sum(p[j, y] * f)


def _moment_bounds() -> list[Step]:
    """For p, which may be any distribution: so for every tilted one. X is M less its mean."""
    b = sp.Symbol("b", real=True)
    above, below = M_max - M[y], M[y] - M_min
    right, left = _mean(above), _mean(below)
    variance, third, fourth = (_mean(X[y] ** n) for n in (2, 3, 4))
    where = ((X[y], M[y] - summed(p[j, x] * M[x], (x, V))),)
    extremes = (M_max >= M[y], M[y] >= M_min)
    return [
        Inequality(
            says="Bhatia-Davis: the variance is at most that of a distribution of the same mean on M_min and M_max"
            " alone",
            smaller=variance,
            larger=right * left,
            certificate=_mean(above * below),
            given=extremes,
            where=where,
        ),
        Inequality(
            says="The third central moment is at most (M_max - E[M]) Var",
            smaller=third,
            larger=right * variance,
            certificate=_mean(above * X[y] ** 2),
            given=extremes[:1],
            where=where,
        ),
        Inequality(
            says="and at least -(E[M] - M_min) Var: so d Var/dm = kappa_3/Var lies within R = M_max - M_min of 0",
            smaller=-third,
            larger=left * variance,
            certificate=_mean(below * X[y] ** 2),
            given=extremes[1:],
            where=where,
        ),
        Inequality(
            says="Pearson: for every b, so for b = m_3/v, which gives v m_4 >= m_3^2 + v^3 for the central moments",
            smaller=variance**2 + 2 * b * third - b**2 * variance,
            larger=fourth,
            certificate=_mean((X[y] ** 2 - variance - b * X[y]) ** 2),
            where=where,
        ),
        Inequality(
            says="and it is at most R^2 Var",
            smaller=fourth,
            larger=M_range**2 * variance,
            certificate=_mean(X[y] ** 2 * above * below)
            + right * _mean(X[y] ** 2 * above)
            + left * _mean(X[y] ** 2 * below)
            + right * left * variance,
            given=extremes,
            where=where,
        ),
    ]


def _derivative_bounds() -> list[Step]:
    """With v, m_3, m_4 the central moments and r, q the distances of the mean from M_max and M_min, R = r + q."""
    v, r, q = sp.symbols("v r q", nonnegative=True)
    m3, m4 = sp.symbols("m_3 m_4", real=True)
    R = r + q
    bend = 3 * m3**2 - v * (m4 - 3 * v**2)
    pearson, spread = v * m4 - m3**2 - v**3, r * q - v
    upper, lower = r * v - m3, q * v + m3
    return [
        Inequality(
            says="So the third derivative of alpha*(m) is at most 2 R^2/Var^3",
            smaller=bend,
            larger=2 * R**2 * v**2,
            certificate=pearson + 2 * (v**2 * spread + v * (r * upper + q * lower) + upper * lower),
            given=(Supposed(pearson >= 0), Supposed(spread >= 0), Supposed(upper >= 0), Supposed(lower >= 0)),
        ),
        Inequality(
            says="and at least -2 R^2/Var^3",
            smaller=-bend,
            larger=2 * R**2 * v**2,
            certificate=v * (R**2 * v - m4) + R**2 * v**2 + 3 * m3**2 + 3 * v**3,
            given=(Supposed(R**2 * v - m4 >= 0),),
        ),
    ]


def _integrated() -> list[Step]:
    R, v, s = sp.symbols("R v s", positive=True)
    return [
        Identity(
            says="At a distance s from E_0[M] the variance is at least v - R s, v = Var_0[M]; 2 R^2 over its cube,"
            " integrated three times, is the remainder",
            lhs=sp.Derivative(_tail(R * s / v) / R, (s, 3)),
            rhs=2 * R**2 / (v - R * s) ** 3,
            given=(Supposed(v - R * s > 0), Supposed(1 - R * s / v > 0)),
        ),
        Identity(
            says="The slope 1/Var is at least 1/((M_max - m)(m - M_min)), which integrates to a difference of logits",
            lhs=sp.Derivative(_logistic(level), level),
            rhs=1 / ((M_max - level) * (level - M_min)),
            given=(Supposed(M_max - level > 0), Supposed(level - M_min > 0), Supposed(M_max - M_min > 0)),
        ),
        Argued(
            name="integrated",
            says="Hence both claims: alpha*(m) and its series agree at m = E_0[M] up to the second derivative, and"
            " alpha*(E_0[M]) = 0",
            because="integration of an inequality between derivatives, from E_0[M] to m on either side",
        ),
    ]


LAW = Law(
    id="peak_series",
    title="Where a token peaks",
    source="beyond the paper; Theorem 3.3 gives the equation that the peak solves",
    reading="Tokens near the unsteered mean of the log-odds peak at (m - E_0[M])/Var_0[M], bent by the skewness;"
    " u = R |m - E_0[M]|/Var_0[M] < 1, R the range of the log-odds, says how near. All peak at least as far from 0 as"
    " if only the extreme log-odds had any probability.",
    statement=sp.Le(sp.Abs(PEAK.symbol - series), _tail(sp.Symbol("u")) / sp.Symbol("R"), evaluate=False),
    hypotheses=(AFFINE, PERFECT),
    claims=(
        Close(
            says="the peak is its second-order series within (-log(1 - u) - u - u^2/2)/R, u = R |m - E_0[M]|/Var_0[M],"
            " where u < 1",
            quantity=PEAK,
            value=series,
            remainder=remainder,
            condition=VARIES,
            proof=("integrated",),
        ),
        Bounded(
            says="the peak is at least as far from 0 as for a distribution on M_min and M_max alone, on the same side",
            quantity=PEAK,
            lower=sp.Piecewise((least, (base_mean <= level) & (level < M_max)), (-sp.oo, True)),
            upper=sp.Piecewise((least, (M_min < level) & (level <= base_mean)), (sp.oo, True)),
            condition=VARIES,
            proof=("integrated",),
        ),
    ),
    derivation=_derivation,
    counterexample=Counterexample(
        says="peaks twice as far out as the series puts them",
        values=2 * series,
    ),
)
