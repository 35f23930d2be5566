"""Laws of whole texts, exactly, on chains whose every text is enumerated: rationals, no tolerance."""

from fractions import Fraction
from itertools import pairwise
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.reweighting.budget import highest_chance
from numerics.reweighting.weights import balance_weights
from toy_models.chain import Chain
from toy_models.data_law import DataLaw

whole = st.integers(1, 30)


@st.composite
def chains(draw: st.DrawFn, length: int = 3) -> Chain:
    """Chains of three tokens with rational tables; log-odds may tie."""

    def row() -> tuple[Fraction, ...]:
        weights = draw(st.lists(whole, min_size=3, max_size=3))
        return tuple(Fraction(w, sum(weights)) for w in weights)

    factors = tuple(Fraction(draw(whole), draw(whole)) for _ in range(3))
    return Chain(first=row(), after=(row(), row(), row()), factors=factors, length=length)


few = settings(max_examples=25, deadline=None)
strengths = st.integers(-3, 3)


def kl(chain: Chain, strength: int, last: int | None) -> Any:
    now, then = chain.next_token(last, strength), chain.next_token(last)
    return mpmath.fsum(mpmath.mpf(p.numerator) / p.denominator * log(p / q) for p, q in zip(now, then, strict=True))


def log(ratio: Any) -> Any:
    return mpmath.log(ratio.numerator) - mpmath.log(ratio.denominator)


@few
@given(chains(), strengths)
def test_texts_are_a_distribution_and_the_score_has_mean_zero(chain: Chain, strength: int) -> None:
    """`E_alpha[S] = 0`: the sum over texts of the derivatives of a distribution; here M stands for its own factor."""
    law = chain.probabilities(strength)
    assert sum(law.values()) == 1
    odds = chain.factors  # any real log-odds have the same score: the factors serve as rational ones

    def score(text: tuple[int, ...]) -> Fraction:
        total = Fraction(0)
        for last, token in zip((None, *text), text, strict=False):
            row = chain.next_token(last, strength)
            total += odds[token] - sum(p * m for p, m in zip(row, odds, strict=True))
        return total

    assert sum(p * score(text) for text, p in law.items()) == 0


@few
@given(chains(), strengths)
def test_divergences_of_texts_add_up_token_by_token(chain: Chain, strength: int) -> None:
    """`KL(P_alpha, P_0) = sum_t E_alpha[KL of the step]`, under the steered distribution of prefixes."""
    mpmath.mp.dps = 50
    now, then = chain.probabilities(strength), chain.probabilities()
    whole_text = mpmath.fsum(mpmath.mpf(p.numerator) / p.denominator * log(p / then[text]) for text, p in now.items())
    steps = {last: kl(chain, strength, last) for last in (None, 0, 1, 2)}
    by_step = mpmath.fsum(
        mpmath.mpf(p.numerator) / p.denominator * mpmath.fsum(steps[last] for last in (None, *text[:-1]))
        for text, p in now.items()
    )
    assert abs(whole_text - by_step) < mpmath.mpf(10) ** -45


@few
@given(chains(), strengths, st.integers(0, 26))
def test_no_event_costs_less_than_its_own_divergence(chain: Chain, strength: int, event: int) -> None:
    """`kl(P_alpha(A), P_0(A)) <= KL(P_alpha, P_0)` for the first texts as the event."""
    mpmath.mp.dps = 50
    now, then = chain.probabilities(strength), chain.probabilities()
    inside = set(chain.texts[: event + 1])
    if len(inside) == len(chain.texts):
        return
    after, before = (sum(law[text] for text in inside) for law in (now, then))
    sides = ((after, before), (1 - after, 1 - before))
    binary = mpmath.fsum(mpmath.mpf(p.numerator) / p.denominator * log(p / q) for p, q in sides)
    budget = mpmath.fsum(mpmath.mpf(p.numerator) / p.denominator * log(p / then[text]) for text, p in now.items())
    assert binary <= budget + mpmath.mpf(10) ** -45
    assert float(after) <= highest_chance(float(before), float(budget)) + 1e-9


@few
@given(chains(), strengths)
def test_reweighted_texts_are_unbiased_with_weights_of_mean_one(chain: Chain, at: int) -> None:
    """Texts drawn at -1 (two) and at 2 (five): the weighted sum of a score has its mean for its expectation."""
    laws = [chain.probabilities(strength) for strength in (-1, 2, at)]
    counts, logs = (2, 5), np.array([[float(log(law[text])) for law in laws] for text in chain.texts])
    drawn_at = np.repeat((0, 1), counts)
    weights = np.array([balance_weights(np.tile(row, (sum(counts), 1)), drawn_at)[0, 2] for row in logs])
    drawn = sum(n * np.array([float(law[text]) for text in chain.texts]) for n, law in zip(counts, laws, strict=False))
    score = np.array([text.count(0) for text in chain.texts])
    assert drawn @ weights == pytest.approx(1, abs=1e-12)
    assert drawn @ (weights * score) == pytest.approx(float(chain.mean(lambda text: text.count(0), at)), abs=1e-12)


@few
@given(chains(), st.integers(0, 10), st.integers(0, 10))
def test_a_judge_with_constant_errors_keeps_shape_and_sign(chain: Chain, missed: int, invented: int) -> None:
    """It sends q to `invented + (1 - missed - invented) q`, errors in tenths."""
    miss, invent = Fraction(missed, 10), Fraction(invented, 10)
    for strength in (-1, 0, 2):
        truth = chain.mean(lambda text: int(0 in text), strength)
        judged = chain.mean(lambda text: 1 - miss if 0 in text else invent, strength)
        assert judged == invent + (1 - miss - invent) * truth


@settings(max_examples=60, deadline=None)
@given(chains(length=4))
def test_hits_rise_where_the_chain_is_monotone_in_likelihood_ratio(chain: Chain) -> None:
    if not chain.is_monotone:
        return
    best = max(chain.factors)
    hits = [chain.mean(lambda text: int(any(chain.factors[z] == best for z in text)), a) for a in range(-3, 4)]
    assert all(before <= after for before, after in pairwise(hits))


def lazy(stay: Fraction) -> Chain:
    """A chain that tends to repeat itself, steered towards token 0: monotone in likelihood ratio."""
    move = (1 - stay) / 2
    after = ((stay, move, move), (move, move + (stay - move) / 2, move + (stay - move) / 2), (move, move, stay))
    after = (after[0], (Fraction(1, 3),) * 3, after[2])
    return Chain(first=(Fraction(1, 3),) * 3, after=after, factors=(Fraction(4), Fraction(2), Fraction(1)), length=4)


def test_a_chain_that_repeats_itself_is_monotone_and_its_hits_rise() -> None:
    chain = lazy(Fraction(1, 2))
    assert chain.is_monotone
    hits = [chain.mean(lambda text: int(0 in text), a) for a in range(-4, 5)]
    assert all(before < after for before, after in pairwise(hits))


def test_hits_can_fall_where_every_next_token_rises() -> None:
    start = (Fraction(1, 100), Fraction(99, 200), Fraction(99, 200))
    turn = (Fraction(99, 100), Fraction(1, 200), Fraction(1, 200))
    chain = Chain(first=start, after=(start, start, turn), factors=(Fraction(4), Fraction(1), Fraction(1, 4)), length=2)
    assert not chain.is_monotone
    for last in (None, 0, 1, 2):
        rising = [chain.next_token(last, a)[0] for a in range(-3, 6)]
        assert all(before < after for before, after in pairwise(rising))
    hits = [chain.mean(lambda text: int(0 in text), a) for a in (-1, 0, 1, 5)]
    assert hits[0] > hits[1] > hits[2] < hits[3]


@pytest.mark.parametrize("groups", [2, 3, 4])
def test_the_data_law_of_concepts_as_a_chain(groups: int) -> None:
    """Instance (i) with one negative concept: hits of the target rose at all strengths looked at; in likelihood-ratio
    order, which proves it, only for two concepts."""
    data = DataLaw.smoothing(groups, 1, Fraction(1, 10))
    chain = Chain.of_concepts(data, positive=0, negative=[1], length=4)
    assert chain.is_monotone == (groups == 2)
    hits = [chain.mean(lambda text: int(0 in text), a) for a in range(-3, 4)]
    assert all(before < after for before, after in pairwise(hits))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"first": (Fraction(1, 2), Fraction(1, 4))}, "first: expected 2 positive probabilities"),
        ({"after": ((Fraction(1, 2), Fraction(1, 2)),)}, "expected 2 rows"),
        ({"factors": (Fraction(1), Fraction(0))}, "positive factors"),
        ({"length": 40}, "shorten them"),
        ({"length": 0}, "expected 1 to"),
    ],
)
def test_what_is_no_chain_is_refused(change: dict, words: str) -> None:
    half = (Fraction(1, 2), Fraction(1, 2))
    sound = {"first": half, "after": (half, half), "factors": (Fraction(2), Fraction(1)), "length": 3}
    with pytest.raises(ValueError, match=words):
        Chain(**{**sound, **change})
