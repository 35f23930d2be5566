"""Files in the layout of the paper's code: read back by the reader of such files, and judged as its own are."""

import json

import numpy as np
import pytest

import paper_results as known
from real_models.text_curves.saving import read_text_curve, to_dataset
from steerlaw.exports.reference import LEADING, write_observation, write_texts
from steerlaw.inputs.reference_files import read_result_file, result_files
from steerlaw.inputs.reference_results import read_results
from steerlaw.plans.cell import read_cells
from steerlaw.plans.exporting import export_cells, place_of


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    directory = tmp_path_factory.mktemp("results")
    known.write_results(directory)
    return directory


@pytest.fixture(scope="module")
def exported(results):
    """Every cell of every figure."""
    return export_cells(results)


def tilted(bend=0.0, context=0):
    alpha = known.STRENGTHS[:, None]
    weights = np.exp(known.LOGITS[context] + alpha * known.ODDS / (1 + bend * np.abs(alpha)))
    return weights / weights.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("context", [0, 1])
def test_next_token_files_hold_the_model_s_probabilities(tmp_path, context):
    """Oracle: the model's formula. It has fewer tokens than are kept, so all of them are there."""
    written = write_observation(known.observed("next token", "vector", 2, 0.0), tmp_path)
    assert [path.name for path in written] == ["log_odds_topk.npz", "layer_2_ctx_0.npz", "layer_2_ctx_1.npz"]
    file, expected = read_result_file(written[1 + context]), tilted(context=context)
    assert known.VOCAB <= LEADING
    assert (file.model, file.concept, file.layer, file.context) == ("tilting", "evil", 2, context)
    for name, row in (("alphamax", -1), ("alphamin", 0)):
        ids = file.arrays[f"token_{name}"]
        assert ids.tolist() == np.argsort(-expected[row], kind="stable").tolist()
        np.testing.assert_allclose(file.arrays[f"probs_{name}"], expected[:, ids], rtol=2e-7, atol=1e-40)
    np.testing.assert_array_equal(file.strengths, known.STRENGTHS)
    assert file.meta["apply_last_token_only"] is False
    with np.load(written[1], allow_pickle=False) as plain:  # nothing in it is pickled
        assert plain["token_strs_alphamax"].tolist() == [known.TEXTS[z] for z in plain["token_alphamax"]]
    odds = read_result_file(written[0]).arrays
    np.testing.assert_array_equal(odds["log_odds"], known.ODDS[odds["token_ids"]])
    assert (np.diff(odds["log_odds"]) <= 0).all()


def test_steering_the_last_position_alone_is_said(tmp_path):
    *_, file = write_observation(known.observed("next token", "vector", 2, 0.0), tmp_path, positions="last")
    assert read_result_file(file).meta["apply_last_token_only"] is True


def test_cross_entropy_files_hold_the_mean_of_the_segments(tmp_path):
    (path,) = write_observation(known.observed("cross-entropy", "vector", 1, 0.004), tmp_path)
    probs, targets = tilted(0.004), known.SEGMENTS[:, 1:].ravel()
    expected = -np.log(probs[:, targets]).mean(axis=1)
    file = read_result_file(path)
    np.testing.assert_allclose(file.arrays["cross_entropy"], expected, rtol=1e-12)
    np.testing.assert_allclose(file.arrays["delta_cross_entropy"], expected - expected[20], atol=1e-13)
    with np.load(path) as held:
        np.testing.assert_allclose(held["perplexity"], np.exp(expected), rtol=1e-12)


def test_texts_files_hold_each_prompt_s_own_share(tmp_path):
    """Oracle: at a strength at which texts were drawn, and far from the others, it is near those texts' plain mean."""
    curve = known.text_curve(1.0)
    file = read_result_file(write_texts(curve, tmp_path, model="m", concept="evil", layer=1))
    found = file.arrays["p1_by_ctx"]
    assert found.shape == (60, 9)
    truth = 1 / (1 + np.exp(1 - curve.strengths))
    assert np.abs(np.nanmean(found, axis=0) - truth)[curve.reliable].max() < 0.1
    assert np.isnan(found[:, ~curve.reliable]).all()
    for prompt in range(3):
        own = curve.sampled.prompt == prompt
        mixture = np.exp(curve.costs.log_prob[own][:, ::2]).mean(axis=1)
        weights = np.exp(curve.costs.log_prob[own]) / mixture[:, None]
        expected = curve.scores[own] @ weights / weights.sum(axis=0)
        np.testing.assert_allclose(found[prompt][curve.reliable], expected[curve.reliable], rtol=1e-9, atol=1e-12)


def test_missing_answers_are_missing(tmp_path):
    curve = known.text_curve(1.0)
    scores = np.where(curve.sampled.prompt == 4, np.nan, curve.scores)
    found = curve.rescored(scores).by_prompt()
    assert np.isnan(found[4]).all()
    assert np.isfinite(np.delete(found, 4, axis=0)).all()


@pytest.mark.slow
def test_every_cell_of_a_plan_is_written_where_its_figure_says(results, exported):
    cells = read_cells(results)
    assert {path.parent for path in exported} == {place_of(cell, results) for cell in cells}
    names = {path.relative_to(results / "reference").parts[0] for path in exported}
    assert names >= {"6", "6_random_direction", "a_3_draw_2", "a_13_self_cross_entropy", "7_top", "a_6"}
    for path in exported:
        if path.suffix == ".npz":
            read_result_file(path)


@pytest.mark.slow
def test_what_is_written_is_judged_like_the_paper_s_own(results, exported):
    """The tilt of the last block holds on its own curves; a figure's folder is where its files are found."""
    (cell,) = [c for c in read_cells(results) if c.figure == "A.7" and c.block == "last" and c.along == "vector"]
    folder = place_of(cell, results).parents[1]
    assert set(result_files(folder)) == {path for path in exported if path.is_relative_to(folder)}
    curves = [found for found in read_results(folder, dtype="float32") if found.steered.layer == 2]
    (found,) = [c for c in curves if c.context == 0 and c.quantity.id == "log_probability"]
    assert found.tokens is not None
    expected = np.log(tilted())[:, found.tokens]
    expected -= np.log(np.exp(expected).sum(axis=1, keepdims=True))
    assert (found.lower <= expected + 1e-9).all()
    assert (found.upper >= expected - 1e-9).all()


def test_a_text_curve_is_the_same_after_it_was_kept(tmp_path):
    curve = known.text_curve(1.0)
    to_dataset(curve).to_netcdf(tmp_path / "t.nc", engine="h5netcdf")
    again, _ = read_text_curve(tmp_path / "t.nc")
    np.testing.assert_array_equal(again.by_prompt(), curve.by_prompt())


def test_records_are_json_in_any_language(tmp_path):
    path = write_texts(known.text_curve(1.0), tmp_path, model="möbius", concept="böse", layer=0)
    with np.load(path) as held:
        assert json.loads(str(held["meta"]))["model"] == "möbius"
