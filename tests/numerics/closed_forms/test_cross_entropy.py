"""The exact cross-entropy law against fifty digits."""

from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import numerics.closed_forms.cross_entropy
from numerics import cross_entropy_change
from tilted_oracle import cumulants, normalised

CONTEXTS, VOCAB = 9, 14
STRENGTHS = np.array([-1e6, -80.0, -2.0, -0.1, -1e-4, -1e-9, 0.0, 1e-7, 1e-3, 0.2, 1.0, 30.0, 2e3])


def draw(seed: int, contexts: int = CONTEXTS) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return normalised(2 * rng.normal(size=(contexts, VOCAB))), rng.standard_t(3, size=VOCAB), rng.random(contexts)


def exact(laws: np.ndarray, odds: np.ndarray, strength: float, weights: np.ndarray, data: list[Any] | None) -> Any:
    total = mp.fsum(mp.mpf(float(w)) for w in weights)
    terms = []
    for j, law in enumerate(laws):
        mean = data[j] if data else cumulants(law, odds, 0.0)[1]
        terms.append(mp.mpf(float(weights[j])) * (cumulants(law, odds, strength)[0] - mp.mpf(float(strength)) * mean))
    return mp.fsum(terms) / total


@pytest.mark.parametrize("contexts", [1, 3, CONTEXTS])
def test_own_law_is_relatively_accurate_down_to_zero(contexts: int) -> None:
    laws, odds, weights = draw(0, contexts)
    found = cross_entropy_change(laws, odds, STRENGTHS, weights)
    expected = [float(exact(laws, odds, a, weights, None)) for a in STRENGTHS]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=0)
    assert found[6] == 0


def test_data_as_token_ids_and_as_laws() -> None:
    laws, odds, weights = draw(1)
    rng = np.random.default_rng(2)
    ids, other = rng.integers(VOCAB, size=CONTEXTS), normalised(rng.normal(size=(CONTEXTS, VOCAB)))
    means = [mp.mpf(float(odds[z])) for z in ids], [cumulants(r, odds, 0.0)[1] for r in other]
    for data, mean in zip((ids, other), means, strict=True):
        found = cross_entropy_change(laws, odds, STRENGTHS, weights, data)
        expected = [float(exact(laws, odds, a, weights, mean)) for a in STRENGTHS]
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-22)
    np.testing.assert_allclose(
        cross_entropy_change(laws, odds, STRENGTHS, data=laws), cross_entropy_change(laws, odds, STRENGTHS), rtol=1e-13
    )


def test_weights_are_shares() -> None:
    laws, odds, weights = draw(3)
    strengths = [0.3, -2.0]
    found = cross_entropy_change(laws, odds, strengths, 7 * weights)
    single = np.stack([cross_entropy_change(law[None], odds, strengths) for law in laws])
    np.testing.assert_allclose(found, weights / weights.sum() @ single, rtol=1e-12)
    np.testing.assert_allclose(cross_entropy_change(laws, odds, strengths), single.mean(axis=0), rtol=1e-12)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    laws, odds, weights = draw(4, contexts=40)
    whole = cross_entropy_change(laws, odds, STRENGTHS, weights, np.arange(40) % VOCAB)
    monkeypatch.setattr(numerics.closed_forms.cross_entropy, "BLOCK_ELEMENTS", 9 * VOCAB)
    monkeypatch.setattr(numerics.closed_forms.cross_entropy, "TABLE_ELEMENTS", 2 * VOCAB)
    blocked = cross_entropy_change(laws, odds, STRENGTHS, weights, np.arange(40) % VOCAB)
    np.testing.assert_allclose(blocked, whole, rtol=1e-12)


def test_many_contexts_on_a_large_vocabulary_agree_with_one() -> None:
    rng = np.random.default_rng(5)
    laws, odds = normalised(2 * rng.normal(size=(8, 2**15))), rng.standard_t(5, size=2**15)
    strengths = np.linspace(-6, 6, 25)
    product = cross_entropy_change(laws, odds, strengths)
    cells = np.mean([cross_entropy_change(law[None], odds, strengths) for law in laws], axis=0)
    np.testing.assert_allclose(product, cells, rtol=1e-11, atol=1e-14)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_it_is_convex_and_within_hoeffdings_bound(seed: int) -> None:
    laws, odds, weights = draw(seed)
    strengths = np.linspace(-3, 3, 31)
    change = np.asarray(cross_entropy_change(laws, odds, strengths, weights))
    assert np.all(np.diff(change, 2) >= -1e-12)
    assert np.all(change >= 0)
    assert np.all(change <= (np.ptp(odds) * strengths) ** 2 / 8 * (1 + 1e-12))


def test_a_model_that_is_not_calibrated_has_its_minimum_elsewhere() -> None:
    """Section 4, item 6 of the laws: V = 9, G = 3, eps = 0.05, contrastive, data 0.9 p + 0.1 uniform."""
    inside, outside = 0.95 / 3, 0.05 / 6
    law = np.array([inside] * 3 + [outside] * 6)
    odds = np.log(inside / outside) * np.array([1.0] * 3 + [-1.0] * 3 + [0.0] * 3)
    data = np.log(0.9 * law + 0.1 / 9)[None]
    strengths = np.array([-0.139, -0.138, -0.137, -1e-6, 1e-6])
    change = np.asarray(cross_entropy_change(np.log(law)[None], odds, strengths, data=data))
    assert change[1] == pytest.approx(-0.0263, abs=1e-4)
    assert change[1] < min(change[0], change[2]) + 1e-6
    assert (change[4] - change[3]) / 2e-6 == pytest.approx(0.336, abs=1e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"log_probs": np.log([0.5, 0.5])}, r"^log_probs: expected shape \(contexts, vocab\), got \(2,\)"),
        ({"weights": [1.0]}, r"^weights: expected one per context, shape \(2,\), got shape \(1,\)"),
        ({"weights": [1.0, -1.0]}, r"^weights: expected finite numbers >= 0"),
        ({"data": [0, 2]}, r"^data: expected token ids from 0 to 1, got 0 to 2"),
        ({"data": [0.0, 1.0]}, r"^data: expected integer token ids"),
        ({"data": np.zeros((2, 2))}, r"^data: expected logarithms of probabilities"),
        ({"data": np.zeros(3, int)}, r"^data: expected log-probabilities of shape \(2, 2\) or token ids of shape"),
    ],
)
def test_bad_input(change: dict, message: str) -> None:
    arguments = {"log_probs": np.log(np.full((2, 2), 0.5)), "log_odds": [0.0, 1.0], "strengths": [1.0]} | change
    with pytest.raises(ValueError, match=message):
        cross_entropy_change(**arguments)


def test_float32_in_float32_out_if_both_are() -> None:
    """Many contexts and one; strengths so far out that float32 underflows are done one by one."""
    laws, odds, weights = draw(7)
    laws, odds, strengths = laws.astype(np.float32), odds.astype(np.float32), STRENGTHS[1:]
    for some in (slice(None), slice(1)):
        found = cross_entropy_change(laws[some], odds, strengths, weights[some])
        double = cross_entropy_change(
            normalised(laws[some].astype(float)), odds.astype(float), strengths, weights[some]
        )
        assert (found.dtype, double.dtype) == (np.float32, np.float64)
        bound = 1e-5 + 4 * np.finfo(np.float32).eps * np.abs(strengths) * np.ptp(odds)
        assert np.all(np.abs(found - double) <= np.minimum(bound, 1e-3 * np.abs(double) + 1e-20))
    mixed = cross_entropy_change(laws, odds.astype(float), strengths)
    assert mixed.dtype == np.float64
