"""What every index runs over: one size a slot of an array, one size an index, throughout a step.

A sum of `p[j, y]` over y = 1..J is no sum over tokens; this is where that is noticed.
"""

from collections.abc import Iterable

import sympy as sp

from theory import facts, tilted
from theory.tilted import BOUND, SIZES, Expr, J, V, d, texts

SHAPES: dict[Expr, tuple[Expr, ...]] = {
    **dict.fromkeys((tilted.p, tilted.r, tilted.logit, tilted.M_local, facts.norm_h), (J, V)),
    **dict.fromkeys((tilted.pi, tilted.P, tilted.N, facts.norm_c, facts.norm_e), (J,)),
    **dict.fromkeys((tilted.M, tilted.M_other, tilted.C, tilted.T, tilted.Top, tilted.Bottom), (V,)),
    **dict.fromkeys((tilted.logit_shift, tilted.limit_plus, tilted.limit_minus), (V,)),
    tilted.text_p: (J, texts),
    tilted.visits: (J, texts, J),
    **dict.fromkeys((tilted.text_odds, tilted.hits), (texts,)),
    **dict.fromkeys((facts.a, facts.b, facts.negative_share, facts.norm_v, facts.norm_offset), (V,)),
}
"""Sizes of the arrays that all laws share; an array of a step's own has those of the indices it is used at."""
AT_HAND = {
    tilted.j: J,
    **dict.fromkeys((tilted.z, facts.reference, tilted.token_a, tilted.token_b), V),
    **dict.fromkeys((tilted.feature_a, tilted.feature_b), d),
}

Range = dict[Expr, Expr]
"""Index -> the size it runs up to."""


def ranges(exprs: Iterable[Expr]) -> Range:
    """The size of every index of a step whose sums have indices apart, as far as it is known.

    Raises `ValueError` where an index or a slot of an array would run over two different things.
    """
    known = _Union()
    for index, size in AT_HAND.items():
        known.join(index, size)
    indices: set[Expr] = set()
    for expr in exprs:
        for total in expr.atoms(sp.Sum):
            for index, lower, upper in total.limits:
                if lower != 1 or upper not in SIZES:
                    sizes = ", ".join(sorted(map(str, SIZES)))
                    raise ValueError(f"sum over {index} from {lower} to {upper}: expected 1 to one of {sizes}")
                known.join(index, upper)
                indices.add(index)
        for entry in expr.atoms(sp.Indexed):
            indices |= set(_enter(entry, known))
    return {index: size for index in indices if (size := known.top(index)) in SIZES}


def _enter(entry: Expr, known: "_Union") -> Iterable[Expr]:
    shape = SHAPES.get(entry.base)
    if shape is not None and len(shape) != len(entry.indices):
        raise ValueError(f"{entry}: expected {len(shape)} indices")
    for slot, index in enumerate(entry.indices):
        if shape is not None:
            known.join((entry.base, slot), shape[slot])
        if index == 1:
            continue
        if not isinstance(index, sp.Symbol):
            raise ValueError(f"{entry}: expected an index by itself, got {index}")
        known.join((entry.base, slot), index)
        yield index


class _Union:
    """Sets of names that stand for one range, each named by its size where that is known."""

    def __init__(self) -> None:
        self.above: dict[object, object] = {}

    def top(self, name: object) -> object:
        while name in self.above:
            name = self.above[name]
        return name

    def join(self, one: object, other: object) -> None:
        low, high = self.top(one), self.top(other)
        if low == high:
            return
        if low in SIZES and high in SIZES:
            raise ValueError(f"{_named(one)} runs up to both {low} and {high}")
        if low in SIZES:
            low, high = high, low
        self.above[low] = high


def _named(name: object) -> str:
    return f"index {name[1] + 1} of {name[0]}" if isinstance(name, tuple) else str(name)


def for_every_index(fact: Expr) -> Expr:
    """A fact with its bound indices renamed to its own: it holds for every value of them."""
    return fact.xreplace({s: sp.Dummy(s.name, integer=True, positive=True) for s in fact.free_symbols & BOUND})
