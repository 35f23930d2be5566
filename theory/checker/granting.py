"""Whether a condition grants what steps suppose: looked at in instances that meet the condition."""

import itertools
from collections.abc import Sequence

import sympy as sp

from theory import facts, tilted
from theory.checker.instances import SIZES_DRAWN, Instance, evaluate
from theory.tilted import BOUND, Expr, definition

BY_NAME = frozenset({facts.in_target, facts.assumption_1, facts.final_norm, tilted.pre_norm})
"""Conditions that a model states of itself: no instance can tell what they grant."""
SEEDS, ENOUGH = 600, 4


def granted(supposed: Sequence[Expr], condition: Expr, grants: Sequence[Expr]) -> str:
    """ "" if what is supposed holds wherever the condition and the law's grants do; else what is wrong.

    Tokens named a and b are any for which all holds that is supposed of them.
    """
    if not supposed or condition.free_symbols & BY_NAME:
        return ""
    if condition == tilted.is_target:
        condition, grants = sp.true, [grant.xreplace({tilted.T: tilted.C}) for grant in grants]
    met, wanted = 0, [definition(fact) for fact in supposed]
    for seed in range(SEEDS):
        size, others = SIZES_DRAWN[seed % len(SIZES_DRAWN)]
        instance = Instance(seed=seed, size=size, others=others)
        if not evaluate(definition(condition), instance) or not _hold([definition(g) for g in grants], instance):
            continue
        met += 1
        if not _hold(wanted, instance):
            return "a named step supposes what the claim's condition does not grant"
        if met == ENOUGH:
            return ""
    return "" if met else "no instance meets the claim's condition, so that it grants nothing visibly"


def _hold(wanted: Sequence[Expr], instance: Instance) -> bool:
    """Whether all holds: for every bound index, and for some tokens a and b."""
    tokens = range(1, instance.size + 1)
    return any(
        all(_for_every_index(fact, instance, {tilted.token_a: a, tilted.token_b: b}) for fact in wanted)
        for a, b in itertools.product(tokens, repeat=2)
    )


def _for_every_index(fact: Expr, instance: Instance, at: dict) -> bool:
    free = sorted(fact.free_symbols & BOUND, key=str)
    indices = itertools.product(range(1, instance.size + 1), repeat=len(free))
    return all(evaluate(fact, instance, {**at, **dict(zip(free, chosen, strict=True))}) for chosen in indices)
