"""The machine check of each kind of step.

An `Identity` is checked by the normal form of its difference, an `Inequality` by a certificate that is visibly
non-negative and is itself checked as an identity, a `Limit` by computing it. Formulas must be visibly defined wherever
the step states them, with every index running over what its arrays are indexed by. Each step is then looked at a second
time at exact random instances, which alone can refute it: `failed` always comes with one. What neither look settles is
`undecided`. `Argued` steps rest on a named theorem and say so.
"""

from dataclasses import replace
from functools import lru_cache

import mpmath
import sympy as sp

from theory.checker.binding import substitute
from theory.checker.domains import smooth, undefined
from theory.checker.instances import DIGITS, SIZES_DRAWN, Instance, evaluate, satisfying
from theory.checker.kinds import (
    Argued,
    Checked,
    Identity,
    Inequality,
    Limit,
    NotCheckedError,
    Proved,
    Status,
    Step,
    Supposed,
)
from theory.checker.limits import check_limit
from theory.checker.normal_form import normal_form
from theory.checker.premises import INDICATORS_ARE_AT_MOST_1, OVER_INDICATORS, Premises, meant, premises
from theory.checker.ranges import Range, ranges
from theory.checker.signs import Known, sign
from theory.tilted import Expr, unfolded

__all__ = [
    "Argued",
    "Checked",
    "Identity",
    "Inequality",
    "Limit",
    "Proved",
    "Status",
    "Step",
    "Supposed",
    "check",
    "meant",
]

INSTANCES = 2
EQUAL = mpmath.mpf(10) ** (15 - DIGITS)


@lru_cache(maxsize=2048)
def check(step: Step) -> Checked:
    """Check one step: `checked`, `failed` with a numeric witness, `undecided` (never passed), or `argued`."""
    try:
        return Checked(step=step, status="argued" if isinstance(step, Argued) else "checked", detail=_check(step))
    except NotCheckedError as reason:
        return Checked(step=step, status=reason.status, detail=str(reason))
    except (ArithmeticError, NotImplementedError, RecursionError, TypeError, ValueError) as error:
        return Checked(step=step, status="undecided", detail=f"{type(error).__name__}: {error}")


def _check(step: Step) -> str:
    match step:
        case Argued():
            return step.because
        case Identity():
            return _check_identity(step)
        case Inequality():
            return _check_inequality(step)
        case Limit():
            return check_limit(step)


def _check_identity(step: Identity) -> str:
    given = _given(step)
    lhs, rhs = (meant(side, step.where) for side in (step.lhs, step.rhs))
    over = ranges((lhs, rhs, *given.all))
    instances = _look_at_equality(lhs, rhs, given, over)
    _refuse_undefined((step.lhs, step.rhs), step, _known(given, over))
    _refuse_other_normal_form(lhs, rhs)
    return f"the difference is 0 in normal form and at {instances} random instances"


def _given(step: Identity | Inequality) -> Premises:
    """The facts of a step, those of other steps among them, which must be checked themselves."""
    for given in step.given:
        if isinstance(given, Proved) and check(given.by).status != "checked":
            raise NotCheckedError("undecided", f"{given.fact}: the step named is not checked: {given.by.says}")
    return premises(step)


def _known(given: Premises, over: Range) -> Known:
    return Known(facts=(*given.all, *INDICATORS_ARE_AT_MOST_1), over=over | OVER_INDICATORS)


def _refuse_undefined(exprs: tuple[Expr, ...], step: Identity | Inequality, known: Known) -> None:
    """Raise where a formula is not visibly defined, as it stands before derivatives are taken."""
    for expr in exprs:
        stated = substitute(unfolded(expr), step.where)
        over = known.over | ranges((stated,))
        if why := undefined(stated, replace(known, over=over)):
            raise NotCheckedError("undecided", f"not visibly defined: {why}")


def _look_at_equality(lhs: Expr, rhs: Expr, given: Premises, over: Range) -> int:
    """Both sides at random instances that obey the facts granted; how many there were."""
    instances = satisfying(given.granted, over, count=INSTANCES)
    for instance in instances:
        left, right = evaluate(lhs, instance), evaluate(rhs, instance)
        if not abs(left - right) <= EQUAL * (1 + abs(left) + abs(right)):
            raise _witness(instance, lhs - rhs, f"left side {mpmath.nstr(left, 8)}, right side {mpmath.nstr(right, 8)}")
    if not instances:
        raise NotCheckedError("undecided", "no random instance satisfies the facts given")
    return len(instances)


def _refuse_other_normal_form(lhs: Expr, rhs: Expr) -> None:
    if normal_form(lhs - rhs) != 0:
        raise NotCheckedError(
            "undecided", "the difference does not vanish in normal form, though it does at random instances"
        )


def _check_inequality(step: Inequality) -> str:
    given = _given(step)
    smaller, larger, certificate = (meant(e, step.where) for e in (step.smaller, step.larger, step.certificate))
    over = ranges((smaller, larger, certificate, *given.all))
    _look_at_order(step, smaller, larger, given, over)
    gap = larger - smaller
    if step.taylor:
        gap = gap.diff(*step.taylor)
    instances = _look_at_equality(gap, certificate, given, over)
    known = replace(_known(given, over), some=step.some)
    _refuse_undefined((step.smaller, step.larger, step.certificate), step, known)
    if step.taylor:
        _refuse_another_start(larger - smaller, gap, step, known)
    _refuse_other_normal_form(gap, certificate)
    found = sign(certificate, known)
    if found is None or (step.strict and found != "positive"):
        raise NotCheckedError("undecided", f"the certificate's sign is {found or 'not visible'}")
    which = f"derivative {step.taylor[1]} of the gap, flat at 0 up to there," if step.taylor else "the gap"
    return (
        f"{which} equals a visibly {found.replace('nonneg', 'non-neg')} certificate: the difference is 0 in normal form"
        f" and at {instances} random instances"
    )


def _look_at_order(step: Inequality, smaller: Expr, larger: Expr, given: Premises, over: Range) -> None:
    """Both sides at random instances that obey the facts, and at one where all that may be 0 is 0."""
    facts = given.granted
    corners = satisfying(facts, over, count=1, tries=len(SIZES_DRAWN), corner=True)
    for instance in (*satisfying(facts, over, count=INSTANCES), *corners):
        low, high = evaluate(smaller, instance), evaluate(larger, instance)
        if not mpmath.isfinite(low - high):
            raise NotCheckedError("undecided", f"not defined at instance {instance.seed}, which the step admits")
        near = EQUAL * (1 + abs(low) + abs(high))
        with mpmath.workdps(DIGITS):
            holds = high - low > near if step.strict else low - high <= near
        if not holds:
            relation = "is not less than" if step.strict else ">"
            raise _witness(instance, larger - smaller, f"{mpmath.nstr(low, 8)} {relation} {mpmath.nstr(high, 8)}")


def _refuse_another_start(gap: Expr, last: Expr, step: Inequality, known: Known) -> None:
    """Raise unless the gap is smooth from 0 on, flat there up to the order, and that order says which side it is on."""
    assert step.taylor
    variable, order = step.taylor
    if order % 2 and not variable.is_nonnegative:
        raise NotCheckedError("undecided", f"an odd order needs {variable} >= 0")
    if step.strict and not variable.is_nonzero:
        raise NotCheckedError("undecided", f"at {variable} = 0 both sides are equal, so that it is not strict there")
    if not smooth(gap, variable):
        raise NotCheckedError("undecided", f"the gap is not visibly differentiable in {variable}")
    closed = sp.Dummy(variable.name, nonnegative=True) if variable.is_nonnegative else variable
    free = replace(known, facts=tuple(fact for fact in known.facts if not fact.has(variable)))
    for part in (gap, last):
        if why := undefined(part.xreplace({variable: closed}), replace(free, over=free.over | ranges((part,)))):
            raise NotCheckedError("undecided", f"not visibly defined from {variable} = 0 on: {why}")
    for n in range(order):
        if normal_form((gap.diff(variable, n) if n else gap).subs(variable, 0)) != 0:
            raise NotCheckedError("undecided", f"derivative {n} of the gap is not visibly 0 at {variable} = 0")


def _witness(instance: Instance, expr: Expr, values: str) -> NotCheckedError:
    labels = {base.label for base in expr.atoms(sp.IndexedBase)}
    symbols = sorted(expr.free_symbols - labels - expr.atoms(sp.Indexed), key=str)
    where = ", ".join(f"{s} = {instance.value(s)}" for s in symbols if s.is_extended_real)
    return NotCheckedError("failed", f"random instance {instance.seed} ({where}): {values}")
