"""Every derivation is checked, and no step can pass by accident. Generic: no law is named here."""

from dataclasses import replace

import pytest
import sympy as sp

from theory.catalogue import DerivationReport, derivation_report, laws
from theory.checker.instances import Instance, evaluate, satisfying
from theory.checker.kinds import Argued, Identity, Inequality, Limit, Proved, Step, fact
from theory.checker.normal_form import normal_form
from theory.law import Law
from theory.steps import EQUAL, INSTANCES, check, meant
from theory.tilted import Expr, token_a

pytestmark = pytest.mark.slow

LAWS = laws()


def distinct(kind: type) -> list[tuple[str, Step]]:
    """Steps of a kind over all laws, shared ones once."""
    found = {}
    for law in LAWS.values():
        for n, step in enumerate(law.derivation()):
            if isinstance(step, kind):
                found.setdefault((step.says, str(step)), (f"{law.id}-{n}", step))
    return list(found.values())


def steps_of(*kinds: type):
    cases = [case for kind in kinds for case in distinct(kind)]
    return pytest.mark.parametrize("step", [step for _, step in cases], ids=[name for name, _ in cases])


def unfolded(expr, step):
    return meant(expr, step.where)


def differ(left, right, instance) -> bool:
    a, b = evaluate(left, instance), evaluate(right, instance)
    return not abs(a - b) <= EQUAL * (1 + abs(a) + abs(b))


def perturbations(expr: Expr):
    """What a slip of the pen would make of an expression: coefficient, sign, a missing part, a wrong index."""
    yield "coefficient", expr * sp.Rational(101, 100) + int(expr == 0)
    yield "sign", -expr
    if expr.is_Add or expr.is_Mul:
        yield "missing part", expr.func(*expr.args[1:])
    arrays = sorted((a for a in expr.atoms(sp.Indexed) if a.indices[-1] != token_a), key=sp.default_sort_key)
    if arrays:
        array: Expr = arrays[0]
        wrong = array.base[(*array.indices[:-1], token_a)]
        yield "index", expr.xreplace({array: wrong})


@pytest.mark.parametrize("law", LAWS.values(), ids=list(LAWS))
def test_every_derivation_is_checked(law):
    report = derivation_report(law)
    assert report.status == "checked", [(c.step.says, c.status, c.detail) for c in report.steps]
    assert sum(report.counts.values()) == len({c.step for c in report.steps})
    assert all(c.status == ("argued" if isinstance(c.step, Argued) else "checked") for c in report.steps)


@steps_of(Identity)
def test_a_perturbed_identity_fails(step):
    lhs, rhs = unfolded(step.lhs, step), unfolded(step.rhs, step)
    elsewhere = Instance(seed=1000)
    tried = 0
    for name, wrong in perturbations(rhs):
        if not differ(rhs, wrong, elsewhere):
            continue
        tried += 1
        assert normal_form(lhs - wrong) != 0, name
        outcome = check(replace(step, lhs=lhs, rhs=wrong))
        if outcome.status == "undecided":  # refused for its form, not because the instances are blind
            assert name == "index", outcome.detail
            assert any(why in outcome.detail for why in ("runs up to both", "not visibly defined")), outcome.detail
        else:
            assert outcome.status == "failed", (name, outcome.detail)
            assert "random instance" in outcome.detail
    assert tried


@steps_of(Inequality)
def test_a_broken_inequality_is_never_checked(step):
    assert check(replace(step, smaller=step.larger + 1, larger=step.smaller)).status == "failed"
    for name, wrong in perturbations(step.certificate):
        given = [unfolded(fact(given), step) for given in step.given if not isinstance(given, Proved)]
        instance = satisfying(given, count=INSTANCES + 1)[-1]
        if differ(unfolded(step.certificate, step), unfolded(wrong, step), instance):
            assert check(replace(step, certificate=wrong)).status != "checked", name


@steps_of(Inequality)
def test_a_certificate_needs_its_facts(step):
    """Without the facts it rests on, no sign is visible any more: each fact given is used."""
    for n in range(len(step.given)):
        fewer = step.given[:n] + step.given[n + 1 :]
        assert check(replace(step, given=fewer)).status != "checked", step.given[n]


@steps_of(Limit)
def test_a_wrong_limit_fails(step):
    assert check(replace(step, value=step.value + sp.Rational(1, 100))).status == "failed"
    assert check(replace(step, point=sp.S.Zero)).status == "undecided"


def broken(step: Step) -> Step | None:
    """A step with a wrong sign, its sides exchanged or another value; None where that says nothing wrong."""
    match step:
        case Identity() if step.rhs != 0:
            return replace(step, rhs=-step.rhs)
        case Inequality():
            return replace(step, smaller=step.larger + 1, larger=step.smaller)
        case Limit():
            return replace(step, value=step.value + sp.Rational(1, 100))
    return None


def report_of(law: Law, *steps: Step) -> DerivationReport:
    return derivation_report(replace(law, derivation=lambda: list(steps)))


@pytest.mark.parametrize("law", LAWS.values(), ids=list(LAWS))
def test_breaking_a_law_fails_its_derivation(law):
    """The first identity of any law broken, or its first inequality or limit: at least one of them is there."""
    first: dict[type, Step] = {}
    for step in law.derivation():
        if wrong := broken(step):
            first.setdefault(type(step), wrong)
    assert first
    for wrong in first.values():
        assert report_of(law, wrong).status == "failed", wrong.says


def test_a_derivation_without_a_checked_step_is_undecided():
    law = next(iter(LAWS.values()))
    argued = Argued(says="it is so", because="everybody says so")
    assert report_of(law, argued).status == "undecided"
    assert report_of(law).status == "undecided"
