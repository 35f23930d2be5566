"""Result files of the reference implementation: written as it writes them, judged without a model, refused by name."""

import json

import numpy as np
import pytest
from scipy.special import log_softmax

from numerics.bands.intervals import bounded_mean_band
from steerlaw import verify
from steerlaw.__main__ import main
from steerlaw.experiments.experiment import Grid
from steerlaw.experiments.targets import TargetOptions, read_targets
from steerlaw.inputs.reference_results import read_results
from steerlaw.results.reference_verdicts import result_rows
from theory.catalogue import laws
from theory.quantities import CONCEPT_LOGIT, CROSS_ENTROPY_CHANGE, LOG_PROBABILITY

ALPHAS = np.linspace(-20, 20, 81).astype(np.float32)
META = {"model": "gpt2", "concept": "joy", "concept_slug": "joy", "layer_idx": 3}
RNG = np.random.default_rng(0)
LOGITS, ODDS = RNG.normal(size=30), np.linspace(-1, 1, 30)[RNG.permutation(30)]
LAW = np.exp(log_softmax(LOGITS + ALPHAS.astype(float)[:, None] * ODDS, axis=1))


def write(path, **arrays):
    np.savez_compressed(path, **arrays)
    return path


def next_token(path, probabilities=LAW, top=6, **changed):
    leading = [np.argsort(-row)[:top].astype(np.int32) for row in (probabilities[-1], probabilities[0])]
    arrays = {
        "alphas": ALPHAS,
        "probs_alphamax": probabilities[:, leading[0]].astype(np.float32),
        "probs_alphamin": probabilities[:, leading[1]].astype(np.float32),
        "token_alphamax": leading[0],
        "token_alphamin": leading[1],
        "token_strs_alphamax": np.array(["a"] * top, dtype=object),
        "token_strs_alphamin": np.array(["b"] * top, dtype=object),
        "meta": json.dumps(META),
    }
    return write(path, **{name: value for name, value in (arrays | changed).items() if value is not None})


def judged(path, share, contexts=16, seed=1, **changed):
    found = (np.random.default_rng(seed).random((contexts, 1)) < share).astype(np.float32)
    arrays = {
        "alphas": ALPHAS,
        "p1_by_ctx": found,
        "ctx_is_positive": (np.arange(contexts) >= 12).astype(np.int8),
        "mean_all": found.mean(axis=0),
        "meta": json.dumps(META),
    }
    return write(path, **(arrays | changed))


def cross_entropy(path, change, **changed):
    arrays = {
        "alphas": ALPHAS,
        "cross_entropy": (3 + change).astype(np.float32),
        "perplexity": np.exp(3 + change).astype(np.float32),
        "delta_cross_entropy": (change - change[ALPHAS == 0]).astype(np.float32),
        "meta": json.dumps(META),
    }
    return write(path, **(arrays | changed))


def verdict_of(path, law):
    (found,) = verify(path, laws=[law]).verdicts
    return found


def test_token_curves_of_a_tilt_bump_and_a_second_bump_is_found_at_its_token(tmp_path):
    path = next_token(tmp_path / "layer_3_ctx_5.npz")
    found = verdict_of(path, "token_bump")
    assert found["counts"]["departs"] == 0
    assert found["counts"]["holds"] > 0
    assert sum(found["counts"].values()) == len(read_results(path)[0].labels) == 12
    assert (found["subject"]["layer"], found["subject"]["context"], found["subject"]["concept"]) == (3, 5, "joy")
    assert "no model is given" in found["reason"]

    bent = LAW.copy()
    token = int(np.argsort(-LAW[-1])[2])
    bent[:, token] *= np.exp(-3 * np.exp(-((ALPHAS - 5) ** 2)))
    found = verdict_of(next_token(tmp_path / "layer_3_ctx_6.npz", bent), "token_bump")
    assert found["verdict"] == "departs"
    assert found["subject"]["token"]["id"] == token
    assert found["counts"]["departs"] == 1
    assert found["witness"]["strengths"][1] == pytest.approx(5, abs=0.5)


def test_probabilities_are_read_as_log_probabilities_within_float32_rounding(tmp_path):
    (curves,) = read_results(next_token(tmp_path / "layer_0_ctx_0.npz"))
    assert curves.quantity == LOG_PROBABILITY
    tokens = [label["token"]["id"] for label in curves.labels]
    assert (curves.lower <= np.log(LAW[:, tokens])).all()
    assert (np.log(LAW[:, tokens]) <= curves.upper).all()
    assert (curves.upper - curves.lower).max() < 1e-3


def test_judged_concepts_are_bands_over_contexts(tmp_path):
    rising = 1 / (1 + np.exp(-ALPHAS / 2))
    path = judged(tmp_path / "layer_3_concept_probs.npz", rising, contexts=200)
    curves = read_results(path, level=0.1)
    assert [found.quantity for found in curves] == [CONCEPT_LOGIT] * 3
    with np.load(path, allow_pickle=False) as file:
        low, high = bounded_mean_band(file["p1_by_ctx"][:12], level=0.1)
    inverse = 1 / (1 + np.exp(-np.stack([curves[2].lower[:, 0], curves[2].upper[:, 0]])))
    assert inverse == pytest.approx(np.stack([low, high]), abs=1e-12)
    every = verify(path, laws=["target_increases"]).verdicts
    assert {v["evidence"] for v in every} == {"statistical"}
    assert all(v["verdict"] == "undecided" for v in every)
    falls_late = np.where(ALPHAS < 10, rising, 0.2)
    path = judged(tmp_path / "layer_4_behavior.npz", falls_late, contexts=200)
    verdicts = verify(path, laws=["target_increases"]).verdicts
    assert verdicts[0]["verdict"] == "departs"
    assert verdicts[0]["witness"]["strengths"][1] >= 10


def test_missing_answers_widen_the_band_of_a_judged_concept(tmp_path):
    values = np.ones((16, ALPHAS.size), np.float32)
    values[:5, ALPHAS > 0] = np.nan
    full, some = (
        read_results(judged(tmp_path / f"layer_0_{name}.npz", 1, p1_by_ctx=table))[0]
        for name, table in (("behavior", np.nan_to_num(values, nan=1.0)), ("concept_probs", values))
    )
    assert (some.lower[ALPHAS > 0] < full.lower[ALPHAS > 0]).all()
    assert np.array_equal(some.lower[ALPHAS <= 0], full.lower[ALPHAS <= 0])


def test_cross_entropy_that_reaches_a_plateau_is_not_convex(tmp_path):
    x = ALPHAS.astype(float)
    convex = cross_entropy(tmp_path / "layer_3_cross_entropy.npz", np.log(np.cosh(x / 4)))
    plateau = cross_entropy(tmp_path / "layer_4_cross_entropy.npz", x**2 / (25 + x**2))
    (curves,) = read_results(convex)
    assert curves.quantity == CROSS_ENTROPY_CHANGE
    assert curves.lower[ALPHAS == 0] == curves.upper[ALPHAS == 0] == 0
    outcomes = {}
    for path in (convex, plateau):
        found = {v["claim"]: v for v in verify(path, laws=["cross_entropy_exact"]).verdicts}
        outcomes[path] = found["the change is convex"]["verdict"]
        others = [v for claim, v in found.items() if claim != "the change is convex"]
        assert {v["verdict"] for v in others} == {"not_applicable"}
    assert outcomes == {convex: "holds", plateau: "departs"}


def test_a_directory_of_results_is_judged_whole_and_scores_are_passed_over(tmp_path):
    results = tmp_path / "joy"
    results.mkdir()
    next_token(results / "layer_3_ctx_0.npz")
    next_token(results / "layer_3_ctx_1.npz")
    cross_entropy(results / "layer_3_cross_entropy.npz", ALPHAS.astype(float) ** 2 / 100)
    write(
        results / "log_odds_topk.npz",
        token_ids=np.arange(5, dtype=np.int32),
        log_odds=np.arange(5, 0, -1, dtype=np.float32),
        token_strs=np.array(list("abcde"), dtype=object),
        meta=json.dumps(META),
    )
    scores = {"alphas": ALPHAS.tolist(), "overall_scores": [0.3] * ALPHAS.size, "task_scores": {}}
    (results / "layer_3_mmlu.json").write_text(json.dumps(scores))
    (source,) = read_targets([results], TargetOptions(), Grid(), 0)
    known = list(laws().values())
    rows = [row for f in source.results for row in result_rows(f.name, f.curves, known, named=False, tolerance=1e-3)]
    assert {row.place.model for row in rows} == {
        "layer_3_ctx_0.npz",
        "layer_3_ctx_1.npz",
        "layer_3_cross_entropy.npz",
    }
    assert "not_applicable" not in {row.verdict.verdict for row in rows}
    assert len(source.inputs) == 5
    assert main(["verify", str(results), "--out", str(tmp_path / "report"), "--laws", "token_bump,tilt"]) == 0
    summary = json.loads((tmp_path / "report" / "report.json").read_text())["summary"]
    assert summary["token_bump"]["layer_3_ctx_1.npz"]["holds"] > 0
    assert summary["tilt"]["layer_3_ctx_1.npz"]["not_applicable"] == 1


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
        (lambda p: next_token(p / "a.npz", 2 * LAW), ["between 0 and 1"]),
        (lambda p: next_token(p / "a.npz", np.where(ALPHAS[:, None] == 1, np.nan, LAW)), ["between 0 and 1"]),
        (lambda p: next_token(p / "a.npz", meta="{"), ["meta is not JSON"]),
        (lambda p: judged(p / "a.npz", 0.5, p1_by_ctx=np.full((3, 7), 0.5)), ["p1_by_ctx", "(3, 7)", "(3, 81)"]),
        (lambda p: judged(p / "a.npz", 0.5, p1_by_ctx=np.array("x")), ["p1_by_ctx"]),
        (lambda p: cross_entropy(p / "a.npz", 0 * ALPHAS, cross_entropy=ALPHAS > 0), ["real numbers, got dtype bool"]),
        (lambda p: cross_entropy(p / "a.npz", 0 * ALPHAS, cross_entropy=ALPHAS + np.nan), ["not a number"]),
        (lambda p: write(p / "a.npz", weights=ALPHAS), ["holds none of", "weights"]),
        (lambda p: write(p / "a.npz", log_odds=ALPHAS), ["lacks token_ids"]),
        (lambda p: text(p / "a.npz", "no archive"), ["not an .npz file"]),
        (lambda p: text(p / "a.json", "{"), ["not JSON"]),
        (lambda p: text(p / "a.json", "[1, 2]"), ["JSON object", "list"]),
        (lambda p: text(p / "a.json", '{"overall_scores": [0.1]}'), ["lacks alphas"]),
        (lambda p: text(p / "a.json", '{"overall_scores": [0.1], "alphas": [0, 1, 2]}'), ["no law speaks", "a.json"]),
        (lambda p: p / "none.npz", ["none.npz: no such file"]),
    ],
)
def test_what_is_wrong_is_said_in_one_line(make, says, tmp_path, capsys):
    path, out = make(tmp_path), tmp_path / "report"
    assert main(["verify", str(path), "--out", str(out)]) == 2
    assert not out.exists() or not any(out.iterdir())
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert all(part in error for part in [path.name, *says]), error
