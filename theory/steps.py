"""The machine check of each kind of step.

An `Identity` is checked by the normal form of its difference, an `Inequality` by a certificate that is visibly
non-negative and is itself checked as an identity, a `Limit` by computing it. Each is then looked at a second time at
exact random instances, which alone can refute it: `failed` always comes with one. What neither look settles is
`undecided`. `Argued` steps rest on a named theorem and say so.
"""

from collections.abc import Sequence

import mpmath
import sympy as sp

from theory.checker.instances import DIGITS, Instance, evaluate, satisfying
from theory.checker.kinds import Argued, Checked, Identity, Inequality, Limit, Status, Step, Where
from theory.checker.normal_form import normal_form
from theory.checker.signs import Known, sign
from theory.tilted import INDICATORS, Expr, definition, y

__all__ = ["Argued", "Checked", "Identity", "Inequality", "Limit", "Status", "Step", "check", "substitute"]

INSTANCES = 2
EQUAL = mpmath.mpf(10) ** (15 - DIGITS)
FAR, NEAR = mpmath.mpf(10) ** 15, mpmath.mpf(10) ** -9
INDICATORS_ARE_AT_MOST_1 = tuple(sp.Ge(1, base[y]) for base in sorted(INDICATORS, key=str))


class _NotCheckedError(Exception):
    """Why a step is not checked."""

    def __init__(self, status: Status, detail: str) -> None:
        super().__init__(detail)
        self.status: Status = status


def check(step: Step) -> Checked:
    """Check one step: `checked`, `failed` with a numeric witness, `undecided` (never passed), or `argued`."""
    try:
        return Checked(step=step, status="argued" if isinstance(step, Argued) else "checked", detail=_check(step))
    except _NotCheckedError as reason:
        return Checked(step=step, status=reason.status, detail=str(reason))
    except (NotImplementedError, ValueError) as error:
        return Checked(step=step, status="undecided", detail=f"{type(error).__name__}: {error}")


def substitute(expr: Expr, where: Where) -> Expr:
    """Replace each pattern by its meaning; `M[y]` stands for M at every index, a plain symbol for itself."""
    for pattern, meaning in where:
        if isinstance(pattern, sp.Indexed):
            expr = expr.replace(
                lambda e, base=pattern.base: isinstance(e, sp.Indexed) and e.base == base,
                lambda e, pattern=pattern, meaning=meaning: meaning.xreplace(
                    dict(zip(pattern.indices, e.indices, strict=True))
                ),
            )
        else:
            expr = expr.xreplace({pattern: meaning})
    return expr


def _check(step: Step) -> str:
    match step:
        case Argued():
            return step.because
        case Identity():
            return _equal(*(substitute(definition(side), step.where) for side in (step.lhs, step.rhs)))
        case Inequality():
            return _check_inequality(step)
        case Limit():
            return _check_limit(step)


def _equal(lhs: Expr, rhs: Expr, facts: Sequence[Expr] = ()) -> str:
    """Both sides at random instances that obey the facts, then the normal form of their difference."""
    instances = satisfying(facts, count=INSTANCES)
    for instance in instances:
        left, right = evaluate(lhs, instance), evaluate(rhs, instance)
        if not abs(left - right) <= EQUAL * (1 + abs(left) + abs(right)):
            raise _witness(instance, lhs - rhs, f"left side {mpmath.nstr(left, 8)}, right side {mpmath.nstr(right, 8)}")
    if not instances:
        raise _NotCheckedError("undecided", "no random instance satisfies the facts given")
    if normal_form(lhs - rhs) != 0:
        raise _NotCheckedError(
            "undecided", "the difference does not vanish in normal form, though it does at random instances"
        )
    return f"the difference is 0 in normal form and at {len(instances)} random instances"


def _check_inequality(step: Inequality) -> str:
    smaller, larger, certificate = (
        substitute(definition(e), step.where) for e in (step.smaller, step.larger, step.certificate)
    )
    given = tuple(definition(fact) for fact in step.given)
    for instance in satisfying(given, count=INSTANCES):
        low, high = evaluate(smaller, instance), evaluate(larger, instance)
        if not low - high <= EQUAL * (1 + abs(low) + abs(high)):
            raise _witness(instance, larger - smaller, f"{mpmath.nstr(low, 8)} > {mpmath.nstr(high, 8)}")
    gap, order = _derivative_after_zeros(larger - smaller, step)
    equal = _equal(gap, certificate, given)
    found = sign(certificate, Known(facts=(*given, *INDICATORS_ARE_AT_MOST_1), some=step.some))
    if found is None or (step.strict and found != "positive"):
        raise _NotCheckedError("undecided", f"the certificate's sign is {found or 'not visible'}")
    which = f"derivative {order} of the gap, flat at 0 up to there," if order else "the gap"
    return f"{which} equals a visibly {found.replace('nonneg', 'non-neg')} certificate: {equal}"


def _derivative_after_zeros(gap: Expr, step: Inequality) -> tuple[Expr, int]:
    if step.taylor is None:
        return gap, 0
    variable, order = step.taylor
    if order % 2 and not variable.is_nonnegative:
        raise _NotCheckedError("undecided", f"an odd order needs {variable} >= 0")
    for n in range(order):
        if normal_form((gap.diff(variable, n) if n else gap).subs(variable, 0)) != 0:
            raise _NotCheckedError("undecided", f"derivative {n} of the gap is not visibly 0 at {variable} = 0")
    return gap.diff(variable, order), order


def _check_limit(step: Limit) -> str:
    if step.point not in (sp.oo, -sp.oo):
        raise _NotCheckedError("undecided", f"limits are checked at +oo and -oo, not at {step.point}")
    far = FAR if step.point == sp.oo else -FAR
    for instance in satisfying((), count=INSTANCES):
        close = evaluate(step.expr, Instance(seed=instance.seed, given={step.variable: far}))
        value = evaluate(step.value, instance)
        if not abs(close - value) <= NEAR * (1 + abs(value)):
            raise _witness(instance, step.expr, f"{mpmath.nstr(close, 8)} at {step.variable} = {mpmath.nstr(far, 2)}")
    computed = sp.limit(step.expr, step.variable, step.point)
    if not computed.is_finite or normal_form(computed - step.value) != 0:
        raise _NotCheckedError("undecided", f"SymPy finds the limit {computed}")
    return f"limit computed; {INSTANCES} random instances come within {mpmath.nstr(NEAR, 1)}"


def _witness(instance: Instance, expr: Expr, values: str) -> _NotCheckedError:
    labels = {base.label for base in expr.atoms(sp.IndexedBase)}
    symbols = sorted(expr.free_symbols - labels - expr.atoms(sp.Indexed), key=str)
    where = ", ".join(f"{s} = {instance.value(s)}" for s in symbols if s.is_extended_real)
    return _NotCheckedError("failed", f"random instance {instance.seed} ({where}): {values}")
