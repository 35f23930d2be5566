"""Curves of a tiny model's texts against exact enumeration of all its texts."""

import itertools

import numpy as np
import pytest
from scipy.special import log_softmax

from real_models import load_model
from real_models.sampling.sampling import sample
from real_models.text_curves.curve import text_curve

STRENGTHS = np.linspace(-0.8, 0.8, 5)
TOKENS = 3


@pytest.fixture
def few(checkpoint):
    return load_model(checkpoint("llama", change={"vocab_size": 4, "num_hidden_layers": 2}), "float64")


def exact(model, prompt, where):
    """Every text of three tokens, its probability at each strength, and KL(P_alpha || P_0) of whole texts."""
    texts = np.array(list(itertools.product(range(4), repeat=TOKENS)))
    log_probs = np.zeros((len(texts), len(STRENGTHS)))
    for n in range(TOKENS):
        for prefix in itertools.product(range(4), repeat=n):
            step = log_softmax(np.asarray(model.logits([*prompt, *prefix], STRENGTHS, **where)), axis=1)
            these = (texts[:, :n] == prefix).all(axis=1)
            log_probs[these] += step[:, texts[these, n]].T
    zero = int(np.argmin(np.abs(STRENGTHS)))
    return texts, np.exp(log_probs), (np.exp(log_probs) * (log_probs - log_probs[:, [zero]])).sum(axis=0)


@pytest.mark.slow
def test_a_curve_and_its_nats_hold_the_exact_ones(few, monkeypatch):
    """Of one prompt; at a level of 1e-3, fixed seed. Texts are told apart by their ids, written as words."""
    where = {"layer": 0, "vector": np.random.default_rng(0).normal(size=few.d_model)}
    monkeypatch.setattr("real_models.sampling.sampling.decoded", lambda _model, ids: " ".join(map(str, ids)))
    texts, probs, nats = exact(few, [1, 2, 0], where)
    repeats = np.array([len(set(text)) < TOKENS for text in texts.tolist()], float)
    curve = text_curve(
        few,
        [[1, 2, 0]],
        lambda text: len(set(text.split())) < TOKENS,
        STRENGTHS,
        **where,
        tokens=TOKENS,
        samples=600,
        level=1e-3,
        end_tokens=(),
    )
    assert curve.reliable.all()
    assert curve.sample_next is None
    assert ((curve.lower <= repeats @ probs) & (repeats @ probs <= curve.upper)).all()
    assert (curve.upper - curve.lower).max() < 0.4
    assert ((curve.nats.lower <= nats) & (nats <= curve.nats.upper)).all()
    assert curve.nats.upper.max() < 2 * nats.max()
    assert curve.rounding < 1e-9
    assert set(curve.sampled_at) <= set(STRENGTHS)
    assert len(curve.scores) == 600 // len(curve.sampled_at) * len(curve.sampled_at)
    surprise = np.exp(-np.log(probs[:, 2]) / TOKENS) @ probs
    perplexity = curve.rescored("perplexity")
    assert ((perplexity.lower <= surprise) & (surprise <= perplexity.upper)).all()
    other = curve.rescored(lambda text: float(text.startswith("2")))
    starts = (texts[:, 0] == 2).astype(float) @ probs
    assert ((other.lower <= starts) & (starts <= other.upper)).all()


@pytest.mark.slow
def test_prompts_are_the_replicates(few, monkeypatch):
    """Of several prompts the curve is their mean's, and texts of one prompt count as one."""
    where = {"layer": 0, "vector": np.random.default_rng(0).normal(size=few.d_model)}
    monkeypatch.setattr("real_models.sampling.sampling.decoded", lambda _model, ids: " ".join(map(str, ids)))
    prompts = [list(p) for p in itertools.product(range(4), repeat=2)]
    truth = np.mean([(t == 1).any(axis=1) @ p for t, p, _ in (exact(few, prompt, where) for prompt in prompts)], axis=0)
    asked = {"tokens": TOKENS, "level": 1e-3, "end_tokens": (), **where}
    curve = text_curve(few, prompts, lambda text: "1" in text.split(), STRENGTHS, samples=20, **asked)
    assert ((curve.lower <= truth) & (truth <= curve.upper)).all()
    assert (curve.upper - curve.lower).max() < 0.75


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"score": "perplexity", "strengths": [-0.5, 0.5]}, "expected 0 among the strengths"),
        ({"score": "nonsense"}, "unknown score 'nonsense', expected one of capitals, .*loops"),
        ({"temperature": 0}, "greedy texts have no weights"),
        ({"samples": 2}, "samples is 2, expected 8 or more"),
        ({"strengths": [0.0, 1.0, 1.0]}, "strengths hold one twice"),
    ],
)
def test_bad_input_is_one_line(few, wrong, message):
    where = {"layer": 0, "vector": np.ones(few.d_model)}
    asked = {"prompts": [[1]], "score": lambda _: 1.0, "strengths": STRENGTHS, "tokens": 2, "samples": 40, **where}
    with pytest.raises(ValueError, match=message) as raised:
        text_curve(few, **asked | wrong)
    assert "\n" not in str(raised.value)


@pytest.mark.slow
def test_log_probabilities_that_rounding_has_eaten(few, monkeypatch):
    """Where drawing and scoring disagree on a text's probability, weights are refused."""
    real = sample.__globals__["draw_texts"]

    def off(*arguments, **options):
        draws = real(*arguments, **options)
        draws.log_prob[0, 0] += 0.1
        return draws

    monkeypatch.setattr("real_models.text_curves.curve.draw_texts", off)
    with pytest.raises(ValueError, match=r"known to 0.1 only, expected 0.05"):
        text_curve(few, [[1]], len, STRENGTHS, layer=0, vector=np.ones(few.d_model), tokens=2, samples=40)
