"""Sweeps: summarised over the vocabulary, written and read back; models and files that misbehave are named."""

import errno

import numpy as np
import pytest
import xarray as xr
from scipy.special import log_softmax

from numerics.bands import shapes
from numerics.bands.band import around, rounding_halfwidth
from numerics.observing.cross_entropy import observe_cross_entropy
from numerics.observing.next_token import observe_next_token
from numerics.observing.sweep import NotObservedError, Sweep, merge
from numerics.observing.watched import Watched, choose_tokens
from theory.quantities import (
    CROSS_ENTROPY_CHANGE,
)
from waves import CONCEPTS, CONTEXTS, GRID, ODDS, STEERING, Wave, observed


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
    monkeypatch.setattr("numerics.observing.slices.SLICE", 7)
    xr.testing.assert_allclose(observed().data, whole.data, rtol=1e-12)


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
    alike(back, sweep.as_read())


def alike(one: Sweep, other: Sweep) -> None:
    """The same to the last bit, type and attribute."""
    xr.testing.assert_identical(one.data.drop_encoding(), other.data.drop_encoding())
    assert {n: v.dtype for n, v in one.data.variables.items()} == {n: v.dtype for n, v in other.data.variables.items()}
    assert (one.nodes is None) == (other.nodes is None)
    if one.nodes is not None and other.nodes is not None:
        xr.testing.assert_identical(one.nodes.drop_encoding(), other.nodes.drop_encoding())


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "s.nc"
    path.write_text("old")

    def fail(*args, **kwargs):
        raise OSError(errno.ENOSPC, "disk full")

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
