"""Predicted numbers beside observed ones: no gap where the law is exact, the planted gap where it is not."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from numerics.baseline import Baseline
from numerics.judging.predicted_numbers import gaps
from numerics.observing.cross_entropy import observe_cross_entropy
from numerics.observing.model import Steering
from numerics.observing.next_token import observe_next_token
from numerics.observing.watched import Watched

RNG = np.random.default_rng(4)
VOCAB, CONTEXTS, SEGMENTS = 30, 3, 12
ODDS = RNG.normal(size=VOCAB)
LAWS = RNG.normal(0, 1.5, (CONTEXTS, VOCAB))
LAWS -= np.log(np.exp(LAWS).sum(axis=1, keepdims=True))
TOKENS = np.argsort(-np.exp(LAWS).mean(axis=0))[:6]
CONCEPT = np.arange(VOCAB) < 7
GRID = np.linspace(-3, 3, 61)


class Tilt:
    """Tilts by `stretch` times the log-odds, bent by `bend`: at 1 and 0 every prediction is exact."""

    name, vocab_size = "tilt", VOCAB

    def __init__(self, stretch=1.0, bend=0.0):
        self.stretch, self.bend = stretch, bend

    def logits(self, context, strengths, *, layer, vector):
        alpha = np.asarray(strengths)[:, None]
        return LAWS[context] + alpha * self.stretch * ODDS + alpha**2 * self.bend * np.sin(np.arange(VOCAB))

    def derivative(self, context, strengths, *, layer, vector):
        alpha = np.asarray(strengths)[:, None]
        return self.stretch * ODDS + 2 * alpha * self.bend * np.sin(np.arange(VOCAB))

    def cross_entropy(self, segments, strengths, *, layer, vector):
        tables = [self.logits(j, strengths, layer=0, vector=None) for j in range(CONTEXTS)]
        losses = [[np.log(np.exp(t).sum(axis=1)) - t[:, b[j]] for j, t in enumerate(tables)] for b in segments]
        return np.mean(losses, axis=1).T


def next_token(model):
    return observe_next_token(
        model,
        range(CONTEXTS),
        GRID,
        Steering(layer=0, vector=np.ones(1)),
        Watched(tokens=TOKENS, log_odds=ODDS, concepts=CONCEPT),
    )


BASELINE = Baseline(log_probs=LAWS, log_odds=ODDS, local_log_odds=np.tile(ODDS, (CONTEXTS, 1)))


def by_name(sweep, baseline) -> dict[str, Any]:
    return {gap.quantity: gap for gap in gaps(sweep, baseline)}


def test_an_exact_tilt_has_no_gaps():
    found = by_name(next_token(Tilt()), BASELINE)
    assert len(found) == 5
    for gap in found.values():
        assert gap.count
        assert gap.gap in (0, None)
        assert gap.lower <= gap.upper
    peaks = found["peak of a likely token, by the log-odds of the concept"]
    assert peaks.upper - peaks.lower < 0.05
    radius = found["validity radius of the local tilt, 0.1 nats"]
    assert (radius.predicted, radius.lower) == (None, 3)


def test_a_steeper_tilt_moves_the_peaks_by_as_much():
    found = by_name(next_token(Tilt(stretch=1.25)), BASELINE)
    gap = found["peak of a likely token, by the log-odds of the concept"]
    assert gap.predicted == pytest.approx(1.25 * (gap.lower + gap.upper) / 2, abs=0.1)
    assert gap.largest > 0.05
    local = replace(BASELINE, local_log_odds=np.tile(1.25 * ODDS, (CONTEXTS, 1)))
    found = by_name(next_token(Tilt(stretch=1.25)), local)
    assert found["peak of a likely token, by the derivative at 0"].largest == 0
    assert found["validity radius of the local tilt, 0.1 nats"].lower == 3


def test_the_validity_radius_is_where_a_bend_shows():
    radius = by_name(next_token(Tilt(bend=0.2)), BASELINE)["validity radius of the local tilt, 0.1 nats"]
    assert 0.3 < radius.lower < radius.upper < 1.2
    kappa = 2 * 0.2 * np.ptp(np.sin(np.arange(VOCAB)))
    bounded = by_name(next_token(Tilt(bend=0.2)), replace(BASELINE, logit_curvature=kappa))
    radius = bounded["validity radius of the local tilt, 0.1 nats"]
    assert (radius.sense, radius.gap) == ("at least", 0)
    assert radius.predicted == pytest.approx(np.sqrt(0.2 / kappa))
    wrong = by_name(next_token(Tilt(bend=0.2)), replace(BASELINE, logit_curvature=kappa / 100))
    assert wrong["validity radius of the local tilt, 0.1 nats"].gap > 0.5


def test_a_concept_steeper_than_its_bound_shows_by_how_much():
    name = "steepest slope of a concept's logit"
    assert by_name(next_token(Tilt()), BASELINE)[name].gap == 0
    steep = by_name(next_token(Tilt(stretch=12.0)), BASELINE)[name]
    assert steep.predicted == pytest.approx(np.ptp(ODDS))
    assert steep.gap == pytest.approx(steep.lower - np.ptp(ODDS))
    assert steep.gap > 0


@pytest.mark.parametrize(("stretch", "agrees"), [(1.0, True), (3.0, False)])
def test_slope_curvature_and_minimum_of_cross_entropy(stretch, agrees):
    segments = RNG.integers(0, VOCAB, (SEGMENTS, CONTEXTS))
    sweep = observe_cross_entropy(Tilt(stretch), segments, GRID, Steering(layer=0, vector=np.ones(1)))
    text = Baseline(
        log_probs=np.tile(LAWS, (SEGMENTS, 1)),
        log_odds=ODDS,
        data=segments.ravel(),
        weights=np.full(SEGMENTS * CONTEXTS, 1 / (SEGMENTS * CONTEXTS)),
    )
    found = by_name(sweep, text)
    assert len(found) == 3
    assert all(gap.lower < gap.upper for gap in found.values())
    assert found["curvature of cross-entropy at 0"].predicted == pytest.approx(
        np.mean([np.exp(law) @ (ODDS - np.exp(law) @ ODDS) ** 2 for law in LAWS])
    )
    assert all(gap.gap == 0 for gap in found.values()) == agrees


def test_a_sweep_without_weights_and_half_widths_counts_blocks_alike_and_knows_no_rounding():
    segments = RNG.integers(0, VOCAB, (SEGMENTS, CONTEXTS))
    sweep = observe_cross_entropy(Tilt(), segments, GRID, Steering(layer=0, vector=np.ones(1)))
    positions = SEGMENTS * CONTEXTS
    text = Baseline(
        log_probs=np.tile(LAWS, (SEGMENTS, 1)),
        log_odds=ODDS,
        data=segments.ravel(),
        weights=np.full(positions, 1 / positions),
    )
    bare = sweep.data.drop_vars(["segment_share", "cross_entropy_halfwidth"]).transpose("strength", "segment")
    for found, expected in zip(gaps(type(sweep)(data=bare), text), gaps(sweep, text), strict=True):
        assert (found.quantity, found.predicted) == (expected.quantity, expected.predicted)
        assert (found.lower, found.upper) == pytest.approx((expected.lower, expected.upper), abs=1e-9)


def test_nothing_is_said_of_what_was_not_observed():
    sweep = next_token(Tilt())
    assert gaps(sweep, replace(BASELINE, log_odds=None)) == []
    bare = type(sweep)(data=sweep.data.drop_vars(["slope_peak_lower", "slope_peak_upper", "concept_logit"]))
    assert [gap.quantity for gap in gaps(bare, BASELINE)] == [
        f"validity radius of the local tilt, {nats}" for nats in ("0.1 nats", "1 nats")
    ]
