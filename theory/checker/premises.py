"""What the facts that a step uses rest on: the setting, what the step itself supposes, or what another step proves."""

from dataclasses import dataclass, replace
from functools import cache, lru_cache

import sympy as sp

from theory.checker.binding import apart, substitute
from theory.checker.kinds import Identity, Inequality, NotCheckedError, Proved, Supposed, Where, fact
from theory.checker.normal_form import normal_form
from theory.checker.ranges import for_every_index, ranges
from theory.checker.signs import Known, is_real, sign, up_to_positive_factors
from theory.facts import SETTING
from theory.tilted import DISTRIBUTIONS, INDICATORS, Expr, differentiated, unfolded, y

INDICATORS_ARE_AT_MOST_1 = tuple(for_every_index(sp.Ge(1, base[y])) for base in sorted(INDICATORS, key=str))
OVER_INDICATORS = ranges(INDICATORS_ARE_AT_MOST_1)


@lru_cache(maxsize=1024)
def meant(expr: Expr, where: Where = ()) -> Expr:
    """What a formula of a step states: atoms unfolded, then patterns replaced, and only then derivatives taken."""
    taken = apart(differentiated(substitute(unfolded(expr), where)))
    if taken.has(sp.Derivative):
        raise ValueError("a derivative that cannot be taken")
    return taken


@dataclass(frozen=True, kw_only=True)
class Premises:
    """Facts that a step may use: those that it or the setting takes for granted, and those that other steps prove."""

    granted: tuple[Expr, ...]
    proved: tuple[Expr, ...]

    @property
    def all(self) -> tuple[Expr, ...]:
        """Every fact."""
        return (*self.granted, *self.proved)


def premises(step: Identity | Inequality) -> Premises:
    """The facts of a step, each looked at for what it rests on; `NotCheckedError` where one rests on nothing."""
    granted, proved = [], []
    for given in step.given:
        if not isinstance(given, Proved | Supposed) and not _of_the_setting(given):
            raise NotCheckedError("undecided", f"{given} rests on nothing: prove it in a step, or suppose it")
        formula = meant(fact(given), step.where)
        if not isinstance(formula, sp.Ge | sp.Gt | sp.Le | sp.Lt):
            raise ValueError(f"given {formula}: expected an inequality")
        stated = for_every_index(formula)
        if isinstance(given, Proved):
            _prove(given, formula, step.where, Premises(granted=tuple(granted), proved=tuple(proved)))
            proved.append(stated)
        else:
            granted.append(stated)
            if isinstance(step, Inequality):
                _refuse_circles(step, formula)
    return Premises(granted=tuple(granted), proved=tuple(proved))


@cache
def _setting() -> frozenset[Expr]:
    return frozenset(up_to_positive_factors(meant(fact.gts - fact.lts)) for fact in SETTING)


def _of_the_setting(given: Expr) -> bool:
    if not isinstance(given, sp.Ge | sp.Le):
        return False
    relation: Expr = given
    return up_to_positive_factors(meant(relation.gts - relation.lts)) in _setting()


def _refuse_circles(step: Inequality, supposed: Expr) -> None:
    """What a step supposes is not what it states, nor does it hold at one value of a Taylor variable alone."""
    conclusion = meant(step.larger - step.smaller, step.where)
    if up_to_positive_factors(supposed.gts - supposed.lts) == up_to_positive_factors(conclusion):
        raise NotCheckedError("undecided", "what it states is among what it supposes")
    if step.taylor and supposed.has(step.taylor[0]):
        raise NotCheckedError("undecided", f"{supposed} is supposed at one {step.taylor[0]}, and used at others")


def _prove(given: Proved, formula: Expr, where: Where, known: Premises) -> None:
    """Raise unless the fact is what the step it names states, at `at`, and that step's own premises hold there."""
    step, at = given.by, tuple((pattern, meant(meaning, where)) for pattern, meaning in given.at)
    if type(formula) in (sp.Gt, sp.Lt) and not step.strict:
        raise NotCheckedError("undecided", f"{given.fact} is strict, the step that is to prove it is not")
    facts = Known(facts=(*known.all, *INDICATORS_ARE_AT_MOST_1))
    for pattern, meaning in at:
        _refuse_what_does_not_fit(pattern, meaning, facts)
    stated = substitute(meant(step.larger - step.smaller, step.where), at)
    wanted = formula.gts - formula.lts
    if up_to_positive_factors(stated) != up_to_positive_factors(wanted) and normal_form(stated - wanted) != 0:
        raise NotCheckedError("undecided", f"{given.fact} is not what the step named states: {step.says}")
    touched = {pattern.base if isinstance(pattern, sp.Indexed) else pattern for pattern, _ in at}
    for other in step.given:
        if isinstance(other, Proved):
            continue
        needed = meant(fact(other), step.where)
        if not isinstance(other, Supposed) and not touched & needed.atoms(sp.Symbol, sp.IndexedBase):
            continue
        here = substitute(needed, at)
        if not _visible(here, facts):
            raise NotCheckedError("undecided", f"{given.fact}: the step named supposes {here}, which is not visible")


def _visible(needed: Expr, known: Known) -> bool:
    gap, strict = needed.gts - needed.lts, isinstance(needed, sp.Gt | sp.Lt)
    known = replace(known, over={**known.over, **ranges((gap, *known.facts))})
    return any(
        found == "positive" or (found and not strict) for found in (sign(gap, known), sign(sp.factor(gap), known))
    )


def _refuse_what_does_not_fit(pattern: Expr, meaning: Expr, known: Known) -> None:
    """What stands for a symbol or an array must be what is assumed of that."""
    base: Expr = getattr(pattern, "base", None)
    assumed = pattern if base is None else base.label
    if base in DISTRIBUTIONS or base in INDICATORS:
        fits = isinstance(meaning, sp.Indexed) and (meaning.base in INDICATORS) == (base in INDICATORS)
    elif assumed.is_integer:
        fits = isinstance(meaning, sp.Symbol) and bool(meaning.is_integer and meaning.is_positive)
    elif assumed.is_positive:
        fits = sign(meaning, known) == "positive"
    elif assumed.is_nonnegative:
        fits = sign(meaning, known) is not None
    else:
        fits = is_real(meaning)
    if not fits:
        raise NotCheckedError("undecided", f"{meaning} is not visibly what is assumed of {pattern}")
