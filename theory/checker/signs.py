"""The sign of an expression in sums, from what is visible in it: assumptions of its symbols and facts given.

Facts are inequalities such as `M_max >= M[y]`; a fact with a bound index (x, y, i, k) holds for every index.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import sympy as sp

from theory.tilted import BOUND, Expr

Sign = Literal["positive", "nonnegative"]


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a sign may rest on: facts, and for sums of non-negative terms a term (index for index) to look at."""

    facts: tuple[Expr, ...] = ()
    some: dict[sp.Symbol, sp.Symbol] = field(default_factory=dict)


def sign(expr: Expr, known: Known = Known()) -> Sign | None:
    """`"positive"`, `"nonnegative"`, or None where neither is visible. Denominators are taken not to vanish."""
    if expr.is_number or not expr.has(sp.Sum):
        if expr.is_positive:
            return "positive"
        if expr.is_number:
            return "nonnegative" if expr.is_zero else None
    if found := _fact(expr, known.facts):
        return found
    if isinstance(expr, sp.exp) and is_real(expr.args[0]):
        return "positive"
    for kind, rule in _RULES.items():
        if isinstance(expr, kind):
            return rule(expr, known)
    return "nonnegative" if expr.is_nonnegative else None


def is_real(expr: Expr) -> bool:
    """Whether the expression is visibly real: built from real symbols by operations that stay real."""
    if isinstance(expr, sp.Indexed | sp.Symbol) or expr.is_number:
        return bool(expr.is_extended_real)
    if isinstance(expr, sp.Sum):
        return is_real(expr.function)
    if isinstance(expr, sp.Pow):
        return is_real(expr.base) and (bool(expr.exp.is_integer) or sign(expr.base) is not None)
    if isinstance(expr, sp.log):
        return sign(expr.args[0]) is not None
    return isinstance(expr, sp.Add | sp.Mul | sp.exp | sp.cos | sp.sin) and all(is_real(a) for a in expr.args)


def _fact(expr: Expr, facts: Sequence[Expr]) -> Sign | None:
    wanted = _primitive(expr)
    found = None
    for fact in facts:
        gap = _primitive(fact.gts - fact.lts)
        if gap.atoms(sp.IndexedBase) != wanted.atoms(sp.IndexedBase):
            continue
        bound = sorted((s for s in gap.free_symbols if s in BOUND), key=str)
        candidates = sorted((s for s in expr.free_symbols if s.is_integer), key=str) if bound else []
        for names in itertools.product(candidates, repeat=len(bound)):
            if _primitive(gap.xreplace(dict(zip(bound, names, strict=True)))) == wanted:
                if isinstance(fact, sp.StrictGreaterThan | sp.StrictLessThan):
                    return "positive"
                found = "nonnegative"
    return found


def _primitive(expr: Expr) -> Expr:
    """The expression up to a positive rational factor."""
    return sp.expand(expr).primitive()[1]


def _weakest(signs: Sequence[Sign | None]) -> Sign | None:
    if None in signs:
        return None
    return "nonnegative" if "nonnegative" in signs else "positive"


def _add(expr: sp.Add, known: Known) -> Sign | None:
    number, rest = expr.as_independent(sp.Symbol, sp.Indexed, as_Add=True) if expr.free_symbols else (expr, sp.S.Zero)
    signs = [sign(term, known) for term in (*sp.Add.make_args(rest), *([number] if number != 0 else []))]
    if None in signs:
        return _given_and_more(expr, known)
    return "positive" if "positive" in signs else "nonnegative"


def _given_and_more(expr: sp.Add, known: Known) -> Sign | None:
    """A sum is no smaller than what a gap that is given leaves of it; each gap is taken out once at most."""
    for n, fact in enumerate(known.facts):
        rest = expr - (fact.gts - fact.lts)
        if fact.free_symbols & BOUND or len(sp.Add.make_args(rest)) > len(expr.args):
            continue
        if found := sign(rest, replace(known, facts=(*known.facts[:n], *known.facts[n + 1 :]))):
            return "positive" if isinstance(fact, sp.StrictGreaterThan | sp.StrictLessThan) else found
    return None


def _mul(expr: sp.Mul, known: Known) -> Sign | None:
    """Signs of the factors; those without a visible one may still form, with others, a product that is given."""
    signs: dict[Expr, Sign | None] = {factor: sign(factor, known) for factor in expr.args}
    unknown = sp.Mul(*[factor for factor, s in signs.items() if s is None])
    if unknown == 1:
        return _weakest(list(signs.values()))
    visible = [factor for factor, s in signs.items() if s is not None]
    for size in range(3):
        for partners in itertools.combinations(visible, size):
            if given := _fact(sp.Mul(unknown, *partners), known.facts):
                return _weakest([given, *(signs[factor] for factor in visible if factor not in partners)])
    return None


def _sum(expr: sp.Sum, known: Known) -> Sign | None:
    inside = sign(expr.function, known)
    if inside == "nonnegative" and all(index in known.some for index, *_ in expr.limits):
        return sign(expr.function.xreplace({index: known.some[index] for index, *_ in expr.limits}), known)
    return inside


def _pow(expr: sp.Pow, known: Known) -> Sign | None:
    base, exponent = expr.base, expr.exp
    found = sign(base, known)
    if found == "positive" or (found and exponent.is_negative):
        return "positive" if is_real(exponent) else None
    if found:
        return found if exponent.is_positive else None
    if exponent.is_even and exponent.is_positive and is_real(base):
        return _fact(base, known.facts) or _fact(-base, known.facts) or "nonnegative"
    return None


_RULES = {sp.Add: _add, sp.Mul: _mul, sp.Sum: _sum, sp.Pow: _pow}
