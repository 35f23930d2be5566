"""The value of a formula of a step at a generic point, by an evaluation that shares no code with the checker.

Expressions are walked as they are written, atoms and derivatives in them, in lexical scopes: a sum binds its index, a
pattern of `where` is a function. Derivatives are numerical. Sizes differ, so that no sum passes for another.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import mpmath
import sympy as sp

from theory import facts, tilted
from theory.tilted import J, V, d

mpmath.mp.dps = 60
SIZES = {V: 4, J: 2, d: 3, tilted.texts: 5}
TOKENS = range(1, SIZES[V] + 1)
INDICATORS = {tilted.C: (0, 1, 1, 0), tilted.T: (1, 0, 1, 0), tilted.P: (1, 0), tilted.N: (0, 1)}
INDICATORS |= {tilted.hits: (0, 1, 1, 0, 1)}
INDEXED = {tilted.j: J, tilted.z: V, facts.reference: V, tilted.token_a: V, tilted.token_b: V, tilted.x: V, tilted.y: V}
INDEXED |= {tilted.feature_a: d, tilted.feature_b: d, tilted.text: tilted.texts}
ROWS = {tilted.p: V, tilted.r: V, tilted.pi: J, tilted.text_p: tilted.texts}
LENGTHS = {tilted.M: V, tilted.C: V, tilted.T: V, tilted.Top: V, tilted.Bottom: V, tilted.P: J, tilted.N: J}
LENGTHS |= {tilted.hits: tilted.texts}
Value = Any


class NoValueError(Exception):
    """The oracle knows no value of the expression at the point."""


class UndefinedError(NoValueError):
    """The expression has no value at the point."""


@dataclass
class Point:
    """Random values of all that is free, drawn as asked for; at a `corner` what may be 0 is 0 and reals tie."""

    seed: int
    corner: bool = False
    fixed: dict[Any, Value] = field(default_factory=dict)

    def number(self, name: str, like: Any) -> Value:
        draw = random.Random(f"{self.seed} {name}")
        if like.is_integer and like.is_positive:
            return mpmath.mpf(draw.randint(1, 2))
        if self.corner and not like.is_positive:
            return mpmath.mpf(0 if like.is_nonnegative else draw.choice((0, 0, 1)))
        size = mpmath.mpf(draw.randint(1, 60)) / 23
        return size if like.is_nonnegative else size * draw.choice((1, -1))

    def symbol(self, symbol: Any) -> Value:
        if symbol in self.fixed:
            return self.fixed[symbol]
        if symbol in SIZES:
            return mpmath.mpf(SIZES[symbol])
        odds = [self.entry(tilted.M, (n,)) for n in TOKENS]
        inside = [m for m, member in zip(odds, INDICATORS[tilted.C], strict=True) if member]
        outside = [m for m, member in zip(odds, INDICATORS[tilted.C], strict=True) if not member]
        levels = sorted(set(odds))
        others = [self.entry(tilted.M_other, (n,)) for n in TOKENS]
        known = {
            tilted.M_max: levels[-1],
            tilted.M_min: levels[0],
            facts.M_second: levels[max(-2, -len(levels))],
            facts.M_second_last: levels[min(1, len(levels) - 1)],
            facts.C_max: max(inside),
            facts.C_min: min(inside),
            facts.out_max: max(outside),
            facts.out_min: min(outside),
            facts.other_range: max(others) - min(others),
        }
        if symbol in known:
            return known[symbol]
        if symbol in INDEXED:
            return mpmath.mpf(random.Random(f"{self.seed} {symbol}").randint(1, SIZES[INDEXED[symbol]]))
        return self.number(str(symbol), symbol)

    def entry(self, base: Any, at: tuple[int, ...]) -> Value:
        if (base, at) in self.fixed:
            return self.fixed[base, at]
        if base in LENGTHS and at[-1] > SIZES[LENGTHS[base]]:
            raise NoValueError(f"{base}{at}")
        if base in INDICATORS:
            return mpmath.mpf(INDICATORS[base][at[0] - 1])
        if base in (tilted.Top, tilted.Bottom):
            odds = [self.entry(tilted.M, (n,)) for n in TOKENS]
            return mpmath.mpf(odds[at[0] - 1] == (max if base == tilted.Top else min)(odds))
        if base in ROWS:
            if at[-1] > SIZES[ROWS[base]]:
                raise NoValueError(f"{base}{at}")
            row = [self.number(f"{base}{at[:-1]}{n}", tilted.V) + n for n in range(1, SIZES[ROWS[base]] + 1)]
            return row[at[-1] - 1] / mpmath.fsum(row)
        return self.number(f"{base}{at}", base.label)


Scope = Mapping[Any, Value]
_APPLIED: dict[type, Callable[..., Value]] = {
    sp.exp: mpmath.exp,
    sp.sin: mpmath.sin,
    sp.cos: mpmath.cos,
    sp.tanh: mpmath.tanh,
    sp.Abs: abs,
    sp.Add: lambda *parts: mpmath.fsum(parts),
    sp.Mul: lambda *parts: mpmath.fprod(parts),
}
_RELATIONS: dict[type, Callable[[Value, Value], bool]] = {
    sp.GreaterThan: lambda a, b: a >= b,
    sp.LessThan: lambda a, b: a <= b,
    sp.StrictGreaterThan: lambda a, b: a > b,
    sp.StrictLessThan: lambda a, b: a < b,
}


@dataclass
class Walk:
    """Evaluation at a point, with the functions that `where` defines."""

    point: Point
    where: tuple[tuple[Any, Any], ...] = ()

    def value(self, expr: Any, scope: Scope) -> Value:
        match expr:
            case sp.Symbol():
                return self.symbol(expr, scope)
            case sp.Indexed():
                return self.entry(expr.base, tuple(int(self.value(index, scope)) for index in expr.indices), scope)
            case sp.Rational():
                return mpmath.mpf(int(expr.p)) / int(expr.q)
            case sp.Sum():
                return self.summed(expr.function, list(expr.limits), scope)
            case sp.Derivative():
                return self.derivative(expr, scope)
            case sp.Pow():
                return self.power(*[self.value(part, scope) for part in expr.args])
            case sp.log():
                return self.log(self.value(expr.args[0], scope))
        if expr.func in _APPLIED:
            return _APPLIED[expr.func](*[self.value(part, scope) for part in expr.args])
        if expr.func in _RELATIONS:
            return _RELATIONS[expr.func](*[self.value(part, scope) for part in expr.args])
        if isinstance(expr, tilted.Atom):
            return self.atom(expr, scope)
        raise NoValueError(f"no value for {expr.func.__name__}")

    def symbol(self, symbol: Any, scope: Scope) -> Value:
        if symbol in scope:
            return scope[symbol]
        for n, (pattern, meaning) in enumerate(self.where):
            if pattern == symbol:
                return Walk(self.point, self.where[n + 1 :]).value(meaning, _moving(scope))
        return self.point.symbol(symbol)

    def entry(self, base: Any, at: tuple[int, ...], scope: Scope) -> Value:
        for n, (pattern, meaning) in enumerate(self.where):
            if isinstance(pattern, sp.Indexed) and pattern.base == base:
                own = dict(zip(pattern.indices, map(mpmath.mpf, at), strict=True))
                return Walk(self.point, self.where[n + 1 :]).value(meaning, {**_moving(scope), **own})
        return self.point.entry(base, at)

    def summed(self, term: Any, limits: list[Any], scope: Scope) -> Value:
        if not limits:
            return self.value(term, scope)
        *inner, (index, first, last) = limits
        numbers = range(int(self.value(first, scope)), int(self.value(last, scope)) + 1)
        return mpmath.fsum(self.summed(term, inner, {**scope, index: mpmath.mpf(n)}) for n in numbers)

    def derivative(self, expr: Any, scope: Scope) -> Value:
        variables = [(symbol, int(order)) for symbol, order in expr.variable_count]
        at = [self.symbol(symbol, scope) for symbol, _ in variables]
        names = [symbol for symbol, _ in variables]
        orders = [order for _, order in variables]

        def function(*values: Value) -> Value:
            return self.value(expr.expr, {**scope, **dict(zip(names, values, strict=True))})

        if len(at) == 1:
            return mpmath.diff(function, at[0], orders[0])
        return mpmath.diff(function, tuple(at), tuple(orders))

    def power(self, base: Value, exponent: Value) -> Value:
        if (base == 0 and exponent < 0) or (base < 0 and exponent != int(exponent)):
            raise UndefinedError("a power of a number that has none")
        return mpmath.power(base, exponent)

    def log(self, argument: Value) -> Value:
        if argument <= 0:
            raise UndefinedError("the log of a number that is not positive")
        return mpmath.log(argument)

    def mean(self, term: Callable[[int], Value], weight: Callable[[int], Value]) -> Value:
        weights = [weight(n) for n in TOKENS]
        total = mpmath.fsum(weights)
        if total == 0:
            raise UndefinedError("a mean over no tokens")
        return mpmath.fsum(w * term(n) for n, w in zip(TOKENS, weights, strict=True)) / total

    def atom(self, expr: Any, scope: Scope) -> Value:
        args = expr.args
        context = int(self.symbol(tilted.j, scope))

        def tilt(n: int, strength: Value, odds: Any = tilted.M) -> Value:
            at = (context, n) if odds is tilted.M_local else (n,)
            return self.entry(tilted.p, (context, n), scope) * mpmath.exp(strength * self.entry(odds, at, scope))

        def over(term: Any, strength: Value) -> Value:
            inner = [{**scope, tilted.y: mpmath.mpf(n)} for n in range(SIZES[V] + 1)]
            return self.mean(lambda n: self.value(term, inner[n]), lambda n: tilt(n, strength))

        match expr:
            case tilted.Expectation():
                return over(args[0], self.value(args[1], scope))
            case tilted.Covariance():
                strength = self.value(args[2], scope)
                return over(args[0] * args[1], strength) - over(args[0], strength) * over(args[1], strength)
            case tilted.TiltedProbability():
                strength, token = self.symbol(tilted.alpha, scope), int(self.value(args[0], scope))
                return tilt(token, strength) / mpmath.fsum(tilt(n, strength) for n in TOKENS)
            case tilted.ContextMean():
                parts = [(self.entry(tilted.pi, (n,), scope), {**scope, tilted.j: mpmath.mpf(n)}) for n in (1, 2)]
                return mpmath.fsum(share * self.value(args[0], inner) for share, inner in parts)
            case tilted.VocabularyMean():
                return mpmath.fsum(self.value(args[0], {**scope, tilted.z: mpmath.mpf(n)}) for n in TOKENS) / SIZES[V]
            case tilted.DataMean():
                row = int(self.value(args[0], scope))
                shares = {n: self.entry(tilted.r, (row, n), scope) for n in TOKENS}
                return mpmath.fsum(shares[n] * self.entry(tilted.M, (n,), scope) for n in TOKENS)
            case tilted.ExtremalLogMass():
                ends = tilted.Top if args[0] == 1 else tilted.Bottom
                mass = {n: self.entry(tilted.p, (context, n), scope) for n in TOKENS}
                return self.log(mpmath.fsum(self.entry(ends, (n,), scope) * mass[n] for n in TOKENS))
            case tilted.ConceptDivergence():
                strength = self.value(args[0], scope)
                now, then = over(tilted.C[tilted.y], strength), over(tilted.C[tilted.y], mpmath.mpf(0))
                return now * self.log(now / then) + (1 - now) * self.log((1 - now) / (1 - then))
            case tilted.Cumulant():
                return self.cumulant(expr, context, scope)
        raise NoValueError(f"no value for {expr.func.__name__}")

    def cumulant(self, expr: Any, context: int, scope: Scope) -> Value:
        """By central moments, of the log-odds and over the tokens that the kind of cumulant is of."""
        order, strength = int(expr.args[0]), self.value(expr.args[1], scope)
        odds: Callable[[int], Value] = lambda n: self.entry(tilted.M, (n,), scope)  # noqa: E731
        inside: Callable[[int], Value] = lambda n: mpmath.mpf(1)  # noqa: E731
        match expr:
            case tilted.ConceptCumulant():
                inside = lambda n: self.entry(tilted.C, (n,), scope)  # noqa: E731
            case tilted.OutsideCumulant():
                inside = lambda n: 1 - self.entry(tilted.C, (n,), scope)  # noqa: E731
            case tilted.LocalCumulant():
                odds = lambda n: self.entry(tilted.M_local, (context, n), scope)  # noqa: E731
            case tilted.OtherCumulant():
                odds = lambda n: self.entry(tilted.M_other, (n,), scope)  # noqa: E731
            case tilted.JointCumulant():
                odds = lambda n: self.entry(tilted.M, (n,), scope) + self.entry(tilted.M_other, (n,), scope)  # noqa: E731

        def weight(n: int) -> Value:
            return inside(n) * self.entry(tilted.p, (context, n), scope) * mpmath.exp(strength * odds(n))

        if order == 0:
            return self.log(mpmath.fsum(map(weight, TOKENS)))
        mean = self.mean(odds, weight)
        if order == 1:
            return mean
        moments = {n: self.mean(lambda z, n=n: (odds(z) - mean) ** n, weight) for n in range(2, order + 1)}
        if order > 4:
            raise NoValueError("a cumulant beyond the fourth")
        return moments[order] - (3 * moments[2] ** 2 if order == 4 else 0)


def _moving(scope: Scope) -> dict[Any, Value]:
    """What of a scope a meaning sees: variables of derivatives, never the indices that a sum binds around it."""
    return {name: value for name, value in scope.items() if not name.is_integer}
