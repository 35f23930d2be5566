"""The exact unconstrained features model against the tilted law, computed apart in mpmath."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy

from strategies import contrasts, data_laws
from toy_models.data_law import DataLaw
from toy_models.ufm import UFM, exact_ufm

PAPER = DataLaw.smoothing(3, 3, Fraction(1, 20))
ORIGIN = np.zeros(1)
STRENGTHS = np.array([-40.0, -2.5, -0.3, 0.0, 0.7, 3.0, 60.0])


def tilted_log_probs(law: DataLaw, context: int, positive: list[int], negative: list[int]) -> np.ndarray:
    """log p^alpha(z) from the data law's exact rationals, at 40 digits: `[strengths, vocab]`."""
    with mpmath.workdps(40):
        log_p = [
            [mpmath.log(mpmath.mpf(p.numerator) / p.denominator) for p in [Fraction(x) for x in law.exact(j)]]
            for j in range(len(law.contexts))
        ]
        M = [
            mpmath.fsum(log_p[i][z] for i in positive) / len(positive)
            - mpmath.fsum(log_p[i][z] for i in negative) / len(negative)
            for z in range(law.vocab_size)
        ]
        rows = []
        for alpha in map(float, STRENGTHS):
            exponents = [x + alpha * m for x, m in zip(log_p[context], M, strict=True)]
            K = mpmath.log(mpmath.fsum(map(mpmath.exp, exponents)))
            rows.append([float(x - K) for x in exponents])
    return np.array(rows)


def steered_log_probs(model: UFM, context: int, vector: np.ndarray) -> np.ndarray:
    logits = np.asarray(model.logits([context], STRENGTHS, vector=vector))
    return logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_the_steered_law_is_the_tilted_law(data: st.DataObject) -> None:
    """Rounding: logits reach |alpha| max|M| and lose a few ulp of that."""
    law = data.draw(data_laws(max_concepts=3, max_tokens=3, max_contexts=3))
    positive, negative = data.draw(contrasts(law))
    context = data.draw(st.integers(0, len(law.contexts) - 1))
    model = exact_ufm(law, seed=data.draw(st.integers(0, 9)))
    observed = steered_log_probs(model, context, model.steering_vector(positive, negative))
    scale = 1 + np.abs(STRENGTHS).max() * np.abs(model.log_odds(positive, negative)).max()
    np.testing.assert_allclose(observed, tilted_log_probs(law, context, positive, negative), rtol=0, atol=1e-14 * scale)


def test_a_tampered_vector_leaves_the_tilted_law() -> None:
    model = exact_ufm(PAPER)
    vector = model.steering_vector([0], [1]) + 1e-6 * np.eye(model.d_model)[0]
    departure = np.abs(steered_log_probs(model, 2, vector) - tilted_log_probs(PAPER, 2, [0], [1])).max()
    assert departure > 1e-6


def test_perfect_training_hides_an_offset_in_every_context() -> None:
    model = exact_ufm(PAPER, d_model=7, seed=3)
    logits = model.features @ model.unembedding.T
    offsets = logits - np.log(PAPER.probabilities)
    np.testing.assert_allclose(offsets, offsets[:, :1] * np.ones((1, 9)), atol=1e-14)
    assert np.abs(offsets[:, 0]).min() > 1e-3
    np.testing.assert_allclose(model.log_probs, np.log(PAPER.probabilities), atol=1e-14)


def test_logits_and_derivative_are_affine_in_the_strength() -> None:
    model = exact_ufm(PAPER)
    vector = np.linspace(-1, 1, model.d_model)
    logits = np.asarray(model.logits([1], STRENGTHS, vector=vector, positions="last"))
    slope = np.asarray(model.derivative([1], STRENGTHS, vector=vector))
    assert logits.dtype == slope.dtype == np.float64
    base = model.unembedding @ np.asarray(model.residual([1]))[-1]
    np.testing.assert_allclose(logits, base + STRENGTHS[:, None] * slope[:1], rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(slope, np.tile(model.unembedding @ vector, (len(STRENGTHS), 1)), rtol=1e-13, atol=1e-14)


def test_cross_entropy_is_the_exact_expectation_and_the_entropy_when_unsteered() -> None:
    law = DataLaw(a=((0.5, 0.2), (0.6, 0.1)), b=((0.25, 0.05), (0.28, 0.02)), contexts=(0, 1, 1), weights=(1, 2, 5))
    model = exact_ufm(law)
    vector = model.steering_vector([0], [1, 2])
    observed = np.asarray(model.cross_entropy([[2], [0]], STRENGTHS, vector=vector))
    for column, context in enumerate((2, 0)):
        steered = steered_log_probs(model, context, vector)
        p = np.array([float(x) for x in law.exact(context)])
        np.testing.assert_allclose(
            observed[:, column], [entropy(p) + entropy(p, np.exp(q)) for q in steered], rtol=1e-12
        )
    unsteered = np.asarray(model.cross_entropy([[0], [1], [2]], ORIGIN, vector=vector))
    assert unsteered[0] @ [1 / 8, 2 / 8, 5 / 8] == pytest.approx(law.entropy, rel=1e-14)


def test_baseline_is_what_the_unsteered_model_says() -> None:
    model = exact_ufm(PAPER)
    baseline = model.baseline([2], [0, 1], contexts=[1, 2])
    log_p = np.log(PAPER.probabilities)
    assert baseline.log_odds is not None
    assert baseline.data is not None
    assert baseline.logit_shift is not None
    np.testing.assert_allclose(baseline.log_probs, log_p[[1, 2]], atol=1e-14)
    np.testing.assert_allclose(baseline.log_odds, log_p[2] - (log_p[0] + log_p[1]) / 2, atol=1e-14)
    np.testing.assert_array_equal(baseline.weights, [0.5, 0.5])
    np.testing.assert_array_equal(baseline.concepts, PAPER.concepts[[2, 0, 1]])
    np.testing.assert_allclose(baseline.data, log_p[[1, 2]], atol=1e-15)
    shift = model.unembedding @ model.steering_vector([2], [0, 1])
    np.testing.assert_allclose(baseline.logit_shift, shift, atol=1e-14)


MODEL = exact_ufm(PAPER)
ZERO = np.zeros(MODEL.d_model)
MISUSE = {
    "context": (lambda: MODEL.logits([9], ORIGIN, vector=ZERO), r"tokens = \[j\], one context from 0 to 2, got \[9\]"),
    "prompt": (lambda: MODEL.logits([0, 1], ORIGIN, vector=ZERO), r"expected tokens = \[j\].* got \[0, 1\]"),
    "width": (lambda: MODEL.logits([0], ORIGIN, vector=np.zeros(4)), r"expected 3 finite numbers, got shape \(4,\)"),
    "nan": (lambda: MODEL.logits([0], ORIGIN, vector=ZERO * np.nan), r"finite numbers, got shape \(3,\) with entries"),
    "layer": (lambda: MODEL.logits([0], ORIGIN, layer=1, vector=ZERO), "layer: expected 0.* got 1"),
    "positions": (lambda: MODEL.logits([0], ORIGIN, vector=ZERO, positions="first"), "'all' or 'last', got 'first'"),
    "no positives": (lambda: MODEL.steering_vector([], [1]), r"positive contexts of ufm-exact: expected one or more"),
    "unknown negative": (lambda: MODEL.log_odds([0], [5]), r"negative contexts .* from 0 to 2, got \[5\]"),
    "two targets": (lambda: MODEL.steering_vector([0, 1], [2]), r"expected one target concept, got \[0, 1\]"),
    "target negative": (
        lambda: MODEL.steering_vector([0], [0, 1]),
        r"expected none of the target concept 0, got \[0\]",
    ),
    "too narrow": (lambda: exact_ufm(PAPER, d_model=2), "d_model: expected at least 3, .* got 2; raise it"),
}


@pytest.mark.parametrize("name", MISUSE)
def test_misuse_is_refused_in_one_line(name: str) -> None:
    call, message = MISUSE[name]
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
