"""False variants of the steps of derivations: what a slip, or somebody who means to deceive, would make of one.

Each changes one thing, or the same thing on both sides so that the algebra still holds: a limit of a sum, an index, an
array, a sign, a power, a constant, what is assumed of a symbol, what is given, an order of Taylor's theorem, `strict`,
a meaning. `tests/step_oracle.py` says which of them are false; the checker must accept none of those.
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import sympy as sp

from step_oracle import is_false
from theory import tilted
from theory.catalogue import laws
from theory.checker.kinds import Argued, Identity, Inequality, Limit, Proved, Step, Supposed, fact
from theory.tilted import J, V, d

FORMULAS: dict[type, tuple[str, ...]] = {
    Identity: ("lhs", "rhs"),
    Inequality: ("smaller", "larger", "certificate"),
    Limit: ("expr", "value"),
}
ARRAYS = [{tilted.p, tilted.r, tilted.logit}, {tilted.M, tilted.M_other, tilted.C, tilted.T, tilted.Top, tilted.Bottom}]
INDICES = [tilted.x, tilted.y, tilted.z, tilted.i, tilted.k, tilted.j, tilted.token_a, tilted.token_b]
NO_FORMULA = (ArithmeticError, AttributeError, LookupError, NotImplementedError, RecursionError, TypeError, ValueError)
"""What SymPy raises where a change leaves no formula."""
WEAKER = ({"nonnegative": True}, {"real": True})


@cache
def distinct_steps() -> tuple[tuple[str, Step], ...]:
    """Every step that is checked, once, with the place where it first stands."""
    found: dict[Step, str] = {}
    for law in laws().values():
        for number, step in enumerate(law.derivation(), start=1):
            if not isinstance(step, Argued):
                found.setdefault(step, f"{law.id} {number}")
    return tuple((place, step) for step, place in found.items())


def false_variants(step: Step, draw: random.Random, count: int) -> Iterator[tuple[str, Step]]:
    """Variants of a step that the oracle knows to be false, with what was changed."""
    for _ in range(count):
        try:
            what, variant = variant_of(step, draw)
            if variant != step and is_false(variant):
                yield what, variant
        except NO_FORMULA:
            continue


def variant_of(step: Step, draw: random.Random) -> tuple[str, Step]:
    """One variant, true or false."""
    ways: list[Any] = [_one_formula] * 6 + [_both_formulas] * 3
    ways += [_assumption] * 2
    if isinstance(step, Inequality):
        ways += [_strict, _taylor, _swap]
    if getattr(step, "given", ()):
        ways += [_given] * 3
    if getattr(step, "where", ()):
        ways += [_meaning] * 2
    if isinstance(step, Limit):
        ways.append(_point)
    return draw.choice(ways)(step, draw)


def _one_formula(step: Step, draw: random.Random) -> tuple[str, Step]:
    name = draw.choice(FORMULAS[type(step)])
    what, changed = _changed(getattr(step, name), draw)
    return f"{name}: {what}", replace(step, **{name: changed})


def _both_formulas(step: Step, draw: random.Random) -> tuple[str, Step]:
    """The same done to both sides, or to a side and the certificate, so that their difference still vanishes."""
    parts = [part for name in FORMULAS[type(step)] for part in sp.preorder_traversal(getattr(step, name))]
    part = draw.choice([p for p in parts if isinstance(p, sp.Expr) and not isinstance(p, sp.IndexedBase)])
    if isinstance(step, Inequality):
        if draw.random() < 0.5:
            both = {"larger": step.larger - part, "certificate": step.certificate - part}
        else:
            both = {name: getattr(step, name) * part for name in ("smaller", "larger", "certificate")}
        return f"less, or times, {part}", replace(step, **both)
    both = {name: getattr(step, name) / part for name in FORMULAS[type(step)]}
    return f"divided by {part}", replace(step, **both)


def _assumption(step: Step, draw: random.Random) -> tuple[str, Step]:
    """A symbol or an array of which less is assumed, throughout."""
    formulas = [getattr(step, name) for name in FORMULAS[type(step)]]
    names = sorted({s for f in formulas for s in f.atoms(sp.Symbol, sp.IndexedBase)}, key=str)
    own = [s for s in names if s.is_nonnegative and not s.is_integer] if names else []
    arrays = [s for s in names if isinstance(s, sp.IndexedBase) and s not in tilted.INDICATORS]
    bases = [s for s in arrays if s.label.is_nonnegative]
    old: Any = draw.choice([*own, *bases])
    kind: Any = type(old)
    new = kind(f"{old}'", **draw.choice(WEAKER))
    return f"{old} is {new.assumptions0 if isinstance(new, sp.Symbol) else 'weaker'}", _throughout(step, old, new)


def _throughout(step: Step, old: Any, new: Any) -> Step:
    def changed(value: Any) -> Any:
        if isinstance(value, sp.Basic):
            return value.xreplace({old: new, getattr(old, "label", old): getattr(new, "label", new)})
        if isinstance(value, tuple):
            return tuple(map(changed, value))
        if isinstance(value, Proved | Supposed):
            return replace(value, fact=changed(value.fact))
        return value

    fields = [*FORMULAS[type(step)], "given", "where", "taylor", "variable"]
    return replace(step, **{name: changed(getattr(step, name)) for name in fields if hasattr(step, name)})


def _strict(step: Inequality, draw: random.Random) -> tuple[str, Step]:
    return "strict", replace(step, strict=True)


def _swap(step: Inequality, draw: random.Random) -> tuple[str, Step]:
    return "turned round", replace(step, smaller=step.larger, larger=step.smaller, certificate=-step.certificate)


def _taylor(step: Inequality, draw: random.Random) -> tuple[str, Step]:
    if step.taylor is None:
        symbols = [s for s in sorted(step.certificate.free_symbols, key=str) if isinstance(s, sp.Symbol)]
        variable, order = draw.choice([s for s in symbols if not s.is_integer]), draw.randint(1, 2)
    else:
        variable, order = step.taylor[0], step.taylor[1] + draw.choice((-1, 1))
    gap = sp.Derivative(step.larger - step.smaller, (variable, order))
    return f"Taylor in {variable} to {order}", replace(step, taylor=(variable, order), certificate=gap)


def _given(step: Any, draw: random.Random) -> tuple[str, Step]:
    at = draw.randrange(len(step.given))
    given = step.given[at]
    if draw.random() < 0.4:
        return f"without {fact(given)}", replace(step, given=step.given[:at] + step.given[at + 1 :])
    what, changed = _changed(fact(given), draw)
    changed = replace(given, fact=changed) if isinstance(given, Proved | Supposed) else changed
    return f"given: {what}", replace(step, given=(*step.given[:at], changed, *step.given[at + 1 :]))


def _meaning(step: Any, draw: random.Random) -> tuple[str, Step]:
    at = draw.randrange(len(step.where))
    pattern, meaning = step.where[at]
    if draw.random() < 0.3:
        return f"without {pattern}", replace(step, where=step.where[:at] + step.where[at + 1 :])
    what, changed = _changed(meaning, draw)
    return f"where {pattern}: {what}", replace(
        step, where=(*step.where[:at], (pattern, changed), *step.where[at + 1 :])
    )


def _point(step: Limit, draw: random.Random) -> tuple[str, Step]:
    return "the other end", replace(step, point=-step.point)


def _changed(expr: Any, draw: random.Random) -> tuple[str, Any]:
    """An expression with one change at a random part of it."""
    parts = [part for part in sp.preorder_traversal(expr) if _may_change(part)]
    part = draw.choice(parts)
    what, new = draw.choice(list(_changes(part, draw)))
    return f"{what} of {part}", expr.xreplace({part: new})


def _may_change(part: Any) -> bool:
    return isinstance(part, sp.Expr | sp.Rel) and not isinstance(part, sp.IndexedBase)


def _changes(part: Any, draw: random.Random) -> Iterator[tuple[str, Any]]:
    if isinstance(part, sp.Rel):
        yield "other relation", draw.choice((sp.Ge, sp.Gt, sp.Le, sp.Lt))(*part.args)
        return
    if isinstance(part, sp.Sum):
        index, first, last = part.limits[0]
        other = draw.choice([size for size in (V, J, d) if size != last])
        yield "limit", sp.Sum(part.function, (index, first, other), *part.limits[1:])
        yield "index within", sp.Sum(part.function.xreplace({index: draw.choice(INDICES)}), *part.limits)
    if isinstance(part, sp.Indexed):
        at = draw.randrange(len(part.indices))
        base: Any = part.base
        yield "index", base[(*part.indices[:at], draw.choice(INDICES), *part.indices[at + 1 :])]
        alike = [arrays - {part.base} for arrays in ARRAYS if part.base in arrays]
        if alike:
            yield "array", draw.choice(sorted(alike[0], key=str))[part.indices]
        return
    if isinstance(part, sp.Symbol) and part.is_integer:
        return
    if isinstance(part, sp.Pow):
        yield "power", part.base ** (part.exp + draw.choice((-2, -1, 1)))
        yield "power", sp.Abs(part.base) ** part.exp
    if isinstance(part, sp.Add | sp.Mul):
        yield "missing part", part.func(*part.args[1:])
        yield "missing part", part.func(*part.args[:-1])
    if isinstance(part, sp.exp | sp.log):
        yield "function", (sp.log if isinstance(part, sp.exp) else sp.exp)(part.args[0])
        yield "function", part.args[0]
    yield "sign", -part
    yield "coefficient", part * draw.choice((2, sp.Rational(101, 100), sp.Rational(1, 2)))
    yield "constant", part + draw.choice((-1, 1, sp.Rational(-1, 100)))
    yield "zero", sp.S.Zero
