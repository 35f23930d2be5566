"""A claim is what the steps that it names state: no other claim passes for it, and no other step."""

from dataclasses import replace

import pytest
import sympy as sp

from theory.catalogue import derivation_report, find_law, laws
from theory.claims import ALWAYS, Bounded, Claim, Close, Turns
from theory.law import Law
from theory.proofs import proofs
from theory.steps import Identity, Inequality
from theory.tilted import M, M_max, alpha, cgf, expectation, log_tilted, y, z

LAWS = laws()
QUICK = ("tilt", "target_increases", "extremal_tokens", "mean_log_odds", "dominated_concept_decreases", "token_bump")


def how(law: Law, claim: Claim) -> str:
    (proof,) = proofs(replace(law, claims=(claim,)))
    return proof.how


def broken(claim: Claim) -> list[Claim]:
    match claim:
        case Close():
            value = replace(claim, value=claim.value * sp.Rational(101, 100) + sp.Rational(1, 7))
            beyond = alpha ** (claim.derivative + 1) / 7
            integral = [] if claim.integral is None else [replace(claim, integral=claim.integral + beyond)]
            return [value, *integral]
        case Turns(n=0, first=str()):
            return [replace(claim, first="falling" if claim.first == "rising" else "rising")]
        case Turns(n=1, first=str()):
            other = "falling" if claim.first == "rising" else "rising"
            return [replace(claim, n=0), replace(claim, first=other), replace(claim, turn=(claim.turn or 0) - 1)]
        case Bounded():
            lower = [] if claim.lower is None else [replace(claim, lower=claim.lower + sp.Rational(1, 7))]
            upper = [] if claim.upper is None else [replace(claim, upper=claim.upper - sp.Rational(1, 7))]
            return [*lower, *upper]
    return []


@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow) for n in LAWS])
def test_every_claim_is_stated_or_argued_for_by_the_steps_it_names(name):
    for claim, proof in zip(LAWS[name].claims, proofs(LAWS[name]), strict=True):
        assert proof.how in ("stated", "argued"), (claim.says, proof.why)
        assert proof.steps


@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow) for n in LAWS])
def test_a_broken_claim_is_not_stated(name):
    law = LAWS[name]
    for claim in law.claims:
        if how(law, claim) == "stated":
            for wrong in broken(claim):
                assert how(law, wrong) == "not stated", (claim.says, wrong)


def test_a_step_that_says_something_else_states_no_claim():
    """`K(0) = 0` does not make every token fall."""
    tilt = find_law("tilt")
    *others, at_zero = tilt.derivation()
    steps = [*others, replace(at_zero, name="zero")]
    assert isinstance(at_zero, Identity)
    assert (at_zero.lhs, at_zero.rhs) == (cgf(sp.S.Zero), 0)
    falls = Turns(says="every token falls", quantity=tilt.claims[0].quantity, n=0, first="falling", proof=("zero",))
    law = replace(tilt, derivation=lambda: steps, claims=(falls,))
    (proof,) = proofs(law)
    assert (proof.how, proof.why) == ("not stated", "the steps named state something else")
    assert derivation_report(law).status == "undecided"


def test_a_claim_names_steps_that_there_are():
    tilt = find_law("tilt")
    assert how(tilt, replace(tilt.claims[0], proof=())) == "not stated"
    (proof,) = proofs(replace(tilt, claims=(replace(tilt.claims[0], proof=("nothing",)),)))
    assert proof.why == "no step is named nothing"


def test_what_a_step_supposes_is_granted_by_the_condition():
    """Without its condition the claim speaks of concepts for which the step proves nothing."""
    law = find_law("dominated_concept_decreases")
    assert how(law, law.claims[0]) == "stated"
    assert how(law, replace(law.claims[0], condition=ALWAYS)) == "not stated"
    assert how(law, replace(law.claims[0], condition=law.claims[1].condition)) == "not stated"


def test_a_hypothesis_grants_what_it_says_and_no_more():
    law = find_law("target_increases")
    assert how(law, law.claims[0]) == "stated"
    assert how(replace(law, grants=()), law.claims[0]) == "not stated"
    assert how(law, replace(law.claims[0], condition=ALWAYS)) == "not stated"


def test_a_step_that_replaces_the_log_odds_states_no_claim_about_curves():
    tilt = find_law("tilt")
    trivial = Identity(name="t", says="", lhs=log_tilted(), rhs=sp.log(sp.exp(log_tilted())), where=((M[y], 0 * M[y]),))
    claim = replace(tilt.claims[0], value=log_tilted() + M[z], proof=("t",))
    assert how(replace(tilt, derivation=lambda: [trivial]), claim) == "not stated"


def test_a_bound_on_one_side_of_0_is_no_bound_on_the_other():
    law = find_law("mean_log_odds")
    t = sp.Symbol("t", nonnegative=True)
    step = Inequality(
        name="b",
        says="",
        smaller=expectation(M[y]).subs(alpha, t),
        larger=M_max,
        certificate=expectation(M_max - M[y]).subs(alpha, t),
        given=(M_max >= M[y],),
    )
    claim = Bounded(says="", quantity=law.claims[1].quantity, upper=M_max, proof=("b",))
    one_sided = replace(law, derivation=lambda: [step])
    assert how(one_sided, replace(claim, domain=sp.Interval(0, sp.oo))) == "stated"
    assert how(one_sided, claim) == "not stated"
    assert how(one_sided, replace(claim, domain=sp.Interval(-sp.oo, 0))) == "not stated"
