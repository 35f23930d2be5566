"""The sign of an expression in sums, from what is visible in it: assumptions of its symbols and facts given.

Facts are inequalities such as `M_max >= M[y]`; a fact with a bound index (x, y, i, k) holds for every index.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal

import sympy as sp

from theory.checker.binding import nameless
from theory.tilted import BOUND, Bottom, C, Expr, N, P, T, Top, hits

Sign = Literal["positive", "nonnegative"]
NOT_EMPTY = frozenset({C, T, Top, Bottom, P, N, hits})
NOT_ALL = frozenset({C, hits})
"""Sets that hold something, and those that do not hold everything, in every setting."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a sign may rest on: facts, and for sums of non-negative terms a term (index for index) to look at."""

    facts: tuple[Expr, ...] = ()
    some: dict[sp.Symbol, sp.Symbol] = field(default_factory=dict)
    over: dict[sp.Symbol, sp.Symbol] = field(default_factory=dict)
    """The size that each index runs up to."""

    def ends(self, index: sp.Symbol) -> sp.Symbol | None:
        """The size that an index runs up to, None where it is not known."""
        return self.over.get(index)


def sign(expr: Expr, known: Known = Known()) -> Sign | None:
    """`"positive"`, `"nonnegative"`, or None where neither is visible. Denominators are taken not to vanish."""
    if expr.is_number or not expr.has(sp.Sum):
        if expr.is_positive:
            return "positive"
        if expr.is_number:
            return "nonnegative" if expr.is_zero else None
    if found := _fact(expr, known):
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


def _fact(expr: Expr, known: Known) -> Sign | None:
    """The sign that a fact gives an expression: it states it, up to a positive rational factor and its own indices."""
    if not known.facts:
        return None
    wanted = up_to_positive_factors(expr)
    found = None
    for fact in known.facts:
        gap = up_to_positive_factors(fact.gts - fact.lts)
        if gap.atoms(sp.IndexedBase) != wanted.atoms(sp.IndexedBase):
            continue
        bound = sorted((s for s in gap.free_symbols if _is_its_own(s)), key=str)
        candidates = [
            [s for s in sorted(expr.free_symbols, key=str) if s.is_integer and known.ends(s) == known.ends(own)]
            for own in bound
        ]
        for names in itertools.product(*candidates):
            named = dict(zip(bound, names, strict=True))
            if (up_to_positive_factors(gap.xreplace(named)) if named else gap) == wanted:
                if isinstance(fact, sp.StrictGreaterThan | sp.StrictLessThan):
                    return "positive"
                found = "nonnegative"
    return found


def _is_its_own(index: sp.Symbol) -> bool:
    """Whether a free symbol of a fact is an index over which the fact holds throughout."""
    return index in BOUND or bool(isinstance(index, sp.Dummy) and index.is_integer)


def up_to_positive_factors(expr: Expr) -> Expr:
    """A form that expressions share which differ by a visibly positive factor and in the names of bound indices."""
    return _stripped(nameless(expr))


@lru_cache(maxsize=4096)
def _stripped(expr: Expr) -> Expr:
    if isinstance(expr, sp.Mul):
        expr = sp.Mul(*[f for f in expr.args if not (f.is_Pow or isinstance(f, sp.Sum)) or sign(f) != "positive"])
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
        rest = _less(expr, fact.gts - fact.lts)
        if any(map(_is_its_own, fact.free_symbols)) or len(sp.Add.make_args(rest)) > len(expr.args):
            continue
        if found := sign(rest, replace(known, facts=(*known.facts[:n], *known.facts[n + 1 :]))):
            return "positive" if isinstance(fact, sp.StrictGreaterThan | sp.StrictLessThan) else found
    return None


def _less(expr: sp.Add, gap: Expr) -> Expr:
    """A sum less a gap, of which equal terms cancel whatever their bound indices are called."""
    own = {nameless(term): term for term in expr.args}
    return sp.Add(*[own.get(term, term) for term in sp.Add.make_args(nameless(expr) - nameless(gap))])


def _mul(expr: sp.Mul, known: Known) -> Sign | None:
    """Signs of the factors; those without a visible one may still form, with others, a product that is given."""
    signs: dict[Expr, Sign | None] = {factor: sign(factor, known) for factor in expr.args}
    unknown = sp.Mul(*[factor for factor, s in signs.items() if s is None])
    if unknown == 1:
        return _weakest(list(signs.values()))
    visible = [factor for factor, s in signs.items() if s is not None]
    for size in range(3):
        for partners in itertools.combinations(visible, size):
            if given := _fact(sp.Mul(unknown, *partners), known):
                return _weakest([given, *(signs[factor] for factor in visible if factor not in partners)])
    return None


def _sum(expr: sp.Sum, known: Known) -> Sign | None:
    inner = replace(known, over={**known.over, **{index: upper for index, _, upper in expr.limits}})
    inside = sign(expr.function, inner)
    if inside == "positive" or _is_over_a_set(expr, inner):
        return "positive"
    if inside is None:
        return None
    names = {index.name: (at, known.ends(at)) for index, at in known.some.items()}
    terms = {index: names[index.name] for index, *_ in expr.limits if index.name in names}
    if len(terms) < len(expr.limits) or any(terms[index][1] not in (None, upper) for index, _, upper in expr.limits):
        return inside
    return sign(expr.function.xreplace({index: at for index, (at, _) in terms.items()}), known)


def _is_over_a_set(expr: sp.Sum, known: Known) -> bool:
    """Whether a sum is one of positive terms over sets that are not empty, one for every index."""
    left = {index for index, *_ in expr.limits}
    summand: Expr = expr.function
    for factor in sp.Mul.make_args(summand):
        member = factor if isinstance(factor, sp.Indexed) else 1 - factor
        sets = NOT_EMPTY if member == factor else NOT_ALL
        if isinstance(member, sp.Indexed) and member.base in sets and member.indices[-1] in left:
            left.discard(member.indices[-1])
        elif sign(factor, known) != "positive":
            return False
    return not left


def _pow(expr: sp.Pow, known: Known) -> Sign | None:
    base, exponent = expr.base, expr.exp
    found = sign(base, known)
    if found == "positive" or (found and exponent.is_negative):
        return "positive" if is_real(exponent) else None
    if found:
        return found if exponent.is_positive else None
    if exponent.is_even and exponent.is_positive and is_real(base):
        return _fact(base, known) or _fact(-base, known) or "nonnegative"
    return None


_RULES = {sp.Add: _add, sp.Mul: _mul, sp.Sum: _sum, sp.Pow: _pow}
