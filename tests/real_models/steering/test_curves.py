"""Curves of decoders against direct evaluation in float64: random models of every family, and the one that ships."""

import dataclasses

import jax
import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import log_softmax

from numerics.observing.curves.build import steered_curve, steered_curves
from numerics.observing.curves.texts import cross_entropy_curve
from real_models import limit_logits, load_model
from real_models.checkpoints.families import FAMILIES
from steerlaw import load_curve
from toy_models import stdlib_gpt

pytestmark = pytest.mark.slow

CONTEXTS = [[3, 1, 4, 1, 5, 9, 2], [9, 2, 6]]


def direct(model, tokens, alpha, **where):
    return log_softmax(np.asarray(model.logits(tokens, alpha, **where), np.float64), axis=1)


def vectors(model, count=2, seed=0):
    return np.random.default_rng(seed).normal(size=(count, model.d_model))


def strengths(curve, count=24, seed=0):
    """Of all sizes: uniform in the window, and uniform in the angle."""
    random = np.random.default_rng(seed)
    low, high = np.clip(curve.window, -1e6, 1e6)
    first, last = curve.map.angle(np.array([low, high]))
    spread = curve.map.strength(random.uniform(first, last, count))
    return np.clip(np.concatenate([random.uniform(low, high, count), spread, [low, 0.0, high]]), low, high)


@pytest.mark.parametrize(("dtype", "positions"), [("float64", "all"), ("float64", "last"), ("float32", "all")])
@pytest.mark.parametrize("family", FAMILIES)
def test_random_models_lie_within_the_stated_error(models, family, dtype, positions):
    """8 curves of 51 strengths and all tokens each: 20,000 triples a case, an early block and a later one."""
    model, exact = models(family, dtype), models(family, "float64")
    for layer in (0, 1):
        curves = steered_curves(model, CONTEXTS, layer=layer, vectors=vectors(model), positions=positions)
        for tokens, rays in zip(CONTEXTS, curves, strict=True):
            for vector, curve in zip(vectors(model), rays, strict=True):
                alpha = strengths(curve)
                expected = direct(exact, tokens, alpha, layer=layer, vector=vector, positions=positions)
                assert np.abs(curve.log_probs(alpha) - expected).max() <= curve.error
                assert curve.error < 1e-4, curve.explain()


@pytest.mark.parametrize("family", ["llama", "gemma3_text", "gpt2"])
def test_slopes_peaks_and_divergence(models, family):
    model = models(family, "float64")
    (vector,) = vectors(model, 1)
    where = {"layer": 0, "vector": vector}
    curve = steered_curve(model, CONTEXTS[0], **where)
    alpha = strengths(curve)
    law = direct(model, CONTEXTS[0], alpha, **where)
    moved = np.asarray(model.derivative(CONTEXTS[0], alpha, **where))
    slopes = moved - (np.exp(law) * moved).sum(axis=1, keepdims=True)
    assert (np.abs(curve.slopes(alpha) - slopes).max(axis=1) <= curve.slope_error(alpha)).all()
    assert curve.slope_error(alpha).max() < 1e-6
    base = direct(model, CONTEXTS[0], [0.0], **where)
    np.testing.assert_allclose(curve.divergence(alpha), (np.exp(law) * (law - base)).sum(axis=1), atol=1e-11)
    np.testing.assert_allclose(curve.entropy(alpha), -(np.exp(law) * law).sum(axis=1), atol=1e-11)

    def slope(at, token):
        p = np.exp(direct(model, CONTEXTS[0], [at], **where)[0])
        d = np.asarray(model.derivative(CONTEXTS[0], [at], **where))[0]
        return float(d[token] - p @ d)

    turns = curve.turning_points()
    for row in np.random.default_rng(0).choice(len(turns.token), 4, replace=False):
        at, token, near = turns.at[row], turns.token[row], 1e-3 * curve.map.spread
        assert abs(brentq(slope, at - near, at + near, args=(token,), xtol=1e-12) - at) <= 1e-8 * curve.map.spread
        assert np.sign(slope(at - near, token)) == turns.kind[row]
    grid = np.linspace(*curve.window, 400)
    values, peaks = direct(model, CONTEXTS[0], grid, **where), curve.peaks()
    inside = np.isfinite(peaks)
    tops = curve.log_probs(np.where(inside, peaks, np.copysign(curve.window[1], peaks)))
    assert (np.diagonal(tops) >= values.max(axis=0) - curve.error).all()


@pytest.mark.parametrize("family", ["llama", "gemma3_text", "gpt2"])
@pytest.mark.parametrize("positions", ["all", "last"])
def test_all_strengths_and_their_limits(models, family, positions):
    model = models(family, "float64")
    (vector,) = vectors(model, 1)
    where = {"layer": 1, "vector": vector, "positions": positions}
    curve = steered_curve(model, CONTEXTS[1], window=None, **where)
    alpha = np.concatenate([strengths(curve), [-1e9, 1e4, 1e9]])
    assert np.abs(curve.log_probs(alpha) - direct(model, CONTEXTS[1], alpha, **where)).max() <= curve.error < 1e-9
    plus, minus = limit_logits(model, vector)
    assert np.abs(curve.logits([1e12, -1e12]) - [plus, minus]).max() < 1e-9


def test_several_blocks_at_once(models):
    model = models("llama", "float64")
    where = {"layer": [0, 2], "vector": vectors(model) * [[1.0], [5.0]]}
    for window in (8.0, None):
        curve = steered_curve(model, CONTEXTS[0], window=window, **where)
        alpha = strengths(curve)
        assert np.abs(curve.log_probs(alpha) - direct(model, CONTEXTS[0], alpha, **where)).max() <= curve.error < 1e-9


def hard_cases(model):
    h = np.asarray(model.residual(CONTEXTS[0], 0))[-1].astype(np.float64)
    across = np.random.default_rng(0).normal(size=len(h))
    yield from ((f"size {size:g}", size * across) for size in (1e-6, 1e6))
    yield "parallel", h
    yield "nearly parallel", h + 1e-4 * across
    yield "opposite", -3 * h
    yield "constant", np.ones(len(h))
    yield "nearly constant", np.ones(len(h)) + 1e-3 * across
    yield "zero", np.zeros(len(h))
    yield "one feature", np.eye(len(h))[2]


@pytest.mark.parametrize("family", ["llama", "gpt2", "gemma3_text"])
@pytest.mark.parametrize("layer", [0, 2])
@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
def test_adversarial_vectors(models, family, layer, dtype):
    """What a curve cannot resolve it must own up to: the stated error holds whatever the vector."""
    model, exact = models(family, dtype), models(family, dtype if dtype == "bfloat16" else "float64")
    for name, vector in hard_cases(model):
        curve = steered_curve(model, CONTEXTS[0], layer=layer, vector=vector, budget=400)
        alpha = strengths(curve)
        off = np.abs(curve.log_probs(alpha) - direct(exact, CONTEXTS[0], alpha, layer=layer, vector=vector))
        assert (off.max(axis=1) <= curve.error_at(alpha)).all(), name
        assert np.isfinite(curve.slopes(alpha)).all()


@pytest.mark.parametrize("size", [3.0, 10.0])
def test_sharp_attention(models, size):
    """Queries so large that heads switch between tokens within a small part of the window."""
    model = models("llama", "float64")
    blocks = [block | {"q": jax.tree.map(lambda w: size * w, block["q"])} for block in model.params["blocks"]]
    sharp = dataclasses.replace(model, params=model.params | {"blocks": blocks})
    (vector,) = vectors(model, 1)
    curve = steered_curve(sharp, CONTEXTS[0], layer=0, vector=vector, tolerance=1e-4)
    alpha = np.linspace(*curve.window, 801)
    off = np.abs(curve.log_probs(alpha) - direct(sharp, CONTEXTS[0], alpha, layer=0, vector=vector))
    assert (off.max(axis=1) <= curve.error_at(alpha)).all()


def test_a_zero_residual_and_a_soft_cap(models):
    model = models("gemma3_text", "float64")
    silent = dataclasses.replace(
        model,
        params=model.params | {"embed": model.params["embed"].at[7].set(0.0)},
        spec=dataclasses.replace(model.spec, logit_cap=2.0),
    )
    (vector,) = vectors(model, 1)
    for tokens in ([7], [7, 7], [1, 7]):
        curve = steered_curve(silent, tokens, layer=0, vector=vector)
        alpha = strengths(curve)
        off = np.abs(curve.log_probs(alpha) - direct(silent, tokens, alpha, layer=0, vector=vector)).max(axis=1)
        assert (off <= curve.error_at(alpha)).all()
        d = np.asarray(silent.derivative(tokens, alpha, layer=0, vector=vector))
        p = np.exp(curve.log_probs(alpha))
        slopes = d - (p * d).sum(axis=1, keepdims=True)
        assert (np.abs(curve.slopes(alpha) - slopes).max(axis=1) <= curve.slope_error(alpha)).all()


@pytest.fixture(scope="module")
def shipped():
    return {dtype: load_model(stdlib_gpt.CHECKPOINT, dtype=dtype) for dtype in ("float32", "float64")}


def test_the_shipped_model_lies_within_the_stated_error(shipped):
    """Random triples of context, token and strength at every block: 4 x 2 x 51 x 4,096."""
    model, exact = shipped["float32"], shipped["float64"]
    contexts = [stdlib_gpt.contexts("python_code")[0][i] for i in (0, 3)]
    for layer in range(model.n_layers):
        (vector,) = vectors(model, 1, seed=layer)
        for tokens in contexts:
            curve = steered_curve(model, tokens, layer=layer, vector=vector)
            alpha = strengths(curve)
            off = np.abs(curve.log_probs(alpha) - direct(exact, tokens, alpha, layer=layer, vector=vector))
            assert off.max() <= curve.error < 2e-4
            assert curve.evaluations <= 264


@pytest.mark.parametrize(("layer", "needed"), [(0, {32: 1.0, 128: 1e-4}), (2, {32: 3e-3, 64: 3e-6}), (3, {17: 1e-9})])
def test_convergence_is_geometric_in_the_angle(shipped, layer, needed):
    """Errors of log-probabilities of the shipped model over the window of 8 norms, by the number of nodes."""
    model = shipped["float64"]
    tokens, (vector,) = stdlib_gpt.contexts("python_code")[0][0], vectors(model, 1)
    for n, bound in needed.items():
        curve = steered_curve(model, tokens, layer=layer, vector=vector, tolerance=bound)
        assert max(len(piece.values) for piece in curve.pieces) <= 2 * n + 1
        assert curve.error <= bound + curve.rounding


def test_cross_entropy_of_texts(shipped):
    model = shipped["float64"]
    segments = [model.encode(text)[:length] for text, length in zip(stdlib_gpt.segments(), (16, 12, 9), strict=False)]
    (vector,) = vectors(model, 1)
    for layer in (1, 3):
        curve = cross_entropy_curve(model, segments, layer=layer, vector=vector, window=1.5, tolerance=1e-6)
        alpha = np.random.default_rng(0).uniform(*curve.window, 16)
        expected = np.asarray(model.cross_entropy(segments, alpha, layer=layer, vector=vector))
        assert np.abs(curve.losses(alpha) - expected).max() <= curve.error < 2e-6
        np.testing.assert_allclose(curve.mean(alpha, np.array([1, 0, 1])), expected[:, [0, 2]].mean(axis=1), atol=2e-6)
        step = 1e-4 * curve.window[1]
        inside = alpha[np.abs(alpha) < curve.window[1] - step]
        secant = (curve.losses(inside + step) - curve.losses(inside - step)) / (2 * step)
        np.testing.assert_allclose(curve.slopes(inside), secant, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_files_hold_curves(models, tmp_path, monkeypatch, dtype):
    model, other = models("gemma3_text", dtype), models("llama", dtype)
    (vector,) = vectors(model, 1)
    curve = steered_curve(model, CONTEXTS[0], layer=1, vector=vector)
    curve.save(tmp_path / "whole.nc")
    monkeypatch.setattr("numerics.observing.curves.saving.STORED", 0)
    curve.save(tmp_path / "bare.nc")
    alpha = strengths(curve)
    for again in (
        load_curve(tmp_path / "whole.nc"),
        load_curve(tmp_path / "whole.nc", model),
        load_curve(tmp_path / "bare.nc", model),
    ):
        assert np.array_equal(again.log_probs(alpha), curve.log_probs(alpha))
        assert again.explain() == curve.explain()
    with pytest.raises(ValueError, match=r"bare.nc: the unembedding was too large to be stored: give the model"):
        load_curve(tmp_path / "bare.nc")
    for name in ("whole.nc", "bare.nc"):
        with pytest.raises(ValueError, match="another model"):
            load_curve(tmp_path / name, other)
