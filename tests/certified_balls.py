"""Expressions of claims as certified numbers: exact rationals where they can be, else python-flint balls.

It shares no code with `numerics` and evaluates what `theory.tilted.definition` unfolds: sums over a concrete instance.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, reduce
from typing import Any, Protocol

import sympy as sp
from flint import arb, ctx, fmpq

from theory.tilted import Largest, definition, y

BITS = 320
ctx.prec = BITS

Number = Any
"""Fraction, Log or arb; a bool for a relation."""


class UndecidedError(Exception):
    """Balls overlap, so that an order between two numbers is not decided."""


class Instance(Protocol):
    """What gives symbols and array entries (indices from 1) their values."""

    @property
    def size(self) -> int: ...

    def value(self, symbol: sp.Symbol) -> Number: ...

    def entry(self, base: sp.IndexedBase, indices: tuple[int, ...]) -> Number: ...


@dataclass(frozen=True)
class Log:
    """`log(ratio)/root` for a positive rational: ordered exactly, by comparing integer powers."""

    ratio: Fraction
    root: int = 1

    def _powers(self, other: "Log | int") -> tuple[Fraction, Fraction]:
        if isinstance(other, Log):
            return (self.ratio, other.ratio) if self.root == other.root else self._cross(other)
        if other == 0:
            return self.ratio, Fraction(1)
        raise TypeError(f"a logarithm is compared with another or with 0, not with {other}")

    def _cross(self, other: "Log") -> tuple[Fraction, Fraction]:
        return self.ratio**other.root, other.ratio**self.root

    def __lt__(self, other: "Log | int") -> bool:
        return operator.lt(*self._powers(other))

    def __gt__(self, other: "Log | int") -> bool:
        return operator.gt(*self._powers(other))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Log) and operator.eq(*self._powers(other))

    def __hash__(self) -> int:
        return hash(float(self))

    def __float__(self) -> float:
        return float(ball(self))

    def __str__(self) -> str:
        return f"log({self.ratio})" + (f"/{self.root}" if self.root > 1 else "")


def ball(number: Number) -> arb:
    """A number as a ball."""
    match number:
        case Fraction():
            return arb(fmpq(number.numerator, number.denominator))
        case Log():
            return ball(number.ratio).log() / number.root
    return arb(number)


def order(left: Any, right: Any) -> int:
    """-1, 0 or 1 as `left` is smaller than, equal to or larger than `right`; `UndecidedError` where balls overlap."""
    if left is right:
        return 0
    if isinstance(left, Log) and isinstance(right, Fraction) and right == 0:
        right = 0
    if isinstance(right, Log) and isinstance(left, Fraction) and left == 0:
        return -order(right, left)
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return (left > right) - (left < right)
    if isinstance(left, Log) and isinstance(right, Log | int):
        return (left > right) - (left < right)
    gap = ball(left) - ball(right)
    if not gap.is_zero() and not gap > 0 and not gap < 0:
        raise UndecidedError(f"{left} against {right}")
    return int(gap > 0) - int(gap < 0)


def evaluate(expr: Any, instance: Instance, at: dict[sp.Symbol, Number] | None = None) -> Number:
    """Value of an expression in atoms at an instance; `at` gives variables (the strength) their values."""
    return _value(_unfolded(sp.sympify(expr)), _Setting(instance, dict(at or {}), {}))


@cache
def _unfolded(expr: Any) -> Any:
    return definition(expr)


@dataclass(frozen=True)
class _Setting:
    instance: Instance
    at: dict[sp.Symbol, Number]
    sums: dict[Any, Number]
    """Sums already taken, each with the values of the variables that enter it."""

    def bind(self, index: sp.Symbol, number: int) -> "_Setting":
        return _Setting(self.instance, {**self.at, index: Fraction(number)}, self.sums)


@cache
def _variables(expr: Any) -> tuple[sp.Symbol, ...]:
    return tuple(expr.free_symbols)


def _sum(*terms: Number) -> Number:
    if all(isinstance(term, Fraction) for term in terms):
        return sum(terms, Fraction(0))
    return reduce(operator.add, map(ball, terms))


def _product(*factors: Number) -> Number:
    if any(isinstance(factor, Fraction) and factor == 0 for factor in factors):
        return Fraction(0)
    others = [factor for factor in factors if not (isinstance(factor, Fraction) and factor == 1)]
    if len(others) == 1:
        return others[0]
    if all(isinstance(factor, Fraction) for factor in others):
        return reduce(operator.mul, others, Fraction(1))
    return reduce(operator.mul, map(ball, others))


def _power(base: Number, exponent: Number) -> Number:
    if isinstance(exponent, Fraction) and exponent.denominator == 1:
        return base**exponent.numerator if isinstance(base, Fraction) else ball(base) ** exponent.numerator
    if isinstance(exponent, Fraction) and exponent.denominator == 2:
        return ball(base).sqrt() ** exponent.numerator
    return (ball(exponent) * ball(base).log()).exp()


def _exp(number: Number) -> Number:
    return Fraction(1) if number == 0 else ball(number).exp()


def _log(number: Number) -> Number:
    if isinstance(number, Fraction) and number > 0:
        return Fraction(0) if number == 1 else Log(number)
    return ball(number).log()


def _sign(number: Number) -> Fraction:
    return Fraction(order(number, Fraction(0)))


def _extreme(side: int) -> Callable[..., Number]:
    def best(one: Number, other: Number) -> Number:
        try:
            return one if order(one, other) * side >= 0 else other
        except UndecidedError:
            one, other = ball(one), ball(other)
            return one.max(other) if side > 0 else one.min(other)

    return lambda *numbers: reduce(best, numbers)


_FUNCTIONS: dict[type, Callable[..., Number]] = {
    sp.Add: _sum,
    sp.Mul: _product,
    sp.Pow: _power,
    sp.exp: _exp,
    sp.log: _log,
    sp.tanh: lambda u: ball(u).tanh(),
    sp.sinh: lambda u: ball(u).sinh(),
    sp.cosh: lambda u: ball(u).cosh(),
    sp.sin: lambda u: ball(u).sin(),
    sp.cos: lambda u: ball(u).cos(),
    sp.atan: lambda u: ball(u).atan(),
    sp.atan2: lambda v, u: arb.atan2(ball(v), ball(u)),
    sp.Abs: lambda u: abs(u) if isinstance(u, Fraction) else abs(ball(u)),
    sp.sign: _sign,
    sp.Max: _extreme(1),
    sp.Min: _extreme(-1),
    sp.Equality: lambda left, right: order(left, right) == 0,
    sp.Unequality: lambda left, right: order(left, right) != 0,
    sp.GreaterThan: lambda left, right: order(left, right) >= 0,
    sp.LessThan: lambda left, right: order(left, right) <= 0,
    sp.StrictGreaterThan: lambda left, right: order(left, right) > 0,
    sp.StrictLessThan: lambda left, right: order(left, right) < 0,
}

_CONSTANTS: dict[Any, Callable[[], arb]] = {
    sp.pi: arb.pi,
    sp.E: arb.const_e,
    sp.oo: arb.pos_inf,
    -sp.oo: arb.neg_inf,
}


def _value(expr: Any, setting: _Setting) -> Number:
    if expr in setting.at:
        return setting.at[expr]
    if expr.func in _FUNCTIONS:
        return _FUNCTIONS[expr.func](*[_value(argument, setting) for argument in expr.args])
    match expr:
        case sp.Indexed():
            indices = tuple(int(_value(index, setting)) for index in expr.indices)
            return setting.instance.entry(expr.base, indices)  # pyright: ignore[reportArgumentType]
        case sp.Symbol():
            return setting.instance.value(expr)
        case sp.Rational():
            return Fraction(int(expr.p), int(expr.q))
        case sp.Sum():
            return _memoised_sum(expr, setting)
        case Largest():
            tokens = range(1, setting.instance.size + 1)
            return _extreme(1)(*[_value(expr.args[0], setting.bind(y, n)) for n in tokens])
        case sp.Piecewise():
            cases: Any = expr.args
            return next(_value(case, setting) for case, holds in cases if _value(holds, setting))
        case sp.Not():
            return not _value(expr.args[0], setting)
        case sp.And() | sp.Or():
            return _connective(expr, setting)
        case sp.logic.boolalg.BooleanAtom():
            return bool(expr)
    if expr in _CONSTANTS:
        return _CONSTANTS[expr]()
    raise ValueError(f"no certified value for {expr.func.__name__}; add it to tests/certified_balls.py")


def _memoised_sum(expr: Any, setting: _Setting) -> Number:
    key = (expr, *(str(setting.at.get(variable)) for variable in _variables(expr)))
    if key not in setting.sums:
        setting.sums[key] = _summed(expr, setting)
    return setting.sums[key]


def _summed(expr: Any, setting: _Setting) -> Number:
    *inner, (index, first, last) = expr.limits
    summand = sp.Sum(expr.function, *inner) if inner else expr.function
    numbers = range(int(_value(first, setting)), int(_value(last, setting)) + 1)
    return _sum(*[_value(summand, setting.bind(index, number)) for number in numbers])


def _connective(expr: Any, setting: _Setting) -> bool:
    """And, Or: one part can settle the whole though another is undecided."""
    settles, undecided = isinstance(expr, sp.Or), None
    for part in expr.args:
        try:
            if bool(_value(part, setting)) == settles:
                return settles
        except UndecidedError as reason:
            undecided = reason
    if undecided:
        raise undecided
    return not settles
