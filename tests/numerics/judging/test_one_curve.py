"""One curve against a law: exact tilted tables hold, the laws' own counterexamples depart, bad input is one line."""

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax

from numerics.baseline import Baseline, ConceptDistribution
from numerics.judging.counterexample import counterexample_baseline
from numerics.judging.one_curve import compare
from numerics.lowering.expressions import lower
from theory.catalogue import laws
from theory.claims import Bounded, Close, Turns
from theory.facts import first_sign, sign_changes
from theory.quantities import CONCEPT_LOGIT, PEAK, SINGULAR_VALUES
from theory.tilted import alpha, level
from tilted_tables import KNOWN, LOG_ODDS, LOG_PROBS, STRENGTHS, cross_entropy_change, tilted


def concept_logit(table: np.ndarray, concept: list[int]) -> np.ndarray:
    inside = np.isin(np.arange(table.shape[1]), concept)
    return np.logaddexp.reduce(table[:, inside], axis=1) - np.logaddexp.reduce(table[:, ~inside], axis=1)


EXACT = {
    "tilt": (tilted(), {}),
    "token_bump": (tilted()[:, 1], {}),
    "extremal_tokens": (tilted()[:, 3], {}),
    "logit_shift": (tilted() - tilted().mean(axis=1, keepdims=True), {}),
    "mean_log_odds": (np.exp(tilted()) @ LOG_ODDS, {}),
    "concept_logistic": (concept_logit(tilted(), [2, 3]), {"concept": [2, 3]}),
    "target_increases": (concept_logit(tilted(), [2, 3]), {"concept": [2, 3]}),
    "cross_entropy_exact": (cross_entropy_change(), {}),
    "cross_entropy_curvature": (cross_entropy_change(), {}),
}


@pytest.mark.parametrize("law", EXACT)
def test_exact_tilted_curves_hold(law):
    values, extra = EXACT[law]
    known = {"baseline": Baseline(log_probs=LOG_PROBS[None], log_odds=LOG_ODDS, logit_shift=LOG_ODDS)}
    verdict = compare(law, STRENGTHS, values, **known, **extra)
    assert (verdict.law, verdict.verdict, verdict.evidence) == (law, "holds", "deterministic")
    assert verdict.departure is not None
    assert verdict.departure < 1e-9


def test_curves_over_log_odds_and_ranks():
    """The abscissa is whatever the quantity runs along; bounds may be infinite where a peak lies beyond the window."""
    rising = Turns(says="in order", quantity=PEAK, n=0, first="rising")
    levels, peaks = np.array([-1.5, -0.4, 0.0, 0.7]), np.array([-3.0, -1.0, 0.5, 2.0])
    assert compare(rising, levels, peaks).verdict == "holds"
    verdict = compare(rising, levels, peaks[::-1])
    assert verdict.verdict == "departs"
    assert "log-odds -1.5" in verdict.reason
    assert compare(rising, levels, peaks, np.array([-np.inf, -1, 0.5, 2]), peaks).verdict == "holds"
    above = Bounded(says="one-sided", quantity=PEAK, lower=sp.Piecewise((0, level > 0), (-sp.oo, True)), upper=sp.oo)
    assert compare(above, levels, peaks, log_probs=LOG_PROBS).verdict == "holds"
    assert compare(above, levels, -peaks, log_probs=LOG_PROBS).verdict == "departs"
    flat = Close(says="rank one", quantity=SINGULAR_VALUES, value=sp.S.Zero, domain=sp.Interval(2, sp.oo))
    assert compare(flat, np.arange(1, 5), [3.0, 0, 0, 0], log_probs=LOG_PROBS).verdict == "holds"
    assert compare(flat, np.arange(1, 5), [3.0, 1, 0, 0], log_probs=LOG_PROBS).verdict == "departs"


def test_log_odds_against_the_data_law():
    law = ConceptDistribution(
        inside=np.exp(np.maximum(LOG_ODDS, 0)) / 10,
        outside=np.full(5, 0.1),
        negative_share=np.zeros(5),
        delta=0.2,
    )
    known = Baseline(
        log_probs=LOG_PROBS[None],
        log_odds=LOG_ODDS,
        data_law=law,
        concepts=(LOG_ODDS > 0)[None],
        facts=frozenset({"assumption_1"}),
    )
    assert compare("log_odds_sign", STRENGTHS, 0 * STRENGTHS + 0.7, baseline=known, token=2).verdict == "holds"
    assert compare("log_odds_sign", STRENGTHS, 0 * STRENGTHS - 0.7, baseline=known, token=2).verdict == "departs"
    assert "token=ID" in compare("log_odds_sign", STRENGTHS, 0 * STRENGTHS, baseline=known).reason


def test_turns_that_differ_by_curve():
    """As many as an expression says; where it says nothing the claim does not apply; remainders may be infinite."""
    known = {"log_probs": LOG_PROBS, "log_odds": LOG_ODDS, "concept": [2, 3]}
    claim = Turns(says="t", quantity=CONCEPT_LOGIT, n=sign_changes, first=first_sign)
    assert compare(claim, STRENGTHS, STRENGTHS, **known).verdict == "holds"
    assert compare(claim, STRENGTHS, -STRENGTHS, **known).verdict == "departs"
    for silent in (replace(claim, n=sign_changes - 1), replace(claim, first=0 * first_sign)):
        verdict = compare(silent, STRENGTHS, STRENGTHS, **known)
        assert verdict.verdict == "not_applicable"
        assert "says nothing" in verdict.reason
    near = sp.Piecewise((0, sp.Abs(alpha) < 1), (sp.oo, True))
    local = Close(says="near 0", quantity=CONCEPT_LOGIT, value=alpha, remainder=near, domain=sp.S.Reals - {0})
    assert compare(local, STRENGTHS, np.clip(STRENGTHS, -1, 1), **known).verdict == "holds"
    assert compare(local, STRENGTHS, 2 * STRENGTHS, **known).verdict == "departs"


def test_a_departure_too_small_to_matter_holds_but_not_exactly():
    dented = -np.minimum((STRENGTHS - 0.2) ** 2, (STRENGTHS + 0.2) ** 2)  # by 0.04 at 0, so D- is 0.02
    verdict = compare("token_bump", STRENGTHS, dented)
    assert (verdict.verdict, verdict.tolerance, verdict.exact) == ("holds", 0.1, False)
    strict = compare("token_bump", STRENGTHS, dented, tolerance=1e-3)
    assert (strict.verdict, strict.exact) == ("departs", False)
    near = np.abs(STRENGTHS)[np.abs(STRENGTHS) > 0].min()
    assert strict.horizon == {"strength": [0.0, pytest.approx(near)]}
    assert strict.to_json()["horizon"] == {**(strict.horizon or {}), "push": None, "nats": None}
    relative = compare("token_bump", STRENGTHS, dented, tolerance="5%")
    assert (relative.verdict, relative.relative) == ("holds", True)
    assert relative.tolerance == pytest.approx(0.05 * np.ptp(dented))
    assert compare("token_bump", STRENGTHS, -(STRENGTHS**2), tolerance=0).exact


def test_a_bound_that_nothing_like_the_curve_could_break_is_untested():
    rate = Bounded(says="slow", quantity=CONCEPT_LOGIT, lower=sp.Integer(-1), upper=sp.Integer(1), derivative=1)
    for slope, tested, room in ((0.9, True, 1.0), (0.4, False, 2.0), (1e-9, False, 4.0)):
        verdict = compare(rate, STRENGTHS, slope * STRENGTHS)
        assert (verdict.verdict, verdict.tested, verdict.slack) == ("holds", tested, room)
    one_sided = Bounded(says="up", quantity=CONCEPT_LOGIT, lower=sp.Integer(0), derivative=1)
    assert compare(one_sided, STRENGTHS, 0.1 * STRENGTHS).tested
    assert compare("tilt", STRENGTHS, tilted()[:, 1], token=1, log_probs=LOG_PROBS, log_odds=LOG_ODDS).slack is None


@pytest.mark.parametrize("law", sorted(laws()))
def test_every_laws_own_counterexample_departs(law):
    example = laws()[law].counterexample
    claim = laws()[law].claims[example.claim]
    known = counterexample_baseline(example)
    strengths = np.arange(1.0, 122) if claim.quantity.along == "rank" else np.linspace(*example.window, 121)
    table = np.asarray(lower(example.values, claim.quantity.per)(known, strengths, np.array([example.token])))
    curve = np.broadcast_to(table.reshape(-1, table.shape[-1])[0], 121)
    verdict = compare(claim, strengths, curve, baseline=known, token=example.token, tolerance=1e-3)
    assert verdict.verdict == "departs"
    assert verdict.witness is not None
    assert verdict.witness["strengths"]


def test_curve_of_the_interface_check_is_judged():
    strengths = np.linspace(-5, 5, 101)
    verdict = compare("token_bump", strengths, np.exp(-(strengths**2)))
    assert verdict.verdict == "holds"
    assert "probabilities" in verdict.reason
    assert "taken as met" in verdict.reason


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), vocab=st.integers(3, 7), reach=st.floats(0.1, 40))
def test_random_tilts_hold_whichever_token(seed, vocab, reach):
    rng = np.random.default_rng(seed)
    log_probs = log_softmax(3 * rng.normal(size=vocab))
    log_odds = rng.normal(size=vocab).round(1)
    if np.ptp(log_odds) == 0:
        return
    strengths = np.linspace(-reach, reach, 65)
    table = tilted(strengths, log_probs, log_odds)
    law = "token_bump" if log_odds.min() < log_odds[0] < log_odds.max() else "extremal_tokens"
    assert compare(law, strengths, table[:, 0], log_probs=log_probs, log_odds=log_odds, token=0).verdict == "holds"


FALLING = -1 - np.arange(len(STRENGTHS), dtype=float)


def test_rounding_may_put_a_log_probability_above_zero_and_a_value_outside_its_bounds():
    certain = np.array([-1e-7, 1e-7, -2e-7, -1.0], np.float32)
    assert compare("token_bump", np.arange(4.0), certain).verdict != "not_applicable"
    bounds = certain.astype(np.float64) * (1 + 1e-7)
    assert compare("token_bump", np.arange(4.0), certain, bounds, bounds).verdict != "not_applicable"


@pytest.mark.parametrize(
    ("args", "kwargs", "says"),
    [
        (("token_bum", STRENGTHS, STRENGTHS), {}, "unknown law 'token_bum'; did you mean token_bump"),
        (("zzz", STRENGTHS, STRENGTHS), {}, "known laws: .*tilt"),
        ((3, STRENGTHS, STRENGTHS), {}, "got int"),
        (("tilt", STRENGTHS, STRENGTHS[:5]), {}, r"shape \(5,\)"),
        (("tilt", STRENGTHS[:2], STRENGTHS[:2]), {}, "2 strengths given, at least 3"),
        (("tilt", STRENGTHS[::-1], STRENGTHS), {}, "must ascend"),
        (("token_bump", STRENGTHS, np.where(STRENGTHS == 0, np.nan, STRENGTHS)), {}, "strength 0 is not a number"),
        (("token_bump", STRENGTHS, STRENGTHS, STRENGTHS), {}, "both lower and upper"),
        (
            ("token_bump", STRENGTHS, FALLING, FALLING + 1, FALLING + 2),
            {},
            "at strength -.* do not hold their value: got",
        ),
        (("token_bump", STRENGTHS, FALLING), {"tolerance": -1}, "0 or more"),
        (("tilt", STRENGTHS, FALLING), {"log_probs": LOG_PROBS + 0.1, "log_odds": LOG_ODDS}, r"off by \+0\.105"),
        (("tilt", STRENGTHS, FALLING), {"log_probs": LOG_PROBS, "log_odds": LOG_ODDS[:2]}, "log_odds"),
        (("tilt", STRENGTHS, FALLING), {**KNOWN, "token": 9}, "token 9 is out of range"),
        (("token_bump", STRENGTHS, FALLING, FALLING - 1, FALLING - 0.5), {}, "do not hold their value"),
        (("token_bump", STRENGTHS, FALLING + 1000), {}, "a log-probability is at most 0, got 9.* at strength"),
        (("token_bump", STRENGTHS, FALLING + 1000, FALLING + 999, FALLING + 1001), {}, "at most 0, got"),
        (("concept_logistic", STRENGTHS, STRENGTHS), {**KNOWN, "concept": []}, "some but not all"),
        (("mean_log_odds", STRENGTHS, STRENGTHS), {"scale": "probability"}, "no probability scale"),
        (("token_bump", STRENGTHS, STRENGTHS), {"scale": "probability"}, "between 0 and 1"),
        (("token_bump", STRENGTHS, STRENGTHS.astype(str)), {}, "real numbers"),
    ],
)
def test_bad_input_is_one_clear_line(args, kwargs, says):
    with pytest.raises(ValueError, match=says) as caught:
        compare(*args, **kwargs)
    assert "\n" not in str(caught.value)
