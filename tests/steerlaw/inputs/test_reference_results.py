"""Result files of the reference implementation: written as it writes them, read as curves, refused by name."""

import numpy as np
import pytest
from scipy.special import expit

from numerics.bands.intervals import bounded_mean_band
from reference_samples import (
    ALPHAS,
    LAW,
    cross_entropy,
    judged,
    log_odds,
    next_token,
    scores,
    write,
)
from steerlaw.__main__ import main
from steerlaw.inputs.reference_files import result_files
from steerlaw.inputs.reference_results import read_results
from theory.quantities import CONCEPT_LOGIT, CROSS_ENTROPY_CHANGE, LOG_PROBABILITY


@pytest.mark.parametrize(("dtype", "error"), [("float32", 2e-5), (None, 2e-2), ("bfloat16", 2.0)])
def test_probabilities_are_read_as_log_probabilities_within_the_rounding_of_their_arithmetic(dtype, error, tmp_path):
    """The band holds what such arithmetic may have changed, and is not much wider."""
    rng = np.random.default_rng(0)
    size = np.maximum(1, np.abs(np.log(LAW)).max(axis=0))
    share = {"float32": 4 * 2.0**-23, None: 1.5 * 2.0**-11, "bfloat16": 4 * 2.0**-7}[dtype]
    read = LAW * np.exp(share * size * rng.uniform(-1, 1, LAW.shape))
    (curves,) = read_results(next_token(tmp_path / "layer_0_ctx_0.npz", np.minimum(read, 1)), dtype=dtype)
    assert curves.quantity == LOG_PROBABILITY
    assert (curves.lower <= np.log(LAW[:, curves.tokens])).all()
    assert (np.log(LAW[:, curves.tokens]) <= curves.upper).all()
    seen = np.log(LAW[:, curves.tokens]) > -10
    assert (curves.upper - curves.lower)[seen].max() < 12 * error
    assert (curves.upper - curves.lower)[seen].max() > error / 12


def test_tf32_is_the_default_and_said(tmp_path):
    path = next_token(tmp_path / "layer_0_ctx_0.npz")
    (default,), (said,), (single,) = (read_results(path, dtype=dtype) for dtype in (None, "tf32", "float32"))
    assert np.array_equal(default.upper, said.upper)
    assert (default.upper - default.lower).max() > 100 * (single.upper - single.lower).max()
    assert any("TF32" in note and "--dtype float32" in note for note in default.notes)
    assert not any("TF32" in note for note in single.notes)
    with pytest.raises(ValueError, match=r"--dtype 'float8'.*tf32, float32, bfloat16"):
        read_results(path, dtype="float8")


def test_judged_concepts_are_bands_over_contexts(tmp_path):
    path = judged(tmp_path / "layer_3_concept_probs.npz", expit(ALPHAS / 2), contexts=200)
    curves = read_results(path, level=0.1)
    assert [found.quantity for found in curves] == [CONCEPT_LOGIT] * 3
    assert [found.part for found in curves] == ["all", "positive", "negative"]
    with np.load(path, allow_pickle=False) as file:
        low, high = bounded_mean_band(file["p1_by_ctx"][:12], level=0.1)
    assert expit(np.stack([curves[2].lower[:, 0], curves[2].upper[:, 0]])) == pytest.approx(
        np.stack([low, high]), abs=1e-12
    )


def test_missing_answers_widen_the_band_of_a_judged_concept(tmp_path):
    values = np.ones((16, ALPHAS.size), np.float32)
    values[:5, ALPHAS > 0] = np.nan
    full, some = (
        read_results(judged(tmp_path / f"layer_0_{name}.npz", 1, p1_by_ctx=table))[0]
        for name, table in (("behavior", np.nan_to_num(values, nan=1.0)), ("concept_probs", values))
    )
    assert (some.lower[ALPHAS > 0] < full.lower[ALPHAS > 0]).all()
    assert np.array_equal(some.lower[ALPHAS <= 0], full.lower[ALPHAS <= 0])


GRADED = {"judge": {"method": "generated_scalar", "aggregation": "arithmetic mean over completion scores"}}


@pytest.mark.parametrize(
    ("share", "meta", "says", "silent"),
    [
        (0.5, {}, ["any of 5 completions", "not the probability", "count as no"], ["never says"]),
        (0.5, {"n_samples_per_context": None}, ["any of several completions"], []),
        (0.5, {"n_samples_per_context": 1}, ["a judge's score"], ["any of"]),
        (0.5, GRADED, ["a judge's score"], ["any of", "count as no"]),
        (-1.0, {}, ["the judge never says yes, in 1,296 answers"], []),
        (2.0, GRADED, ["the judge never says no, in 1,296 answers"], []),
        (0.5, {"generator": {}}, ["the file does not say where"], []),
        (0.5, {}, ["more than 64 tokens were cut", "whether all positions were steered"], []),
        (0.5, {"apply_last_token_only": True}, ["steered at the last position only"], []),
    ],
)
def test_what_a_judge_was_asked_and_how_it_answered_is_said(share, meta, says, silent, tmp_path):
    (curves, *_) = read_results(judged(tmp_path / "layer_0_behavior.npz", share, meta=meta))
    notes = "; ".join(curves.notes)
    assert all(part in notes for part in says), notes
    assert not any(part in notes for part in silent), notes
    assert curves.shape_only == ("any of" in notes)


@pytest.mark.parametrize(
    ("meta", "odds", "says", "silent"),
    [
        ({}, {}, ["cut at 100 tokens", "pads on the left"], ["context", "last position"]),
        ({}, {"batch_size": 1}, [], ["pads on the left"]),
        ({}, {"max_length": 300}, ["cut at 300 tokens"], []),
        ({"seq_len": 99}, {}, [], ["may have been cut"]),
        ({"seq_len": 100}, {}, ["has 100 tokens, at which it may have been cut"], []),
        ({"seq_len": None}, {}, ["does not say how long its context is"], []),
        ({"apply_last_token_only": True}, {}, ["steered at the last position only"], []),
        ({"apply_last_token_only": None}, {}, ["does not say whether all positions"], []),
    ],
)
def test_what_bends_token_curves_and_log_odds_is_said(meta, odds, says, silent, tmp_path):
    next_token(tmp_path / "layer_3_ctx_0.npz", meta=meta)
    log_odds(tmp_path / "log_odds_topk.npz", meta=odds)
    (curves, *_) = read_results(tmp_path)
    notes = "; ".join(curves.notes)
    assert all(part in notes for part in says), notes
    assert not any(part in notes for part in silent), notes


def test_cross_entropy_counts_from_strength_0_and_says_what_was_steered(tmp_path):
    change = np.log(np.cosh(ALPHAS.astype(float) / 4))
    (curves,) = read_results(cross_entropy(tmp_path / "layer_3_cross_entropy.npz", change))
    assert curves.quantity == CROSS_ENTROPY_CHANGE
    assert curves.lower[ALPHAS == 0] == curves.upper[ALPHAS == 0] == 0
    assert (np.abs((curves.lower + curves.upper)[:, 0] / 2 - change) < 1e-5).all()
    (few,) = read_results(
        cross_entropy(tmp_path / "layer_4_cross_entropy.npz", change, meta={"tokens_scored_per_alpha": 10})
    )
    assert (few.upper - few.lower).max() > 10 * (curves.upper - curves.lower).max()
    (last,) = read_results(
        cross_entropy(tmp_path / "layer_5_cross_entropy.npz", change, meta={"apply_last_token_only": True})
    )
    assert any("most positions that are averaged were not steered" in note for note in last.notes)


def test_files_are_found_by_model_and_concept_in_the_order_of_their_numbers(tmp_path):
    names = [f"layer_{layer}_ctx_{context}.npz" for layer in (2, 10) for context in (2, 10)]
    for concept in ("joy", "anger"):
        for name in names:
            next_token(tmp_path / "gpt2" / concept / name)
    scores(tmp_path / "gpt2" / "joy" / "layer_2_mmlu.json")
    found = [path.relative_to(tmp_path / "gpt2").as_posix() for path in result_files(tmp_path)]
    assert found == [f"anger/{name}" for name in names] + [f"joy/{names[0]}", f"joy/{names[1]}"] + [
        "joy/layer_2_mmlu.json",
        f"joy/{names[2]}",
        f"joy/{names[3]}",
    ]


@pytest.mark.parametrize("silent", [(), ("model",), ("model", "concept"), ("model", "concept", "layer_idx")])
def test_results_of_one_name_in_two_directories_are_two(silent, tmp_path):
    """By their records where these tell them apart, and by their directories where not."""
    unknown = dict.fromkeys(silent)
    for model, concept in (("a", "joy"), ("a", "anger"), ("b", "joy")):
        meta = {"model": f"org/{model}", "concept": concept} | unknown
        next_token(tmp_path / model / concept / "layer_3_ctx_0.npz", meta=meta)
    owners = {curves.steered for curves in read_results(tmp_path)}
    assert len(owners) == 3
    assert {owner.layer for owner in owners} == {3 if "layer_idx" not in silent else None}


def test_two_runs_of_the_same_place_are_two(tmp_path):
    for run in ("first", "second"):
        next_token(tmp_path / run / "layer_3_ctx_0.npz")
    owners = {curves.steered for curves in read_results(tmp_path)}
    assert {owner.directory for owner in owners} == {str(tmp_path / "first"), str(tmp_path / "second")}
    assert {owner.model for owner in owners} == {"openai/gpt2"}


def test_names_are_one_printable_line(tmp_path):
    path = next_token(tmp_path / "layer_3_ctx_0.npz", meta={"model": "a\x1b[31m\nb" + "c" * 1000})
    (owner,) = {curves.steered for curves in read_results(path)}
    assert owner.model.isprintable()
    assert len(owner.model) < 250


def test_object_arrays_are_never_unpickled(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    strings = np.array([Trap()], dtype=object)
    read_results(next_token(tmp_path / "layer_0_ctx_0.npz", token_strs_alphamax=strings))
    path = next_token(tmp_path / "layer_0_ctx_1.npz", alphas=strings)
    with pytest.raises(ValueError, match="lacks alphas"):
        read_results(path)
    assert not (tmp_path / "sprung").exists()


def text(path, content):
    path.write_text(content)
    return path


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda p: next_token(p / "a.npz", probs_alphamin=None), ["lacks probs_alphamin"]),
        (lambda p: next_token(p / "a.npz", alphas=ALPHAS[:-1]), ["probs_alphamax", "(81, 6)", "(80, 6)"]),
        (lambda p: next_token(p / "a.npz", alphas=ALPHAS[::-1]), ["ascend"]),
        (lambda p: next_token(p / "a.npz", alphas=ALPHAS + np.nan), ["not finite"]),
        (lambda p: next_token(p / "a.npz", 2 * LAW), ["between 0 and 1"]),
        (lambda p: next_token(p / "a.npz", np.where(ALPHAS[:, None] == 1, np.nan, LAW)), ["between 0 and 1"]),
        (lambda p: next_token(p / "a.npz", token_alphamax=np.zeros(6, np.int32)), ["token_alphamax", "twice"]),
        (lambda p: next_token(p / "a.npz", token_alphamax=np.arange(-1, 5)), ["token_alphamax", "ids of tokens"]),
        (lambda p: next_token(p / "a.npz", record="{"), ["a.npz: meta", "not valid JSON"]),
        (lambda p: next_token(p / "a.npz", record="[" * 100_000), ["a.npz: meta", "nested"]),
        (lambda p: next_token(p / "a.npz", record="[1]"), ["a.npz: meta is a list"]),
        (lambda p: next_token(p / "a.npz", record='{"layer_idx": "x"}'), ["a.npz: meta: layer_idx is 'x'"]),
        (lambda p: next_token(p / "a.npz", record='{"model": 3}'), ["a.npz: meta: model is a int"]),
        (lambda p: judged(p / "a.npz", 0.5, p1_by_ctx=np.full((3, 7), 0.5)), ["p1_by_ctx", "(3, 7)", "(3, 81)"]),
        (lambda p: judged(p / "a.npz", 0.5, p1_by_ctx=np.array("x")), ["p1_by_ctx"]),
        (lambda p: judged(p / "a.npz", 0.5, p1_by_ctx=np.full((16, 81), 1.5)), ["p1_by_ctx must lie between"]),
        (lambda p: cross_entropy(p / "a.npz", 0 * ALPHAS, cross_entropy=ALPHAS > 0), ["real numbers, got dtype bool"]),
        (lambda p: cross_entropy(p / "a.npz", 0 * ALPHAS, cross_entropy=ALPHAS + np.nan), ["not a number"]),
        (lambda p: write(p / "a.npz", weights=ALPHAS), ["holds none of", "weights"]),
        (lambda p: log_odds(p / "a.npz", token_ids=None), ["lacks token_ids"]),
        (lambda p: text(p / "a.npz", "no archive"), ["not an .npz file"]),
        (lambda p: text(p / "a.json", "{"), ["a.json", "not valid JSON"]),
        (lambda p: text(p / "a.json", "[1, 2]"), ["JSON object", "list"]),
        (lambda p: text(p / "a.json", '{"overall_scores": [0.1]}'), ["lacks alphas"]),
        (lambda p: text(p / "a.json", '{"overall_scores": [[1], [1, 2]], "alphas": [0, 1, 2]}'), ["overall_scores"]),
        (lambda p: text(p / "a.json", f'{{"overall_scores": [1], "alphas": [0, 1, {10**400}]}}'), ["alphas"]),
        (lambda p: text(p / "a.json", '{"overall_scores": [0.1], "alphas": [0, 1, 2]}'), ["no law speaks", "a.json"]),
        (lambda p: p / "none.npz", ["none.npz: no such file"]),
    ],
)
def test_what_is_wrong_is_said_in_one_line(make, says, tmp_path, capsys):
    path, out = make(tmp_path), tmp_path / "report"
    assert main(["verify", str(path), "--laws", "tilt", "--out", str(out)]) == 2
    assert not out.exists() or not any(out.iterdir())
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert all(part in error for part in [path.name, *says]), error
