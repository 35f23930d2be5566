"""What is said before a curve is looked at, against roots found by SciPy, sets asked by SymPy and fifty digits."""

import itertools
import re
from dataclasses import replace
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import softmax

from numerics.baseline import Baseline
from numerics.judging.one_curve import compare
from numerics.judging.prediction import (
    AFTER,
    BEFORE,
    INSIDE,
    UNKNOWN,
    condition_met,
    is_limit,
    judged_strengths,
    limit_reach,
    predicted,
    turning,
    turning_side,
)
from numerics.lowering.setting import MissingInputError, settings_of
from theory.catalogue import find_law
from theory.claims import ALWAYS, Bounded, Close, Turns
from theory.quantities import CONCEPT_LOGIT, LOG_PROBABILITY, PEAK
from theory.tilted import M, alpha, z

BASE = np.log([[0.2, 0.3, 0.4, 0.1], [0.7, 0.1, 0.1, 0.1]])
ODDS = np.array([-1.0, 0.5, 0.0, 2.0])
KNOWN = settings_of(Baseline(log_probs=BASE, log_odds=ODDS))
WITHOUT_ODDS = settings_of(Baseline(log_probs=BASE))
BUMP: Any = find_law("token_bump").claims[0]
EPS = 2.0**-52


def test_a_peak_on_the_end_of_the_window_is_beyond_it():
    """Of a token at the mean of a symmetric distribution the peak is at 0 exactly: on [0, 2] it only falls."""
    known = {"log_probs": np.log([0.25, 0.5, 0.25]), "log_odds": np.array([-1.0, 0.0, 1.0]), "token": 1}
    strengths = np.linspace(0, 2, 21)
    falls = np.log(0.5) - np.log(0.5 + 0.5 * np.cosh(strengths))
    found = compare("token_bump", strengths, falls, **known)
    assert found.verdict == "holds"
    assert "judged as falling: its peak is predicted before the window, at a strength below 0" in found.reason
    bump = np.log(0.5) - np.log(0.5 + 0.5 * np.cosh(strengths - 1))
    assert compare("token_bump", strengths, bump, **known).verdict == "departs"


def test_the_error_of_a_prediction_counts_what_cancels():
    """An offset of the log-odds changes no probability, but alpha times it is what the tilt is computed from."""
    odds, base = 1e7 + np.array([-0.3, 0.1, 0.7]), np.log([0.2, 0.5, 0.3])
    strengths = np.linspace(-40, 40, 33)
    claim: Any = find_law("tilt").claims[0]
    settings = settings_of(Baseline(log_probs=base[None], log_odds=odds))
    value, error = predicted(claim.value, claim, strengths, (1, 3), settings)
    exact = np.empty_like(value)
    with mpmath.workdps(40):
        for row, alpha in enumerate(strengths):
            logs = [mpmath.mpf(b) + mpmath.mpf(alpha) * mpmath.mpf(m) for b, m in zip(base, odds, strict=True)]
            total = mpmath.log(sum(mpmath.exp(log - max(logs)) for log in logs)) + max(logs)
            exact[row] = [float(log - total) for log in logs]
    normal = np.log(np.exp(base).sum())  # how far the rounded base is from summing to one
    away = np.abs(value - exact) - abs(normal)
    assert (away <= error).all()
    assert (away > 1e-12 * (1 + np.abs(value))).any()  # which rounding of the result alone would not cover


@settings(max_examples=15, deadline=None)
@given(odds=st.lists(st.integers(-2, 2), min_size=5, max_size=5), data=st.data())
def test_a_condition_is_met_by_those_of_whom_it_is_true(odds, data):
    assume(len(set(odds)) > 1)
    count = len(odds)
    known = settings_of(Baseline(log_probs=np.full((2, count), -np.log(count)), log_odds=np.array(odds, float)))
    tokens = data.draw(st.none() | st.lists(st.integers(0, count - 1), min_size=1, unique=True).map(np.array))
    chosen = range(count) if tokens is None else tokens.tolist()
    met, assumed = condition_met(BUMP, (2, len(chosen)), known, tokens)
    assert met.tolist() == 2 * [[min(odds) < odds[token] < max(odds) for token in chosen]]
    assert assumed == ""


def test_a_condition_that_cannot_be_checked_is_taken_as_met_if_asked_and_said_to_be():
    always = replace(BUMP, condition=ALWAYS)
    for known, lacks in ((None, "log_probs and log_odds"), (WITHOUT_ODDS, "log_odds")):
        assert condition_met(always, (2, 4), known)[0].tolist() == 2 * [4 * [True]]
        with pytest.raises(MissingInputError) as missing:
            condition_met(BUMP, (2, 4), known)
        assert missing.value.field == lacks
        for why, says in (("", rf"needs {lacks}, which .* not given"), ("of a reason", "of a reason")):
            met, assumed = condition_met(BUMP, (2, 4), known, assume=why)
            assert met.tolist() == 2 * [4 * [True]]
            assert re.fullmatch(rf"taken as met, unchecked \({says}\): interior token: .*", assumed)


def test_turns_may_differ_from_curve_to_curve():
    count, way = turning(replace(BUMP, n=sp.Piecewise((2, M[z] > 0), (-1, True)), first=3 * M[z]), (2, 4), KNOWN)
    assert count.tolist() == 2 * [[-1, 2, -1, 2]]
    assert way.tolist() == 2 * [[-1, 1, 0, 1]]
    for first, sign in (("rising", 1), ("falling", -1)):
        count, way = turning(replace(BUMP, n=3, first=first), (2, 1), None)
        assert (count.tolist(), way.tolist()) == ([[3], [3]], [[sign], [sign]])
    with pytest.raises(MissingInputError, match="log_probs"):
        turning(replace(BUMP, first=M[z]), (2, 4), None)


@settings(max_examples=60, deadline=None)
@given(
    roots=st.lists(st.integers(-6, 6), min_size=4, max_size=4),
    counts=st.lists(st.integers(0, 2), min_size=4, max_size=4),
    start=st.integers(-5, 4),
    width=st.integers(1, 6),
    rises=st.booleans(),
)
def test_a_turning_point_is_inside_a_window_or_beyond_the_end_it_is_nearer_to(roots, counts, start, width, rises):
    """An equation whose root is each token's log-odds; of a curve that turns never or twice nothing is said."""
    end, known = start + width, settings_of(Baseline(log_probs=BASE, log_odds=np.array(roots, float)))
    side = turning_side(
        replace(BUMP, turn=(alpha - M[z]) if rises else (M[z] - alpha)),
        np.array([counts, counts]),
        np.array([start, end], float),
        known,
    )
    expected = [BEFORE if root <= start else AFTER if root >= end else INSIDE for root in roots]
    assert side.tolist() == 2 * [[place if n == 1 else INSIDE for n, place in zip(counts, expected, strict=True)]]


@settings(max_examples=30, deadline=None)
@given(odds=st.lists(st.floats(-2, 2), min_size=4, max_size=4), start=st.floats(-3, 2), width=st.floats(0.1, 3))
def test_the_peak_of_each_token_is_where_root_finding_puts_it(odds, start, width):
    odds = np.array(odds)
    assume(np.ptp(odds) > 0.1)
    base = np.log(softmax(np.arange(len(odds)) - 1.0))
    known = settings_of(Baseline(log_probs=base[None], log_odds=odds))
    interior = (odds > odds.min() + 0.05) & (odds < odds.max() - 0.05)
    side = turning_side(BUMP, interior[None].astype(int), np.array([start, start + width]), known)
    for token, found in enumerate(side[0]):
        if not interior[token]:
            assert found == INSIDE
            continue
        root = brentq(lambda at, own=odds[token]: softmax(base + at * odds) @ odds - own, -500, 500)
        if min(abs(root - start), abs(root - start - width)) > 1e-6:
            assert found == (BEFORE if root < start else AFTER if root > start + width else INSIDE)


def test_a_turning_point_of_which_nothing_is_known_is_nowhere_in_particular():
    window, count = np.array([-1.0, 2.0]), np.array([[0, 1, 1, 2]])
    nowhere = np.where(count == 1, UNKNOWN, INSIDE).tolist()
    for claim, known in (
        (BUMP, None),
        (BUMP, WITHOUT_ODDS),
        (replace(BUMP, turn=None), KNOWN),
        (replace(BUMP, turn=sp.Integer(1)), KNOWN),
        (replace(BUMP, turn=sp.Piecewise((alpha, M[z] > 9))), KNOWN),
        (replace(BUMP, turn=sp.Piecewise((alpha, alpha > 0))), KNOWN),
        (replace(BUMP, turn=sp.Piecewise((alpha, alpha < 0))), KNOWN),
    ):
        assert turning_side(claim, count, window, known).tolist() == nowhere
    at_most = replace(BUMP, turn=None, n=sp.Piecewise((1, M[z] > 0), (0, True)))
    assert turning_side(at_most, count, window, KNOWN).tolist() == [4 * [INSIDE]]
    assert turning_side(at_most, count, window, None).tolist() == [4 * [INSIDE]]


DOMAINS: list[tuple[Any, Any]] = [
    (sp.S.Reals, lambda x: True),
    (sp.Interval.open(0, sp.oo), lambda x: x > 0),
    (sp.Interval(0, sp.oo), lambda x: x >= 0),
    (sp.Interval(-sp.oo, -1), lambda x: x <= -1),
    (sp.Interval(1, 2), lambda x: 1 <= x <= 2),
    (sp.Interval(-sp.oo, -40) | sp.Interval(50, sp.oo), lambda x: x <= -40 or x >= 50),
    (sp.Interval(-70, -60), lambda x: -70 <= x <= -60),
    (sp.S.Reals - {0}, lambda x: x != 0),
    (sp.Interval.open(3, sp.Rational(13, 4)), lambda x: 3 < x < 3.25),
]


@settings(max_examples=60, deadline=None)
@given(
    asked=st.sampled_from(DOMAINS),
    at=st.lists(st.integers(-16, 16).map(lambda n: n / 4), min_size=1, max_size=6, unique=True).map(sorted),
    quantity=st.sampled_from([CONCEPT_LOGIT, PEAK]),
)
def test_a_claim_is_judged_in_its_domain_and_says_how_far_that_is(asked, at, quantity):
    domain, holds = asked
    claim = Turns(says="t", quantity=quantity, n=0, first="rising", domain=domain)
    assume(any(at))
    inside, beyond = judged_strengths(claim, np.array(at), None)
    assert inside.tolist() == [holds(number) for number in at]
    if inside.any():
        assert beyond == {}
        return
    (said,) = beyond.values()
    abscissa, largest = ("strength" if quantity == CONCEPT_LOGIT else "log-odds"), max(map(abs, at))
    steps = (largest * 2.0**k for k in range(1, 41))
    nearest = next((size for size in steps if holds(size) or holds(-size)), None)
    mend = said.removeprefix(f"no {abscissa} of the window lies in the claim's domain; ")
    if nearest is None:
        assert mend == "no strength, however large, would do"
    else:
        said_to = float(mend.removeprefix("go as far as "))
        assert holds(said_to)
        assert abs(said_to) == nearest


@pytest.mark.parametrize(("power", "reached"), [(0, False), (1, True), (39, True), (40, True), (41, False)])
def test_a_window_is_widened_to_2_to_the_40_times_its_reach_at_most(power, reached):
    far = Turns(says="t", quantity=CONCEPT_LOGIT, n=0, first="rising", domain=sp.Interval(3 * 2**power, 3 * 2**power))
    _, beyond = judged_strengths(far, np.array([-3.0, 1.0]), None)
    expected = f"go as far as {3.0 * 2**power:g}" if reached else "no strength, however large"
    assert expected in "".join(beyond.values())


@pytest.mark.parametrize(
    ("domain", "tail"),
    [
        (sp.S.Reals, False),
        (sp.S.Reals - {0}, False),
        (sp.Interval.open(-0.5, 0.5) - {0}, False),
        (sp.Interval(-1, sp.oo), False),
        (sp.Interval(0, sp.oo), False),
        (sp.Interval(-sp.oo, 0), False),
        (sp.Interval.open(0, sp.oo), True),
        (sp.Interval.open(-sp.oo, 0), True),
        (sp.Interval(5, sp.oo), True),
        (sp.Interval(-sp.oo, -5) | sp.Interval(5, sp.oo), True),
    ],
)
def test_a_limit_is_an_equation_that_keeps_away_from_0_on_a_side(domain, tail):
    close = Close(says="c", quantity=CONCEPT_LOGIT, value=sp.S.One, domain=domain)
    assert is_limit(close, None) == tail
    assert not is_limit(replace(close, quantity=PEAK), None)
    assert not is_limit(Bounded(says="b", quantity=CONCEPT_LOGIT, lower=sp.S.One, domain=domain), None)


TAILS = {"right": (4, sp.oo), "left": (-sp.oo, -4), "far": (-sp.oo, -64), "nowhere": (5, 7)}


@settings(max_examples=60, deadline=None)
@given(tail=st.sampled_from(list(TAILS)), power=st.integers(-8, 4), reach=st.integers(1, 3))
def test_a_limit_is_reached_where_the_remainder_of_every_curve_is_half_the_tolerance(tail, power, reach):
    """Powers of 2, so that remainders come to equal it; the largest log-odds are 2 in size."""
    low, high = map(float, TAILS[tail])
    remainder, domain, tolerance = sp.Abs(M[z] / alpha), sp.Interval(*TAILS[tail]), 2.0**power
    claim = Close(says="c", quantity=LOG_PROBABILITY, value=sp.S.One, remainder=remainder, domain=domain)
    farthest = float(4 * reach)
    (said,) = limit_reach(claim, np.array([-1.0, farthest]), KNOWN, tolerance).values()
    assert f"half the tolerance ({tolerance / 2:.2g}) in the window" in said
    candidates = (way * farthest * 2**k for k, way in itertools.product(range(1, 41), (-1, 1)))
    expected = next((x for x in candidates if 2 / abs(x) <= tolerance / 2 and low <= x <= high), None)
    assert said.endswith("would do" if expected is None else f"; go as far as {expected:g}")


def test_numbers_are_predicted_exactly_of_every_curve_and_forms_not_without_a_baseline():
    at = np.array([-1.0, 0.0, 3.0])
    for known in (None, KNOWN):
        value, error = predicted(sp.Rational(1, 2), BUMP, at, (2, 4), known)
        assert value.tolist() == 3 * [8 * [0.5]]
        assert error == 0
    with pytest.raises(MissingInputError) as missing:
        predicted(alpha, BUMP, at, (2, 4), None)
    assert missing.value.field == "log_probs"


@settings(max_examples=30, deadline=None)
@given(
    sizes=st.lists(st.sampled_from([-1e4, -1.0, 0.0, 0.25, 30.0]), min_size=4, max_size=4),
    with_odds=st.booleans(),
    factor=st.sampled_from([1.0, 1e6]),
)
def test_a_prediction_is_a_table_of_curves_and_its_error_what_lowering_states(sizes, with_odds, factor):
    """Of 1/x: infinite at 0, where there is no rounding; the error is what `lower` says and not far above."""
    odds, at = np.array(sizes) * factor, np.array([-2e6, 0.0, 0.5])
    known = settings_of(Baseline(log_probs=BASE, log_odds=odds if with_odds else None))
    form = 1 / alpha + (M[z] if with_odds else 0)
    value, error = map(np.asarray, predicted(form, BUMP, at, (2, 4), known))
    assert value.shape == (3, 8)
    assert not np.isfinite(value[1]).any()
    assert (error[1] == 0).all()
    for row in (0, 2):
        exact = [1 / at[row] + own for own in (odds if with_odds else np.zeros(4))]
        assert value[row].tolist() == pytest.approx(2 * exact, rel=1e-12, abs=1e-9)
        stated = 1e-12 * (1 + np.abs(value[row])) + 4 * EPS * abs(at[row]) * (np.abs(odds).max() if with_odds else 0)
        assert (error[row] >= stated * (1 - 1e-9)).all()
        assert (error[row] <= 1.5 * stated + 1e-12).all()
