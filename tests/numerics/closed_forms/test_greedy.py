"""Flips of greedy decoding against an exact brute force over all pairs of lines."""

# pyright: reportArgumentType=false

from fractions import Fraction
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numerics.closed_forms.greedy import greedy_breakpoints
from tilted_oracle import hard_laws

DYADIC = st.integers(-64, 64).map(lambda n: n / 8)
LINES = st.lists(st.tuples(st.one_of(DYADIC, st.just(-np.inf)), DYADIC), min_size=1, max_size=12).filter(
    lambda lines: any(height > -np.inf for height, _ in lines)
)
"""Numbers of few bits: every cross product is exact, so the hull must be."""


def winners(lines: dict[int, tuple[Fraction, Fraction]], strength: Fraction) -> set[int]:
    values = {token: height + strength * slope for token, (height, slope) in lines.items()}
    return {token for token, value in values.items() if value == max(values.values())}


def brute_force(log_probs, log_odds) -> tuple[list[Fraction], list[int]]:
    """Flips among all crossings, each interval's winner read off inside it."""
    lines = {
        n: (Fraction(height), Fraction(slope))
        for n, (height, slope) in enumerate(zip(log_probs, log_odds, strict=True))
        if height > -np.inf
    }
    crossings = sorted({-(a - b) / (m - n) for (a, m), (b, n) in combinations(lines.values(), 2) if m != n})
    inside = [(left + right) / 2 for left, right in pairwise(crossings)]
    inside = [crossings[0] - 1, *inside, crossings[-1] + 1] if crossings else [Fraction(0)]
    leading = [min(winners(lines, strength)) for strength in inside]
    flips = [n for n, (before, after) in enumerate(pairwise(leading)) if before != after]
    return [crossings[n] for n in flips], [leading[0], *(leading[n + 1] for n in flips)]


@given(LINES)
def test_flips_are_those_of_the_exact_lines(lines) -> None:
    strengths, tokens = greedy_breakpoints(*zip(*lines, strict=True))
    expected_strengths, expected_tokens = brute_force(*zip(*lines, strict=True))
    assert tokens.tolist() == expected_tokens
    assert strengths.tolist() == [float(strength) for strength in expected_strengths]


@pytest.mark.parametrize("name", hard_laws())
def test_hard_laws(name: str) -> None:
    """Between flips the named token leads every other; the log-odds rise, as the law `temperature` says."""
    law, odds = hard_laws()[name]
    strengths, tokens = greedy_breakpoints(law, odds)
    assert (np.diff(odds[tokens]) > 0).all()
    assert (np.diff(strengths) >= 0).all()
    span = 1 + np.ptp(strengths) if strengths.size else 1.0
    edges = np.r_[strengths[:1] - span, strengths, strengths[-1:] + span] if strengths.size else np.array([-1.0, 1.0])
    for token, strength in zip(tokens, (edges[1:] + edges[:-1]) / 2, strict=True):
        values = law + strength * odds
        rounding = 4 * np.finfo(float).eps * (1 + np.abs(values[np.isfinite(values)]).max())
        assert values[token] >= values.max() - rounding


def test_a_large_vocabulary_flips_rarely() -> None:
    """A Gaussian cloud of V points has of the order of sqrt(log V) corners."""
    rng = np.random.default_rng(0)
    strengths, tokens = greedy_breakpoints(rng.normal(size=50_000), rng.normal(size=50_000))
    assert len(tokens) == len(strengths) + 1
    assert 4 <= len(tokens) <= 40


@pytest.mark.parametrize(
    ("log_probs", "log_odds", "says"),
    [
        ([-np.inf, -np.inf], [0.0, 1.0], "one finite at least"),
        ([0.0, np.nan], [0.0, 1.0], "-inf for a token of probability 0"),
        ([0.0, 1.0], [0.0], r"log_odds: expected one value per token, shape \(2,\)"),
        ([[0.0, 1.0]], [0.0], "expected those of one context"),
    ],
)
def test_what_is_refused(log_probs, log_odds, says) -> None:
    with pytest.raises(ValueError, match=says):
        greedy_breakpoints(log_probs, log_odds)
