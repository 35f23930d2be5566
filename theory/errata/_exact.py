"""Exact and certified arithmetic for tilted distributions with rational probabilities.

Log-odds of rational data are rational combinations of logarithms of rationals, so every sign among them is decided by
comparing integer powers. Where a strength enters, python-flint balls bound the value; no float decides anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cmp_to_key
from math import gcd, lcm, prod

import sympy as sp
from flint import arb, ctx, fmpq

BITS = 192


def mean(weights: Sequence[Fraction], values: Sequence[sp.Expr]) -> sp.Expr:
    """`sum_z weights_z values_z`, expanded."""
    return sp.expand(sum((w * v for w, v in zip(weights, values, strict=True)), sp.S.Zero))


def sign(log_sum: sp.Expr) -> int:
    """Exact sign of `sum_i q_i log r_i` for rationals `q_i` and positive rationals `r_i`.

    With the `q_i` scaled to coprime integers `n_i` it is the sign of `prod r_i^n_i - 1`, a rational number.
    """
    terms = []
    for term in sp.Add.make_args(sp.expand(log_sum)):
        coefficient, factor = term.as_coeff_Mul()
        if coefficient == 0:
            continue
        ratio = factor.args[0] if isinstance(factor, sp.log) else None
        if not (isinstance(coefficient, sp.Rational) and isinstance(ratio, sp.Rational)):
            raise ValueError(f"expected a rational combination of logarithms of rationals, got the term {term}")
        terms.append((_fraction(coefficient), _fraction(ratio)))
    scale = lcm(*(coefficient.denominator for coefficient, _ in terms))
    powers = [int(coefficient * scale) for coefficient, _ in terms]
    common = gcd(*powers)
    product = prod(
        (ratio ** (power // common) for power, (_, ratio) in zip(powers, terms, strict=True)), start=Fraction(1)
    )
    return (product > 1) - (product < 1)


def extremal(log_odds: Sequence[sp.Expr], side: int) -> tuple[int, ...]:
    """Tokens of the largest log-odds (`side = 1`) or the smallest (`side = -1`), exactly."""
    best = max(log_odds, key=cmp_to_key(lambda left, right: side * sign(left - right)))
    return tuple(z for z, value in enumerate(log_odds) if sign(value - best) == 0)


def ball(expression: sp.Basic) -> arb:
    """An enclosure of a closed SymPy expression; call it inside `ctx.workprec`, as `digits` and `rounds_to` do."""
    match expression:
        case sp.Rational():
            return _exact_ball(_fraction(expression))
        case sp.Add():
            return sum((ball(term) for term in expression.args[1:]), ball(expression.args[0]))
        case sp.Mul():
            product = ball(expression.args[0])
            for factor in expression.args[1:]:
                product *= ball(factor)
            return product
        case sp.Pow() if expression.exp.is_Integer:
            return ball(expression.base) ** int(expression.exp)
        case sp.Pow():
            return (ball(expression.exp) * ball(expression.base).log()).exp()
        case sp.log():
            return ball(expression.args[0]).log()
        case sp.exp():
            return ball(expression.args[0]).exp()
    raise ValueError(f"expected rationals, +, *, powers, log and exp, got {expression}")


def digits(expression: sp.Basic | Fraction, places: int = 10) -> str:
    """The value in decimal, right to one unit in the last place printed."""
    with ctx.workprec(BITS):
        return ball(sp.sympify(expression)).str(places, radius=False)


def rounds_to(expression: sp.Basic, decimal: str) -> bool | None:
    """Whether the value rounds to the stated decimal; None where the ball is too wide to tell."""
    stated = Fraction(decimal)
    half = Fraction(1, 2 * 10 ** len(decimal.partition(".")[2]))
    with ctx.workprec(BITS):
        distance = abs(ball(expression) - _exact_ball(stated))
        if distance < _exact_ball(half):
            return True
        return False if distance > _exact_ball(half) else None


@dataclass(frozen=True, kw_only=True)
class ExponentialSum:
    """`sum_i c_i exp(alpha m_i)`, rates `m_i` strictly increasing; coefficients and rates are sums of logarithms."""

    coefficients: tuple[sp.Expr, ...]
    rates: tuple[sp.Expr, ...]


def exponential_sum(terms: Sequence[tuple[sp.Expr, sp.Expr]]) -> ExponentialSum:
    """Terms `(c, m)` sorted by rate, equal rates merged, zero coefficients dropped; all decided exactly."""
    merged: list[list[sp.Expr]] = []
    for coefficient, rate in sorted(terms, key=cmp_to_key(lambda left, right: sign(left[1] - right[1]))):
        if merged and sign(merged[-1][1] - rate) == 0:
            merged[-1][0] += coefficient
        else:
            merged.append([coefficient, rate])
    kept = [(c, m) for c, m in merged if sign(c)]
    return ExponentialSum(coefficients=tuple(c for c, _ in kept), rates=tuple(m for _, m in kept))


def concept_slope(base: Sequence[Fraction], log_odds: Sequence[sp.Expr], concept: Sequence[int]) -> ExponentialSum:
    """`F'(alpha)` of a concept's probability, times the squared normaliser: same sign, same zeros.

    `F' Z^2 = sum_{z in C, y not in C} p_z p_y (M_z - M_y) exp(alpha (M_z + M_y))`.
    """
    rest = [y for y in range(len(base)) if y not in concept]
    return exponential_sum(
        [
            (sp.expand(base[z] * base[y] * (log_odds[z] - log_odds[y])), log_odds[z] + log_odds[y])
            for z in concept
            for y in rest
        ]
    )


def zeros(terms: ExponentialSum, width: Fraction = Fraction(1, 2**20)) -> list[tuple[Fraction, Fraction]]:
    """Isolating intervals of every real zero, left to right, no wider than `width`; each zero is simple.

    Outside a bracket the outermost term outweighs all others together. Inside it, an interval is done when a ball
    shows that the sum has no zero there, or that its derivative has none and the signs at the ends differ or agree.

    Raises:
        ValueError: the sum is identically zero.
        ArithmeticError: a zero that no interval of width 2^-60 separates (a multiple zero, say).
    """
    if not terms.rates:
        raise ValueError("the sum is identically zero: every strength is a zero")
    with ctx.workprec(BITS):
        rates = [ball(m) for m in terms.rates]
        value = [ball(c) for c in terms.coefficients]
        slope = [c * m for c, m in zip(value, rates, strict=True)]
        bound = 1
        while not (_dominated(value, rates, bound) and _dominated(value[::-1], [-m for m in rates[::-1]], bound)):
            bound *= 2

        def at(coefficients: list[arb], x: arb) -> arb:
            return sum((c * (m * x).exp() for c, m in zip(coefficients, rates, strict=True)), arb(0))

        def isolate(low: Fraction, high: Fraction) -> list[tuple[Fraction, Fraction]]:
            span = _exact_ball(low).union(_exact_ball(high))
            if not at(value, span).contains(0):
                return []
            ends = at(value, _exact_ball(low)) * at(value, _exact_ball(high))
            if not at(slope, span).contains(0) and (ends > 0 or (ends < 0 and high - low <= width)):
                return [(low, high)] if ends < 0 else []
            if high - low < Fraction(1, 2**60):
                raise ArithmeticError(f"cannot separate the zeros near {low}")
            # Off-centre, so that a zero at 0, where symmetric data put it, is never an end.
            middle = low + (high - low) * Fraction(61, 128)
            return isolate(low, middle) + isolate(middle, high)

        return isolate(Fraction(-bound), Fraction(bound))


def _dominated(coefficients: list[arb], rates: list[arb], alpha: int) -> bool:
    """Whether for every strength from alpha on the last term outweighs the sum of the others."""
    rest = sum((abs(c) * ((m - rates[-1]) * alpha).exp() for c, m in zip(coefficients, rates, strict=True)), arb(0))
    return bool(rest - abs(coefficients[-1]) < abs(coefficients[-1]))


def _fraction(number: sp.Rational) -> Fraction:
    return Fraction(int(number.p), int(number.q))


def _exact_ball(value: Fraction) -> arb:
    return arb(fmpq(value.numerator, value.denominator))
