"""The machine check of each kind of step.

An `Identity` is checked by the normal form of its difference, an `Inequality` by a certificate that is visibly
non-negative and is itself checked as an identity, a `Limit` by computing it. Formulas must be visibly defined wherever
the step states them, with every index running over what its arrays are indexed by. Each step is then looked at a second
time at exact random instances, which alone can refute it: `failed` always comes with one. What neither look settles is
`undecided`. `Argued` steps rest on a named theorem and say so.
"""

from dataclasses import replace

import mpmath
import sympy as sp

from theory.checker.binding import apart, substitute
from theory.checker.domains import smooth, undefined
from theory.checker.instances import DIGITS, SIZES_DRAWN, Instance, evaluate, satisfying
from theory.checker.kinds import Argued, Checked, Identity, Inequality, Limit, NotCheckedError, Status, Step, Where
from theory.checker.limits import check_limit
from theory.checker.normal_form import normal_form
from theory.checker.ranges import Range, for_every_index, ranges
from theory.checker.signs import Known, sign
from theory.tilted import INDICATORS, Expr, differentiated, unfolded, y

__all__ = ["Argued", "Checked", "Identity", "Inequality", "Limit", "Status", "Step", "check", "meant"]

INSTANCES = 2
EQUAL = mpmath.mpf(10) ** (15 - DIGITS)
INDICATORS_ARE_AT_MOST_1 = tuple(for_every_index(sp.Ge(1, base[y])) for base in sorted(INDICATORS, key=str))


def check(step: Step) -> Checked:
    """Check one step: `checked`, `failed` with a numeric witness, `undecided` (never passed), or `argued`."""
    try:
        return Checked(step=step, status="argued" if isinstance(step, Argued) else "checked", detail=_check(step))
    except NotCheckedError as reason:
        return Checked(step=step, status=reason.status, detail=str(reason))
    except (ArithmeticError, NotImplementedError, RecursionError, TypeError, ValueError) as error:
        return Checked(step=step, status="undecided", detail=f"{type(error).__name__}: {error}")


def meant(expr: Expr, where: Where = ()) -> Expr:
    """What a formula of a step states: atoms unfolded, then patterns replaced, and only then derivatives taken."""
    taken = apart(differentiated(substitute(unfolded(expr), where)))
    if taken.has(sp.Derivative):
        raise ValueError("a derivative that cannot be taken")
    return taken


def _check(step: Step) -> str:
    match step:
        case Argued():
            return step.because
        case Identity():
            facts = _facts(step)
            lhs, rhs = (meant(side, step.where) for side in (step.lhs, step.rhs))
            over = ranges((lhs, rhs, *facts))
            _refuse_undefined((step.lhs, step.rhs), step, _known(facts, over))
            return _equal(lhs, rhs, facts, over)
        case Inequality():
            return _check_inequality(step)
        case Limit():
            return check_limit(step)


def _facts(step: Identity | Inequality) -> tuple[Expr, ...]:
    """The facts given, each for every value of the indices that are bound in it."""
    facts = [meant(fact, step.where) for fact in step.given]
    for fact in facts:
        if not isinstance(fact, sp.Ge | sp.Gt | sp.Le | sp.Lt):
            raise ValueError(f"given {fact}: expected an inequality")
    return tuple(map(for_every_index, facts))


def _known(facts: tuple[Expr, ...], over: Range) -> Known:
    return Known(facts=(*facts, *INDICATORS_ARE_AT_MOST_1), over=over | _OVER_INDICATORS)


_OVER_INDICATORS = ranges(INDICATORS_ARE_AT_MOST_1)


def _refuse_undefined(exprs: tuple[Expr, ...], step: Identity | Inequality, known: Known) -> None:
    """Raise where a formula is not visibly defined, before derivatives are taken or after."""
    for expr in exprs:
        stated = substitute(unfolded(expr), step.where)
        over = known.over | ranges((stated,))
        if why := undefined(stated, replace(known, over=over)):
            raise NotCheckedError("undecided", f"not visibly defined: {why}")


def _equal(lhs: Expr, rhs: Expr, facts: tuple[Expr, ...], over: Range) -> str:
    """Both sides at random instances that obey the facts, then the normal form of their difference."""
    instances = satisfying(facts, over, count=INSTANCES)
    for instance in instances:
        left, right = evaluate(lhs, instance), evaluate(rhs, instance)
        if not abs(left - right) <= EQUAL * (1 + abs(left) + abs(right)):
            raise _witness(instance, lhs - rhs, f"left side {mpmath.nstr(left, 8)}, right side {mpmath.nstr(right, 8)}")
    if not instances:
        raise NotCheckedError("undecided", "no random instance satisfies the facts given")
    if normal_form(lhs - rhs) != 0:
        raise NotCheckedError(
            "undecided", "the difference does not vanish in normal form, though it does at random instances"
        )
    return f"the difference is 0 in normal form and at {len(instances)} random instances"


def _check_inequality(step: Inequality) -> str:
    facts = _facts(step)
    smaller, larger, certificate = (meant(e, step.where) for e in (step.smaller, step.larger, step.certificate))
    over = ranges((smaller, larger, certificate, *facts))
    _look_at_instances(step, smaller, larger, facts, over)
    known = replace(_known(facts, over), some=step.some)
    _refuse_undefined((step.smaller, step.larger, step.certificate), step, known)
    gap, order = _derivative_after_zeros(larger - smaller, step, known)
    equal = _equal(gap, certificate, facts, over)
    found = sign(certificate, known)
    if found is None or (step.strict and found != "positive"):
        raise NotCheckedError("undecided", f"the certificate's sign is {found or 'not visible'}")
    which = f"derivative {order} of the gap, flat at 0 up to there," if order else "the gap"
    return f"{which} equals a visibly {found.replace('nonneg', 'non-neg')} certificate: {equal}"


def _look_at_instances(step: Inequality, smaller: Expr, larger: Expr, facts: tuple[Expr, ...], over: Range) -> None:
    """Both sides at random instances that obey the facts, and at one where all that may be 0 is 0."""
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


def _derivative_after_zeros(gap: Expr, step: Inequality, known: Known) -> tuple[Expr, int]:
    """The gap, or its first derivative in the Taylor variable that is not required to vanish at 0, and its order."""
    if step.taylor is None:
        return gap, 0
    variable, order = step.taylor
    if order % 2 and not variable.is_nonnegative:
        raise NotCheckedError("undecided", f"an odd order needs {variable} >= 0")
    if step.strict and not variable.is_nonzero:
        raise NotCheckedError("undecided", f"at {variable} = 0 both sides are equal, so that it is not strict there")
    last = gap.diff(variable, order)
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
    return last, order


def _witness(instance: Instance, expr: Expr, values: str) -> NotCheckedError:
    labels = {base.label for base in expr.atoms(sp.IndexedBase)}
    symbols = sorted(expr.free_symbols - labels - expr.atoms(sp.Indexed), key=str)
    where = ", ".join(f"{s} = {instance.value(s)}" for s in symbols if s.is_extended_real)
    return NotCheckedError("failed", f"random instance {instance.seed} ({where}): {values}")
