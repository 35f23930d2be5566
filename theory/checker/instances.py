"""Concrete instances: random exact rationals for every symbol, and the value of an expression there to 50 digits.

This is the second, independent look at every step of a derivation: it shares nothing with the symbolic normal form.
"""

import hashlib
import itertools
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import mpmath
import sympy as sp

from theory.facts import DERIVED
from theory.tilted import (
    DISTRIBUTIONS,
    INDICATORS,
    SIZES,
    Bottom,
    Expr,
    J,
    Largest,
    M,
    M_max,
    M_min,
    Top,
    V,
    d,
    texts,
    y,
)

DIGITS = 50
Value = Any
"""An mpmath real; a bool for a relation."""


@dataclass(frozen=True, kw_only=True)
class Instance:
    """`size` tokens, everything else drawn at random from `seed`, name by name, within what is assumed of it.

    `others` are the numbers of contexts and of features, as many as tokens if not given. `over` says which size an
    index runs up to. A `corner` has 0 for every number that may be 0. `given` overrides single values: a symbol, or an
    array as `(base, indices)`.
    """

    seed: int
    size: int = 3
    others: tuple[int, int] | None = None
    over: dict[sp.Symbol, sp.Symbol] = field(default_factory=dict)
    corner: bool = False
    given: dict = field(default_factory=dict)

    def end(self, size: sp.Symbol) -> int:
        """Value of V, J, d or the number of texts, one more than that of tokens."""
        others = self.others or (self.size, self.size)
        return dict(zip((V, J, d, texts), (self.size, *others, self.size + 1), strict=True))[size]

    def value(self, symbol: sp.Symbol) -> Fraction | Value:
        """Value of a symbol."""
        if symbol in self.given:
            return self.given[symbol]
        if symbol in SIZES:
            return Fraction(self.end(symbol))
        if symbol in (M_max, M_min):
            extreme = max if symbol == M_max else min
            return extreme(self.entry(M, (n,)) for n in range(1, self.size + 1))
        if symbol in DERIVED:
            return Fraction(DERIVED[symbol](self))
        if symbol in self.over:
            return Fraction(self._random(symbol.name).randint(1, self.end(self.over[symbol])))
        return self._draw(symbol.name, symbol)

    def entry(self, base: Expr, indices: tuple[int, ...]) -> Fraction | Value:
        """Value of an array's entry; laws sum to 1 over their last index, indicators are 0 or 1."""
        if (base, indices) in self.given:
            return self.given[base, indices]
        name = f"{base.label}{indices}"
        if base in (Top, Bottom):
            return Fraction(self.entry(M, indices) == self.value(M_max if base == Top else M_min))
        if base in INDICATORS:
            return Fraction((indices[-1] + self._random(str(base.label)).randrange(2)) % 2)
        if base in DISTRIBUTIONS:
            count = self.end(DISTRIBUTIONS[base])
            last = [self._positive(f"{base.label}{(*indices[:-1], n)}") for n in range(1, count + 1)]
            return last[indices[-1] - 1] / sum(last)
        return self._draw(name, base[indices])

    def _random(self, name: str) -> random.Random:
        return random.Random(hashlib.sha256(f"{self.seed}:{name}".encode()).digest())

    def _positive(self, name: str) -> Fraction:
        return Fraction(self._random(name).randint(1, 40), 20)

    def _draw(self, name: str, assumed: Expr) -> Fraction:
        if assumed.is_integer and assumed.is_positive:
            return Fraction(self._random(name).randint(1, self.size))
        if self.corner and not assumed.is_positive and assumed.is_extended_real:
            return Fraction(0)
        if assumed.is_nonnegative:
            return self._positive(name)
        if not assumed.is_extended_real:
            raise ValueError(f"{name}: an instance needs to know that it is real; declare it so")
        return Fraction(self._random(name).randint(-40, 40), 20)


def evaluate(expr: Expr, instance: Instance, bound: dict[sp.Symbol, int] | None = None) -> Value:
    """Value of an expression in sums, to 50 digits; nan where it is undefined. A relation or Boolean gives a bool."""
    with mpmath.workdps(DIGITS):
        try:
            return _evaluate(sp.sympify(expr), instance, bound or {})
        except ZeroDivisionError:
            return mpmath.nan


_FUNCTIONS: dict[type, Callable] = {
    sp.exp: mpmath.exp,
    sp.log: mpmath.log,
    sp.tanh: mpmath.tanh,
    sp.cos: mpmath.cos,
    sp.sin: mpmath.sin,
    sp.Abs: abs,
    sp.sign: mpmath.sign,
    sp.Max: max,
    sp.Min: min,
    sp.Add: lambda *terms: mpmath.fsum(terms),
    sp.Mul: lambda *factors: mpmath.fprod(factors),
    sp.Pow: mpmath.power,
    sp.And: lambda *parts: all(parts),
    sp.Or: lambda *parts: any(parts),
    sp.Not: lambda part: not part,
    sp.Equality: lambda a, b: a == b,
    sp.Unequality: lambda a, b: a != b,
    sp.GreaterThan: lambda a, b: a >= b,
    sp.LessThan: lambda a, b: a <= b,
    sp.StrictGreaterThan: lambda a, b: a > b,
    sp.StrictLessThan: lambda a, b: a < b,
}


def _evaluate(expr: Expr, instance: Instance, bound: dict[sp.Symbol, int]) -> Value:
    if expr in bound:
        return mpmath.mpf(bound[expr])
    if isinstance(expr, sp.Symbol):
        return _number(instance.value(expr))
    if isinstance(expr, sp.Indexed):
        indices = tuple(int(_evaluate(s, instance, bound)) for s in expr.indices)
        return _number(instance.entry(expr.base, indices))
    if isinstance(expr, sp.Rational):
        return _number(Fraction(int(expr.p), int(expr.q)))
    if isinstance(expr, sp.Sum):
        return _evaluate_sum(expr, instance, bound)
    if isinstance(expr, Largest):
        return max(_evaluate(expr.args[0], instance, {**bound, y: n}) for n in range(1, instance.size + 1))
    if isinstance(expr, sp.Derivative):
        return _evaluate(expr.doit(deep=False), instance, bound)
    if isinstance(expr, sp.Piecewise):
        cases: Expr = expr.args
        return next(_evaluate(e, instance, bound) for e, c in cases if _evaluate(c, instance, bound))
    if expr in (sp.true, sp.false):
        return bool(expr)
    if expr.is_Atom:
        return mpmath.mpf(float(expr) if expr.is_infinite else sp.N(expr, DIGITS + 5))
    if expr.func not in _FUNCTIONS:
        raise ValueError(f"no numerical value for {expr.func.__name__}; add it to theory.checker.instances")
    return _FUNCTIONS[expr.func](*[_evaluate(a, instance, bound) for a in expr.args])


def _evaluate_sum(expr: sp.Sum, instance: Instance, bound: dict[sp.Symbol, int]) -> Value:
    *inner, (index, lower, upper) = expr.limits
    first, last = (int(_evaluate(s, instance, bound)) for s in (lower, upper))
    summand = sp.Sum(expr.function, *inner) if inner else expr.function
    return mpmath.fsum(_evaluate(summand, instance, {**bound, index: n}) for n in range(first, last + 1))


def _number(value: Fraction | Value) -> Value:
    return mpmath.mpf(value.numerator) / value.denominator if isinstance(value, Fraction) else value


SIZES_DRAWN = ((3, (2, 4)), (3, (4, 2)), (4, (3, 2)))
"""Numbers of tokens, and of contexts and features: no two alike, so that no sum passes for one over something else."""


def satisfying(
    facts: Iterable[Expr],
    over: dict[sp.Symbol, sp.Symbol] | None = None,
    *,
    count: int,
    tries: int = 400,
    corner: bool = False,
) -> list[Instance]:
    """The first `count` instances in which every fact holds, for all values of its own indices."""
    found = []
    for seed in range(tries):
        size, others = SIZES_DRAWN[seed % len(SIZES_DRAWN)]
        instance = Instance(seed=seed, size=size, others=others, over=over or {}, corner=corner)
        if all(_holds(fact, instance) for fact in facts):
            found.append(instance)
        if len(found) == count:
            break
    return found


def _holds(fact: Expr, instance: Instance) -> bool:
    """A fact at hand, or one for every value of the indices that are its own (`ranges.for_every_index`)."""
    free = sorted((s for s in fact.free_symbols if isinstance(s, sp.Dummy) and s.is_integer), key=str)
    ends = [instance.end(instance.over[s]) if s in instance.over else max(map(instance.end, SIZES)) for s in free]
    indices = itertools.product(*(range(1, end + 1) for end in ends))
    return all(evaluate(fact, instance, dict(zip(free, at, strict=True))) for at in indices)
