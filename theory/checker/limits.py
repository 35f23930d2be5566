"""The check of a limit: computed, and looked at where its parameters lie on a boundary."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import mpmath
import sympy as sp

from theory.checker.instances import Instance, evaluate
from theory.checker.kinds import Limit, NotCheckedError
from theory.checker.normal_form import normal_form
from theory.tilted import Expr

FAR, NEAR = mpmath.mpf(10) ** 15, mpmath.mpf(10) ** -9
MOST_POINTS = 60


def check_limit(step: Limit) -> str:
    """How the limit was checked; `NotCheckedError` where it was not."""
    if step.point not in (sp.oo, -sp.oo):
        raise NotCheckedError("undecided", f"limits are checked at +oo and -oo, not at {step.point}")
    if not step.variable.is_real or (step.point == -sp.oo and step.variable.is_nonnegative):
        raise NotCheckedError("undecided", f"{step.variable} does not tend to {step.point}: declare it real")
    step = _in_symbols(step)
    if step.value.has(step.variable):
        raise NotCheckedError("failed", f"the limit {step.value} still depends on {step.variable}")
    far = FAR if step.point == sp.oo else -FAR
    points = list(_points(step))
    for point in points:
        _look(step, point, far)
    computed = sp.limit(step.expr, step.variable, step.point)
    if not computed.is_finite or normal_form(computed - step.value) != 0:
        raise NotCheckedError("undecided", f"SymPy finds the limit {computed}")
    return f"limit computed; {len(points)} instances, boundaries among them, come within {mpmath.nstr(NEAR, 1)}"


def _in_symbols(step: Limit) -> Limit:
    """The step with a symbol for each entry of an array, of which the same is assumed."""
    found: Expr = step.expr.atoms(sp.Indexed) | step.value.atoms(sp.Indexed)
    entries = sorted(found, key=str)
    plain = {entry: sp.Dummy(str(entry.base), **entry.base.label.assumptions0) for entry in entries}
    if step.expr.has(sp.Sum) or step.value.has(sp.Sum):
        raise NotCheckedError("undecided", "a limit is checked of an expression in symbols, not of sums")
    return replace(step, expr=step.expr.xreplace(plain), value=step.value.xreplace(plain))


def _look(step: Limit, point: dict[Expr, Any], far: Any) -> None:
    here = Instance(seed=0, given=point)
    close = evaluate(step.expr, Instance(seed=0, given={**point, step.variable: far}))
    value = evaluate(step.value, here)
    where = ", ".join(f"{symbol} = {mpmath.nstr(number, 6)}" for symbol, number in point.items()) or "no parameters"
    if mpmath.im(close) != 0 or not mpmath.isfinite(close) or not mpmath.isfinite(value):
        raise NotCheckedError("undecided", f"it is not defined at {where}, which the step admits")
    if not abs(close - value) <= NEAR * (1 + abs(value)):
        raise NotCheckedError(
            "failed", f"instance ({where}): {mpmath.nstr(close, 8)} at {step.variable} = {mpmath.nstr(far, 2)}"
        )


def _points(step: Limit) -> Iterator[dict[Expr, Any]]:
    """Values of the parameters: boundaries of what is assumed of them, ties, random ones, zeros of coefficients."""
    symbols = sorted((step.expr.free_symbols | step.value.free_symbols) - {step.variable}, key=str)
    corners = [[mpmath.mpf(value) for value in _boundary(symbol)] for symbol in symbols]
    combinations = list(itertools.islice(itertools.product(*corners), 3**8))
    yield from (
        dict(zip(symbols, chosen, strict=True))
        for chosen in (
            combinations if len(combinations) <= MOST_POINTS else random.Random(0).sample(combinations, MOST_POINTS)
        )
    )
    for seed in range(3):
        drawn = {symbol: evaluate(symbol, Instance(seed=seed)) for symbol in symbols}
        yield drawn
        yield from _zeros(step, drawn)


def _boundary(symbol: Expr) -> tuple[int, ...]:
    if symbol.is_positive:
        return (1, 2)
    return (0, 1) if symbol.is_nonnegative else (-1, 0, 1)


def _zeros(step: Limit, drawn: dict[Expr, Any]) -> Iterator[dict[Expr, Any]]:
    """The same values but for one parameter, at which some part without the variable vanishes."""
    exact = {symbol: sp.Rational(sp.nsimplify(mpmath.nstr(number, 12))) for symbol, number in drawn.items()}
    for part in _coefficients(step.expr, step.variable):
        for symbol in part.free_symbols:
            at = part.subs({other: number for other, number in exact.items() if other != symbol})
            together: Expr = sp.together(at)
            numerator = together.as_numer_denom()[0]
            if not numerator.is_polynomial(symbol):
                continue
            for root in sp.Poly(numerator, symbol).nroots(n=30, maxsteps=200) if numerator.has(symbol) else ():
                if root.is_real and not (symbol.is_positive and root <= 0) and not (symbol.is_nonnegative and root < 0):
                    yield {**drawn, symbol: mpmath.mpf(sp.N(root, 30))}


def _coefficients(expr: Expr, variable: Expr) -> set[Expr]:
    """Every part of an expression, and of the polynomials in the variable within it, that is free of the variable."""
    found: set[Expr] = set()
    parts: Any = sp.preorder_traversal(expr)
    for part in parts:
        if part.has(variable) and part.is_polynomial(variable):
            found |= set(sp.Poly(part, variable).coeffs())
        elif part.is_Add and not part.has(variable):
            found.add(part)
    return {part for part in found if part.free_symbols}
