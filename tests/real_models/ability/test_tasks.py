"""Tasks of lm-evaluation-harness on a steered model: its own backend agrees, and every strength has its own answers."""

import json
import sys
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from numerics.bands.band import ROUNDING
from real_models import load_model, load_vector
from real_models.ability.tasks import Ability, measure_ability

STRENGTHS = np.array([-2.0, 0.0, 5.0])
ENDS = np.array([-1.0, 0.0, 1.0])


def ability(right) -> Ability:
    return Ability(strengths=ENDS, outcomes={"a": right[:, :3], "b": right[:, 3:]})


@settings(max_examples=25)
@given(st.lists(st.tuples(*[st.booleans()] * 3), min_size=4, max_size=30))
def test_scores_are_shares_and_the_overall_one_weighs_questions_alike(answers):
    right = np.array(answers, float).T
    found = ability(right)
    np.testing.assert_allclose(found.overall, [sum(row) / len(row) for row in right.tolist()])
    np.testing.assert_allclose(found.task_scores["a"], right[:, :3].mean(axis=1))
    lower, upper = found.change()
    assert (lower <= found.overall - found.overall[1]).all()
    assert (found.overall - found.overall[1] <= upper).all()
    assert lower[1] == 0 == upper[1]


def test_the_band_of_the_change_misses_it_at_most_at_its_level():
    """100 draws of 40 questions, right with probability 0.2, 0.5, 0.6: a change of -0.3 and of 0.1."""
    rng, misses = np.random.default_rng(0), 0
    for _ in range(100):
        lower, upper = ability((rng.random((3, 40)) < np.array([[0.2], [0.5], [0.6]])).astype(float)).change(0.1)
        truth = np.array([-0.3, 0.0, 0.1])
        misses += int(((truth < lower) | (truth > upper)).any())
    assert misses <= binom.ppf(1 - 1e-9, 100, 0.1)
    right = np.repeat([[0.0], [1.0], [1.0]], 200, axis=1)
    assert ability(right).change()[1][0] < -0.8  # and finds a plain one


def test_changes_are_counted_from_strength_0_which_has_to_be_there():
    found = Ability(strengths=np.array([1.0, 2.0]), outcomes={"a": np.ones((2, 3))})
    with pytest.raises(ValueError, match="the strengths lack 0, from which changes are counted"):
        found.change()


def test_without_the_harness_it_is_said_what_to_install(tiny, tasks, monkeypatch):
    monkeypatch.setitem(sys.modules, "lm_eval.evaluator", None)
    with pytest.raises(ValueError, match=r"pip install 'steerlaw\[eval\]'"):
        measured(tiny, tasks, ["tiny_choice"])


def measured(tiny, tasks, names, **options):
    return measure_ability(
        load_model(tiny.model),
        names,
        STRENGTHS,
        layer=0,
        vector=load_vector(tiny.vector)[0],
        task_files=tasks,
        **options,
    )


@pytest.fixture(scope="module")
def harness():
    """The harness's names, where it is installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("lm_eval")
        evaluator = pytest.importorskip("lm_eval.evaluator")
        tasks = pytest.importorskip("lm_eval.tasks")
        from real_models.ability.steered_lm import SteeredLM
    return SimpleNamespace(evaluate=evaluator.evaluate, manager=tasks.TaskManager, lm=SteeredLM)


@pytest.fixture
def lm(harness, tiny):
    return harness.lm(load_model(tiny.model), STRENGTHS, layer=0, vector=load_vector(tiny.vector)[0])


def asked(*pairs):
    return [SimpleNamespace(args=pair, task_name="tiny_writing") for pair in pairs]


PAIRS = (("w1 w2 w3", " w4"), ("w1 w2 w3", " w5 w6"), ("", "w7 w8"), ("<s> w9", " w10"))


@pytest.mark.slow
def test_at_every_strength_the_steered_model_answers(lm, tiny):
    """Oracle: a float64 model's own logits, a token at a time."""
    model, vector = load_model(tiny.model, dtype="float64"), load_vector(tiny.vector)[0]
    for lm.at, strength in enumerate(STRENGTHS):
        for (context, continuation), (found, greedy) in zip(PAIRS, lm.loglikelihood(asked(*PAIRS)), strict=True):
            ids = model.encode(context.removeprefix("<s>") or "w1")[: None if context else 1]
            own, likeliest = 0.0, True
            for token in model.encode(continuation)[1:]:
                logits = np.asarray(model.logits(ids, [strength], layer=0, vector=vector))[0]
                own += logits[token] - np.log(np.exp(logits).sum())
                likeliest &= bool(logits.argmax() == token)
                ids = [*ids, token]
            assert found == pytest.approx(own, abs=1e-4)
            assert greedy == likeliest


@pytest.mark.slow
def test_the_harness_s_own_backend_answers_the_same_at_strength_0(lm, tiny):
    """To the rounding of float32 logits: twice of each token's, theirs and ours."""
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    backend = pytest.importorskip("lm_eval.models.huggingface")
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(tiny.model / "tokenizer.json"), bos_token="<s>", eos_token="<s>"
    )
    theirs = backend.HFLM(
        pretrained=transformers.AutoModelForCausalLM.from_pretrained(tiny.model, dtype=torch.float32),
        tokenizer=tokenizer,
        device="cpu",
    )
    lm.at = 1
    long = (("w1 w2", " ".join([" w3 w4"] * 25)), ("w5 " * 70, " w6 w7"))
    requests = asked(*PAIRS, *long)
    logits = float(np.abs(lm.model.logits("w1", [0.0], layer=0, vector=lm.vector)).max())
    for request, ours, other in zip(requests, lm.loglikelihood(requests), theirs.loglikelihood(requests), strict=True):
        tokens = len(lm.tok_encode(request.args[1], add_special_tokens=False))
        assert ours[0] == pytest.approx(other[0], abs=tokens * 4 * ROUNDING * 2.0**-23 * (logits + np.log(37)))
        assert ours[1] == other[1]
    whole = asked(("w1 w2 w3 w4",), (" ".join(f"w{n % 36 + 1}" for n in range(100)),))
    for request, ours, other in zip(
        whole, lm.loglikelihood_rolling(whole), theirs.loglikelihood_rolling(whole), strict=True
    ):
        tokens = len(lm.tok_encode(*request.args))
        assert ours == pytest.approx(other, abs=tokens * 4 * ROUNDING * 2.0**-23 * (logits + np.log(37)))


@pytest.mark.slow
def test_a_local_task_is_measured_at_every_strength(harness, lm, tiny, tasks, capfd):
    found = measured(tiny, tasks, ["tiny_choice"])
    assert "it/s" not in capfd.readouterr().err  # no progress bars of the harness's own
    questions = [json.loads(line) for line in (tasks / "questions.jsonl").read_text().splitlines()]
    for lm.at in range(len(STRENGTHS)):
        for n, question in enumerate(questions):
            context = question["context"]
            pairs = [(context, f" {choice}") for choice in question["choices"]]
            scores = [score for score, _ in lm.loglikelihood(asked(*pairs))]
            assert found.outcomes["tiny_choice"][lm.at, n] == (int(np.argmax(scores)) == question["answer"])
    few = measured(tiny, tasks, ["tiny_choice"], limit=5, metric="acc_norm")
    assert few.outcomes["tiny_choice"].shape == (3, 5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["tiny_writing"], "task tiny_writing: has the model write answers; expected tasks that choose"),
        (["tiny_reading"], "task tiny_reading: has no acc, expected one of word_perplexity"),
    ],
)
def test_what_cannot_be_measured_is_told(harness, tiny, tasks, names, told):
    with pytest.raises(ValueError, match=told):
        measured(tiny, tasks, names, limit=2)


@pytest.mark.slow
def test_a_task_that_nobody_has_is_told(harness, tiny, tasks):
    with pytest.raises(ValueError, match="unknown task 'nonsense', expected one of lm-evaluation-harness or of "):
        measured(tiny, tasks, ["tiny_choice", "nonsense"])
