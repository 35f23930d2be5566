"""What one curve cannot say is not said: the reason names what is missing, or how much more would decide."""

from functools import partial

import numpy as np
import sympy as sp

from numerics.judging import one_curve
from theory.claims import Close, Turns
from theory.quantities import CENTRED_LOGIT, LOG_PROBABILITY
from tilted_tables import KNOWN, LOG_PROBS, STRENGTHS, cross_entropy_change, tilted

compare = partial(one_curve.compare, tolerance=1e-3)
"""Of effects down to a thousandth of a unit."""


def test_bump_beyond_the_window_is_judged_as_monotone():
    near = STRENGTHS[(STRENGTHS >= -2) & (STRENGTHS <= -1)]
    verdict = compare("token_bump", near, tilted(near)[:, 2], token=2, **KNOWN)
    assert verdict.verdict == "holds"
    assert "judged as rising: its peak is predicted beyond the window, at a strength above -1" in verdict.reason
    falls = compare("token_bump", near, -3 - near, token=2, **KNOWN)
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
    assert "draws are taken to be independent" in verdict.reason
    assert "independent" not in compare("target_increases", STRENGTHS, shares, scale="probability").reason
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
