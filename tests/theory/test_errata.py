"""Every entry of the errata: it reproduces, and with its instance corrupted it no longer does."""

import json
from dataclasses import FrozenInstanceError, replace
from fractions import Fraction
from pathlib import Path

import pytest
import sympy as sp

import theory.errata
from theory.catalogue import laws
from theory.errata import Erratum, Evidence, Fact, errata
from theory.errata._concepts import rationals, smoothing, weighted

ERRATA = errata()
each_entry = pytest.mark.parametrize("erratum", ERRATA.values(), ids=list(ERRATA))


def instance(entry: str):
    return ERRATA[entry].instance


# entry -> corrupted instances, each with the start of a fact that has to fail on it
TWO_STEPS = instance("texts_are_not_tokens")
CORRUPTED = {
    "texts_are_not_tokens": [
        (replace(TWO_STEPS, after=(TWO_STEPS.first,) * 3), "the chance that the text holds a target token falls"),
        (replace(TWO_STEPS, odds=(0, 1, -1)), "at the start the target's probability rises"),
        (replace(TWO_STEPS, after=TWO_STEPS.after[::-1]), "the chance that the text holds a target token falls"),
    ],
    "inner_concept_limit": [
        (replace(instance("inner_concept_limit"), negatives=(2,)), fact)
        for fact in (
            "the concept holds no token of extremal log-odds",
            "the concept's probability tends to 0 as alpha -> -oo",
            "dp(C) -> -mean p(z|c), not 0, as alpha -> -oo",
        )
    ],
    "other_concepts_rise": [
        (replace(instance("other_concepts_rise"), context=0), "E_0[M] < 0"),
        (replace(instance("other_concepts_rise"), context=0), "the probability of C3 rises"),
        (replace(instance("other_concepts_rise"), context=2), "and goes on rising"),
        (replace(instance("other_concepts_rise"), negatives=(2,)), "C3 is not the target and has log-odds 0"),
    ],
    "concept_turns_twice": [
        (replace(instance("concept_turns_twice"), context=0), "its slope has exactly two zeros"),
        (replace(instance("concept_turns_twice"), negatives=(1,)), "sorted by log-odds"),
        (replace(instance("concept_turns_twice"), negatives=(2,)), "the concept alone holds the smallest"),
    ],
    "expanded_limits": [
        (replace(instance("expanded_limits"), negatives=(1,)), "the tokens of smallest log-odds come from two"),
        (replace(instance("expanded_limits"), negatives=(1,)), "at -oo, a_z throughout"),
        (replace(instance("expanded_limits"), context=0), "but off them they give -b_z"),
        (replace(instance("expanded_limits"), context=0), "and -a_z for an off-target token"),
    ],
    "peak_sign_conditions": [
        (
            replace(instance("peak_sign_conditions"), **{name: replace(data, context=context)}),
            f"{label}: M(z1) < E_0[M]",
        )
        for name, label, data, context in (
            ("target_context", "target context", instance("peak_sign_conditions").target_context, 1),
            ("large_eps", "large eps", instance("peak_sign_conditions").large_eps, 1),
        )
    ],
    "calibration": [
        (replace(instance("calibration"), mix=Fraction(0)), "the slope of the cross-entropy at 0 is positive"),
        (replace(instance("calibration"), mix=Fraction(11, 100)), "that slope"),
        (replace(instance("calibration"), mix=Fraction(11, 100)), "the strength of the minimum"),
        (replace(instance("calibration"), mix=Fraction(11, 100)), "the change of cross-entropy there"),
    ],
    "transformer_limit_conditions": [
        (replace(instance("transformer_limit_conditions"), **change), fact)
        for change, fact in (
            ({"norm_epsilon": sp.Integer(0)}, "which is not the norm of v with it"),
            ({"vector": (sp.Integer(1),) * 3}, "LayerNorm: with any other v"),
            ({"prompts": ((sp.Integer(1),) * 3, (sp.Integer(2),) * 3)}, "a position with v_t = 0 keeps its prompt"),
            ({"mixing": (0, 1, 2)}, "a pre-norm block leaves the limit"),
            ({"soft_cap": sp.Integer(3)}, "a limit logit exceeds the soft-cap"),
            ({"unembedding": ((sp.Integer(1),) * 3,) * 4}, "the limit logits are finite and differ"),
        )
    ],
    "extremal_peaks": [
        (smoothing(groups=3, size=2, eps=Fraction(1, 20), context=0, negatives=(1,)), "the target holds tokens of"),
    ],
    "tied_target_tokens": [
        (
            weighted(
                gammas=rationals("1/4 3/4 | 1/2 1/2"),
                omegas=rationals("1/2 1/2 | 1/2 1/2"),
                eps=Fraction(1, 20),
                context=1,
                negatives=(1,),
            ),
            fact,
        )
        for fact in ("a_z/b_z is the same", "the tokens of largest log-odds are the target", "no target token bumps")
    ],
    "quadratic_is_local": [
        (smoothing(groups=3, size=3, eps=Fraction(1, 10), context=0, negatives=(1,)), f"at alpha = {strength} ")
        for strength in ("1/100", "1/10", "1/2", "1")
    ],
}  # fmt: skip


@each_entry
def test_reproduces(erratum: Erratum):
    evidence = erratum.check()
    assert evidence.facts
    assert evidence.kind == erratum.evidence
    if erratum.instance is None:
        assert evidence.kind in ("argued", "measured")
        assert evidence.holds is None, "without an instance nothing is decided"
    else:
        failing = [fact for fact in evidence.facts if fact.holds is not True]
        assert not failing
        assert evidence.holds is True


@pytest.mark.parametrize(
    ("entry", "corrupted", "fact"),
    [(entry, corrupted, fact) for entry, cases in CORRUPTED.items() for corrupted, fact in cases],
)
def test_fails_on_a_corrupted_instance(entry: str, corrupted: object, fact: str):
    evidence = replace(ERRATA[entry], instance=corrupted).check()
    assert evidence.holds is False
    (found,) = [found for found in evidence.facts if found.says.startswith(fact)]
    assert found.holds is False


@each_entry
def test_every_instance_is_corrupted_above(erratum: Erratum):
    assert (erratum.id in CORRUPTED) == (erratum.instance is not None)


@each_entry
def test_wording_speaks_of_v1(erratum: Erratum):
    assert erratum.published.startswith("v1 ")
    for text in (erratum.published, erratum.provable):
        assert text.endswith(".")
    assert "v1" in erratum.to_json()["text"]
    assert erratum.where
    assert erratum.law


@each_entry
def test_json_is_complete(erratum: Erratum):
    entry = json.loads(json.dumps(erratum.to_json()))
    fields = ("text", "id", "number", "kind", "where", "law", "published", "provable", "evidence", "instance")
    assert set(entry) == set(fields)
    evidence = json.loads(json.dumps(erratum.check().to_json()))
    assert set(evidence) == {"kind", "holds", "facts"}
    assert all(set(fact) == {"says", "holds", "strength", "value"} for fact in evidence["facts"])


def test_json_keeps_rationals_exact():
    assert ERRATA["other_concepts_rise"].to_json()["instance"]["inside"] == [["11/30"]] * 3


def test_numbered_in_the_order_errors_conditions_remarks():
    assert [erratum.number for erratum in ERRATA.values()] == list(range(1, len(ERRATA) + 1))
    order = ["error", "missing condition", "remark"]
    assert [erratum.kind for erratum in ERRATA.values()] == sorted(
        (erratum.kind for erratum in ERRATA.values()), key=order.index
    )


def test_every_file_is_an_entry():
    folder = Path(theory.errata.__file__).parent
    assert {path.stem for path in folder.glob("[!_]*.py")} == set(ERRATA)


def test_entries_are_frozen():
    with pytest.raises(FrozenInstanceError):
        ERRATA["calibration"].number = 12  # pyright: ignore[reportAttributeAccessIssue]


def test_evidence_is_as_strong_as_its_weakest_fact():
    sure = Fact(says="sure", holds=True)
    balls = Fact(says="balls", holds=True, strength="certified")
    unknown = Fact(says="unknown", holds=None, strength="certified")
    wrong = Fact(says="wrong", holds=False)
    assert Evidence(facts=(sure,)).kind == "exact"
    assert Evidence(facts=(balls, sure)).kind == "certified"
    assert Evidence(facts=(sure, balls)).holds is True
    assert Evidence(facts=(sure, unknown)).holds is None
    assert Evidence(facts=(unknown, wrong)).holds is False


def test_laws_named_are_in_the_catalogue():
    assert {erratum.law for erratum in ERRATA.values()} <= set(laws())
