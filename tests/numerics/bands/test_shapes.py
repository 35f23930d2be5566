"""Distances to shape classes, against linear programmes over every position of the turning points."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog

from numerics.bands import shapes
from numerics.bands.band import Band, around

SHAPES = [(n, first) for n in range(4) for first in ("rising", "falling")]


@st.composite
def bands(draw: st.DrawFn, *, most: int = 6) -> Band:
    """One curve of few points with a ragged band; quarters, so that ties and touching bounds are common."""
    m = draw(st.integers(3, most))
    steps = draw(arrays(np.float64, m, elements=st.integers(1, 8).map(lambda n: n / 4)))
    low, width = (
        draw(arrays(np.float64, m, elements=st.integers(a, b).map(lambda n: n / 4))) for a, b in ((-8, 8), (0, 4))
    )
    return Band(strengths=np.cumsum(steps), lower=low[:, None], upper=(low + width)[:, None])


def smallest_distance(band: Band, rows: list[np.ndarray]) -> float:
    """min t such that some f has rows @ f <= 0 and lies within t of the band: a linear programme."""
    m = len(band.strengths)
    inside = np.hstack([-np.eye(m), -np.ones((m, 1))]), np.hstack([np.eye(m), -np.ones((m, 1))])
    A = np.vstack([np.hstack([np.array(rows).reshape(-1, m), np.zeros((len(rows), 1))]), *inside])
    b = np.concatenate([np.zeros(len(rows)), -band.lower[:, 0], band.upper[:, 0]])
    cost = np.append(np.zeros(m), 1.0)
    return linprog(cost, A_ub=A, b_ub=b, bounds=[(None, None)] * m + [(0, None)]).fun


def monotone_rows(directions: tuple[int, ...]) -> list[np.ndarray]:
    eye = np.eye(len(directions) + 1)
    return [sign * (eye[i] - eye[i + 1]) for i, sign in enumerate(directions)]


def patterns(steps: int, n: int, first: str) -> set[tuple[int, ...]]:
    """Every way to rise and fall over so many steps with at most n turns."""
    start = 1 if first == "rising" else -1
    cuts = itertools.combinations_with_replacement(range(steps + 1), n)
    return {tuple(start * (-1) ** sum(c <= i for c in cut) for i in range(steps)) for cut in cuts}


def convex_rows(x: np.ndarray) -> list[np.ndarray]:
    rows = []
    for i in range(1, len(x) - 1):
        row = np.zeros(len(x))
        row[i - 1 : i + 2] = [x[i] - x[i + 1], x[i + 1] - x[i - 1], x[i - 1] - x[i]]
        rows.append(row)
    return rows


def corners(band: Band):
    """Every curve that keeps to a bound of the band at every strength."""
    for picks in itertools.product((False, True), repeat=len(band.strengths)):
        yield around(band.strengths, np.where(np.array(picks)[:, None], band.upper, band.lower), 0.0)


@pytest.mark.parametrize(("n", "first"), SHAPES)
@settings(max_examples=12, deadline=None)
@given(band=bands())
def test_least_departure_from_n_turns_is_the_linear_programmes(n, first, band):
    oracle = min(smallest_distance(band, monotone_rows(p)) for p in patterns(len(band.strengths) - 1, n, first))
    assert shapes.turns(band, n, first).least[0] == pytest.approx(oracle, abs=1e-9)


@pytest.mark.parametrize(("n", "first"), SHAPES)
@settings(max_examples=8, deadline=None)
@given(band=bands(most=5))
def test_most_departure_from_n_turns_is_the_worst_curves(n, first, band):
    worst = max(shapes.turns(curve, n, first).least[0] for curve in corners(band))
    assert shapes.turns(band, n, first).most[0] == pytest.approx(worst, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(band=bands())
def test_convex_against_linear_programme_and_worst_curve(band):
    found = shapes.convex(band)
    assert found.least[0] == pytest.approx(smallest_distance(band, convex_rows(band.strengths)), abs=1e-9)
    worst = max(shapes.convex(curve).least[0] for curve in corners(band))
    assert found.most[0] == pytest.approx(worst, abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(band=bands(), low=st.integers(-4, 2), width=st.integers(0, 4))
def test_slope_between_two_bounds_against_linear_programme(band, low, width):
    x, eye, high = band.strengths, np.eye(len(band.strengths)), low + width
    rows, gaps = [], np.diff(x)
    for i, gap in enumerate(gaps):
        rows += [(eye[i + 1] - eye[i], high * gap), (eye[i] - eye[i + 1], -low * gap)]
    m = len(x)
    A = np.vstack([[np.append(row, 0.0) for row, _ in rows], np.hstack([-np.eye(m), -np.ones((m, 1))])])
    A = np.vstack([A, np.hstack([np.eye(m), -np.ones((m, 1))])])
    b = np.concatenate([[bound for _, bound in rows], -band.lower[:, 0], band.upper[:, 0]])
    oracle = linprog(np.append(np.zeros(m), 1.0), A_ub=A, b_ub=b, bounds=[(None, None)] * m + [(0, None)]).fun
    assert shapes.slope(band, low * x[:, None], high * x[:, None]).least[0] == pytest.approx(oracle, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(band=bands(), within=st.sampled_from([0.0, 0.5, 2.0]))
def test_flat_within_a_spread_against_linear_programme_and_worst_curve(band, within):
    m = len(band.strengths)
    pairs = np.array([np.eye(m)[i] - np.eye(m)[j] for i, j in itertools.permutations(range(m), 2)])
    ones = np.ones((m, 1))
    A = np.vstack([np.hstack([pairs, np.zeros((len(pairs), 1))]), np.hstack([-np.eye(m), -ones])])
    A = np.vstack([A, np.hstack([np.eye(m), -ones])])
    b = np.concatenate([np.full(len(pairs), within), -band.lower[:, 0], band.upper[:, 0]])
    oracle = linprog(np.append(np.zeros(m), 1.0), A_ub=A, b_ub=b, bounds=[(None, None)] * m + [(0, None)]).fun
    found = shapes.flat(band, within)
    assert found.least[0] == pytest.approx(oracle, abs=1e-9)
    worst = max(shapes.flat(curve, within).least[0] for curve in corners(band))
    assert found.most[0] == pytest.approx(worst, abs=1e-12)
    if found.least[0] > 0:
        assert shapes.flat(band[found.witness[0]], within).least[0] == found.least[0]


@settings(max_examples=40, deadline=None)
@given(band=bands(most=8), shift=st.sampled_from([-20.0, 0.0, 20.0]))
def test_fewest_turns_is_the_first_class_that_fits(band, shift):
    band = band.less(shift)
    count, first = shapes.fewest_turns(band)
    fits = next(n for n in range(9) if min(shapes.turns(band, n, f).least[0] for f in ("rising", "falling")) == 0)
    assert count[0] == fits
    if count[0] > 0:
        assert shapes.turns(band, int(count[0]), "rising" if first[0] > 0 else "falling").least[0] == 0
        assert first[0] in (1, -1)
    elif band.lower.max() <= band.upper.min():
        assert first[0] == 0
    else:
        assert first[0] == (1 if shapes.rising(band).least[0] == 0 else -1)


@pytest.mark.parametrize("shift", [-20.0, 20.0])
def test_fewest_turns_of_many_curves_do_not_depend_on_where_these_lie(shift):
    ends = np.sort(np.random.default_rng(0).integers(-8, 9, (9, 300, 2)) / 4, axis=-1)
    band = Band(strengths=np.arange(9.0), lower=ends[..., 0], upper=ends[..., 1])
    for found, moved in zip(shapes.fewest_turns(band), shapes.fewest_turns(band.less(shift)), strict=True):
        assert moved.tolist() == found.tolist()


@pytest.mark.parametrize(("n", "first"), SHAPES)
@settings(max_examples=15, deadline=None)
@given(band=bands(most=8))
def test_witness_alone_gives_the_same_departure(n, first, band):
    found = shapes.turns(band, n, first)
    departs = found.least[0] > 0
    size = found.least[0] if departs else found.most[0]
    if size == 0:
        return
    points = found.witness[0]
    assert (points >= 0).all()
    assert (np.diff(points) > 0).all()
    few = band[points]
    alone = shapes.turns(few, n, first)
    assert (alone.least[0] if departs else alone.most[0]) == pytest.approx(size, abs=1e-12)


@pytest.mark.parametrize(("n", "first"), SHAPES)
@settings(max_examples=10, deadline=None)
@given(band=bands(most=8))
def test_no_point_of_a_witness_can_be_spared(n, first, band):
    found = shapes.turns(band, n, first)
    if found.least[0] == 0:
        return
    points = found.witness[0]
    assert len(points) == n + 2
    for left_out in range(len(points)):
        fewer = band[np.delete(points, left_out)]
        if len(fewer.strengths) > min(n + 1, 2):
            assert shapes.turns(fewer, n, first).least[0] == 0


@pytest.mark.parametrize("rows", [31, 32, 33, 64, 65, 97])
@pytest.mark.parametrize("columns", [1, 50])
def test_chunks_of_rows_do_not_show(rows, columns):
    """Long curves against the definition, computed over all pairs and triples at once; ties are common."""
    rng = np.random.default_rng(rows)
    low = rng.integers(-6, 7, size=(rows, columns)) / 4
    band = Band(strengths=np.arange(rows, dtype=float), lower=low, upper=low + rng.integers(0, 3, size=low.shape) / 4)
    later = np.arange(rows)[:, None] < np.arange(rows)
    for high, bottom, pick in ((band.lower, band.upper, "least"), (band.upper, band.lower, "most")):
        falls = np.where(later[..., None], high[:, None] - bottom[None], -np.inf).max(axis=(0, 1))
        assert np.array_equal(getattr(shapes.rising(band), pick), np.maximum(falls, 0) / 2)
        rises = np.where(later[..., None], high[None] - bottom[:, None], -np.inf).max(axis=(0, 1))
        assert np.array_equal(getattr(shapes.falling(band), pick), np.maximum(rises, 0) / 2)
        before = np.array([high[:j].max(axis=0) for j in range(1, rows - 1)])
        after = np.array([high[j + 1 :].max(axis=0) for j in range(1, rows - 1)])
        dips = (np.minimum(before, after) - bottom[1:-1]).max(axis=0)
        assert np.array_equal(getattr(shapes.bump(band), pick), np.maximum(dips, 0) / 2)
    for shape in (shapes.rising, shapes.falling, shapes.bump):
        found = shape(band)
        for curve in np.flatnonzero(found.least > 0):
            few = band.columns([curve])[found.witness[curve]]
            assert shape(few).least[0] == found.least[curve]


def test_many_curves_at_once_are_judged_one_by_one():
    rng = np.random.default_rng(0)
    band = around(np.linspace(-1, 1, 33), rng.normal(size=(33, 9)).cumsum(axis=0), rng.uniform(0, 1, size=(33, 9)))
    for shape in (shapes.rising, shapes.bump, lambda b: shapes.turns(b, 2), shapes.convex, shapes.flat):
        together = shape(band)
        single = [shape(band.columns([c])) for c in range(9)]
        assert np.array_equal(together.least, [one.least[0] for one in single])
        assert np.array_equal(together.most, [one.most[0] for one in single])
        assert np.array_equal(together.witness, [one.witness[0] for one in single])
    together, single = shapes.fewest_turns(band), [shapes.fewest_turns(band.columns([c])) for c in range(9)]
    assert np.array_equal(together, np.concatenate(single, axis=1))
    quick = shapes.bump(band, "departing")
    assert np.array_equal(quick.witness[quick.least > 0], shapes.bump(band).witness[quick.least > 0])
    assert (quick.witness[quick.least == 0] == -1).all()


def test_close_and_between_measure_what_is_left_beyond_remainder_and_band():
    strengths = np.array([0.0, 1.0, 2.0])
    band = around(strengths, np.array([[0.0], [1.0], [5.0]]), 0.25)
    value = np.array([[0.0], [1.0], [4.0]])
    exact = shapes.close(band, value)
    assert (exact.least[0], exact.most[0], exact.witness[0, 0]) == (0.75, 1.25, 2)
    forgiving = shapes.close(band, value, 1.0)
    assert (forgiving.least[0], forgiving.most[0]) == (0.0, 0.25)
    assert shapes.between(band, 0.5, np.inf).least[0] == 0.25


@pytest.mark.parametrize("at_least", [True, False])
def test_second_derivative_bounds_catch_a_parabola(at_least):
    x = np.linspace(-2, 2, 41)
    band = around(x, (1.5 * x**2)[:, None], 1e-12)
    side, within, beyond = ("at_least", 3.0 - 1e-9, 3.2) if at_least else ("at_most", 3.0 + 1e-9, 2.8)
    parabola = (x**2 / 2)[:, None]
    assert shapes.curvature(band, **{side: within * parabola}).least[0] == 0
    assert shapes.curvature(band, **{side: beyond * parabola}).least[0] == pytest.approx(0.1 * 4 / 2, rel=1e-6)


def test_unknown_bounds_neither_rule_out_nor_confirm():
    x = np.arange(5.0)
    band = Band(strengths=x, lower=np.full((5, 1), -np.inf), upper=np.full((5, 1), np.inf))
    for shape in (shapes.rising, shapes.bump, shapes.convex):
        found = shape(band)
        assert found.least[0] == 0
        assert found.most[0] == np.inf


def test_flat_stretches_are_allowed():
    x = np.arange(5.0)
    flat = around(x, np.zeros((5, 1)), 0.0)
    for shape in (shapes.rising, shapes.falling, shapes.bump, shapes.valley, shapes.convex, shapes.flat):
        assert shape(flat).most[0] == 0


@pytest.mark.parametrize(
    ("strengths", "lower", "upper", "says"),
    [
        ([0.0, 1.0, 2.0], [0.0, np.nan, 0.0], [1.0, 1.0, 1.0], "not a number at strength 1"),
        ([0.0, 1.0, 2.0], [0.0, 0.0, 3.0], [1.0, 1.0, 1.0], "lower bound above its upper bound at strength 2"),
        ([0.0, 1.0, 2.0], [0.0, np.inf, 0.0], [1.0, np.inf, 1.0], "infinite at strength 1"),
        ([0.0, 2.0, 1.0], [0.0] * 3, [1.0] * 3, "2 comes before 1"),
        ([0.0, 1.0, 1.0], [0.0] * 3, [1.0] * 3, "1 is given twice"),
        ([0.0, np.nan, 1.0], [0.0] * 3, [1.0] * 3, "number 1 is not finite"),
        ([], [], [], "0 strengths given"),
        ([0.0, 1.0, 2.0], [0.0] * 2, [1.0] * 2, "one shape"),
    ],
)
def test_bad_bands_are_refused_by_name(strengths, lower, upper, says):
    with pytest.raises(ValueError, match=says):
        Band(strengths=np.array(strengths), lower=np.array(lower)[:, None], upper=np.array(upper)[:, None])


def test_too_few_points_and_negative_turns_are_refused():
    two = around(np.array([0.0, 1.0]), np.zeros((2, 1)), 0.0)
    with pytest.raises(ValueError, match="2 strengths given, at least 3"):
        shapes.bump(two)
    with pytest.raises(ValueError, match="0 or more, got -1"):
        shapes.turns(two, -1)
    with pytest.raises(ValueError, match="0 or more, got -1"):
        shapes.flat(two, -1)
