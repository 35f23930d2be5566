"""What the paper saw, measured: on models that are known, against other ways to count, and on the shipped model."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import mannwhitneyu, wilcoxon

from numerics.baseline import Baseline
from numerics.observing.model import Steering
from numerics.observing.next_token import observe_next_token
from numerics.observing.watched import Watched
from steerlaw.experiments.embedded import embedded_experiments
from steerlaw.experiments.experiment import Grid, run
from steerlaw.inputs.subjects import Observation, Subject
from steerlaw.rendering.figures.findings import findings_drawings
from steerlaw.results.findings import bumps, domination, findings, measured, separation

pytestmark = pytest.mark.slow

RNG = np.random.default_rng(5)
VOCAB, CONTEXTS = 300, 4
ODDS = RNG.normal(size=VOCAB)
LAWS = RNG.normal(0, 2, (CONTEXTS, VOCAB))
LAWS -= np.log(np.exp(LAWS).sum(axis=1, keepdims=True))
TOKENS = np.sort(RNG.choice(VOCAB, 20, replace=False))
TARGET = np.arange(VOCAB) < 40
GRID = np.linspace(-60, 60, 241)


class Tilt:
    """Logits move by alpha times `push`, and by `swing` sines on top."""

    name, vocab_size = "tilt", VOCAB

    def __init__(self, push=ODDS, swing=0.0):
        self.push, self.swing = push, swing

    def logits(self, context, strengths, *, layer, vector):
        alpha = np.asarray(strengths)[:, None]
        return LAWS[context] + alpha * self.push + self.swing * np.sin(alpha * np.arange(VOCAB))

    def derivative(self, context, strengths, *, layer, vector):
        alpha, z = np.asarray(strengths)[:, None], np.arange(VOCAB)
        return np.broadcast_to(self.push, (len(alpha), VOCAB)) + self.swing * z * np.cos(alpha * z)


def observed(model, *, odds=ODDS, grid=GRID, **subject):
    sweep = observe_next_token(
        model,
        range(CONTEXTS),
        grid,
        Steering(layer=0, vector=np.ones(1)),
        Watched(tokens=TOKENS, log_odds=odds, concepts=TARGET),
    )
    baseline = Baseline(log_probs=LAWS, log_odds=odds, concepts=TARGET[None])
    known = {"model": "tilt", "layer": 0, "concept": "any", "contexts": range(CONTEXTS), "push": 1.0} | subject
    return Observation(subject=Subject(**known), kind="next token", sweep=sweep, baseline=baseline)


def test_a_tilt_does_all_that_the_theory_has():
    """Where the target set is that of the largest log-odds; what dominates is told from as far out as need be."""
    push = np.where(TARGET, 5.0, -5.0) + ODDS
    for measure, grid in ((separation, GRID), (bumps, GRID), (domination, 20 * GRID)):
        found = measure(observed(Tilt(push), odds=push, grid=grid))
        assert found is not None
        assert (found.judged > 0).all()
        np.testing.assert_array_equal(found.shares, 1.0)


def test_separation_is_that_of_mann_and_whitney():
    """Ties count half; the slope of a log-probability is that of the logit less a mean that all tokens share."""
    push = ODDS.round(1)
    found = separation(observed(Tilt(push)))
    assert found is not None
    expected = mannwhitneyu(push[TARGET], push[~TARGET]).statistic / (TARGET.sum() * (~TARGET).sum())
    np.testing.assert_allclose(found.shares, expected, rtol=1e-12)


@pytest.mark.parametrize("reach", [0.5, 4.0])
def test_only_tokens_that_should_peak_inside_the_window_count(reach):
    """Each tilted law again, on a fine grid: a token whose largest value is neither first nor last peaks inside."""
    grid = np.linspace(-reach, reach, 41)
    found = bumps(observed(Tilt(), grid=grid))
    assert found is not None
    logits = LAWS[:, None] + np.linspace(-reach, reach, 4001)[:, None] * ODDS
    highest = (logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True)))[..., TOKENS].argmax(axis=1)
    np.testing.assert_array_equal(found.judged, ((highest > 0) & (highest < 4000)).sum(axis=1))
    assert (found.shares > 0.8).all()  # less than 1 only where a bump is lower than the tolerance


def test_what_swings_is_no_bump():
    found = bumps(observed(Tilt(swing=5.0)))
    assert found is not None
    assert (found.shares < 0.1).all()


def test_domination_counts_the_likeliest_among_the_most_extreme():
    """Of 300 tokens at least as many as are looked at. Along other log-odds, nothing but chance is left."""
    tilted = observed(Tilt(), grid=GRID / 20)
    found, order = domination(tilted), np.argsort(ODDS)
    assert found is not None
    ends = LAWS[:, None] + GRID[[0, -1]][:, None] / 20 * ODDS
    for context, (start, end) in enumerate(ends):
        low, high = (set(np.argsort(-row)[:8]) for row in (start, end))
        shares = len(low & set(order[:8])) / 8, len(high & set(order[-8:])) / 8
        assert found.shares[context] == pytest.approx(np.mean(shares))
    assert 0.3 < found.shares.mean() < 0.9
    shuffled = domination(observed(Tilt(), odds=RNG.permutation(ODDS)))
    assert shuffled is not None
    assert shuffled.shares.mean() < 0.15


def test_controls_are_shown_where_they_could_differ():
    names = {control: {m.law for _, m in measured(observed(Tilt(), control=control))} for control in CONTROLS}
    assert names[None] == names["random_direction"] == names["random_weights"] == {"separation", "bumps", "domination"}
    assert names["permuted_log_odds"] == {"domination"}
    assert not list(measured(observed(Tilt(), push=None)))


CONTROLS = (None, "random_direction", "permuted_log_odds", "random_weights")


def test_what_was_not_observed_is_not_found():
    tilted = observed(Tilt())
    bare = replace(tilted, baseline=None)
    assert separation(bare) is bumps(bare) is domination(bare) is None
    without = replace(tilted, sweep=replace(tilted.sweep, data=tilted.sweep.data.drop_vars("slope_at_zero")))
    assert {m.law for _, m in measured(without)} == {"bumps", "domination"}
    assert findings([replace(tilted, kind="limit")]) == []
    assert findings_drawings([]) == []


@pytest.fixture(scope="module")
def shipped():
    """Every block of the shipped model at few strengths, by concept, finding, control and block."""
    grid = Grid(count=17, text_count=3)
    experiments = [e for e in embedded_experiments(grid) if e.subject.push is not None]
    experiments = [replace(e, text_strengths=None, limits=None, tolerances={}) for e in experiments]
    found = findings(run(experiments, seed=0))
    return {(f.concept, f.holding.law, f.holding.control, f.holding.layer): f.holding for f in found}, experiments


def test_every_block_of_the_shipped_model_stands_beside_its_controls(shipped):
    found, experiments = shipped
    blocks = {e.subject.layer for e in experiments}
    assert blocks == {0, 1, 2, 3}
    for concept in ("python_code", "uppercase"):
        for block in blocks:
            for name in ("separation", "bumps", "domination"):
                excess = found[concept, name, None, block].excess
                assert "random_direction" in excess
                assert ("random_weights" in excess) == (block == 2)
                assert ("permuted_log_odds" in excess) == (name == "domination")


def test_the_log_odds_separate_one_concept_and_not_the_other(shipped):
    """Lemma B.4's sign on a real model: upper case at every block, Python's keywords at none."""
    found, _ = shipped
    for block in range(4):
        assert found["uppercase", "separation", None, block].share.share > 0.9
        assert found["uppercase", "separation", None, block].excess["random_direction"].share.share > 0.1
        assert found["python_code", "separation", None, block].share.share < 0.65


@pytest.mark.parametrize("concept", ["python_code", "uppercase"])
def test_bumps_are_at_every_depth_and_more_of_them_further_up(shipped, concept):
    found, _ = shipped
    shares = [found[concept, "bumps", None, block].share.share for block in range(4)]
    assert shares[0] > 0
    assert shares == sorted(shares)
    assert found[concept, "bumps", None, 3].excess["random_direction"].share.share > 0


@pytest.mark.parametrize("concept", ["python_code", "uppercase"])
def test_tokens_of_extremal_log_odds_dominate_more_from_the_last_block_than_from_the_first(shipped, concept):
    """Everywhere more than by permuted log-odds, nowhere all of them; a random direction's own slopes do it better."""
    found, experiments = shipped
    for block in range(4):
        line = found[concept, "domination", None, block]
        assert line.share.share < 0.8
        assert line.excess["permuted_log_odds"].share.share > 0.1
        assert line.excess["random_direction"].share.share < 0
    first, last = (
        next(
            domination(o)
            for o in run([e for e in experiments if (e.subject.concept, e.subject.layer) == (concept, block)][:1], 0)
        )
        for block in (0, 3)
    )
    assert first is not None
    assert last is not None
    paired = last.shares - first.shares
    tested: Any = wilcoxon(paired, alternative="greater")
    assert tested.pvalue < 0.001  # the same contexts at two blocks
