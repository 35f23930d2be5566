"""Inputs made to break floats, on vocabularies large enough for cells and tails, against sums in extended precision."""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics import cumulants, divergence_curves, entropy_curves, peak_strengths, sweet_spot, top_tokens
from numerics.closed_forms.cumulants import FEWEST_CONTEXTS, FEWEST_STRENGTHS
from numerics.exponential_sums.cells import SMALLEST_VOCAB

pytestmark = pytest.mark.slow

VOCAB = SMALLEST_VOCAB + 321
EPS = float(np.finfo(float).eps)

BASES = ["gaussian", "sd 5", "one token of probability 0.9", "nearly certain", "most never occur", "uniform", "cliff"]
LEVELS = ["gaussian", "heavy tails", "heaviest tails", "bfloat16 ties", "float32", "outlier at 60 sd", "two levels"]
LEVELS += ["constant", "spread 1e-9 far from 0", "spread 1e4", "one cell holds all", "lattice", "geometric", "sorted"]


def bases(name: str, rng: np.random.Generator) -> np.ndarray:
    logits = 2.5 * rng.normal(size=VOCAB)
    match name:
        case "sd 5":
            logits *= 2
        case "one token of probability 0.9" | "nearly certain":
            odds = np.log(9) if name == "one token of probability 0.9" else 25.0
            logits[rng.integers(VOCAB)] = np.logaddexp.reduce(logits) + odds
        case "most never occur":
            logits[rng.random(VOCAB) < 0.999] = -np.inf
            logits[:2] = 0.0
        case "uniform":
            logits[:] = 0.0
        case "cliff":
            logits[rng.random(VOCAB) < 0.5] -= 700.0
    return logits


def levels(name: str, rng: np.random.Generator) -> np.ndarray:
    normal = rng.normal(size=VOCAB)
    match name:
        case "heavy tails":
            return rng.standard_t(3, size=VOCAB)
        case "heaviest tails":
            return np.clip(rng.standard_cauchy(size=VOCAB), -1e6, 1e6)
        case "bfloat16 ties":
            return np.asarray(jnp.asarray(normal).astype(jnp.bfloat16).astype(jnp.float64))
        case "float32":
            return normal.astype(np.float32).astype(float)
        case "outlier at 60 sd":
            normal[rng.integers(VOCAB)] = 60.0
        case "two levels":
            return np.where(normal > 1, 1.0, -1.0)
        case "constant":
            return np.full(VOCAB, -0.7)
        case "spread 1e-9 far from 0":
            return 5 + 1e-9 * normal
        case "spread 1e4":
            return 1e4 * normal
        case "one cell holds all":
            normal[5000:-5000] *= 1e-12
        case "lattice":
            return np.round(normal, 1)
        case "geometric":
            return np.sign(normal) * 2.0 ** -rng.integers(0, 60, size=VOCAB)
        case "sorted":
            return np.sort(normal)
    return normal


def extended(law: np.ndarray, odds: np.ndarray, strength: float) -> tuple[np.longdouble, np.ndarray, np.ndarray]:
    """K, the tilted law and M - E[M], in long double from the exactly normalised law."""
    p, m = law.astype(np.longdouble), odds.astype(np.longdouble)
    p -= np.log(np.exp(p - p.max()).sum()) + p.max()
    exponents = p + np.longdouble(strength) * m
    top = exponents.max()
    weights = np.exp(exponents - top)
    total = weights.sum()
    return top + np.log(total), weights / total, m


@st.composite
def cases(draw: Callable) -> tuple[str, str, np.ndarray, np.ndarray, np.ndarray]:
    """A base law, log-odds and strengths from barely a tilt to far beyond the last token's turn."""
    base, level = draw(st.sampled_from(BASES)), draw(st.sampled_from(LEVELS))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    logits, odds = bases(base, rng), levels(level, rng)
    law = logits - (np.log(np.exp(logits - logits.max()).sum()) + logits.max())
    reach = draw(st.floats(0, 5))
    strengths = 10.0 ** rng.uniform(-6, reach, size=FEWEST_STRENGTHS) * rng.choice([-1, 1], size=FEWEST_STRENGTHS)
    return base, level, law, odds, strengths / (np.ptp(odds) or 1.0) * 4


def assert_promised(law: np.ndarray, odds: np.ndarray, strengths: np.ndarray, found: np.ndarray) -> None:
    """|dK| <= 1e-12 + 4 eps max|alpha M|, and derivatives to the same times powers of the spread."""
    width, largest = np.ptp(odds), np.abs(odds).max()
    for i in (0, 7, 15, 23):
        cgf, tilted, m = extended(law, odds, strengths[i])
        mean = (tilted * m).sum()
        variance = (tilted * (m - mean) ** 2).sum()
        bound = 1e-12 + 4 * EPS * abs(strengths[i]) * largest
        assert abs(found[0, i] - float(cgf)) <= bound
        assert abs(found[1, i] - float(mean)) <= bound * width + 4 * EPS * largest
        own = (4 * EPS * largest) ** 2  # of a mean that is known to a rounding of the log-odds
        assert abs(found[2, i] - float(variance)) <= bound * width**2 + 4 * EPS * largest * width + own


@settings(max_examples=20, deadline=None)
@given(cases())
def test_cumulants_keep_their_promise(case: tuple) -> None:
    _, _, law, odds, strengths = case
    assert_promised(law, odds, strengths, np.asarray(cumulants(law, odds, strengths)))


@settings(max_examples=20, deadline=None)
@given(cases())
def test_contexts_that_share_their_log_odds_keep_it_too(case: tuple) -> None:
    _, _, law, odds, strengths = case
    rng = np.random.default_rng(0)
    laws = np.stack([law] + [bases(name, rng) for name in ("gaussian", "cliff", "one token of probability 0.9")])
    laws -= (np.log(np.exp(laws - laws.max(axis=1, keepdims=True)).sum(axis=1)) + laws.max(axis=1))[:, None]
    assert len(laws) >= FEWEST_CONTEXTS
    found = np.asarray(cumulants(laws, odds, strengths))
    for j in (0, 2):
        assert_promised(laws[j], odds, strengths, found[:, j])


@settings(max_examples=15, deadline=None)
@given(cases())
def test_entropy_and_divergences(case: tuple) -> None:
    _, _, law, odds, strengths = case
    entropy = np.asarray(entropy_curves(law, odds, strengths))
    forward, reverse = (np.asarray(x) for x in divergence_curves(law, odds, strengths))
    base = extended(law, odds, 0.0)[1]
    m, largest = odds.astype(np.longdouble), np.abs(odds).max()
    for i in (0, 11, 23):
        cgf, tilted, _ = extended(law, odds, strengths[i])
        bound = 1e-12 + 4 * EPS * abs(strengths[i]) * largest
        logs = np.where(tilted > 0, np.log(np.where(tilted > 0, tilted, 1)), 0)
        assert abs(entropy[i] + float((tilted * logs).sum())) <= 3 * bound
        # exact to long double, which itself cancels near alpha = 0
        for found, exact in (
            (forward[i], strengths[i] * (tilted * m).sum() - cgf),
            (reverse[i], cgf - strengths[i] * (base * m).sum()),
        ):
            assert abs(found - float(exact)) <= 1e-10 * abs(found) + bound
            assert found >= 0


def _rounding_of_a_root(p: np.ndarray, gaps: np.ndarray, peak: float) -> float:
    """Error of the balance, 4 eps |exponent| E|M - M(z)|, over its slope Var M, both under the tilted law."""
    exponents = p + np.longdouble(peak) * gaps
    weights = np.exp(exponents - exponents.max())
    sizes = np.where(weights > 0, np.abs(p) + np.abs(peak * gaps), 0)
    return float(4 * EPS * (weights * sizes * np.abs(gaps)).sum() / (weights * gaps * gaps).sum())


@settings(max_examples=6, deadline=None)
@given(cases())
def test_peaks_balance_their_tokens(case: tuple) -> None:
    """E_alpha[M] - M(z) changes sign within 1e-11 of the peak, relative to it or to how far a typical token is off.

    Beyond that only by what rounding the exponents log p + alpha M, of size up to 700, does to an ill-conditioned root.
    """
    _, _, law, odds, _ = case
    peaks = np.asarray(peak_strengths(law, odds))
    occurs = law > -np.inf
    lowest, highest = odds[occurs].min(), odds[occurs].max()
    inside = occurs & (odds > lowest) & (odds < highest)
    np.testing.assert_array_equal(np.isfinite(peaks), inside)
    tokens = np.flatnonzero(inside)
    if tokens.size == 0:
        return
    by_odds = tokens[np.argsort(odds[tokens])]
    unit = 1 / np.abs(odds - np.median(odds)).mean()
    # roots of neighbouring levels may cross by their rounding, no more
    assert np.all(np.diff(peaks[by_odds]) >= -1e-11 * np.maximum(np.abs(peaks[by_odds[1:]]), unit))
    m, p = odds.astype(np.longdouble), law.astype(np.longdouble)
    for token in by_odds[[0, by_odds.size // 3, by_odds.size // 2, -1]]:
        gaps = m - m[token]
        step = 1e-11 * max(abs(peaks[token]), unit) + _rounding_of_a_root(p, gaps, float(peaks[token]))
        signs = []
        for strength in (peaks[token] - step, peaks[token] + step):
            exponents = np.where(gaps != 0, p + np.longdouble(strength) * gaps, -np.inf)
            signs.append(np.sign((np.exp(exponents - exponents.max()) * gaps).sum()))
        assert signs == [-1, 1]


@settings(max_examples=8, deadline=None)
@given(cases(), st.sampled_from([1e-9, 0.3, 3.0]))
def test_sweet_spots_spend_their_budget(case: tuple, budget: float) -> None:
    _, _, law, odds, _ = case
    strength = float(sweet_spot(law, odds, budget, "reverse"))
    occurs = law > -np.inf
    if np.ptp(odds[occurs]) == 0:
        assert strength == np.inf
        return
    cgf, _, m = extended(law, odds, strength)
    base = extended(law, odds, 0.0)[1]
    spent = float(cgf - np.longdouble(strength) * (base * m).sum())
    rounding = 1e-17 + 1e-18 * abs(strength) * np.abs(odds).max()  # of long double, in the difference
    assert spent == pytest.approx(budget, rel=1e-9, abs=rounding)


@settings(max_examples=10, deadline=None)
@given(cases())
def test_top_tokens_are_those_of_the_table(case: tuple) -> None:
    _, _, law, odds, strengths = case
    k = min(5, int((law > -np.inf).sum()))
    tokens, log_probs = (np.asarray(x) for x in top_tokens(law, odds, strengths[:6], k))
    for i, strength in enumerate(strengths[:6]):
        cgf, tilted, _ = extended(law, odds, strength)
        best = np.sort(tilted)[::-1][:k]
        np.testing.assert_allclose(tilted[tokens[i]].astype(float), best.astype(float), rtol=1e-13, atol=1e-300)
        exact = law.astype(np.longdouble)[tokens[i]] + np.longdouble(strength) * odds[tokens[i]] - cgf
        bound = 2e-12 + 8 * EPS * abs(strength) * np.abs(odds).max()
        assert np.all(np.abs(log_probs[i] - exact.astype(float)) <= bound)


@settings(max_examples=12, deadline=None)
@given(cases())
def test_single_precision_keeps_its_own_promise(case: tuple) -> None:
    _, _, law, odds, strengths = case
    single = law.astype(np.float32), odds.astype(np.float32)
    found = cumulants(*single, strengths)
    assert found.dtype == jnp.float32
    law, odds = (x.astype(float) for x in single)
    strengths = strengths.astype(np.float32).astype(float)
    for i in (0, 7, 15, 23):
        exact = float(extended(law, odds, strengths[i])[0])
        bound = 1e-5 + 4 * float(np.finfo(np.float32).eps) * abs(strengths[i]) * np.abs(odds).max()
        assert abs(float(found[0, i]) - exact) <= bound


def test_the_shapes_are_what_their_names_say() -> None:
    rng = np.random.default_rng(0)
    assert np.unique(levels("bfloat16 ties", rng)).size < VOCAB / 8
    assert np.ptp(levels("constant", rng)) == 0
    assert (bases("most never occur", rng) == -np.inf).mean() > 0.99
