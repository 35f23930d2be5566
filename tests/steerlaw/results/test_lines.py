"""The report at a glance: models are never pooled by their names, and percentages are the same in table and figure."""

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.patches import Rectangle

from numerics.baseline import Baseline
from numerics.judging.sweeps import judge_sweep
from numerics.judging.verdict import OUTCOMES, Outcome, Verdict
from numerics.observing.model import Steering
from numerics.observing.next_token import observe_next_token
from numerics.observing.watched import Watched
from steerlaw.inputs.subjects import CONTROLS, Subject
from steerlaw.rendering.figures.overview import overview_figure
from steerlaw.rendering.words import held
from steerlaw.report import Report
from steerlaw.results.claims import claim_holdings
from steerlaw.results.judging import Judged
from steerlaw.results.lines import APPLIES, summary_lines
from steerlaw.results.provenance import RunRecord
from steerlaw.results.verdict_rows import Place, VerdictRow, counted, verdict_row
from theory.catalogue import find_law

NAMES = ["Qwen/A", "Qwen/B", "Qwen", "A", "Qwen/A/B", "gpt", "gpt+random_direction", "", "/", "+", "a, b", "é\n[x]"]


def row(model, instance=None, control=None, outcome: Outcome = "holds") -> VerdictRow:
    departs = outcome == "departs"
    verdict = Verdict(
        law="tilt",
        claim="c",
        verdict=outcome,
        departure=1.0 if departs else 0.0,
        tolerance=1e-3,
        unit="logit",
        evidence="deterministic",
        witness={"strengths": [0.0], "values": [0.0]} if departs else None,
    )
    place = Place(model=model, instance=instance, control=control, quantity="q")
    return VerdictRow(verdict=verdict, place=place, counts=counted([outcome]))


def report(rows) -> Report:
    run = RunRecord(command="", started="", versions={}, device="", dtype="", seeds={}, inputs={})
    derivations: Any = [type("Derived", (), {"id": "tilt"})()]
    return Report(run=run, derivations=derivations, verdicts=rows, lines=summary_lines(rows))


def test_no_two_models_are_pooled_whatever_their_names():
    rows = [row(name, control=control) for name, control in product(NAMES, (None, *CONTROLS))]
    found = report(rows)
    assert {(line.model, line.control) for line in found.lines} == set(product(NAMES, (None, *CONTROLS)))
    assert all(sum(line.counts.values()) == 1 for line in found.lines)
    assert len(found.summary()["tilt"]) == len(rows)
    assert {"Qwen/A", "Qwen/B", "gpt", "gpt+random_direction"} <= set(found.summary()["tilt"])


@given(st.lists(st.tuples(st.text(max_size=3), st.none() | st.text(max_size=3)), min_size=1, max_size=6, unique=True))
def test_instances_of_one_model_are_pooled_and_no_others(named):
    found = report([row(model, instance) for model, instance in named])
    assert {line.model: sum(line.counts.values()) for line in found.lines} == {
        model: sum(other == model for other, _ in named) for model, _ in named
    }
    assert len(found.summary()["tilt"]) == len(named)


class Bent:
    """Logits of which some swing: how many, differs from context to context."""

    name, vocab_size = "bent", 12

    def __init__(self, seed):
        self.odds = np.random.default_rng(seed).permutation(np.linspace(-1, 1, 12))

    def logits(self, tokens, strengths, *, layer, vector):
        alpha = np.asarray(strengths)[:, None]
        return alpha * self.odds + np.where(np.arange(12) < 3 * tokens[0], 3 * np.sin(3 * alpha), 0)


def judged_on(contexts, seed=0):
    model: Any = Bent(seed)
    sweep = observe_next_token(
        model,
        contexts,
        np.linspace(-3, 3, 61),
        Steering(layer=0, vector=np.ones(1)),
        Watched(tokens=np.arange(12), log_odds=model.odds),
    )
    baseline = Baseline(log_probs=np.full((len(contexts), 12), -np.log(12)), log_odds=model.odds)
    return judge_sweep(find_law("token_bump"), sweep, baseline)


def test_shares_of_two_hub_models_stand_apart():
    contexts = [[1], [2]]
    found = judged_on(contexts)
    lines = claim_holdings(Judged(Subject(model=name, contexts=contexts), one) for name in NAMES for one in found)
    shares = [(h.model, h.share.replicates) for h in lines if h.layer is None and h.weighing == "count"]
    assert sorted(shares) == sorted((name, len(contexts)) for name in NAMES)


def test_a_percentage_is_the_mean_over_contexts_in_table_and_figure():
    contexts = [[0], [1], [3]]
    found = [Judged(Subject(model="gpt", contexts=contexts), one) for one in judged_on(contexts)]
    (line,) = summary_lines([verdict_row(*one) for one in found], found, claim_holdings(found))
    each = []
    for codes in np.concatenate([one.finding.verdicts for one in found], axis=-1):
        outcomes = [OUTCOMES[code] for code in codes.ravel() if OUTCOMES[code] != "not_applicable"]
        each.append([outcomes.count(outcome) / len(outcomes) for outcome in APPLIES])
    assert line.shares is not None
    assert line.holds is not None
    assert list(line.shares.values()) == pytest.approx(np.mean(each, axis=0))
    assert 0.1 < line.shares["departs"] < 0.9
    assert line.holds.share == pytest.approx(line.shares["holds"])
    assert held(line).startswith(f"{100 * line.shares['holds']:.0f} [")
    (axes,) = overview_figure([line]).axes
    widths = [bar.get_width() for bar in axes.patches if isinstance(bar, Rectangle)]
    assert widths == pytest.approx([100 * share for share in line.shares.values()])
    assert [text.get_text() for text in axes.texts] == [f"{100 * line.shares['departs']:.0f} %"]


def test_a_context_counts_once_however_many_curves_the_law_applies_to():
    (obeys,), (swings,) = judged_on([[0]]), judged_on([[3]])
    applies = obeys.verdicts != OUTCOMES.index("not_applicable")
    one = replace(obeys, verdicts=obeys.verdicts[applies][None, :1])
    found = [Judged(Subject(model="m", contexts=[context]), f) for context, f in (([0], one), ([3], swings))]
    (line,) = summary_lines([verdict_row(*judged) for judged in found], found)
    assert line.shares is not None
    assert swings.counts["departs"] > 0
    assert line.shares["departs"] == pytest.approx(swings.shares["departs"] / 2)


def test_curves_that_no_context_has_are_counted():
    rows = [row("m", outcome=outcome) for outcome in ("holds", "departs", "departs", "not_applicable", "undecided")]
    (line,) = summary_lines(rows)
    assert line.shares == {"holds": 0.25, "departs": 0.5, "undecided": 0.25}
    assert held(line) == "25"
    assert line.worst is rows[1]
    (nothing,) = summary_lines([row("m", outcome="not_applicable")])
    assert nothing.shares is None
    assert held(nothing) == ""
