"""Predictions from unsteered texts, against exact enumeration of all texts and finite differences in float64."""

import itertools

import numpy as np
import pytest

from real_models import load_model
from real_models.sampling.drawing import Drawing
from real_models.sampling.rescoring import text_costs
from real_models.sampling.slopes import text_slopes
from real_models.text_curves.prediction import STREAM, predict_texts

TOKENS, H = 3, 1e-3
TEXTS = [list(text) for text in itertools.product(range(4), repeat=TOKENS)]
PROMPT = [1, 2, 0]
HITS = np.array([2 in text for text in TEXTS], float)


@pytest.fixture
def few(checkpoint):
    return load_model(checkpoint("llama", change={"vocab_size": 4, "num_hidden_layers": 2}), "float64")


def near_zero(model, prompt, where, **how):
    """Log-probabilities of every text at -h, 0 and h."""
    return text_costs(model, [prompt] * len(TEXTS), TEXTS, [-H, 0.0, H], **where, **how).log_prob.T


@pytest.mark.slow
def test_slopes_are_the_derivatives_of_a_texts_probability(few):
    """S and S' to what central differences of step h leave, h^2; and the three theorems that hold over all texts."""
    where = {"layer": 0, "vector": np.random.default_rng(0).normal(size=few.d_model)}
    drawing = Drawing(temperature=0.7)
    below, base, above = near_zero(few, PROMPT, where, drawing=drawing)
    found = text_slopes(few, [PROMPT] * len(TEXTS), TEXTS, **where, drawing=drawing)
    scale = np.abs(found.first).max()
    np.testing.assert_allclose(found.first, (above - below) / (2 * H), atol=1e-4 * scale)
    np.testing.assert_allclose(found.second, (above - 2 * base + below) / H**2, atol=1e-4 * scale**2)
    assert scale > 0.1
    weights = np.exp(base)
    assert weights.sum() == pytest.approx(1)
    assert weights @ found.first == pytest.approx(0, abs=1e-10)
    assert weights @ (found.first**2 + found.second) == pytest.approx(0, abs=1e-10)
    assert weights @ found.information.sum(axis=1) == pytest.approx(weights @ found.first**2)
    ended = text_slopes(few, [PROMPT] * 2, [TEXTS[5][:1], TEXTS[5]], **where, drawing=drawing)
    assert (ended.information[0, 1:] == 0).all()
    np.testing.assert_allclose(ended.information[0, 0], ended.information[1, 0], rtol=1e-10)
    with pytest.raises(ValueError, match="no weights at other strengths"):
        text_slopes(few, [PROMPT], TEXTS[:1], **where, drawing=Drawing(top_k=2))


@pytest.mark.slow
def test_a_prediction_holds_the_exact_slope(few, monkeypatch):
    """Of one prompt and of several, at a level of 1e-3, fixed seed; along a second vector from the same texts."""
    monkeypatch.setattr("real_models.sampling.sampling.decoded", lambda _model, ids: " ".join(map(str, ids)))
    random = np.random.default_rng(0)
    where, other = ({"layer": 0, "vector": random.normal(size=few.d_model)} for _ in range(2))
    for prompts, samples in ([PROMPT], 300), ([[1, 2, 0], [3], [2, 2], [0, 1]], 80):
        how = {"tokens": TOKENS, "samples": samples, "end_tokens": ()}
        predicted = predict_texts(few, prompts, **where, **how)
        for made, along in (predicted, where), (predicted.along(few, **other), other):
            below, base, above = np.mean([np.exp(near_zero(few, p, along)) for p in prompts], axis=0)
            found = made.derivatives(lambda text: "2" in text.split(), level=1e-3)
            slope, bend = HITS @ (above - below) / (2 * H), HITS @ (above - 2 * base + below) / H**2
            assert found.slope.lower <= slope <= found.slope.upper
            assert found.curvature.lower <= bend <= found.curvature.upper
            logs = [near_zero(few, p, along) for p in prompts]
            exact = np.mean([np.exp(lp[1]) @ ((lp[2] - lp[0]) / (2 * H)) ** 2 for lp in logs])
            information = made.information(1e-3)
            assert information.lower <= exact <= information.upper
            assert len(prompts) > 1 or information.upper < 3 * exact
    assert predicted.target_shares(np.arange(4) == 2).max() <= 1
    assert STREAM > 2**20 + 10**5  # the streams of a curve's own texts, pilot included, end below


@pytest.mark.parametrize(
    ("change", "message"),
    [({"samples": 1}, "expected 2 or more unsteered texts"), ({"temperature": 0.0}, "greedy texts")],
)
def test_bad_input_is_one_line(few, change, message):
    asked = {"layer": 0, "vector": np.ones(few.d_model), "tokens": 2, "samples": 4}
    with pytest.raises(ValueError, match=message):
        predict_texts(few, [[1]], **asked | change)
