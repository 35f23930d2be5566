"""A normal form for expressions in sums of open length, so that equal expressions become the same expression.

Sums are treated from the inside out: the summand is expanded, what does not depend on the bound index moves out,
products of sums that share an index merge into one sum over several, a law sums to 1, indicators are idempotent, and
bound indices get canonical names. What remains is rational in sums, exponentials and logs; its numerator is expanded.
"""

import itertools
from collections.abc import Iterable

import sympy as sp

from theory.tilted import DISTRIBUTIONS, INDICATORS, SIZES, Expr

Limit = tuple[sp.Symbol, Expr]


def normal_form(expr: Expr) -> Expr:
    """Numerator of the canonical form: 0 means that `expr` vanishes; anything else decides nothing."""
    return _numerator(_canonical(expr.rewrite((sp.tanh, sp.cosh, sp.sinh), sp.exp)))


def _numerator(expr: Expr) -> Expr:
    return _expand(sp.fraction(_together(expr), exact=True)[0])


def _together(expr: Expr) -> Expr:
    return sp.together(expr)


def _canonical(expr: Expr) -> Expr:
    if expr.is_Atom or isinstance(expr, sp.Indexed):
        return expr
    if isinstance(expr, sp.Sum):
        result = expr.function
        for index, lower, upper in expr.limits:
            if lower != 1 or upper not in SIZES:
                sizes = ", ".join(sorted(map(str, SIZES)))
                raise ValueError(f"sum over {index} from {lower} to {upper}: expected 1 to one of {sizes}")
            result = _sum(_canonical(result), (index, upper))
        return result
    rebuilt = expr.func(*[_canonical(a) for a in expr.args])
    if isinstance(rebuilt, sp.log):
        argument: Expr = sp.factor_terms(_together(sp.expand(rebuilt.args[0], power_exp=True)))
        return _expand(sp.expand_log(sp.log(argument)))
    return rebuilt


def _expand(expr: Expr) -> Expr:
    """Expanded, with squares of indicators reduced, of sines replaced, and split exponentials."""
    expanded = sp.expand(sp.expand(expr), power_exp=True).replace(_is_indicator_power, lambda e: e.base)
    if not expanded.has(sp.sin):
        return expanded
    return sp.expand(expanded.replace(_is_sine_power, lambda e: _sine_power(e.base, int(e.exp))))


def _is_indicator_power(e: Expr) -> bool:
    indicator = e.is_Pow and isinstance(e.base, sp.Indexed) and e.base.base in INDICATORS
    return bool(indicator and e.exp.is_Integer and e.exp > 1)


def _is_sine_power(e: Expr) -> bool:
    return bool(e.is_Pow and isinstance(e.base, sp.sin) and e.exp.is_Integer and e.exp > 1)


def _sine_power(sine: Expr, power: int) -> Expr:
    """`sin^n` with `1 - cos^2` for each square of the sine."""
    return (1 - sp.cos(sine.args[0]) ** 2) ** (power // 2) * sine ** (power % 2)


def _sum(summand: Expr, limit: Limit) -> Expr:
    numerator, denominator = sp.fraction(sp.together(summand), exact=True)
    terms = sp.Add.make_args(_expand(numerator))
    return sp.Add(*[_term(term / denominator, [limit]) for term in terms])


def _term(term: Expr, limits: list[Limit]) -> Expr:
    """Sum over `limits` of one product, as a product of canonical sums."""
    factors: list[Expr] = []
    for factor in sp.Mul.make_args(term):
        inner, power = _as_power(factor)
        if isinstance(inner, sp.Sum) and power > 0 and inner.free_symbols & {index for index, _ in limits}:
            for _ in range(power):
                fresh = {index: sp.Dummy(index.name, integer=True, positive=True) for index, *_ in inner.limits}
                factors += _factors(inner.function, fresh)
                limits = [*limits, *((fresh[index], upper) for index, _, upper in inner.limits)]
        else:
            factors.append(factor)
    factors, limits = _normalise(factors, limits)
    return sp.Mul(*[_component(part, own) for part, own in _components(factors, limits)])


def _factors(product: Expr, renaming: dict) -> tuple[Expr, ...]:
    return sp.Mul.make_args(product.xreplace(renaming))


def _as_power(factor: Expr) -> tuple[Expr, int]:
    base, exponent = factor.as_base_exp()
    return (base, int(exponent)) if exponent.is_Integer else (factor, 1)


def _normalise(factors: list[Expr], limits: list[Limit]) -> tuple[list[Expr], list[Limit]]:
    """Drop sums of a law over its own last index: they are 1."""
    for limit in list(limits):
        index, upper = limit
        using = [f for f in factors if index in f.free_symbols]
        if len(using) == 1 and _sums_to_one(using[0], index, upper):
            factors = [f for f in factors if f is not using[0]]
            limits = [other for other in limits if other is not limit]
    return factors, limits


def _sums_to_one(factor: Expr, index: sp.Symbol, upper: Expr) -> bool:
    if not (isinstance(factor, sp.Indexed) and DISTRIBUTIONS.get(factor.base) == upper):
        return False
    *others, last = factor.indices
    return last == index and not any(index in other.free_symbols for other in others)


def _components(factors: list[Expr], limits: list[Limit]) -> Iterable[tuple[list[Expr], list[Limit]]]:
    """Groups of factors and indices that hang together; the factors without any index come first."""
    indices = {index for index, _ in limits}
    yield [f for f in factors if not f.free_symbols & indices], []
    factors = [f for f in factors if f.free_symbols & indices]
    left = list(limits)
    while left:
        reach = {left[0][0]}
        while grown := {s for f in factors if f.free_symbols & reach for s in f.free_symbols & indices} - reach:
            reach |= grown
        yield [f for f in factors if f.free_symbols & reach], [limit for limit in left if limit[0] in reach]
        left = [limit for limit in left if limit[0] not in reach]


def _component(factors: list[Expr], limits: list[Limit]) -> Expr:
    """One connected sum with canonical index names, the same whatever names and order it came with."""
    product = sp.Mul(*factors)
    if not limits:
        return product
    if not factors:
        return sp.Mul(*[upper for _, upper in limits])
    own = {index for index, _ in limits}
    used = [int(s.name[1:]) for s in product.atoms(sp.Symbol) - own if s.name.startswith("#")]
    names = [sp.Symbol(f"#{max(used, default=0) + n + 1}", integer=True, positive=True) for n in range(len(limits))]
    candidates = []
    for order in itertools.permutations(limits):
        renamed = product.xreplace({index: name for (index, _), name in zip(order, names, strict=True)})
        uppers = tuple(upper for _, upper in order)
        candidates.append(((*map(str, uppers), sp.srepr(renamed)), renamed, uppers))
    _, renamed, uppers = min(candidates, key=lambda c: c[0])
    return sp.Sum(renamed, *[(name, 1, upper) for name, upper in zip(names, uppers, strict=True)])
