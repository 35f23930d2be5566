"""Sweeps: observed from models, summarised over the vocabulary, written and read back."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import xarray as xr
from scipy.special import log_softmax

from numerics.bands import shapes
from numerics.bands.band import around, rounding_halfwidth
from numerics.observing.cross_entropy import observe_cross_entropy
from numerics.observing.grids import parse, strength_grid, with_zero
from numerics.observing.model import Steering
from numerics.observing.next_token import observe_next_token
from numerics.observing.sweep import NotObservedError, Sweep, merge
from numerics.observing.watched import Watched, choose_tokens
from theory.quantities import (
    CENTRED_LOGIT,
    CONCEPT_LOGIT,
    CROSS_ENTROPY_CHANGE,
    EFFICIENCY,
    GREEDY_LOG_ODDS,
    INTERPLAY,
    KL_FORWARD,
    KL_REVERSE,
    LOG_ODDS,
    LOG_PROBABILITY,
    LOG_PROBABILITY_SLOPE,
    LOG_RATIO,
    MEAN_LOG_ODDS,
    PEAK,
    SINGULAR_VALUES,
    TOP_LOG_PROBABILITY,
)

VOCAB, GRID = 60, strength_grid(6.0, 33)


@dataclass(frozen=True)
class Wave:
    """Logits that are affine in the strength plus a wave, so that curves turn; contexts are integers."""

    dtype: str = "float64"
    wave: float = 3.0
    name: str = "wave"
    vocab_size: int = VOCAB

    def parts(self, context: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rng = np.random.default_rng(context)
        return 2 * rng.normal(size=VOCAB), rng.normal(size=VOCAB), rng.uniform(0, 6, size=VOCAB)

    def logits(self, tokens, strengths, *, layer, vector):
        base, rate, phase = self.parts(tokens)
        s = vector[0] * np.asarray(strengths)[:, None]
        return (base + s * rate + self.wave * np.sin(s + phase)).astype(self.dtype)

    def derivative(self, tokens, strengths, *, layer, vector):
        _, rate, phase = self.parts(tokens)
        s = vector[0] * np.asarray(strengths)[:, None]
        return (vector[0] * (rate + self.wave * np.cos(s + phase))).astype(self.dtype)

    def cross_entropy(self, segments, strengths, *, layer, vector):
        return np.stack([2 + (np.asarray(strengths) - b) ** 2 for b in segments], axis=1).astype(self.dtype)


ODDS = np.random.default_rng(9).normal(size=VOCAB)
CONCEPTS = np.array([np.arange(VOCAB) < 20, np.arange(VOCAB) % 2 == 0])
CONTEXTS = [0, 1, 2]


STEERING = Steering(layer=2, vector=np.ones(1))
WATCHED = Watched(log_odds=ODDS, concepts=CONCEPTS, tokens=[3, 5, 8], concept_names=["first", "even"])


def observed(model=None, attributes=None, **watched) -> Sweep:
    return observe_next_token(
        model or Wave(), CONTEXTS, GRID, STEERING, replace(WATCHED, **watched), attributes=attributes
    )


def test_curves_are_what_softmax_says():
    sweep = observed()
    for n, context in enumerate(CONTEXTS):
        table = log_softmax(Wave().logits(context, GRID, layer=2, vector=np.ones(1)), axis=1)
        for quantity, expected in (
            (LOG_PROBABILITY, table[:, [3, 5, 8]].T),
            (CENTRED_LOGIT, (table - table.mean(axis=1, keepdims=True))[:, [3, 5, 8]].T),
            (MEAN_LOG_ODDS, np.exp(table) @ ODDS),
            (
                CONCEPT_LOGIT,
                np.stack(
                    [
                        np.logaddexp.reduce(table[:, c], axis=1) - np.logaddexp.reduce(table[:, ~c], axis=1)
                        for c in CONCEPTS
                    ]
                ),
            ),
        ):
            curves = sweep.curves(quantity)
            assert (curves.lower[n] <= expected).all()
            assert (expected <= curves.upper[n]).all()
            assert np.ptp([curves.lower[n], curves.upper[n]], axis=0).max() < 1e-11
    assert sweep.attributes["model"] == "wave"
    assert sweep.attributes["layer"] == 2


def inside(curves, index, expected, width) -> None:
    """The band holds the exact curve, and is narrow."""
    low, high = curves.lower[index], curves.upper[index]
    assert (low <= expected).all()
    assert (expected <= high).all()
    assert (high - low).max() < width


@pytest.mark.parametrize(("dtype", "width"), [("float64", 1e-9), ("float32", 0.05)])
def test_pushes_and_what_they_buy(dtype, width):
    sweep = observed(Wave(dtype=dtype))
    for n, context in enumerate(CONTEXTS):
        table = log_softmax(Wave().logits(context, GRID, layer=2, vector=np.ones(1)), axis=1)
        base = table[GRID == 0]
        forward = (np.exp(table) * (table - base)).sum(axis=1)
        reverse = (np.exp(base) * (base - table)).sum(axis=1)
        inside(sweep.curves(KL_FORWARD), n, forward, width)
        inside(sweep.curves(KL_REVERSE), n, reverse, width)
        steered = GRID != 0
        curves = sweep.curves(EFFICIENCY)
        for c, members in enumerate(CONCEPTS):
            after, before = np.exp(table[:, members]).sum(axis=1), np.exp(base[:, members]).sum(axis=1)
            bought = after * np.log(after / before) + (1 - after) * np.log((1 - after) / (1 - before))
            share = (bought / np.where(steered, forward, 1.0))[steered]
            assert (curves.lower[n, c][steered] <= share + 1e-12).all()
            assert (share - 1e-12 <= curves.upper[n, c][steered]).all()
            assert (curves.upper - curves.lower)[n, c][steered].max() < width
            assert curves.lower[n, c][~steered] == 0
            assert curves.upper[n, c][~steered] == 1


def test_tiny_pushes_keep_their_digits():
    """KL is about alpha^2/2 Var(M): far below the rounding of log-probabilities."""
    grid = np.array([-1e-7, 0.0, 1e-7])
    sweep = observe_next_token(Wave(wave=0.0), [0], grid, STEERING, Watched(log_odds=ODDS))
    base, rate, _ = Wave().parts(0)
    law = np.exp(log_softmax(base))
    expected = grid**2 / 2 * (law @ rate**2 - (law @ rate) ** 2)
    for quantity in (KL_FORWARD, KL_REVERSE):
        curves = sweep.curves(quantity)
        assert (curves.lower[0] <= expected * (1 + 1e-6)).all()
        assert (expected * (1 - 1e-6) <= curves.upper[0]).all()
        assert ((curves.upper - curves.lower)[0] <= 1e-4 * expected + 0).all()


def test_greedy_tokens_and_ratios():
    sweep = observed()
    for n, context in enumerate(CONTEXTS):
        table = log_softmax(Wave().logits(context, GRID, layer=2, vector=np.ones(1)), axis=1)
        inside(sweep.curves(TOP_LOG_PROBABILITY), n, table.max(axis=1), 1e-11)
        inside(sweep.curves(GREEDY_LOG_ODDS), n, ODDS[table.argmax(axis=1)], 1e-12)
        reference = table[GRID == 0][0].argmax()
        inside(sweep.curves(LOG_RATIO), n, (table[:, [3, 5, 8]] - table[:, [reference]]).T, 1e-11)
    inside(sweep.curves(LOG_ODDS), slice(None), np.broadcast_to(ODDS[[3, 5, 8], None], (3, GRID.size)), 1e-13)


def test_tokens_that_tie_at_the_top_leave_their_log_odds_open():
    class Tie(Wave):
        def logits(self, tokens, strengths, *, layer, vector):
            logits = super().logits(tokens, strengths, layer=layer, vector=vector)
            logits[:, [4, 9]] = 50.0
            return logits

    curves = observed(Tie()).curves(GREEDY_LOG_ODDS)
    np.testing.assert_allclose(curves.lower, ODDS[[4, 9]].min())
    np.testing.assert_allclose(curves.upper, ODDS[[4, 9]].max())


@pytest.mark.parametrize(("dtype", "width"), [("float64", 1e-6), ("float32", 1e-3)])
def test_singular_values_are_those_of_the_centred_table(dtype, width):
    """In float64 to the root of V eps, as eigenvalues of a Gram matrix give them."""
    curves = observed(Wave(dtype=dtype)).curves(SINGULAR_VALUES)
    assert curves.strengths.tolist() == list(range(1, GRID.size + 1))
    for n, context in enumerate(CONTEXTS):
        table = Wave().logits(context, GRID, layer=2, vector=np.ones(1))
        centred = table - table.mean(axis=0) - table.mean(axis=1, keepdims=True) + table.mean()
        inside(curves, n, np.linalg.svd(centred, compute_uv=False) / np.sqrt(centred.size) / GRID.std(), width)


def test_interplay_of_two_vectors():
    other = np.array([0.3])
    sweep = observed(other_vector=other)
    for n, context in enumerate(CONTEXTS):
        first, second, both = (
            log_softmax(Wave().logits(context, GRID, layer=2, vector=v), axis=1)[:, [3, 5, 8]]
            for v in (np.ones(1), other, np.ones(1) + other)
        )
        inside(sweep.curves(INTERPLAY), n, (both - first - second + first[GRID == 0]).T, 1e-10)
    with pytest.raises(NotObservedError, match="interplay"):
        observed().curves(INTERPLAY)


def test_peaks_along_the_log_odds():
    """Tokens of one level share their brackets; those that disagree leave all strengths between them."""

    class Bumps(Wave):
        def logits(self, tokens, strengths, *, layer, vector):
            at = np.linspace(-8, 8, VOCAB)
            return -3 * (np.asarray(strengths)[:, None] - at) ** 2 + 40.0 * (np.abs(at) < 7)

    odds = np.floor(np.arange(VOCAB) / 2.0)
    odds[59] = 0.0
    sweep = observe_next_token(Bumps(), [0], GRID, STEERING, Watched(log_odds=odds))
    curves = sweep.curves(PEAK)
    assert curves.strengths.tolist() == sorted(set(odds))
    table = log_softmax(Bumps().logits(0, np.linspace(-6, 6, 9601), layer=0, vector=np.ones(1)), axis=1)
    fine = np.linspace(-6, 6, 9601)[table.argmax(axis=0)]
    for k, m in enumerate(curves.strengths):
        peaks = fine[odds == m]
        assert curves.lower[0, k] <= peaks.max()
        assert peaks.min() <= curves.upper[0, k]
    assert curves.lower[0, 0] == -np.inf
    assert curves.upper[0, 0] == np.inf
    within = np.isfinite(curves.lower[0]) & np.isfinite(curves.upper[0])
    assert within.sum() > 10
    assert (curves.upper - curves.lower)[0, within].max() <= curves.resolution + 1e-12
    assert curves.reach == (-6.0, 6.0)


def test_slopes_are_finite_differences_of_the_curves():
    curves, step = observed().curves(LOG_PROBABILITY_SLOPE), 1e-5
    assert curves.strengths.tolist() == GRID[::8].tolist()
    ends = [
        log_softmax(Wave().logits(1, curves.strengths + h, layer=2, vector=np.ones(1)), axis=1)[:, 5]
        for h in (-step, step)
    ]
    assert np.allclose((curves.lower + curves.upper)[1, 1] / 2, (ends[1] - ends[0]) / (2 * step), atol=1e-8)


def test_summary_of_every_token_agrees_with_its_own_curve():
    data = observed().data
    for n, context in enumerate(CONTEXTS):
        logits = Wave().logits(context, GRID, layer=2, vector=np.ones(1))
        table = log_softmax(logits, axis=1)
        width = 2 * rounding_halfwidth(np.float64, np.abs(logits).max(axis=1))
        band = around(GRID, table, width[:, None])
        for m, shape in enumerate((shapes.rising, shapes.falling, shapes.bump)):
            found, kept = shape(band), data["shape_departure"].to_numpy()[n, :, m]
            assert np.allclose(kept, np.stack([found.least, found.most], axis=1), rtol=1e-6, atol=1e-12)
            departs = found.least > 1e-9
            assert departs.any()
            points = data["shape_witness"].to_numpy()[n, departs, m][:, : found.witness.shape[1]]
            assert np.array_equal(points, found.witness[departs])
        assert np.array_equal(data["peak"].to_numpy()[n], GRID[table.argmax(axis=0)])
        assert np.array_equal(data["turns"].to_numpy()[n], shapes.fewest_turns(band)[0])
        assert np.allclose(data["end"].to_numpy()[n], table[-1], atol=1e-12)


def test_slices_of_the_vocabulary_do_not_change_the_answer(monkeypatch):
    whole = observed()
    monkeypatch.setattr("numerics.observing.observers.view.SLICE", 7)
    xr.testing.assert_allclose(observed().data, whole.data, rtol=1e-12)


def test_concepts_far_below_underflow_keep_their_logit():
    class Steep(Wave):
        def logits(self, tokens, strengths, *, layer, vector):
            return np.asarray(strengths)[:, None] * np.linspace(-300, 300, VOCAB)

    low, rest = np.arange(VOCAB) < 3, np.arange(VOCAB) >= 3
    sweep = observe_next_token(Steep(), [0], GRID, STEERING, Watched(concepts=low))
    logits = Steep().logits(0, GRID, layer=0, vector=np.ones(1))
    expected = np.logaddexp.reduce(logits[:, low], axis=1) - np.logaddexp.reduce(logits[:, rest], axis=1)
    curves = sweep.curves(CONCEPT_LOGIT)
    assert np.allclose(curves.lower[0, 0], expected, rtol=1e-9)
    assert expected.min() < -3000


def test_tokens_are_chosen_from_the_unsteered_model():
    log_probs = log_softmax(np.stack([Wave().parts(c)[0] for c in CONTEXTS]), axis=1)
    chosen = choose_tokens(log_probs, ODDS, CONCEPTS, k=2)
    assert ODDS.argmax() in chosen
    assert ODDS.argmin() in chosen
    assert np.exp(log_probs).mean(axis=0).argmax() in chosen
    assert np.array_equal(chosen, np.unique(chosen))
    assert np.array_equal(observed(tokens=[*chosen[::-1], chosen[0]]).data["token"], chosen)


def test_zero_is_inserted_and_a_note_says_so():
    sweep = observe_next_token(Wave(), [0], np.linspace(1, 3, 5), STEERING, Watched(tokens=[1]))
    assert sweep.strengths[0] == 0
    assert "0 was inserted" in sweep.notes[0]
    assert observed().notes == ()


def test_cross_entropy_change_is_counted_from_zero():
    weights = np.array([1.0, 3.0])
    sweep = observe_cross_entropy(Wave(), [1.0, 2.0], GRID, STEERING, weights=weights)
    curves = sweep.curves(CROSS_ENTROPY_CHANGE)
    assert np.allclose((curves.lower + curves.upper) / 2, GRID**2 - 2 * GRID * 1.75, atol=1e-10)
    at_zero = GRID == 0
    assert curves.lower[at_zero] == curves.upper[at_zero] == 0
    lacking = Sweep(data=sweep.data.isel(strength=slice(0, 5)))
    with pytest.raises(NotObservedError, match="lack 0"):
        lacking.curves(CROSS_ENTROPY_CHANGE)


def test_written_sweeps_come_back_as_they_were(tmp_path):
    sweep = merge(
        observed(attributes={"control": "random_direction", "seeds": [1, 2]}),
        observe_cross_entropy(Wave(), [1.0, 2.0], GRID, STEERING),
    )
    sweep.write(tmp_path / "s.nc")
    back = Sweep.read(tmp_path / "s.nc")
    xr.testing.assert_equal(back.data, sweep.data)
    assert back.attributes == sweep.attributes
    assert back.attributes["control"] == "random_direction"
    assert [path.name for path in tmp_path.iterdir()] == ["s.nc"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "s.nc"
    path.write_text("old")

    def fail(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr("numerics.files.atomic.os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        observed().write(path)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["s.nc"]


def test_files_that_are_no_sweeps_are_refused_by_name(tmp_path):
    (tmp_path / "text.nc").write_text("hello")
    xr.Dataset({"x": 1}).to_netcdf(tmp_path / "other.nc", engine="h5netcdf")
    with pytest.raises(ValueError, match=r"text\.nc: not a netCDF file"):
        Sweep.read(tmp_path / "text.nc")
    with pytest.raises(ValueError, match=r"other\.nc: a netCDF file, but no sweep"):
        Sweep.read(tmp_path / "other.nc")
    with pytest.raises(FileNotFoundError, match=r"absent\.nc"):
        Sweep.read(tmp_path / "absent.nc")


def test_models_that_misbehave_are_named():
    class Bad(Wave):
        def logits(self, tokens, strengths, *, layer, vector):
            return np.where(
                np.asarray(strengths)[:, None] > 5,
                np.nan,
                super().logits(tokens, strengths, layer=layer, vector=vector),
            )

    with pytest.raises(ValueError, match=r"context '0'.*not finite at strength 5\.25"):
        observed(Bad())
    with pytest.raises(ValueError, match="at least one"):
        observe_next_token(Wave(), [], GRID, STEERING)
    with pytest.raises(NotObservedError, match="cross_entropy"):
        observed().curves(CROSS_ENTROPY_CHANGE)


def test_grids_are_symmetric_and_pass_through_zero():
    for dense in (False, True):
        grid = strength_grid(200.0, 257, dense=dense)
        assert grid[128] == 0
        assert np.array_equal(grid, -grid[::-1])
        assert (np.diff(grid) > 0).all()
        assert grid[-1] == 200
    steps = np.diff(strength_grid(1.0, 101, dense=True))
    assert steps[-1] > 20 * steps[50]
    assert parse("-1:1:5").tolist() == [-1, -0.5, 0, 0.5, 1]
    assert 0 in parse("-0.3:0.3:7")
    assert with_zero([-1.0, 1.0])[0].tolist() == [-1, 0, 1]
    assert with_zero([0.0, 1.0])[1] is False


@pytest.mark.parametrize("text", ["", "1:2", "a:b:3", "1:0:5", "0:1:2", "0:inf:5", "0:1:2.5"])
def test_malformed_grids_are_refused(text):
    with pytest.raises(ValueError, match="strengths"):
        parse(text)
    for limit, count in ((0.0, 5), (1.0, 4), (1.0, 1), (float("nan"), 5)):
        with pytest.raises(ValueError, match="strength"):
            strength_grid(limit, count)


class Hidden:
    """Token 0 wiggles between the strengths of a grid of step 1/4 and is a parabola at them; token 1 has a spike."""

    name, vocab_size = "hidden", 3

    def __init__(self, wiggle=0.0, spike=0.0):
        self.wiggle, self.spike = wiggle, spike

    def logits(self, tokens, strengths, *, layer, vector):
        x = np.asarray(strengths, np.float64)
        first = -(x**2) + self.wiggle * np.sin(8 * np.pi * x)
        second = -(x**2) / 2 + self.spike * np.exp(-((x - 1.3) ** 2) * 40)
        return np.stack([first, second, np.zeros_like(x)], axis=1)

    def derivative(self, tokens, strengths, *, layer, vector):
        x, h = np.asarray(strengths, np.float64), 1e-6
        return (self.logits(0, x + h, layer=0, vector=0) - self.logits(0, x - h, layer=0, vector=0)) / (2 * h)


def test_strengths_are_added_where_curves_bend():
    model = Hidden(spike=2.0)
    grid = np.linspace(-4, 4, 33)
    watched = Watched(tokens=[0, 1])
    coarse, fine = (
        observe_next_token(model, [0], grid, STEERING, watched, slope_every=4, budget=budget) for budget in (0, 40)
    )
    assert fine.attributes["strengths_added"] == len(fine.strengths) - 33 <= 40
    densest = fine.strengths[np.diff(fine.strengths).argmin()]
    assert abs(densest - 1.3) < 0.4
    assert np.isin(grid, fine.strengths).all()
    shown = np.isin(fine.strengths, grid)
    assert np.array_equal(fine.data["log_probability"][..., shown], coarse.data["log_probability"])


def test_a_wiggle_that_only_slopes_show_is_found_and_judged():
    grid = np.linspace(-4, 4, 33)
    watched = Watched(tokens=[0, 1])
    departures = []
    for budget in (0, 60):
        sweep = observe_next_token(Hidden(wiggle=0.05), [0], grid, STEERING, watched, slope_every=4, budget=budget)
        departures.append(float(sweep.data["shape_departure"].sel(shape="bump", bound="lower")[0, 0]))
    assert departures[0] == 0
    assert departures[1] > 0.005


def test_a_straight_tilt_needs_no_more_strengths_than_its_turns():
    class Straight(Hidden):
        def logits(self, tokens, strengths, *, layer, vector):
            return np.outer(strengths, [1e-3, 0.0, -1e-3])

    sweep = observe_next_token(Straight(), [0], np.linspace(-1, 1, 33), STEERING, Watched(tokens=[0]), budget=50)
    assert sweep.attributes["strengths_added"] == 0


def test_cross_entropy_gets_strengths_around_its_minimum():
    sweep = observe_cross_entropy(Wave(), [0.3], GRID, STEERING, budget=8)
    added = np.setdiff1d(sweep.strengths, GRID)
    assert 0 < added.size <= 8
    assert np.abs(added - 0.3).min() < np.diff(GRID).max() / 2
    exact = 2 + (sweep.strengths - 0.3) ** 2
    assert sweep.data["cross_entropy"].to_numpy()[0] == pytest.approx(exact)
