"""Peaks of whole vocabularies against sign changes in fifty digits, scipy and finite differences."""

# pyright: reportArgumentType=false

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from scipy.optimize import brentq

from numerics import certify_peak
from numerics.closed_forms.peaks import _interior, _nodes, _one_by_one, peak_strengths
from numerics.exponential_sums.cells import sort_tokens, uncompressed
from tilted_oracle import cumulants, hard_laws, normalised, spread, tilted_laws

pytestmark = pytest.mark.slow

LAWS = hard_laws()


def assert_peaks(law: np.ndarray, odds: np.ndarray, peaks: np.ndarray, tokens: np.ndarray) -> None:
    """E_alpha[M] - M(z) changes sign within 1e-12 of the peak, relative to it or to the reciprocal of the spread."""
    for token in tokens:
        error = 1e-12 * max(abs(peaks[token]), 1 / spread(odds))
        below, above = (cumulants(law, odds, float(peaks[token] + side * error), order=1)[1] for side in (-1, 1))
        assert below < odds[token] < above


@pytest.mark.parametrize("name", LAWS)
def test_hard_laws(name: str) -> None:
    law, odds = LAWS[name]
    peaks = np.asarray(peak_strengths(law, odds))
    finite = np.flatnonzero(np.isfinite(peaks))
    ordered = finite[np.argsort(odds[finite])]
    assert_peaks(law, odds, peaks, np.unique(np.concatenate([ordered[:3], ordered[-3:], ordered[::9]])))
    assert np.all(np.diff(peaks[ordered]) >= 0)


@pytest.mark.parametrize(
    ("logits", "odds"),
    [
        ([0.0, -21.0, -20.0, -22.0], [0.1, -1.0, 2.0, 0.3]),
        (-40.0 * np.arange(14), -(10.0 ** -np.arange(14))),
        (-700.0 * np.arange(6), np.arange(6.0)),
        ([0.0, -600.0, -690.0], [0.0, 1.0, 1 + 1e-9]),
    ],
    ids=["nearly certain token", "ladder of scales", "vanishing probabilities", "vanishing and close"],
)
def test_where_the_tilted_variance_vanishes(logits: list[float], odds: list[float]) -> None:
    """At its peak a token holds nearly all probability: the tilted mean itself no longer tells where it is."""
    law, odds_ = normalised(np.array(logits)), np.array(odds)
    peaks = np.asarray(peak_strengths(law, odds_))
    for token in np.flatnonzero(np.isfinite(peaks)):
        lower, upper = certify_peak(law, odds_, int(token))
        assert lower <= peaks[token] <= upper
    finite = np.isfinite(peaks)
    np.testing.assert_allclose(jax.jit(peak_strengths)(law, odds_)[finite], peaks[finite], rtol=1e-13)


def test_a_nearly_certain_token_of_a_large_vocabulary() -> None:
    rng = np.random.default_rng(8)
    logits, odds = 2.5 * rng.normal(size=2**15), rng.normal(size=2**15)
    logits[7] = np.logaddexp.reduce(logits) + 20
    law, odds[7] = normalised(logits), 0.4
    gaps = odds - odds[7]
    strength = float(peak_strengths(law, odds)[7])
    above, below = (np.exp(law + strength * gaps) * np.abs(gaps) * side for side in (gaps > 0, gaps < 0))
    width = (above + below) @ np.abs(gaps) / above.sum()  # change of log(above/below) per unit of strength
    assert abs(np.log(above.sum() / below.sum())) <= 1e-13 * width


@settings(max_examples=60, deadline=None)
@given(tilted_laws())
def test_any_law(law_and_odds: tuple[np.ndarray, np.ndarray]) -> None:
    law, odds = law_and_odds
    peaks, occurs = np.asarray(peak_strengths(law, odds)), law > -np.inf
    lowest, highest = odds[occurs].min(), odds[occurs].max()
    if lowest == highest:
        assert np.isnan(peaks).all()
        return
    assert np.isnan(peaks[~occurs]).all()
    assert np.all(peaks[occurs & (odds == highest)] == np.inf)
    assert np.all(peaks[occurs & (odds == lowest)] == -np.inf)
    inside = occurs & (odds > lowest) & (odds < highest)
    assert np.isfinite(peaks[inside]).all()
    assert_peaks(law, odds, peaks, np.flatnonzero(inside)[:3])


@pytest.mark.parametrize("shape", ["heavy tails", "ties", "outlier"])
def test_large_vocabulary_against_brentq(shape: str) -> None:
    rng = np.random.default_rng(2)
    vocab = 2**15 + 77
    law, odds = normalised(2.5 * rng.normal(size=vocab)), rng.standard_t(5, size=vocab)
    if shape == "ties":
        odds = odds.astype(np.float16).astype(float)
    if shape == "outlier":
        odds[123] = 80.0
    peaks = np.asarray(peak_strengths(law, odds))
    assert np.all((peaks == np.inf) == (odds == odds.max()))
    assert np.all((peaks == -np.inf) == (odds == odds.min()))

    def excess(strength: float, token: int) -> float:
        exponents = law + strength * (odds - odds[token])
        return np.exp(exponents - exponents.max()) @ (odds - odds[token])

    order = np.argsort(odds)
    inside = order[np.isfinite(peaks[order])]
    for token in np.concatenate([inside[:2], inside[-2:], inside[:: vocab // 8]]):
        root = brentq(excess, peaks[token] - 1, peaks[token] + 1, args=(token,), xtol=1e-14)
        assert peaks[token] == pytest.approx(root, rel=1e-12, abs=1e-12)
    law_and_odds = jnp.asarray(law), jnp.asarray(odds)
    interior = _interior(*law_and_odds)
    full, _ = _one_by_one(_nodes(uncompressed(*law_and_odds), interior), law_and_odds[1], interior)
    finite = np.isfinite(peaks)
    np.testing.assert_allclose(peaks[finite], np.asarray(full)[finite], rtol=1e-13, atol=1e-14)


def test_order_that_cells_cannot_use_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    law, odds = normalised(rng.normal(size=2**15)), rng.normal(size=2**15)
    right = np.asarray(peak_strengths(law, odds))
    monkeypatch.setattr(
        "numerics.closed_forms.peaks.sort_tokens", lambda log_odds: rng.permutation(sort_tokens(log_odds))
    )
    np.testing.assert_allclose(peak_strengths(law, odds), right, rtol=1e-12, atol=1e-13)


def test_derivative_by_the_implicit_function_theorem() -> None:
    rng = np.random.default_rng(4)
    law, odds = normalised(rng.normal(size=9)), np.linspace(-1, 1, 9) ** 3
    logits_dot, odds_dot = rng.normal(size=9), rng.normal(size=9)

    def along(t: float) -> jax.Array:
        return peak_strengths(jax.nn.log_softmax(law + t * logits_dot), odds + t * odds_dot)

    inside = slice(1, -1)
    _, slope = jax.jvp(along, (0.0,), (1.0,))
    step = 1e-5
    difference = (along(step) - along(-step))[inside] / (2 * step)
    np.testing.assert_allclose(slope[inside], difference, rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(slope[:: odds_dot.size - 1], 0)
    np.testing.assert_allclose(jax.jacrev(along)(0.0)[inside], slope[inside], rtol=1e-10)


def test_contexts_and_jit() -> None:
    rng = np.random.default_rng(5)
    laws, odds = normalised(rng.normal(size=(2, 3, 8))), rng.normal(size=8)
    peaks = np.asarray(peak_strengths(laws, odds))
    assert peaks.shape == laws.shape
    np.testing.assert_array_equal(peaks[1, 2], peak_strengths(laws[1, 2], odds))
    np.testing.assert_allclose(jax.jit(peak_strengths)(laws, odds), peaks, rtol=1e-13)


def test_contexts_of_a_large_vocabulary_are_those_alone() -> None:
    rng = np.random.default_rng(6)
    laws, odds = normalised(2 * rng.normal(size=(2, 2**15))), rng.standard_t(5, size=2**15)
    peaks = np.asarray(peak_strengths(laws, odds))
    for law, row in zip(laws, peaks, strict=True):
        np.testing.assert_array_equal(row, peak_strengths(law, odds))
    assert np.any(peaks[0] != peaks[1])


def test_derivative_of_many_contexts() -> None:
    rng = np.random.default_rng(7)
    logits, odds = rng.normal(size=(3, 6)), np.array([-1.0, -0.3, 0.1, 0.2, 0.7, 1.5])

    def middle(logits: jax.Array) -> jax.Array:
        return peak_strengths(jax.nn.log_softmax(logits), odds)[:, 2]

    jacobian = np.asarray(jax.jacobian(middle)(logits))
    step = 1e-6 * rng.normal(size=logits.shape)
    np.testing.assert_allclose(
        np.einsum("jkz,kz->j", jacobian, step), (middle(logits + step) - middle(logits - step)) / 2, rtol=1e-6
    )
    assert not jacobian[0, 1:].any()


def test_scale_of_the_log_odds_only_scales_peaks() -> None:
    law, odds = LAWS["gaussian"]
    np.testing.assert_allclose(1024 * peak_strengths(law, 1024 * odds), peak_strengths(law, odds), rtol=1e-12)
