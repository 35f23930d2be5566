"""Weights and curves against chains that are enumerated exactly."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax

from numerics.reweighting.curve import reweighted_curve
from numerics.reweighting.spacing import sampling_strengths
from numerics.reweighting.weights import balance_weights, effective_samples

GRID = np.linspace(-2, 2, 13)


def chain(seed, vocab=4, tokens=4, grid=GRID):
    """Every text of a chain, whose next token depends on the last one, and its log-probability after each context."""
    random = np.random.default_rng(seed)
    base, push = np.log(random.dirichlet(np.ones(vocab), vocab)), random.normal(size=(vocab, vocab))
    texts = np.array(list(itertools.product(range(vocab), repeat=tokens)))
    step = log_softmax(base + grid[:, None, None] * push, axis=2)
    log_probs = np.zeros((vocab, len(texts), len(grid)))
    for start in range(vocab):
        before = np.column_stack([np.full(len(texts), start), texts[:, :-1]])
        log_probs[start] = step[:, before, texts].sum(axis=2).T
    return SimpleNamespace(texts=texts, log_probs=log_probs, hit=(texts == 2).any(axis=1).astype(float))


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), counts=st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_weights_are_unbiased_for_any_score(seed, counts):
    """The expectation over draws, exactly: each text counts n_k P_k times its weight, and all of it is P_alpha."""
    log_probs = chain(seed, vocab=3, tokens=3).log_probs[0]
    at = np.random.default_rng(seed).permutation(len(GRID))[: len(counts)]
    n = len(log_probs)
    drawn_at = np.repeat(at, counts)
    for y in range(0, n, 7):
        table = np.repeat(log_probs[[y]], len(drawn_at), axis=0)
        weights = balance_weights(table, drawn_at)
        expected_count = np.exp(log_probs[y, drawn_at]).sum()
        np.testing.assert_allclose(expected_count * weights[0], np.exp(log_probs[y]), rtol=1e-12)


def test_effective_samples():
    assert effective_samples(np.full((8, 1), 0.1)) == pytest.approx([8])
    assert effective_samples(np.array([[1.0, 0.0], [1e-9, 0.0]])) == pytest.approx([1, 0])


def draw(world, starts, at, each, random):
    """Texts drawn at the strengths `at`, `each` after every one of the contexts, a cluster each."""
    which, rows, drawn_at = [], [], []
    for start in starts:
        for k in at:
            chosen = random.choice(len(world.texts), each, p=np.exp(world.log_probs[start, :, k]))
            which.append(chosen)
            rows.append(world.log_probs[start, chosen])
            drawn_at += [k] * each
    return np.concatenate(which), np.concatenate(rows), np.array(drawn_at)


@pytest.mark.slow
@pytest.mark.parametrize("design", ["one prompt", "many prompts"])
def test_bands_hold_at_their_level(design):
    """Of 1,000 bands at 95%, 93% or more hold the exact curve at all 13 strengths at once; none where all are wide."""
    world, held, reliable, width = chain(1), 0, 0.0, 0.0
    nats = (np.exp(world.log_probs) * (world.log_probs - world.log_probs[..., [6]])).sum(axis=1).mean(axis=0)
    at, random = sampling_strengths(GRID, nats, 99), np.random.default_rng(0)
    one = design == "one prompt"
    exact = np.einsum("syj,y->sj", np.exp(world.log_probs), world.hit)
    exact = exact[0] if one else exact.mean(axis=0)
    for _ in range(1000):
        starts = [0] * 80 if one else random.integers(0, 4, 40)
        each = 1 if one else 4
        which, rows, drawn_at = draw(world, starts, at, each, random)
        clusters = np.repeat(np.arange(len(starts)), each * len(at))
        curve = reweighted_curve(GRID, rows, drawn_at, world.hit[which], clusters)
        held += bool(np.all((curve.lower <= exact) & (exact <= curve.upper)))
        reliable += curve.reliable.mean() / 1000
        width += (curve.upper - curve.lower).mean() / 1000
    assert held >= 930
    assert reliable > 0.99
    assert width < 0.15


def test_what_is_out_of_reach_says_so():
    """Texts of one end say nothing of the other: there bounds are all there is, and the place to sample is beside."""
    world, random = chain(2, grid=np.linspace(0, 12, 13)), np.random.default_rng(3)
    which, rows, drawn_at = draw(world, [0] * 60, [0, 1], 1, random)
    clusters = np.repeat(np.arange(60), 2)
    curve = reweighted_curve(np.linspace(0, 12, 13), rows, drawn_at, world.hit[which], clusters)
    assert curve.reliable[:2].all()
    assert not curve.reliable[-1]
    assert (curve.lower[-1], curve.upper[-1]) == (0, 1)
    first = np.flatnonzero(~curve.reliable)[0]
    assert curve.sample_next == first
    assert curve.effective[first] < curve.effective[1]
    free = reweighted_curve(np.linspace(0, 12, 13), rows, drawn_at, 5 * world.hit[which], clusters)
    assert (free.lower[-1], free.upper[-1]) == (-np.inf, np.inf)


def test_missing_is_neither_yes_nor_no():
    world, random = chain(1), np.random.default_rng(5)
    which, rows, drawn_at = draw(world, [0] * 50, [6], 1, random)
    scores, clusters = world.hit[which].copy(), np.arange(50)
    without = reweighted_curve(GRID, rows, drawn_at, scores, clusters)
    scores[:10] = np.nan
    curve = reweighted_curve(GRID, rows, drawn_at, scores, clusters)
    ends = [reweighted_curve(GRID, rows, drawn_at, np.where(np.isnan(scores), f, scores), clusters) for f in (0.0, 1.0)]
    assert (curve.lower == ends[0].lower).all()
    assert (curve.upper == ends[1].upper).all()
    assert curve.values[6] == pytest.approx(np.nanmean(scores))
    assert (curve.upper - curve.lower)[6] > (without.upper - without.lower)[6]
    with pytest.raises(ValueError, match="10 scores are missing"):
        reweighted_curve(GRID, rows, drawn_at, scores * 3, clusters)


@given(st.lists(st.floats(0, 60), min_size=2, max_size=40), st.integers(2, 30))
def test_where_to_sample(steps, most):
    """Both ends and what is nearest 0, no more than asked for, and about sqrt(2 B) a side."""
    grid = np.linspace(-3, 2, len(steps) + 1)
    zero = np.argmin(np.abs(grid))
    nats = np.abs(np.cumsum([0, *steps]) - np.cumsum([0, *steps])[zero])
    at = sampling_strengths(grid, nats, most)
    assert {0, zero, len(grid) - 1} <= set(at.tolist()) or most < 3
    assert len(at) <= max(most, 3)
    wanted = np.ceil(np.sqrt(2 * nats[[0, -1]])).clip(1)
    assert len(at) <= 1 + wanted.sum()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"log_probs": np.zeros(3)}, "log_probs have shape"),
        ({"log_probs": np.full((4, 2), np.nan)}, "hold NaN"),
        ({"log_probs": np.array([[-np.inf, 0.0]] * 4)}, "cannot occur where it was drawn"),
        ({"drawn_at": [0, 1, 2, 0]}, "drawn_at holds 0 to 2, expected 0 to 1"),
        ({"scores": [0, 1, np.inf, 0]}, "expected one finite score a text"),
        ({"clusters": [1, 1, 1, 1]}, "expected 2 or more"),
        ({"level": 0.0}, "level"),
    ],
)
def test_bad_input_is_one_line(change, message):
    asked = {"log_probs": np.zeros((4, 2)), "drawn_at": [0, 0, 1, 1], "scores": [0, 1, 1, 0], "clusters": [0, 1, 2, 3]}
    with pytest.raises(ValueError, match=message):
        reweighted_curve([0.0, 1.0], **asked | change)
