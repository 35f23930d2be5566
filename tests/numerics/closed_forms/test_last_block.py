"""The laws of the last block against a normalisation written out: random residuals, vectors and unembeddings."""

# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false, reportOptionalSubscript=false, reportArgumentType=false

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.baseline import Baseline, Sphere
from numerics.closed_forms.last_block import logit_curvature
from numerics.lowering.expressions import lower
from theory.catalogue import find_law

VOCAB = 12
STRENGTHS = np.r_[np.linspace(-6, 6, 97), -300.0, 300.0]
STRENGTHS.sort()


@dataclass(frozen=True, kw_only=True)
class Block:
    """A residual h, a vector v, and a final LayerNorm or RMSNorm with gain, bias, epsilon and unembedding."""

    h: np.ndarray
    v: np.ndarray
    gain: np.ndarray
    bias: np.ndarray
    unembedding: np.ndarray
    centring: bool
    epsilon: float

    def logits(self, strengths):
        residual = self.h + np.asarray(strengths)[:, None] * self.v
        if self.centring:
            residual = residual - residual.mean(axis=1, keepdims=True)
        scale = np.sqrt((residual**2).mean(axis=1, keepdims=True) + self.epsilon)
        return (self.gain * residual / scale + self.bias) @ self.unembedding.T

    def log_probs(self, strengths):
        logits = self.logits(strengths)
        return logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)

    def baseline(self) -> Baseline:
        h, v = (x - x.mean() * self.centring for x in (self.h, self.v))
        rows = self.unembedding * self.gain
        sphere = Sphere(
            h_part=(rows @ h)[None],
            v_part=rows @ v,
            offset=self.unembedding @ self.bias,
            c=np.array([h @ h / h.size + self.epsilon]),
            e=np.array([h @ v / h.size]),
            f=float(v @ v / h.size),
        )
        c, e = sphere.c[0], sphere.e[0]
        return Baseline(
            log_probs=self.log_probs([0.0]),
            sphere=sphere,
            local_log_odds=(sphere.v_part[None] * c - sphere.h_part * e) / c**1.5,
            logit_curvature=logit_curvature(sphere),
            facts=frozenset({"final_norm"}),
        )


@st.composite
def blocks(draw) -> Block:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size = draw(st.integers(3, 10))
    centring = draw(st.booleans())
    return Block(
        h=10.0 ** draw(st.integers(-1, 1)) * rng.normal(size=size) + centring * draw(st.floats(-3, 3)),
        v=10.0 ** draw(st.integers(-1, 1)) * rng.normal(size=size),
        gain=rng.uniform(0.5, 2, size=size),
        bias=centring * rng.normal(size=size),
        unembedding=rng.normal(size=(VOCAB, size)),
        centring=centring,
        epsilon=10.0 ** draw(st.integers(-6, -1)),
    )


def centred(logits):
    return logits - logits.mean(axis=1, keepdims=True)


def lowered(expr, block, strengths):
    return np.asarray(lower(expr, ("context", "token"))(block.baseline(), strengths))[0].T


@settings(deadline=None, max_examples=25)
@given(blocks())
def test_the_closed_form_and_its_amplitude(block: Block) -> None:
    closed, _, bounded = find_law("sphere").claims
    observed = centred(block.logits(STRENGTHS))
    np.testing.assert_allclose(lowered(closed.value, block, STRENGTHS), observed, rtol=0, atol=1e-11)
    lower_bound, upper_bound = (lowered(b, block, STRENGTHS) for b in (bounded.lower, bounded.upper))
    assert (lower_bound - 1e-11 <= observed).all()
    assert (observed <= upper_bound + 1e-11).all()


@settings(deadline=None, max_examples=25)
@given(blocks())
def test_each_logit_turns_once_where_predicted_at_its_amplitude(block: Block) -> None:
    _, turns, bounded = find_law("sphere").claims
    start, end = lowered(turns.turn, block, np.array([0.0, 1.0]))
    strengths = start / (start - end)
    rising = lowered(turns.first, block, np.zeros(1))[0] > 0
    sphere = block.baseline().sphere
    half_width = np.sqrt(sphere.c[0] * sphere.f - sphere.e[0] ** 2) / sphere.f
    for token in np.flatnonzero(np.abs(strengths) < 1e3):
        near = strengths[token] + half_width * np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
        steps = np.sign(np.diff(centred(block.logits(near))[:, token]))
        assert steps.tolist() == ([1, 1, -1, -1] if rising[token] else [-1, -1, 1, 1])
        bound = lowered(bounded.upper if rising[token] else bounded.lower, block, near[2:3])[0, token]
        assert centred(block.logits(near[2:3]))[0, token] == pytest.approx(bound, abs=1e-9)


@settings(deadline=None, max_examples=25)
@given(blocks())
def test_the_local_tilt_holds_within_its_remainder(block: Block) -> None:
    (claim,) = find_law("local_tilt").claims
    departure = np.abs(block.log_probs(STRENGTHS) - lowered(claim.value, block, STRENGTHS))
    assert (departure <= lowered(claim.remainder, block, STRENGTHS) + 1e-10).all()


@settings(deadline=None, max_examples=20)
@given(blocks())
def test_no_logits_bend_more_than_the_curvature_and_some_nearly_as_much(block: Block) -> None:
    """Second differences on the scale s = w/f of rho; the bound is met where cos = 1 for the farthest pair."""
    sphere = block.baseline().sphere
    c, e, f = sphere.c[0], sphere.e[0], sphere.f
    half_width = np.sqrt(c * f - e**2) / f
    at = -e / f + half_width * np.tan(np.linspace(-1.5, 1.5, 601))
    step = 1e-3 * half_width
    second = (block.logits(at + step) + block.logits(at - step) - 2 * block.logits(at)) / step**2
    largest = np.ptp(second, axis=1).max()
    bound = logit_curvature(sphere)
    assert largest <= bound * (1 + 1e-4)
    assert largest >= 0.84 * bound


def test_parallel_residual_and_vector_have_no_bound() -> None:
    rows = np.arange(3.0)
    sphere = Sphere(h_part=rows[None], v_part=rows, offset=0 * rows, c=np.ones(1), e=np.ones(1), f=1.0)
    assert logit_curvature(sphere) == float("inf")


@settings(deadline=None, max_examples=25)
@given(blocks(), st.floats(0.01, 1.5))
def test_the_linear_law_in_the_angle_and_the_depth_of_valleys(block: Block, angle: float) -> None:
    """`theory.angle`, from angles alone: the linear law's error bound, and valleys below the mean."""
    sphere, offset = block.baseline().sphere, block.baseline().sphere.offset
    c, e, f = sphere.c[0], sphere.e[0], sphere.f
    w = np.sqrt(c * f - e**2)
    start, push = sphere.h_part[0] / np.sqrt(c), (sphere.v_part * c - sphere.h_part[0] * e) / (np.sqrt(c) * w)

    def law(logits):
        return logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)

    turned = law(start * np.cos(angle) + push * np.sin(angle))
    bound = angle**2 * np.hypot(start - start.mean(), push - push.mean()).max()
    assert np.abs(turned - law(start + angle * push)).max() <= bound
    angles = np.linspace(-1.5, 1.5, 301)[:, None]
    log_p = law(start * np.cos(angles) + push * np.sin(angles) + offset)
    excess = log_p - offset
    mean = (np.exp(log_p) * excess).sum(axis=1, keepdims=True)
    valleys = (log_p[1:-1] < log_p[:-2]) & (log_p[1:-1] < log_p[2:])
    assert (excess < mean + 1e-3 * (1 + np.abs(mean)))[1:-1][valleys].all()


def scaled_singular_values(log_probs, strengths):
    table = log_probs - log_probs.mean(axis=0) - log_probs.mean(axis=1, keepdims=True) + log_probs.mean()
    return np.linalg.svd(table, compute_uv=False) / (np.sqrt(table.size) * strengths.std())


@settings(deadline=None, max_examples=20)
@given(blocks())
def test_ranks_one_and_two(block: Block) -> None:
    """`logit_rank` on the sphere, and on the tilt by its local log-odds."""
    strengths = np.linspace(-2, 2, 33)
    table = block.log_probs(strengths)
    after_norm = scaled_singular_values(table, strengths)
    assert after_norm[2] <= 16 * np.finfo(float).eps * np.abs(table).max() / strengths.std()  # rounding of the table
    baseline = block.baseline()
    odds = baseline.local_log_odds[0]
    tilted = baseline.log_probs + strengths[:, None] * odds
    values = scaled_singular_values(tilted - np.logaddexp.reduce(tilted, axis=1, keepdims=True), strengths)
    _, first, _ = find_law("logit_rank").claims
    predicted = lower(first.value, ("context",))(Baseline(log_probs=baseline.log_probs, log_odds=odds), np.ones(1))
    assert values[0] == pytest.approx(float(np.ravel(predicted)[0]), rel=1e-9)
    assert values[1] <= 1e-12 * max(values[0], 1)
