"""Sweeps read off curves: in closed form where a grid sees nothing, at the cost of few evaluations, as far as known."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import log_softmax

from formulas import LIMIT, VOCAB, Curved, Formula
from numerics.observing.between import resolving
from numerics.observing.curves.build import steered_curve
from numerics.observing.model import Steering
from numerics.observing.next_token import FEW, observe_next_token
from numerics.observing.variables import HALFWIDTH
from numerics.observing.watched import Watched

STEERING, ONE = Steering(layer=0, vector=np.ones(1)), np.ones(1)
GRID = np.linspace(-LIMIT, LIMIT, 33)
WATCHED = Watched(tokens=range(VOCAB), log_odds=np.linspace(-1, 1, VOCAB), concepts=np.arange(VOCAB) < 3)


def observed(model, contexts=(0, 1), grid=GRID, watched=WATCHED, **options):
    return observe_next_token(model, contexts, grid, STEERING, watched, **options)


def test_a_curve_holds_what_a_table_holds_within_its_half_widths():
    watched = replace(WATCHED, other_vector=np.full(1, 0.3))
    plain, curved = (observed(model, watched=watched).data for model in (Formula(), Curved()))
    bands = [str(name) for name in plain.data_vars if f"{name}{HALFWIDTH}" in plain]
    assert len(bands) == 13
    for name in bands:
        width = plain[f"{name}{HALFWIDTH}"] + curved[f"{name}{HALFWIDTH}"]
        assert (np.abs(plain[name] - curved[name]) <= width).all(), name
        assert name == "efficiency" or (curved[f"{name}{HALFWIDTH}"] < 1e-3).all(), name
    for name in ("turns", "first", "peak", "peak_lower", "peak_upper"):
        assert np.array_equal(plain[name], curved[name]), name
    for name in ("shape_departure", "movement", "start", "end"):
        np.testing.assert_allclose(plain[name], curved[name], atol=2e-4, err_msg=name)


def test_slopes_are_known_where_a_model_offers_no_derivative():
    data = observed(Curved(), watched=Watched(tokens=[2, 5])).data
    step = 1e-5
    for n, context in enumerate((0, 1)):
        low, high = (
            log_softmax(Formula().logits(context, GRID + h, layer=0, vector=ONE), axis=1) for h in (-step, step)
        )
        exact = (high - low) / (2 * step)
        error = np.abs(data["log_probability_slope"].to_numpy()[n] - exact[:, [2, 5]].T)
        assert (error <= data["log_probability_slope_halfwidth"].to_numpy()[n] + 1e-9).all()
        assert data["slope_at_zero"].to_numpy()[n] == pytest.approx(exact[16], abs=1e-3)


@given(st.integers(0, 999))
def test_peaks_are_bracketed_around_roots_of_the_slope(context):
    data = observed(Curved(), [context]).data
    brackets = np.stack([data[f"slope_peak_{end}"].to_numpy()[0] for end in ("lower", "upper")], axis=1)
    h = 1e-6
    for token, (low, high) in enumerate(brackets):

        def slope(at, token=token):
            rows = log_softmax(Formula().logits(context, [at - h, at + h], layer=0, vector=ONE), axis=1)
            return (rows[1] - rows[0])[token] / (2 * h)

        if np.isnan(low):  # not among the likeliest, or no peak that the grid's slopes tell
            continue
        assert slope(low) > 0 > slope(high)
        assert low < brentq(slope, low, high) < high
        assert high - low < 0.02


def test_a_peak_that_the_models_own_derivative_denies_is_no_peak():
    class Denied(Curved):
        def derivative(self, tokens, strengths, *, layer, vector):
            return np.tile(np.arange(float(VOCAB)), (len(strengths), 1))

    assert np.isfinite(observed(Curved()).data["slope_peak_lower"]).any()
    assert np.isnan(observed(Denied()).data["slope_peak_lower"]).all()


@pytest.mark.parametrize("width", [0.05, 0.02])
def test_a_notch_between_two_strengths_that_a_grid_calls_a_bump_departs(width):
    """Three nats deep, between neighbours of the grid: what is judged is the curve, not its values at the grid."""
    assert 0.25 < 0.37 - 2 * width < 0.37 + 2 * width < 0.5
    found = {}
    for kind in (Formula, Curved):
        sweep = observed(kind(notch=3.0, width=width), [3], between=True, wanted={"shape_departure"})
        found[kind] = sweep.data["shape_departure"].sel(shape="bump").to_numpy()[0, 0]
        assert np.isin(GRID, sweep.strengths).all()
        assert (len(sweep.strengths) > len(GRID)) == (kind is Curved) == (sweep.attributes["strengths_added"] > 0)
    assert found[Formula][1] < 1e-3, "the grid says that it holds"
    fine = observed(Formula(notch=3.0, width=width), [3], np.linspace(-LIMIT, LIMIT, 4001), wanted={"shape_departure"})
    exact = float(fine.data["shape_departure"].sel(shape="bump", bound="lower")[0, 0])
    assert exact > 1
    assert found[Curved][0] == pytest.approx(exact, rel=0.05)


def test_what_is_between_is_as_fine_as_the_nodes_and_costs_no_evaluation():
    curves = [steered_curve(Curved(notch=1.0), n, layer=0, vector=[1.0], window=(-LIMIT, LIMIT)) for n in (0, 1)]
    asked = np.array([-4.0, 0.0, 0.1, 4.0])
    grid = resolving(asked, curves)
    assert np.isin(asked, grid).all()
    for curve in curves:
        for piece in curve.pieces:
            inside = curve.map.angle(grid)
            inside = inside[(inside >= piece.low) & (inside <= piece.high)]
            assert np.diff(inside).max() <= (piece.high - piece.low) / piece.degree * (1.5 + 1e-9)
    models = [Curved(), Curved()]
    sweeps = [observed(model, between=between) for model, between in zip(models, (False, True), strict=True)]
    assert models[0].asked == models[1].asked
    assert len(sweeps[0].strengths) <= len(sweeps[1].strengths)


def test_curves_that_are_known_are_not_read_again():
    model = Curved()
    curves = [steered_curve(model, n, layer=0, vector=[1.0], window=(-LIMIT, LIMIT)) for n in (0, 1)]
    before = len(model.asked)
    assert observed(model, curves=lambda: curves).data["log_probability"].shape == (2, VOCAB, 33)
    assert len(model.asked) == before


def test_few_strengths_are_asked_for_one_by_one():
    model = Curved()
    observed(model, [0], np.linspace(-1, 1, 9))
    assert model.asked == np.linspace(-1, 1, 9).tolist()
    assert FEW > 9


def test_a_curve_that_does_not_converge_is_read_at_the_grid_and_a_note_says_so():
    class Rough(Curved):
        def logits(self, tokens, strengths, *, layer, vector):
            values = super().logits(tokens, strengths, layer=layer, vector=vector)
            values[:, 1] += tokens * np.sin(1e5 * np.asarray(strengths))
            return values

    sweep = observed(Rough(), [0, 1], between=True)
    assert sweep.notes == ("the curve of context 1 is too sharp to be interpolated: read at the strengths of the grid",)
    exact = log_softmax(Rough().logits(1, sweep.strengths, layer=0, vector=ONE), axis=1).T
    assert np.allclose(sweep.data["log_probability"].to_numpy()[1], exact, atol=1e-9)


def test_slices_off_a_curve_are_its_table(monkeypatch):
    table = observed(Curved()).data
    monkeypatch.setattr("numerics.observing.readings.ROOM", 0)
    monkeypatch.setattr("numerics.observing.slices.SLICE", 4)
    sliced = observed(Curved()).data
    for name in table.data_vars:
        if table[name].dtype.kind == "f":
            np.testing.assert_allclose(sliced[name], table[name], rtol=1e-9, atol=1e-7, err_msg=str(name))
