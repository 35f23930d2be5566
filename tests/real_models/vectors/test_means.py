"""Difference-of-means vectors and log-odds against the plain loop over texts; vector files."""

import errno

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from safetensors import safe_open
from safetensors.numpy import save_file
from scipy.special import log_softmax

from real_models import difference_of_means, load_vector, principal_difference, prompt_log_odds, save_vector
from real_models.decoding import batching

FAMILIES = ["llama", "gpt2"]


def texts(model, lengths, seed):
    random = np.random.default_rng(seed)
    return [random.integers(0, model.vocab_size, n).tolist() for n in lengths]


@pytest.fixture(params=FAMILIES)
def contrast(request, models, monkeypatch):
    """A float64 model with positive and negative texts of many lengths, in batches of a few."""
    monkeypatch.setattr(batching, "ACTIVATIONS", 2**20)
    model = models(request.param, "float64")
    return model, texts(model, [1, 9, 2, 12, 44], 1), texts(model, [5, 3, 6], 2)


def test_difference_of_means(contrast):
    model, positive, negative = contrast

    def mean(group, layer):
        return np.mean([np.asarray(model.residual(text, layer)).mean(axis=0) for text in group], axis=0)

    vectors = difference_of_means(model, positive, negative)
    expected = [mean(positive, layer) - mean(negative, layer) for layer in range(model.n_layers)]
    assert vectors.shape == (model.n_layers, model.d_model)
    np.testing.assert_allclose(vectors, expected, rtol=0, atol=1e-12)


def test_last_token_and_unit_norm(contrast):
    model, positive, negative = contrast

    def mean(group, layer):
        return np.mean([np.asarray(model.residual(text, layer))[-1] for text in group], axis=0)

    expected = np.stack([mean(positive, layer) - mean(negative, layer) for layer in range(model.n_layers)])
    vectors = difference_of_means(model, positive, negative, pool="last")
    np.testing.assert_allclose(vectors, expected, rtol=0, atol=1e-12)
    unit = difference_of_means(model, positive, negative, pool="last", unit=True)
    np.testing.assert_allclose(unit, expected / np.linalg.norm(expected, axis=1, keepdims=True), rtol=0, atol=1e-13)


def test_principal_difference(contrast):
    """No unit vector carries more of the sum of squares, says the symmetric eigenproblem; the sign is the mean's."""
    model, texts_, _ = contrast
    positive, negative = texts_, texts(model, [3, 7, 12, 1, 20], 3)
    axes = principal_difference(model, positive, negative, pool="mean")
    for layer in range(model.n_layers):
        pairs = zip(positive, negative, strict=True)
        rows = [model.residual(p, layer).mean(axis=0) - model.residual(n, layer).mean(axis=0) for p, n in pairs]
        differences = np.array(rows)
        values, bases = np.linalg.eigh(differences.T @ differences)
        expected = bases[:, -1] * np.sign(bases[:, -1] @ differences.mean(axis=0))
        assert values[-1] > 1.05 * values[-2]
        np.testing.assert_allclose(axes[layer], expected, rtol=0, atol=1e-10)
    swapped = principal_difference(model, negative, positive, pool="mean")
    np.testing.assert_allclose(swapped, -np.asarray(axes), rtol=0, atol=1e-12)
    with pytest.raises(ValueError, match="5 positive and 4 negative texts, expected pairs"):
        principal_difference(model, positive, negative[1:])


def test_progress_counts_every_text_once(contrast):
    model, positive, negative = contrast
    calls = []
    difference_of_means(model, positive, negative, progress=lambda *call: calls.append(call))
    assert len(calls) > 2
    assert [done for done, _ in calls] == sorted({done for done, _ in calls})
    assert calls[-1] == (8, 8)
    assert {total for _, total in calls} == {8}


def test_prompt_log_odds(contrast):
    model, positive, negative = contrast

    def mean(group):
        return np.mean([log_softmax(np.asarray(model.position_logits(text)[-1])) for text in group], axis=0)

    log_odds = prompt_log_odds(model, positive, negative)
    assert log_odds.dtype == np.float64
    np.testing.assert_allclose(log_odds, mean(positive) - mean(negative), rtol=0, atol=1e-12)


def test_float32_model_gives_float64_log_odds(models):
    """Every text's law is normalised in float64, though its logits are float32."""
    from real_models import mean_log_probs

    model = models("llama")
    log_probs = mean_log_probs(model, [[1, 2, 3]])
    assert log_probs.dtype == np.float64
    assert abs(np.exp(log_probs).sum() - 1) < 1e-12


def test_texts_are_checked(models):
    model = models("llama")
    with pytest.raises(ValueError, match="pool is 'first', expected 'mean' or 'last'"):
        difference_of_means(model, [[1]], [[2]], pool="first")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="the vector of block 0 is zero and has no direction"):
        difference_of_means(model, [[1]], [[1]], unit=True)
    for function in (difference_of_means, prompt_log_odds):
        with pytest.raises(ValueError, match=r"the negative texts are \[\], expected a list of one text or more"):
            function(model, [[1]], [])
        with pytest.raises(ValueError, match="the positive texts are 'abc', expected a list"):
            function(model, "abc", [[1]])
        with pytest.raises(ValueError, match=r"a prompt has shape \(0,\)"):
            function(model, [[]], [[1]])


@given(
    st.dictionaries(
        st.integers(0, 200),
        arrays(np.float32, 7, elements=st.floats(-1e6, 1e6, width=32)).filter(np.any),
        min_size=1,
        max_size=4,
    )
)
def test_files_round_trip(tmp_path_factory, vectors):
    path = tmp_path_factory.mktemp("vectors") / "v.safetensors"
    save_vector(path, vectors, {"model": "m", "count": 3})
    loaded = load_vector(path)
    assert list(loaded) == sorted(vectors)
    for layer, vector in vectors.items():
        assert loaded[layer].dtype == np.float32
        np.testing.assert_array_equal(loaded[layer], vector)
    with safe_open(path, "np") as opened:
        assert opened.metadata() == {"model": "m", "count": "3"}
        assert set(opened.keys()) == {f"layer.{layer}" for layer in vectors}


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "v.safetensors"
    save_vector(path, {0: np.ones(3)})

    def refuse(_source, _target):
        raise OSError(errno.ENOSPC, "disk full")

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        save_vector(path, {0: np.full(3, 2.0)})
    assert [p.name for p in tmp_path.iterdir()] == ["v.safetensors"]
    assert load_vector(path)[0].tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        ({}, "no vectors, expected one block or more"),
        ({-1: np.ones(3)}, "layer is -1, expected a block number from 0"),
        ({0: np.ones(3), 1: np.ones(4)}, r"the vector of layer 1 has shape \(4,\), expected one width above 0"),
        ({0: np.ones((1, 3))}, r"layer.0 has shape \(1, 3\)"),
        ({0: np.array([1, np.nan])}, "layer 0"),
        ({0: np.array([1, 1e39])}, "the vector of layer 0 has entries or a norm beyond float32's largest"),
    ],
)
def test_what_is_not_saved(tmp_path, vectors, message):
    with pytest.raises(ValueError, match=message):
        save_vector(tmp_path / "v.safetensors", vectors)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"direction.1": np.ones(3, np.float32)}, r"tensor 'direction.1', expected names layer.0, layer.1"),
        ({"layer.1": np.ones(3, np.float64)}, "layer.1 is float64, expected float32"),
        ({"layer.1": np.full(3, np.inf, np.float32)}, "layer.1 contains NaN or infinite entries"),
        ({}, "no vectors, expected one block or more"),
    ],
)
def test_what_is_not_loaded(tmp_path, tensors, message):
    save_file(tensors, tmp_path / "v.safetensors")
    with pytest.raises(ValueError, match=message):
        load_vector(tmp_path / "v.safetensors")


def test_no_vector_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such vector file"):
        load_vector(tmp_path / "absent")
    (tmp_path / "v").write_bytes(b"\x80\x04pickled, by the look of it")
    with pytest.raises(ValueError, match="is not a readable safetensors file"):
        load_vector(tmp_path / "v")
