"""Many curves judged at once, each against its definition written out point by point, with what is shown and said."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from numerics.baseline import Baseline
from numerics.judging.assessment import judge_curves
from numerics.judging.notes import Note
from numerics.judging.verdict import DEPARTS, HOLDS, NOT_APPLICABLE, UNDECIDED
from numerics.lowering.setting import Settings, settings_of
from numerics.observing.curve_bands import Curves
from theory.claims import ALWAYS, Bounded, Claim, Close, Condition, Turns
from theory.quantities import CONCEPT_LOGIT, LOG_PROBABILITY, LOG_RATIO, PEAK
from theory.tilted import M, alpha, z

ODDS = np.array([-1.0, 0.5, 1.0])
KNOWN = settings_of(Baseline(log_probs=np.log([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]]), log_odds=ODDS))
POSITIVE = Condition(name="a token that is pushed up", holds=M[z] > 0)
RIGHT = sp.Interval.open(0, sp.oo)
AT = np.array([-2.0, -0.5, 0.0, 0.5, 1.0, 3.0])
INSIDE = [3, 4, 5]
STRAIGHT = np.broadcast_to(AT, (2, 3, len(AT)))
QUARTERS = st.integers(-8, 8).map(lambda n: n / 4)
FINITE = arrays(np.float64, (2, 3, len(AT)), fill=st.nothing(), elements=QUARTERS)
LOWER = arrays(np.float64, (2, 3, len(AT)), fill=st.nothing(), elements=st.one_of(QUARTERS, QUARTERS, st.just(-np.inf)))
WIDTHS = arrays(np.float64, (2, 3, len(AT)), fill=st.nothing(), elements=st.sampled_from([0.0, 0.0, 0.25, 1.0, np.inf]))


def curves_of(lower, upper, at=AT, **details) -> Curves:
    return Curves(strengths=at, lower=np.asarray(lower, float), upper=np.asarray(upper, float), **details)


def judge(claim: Claim, curves: Curves, known: Settings | None = KNOWN, *, tolerance: Any = 0.25, **options):
    return judge_curves(claim, curves, known, tolerance=tolerance, **options)


def ragged(lower, widths) -> Curves:
    """A band, of which either bound may be unknown."""
    return curves_of(lower, np.where(np.isinf(lower), 2.0, lower) + widths)


def dip(high, low) -> float:
    """How far a curve is from rising and then falling: half its deepest dip."""
    return max(max((min(high[i], high[k]) - low[j]) / 2 for i, j, k in combinations(range(len(high)), 3)), 0.0)


def fall(high, low) -> float:
    """How far a curve is from rising."""
    return max(max((high[i] - low[j]) / 2 for i, j in combinations(range(len(high)), 2)), 0.0)


def check_shown(found, curves: Curves, row: int, column: int) -> None:
    """Witnesses are places among all strengths, values the middle there or the bound that is known."""
    low, high = curves.lower[row, column], curves.upper[row, column]
    halves = []
    for place, value in zip(found.witness[row, column], found.values[row, column], strict=True):
        if place < 0:
            assert place == -1
            assert np.isnan(value)
            continue
        assert place in INSIDE
        ends = [float(end) for end in (low[place], high[place]) if np.isfinite(end)]
        assert value == np.mean(ends) if ends else not np.isfinite(value)
        halves.append((high[place] - low[place]) / 2)
    assert found.halfwidth[row, column] == (pytest.approx(np.mean(halves)) if halves else 0.0)


@settings(max_examples=60, deadline=None)
@given(lower=LOWER, widths=WIDTHS, tolerance=st.sampled_from([0.0, 0.25, 0.5]))
def test_bumps_that_peak_nobody_knows_where(lower, widths, tolerance):
    """Undecided where a monotone curve is in reach: the band does not show on which side of the window it turns."""
    curves = ragged(lower, widths)
    claim = Turns(says="a bump", quantity=CONCEPT_LOGIT, n=1, first="rising", domain=RIGHT)
    found = judge(claim, curves, None, tolerance=tolerance)
    for row, column in np.ndindex(2, 3):
        low, high = (bound[row, column, INSIDE] for bound in (curves.lower, curves.upper))
        least, most = dip(low, high), dip(high, low)
        assert (found.least[row, column], found.most[row, column]) == (least, most)
        monotone = min(fall(low, high), fall(low[::-1], high[::-1])) <= tolerance
        decided = HOLDS if most <= tolerance and not monotone else UNDECIDED
        assert found.codes[row, column] == (DEPARTS if least > tolerance else decided)
        assert found.notes[Note(found.note[row, column])] == "where its peak lies is not predicted"
        assert found.notes[Note.TURNS_AFTER].endswith("at a strength above 3")
        assert found.notes[Note.TURNS_BEFORE].endswith("at a strength below 0.5")
        check_shown(found, curves, row, column)
        if least > 0:
            points = found.witness[row, column]
            assert dip(*(bound[row, column, points] for bound in (curves.lower, curves.upper))) == least


@settings(max_examples=60, deadline=None)
@given(lower=LOWER, widths=WIDTHS, tolerance=st.sampled_from([0.0, 0.25, 0.5]))
def test_curves_between_two_numbers(lower, widths, tolerance):
    curves = ragged(lower, widths)
    claim = Bounded(says="small", quantity=CONCEPT_LOGIT, lower=sp.Integer(-1), upper=sp.S.Half, domain=RIGHT)
    found = judge(claim, curves, tolerance=tolerance)
    for row, column in np.ndindex(2, 3):
        low, high = (bound[row, column, INSIDE] for bound in (curves.lower, curves.upper))
        least = max(0.0, max(low - 0.5), max(-1 - high))
        most = max(0.0, max(high - 0.5), max(-1 - low))
        assert (found.least[row, column], found.most[row, column]) == (least, most)
        assert found.codes[row, column] == (DEPARTS if least > tolerance else HOLDS if most <= tolerance else UNDECIDED)
        check_shown(found, curves, row, column)


def test_what_nothing_shows_has_no_width():
    flat = np.zeros((1, 1, len(AT)))
    found = judge(Turns(says="t", quantity=CONCEPT_LOGIT, n=2, first="rising"), curves_of(flat - 1, flat - 1), None)
    assert (found.codes.item(), found.halfwidth.item()) == (HOLDS, 0.0)
    assert (found.witness == -1).all()


def reached(sizes: np.ndarray, beyond: np.ndarray, tolerance: float) -> tuple[float, float]:
    """Of distances known exactly: how far out windows obey, and from where on none does."""
    reaches = sorted(set(sizes))
    obeyed = [r for r in reaches if max(beyond[sizes <= r]) <= tolerance]
    return max(obeyed, default=0.0), min((r for r in reaches if r not in obeyed), default=np.inf)


@settings(max_examples=40, deadline=None)
@given(
    values=FINITE,
    spent=arrays(np.float64, (2, len(AT)), fill=st.nothing(), elements=st.integers(0, 9).map(float)),
    domain=st.sampled_from([sp.S.Reals, sp.Interval(-1, 2)]),
    applies=st.booleans(),
)
def test_horizons_in_strengths_and_in_what_each_context_spends(values, spent, domain, applies):
    """Numbers for the tokens that the claim is about; in nats each context's windows grow by its own."""
    condition = POSITIVE if applies else ALWAYS
    claim = Bounded(
        says="b", quantity=LOG_PROBABILITY, lower=sp.S.Zero, upper=sp.S.One, domain=domain, condition=condition
    )
    found = judge(claim, curves_of(values, values), spent=spent)
    inside = np.array([bool(domain.contains(sp.Rational(x))) for x in AT])
    beyond = np.maximum(np.maximum(values - 1, -values), 0.0)[..., inside]
    own = AT[inside]
    assert found.nats is not None
    for row, column in np.ndindex(2, 3):
        kept = {"left": own <= 0, "right": own >= 0, "both": own == own}
        for side, of_side in kept.items():
            expected: Any = reached(abs(own[of_side]), beyond[row, column, of_side], 0.25)
            horizon = found.horizons[side]  # pyright: ignore[reportArgumentType]
            got = horizon.lower[row, column], horizon.upper[row, column]
            if applies and ODDS[column] <= 0:
                assert np.isnan(got).all()
                assert np.isnan([found.nats.lower[row, column], found.nats.upper[row, column]]).all()
            else:
                assert got == expected
                assert horizon.end[row, column] == max(abs(own[of_side]))
        most_on_the_way = np.array([max([0.0, *spent[row, (AT * np.sign(x) > 0) & (abs(AT) <= abs(x))]]) for x in AT])
        nats = most_on_the_way + 1e-12 * np.array([2, 1, 0, 1, 2, 3])
        if not applies or ODDS[column] > 0:
            expected = reached(nats[inside], beyond[row, column], 0.25)
            assert (found.nats.lower[row, column], found.nats.upper[row, column]) == pytest.approx(expected, abs=1e-9)
    assert judge(claim, curves_of(values, values)).nats is None


def test_what_runs_along_anything_else_has_no_horizons():
    rising = Turns(says="t", quantity=PEAK, n=0, first="rising")
    found = judge(rising, curves_of(AT[None], AT[None]), spent=np.zeros((1, len(AT))))
    assert (found.horizons, found.nats) == ({}, None)


@settings(max_examples=40, deadline=None)
@given(
    values=FINITE,
    halfwidth=st.sampled_from([0.0, 0.5]),
    at=st.sampled_from([AT, AT + 0.25]),
    applies=st.booleans(),
    lost=st.sampled_from([None, 0, 1, 2]),
)
def test_skill_is_of_the_curves_that_a_claim_predicts_beside_not_steering_at_all(values, halfwidth, at, applies, lost):
    condition = POSITIVE if applies else ALWAYS
    claim = Close(says="c", quantity=LOG_PROBABILITY, value=M[z] * alpha, condition=condition)
    lower, upper = values - halfwidth, values + halfwidth
    if lost is not None:
        upper[0, lost, 1] = np.inf
    found = judge(claim, curves_of(lower, upper, at)).skill
    about = ODDS > 0 if applies else np.full(3, True)
    if 0 not in at or (lost is not None and about[lost]):
        assert found is None
        return
    missed = [abs(values[:, about, n] - ODDS[about] * x).sum() for n, x in enumerate(at)]
    moved = [abs(values[:, about, n] - values[:, about, 2]).sum() for n in range(len(at))]
    assert found is not None
    for reach, value in zip(found.reach, found.value, strict=True):
        window = [n for n in range(len(at)) if abs(at[n]) <= reach]
        total = sum(moved[n] for n in window)
        assert np.isnan(value) if total == 0 else value == pytest.approx(1 - sum(missed[n] for n in window) / total)


def test_a_claim_that_predicts_no_curve_or_no_finite_one_has_no_skill():
    odd = sp.Piecewise((alpha, alpha < 2), (sp.oo, True))
    for claim in (
        Close(says="c", quantity=LOG_PROBABILITY, value=odd),
        Bounded(says="b", quantity=LOG_PROBABILITY, lower=-sp.oo),
        Close(
            says="c", quantity=LOG_PROBABILITY, value=alpha, condition=Condition(name="none of them", holds=M[z] > 9)
        ),
    ):
        assert judge(claim, curves_of(STRAIGHT, STRAIGHT)).skill is None


def test_a_prediction_beyond_what_can_be_seen_has_no_skill():
    odd = sp.Piecewise((alpha, alpha < 2), (sp.oo, True))
    found = judge(
        Close(says="c", quantity=LOG_PROBABILITY, value=odd), curves_of(STRAIGHT, STRAIGHT, reach=(-3.0, 3.0))
    )
    assert (found.codes == HOLDS).all()
    assert found.skill is None


TOKENS = Condition(name="not the last token", holds=M[z] < 1)


def test_what_cannot_be_judged_of_a_curve_says_why():
    still, moving = np.zeros(len(AT)), AT.copy()
    values = np.array([[still, moving, moving], [moving, still, still]])
    ratio = Close(says="c", quantity=LOG_RATIO, value=alpha, condition=TOKENS)
    found = judge(ratio, curves_of(values - 1e-9, values + 1e-9))
    assert found.note.tolist() == [
        [Note.ITSELF, Note.NOTHING, Note.UNMET],
        [Note.NOTHING, Note.ITSELF, Note.ITSELF],
    ]
    applies = [[NOT_APPLICABLE, HOLDS, NOT_APPLICABLE], [HOLDS, NOT_APPLICABLE, NOT_APPLICABLE]]
    assert found.codes.tolist() == applies
    assert found.notes[Note.UNMET] == "condition unmet: not the last token"
    other = Close(says="c", quantity=LOG_PROBABILITY, value=alpha)
    assert judge(other, curves_of(values - 1e-9, values + 1e-9)).note.tolist() == 2 * [3 * [Note.NOTHING]]


@pytest.mark.parametrize(
    ("value", "remainder", "note", "code"),
    [
        (sp.Piecewise((alpha, M[z] > 0)), sp.S.Zero, Note.UNPREDICTED, NOT_APPLICABLE),
        (sp.Piecewise((alpha, M[z] > 0), (sp.oo, True)), sp.S.Zero, Note.UNPREDICTED, NOT_APPLICABLE),
        (alpha, sp.Piecewise((sp.S.Zero, M[z] > 0), (sp.oo, True)), Note.SILENT, NOT_APPLICABLE),
        (alpha, sp.Piecewise((sp.S.Zero, M[z] > 0), (3 / alpha, True)), Note.UNREACHED, UNDECIDED),
    ],
)
def test_a_token_of_which_nothing_is_predicted_is_told_from_the_others(value, remainder, note, code):
    claim = Close(says="c", quantity=LOG_PROBABILITY, value=value, remainder=remainder, domain=RIGHT)
    found = judge(claim, curves_of(STRAIGHT, STRAIGHT))
    assert found.note.tolist() == 2 * [[note, Note.NOTHING, Note.NOTHING]]
    assert found.codes.tolist() == 2 * [[code, HOLDS, HOLDS]]
    assert np.isnan(found.least[:, 0]).all() or note == Note.UNPREDICTED
    assert (found.most[:, 1:] < 1e-9).all()
    assert (Note.UNREACHED in found.notes) == (note == Note.UNREACHED)


def test_a_limit_says_how_far_out_the_least_of_the_tolerances_is_reached():
    """Shares of what each curve moves, never below the resolution; 3/x is at most half of 0.25 at 24 and beyond."""
    claim = Close(says="c", quantity=CONCEPT_LOGIT, value=sp.S.One, remainder=3 / alpha, domain=RIGHT)
    values = np.stack([1 + AT / 2, 1 + AT])[None]
    found = judge(claim, curves_of(values, values), tolerance="10%")
    assert found.tolerance.tolist() == [[0.125, 0.25]]
    assert found.relative
    assert "half the tolerance (0.062)" in found.notes[Note.UNREACHED]
    assert found.notes[Note.UNREACHED].endswith("go as far as 48")
    coarse = judge(claim, curves_of(values, values, resolution=0.2), tolerance="10%")
    assert coarse.tolerance.tolist() == [[0.2, 0.25]]


def test_what_is_assumed_is_said_of_every_curve():
    claim = Turns(says="t", quantity=LOG_PROBABILITY, n=0, first="rising", condition=POSITIVE)
    found = judge(claim, curves_of(STRAIGHT, STRAIGHT), None, assume="nobody knows")
    assert found.assumed == "taken as met, unchecked (nobody knows): a token that is pushed up"
    assert found.notes[Note.NOTHING] == found.assumed
    assert found.notes[Note.TURN_UNKNOWN].endswith(f"; {found.assumed}")


def test_a_claim_that_is_of_nothing_here_says_so_and_one_of_too_few_points_is_undecided():
    values = np.zeros((2, 3, len(AT)))

    def judged(known: Settings | None = KNOWN, **details):
        claim = Turns(**{"says": "t", "quantity": LOG_PROBABILITY, "n": 1, "first": "rising"} | details)
        return judge(claim, curves_of(values, values), known, tolerance="5%")

    for domain, count in ((sp.Interval(1, 9), 2), (sp.Interval(2, 9), 1)):
        few = judged(domain=domain, condition=POSITIVE)
        assert few.codes.tolist() == 2 * [[NOT_APPLICABLE, UNDECIDED, UNDECIDED]]
        assert set(few.notes) == {Note.FEW_POINTS}
        assert few.notes[Note.FEW_POINTS].startswith(f"only {count} points of a curve lie in the claim's domain, 3 are")
        assert (few.note == Note.FEW_POINTS).all()
        assert (few.tolerance == 0.05).all()
        assert few.relative
        assert np.isnan([few.least, few.most, few.halfwidth]).all()
        assert few.witness.shape == few.values.shape == (2, 3, 0)
    assert Note.FEW_POINTS not in judged(domain=sp.Interval(sp.S.Half, 9)).notes
    assert set(judged(domain=sp.Interval(8, 9)).notes) == {Note.OUTSIDE}
    for unmet in (judged(condition=Condition(name="x", holds=M[z] > 9)), judged(None, condition=POSITIVE)):
        assert (unmet.codes == NOT_APPLICABLE).all()
        assert set(unmet.notes) <= {Note.UNMET, Note.LACKING}
