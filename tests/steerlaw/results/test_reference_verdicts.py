"""What laws say of other people's results: judged by model, concept and block, with log-odds where they lie beside."""

import csv
import json
import re

import numpy as np
import pytest
from scipy.special import expit

from reference_samples import ALPHAS, LAW, ODDS, cross_entropy, judged, log_odds, next_token, scores, tilted
from steerlaw import verify
from steerlaw.__main__ import main
from steerlaw.experiments.targets import TargetOptions
from steerlaw.inputs.reference_results import read_results
from steerlaw.results.reference_verdicts import judge_results, token_rows
from theory.catalogue import find_law, laws


def judge(path, *names, dtype: str | None = "float32", named=True, **options):
    """Findings by law and claim."""
    chosen = [find_law(name) for name in names] if names else laws().values()
    return judge_results(read_results(path, dtype=dtype), chosen, named=named, tolerance=1e-3, **options)


def by_claim(found):
    return {finding.claim: finding for _, finding in found}


def test_token_curves_of_a_tilt_bump_and_a_second_bump_is_found_at_its_token(tmp_path):
    path = next_token(tmp_path / "layer_3_ctx_5.npz")
    ((subject, found),) = judge(path, "token_bump")
    assert found.counts["departs"] == 0
    assert found.counts["holds"] > 0
    assert sum(found.counts.values()) == 12
    assert (subject.name, subject.layer, subject.concept) == ("openai/gpt2", 3, "joy")
    assert found.where["context"] == 5
    assert "no model is given" in found.worst.reason

    bent = LAW.copy()
    token = int(np.argsort(-LAW[-1])[2])
    bent[:, token] *= np.exp(-3 * np.exp(-((ALPHAS - 5) ** 2)))
    ((_, found),) = judge(next_token(tmp_path / "layer_3_ctx_6.npz", bent), "token_bump")
    assert found.worst.verdict == "departs"
    assert found.where == {"context": 6, "token": token}
    assert found.counts["departs"] == 1
    assert found.worst.witness is not None
    assert found.worst.witness["strengths"][1] == pytest.approx(5, abs=0.5)


def joined(directory, *, scale=1.0, keep=None, contexts=3, odds=ODDS, layers=(3,)):
    """Contexts of a model that tilts by ODDS, beside log-odds."""
    for layer in layers:
        for context in range(contexts):
            name = f"layer_{layer}_ctx_{context}.npz"
            next_token(directory / name, tilted(context, scale), meta={"layer_idx": layer})
    log_odds(directory / "log_odds_topk.npz", odds=odds, keep=keep)
    return directory


TILTS = ("tilt", "peak_sign", "token_bump", "extremal_tokens", "pairwise_log_odds", "mean_log_odds")


@pytest.mark.parametrize("keep", [None, 40])
def test_with_log_odds_beside_them_the_laws_of_the_tilt_hold_on_a_tilt(keep, tmp_path):
    found = judge(joined(tmp_path / "joy", keep=keep), *TILTS)
    assert {finding.law for _, finding in found} == set(TILTS)
    for subject, finding in found:
        assert finding.worst.verdict == "holds", (finding.law, finding.worst)
        assert subject.contexts == [0, 1, 2]
        tally = finding.holding["count"]
        assert np.array_equal(tally.obeying, tally.judged)
        assert tally.judged.sum() == finding.counts["holds"] > 0
        assert "given that it is one of them" in finding.worst.reason


def test_log_odds_that_are_not_the_models_depart(tmp_path):
    shuffled = np.random.default_rng(1).permutation(ODDS)
    found = by_claim(judge(joined(tmp_path / "joy", odds=shuffled), "tilt", "peak_sign"))
    assert {finding.worst.verdict for finding in found.values()} == {"departs"}


def test_a_context_that_is_no_tilt_departs_by_itself(tmp_path):
    directory = joined(tmp_path / "joy")
    bent = tilted(2) * (1 + 0.5 * (ALPHAS[:, None] > 5) * (np.arange(ODDS.size) % 2))
    next_token(directory / "layer_3_ctx_2.npz", bent / bent.sum(axis=1, keepdims=True))
    ((_, finding),) = judge(directory, "pairwise_log_odds")
    assert finding.worst.verdict == "departs"
    tally = finding.holding["count"]
    assert np.array_equal(tally.obeying[:2], tally.judged[:2])
    assert finding.where["context"] == 2
    assert tally.obeying[2] < tally.judged[2]


def test_in_tf32_what_single_precision_decides_stays_undecided_and_what_departs_departs(tmp_path):
    directory = joined(tmp_path / "joy")
    ((_, finding),) = judge(directory, "tilt", dtype=None)
    assert finding.worst.verdict == "undecided"
    assert finding.counts["departs"] == 0
    wrong = joined(tmp_path / "other", odds=np.random.default_rng(1).permutation(ODDS))
    ((_, finding),) = judge(wrong, "tilt", dtype=None)
    assert finding.worst.verdict == "departs"


def test_log_odds_known_to_their_rounding_only_do_not_make_a_tilt_depart(tmp_path):
    off = 5e-6 * np.random.default_rng(0).choice([-1, 1], ODDS.size)
    ((_, finding),) = judge(joined(tmp_path / "joy", odds=ODDS + off), "tilt")
    assert finding.counts["departs"] == 0


def test_layers_and_concepts_have_findings_of_their_own_and_contexts_share_one(tmp_path):
    joined(tmp_path / "gpt2" / "joy", layers=(3, 7))
    for context in range(2):
        next_token(tmp_path / "gpt2" / "anger" / f"layer_3_ctx_{context}.npz", meta={"concept": "anger"})
    found = judge(tmp_path, "token_bump")
    assert {(s.concept, s.layer): len(s.contexts) for s, _ in found} == {
        ("joy", 3): 3,
        ("joy", 7): 3,
        ("anger", 3): 2,
    }
    bases = {c.steered.concept: c.baseline is not None for c in read_results(tmp_path)}
    assert bases == {"joy": True, "anger": False}


def test_one_row_a_token_with_its_word(tmp_path):
    found = judge(joined(tmp_path / "joy"), "tilt", token_text="<{}>".format)
    rows = list(token_rows(found))
    assert len(rows) == found[0].finding.counts["holds"]
    assert {row.context for row in rows} == {0, 1, 2}
    assert all(row.word == f"<{row.token}>" and row.verdict == "holds" for row in rows)


def test_judged_concepts_are_statistical_and_departures_are_seen(tmp_path):
    rising = expit(ALPHAS / 2)
    found = judge(judged(tmp_path / "layer_3_behavior.npz", rising, contexts=200), "target_increases")
    assert [finding.evidence for _, finding in found] == ["statistical"] * 3
    assert {finding.worst.verdict for _, finding in found} == {"undecided"}
    falls_late = np.where(ALPHAS < 10, rising, 0.2)
    found = judge(judged(tmp_path / "layer_4_behavior.npz", falls_late, contexts=200), "target_increases")
    worst = found[0].finding.worst
    assert worst.verdict == "departs"
    assert worst.witness is not None
    assert worst.witness["strengths"][1] >= 10


def test_of_answers_about_any_of_several_completions_only_the_shape_is_judged(tmp_path):
    path = judged(tmp_path / "layer_3_behavior.npz", expit(ALPHAS))
    for _, finding in judge(path):
        if finding.quantity == "concept_logit" and finding.worst.verdict != "not_applicable":
            assert finding.law == "target_increases"
    reasons = {finding.worst.reason for _, finding in judge(path, "concept_logistic")}
    assert any("no probability" in reason for reason in reasons)


def test_a_judge_that_never_says_yes_decides_nothing_and_is_called_that(tmp_path):
    for _, finding in judge(judged(tmp_path / "layer_3_behavior.npz", -1.0), "target_increases"):
        assert finding.worst.verdict == "undecided"
        assert "the judge never says yes" in finding.worst.reason


def test_cross_entropy_that_reaches_a_plateau_is_not_convex(tmp_path):
    x = ALPHAS.astype(float)
    convex = cross_entropy(tmp_path / "layer_3_cross_entropy.npz", np.log(np.cosh(x / 4)))
    plateau = cross_entropy(tmp_path / "layer_4_cross_entropy.npz", x**2 / (25 + x**2))
    for path, outcome in ((convex, "holds"), (plateau, "departs")):
        found = by_claim(judge(path, "cross_entropy_exact"))
        assert found.pop("the change is convex").worst.verdict == outcome
        assert {finding.worst.verdict for finding in found.values()} == {"not_applicable"}


def test_unnamed_laws_speak_only_where_results_bear_on_them(tmp_path):
    directory = joined(tmp_path / "joy")
    cross_entropy(directory / "layer_3_cross_entropy.npz", ALPHAS.astype(float) ** 2 / 100)
    scores(directory / "layer_3_mmlu.json")
    found = judge(directory, named=False)
    assert {"tilt", "token_bump", "cross_entropy_exact"} <= {finding.law for _, finding in found}
    assert all(sum(finding.counts.values()) > finding.counts["not_applicable"] for _, finding in found)


def test_the_report_names_model_concept_layer_context_and_word(tmp_path):
    directory, out = joined(tmp_path / "joy"), tmp_path / "report"
    tokenizer = tmp_path / "tokenizer.json"
    tokenizer.write_text(json.dumps(word_level(ODDS.size)))
    flags = ["--laws", "token_bump", "--tokenizer", str(tokenizer), "--out", str(out)]
    assert main(["verify", str(directory), *flags]) == 0
    report = json.loads((out / "report.json").read_text())
    (record,) = report["verdicts"]
    subject = record["subject"]
    assert (subject["model"], subject["concept"], subject["layer"]) == ("openai/gpt2", "joy", 3)
    assert subject["context"] in (0, 1, 2)
    assert subject["token"]["text"] == f"w{subject['token']['id']}"
    assert "TF32" in record["reason"]
    assert report["run"]["dtype"] == "tf32"
    with (out / "tokens.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(record["counts"].values()) - record["counts"]["not_applicable"] > 0
    assert all(row["word"] == f"w{row['token']}" and row["model"] == "openai/gpt2" for row in rows)
    assert main(["verify", str(directory), *flags, "--dtype", "float32", "--json"]) == 0


def word_level(vocab):
    words = {f"w{n}": n for n in range(vocab)}
    model = {"type": "WordLevel", "vocab": words, "unk_token": "w0"}
    return {"version": "1.0", "model": model, "added_tokens": [], "normalizer": None, "pre_tokenizer": None} | {
        "post_processor": None,
        "decoder": None,
        "truncation": None,
        "padding": None,
    }


@pytest.mark.parametrize(("content", "says"), [(None, "no such tokenizer"), ("{", "not a tokenizer.json")])
def test_a_bad_tokenizer_is_said_before_anything_is_judged(content, says, tmp_path):
    path = tmp_path / "tokenizer.json"
    if content is not None:
        path.write_text(content)
    options = TargetOptions(tokenizer=path)
    with pytest.raises((ValueError, OSError), match=f"{re.escape(str(path))}.*{says}"):
        verify(joined(tmp_path / "joy"), laws=["tilt"], options=options)
