"""Logits as functions of the strength: baseline, exact derivative, chunks, dtypes, cross-entropy, bad input."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from real_models.decoding import batching, decoder

pytestmark = pytest.mark.slow

FAMILIES = ["gemma3_text", "gpt2"]
PROMPT = [3, 1, 4, 1, 5]
forward = jax.jit(decoder.forward, static_argnames="spec")


def direction(model, seed=0, layers=()):
    return np.random.default_rng(seed).normal(size=(*layers, model.d_model))


def assert_close(ours, expected, share):
    assert np.abs(np.asarray(ours) - np.asarray(expected)).max() <= share * np.abs(np.asarray(expected)).max()


@pytest.mark.parametrize("positions", ["all", "last"])
@pytest.mark.parametrize("family", FAMILIES)
def test_strength_zero_is_the_plain_forward(models, family, positions):
    """No padding, no prefix, no cache in `forward`: so those change nothing beyond rounding."""
    model = models(family)
    plain = forward(model.spec, model.params, jnp.asarray([PROMPT]))[0, -1]
    for layer in range(model.n_layers):
        logits = model.logits(PROMPT, [-2.0, 0.0], layer=layer, vector=direction(model), positions=positions)
        assert_close(logits[1], plain, 1e-5)
        assert np.abs(logits[0] - plain).max() > 0.1


@pytest.mark.parametrize("positions", ["all", "last"])
@pytest.mark.parametrize("layer", [0, [0, 1]])
@pytest.mark.parametrize("family", FAMILIES)
def test_derivative_is_that_of_the_logits(models, family, layer, positions):
    """Central differences of step h in float64: their own error is h^2 times third derivatives, and rounding over h."""
    model, h = models(family, "float64"), 1e-5
    where = {"layer": layer, "positions": positions}
    where["vector"] = direction(model, layers=np.shape(layer))
    strengths = np.array([-1.5, 0.0, 0.4])
    above, below = (model.logits(PROMPT, strengths + step, **where) for step in (h, -h))
    derivative = model.derivative(PROMPT, strengths, **where)
    assert derivative.dtype == np.float64
    assert_close(derivative, (above - below) / (2 * h), 1e-8)


@pytest.mark.parametrize(("family", "positions"), [("gemma3_text", "last"), ("gpt2", "all")])
def test_higher_derivatives(models, family, positions):
    """Each order is the central difference of the one below, extrapolated to an error of h^4; order 0 is the logits."""
    model, h = models(family, "float64"), 1e-3
    where = {"layer": 1, "positions": positions, "vector": direction(model)}
    strengths = np.array([-1.5, 0.0, 0.4])
    shifts = [model.derivatives(PROMPT, strengths + step * h, order=3, **where) for step in (-2, -1, 0, 1, 2)]
    far_below, below, here, above, far_above = map(np.asarray, shifts)
    assert here.shape == (4, 3, model.vocab_size)
    assert_close(here[0], model.logits(PROMPT, strengths, **where), 1e-14)
    assert_close(here[1], model.derivative(PROMPT, strengths, **where), 1e-13)
    for order in (1, 2, 3):
        slope = (8 * (above - below) - (far_above - far_below))[order - 1] / (12 * h)
        assert_close(here[order], slope, 1e-8)
    for order in (0, 1.0):
        with pytest.raises(ValueError, match=r"order is .*, expected a positive integer"):
            model.derivatives(PROMPT, strengths, order, **where)


@pytest.mark.parametrize("positions", ["all", "last"])
@pytest.mark.parametrize("layer", [1, [0, 2]])
def test_many_vectors_at_once(models, monkeypatch, layer, positions):
    """A batch of vectors gives what each gives alone, also when a chunk ends in the midst of one."""
    model, strengths = models("gemma3_text", "float64"), np.array([-1.0, 0.0, 2.0])
    vectors = direction(model, layers=(5, *np.shape(layer)))
    where = {"layer": layer, "positions": positions}
    expected = np.stack([model.logits(PROMPT, strengths, vector=v, **where) for v in vectors])
    monkeypatch.setattr("real_models.steering.model.chunk_of", lambda _bytes, _rows: 4)
    logits = model.logits_each(PROMPT, strengths, vectors=vectors, **where)
    assert logits.shape == (5, 3, model.vocab_size)
    assert_close(logits, expected, 1e-13)
    with pytest.raises(ValueError, match=r"has shape .*, expected \(vectors, .*24\) for"):
        model.logits_each(PROMPT, strengths, vectors=vectors[0], **where)


@settings(max_examples=20, deadline=None)
@given(strength=st.floats(-1e4, 1e4))
@pytest.mark.parametrize("family", FAMILIES)
def test_last_block_is_the_norm_of_a_line(models, family, strength):
    """Steering the last block only moves the final norm's input along a line; NumPy does the rest."""
    model = models(family, "float64")
    v, weights = direction(model), jax.tree.map(np.asarray, model.params["final_norm"])
    h = np.asarray(model.residual(PROMPT, model.n_layers - 1))[-1] + strength * v
    h = h - h.mean() if family == "gpt2" else h
    normed = weights["weight"] * h / np.sqrt((h * h).mean() + model.spec.norm_eps) + weights.get("bias", 0.0)
    expected = normed @ np.asarray(model.params["embed" if model.spec.tied else "unembed"]).T
    for positions in ("all", "last"):
        logits = model.logits(PROMPT, [strength], layer=model.n_layers - 1, vector=v, positions=positions)
        assert_close(logits[0], expected, 1e-12)


def test_a_lone_token_is_the_last_position(models):
    model = models("gemma3_text", "float64")
    every, last = (
        model.logits([7], [-1.0, 3.0], layer=0, vector=direction(model), positions=positions)
        for positions in ("all", "last")
    )
    assert_close(every, last, 1e-13)


def test_several_layers_add_up(models):
    """Layers may come in any order; a zero vector at a further layer changes nothing."""
    model = models("gemma3_text", "float64")
    v = direction(model, layers=(2,))
    both = model.logits(PROMPT, [0.5], layer=[0, 2], vector=v)
    assert_close(model.logits(PROMPT, [0.5], layer=[2, 0], vector=v[::-1]), both, 1e-14)
    one = model.logits(PROMPT, [0.5], layer=0, vector=v[0])
    assert_close(model.logits(PROMPT, [0.5], layer=[0, 2], vector=[v[0], 0 * v[1]]), one, 1e-14)
    assert np.abs(both - one).max() > 0.1


@pytest.mark.parametrize("positions", ["all", "last"])
def test_chunks_change_nothing(models, monkeypatch, positions):
    model, strengths = models("gemma3_text"), np.linspace(-2, 2, 7)
    where = {"layer": 1, "vector": direction(model), "positions": positions}
    together = model.logits(PROMPT, strengths, **where)
    monkeypatch.setattr(batching, "ACTIVATIONS", 3 * 2**14)
    calls = []
    in_chunks = batching.in_chunks

    def counted(function, chunk, *columns):
        calls.append(chunk)
        return in_chunks(function, chunk, *columns)

    monkeypatch.setattr("real_models.steering.model.in_chunks", counted)
    assert_close(model.logits(PROMPT, strengths, **where), together, 1e-5)
    assert 0 < calls[0] < 7 or positions == "last"


@pytest.mark.parametrize(("memory", "size"), [(2**14, 1), (2**25, 20), (2**25, 53)])
@pytest.mark.parametrize("family", FAMILIES)
def test_cross_entropy_from_the_logits(models, monkeypatch, family, memory, size):
    """Each predicted token's loss again, prefix by prefix, from the last-position logits; in blocks of any size."""
    model, strengths = models(family, "float64"), np.array([-1.0, 0.0, 2.0])
    blocks = np.random.default_rng(5).integers(0, model.vocab_size, (5, 4))
    where = {"layer": 1, "vector": direction(model)}
    expected = np.zeros((3, 5))
    for i, block in enumerate(blocks):
        for n in range(1, 4):
            logits = model.logits(block[:n], strengths, **where)
            expected[:, i] -= np.asarray(jax.nn.log_softmax(logits))[:, block[n]] / 3
    monkeypatch.setattr(batching, "ACTIVATIONS", memory)
    monkeypatch.setattr("real_models.steering.cross_entropy.columns_within", lambda _bytes, _columns: size)
    losses = model.cross_entropy(blocks, strengths, **where)
    assert losses.dtype == np.float64
    assert_close(losses, expected, 1e-12)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_no_silent_promotion(models, dtype):
    """In 64-bit mode nothing of a narrower model is computed in float64."""
    model = models("gemma3_text", dtype)
    trace = jax.make_jaxpr(decoder.forward, static_argnums=0)(model.spec, model.params, jnp.asarray([PROMPT]))
    assert "f64" not in str(trace)
    logits = model.logits(PROMPT, np.array([0.0]), layer=2, vector=direction(model))
    assert logits.dtype == np.float32


def test_without_64_bit_mode(models):
    """A float32 model is the same function there; a float64 model refuses to be one in secret."""
    model = models("gemma3_text")
    where = {"layer": 2, "vector": direction(model)}
    expected = model.logits(PROMPT, [0.0, 1.0], **where)
    with jax.enable_x64(False):
        assert (model.logits(PROMPT, [0.0, 1.0], **where) == expected).all()
        with pytest.raises(ValueError, match=r"float64 needs JAX's 64-bit mode"):
            dataclasses.replace(model, dtype="float64").logits(PROMPT, [0.0, 1.0], **where)


def test_a_scalar_strength_is_one_strength(models):
    model = models("gpt2")
    where = {"layer": 0, "vector": direction(model)}
    assert (model.logits(PROMPT, 0.5, **where) == model.logits(PROMPT, [0.5], **where)).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vector": np.ones(23)}, r"the steering vector has shape \(23,\), expected \(24,\)"),
        ({"vector": np.ones((1, 24))}, r"shape \(1, 24\), expected \(24,\)"),
        ({"vector": np.ones(24), "layer": [0]}, r"shape \(24,\), expected \(1, 24\)"),
        ({"vector": np.full(24, np.nan)}, "NaN or infinite entries"),
        ({"vector": np.full(24, np.inf)}, "NaN or infinite entries"),
        ({"vector": np.array(["a"] * 24)}, "the steering vector has dtype <U1, expected numbers"),
        ({"layer": 3}, "layer is 3, expected a block of .*: 0 to 2"),
        ({"layer": -1}, "layer is -1, expected a block"),
        ({"layer": 1.0}, "layer is 1.0, expected a block"),
        ({"layer": [1, 1], "vector": np.ones((2, 24))}, r"layers are \[1, 1\], expected each block once"),
        ({"layer": [], "vector": np.ones((0, 24))}, r"layers are \[\], expected each block once"),
        ({"tokens": []}, r"a prompt has shape \(0,\), expected one token or more"),
        ({"tokens": [[1, 2]]}, r"a prompt has shape \(1, 2\)"),
        ({"tokens": [1.5]}, "token ids are float64, expected integers"),
        ({"tokens": [1, 53]}, "token id 53 is out of range: .* has 53 tokens"),
        ({"tokens": [-1]}, "token id -1 is out of range"),
        ({"tokens": [0] * 45}, "a prompt has 45 tokens, but .* has 44 positions"),
        ({"strengths": [0.0, np.nan]}, "strengths contain NaN or infinite values"),
        ({"strengths": [[0.0]]}, r"strengths have shape \(1, 1\)"),
        ({"strengths": []}, r"strengths have shape \(0,\)"),
        ({"positions": "first"}, "positions is 'first', expected 'all' or 'last'"),
    ],
)
@pytest.mark.parametrize("method", ["logits", "derivative"])
def test_bad_input(models, method, change, message):
    model = models("gpt2")
    arguments = {"tokens": PROMPT, "strengths": [0.0], "layer": 0, "vector": np.ones(24)} | change
    with pytest.raises(ValueError, match=message):
        getattr(model, method)(**arguments)


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ([[1], [2]], "a segment of text has 1 token, expected 2 or more"),
        ([[1, 2], [3]], "a segment of text has 1 token, expected 2 or more"),
        (np.zeros((0, 4), int), "no segments of text given, expected one or more"),
        ([list(range(45))], "a prompt has 45 tokens, but .* has 44 positions"),
    ],
)
def test_bad_blocks(models, blocks, message):
    with pytest.raises(ValueError, match=message):
        models("gpt2").cross_entropy(blocks, [0.0], layer=0, vector=np.ones(24))


def test_the_longest_prompt_fits(models):
    """Padding stops at the last learned position."""
    model = models("gpt2")
    tokens = np.arange(44)
    plain = forward(model.spec, model.params, jnp.asarray(tokens[None]))[0, -1]
    assert_close(model.logits(tokens, [0.0], layer=0, vector=direction(model))[0], plain, 1e-5)
