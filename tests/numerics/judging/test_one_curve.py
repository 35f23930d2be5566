"""One curve against a law: exact tilted tables hold, planted departures depart at the right place."""

from dataclasses import replace
from typing import Any

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
from theory.quantities import CENTRED_LOGIT, CONCEPT_LOGIT, LOG_PROBABILITY, PEAK, SINGULAR_VALUES
from theory.tilted import alpha, level

STRENGTHS = np.linspace(-6, 6, 97)
LOG_PROBS = np.log([0.2, 0.3, 0.1, 0.25, 0.15])
LOG_ODDS = np.array([-1.5, 0.0, 0.7, 2.0, -0.4])
KNOWN: dict[str, Any] = {"log_probs": LOG_PROBS, "log_odds": LOG_ODDS}


def tilted(strengths=STRENGTHS, log_probs=LOG_PROBS, log_odds=LOG_ODDS) -> np.ndarray:
    """The table of log-probabilities [strengths, vocab], straight from a softmax."""
    return log_softmax(log_probs + strengths[:, None] * log_odds, axis=1)


def cross_entropy_change(strengths=STRENGTHS) -> np.ndarray:
    return np.logaddexp.reduce(LOG_PROBS + strengths[:, None] * LOG_ODDS, axis=1) - strengths * (
        np.exp(LOG_PROBS) @ LOG_ODDS
    )


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


@pytest.mark.parametrize("law", sorted(laws()))
def test_every_laws_own_counterexample_departs(law):
    example = laws()[law].counterexample
    claim = laws()[law].claims[example.claim]
    known = counterexample_baseline(example)
    strengths = np.arange(1.0, 122) if claim.quantity.along == "rank" else np.linspace(*example.window, 121)
    table = np.asarray(lower(example.values, claim.quantity.per)(known, strengths, np.array([example.token])))
    curve = np.broadcast_to(table.reshape(-1, table.shape[-1])[0], 121)
    verdict = compare(claim, strengths, curve, baseline=known, token=example.token)
    assert verdict.verdict == "departs"
    assert verdict.witness is not None
    assert verdict.witness["strengths"]


def test_curve_of_the_interface_check_is_judged():
    strengths = np.linspace(-5, 5, 101)
    verdict = compare("token_bump", strengths, np.exp(-(strengths**2)))
    assert verdict.verdict == "holds"
    assert "probabilities" in verdict.reason
    assert "taken as met" in verdict.reason


# planted departures: the right verdict, and a witness that names the right place


def test_two_bumps():
    values = -np.minimum((STRENGTHS - 3) ** 2, (STRENGTHS + 3) ** 2)
    verdict = compare("token_bump", STRENGTHS, values)
    assert verdict.verdict == "departs"
    assert verdict.departure == pytest.approx(4.5)
    assert verdict.witness == {"strengths": [-3.0, 0.0, 3.0], "values": [0.0, -9.0, 0.0]}


def test_a_tiny_bump_from_1e_minus_9_to_1e_minus_7_is_a_bump():
    values = 1e-9 * 100 ** np.exp(-((STRENGTHS - 1) ** 2))
    assert compare("token_bump", STRENGTHS, values).verdict == "holds"
    dented = np.where(STRENGTHS == 1.0, 1e-8, values)
    verdict = compare("token_bump", STRENGTHS, dented)
    assert verdict.verdict == "departs"
    assert verdict.departure == pytest.approx(np.log(10) / 2, rel=0.05)
    assert verdict.witness is not None
    assert verdict.witness["strengths"][1] == 1.0


def test_late_rise_of_a_token_that_should_only_fall():
    values = tilted()[:, 0] + np.where(STRENGTHS > 5, 40 * (STRENGTHS - 5), 0)
    verdict = compare("extremal_tokens", STRENGTHS, values, token=0, **KNOWN)
    assert verdict.verdict == "departs"
    assert "smallest" in verdict.claim
    assert verdict.witness is not None
    assert verdict.witness["strengths"] == [5.0, 6.0]


def test_tilt_with_the_wrong_sign():
    verdict = compare("tilt", STRENGTHS, tilted()[::-1, 1], token=1, **KNOWN)
    assert verdict.verdict == "departs"
    gap = np.abs(tilted()[::-1, 1] - tilted()[:, 1])
    assert verdict.departure == pytest.approx(gap.max(), rel=1e-9)
    assert verdict.witness is not None
    assert abs(verdict.witness["strengths"][0]) == 6.0


def test_plateau_missing():
    limits = np.array([[1.0, 0.0, -1.0], [-1.0, 0.0, 1.0]])
    known = Baseline(
        log_probs=np.log([[0.5, 0.3, 0.2]]),
        limit_logits=limits,
        limit_strength=10.0,
        limit_remainder=1e-5,
        facts=frozenset({"pre_norm"}),
    )
    strengths = np.linspace(-20, 20, 81)
    flat = np.sign(strengths) * np.minimum(np.abs(strengths) / 10, 1)
    assert compare("transformer_limit", strengths, flat, baseline=known, token=2).verdict == "holds"
    verdict = compare("transformer_limit", strengths, strengths / 10, baseline=known, token=2)
    assert verdict.verdict == "departs"
    assert verdict.witness is not None
    assert abs(verdict.witness["strengths"][0]) == 20.0
    near = compare("transformer_limit", strengths[20:61] / 2, flat[20:61], baseline=known, token=2)
    assert near.verdict == "undecided"
    assert "go as far as" in near.reason
    strict = compare("transformer_limit", strengths, flat, baseline=known, token=2, tolerance=1e-5)
    assert strict.verdict == "undecided"
    assert "remainder" in strict.reason
    post_norm = Baseline(log_probs=known.log_probs, limit_logits=limits, limit_strength=10.0, limit_remainder=1e-5)
    unmet = compare("transformer_limit", strengths, flat, baseline=post_norm, token=2)
    assert unmet.verdict == "not_applicable"
    assert "pre-norm" in unmet.reason


def test_asymmetric_u_that_is_not_convex():
    values = np.where(STRENGTHS < 3, STRENGTHS**2, 9 + 0.1 * (STRENGTHS - 3))
    verdict = compare("cross_entropy_exact", STRENGTHS, values)
    assert verdict.verdict == "departs"
    assert verdict.witness is not None
    assert verdict.witness["strengths"][1] == 3.0
    lopsided = np.where(STRENGTHS < 0, 3 * STRENGTHS**2, STRENGTHS**2)
    assert compare("cross_entropy_exact", STRENGTHS, lopsided).verdict == "holds"


def test_shifted_minimum():
    shifted = cross_entropy_change() + 0.2 * STRENGTHS
    for law in ("cross_entropy_exact", "cross_entropy_curvature"):
        verdict = compare(law, STRENGTHS, shifted, **KNOWN)
        assert verdict.verdict == "departs"
    verdict = compare(laws()["cross_entropy_curvature"].claims[1], STRENGTHS, shifted, **KNOWN)
    assert verdict.witness is not None
    assert verdict.witness["strengths"][0] < 0
    assert verdict.witness["values"][0] < 0


def test_float32_curves_hold_within_their_own_rounding_and_not_within_float64s():
    low = log_softmax((LOG_PROBS + STRENGTHS[:, None] * LOG_ODDS).astype(np.float32), axis=1)
    assert low.dtype == np.float32
    assert compare("tilt", STRENGTHS, low[:, 1], token=1, **KNOWN).verdict == "holds"
    assert compare("tilt", STRENGTHS, low[:, 1].astype(np.float64), token=1, **KNOWN).verdict == "departs"


# what cannot be said is not said


def test_bump_beyond_the_window_is_judged_as_monotone():
    near = STRENGTHS[(STRENGTHS >= -2) & (STRENGTHS <= -1)]
    verdict = compare("token_bump", near, tilted(near)[:, 2], token=2, **KNOWN)
    assert verdict.verdict == "holds"
    assert "judged as rising: its peak is predicted beyond the window, at a strength above -1" in verdict.reason
    falls = compare("token_bump", near, -near, token=2, **KNOWN)
    assert falls.verdict == "departs"
    assert falls.witness is not None
    assert falls.witness["strengths"] == [-2.0, -1.0]
    late = STRENGTHS[STRENGTHS >= 4]
    verdict = compare("token_bump", late, tilted(late)[:, 2], token=2, **KNOWN)
    assert verdict.verdict == "holds"
    assert "judged as falling" in verdict.reason


def test_monotone_data_leave_an_unpredicted_bump_undecided():
    for values in (STRENGTHS - 7, -STRENGTHS - 7, np.full_like(STRENGTHS, -1.0)):
        verdict = compare("token_bump", STRENGTHS, values)
        assert verdict.verdict == "undecided"
        assert "widen the window" in verdict.reason


def test_wide_band_is_undecided_and_says_how_narrow_would_decide():
    bound = 0.05
    verdict = compare("token_bump", STRENGTHS, -(STRENGTHS**2), -(STRENGTHS**2) - bound, -(STRENGTHS**2) + bound)
    assert (verdict.verdict, verdict.evidence) == ("undecided", "statistical")
    assert "±0.05" in verdict.reason
    enough = float(verdict.reason.split("a band of ±")[1].split()[0])
    narrow = compare("token_bump", STRENGTHS, -(STRENGTHS**2), -(STRENGTHS**2) - enough, -(STRENGTHS**2) + enough)
    assert narrow.verdict in ("holds", "departs")
    assert "times the samples" in verdict.reason


def test_a_slope_that_shrinks_says_how_much_wider_the_window_must_be():
    verdict = compare("token_bump", STRENGTHS, -((STRENGTHS - 7) ** 2) - 1)
    assert "its slope would vanish near 7" in verdict.reason
    assert "vanish" not in compare("token_bump", STRENGTHS, STRENGTHS - 7).reason


def test_the_number_of_samples_said_to_decide_decides():
    """At shares that stay what they are; the bounds go as 1/sqrt(samples) only nearly, hence the fifth to spare."""
    few, at = 400, np.linspace(-2, 2, 9)
    shares = np.round(few / (1 + np.exp(-at))) / few
    shares[6] = shares[5] - 0.02
    verdict = compare("target_increases", at, shares, scale="probability", trials=few)
    assert verdict.verdict == "undecided"
    needed = int(verdict.reason.split("about ")[1].split()[0])
    assert needed > 2 * few
    outcomes = [
        compare("target_increases", at, shares, scale="probability", trials=samples).verdict
        for samples in (int(0.8 * needed), int(1.2 * needed))
    ]
    assert outcomes == ["undecided", "departs"]


def test_peaks_that_a_grid_does_not_tell_apart_say_how_much_finer_it_must_be():
    levels, peaks = np.array([0.0, 0.5, 1.0]), np.array([-1.0, 0.05, 1.0])

    def judged(step):
        return compare("peak_order", levels, peaks, peaks - step, peaks + step)

    verdict = judged(1.2)
    assert verdict.verdict == "undecided"
    assert "near 0.05 and 1" in verdict.reason
    finer = float(verdict.reason.split("a grid ")[1].split()[0])
    assert judged(1.2 / (0.85 * finer)).verdict == "undecided"
    assert judged(1.2 / finer).verdict == "holds"


def test_a_sampled_departure_says_from_which_level_on_it_is_one():
    at, shares = np.linspace(-2, 2, 5), np.array([0.1, 0.3, 0.5, 0.3, 0.8])
    verdict = compare("target_increases", at, shares, scale="probability", trials=100, level=0.3)
    assert verdict.verdict == "departs"
    level = float(verdict.reason.split("ruled out at every level above ")[1].split(";")[0])
    assert 0 < level < 0.3
    for share, outcome in ((0.9, "undecided"), (1.1, "departs")):
        again = compare("target_increases", at, shares, scale="probability", trials=100, level=share * level)
        assert again.verdict == outcome


def test_saturated_sampling_noise_is_not_a_departure():
    trials, rng = 200, np.random.default_rng(0)
    truth = 1 / (1 + np.exp(-4 * STRENGTHS))
    shares = rng.binomial(trials, truth) / trials
    verdict = compare("target_increases", STRENGTHS, shares, scale="probability", trials=trials)
    assert verdict.verdict != "departs"
    dropped = np.where(STRENGTHS > 3, 0.5, shares)
    verdict = compare("target_increases", STRENGTHS, dropped, scale="probability", trials=trials)
    assert verdict.verdict == "departs"
    assert verdict.evidence == "statistical"
    assert verdict.witness is not None
    assert verdict.witness["strengths"][0] < 3 < verdict.witness["strengths"][1]


def test_missing_inputs_are_named():
    verdict = compare("tilt", STRENGTHS, tilted()[:, 1])
    assert (verdict.verdict, verdict.departure, verdict.witness) == ("not_applicable", None, None)
    assert "log_probs" in verdict.reason
    assert "log_odds" in compare("tilt", STRENGTHS, tilted()[:, 1], log_probs=LOG_PROBS, token=1).reason
    assert "token=ID" in compare("tilt", STRENGTHS, tilted()[:, 1] + 1, **KNOWN).reason
    partly = compare("cross_entropy_exact", STRENGTHS, cross_entropy_change())
    assert partly.verdict == "holds"
    assert "not judged" in partly.reason


def test_unmet_condition_is_named():
    verdict = compare("token_bump", STRENGTHS, tilted()[:, 3], token=3, **KNOWN)
    assert verdict.verdict == "not_applicable"
    assert "interior token" in verdict.reason


def test_claims_with_rival_unchecked_conditions_leave_the_law_undecided():
    verdict = compare("extremal_tokens", STRENGTHS, tilted()[:, 3])
    assert verdict.verdict == "undecided"
    assert "log_odds" in verdict.reason
    assert compare("extremal_tokens", STRENGTHS, -(STRENGTHS**2)).verdict == "departs"


def test_domain_limits_where_a_claim_is_judged():
    claim = Turns(says="rises", quantity=LOG_PROBABILITY, n=0, first="rising", domain=sp.Interval.open(0, sp.oo))
    assert compare(claim, STRENGTHS, -np.abs(STRENGTHS)).verdict == "departs"
    assert compare(claim, STRENGTHS, np.abs(STRENGTHS) - 9).verdict == "holds"
    far = Close(says="is 1", quantity=CENTRED_LOGIT, value=sp.S.One, domain=sp.Interval(50, sp.oo))
    verdict = compare(far, STRENGTHS, np.ones_like(STRENGTHS), log_probs=LOG_PROBS, token=0)
    assert verdict.verdict == "undecided"
    assert "go as far as" in verdict.reason


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
        (("token_bump", STRENGTHS, STRENGTHS, STRENGTHS + 1, STRENGTHS), {}, "lower bound above"),
        (("token_bump", STRENGTHS, STRENGTHS), {"tolerance": -1}, "0 or more"),
        (("tilt", STRENGTHS, STRENGTHS), {"log_probs": LOG_PROBS + 0.1, "log_odds": LOG_ODDS}, r"off by \+0\.105"),
        (("tilt", STRENGTHS, STRENGTHS), {"log_probs": LOG_PROBS, "log_odds": LOG_ODDS[:2]}, "log_odds"),
        (("tilt", STRENGTHS, STRENGTHS), {**KNOWN, "token": 9}, "token 9 is out of range"),
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
