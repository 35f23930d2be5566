"""Laws judged on whole sweeps: exact tilted tables hold, tampered ones depart, and the finding says where."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pytest
from scipy.special import log_softmax

from numerics.baseline import FIELDS, Baseline, arrays_of, baseline_of
from numerics.judging import sweeps
from numerics.judging.sweeps import Finding
from numerics.judging.verdict import DEPARTS, HOLDS, NOT_APPLICABLE, UNDECIDED
from numerics.lowering.expressions import needs
from numerics.observing.cross_entropy import observe_cross_entropy
from numerics.observing.grids import strength_grid
from numerics.observing.model import Steering
from numerics.observing.next_token import observe_next_token
from numerics.observing.sweep import Sweep, merge
from numerics.observing.watched import Watched
from theory import facts
from theory.catalogue import laws
from theory.tilted import pre_norm

CONTEXTS, VOCAB = 3, 12
GRID = strength_grid(8.0, 65)
RNG = np.random.default_rng(4)
LOG_PROBS = log_softmax(2 * RNG.normal(size=(CONTEXTS, VOCAB)), axis=1)
ODDS = np.linspace(-1.5, 2.0, VOCAB)[RNG.permutation(VOCAB)]
CONCEPTS = np.stack([ODDS > 0.5, ODDS < -0.5, np.abs(ODDS) <= 0.5])
OTHER = RNG.normal(size=VOCAB)
BASELINE = Baseline(
    log_probs=LOG_PROBS,
    log_odds=ODDS,
    weights=np.array([0.5, 0.3, 0.2]),
    concepts=CONCEPTS,
    logit_shift=ODDS,
    in_target=np.array([True, False, False]),
    local_log_odds=np.broadcast_to(ODDS, (CONTEXTS, VOCAB)),
    logit_curvature=0.0,
    other_log_odds=OTHER,
)
EXACT = [
    law
    for law in laws().values()
    if all(hasattr(BASELINE, f) and getattr(BASELINE, f) is not None for c in law.claims for f in needs(c))
]
FACTS = {pre_norm, *facts.FACTS}
APPLYING = [law for law in EXACT if not any(FACTS & c.condition.holds.free_symbols for c in law.claims)]

judge_sweep = partial(sweeps.judge_sweep, tolerance=1e-3)
"""Of effects down to a thousandth of a unit."""


@dataclass(frozen=True)
class Table:
    """The tilted law as a model, straight from a softmax; `bend` is added to the logits of one token in one context."""

    sign: float = 1.0
    bend: float = 0.0
    tilt: float = 0.0
    name: str = "table"
    vocab_size: int = VOCAB

    def logits(self, tokens, strengths, *, layer, vector):
        s = self.sign * np.asarray(strengths)
        table = LOG_PROBS[tokens] + s[:, None] * (vector @ [ODDS, OTHER])
        if tokens == 1:
            table[:, 7] += self.bend * np.sin(s) ** 2
        return table

    def derivative(self, tokens, strengths, *, layer, vector):
        return np.broadcast_to(self.sign * ODDS, (len(strengths), VOCAB))

    def cross_entropy(self, segments, strengths, *, layer, vector):
        tables = [log_softmax(self.logits(b, strengths, layer=layer, vector=vector), axis=1) for b in segments]
        return np.stack(
            [-(t @ np.exp(LOG_PROBS[b])) + self.tilt * strengths for b, t in zip(segments, tables, strict=True)], axis=1
        )


def sweep_of(model: Table, grid=GRID) -> Sweep:
    steering = Steering(layer=0, vector=np.array([1.0, 0.0]))
    watched = Watched(tokens=range(VOCAB), log_odds=ODDS, concepts=CONCEPTS, other_vector=np.array([0.0, 1.0]))
    curves = observe_next_token(model, range(CONTEXTS), grid, steering, watched)
    return merge(curves, observe_cross_entropy(model, range(CONTEXTS), grid, steering, weights=BASELINE.weights))


@pytest.fixture(scope="module")
def exact() -> Sweep:
    return sweep_of(Table())


def outcomes(findings: list[Finding]) -> set[str]:
    return {outcome for finding in findings for outcome, count in finding.counts.items() if count}


@pytest.mark.parametrize("law", EXACT, ids=lambda law: law.id)
def test_exact_tilted_tables_hold_every_law(law, exact):
    findings = judge_sweep(law, exact, BASELINE)
    assert len(findings) == len(law.claims)
    assert outcomes(findings) <= {"holds", "not_applicable"}
    for finding in findings:
        if finding.counts["holds"]:
            assert finding.worst.verdict == "holds"
            assert finding.shares["holds"] == 1.0
            if finding.mass_shares is not None:
                assert finding.mass_shares["holds"] == pytest.approx(1.0)


@pytest.mark.parametrize("law", APPLYING, ids=lambda law: law.id)
def test_a_law_of_tilts_applies_to_some_curve_in_each_of_its_claims(law, exact):
    assert all(finding.counts["holds"] for finding in judge_sweep(law, exact, BASELINE))


WRONG = {"a push the wrong way": Table(sign=-1.0), "a linear term": Table(tilt=0.3), "a bent token": Table(bend=6.0)}


@pytest.fixture(scope="module")
def wrong() -> list[Sweep]:
    return [sweep_of(model) for model in WRONG.values()]


@pytest.mark.parametrize("law", APPLYING, ids=lambda law: law.id)
def test_a_model_that_breaks_the_tilt_departs(law, wrong):
    assert any("departs" in outcomes(judge_sweep(law, sweep, BASELINE)) for sweep in wrong)


def test_conditions_pick_out_their_tokens(exact):
    interior = (ODDS.min() < ODDS) & (ODDS.max() > ODDS)
    (bumps,) = judge_sweep(laws()["token_bump"], exact, BASELINE)
    assert bumps.verdicts.shape == (CONTEXTS, VOCAB)
    assert np.array_equal(bumps.verdicts == NOT_APPLICABLE, np.broadcast_to(~interior, bumps.verdicts.shape))
    top, bottom = judge_sweep(laws()["extremal_tokens"], exact, BASELINE)
    assert np.array_equal(top.verdicts[0] == HOLDS, ODDS.max() == ODDS)
    assert np.array_equal(bottom.verdicts[0] == HOLDS, ODDS.min() == ODDS)
    (rises,) = judge_sweep(laws()["target_increases"], exact, BASELINE)
    assert (rises.verdicts[:, 0] == HOLDS).all()
    assert (rises.verdicts[:, 1] == NOT_APPLICABLE).all()


def test_a_bent_token_is_found_where_it_is():
    sweep = sweep_of(Table(bend=6.0))
    (bumps,) = judge_sweep(laws()["token_bump"], sweep, BASELINE)
    assert bumps.verdicts[1, 7] == DEPARTS
    assert (bumps.verdicts[[0, 2]] != DEPARTS).all()
    assert bumps.where["context"] == 1
    assert bumps.worst.verdict == "departs"
    assert bumps.worst.witness is not None
    low, middle, high = bumps.worst.witness["strengths"]
    assert low < middle < high
    (tilt,) = judge_sweep(laws()["tilt"], sweep, BASELINE)
    assert (tilt.where["context"], tilt.worst.verdict) == (1, "departs")
    mass = np.exp(LOG_PROBS) * np.array([0.5, 0.3, 0.2])[:, None]
    judged = bumps.verdicts != NOT_APPLICABLE
    expected = mass[bumps.verdicts == DEPARTS].sum() / mass[judged].sum()
    assert bumps.mass_shares is not None
    assert bumps.mass_shares["departs"] == pytest.approx(expected)
    assert bumps.shares["departs"] == pytest.approx(bumps.counts["departs"] / judged.sum())


def of_contexts(kept: slice) -> Baseline:
    """The baseline of some of the contexts, as if they were all."""
    arrays = {
        name: np.asarray(value)[kept] if "context" in FIELDS[name].forms[0].dimensions else np.asarray(value)
        for name, value in arrays_of(BASELINE)
        if name != "weights"
    }
    return baseline_of(arrays, BASELINE.facts)


def test_the_whole_vocabulary_agrees_with_single_curves():
    from numerics.judging.one_curve import compare

    sweep = sweep_of(Table(bend=6.0), strength_grid(2.0, 33))
    for law in ("token_bump", "extremal_tokens"):
        for finding, claim in zip(judge_sweep(laws()[law], sweep, BASELINE), laws()[law].claims, strict=True):
            curves = sweep.curves(claim.quantity)
            for token in range(VOCAB):
                known = of_contexts(slice(1, 2))
                one = compare(
                    claim,
                    sweep.strengths,
                    (curves.lower + curves.upper)[1, token] / 2,
                    curves.lower[1, token],
                    curves.upper[1, token],
                    baseline=known,
                    token=token,
                    tolerance=1e-3,
                )
                code = ("holds", "departs", "undecided", "not_applicable").index(one.verdict)
                assert finding.verdicts[1, token] == code
                if one.departure is not None:
                    assert finding.departures[1, token] == pytest.approx(one.departure, rel=1e-6, abs=1e-10)


def test_peaks_beyond_the_window_are_judged_as_monotone_and_said_so():
    sweep = sweep_of(Table(), strength_grid(0.05, 17))
    (bumps,) = judge_sweep(laws()["token_bump"], sweep, BASELINE)
    assert bumps.counts["departs"] == bumps.counts["undecided"] == 0
    wrong = sweep_of(Table(sign=-1.0), strength_grid(0.05, 17))
    (bumps,) = judge_sweep(laws()["token_bump"], wrong, BASELINE)
    assert bumps.counts["departs"] > bumps.counts["holds"]
    assert "judged as" in bumps.worst.reason


@pytest.mark.parametrize(("reach", "count"), [(0.5, 33), (2.0, 33)])
def test_a_monotone_curve_is_undecided_where_nobody_knows_on_which_side_of_the_window_it_turns(reach, count):
    law = laws()["token_bump"]
    law = replace(law, claims=tuple(replace(claim, turn=None) for claim in law.claims))
    grid = strength_grid(reach, count)
    (bumps,) = judge_sweep(law, sweep_of(Table(), grid), BASELINE)
    curves = log_softmax(LOG_PROBS[:, None] + grid[:, None] * ODDS, axis=2).transpose(0, 2, 1)
    peak = curves.argmax(axis=2)
    inside = (peak > 0) & (peak < len(grid) - 1)
    ends = curves.max(axis=2) - np.maximum(curves[..., 0], curves[..., -1])  # far above both, or never above one
    clear = ~inside | (ends > 0.01)
    interior = np.broadcast_to((ODDS.min() < ODDS) & (ODDS.max() > ODDS), inside.shape)
    expected = np.where(interior, np.where(inside, HOLDS, UNDECIDED), NOT_APPLICABLE)
    assert {HOLDS, UNDECIDED} <= set(expected[clear])
    assert np.array_equal(bumps.verdicts[clear], expected[clear])


def test_chosen_tokens_are_those_that_were_watched_whatever_became_of_them():
    chosen, steering = np.array([2, 7, 9]), Steering(layer=0, vector=np.array([1.0, 0.0]))
    watched = Watched(tokens=chosen, log_odds=ODDS, concepts=CONCEPTS)
    sweep = observe_next_token(Table(bend=6.0), range(CONTEXTS), GRID, steering, watched)
    (bumps,) = judge_sweep(laws()["token_bump"], sweep, BASELINE)
    (tilt,) = judge_sweep(laws()["tilt"], sweep, BASELINE)
    assert bumps.verdicts.shape == (CONTEXTS, VOCAB)
    assert bumps.tokens is None
    assert tilt.tokens is not None
    assert np.array_equal(tilt.tokens, chosen)
    for finding, columns in ((bumps, chosen), (tilt, slice(None))):
        own = finding.verdicts[:, columns]
        seen = finding.holding["chosen"]
        assert np.array_equal(seen.obeying, (own == HOLDS).sum(axis=1))
        assert np.array_equal(seen.judged, (own != NOT_APPLICABLE).sum(axis=1))
    assert bumps.holding["chosen"].obeying[1] < bumps.holding["chosen"].judged[1]


def test_what_was_not_observed_or_not_given_is_not_applicable(exact):
    for law, lacking in (("cross_entropy_exact", "cross_entropy"), ("concept_logistic", "concept_logit")):
        poor = Sweep(data=exact.data.drop_vars(lacking))
        for finding in judge_sweep(laws()[law], poor, BASELINE):
            assert finding.worst.verdict == "not_applicable"
            assert lacking in finding.worst.reason
            assert finding.verdicts.size == 0 or (finding.verdicts == NOT_APPLICABLE).all()
    for law in ("tilt", "token_bump"):
        (finding,) = judge_sweep(laws()[law], exact, replace(BASELINE, log_odds=None))
        assert "log_odds" in finding.worst.reason
        assert finding.counts["not_applicable"] == CONTEXTS * VOCAB
    (finding,) = judge_sweep(laws()["transformer_limit"], exact, BASELINE)
    assert "pre-norm" in finding.worst.reason


def test_a_baseline_of_another_size_is_refused(exact):
    with pytest.raises(ValueError, match="3 entries of context, the baseline 2"):
        judge_sweep(laws()["tilt"], exact, of_contexts(slice(0, 2)))
