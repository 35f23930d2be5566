"""Other people's numbers as bands, against exact fractions and fifty digits, and refused where they are none."""

import re
from fractions import Fraction

import ml_dtypes
import mpmath
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit
from scipy.stats import binom

from numerics.bands.measured import OF_DRAWS, observed_bounds
from theory.quantities import CONCEPT_LOGIT, LOG_PROBABILITY, MEAN_LOG_ODDS

AT = np.array([-1.0, 0.5, 2.0])
FACTOR = 16
"""What docs say of rounding: so many units of the last place of the largest number of a curve."""
EPS = {np.float16: Fraction(1, 2**10), np.float32: Fraction(1, 2**23), np.float64: Fraction(1, 2**52)}
DTYPES = st.sampled_from(list(EPS))
SMALLEST = Fraction(1, 2**1074)
QUANTITIES = {"log": LOG_PROBABILITY, "logit": CONCEPT_LOGIT}


def rounding(values: np.ndarray, least: int = 0) -> Fraction:
    """How far each number of a curve may be off."""
    return FACTOR * EPS[values.dtype.type] * max([Fraction(least), *(abs(Fraction(float(v))) for v in values)])


def bounds(values, *, quantity=LOG_PROBABILITY, lower=None, upper=None, **options):
    return observed_bounds(quantity, AT, values, lower, upper, **options)


SIZES = st.sampled_from([2.0**-8, 1.0, 2.0**8])
TABLES = st.tuples(
    arrays(np.float64, (3, 2), elements=st.floats(-1, 1)), st.tuples(SIZES, SIZES), DTYPES, st.booleans()
)


@settings(max_examples=60, deadline=None)
@given(drawn=TABLES)
def test_computed_values_are_known_to_the_rounding_of_their_own_curve(drawn):
    values, scales, dtype, is_log_probability = drawn
    values = (values * scales).astype(dtype)
    quantity = MEAN_LOG_ODDS
    if is_log_probability:
        values, quantity = -np.abs(values), LOG_PROBABILITY
        values[0] = -np.inf
    found = bounds(values, quantity=quantity, scale="claim")
    assert found.note == ""
    for column in range(2):
        known = values[is_log_probability:, column]
        width = rounding(known)
        assert found.lower[is_log_probability:, column].tolist() == [float(Fraction(float(v)) - width) for v in known]
        assert found.upper[is_log_probability:, column].tolist() == [float(Fraction(float(v)) + width) for v in known]
        if is_log_probability:
            assert found.lower[0, column] == -np.inf
            assert found.upper[0, column] == pytest.approx(float(mpmath.log(2) * -1074), rel=1e-15)


def on_scale(scale: str, p: Fraction):
    """The logarithm, or the logit, of a probability, and how far a relative error of its float64 carries."""
    exact = mpmath.mpf(p.numerator) / p.denominator
    if scale == "log":
        return mpmath.log(exact), mpmath.mpf(1)
    return mpmath.log(exact) - mpmath.log(1 - exact), 1 / (1 - exact)


def agree(found: float, scale: str, p: Fraction, *, end: float, below_one: bool = False) -> bool:
    """Whether a bound is a probability's, `end` where there is no number for it."""
    if below_one and scale == "logit":
        p = min(p, 1 - Fraction(1, 2**53))
    if (p <= 0 and end < 0) or (p >= 1 and end > 0 and scale == "logit"):
        return found == end
    p = max(p, SMALLEST)
    exact, slope = on_scale(scale, p)
    slip = mpmath.mpf(2) ** -51 + mpmath.mpf(2) ** -1075 * p.denominator / p.numerator
    return abs(found - exact) <= slope * slip + mpmath.mpf(2) ** -50 * abs(exact)


PROBABILITIES = st.one_of(
    st.sampled_from([0.0, 1.0, 0.5]), st.floats(0, 1), st.floats(0.4, 1), st.floats(-40, 0).map(np.exp)
)


@settings(max_examples=60, deadline=None)
@example(table=np.array([[0.0, 0.6], [1.0, 0.7], [1.0, 0.9]]), dtype=np.float64, scale="log")
@example(table=np.array([[0.0, 0.6], [1.0, 0.7], [5e-324, 0.9]]), dtype=np.float64, scale="logit")
@given(table=arrays(np.float64, (3, 2), elements=PROBABILITIES), dtype=DTYPES, scale=st.sampled_from(list(QUANTITIES)))
def test_computed_probabilities_are_known_to_the_rounding_of_their_logit_and_their_own(table, dtype, scale):
    values = table.astype(dtype)
    found = bounds(values, quantity=QUANTITIES[scale], scale="probability")
    assert found.note == f"values read as probabilities and judged on the {scale} scale"
    with mpmath.workdps(50):
        for column, curve in enumerate(values.T):
            logs = [abs(mpmath.log(float(p))) for p in curve if p > 0]
            relative = FACTOR * EPS[dtype] * Fraction(float(max([mpmath.mpf(1), *logs])))
            for row, value in enumerate(curve):
                p = Fraction(float(value))
                spacing = Fraction(float(np.nextafter(value, dtype(2)))) - p
                assert agree(found.lower[row, column], scale, p * (1 - relative) - spacing, end=-np.inf)
                assert agree(found.upper[row, column], scale, p * (1 + relative) + spacing, end=np.inf)


@settings(max_examples=40, deadline=None)
@given(
    ends=st.lists(st.tuples(*3 * [PROBABILITIES]).map(sorted), min_size=3, max_size=3),
    scale=st.sampled_from(list(QUANTITIES)),
)
def test_bounds_on_probabilities_are_read_on_the_same_scale(ends, scale):
    low, p, high = np.array(ends).T
    found = bounds(p, quantity=QUANTITIES[scale], lower=low, upper=high, scale="probability")
    with mpmath.workdps(50):
        for row in range(3):
            least, most = Fraction(float(low[row])), Fraction(float(high[row]))
            assert agree(found.lower[row, 0], scale, least, end=-np.inf, below_one=True)
            assert agree(found.upper[row, 0], scale, most, end=np.inf)


def test_whole_numbers_are_exact():
    """Certain and impossible: as near to either as a float64 can say."""
    log, logit = (bounds(np.array([0, 1, 1]), quantity=q, scale="probability") for q in QUANTITIES.values())
    least = float(mpmath.log(2) * -1074)
    assert (log.lower[:, 0].tolist(), log.upper[:, 0].tolist()) == ([-np.inf, 0, 0], [pytest.approx(least), 0, 0])
    assert logit.lower[:, 0].tolist() == [-np.inf, *2 * [pytest.approx(float(53 * mpmath.log(2)))]]
    assert logit.upper[:, 0].tolist() == [pytest.approx(least), np.inf, np.inf]


EDGES = [0.0, 1.0, 0.5, np.nextafter(0.0, -1), np.nextafter(1.0, 2), -3.0]


@given(values=st.lists(st.sampled_from(EDGES), min_size=3, max_size=3))
def test_numbers_from_0_to_1_that_are_not_all_0_are_probabilities_and_no_others(values):
    could_be = all(0 <= Fraction(value) <= 1 for value in values)
    is_read = could_be and any(values)
    too_large = max(values) > 16 * 2.0**-52 * max(1, *map(abs, values))
    if not is_read and too_large:
        with pytest.raises(ValueError, match="a log-probability is at most 0"):
            bounds(values)
    else:
        assert ("read as probabilities" in bounds(values).note) == is_read
    if any(values):
        assert bounds(values, quantity=CONCEPT_LOGIT).note == ""
    for quantity in QUANTITIES.values():
        if could_be:
            assert "read as probabilities" in bounds(values, quantity=quantity, scale="probability").note
        else:
            with pytest.raises(ValueError, match="between 0 and 1"):
                bounds(values, quantity=quantity, scale="probability")


@settings(max_examples=40, deadline=None)
@given(
    drawn=st.lists(st.tuples(st.integers(1, 300), st.floats(0, 1)), min_size=3, max_size=3),
    level=st.sampled_from([None, 0.2]),
    scale=st.sampled_from(list(QUANTITIES)),
    alike=st.booleans(),
)
def test_sampled_proportions_are_known_to_what_binomials_of_their_counts_allow(drawn, level, scale, alike):
    """Each bound is where a count as extreme has half the level of its strength, whatever rounded the proportion."""
    trials = np.array([drawn[0][0] if alike else count for count, _ in drawn])
    counts = np.rint(trials * [share for _, share in drawn]).astype(int)
    options = {} if level is None else {"level": level}
    found = bounds(
        (counts / trials).astype(np.float32),
        quantity=QUANTITIES[scale],
        trials=trials[0] if alike else trials,
        **options,
    )
    assert found.note == f"values read as probabilities and judged on the {scale} scale; {OF_DRAWS}"
    low, high = (({"log": np.exp, "logit": expit}[scale])(bound[:, 0]) for bound in (found.lower, found.upper))
    tail = pytest.approx((level or 0.05) / 3 / 2, rel=1e-6)
    for row, (count, total) in enumerate(zip(counts, trials, strict=True)):
        assert binom.sf(count - 1, total, low[row]) == tail if count else low[row] == 0
        assert binom.cdf(count, total, high[row]) == tail if count < total else high[row] == 1


@given(size=st.sampled_from([2.0**-3, 1.0, 2.0**5]), dtype=DTYPES, row=st.integers(0, 2), column=st.integers(0, 1))
def test_a_log_probability_may_be_above_0_by_rounding_of_its_curve_and_no_more(size, dtype, row, column):
    values = np.full((3, 2), -1000.0)
    values[:, column] = [-np.inf, -size, -size / 2]
    values[:, column] = np.roll(values[:, column], row)  # so that the infinite one is in this row
    allowed = 16 * float(EPS[dtype]) * max(1.0, size)
    values[row, column] = allowed
    fine = values.astype(dtype)
    assert bounds(fine).note == ""
    fine[row, column] = np.nextafter(fine[row, column], dtype(1))
    got = re.escape(f"at most 0, got {float(fine[row, column]):g} at strength {AT[row]:g};")
    with pytest.raises(ValueError, match=got):
        bounds(fine)
    low = np.minimum(fine.astype(np.float64), 0)
    assert bounds(fine, lower=low, upper=fine.astype(np.float64)).lower[row, column] == 0
    with pytest.raises(ValueError, match=got):
        bounds(fine, lower=fine.astype(np.float64), upper=fine.astype(np.float64) + 1)


@given(size=st.sampled_from([0.0, 2.0**-3, 2.0**5]), dtype=DTYPES, row=st.integers(0, 2), above=st.booleans())
def test_bounds_may_miss_their_value_by_its_rounding_and_no_more(size, dtype, row, above):
    values = np.array([[1.0, -100.0]] * 3).astype(dtype)
    values[row, 1] = -size
    width = 16 * float(EPS[dtype]) * size
    low, high = (values.astype(np.float64) + side for side in (-1, 1))
    (low if above else high)[row, 1] = -size + (width if above else -width)
    assert bounds(values, quantity=MEAN_LOG_ODDS, lower=low, upper=high).lower[row, 1] == low[row, 1]
    (low if above else high)[row, 1] = np.nextafter((low if above else high)[row, 1], np.inf if above else -np.inf)
    got = f"strength {AT[row]:g} do not hold their value: got {low[row, 1]:g} to {high[row, 1]:g} about {-size:g}"
    with pytest.raises(ValueError, match=re.escape(got)):
        bounds(values, quantity=MEAN_LOG_ODDS, lower=low, upper=high)


def test_bounds_of_a_value_that_is_infinite_hold_it():
    impossible = np.array([-np.inf, -1.0, -2.0])
    found = bounds(impossible, lower=np.array([-np.inf, -2, -3]), upper=np.array([-5.0, 0, -1]))
    assert (found.lower[:, 0].tolist(), found.upper[:, 0].tolist()) == ([-np.inf, -2, -3], [-5, 0, -1])


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (np.zeros((2, 1)), r"shape \(2, 1\), expected \[3\] or \[3, curves\]"),
        (np.zeros((3, 1, 1)), r"shape \(3, 1, 1\)"),
        (np.float64(0), r"shape \(\)"),
        (np.zeros(3, complex), "real numbers, got dtype complex128"),
        (np.zeros(3, bool), "real numbers, got dtype bool"),
        ([[0, 0], [0, np.nan], [np.nan, 0]], "the value at strength 0.5 is not a number"),
    ],
)
def test_what_are_no_curves_of_numbers_are_refused(values, says):
    with pytest.raises(ValueError, match=says):
        bounds(values)


def test_what_is_asked_without_sense_is_refused():
    with pytest.raises(ValueError, match="both lower and upper"):
        bounds(-np.ones(3), lower=-np.ones(3))
    with pytest.raises(ValueError, match="scale is 'log', expected 'claim' or 'probability'"):
        bounds(-np.ones(3), scale="log")
    with pytest.raises(ValueError, match="mean_log_odds has no probability scale"):
        bounds(np.ones(3), quantity=MEAN_LOG_ODDS, scale="probability")


def test_bfloat16_is_a_dtype_like_any_other():
    found = bounds(np.array([-4.0, -1.0, 0.0], ml_dtypes.bfloat16), scale="claim")
    assert (found.upper - found.lower)[:, 0].tolist() == 3 * [2 * 16 * 4 * 2.0**-7]
