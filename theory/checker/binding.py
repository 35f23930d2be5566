"""Bound indices: renamed apart, so that no substitution captures one."""

import itertools
from collections.abc import Iterator
from functools import cache, lru_cache

import sympy as sp

from theory.checker.kinds import Where
from theory.tilted import Expr


@cache
def _bound(name: str, number: int) -> sp.Dummy:
    """The bound index of a number: the same at each asking, so that SymPy's caches know what it has seen before."""
    return sp.Dummy(name, integer=True, positive=True)


_NUMBERS: dict[sp.Dummy, int] = {}


@lru_cache(maxsize=4096)
def apart(expr: Expr, above: int = 0) -> Expr:
    """The expression with every bound index renamed: no two sums share one, and none is an index it had before.

    All get numbers from `above` on.
    """
    return _apart(expr, itertools.count(max(above, _next_number(expr))))


def _apart(expr: Expr, numbers: Iterator[int]) -> Expr:
    if not expr.args or not expr.has(sp.Sum):
        return expr
    if not isinstance(expr, sp.Sum):
        return expr.func(*[_apart(part, numbers) for part in expr.args])
    summand, limits = _apart(expr.function, numbers), []
    for index, lower, upper in expr.limits:
        number = next(numbers)
        fresh = _bound(index.name, number)
        _NUMBERS[fresh] = number
        summand = summand.xreplace({index: fresh})
        limits = [(name, low.xreplace({index: fresh}), high.xreplace({index: fresh})) for name, low, high in limits]
        limits.append((fresh, lower, upper))
    return sp.Sum(summand, *limits)


def _next_number(expr: Expr) -> int:
    """A number above those of all indices in an expression."""
    return 1 + max((_NUMBERS.get(s, -1) for s in expr.atoms(sp.Dummy)), default=-1)


@lru_cache(maxsize=4096)
def nameless(expr: Expr) -> Expr:
    """The expression with bound indices named by how deep their sums reach: their own names tell nothing apart."""
    return _nameless(expr)[0]


def _nameless(expr: Expr) -> tuple[Expr, int]:
    if not expr.args or not expr.has(sp.Sum):
        return expr, 0
    if not isinstance(expr, sp.Sum):
        parts = [_nameless(part) for part in expr.args]
        return expr.func(*[part for part, _ in parts]), max(depth for _, depth in parts)
    summand, depth = _nameless(expr.function)
    for index, lower, upper in expr.limits:
        depth += 1
        name = sp.Symbol(f"%{depth}", integer=True, positive=True)
        summand = sp.Sum(summand.xreplace({index: name}), (name, lower, upper))
    return summand, depth


def substitute(expr: Expr, where: Where) -> Expr:
    """Replace each pattern by its meaning; `M[y]` stands for M at every index, a plain symbol for itself.

    Indices bound in either are renamed apart first: what is free in a meaning stays free wherever it comes to stand.
    A pattern that does not name an array at indices of its own is a `ValueError`.
    """
    expr = apart(expr, max((_next_number(meaning) for _, meaning in where), default=0))
    for pattern, meaning in where:
        fresh = apart(meaning, _next_number(expr))
        if isinstance(pattern, sp.Indexed):
            expr = expr.replace(*_array(pattern, fresh))
        elif isinstance(pattern, sp.Symbol):
            expr = expr.replace(lambda e, pattern=pattern: e == pattern, lambda _, fresh=fresh: fresh)
        else:
            raise ValueError(f"where {pattern}: expected a symbol or an array at its indices")
    return expr


def _array(pattern: Expr, meaning: Expr):
    own = pattern.indices
    if len(set(own)) < len(own) or not all(isinstance(index, sp.Symbol) for index in own):
        raise ValueError(f"where {pattern}: expected an array at distinct indices, each a symbol")

    def matches(e: Expr) -> bool:
        return isinstance(e, sp.Indexed) and e.base == pattern.base

    def at(e: Expr) -> Expr:
        return meaning.xreplace(dict(zip(own, e.indices, strict=True)))

    return matches, at
