"""Findings of sweeps written by hand, every number of them counted a second way, token by token."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sympy as sp
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.baseline import Baseline
from numerics.judging.sweeps import judge_sweep
from numerics.judging.verdict import DEPARTS, HOLDS, NOT_APPLICABLE, UNDECIDED
from numerics.observing.sweep import NotObservedError, Sweep
from numerics.observing.variables import BUMP, FALLING, RISING
from theory.catalogue import find_law
from theory.claims import Bounded, Condition, Turns
from theory.quantities import CONCEPT_LOGIT, LOG_PROBABILITY
from theory.tilted import M, alpha, z

AT = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
ODDS = np.array([-3.0, -2.0, 0.5, 3.0])
PROBS = np.array([[0.1, 0.2, 0.3, 0.4], [0.4, 0.4, 0.1, 0.1]])
LAW = find_law("token_bump")
NOT_FIRST = Condition(name="not the second token", holds=sp.Ne(M[z], -2))
BUMPS = Turns(says="b", quantity=LOG_PROBABILITY, n=1, first="rising", turn=alpha - M[z], condition=NOT_FIRST)
NOTHING = np.zeros((2, 4, 3))
OUTCOMES = {"holds": HOLDS, "departs": DEPARTS, "undecided": UNDECIDED, "not_applicable": NOT_APPLICABLE}


def baseline(weights=None) -> Baseline:
    return Baseline(log_probs=np.log(PROBS), log_odds=ODDS, weights=weights)


def sweep_of_shapes(least, extra, movement, *, evidence=None, **variables) -> Sweep:
    """What a sweep keeps of the curve of every token: how far it is from each shape, and points that show it."""
    departure = np.stack([least, least + extra], axis=-1)
    points = np.arange(24).reshape(2, 4, 3)[..., None] % 3 + np.arange(3)
    data = xr.Dataset(
        {
            "shape_departure": (("context", "vocab", "shape", "bound"), departure),
            "shape_witness": (("context", "vocab", "shape", "point"), points),
            "shape_witness_value": (("context", "vocab", "shape", "point"), points / 8 - 4),
            "movement": (("vocab", "context"), np.asarray(movement).T),
            **variables,
        },
        coords={"strength": AT, "shape": ["rising", "falling", "bump"], "bound": ["least", "most"]},
        attrs={"push": 0.5},
    )
    if evidence:
        data["shape_departure"].attrs["evidence"] = evidence
    return Sweep(data=data)


def shape_judged(claim: Turns, token: int) -> int:
    """Of a token whose curve turns at its log-odds, which part of a bump the window from -2 to 2 shows."""
    if claim.n == 0:
        return RISING if claim.first == "rising" else FALLING
    if claim.turn is None:
        return BUMP
    return RISING if ODDS[token] >= 2 else FALLING if ODDS[token] <= -2 else BUMP


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    tolerance=st.sampled_from([0.0, 0.25, "25%"]),
    claim=st.sampled_from(
        [
            BUMPS,
            replace(BUMPS, turn=None),
            replace(BUMPS, n=0),
            replace(BUMPS, n=0, first="falling"),
            replace(BUMPS, condition=Condition(name="none", holds=M[z] > 9)),
        ]
    ),
    weights=st.sampled_from([None, np.array([0.75, 0.25])]),
)
def test_a_finding_counts_what_each_token_does(seed, tolerance, claim, weights):
    """Quarters, so that ties and sizes of the tolerance itself are common."""
    rng = np.random.default_rng(seed)
    least, extra = rng.choice([0, 0, 0.25, 0.5, 0.75, 1], size=(2, 2, 4, 3))
    movement = rng.choice([0.5, 2, 4], size=(2, 4))
    sweep = sweep_of_shapes(least, extra, movement)
    (found,) = judge_sweep(replace(LAW, claims=(claim,)), sweep, baseline(weights), tolerance=tolerance)
    mass = PROBS * (np.full(2, 0.5) if weights is None else weights)[:, None]
    codes, sizes = np.empty((2, 4), int), np.full((2, 4), np.nan)
    for row, token in np.ndindex(2, 4):
        shape = shape_judged(claim, token)
        nearest, width = least[row, token, shape], extra[row, token, shape]
        allowed = tolerance
        if tolerance == "25%":
            own = extra[row, token, BUMP]  # D+ - D-, the width of the band, or D+ where D- is 0
            allowed = max(movement[row, token] / 4, own)
        applies = ODDS[token] != -2 and claim.condition.name != "none"
        code = DEPARTS if nearest > allowed else HOLDS if nearest + width <= allowed else UNDECIDED
        if claim.turn is None and claim.n == 1 and code == HOLDS and min(least[row, token, :2]) <= allowed:
            code = UNDECIDED
        codes[row, token] = code if applies else NOT_APPLICABLE
        sizes[row, token] = nearest if code == DEPARTS and applies else nearest + width
    assert found.verdicts.tolist() == codes.tolist()
    judged = codes != NOT_APPLICABLE
    assert found.departures[judged].tolist() == sizes[judged].tolist()
    assert found.counts == {outcome: int((codes == code).sum()) for outcome, code in OUTCOMES.items()}
    for outcome, code in OUTCOMES.items():
        if outcome == "not_applicable":
            continue
        if not judged.any():
            assert np.isnan(found.shares[outcome])
            continue
        assert found.shares[outcome] == (codes == code).sum() / judged.sum()
        assert found.mass_shares is not None
        assert found.mass_shares[outcome] == pytest.approx(mass[codes == code].sum() / mass[judged].sum())
    assert found.holding["count"].obeying.tolist() == (codes == HOLDS).sum(axis=1).tolist()
    assert found.holding["mass"].judged == pytest.approx((mass * judged).sum(axis=1))
    assert "chosen" not in found.holding
    assert (found.tokens, found.chosen, found.push, found.untested, found.skill) == (None, None, 0.5, 0, None)
    assert found.mass == pytest.approx(mass)
    check_worst(found, codes, sizes, claim, judged, least, extra)


def check_worst(found, codes, sizes, claim, judged, least, extra):
    """The worst verdict is that of a curve as bad as any, and its witness is of the shape that was judged."""
    if not judged.any():
        assert found.worst.verdict == "not_applicable"
        return
    for outcome in ("departs", "undecided", "holds"):
        if (codes == OUTCOMES[outcome]).any():
            break
    at = found.where["context"], found.where["token"]
    assert found.worst.verdict == outcome
    assert codes[at] == OUTCOMES[outcome]
    assert found.worst.departure == sizes[at] == sizes[codes == codes[at]].max()
    shape = shape_judged(claim, at[1])
    if sizes[at]:
        first = (np.arange(24).reshape(2, 4, 3) % 3)[(*at, shape)]
        values = [place / 8 - 4 for place in range(first, first + 3)]
        assert found.worst.witness == {"strengths": AT[first : first + 3].tolist(), "values": values}
    half = extra[(*at, shape)] / 2
    if outcome == "undecided" and claim.turn is not None and found.worst.tolerance != sizes[at] - half:
        assert f"it is ±{half:.2g}" in found.worst.reason


def test_a_token_judged_as_monotone_is_said_to_be_by_the_windows_ends():
    (found,) = judge_sweep(
        replace(LAW, claims=(BUMPS,)), sweep_of_shapes(NOTHING, NOTHING, NOTHING[..., 0]), baseline()
    )
    assert found.worst.verdict == "holds"
    assert found.worst.reason.endswith(
        "judged as falling: its peak is predicted before the window, at a strength below -2"
    )
    departing = NOTHING.copy()
    departing[0, 3, RISING] = 5
    sweep = sweep_of_shapes(departing, NOTHING, NOTHING[..., 0], evidence="statistical")
    (found,) = judge_sweep(replace(LAW, claims=(BUMPS,)), sweep, baseline())
    assert (found.worst.verdict, found.where, found.evidence) == ("departs", {"context": 0, "token": 3}, "statistical")
    assert found.worst.reason.endswith(
        "judged as rising: its peak is predicted beyond the window, at a strength above 2"
    )


@pytest.mark.parametrize("n", [0, 1])
def test_horizons_that_a_sweep_keeps_are_those_of_bumps(n):
    """In strengths on either side and in nats, for the tokens that the claim is about, at a tolerance that was kept."""
    sides, allowed = ["left", "right", "both"], ["0.1", "5%"]
    reach = np.arange(96.0).reshape(2, 4, 3, 2, 2) / 96
    nats = np.arange(32.0).reshape(2, 4, 2, 2) / 32
    spent = np.array([[3.0, 1, 0, 2, 4], [3, 1, 0, 2, 1]])
    sweep = sweep_of_shapes(
        NOTHING,
        NOTHING,
        NOTHING[..., 0],
        bump_reach=(("context", "vocab", "reach_side", "allowed", "bound"), reach),
        bump_nats=(("context", "vocab", "allowed", "bound"), nats),
        kl_forward=(("context", "strength"), spent),
        kl_forward_halfwidth=(("context", "strength"), 0 * spent),
    )
    sweep = Sweep(data=sweep.data.assign_coords(reach_side=sides, allowed=allowed))
    (found,) = judge_sweep(replace(LAW, claims=(replace(BUMPS, n=n),)), sweep, baseline(), tolerance="5%")
    if n == 0:
        assert (found.horizons, found.nats) == ({}, None)
        return
    about = ODDS != -2
    for number, side in enumerate(sides):
        horizon: Any = found.horizons[side]  # pyright: ignore[reportArgumentType]
        assert horizon.lower[:, about].tolist() == reach[:, about, number, 1, 0].tolist()
        assert horizon.upper[:, about].tolist() == reach[:, about, number, 1, 1].tolist()
        assert np.isnan(horizon.lower[:, ~about]).all()
    assert found.nats is not None
    assert found.nats.lower[:, about].tolist() == nats[:, about, 1, 0].tolist()
    assert found.nats.end[:, about].tolist() == [3 * [4.0], 3 * [3.0]]
    low, high = reach[0, 0, 2, 1]
    assert found.worst.horizon is not None
    assert found.worst.horizon["push"] == [low / 2, high / 2]
    (other,) = judge_sweep(replace(LAW, claims=(BUMPS,)), sweep, baseline(), tolerance=0.3)
    assert (other.horizons, other.nats) == ({}, None)


def test_a_share_of_what_was_not_kept_is_refused_as_not_observed():
    sweep = sweep_of_shapes(NOTHING, NOTHING, NOTHING[..., 0])
    (found,) = judge_sweep(LAW, Sweep(data=sweep.data.drop_vars("movement")), baseline(), tolerance="5%")
    assert found.verdicts.shape == (0, 0)
    assert sum(found.counts.values()) == 0
    assert found.worst.verdict == "not_applicable"
    assert "does not hold movement" in found.worst.reason
    assert all(np.isnan(share) for share in found.shares.values())
    assert (found.mass, found.mass_shares, found.holding, found.where) == (None, None, {}, {})
    with pytest.raises(NotObservedError):
        sweep.curves(CONCEPT_LOGIT)


def test_chosen_tokens_are_counted_among_all_and_only_where_curves_are_of_tokens():
    departing = np.zeros((2, 4, 3))
    departing[1, 2] = 5
    sweep = sweep_of_shapes(departing, 0 * departing, departing[..., 0], token=("token", np.array([3, 2])))
    concepts = sweep_of_concepts().data.drop_vars("strength")
    sweep = Sweep(data=xr.merge([sweep.data, concepts]))
    (found,) = judge_sweep(replace(LAW, claims=(BUMPS,)), sweep, baseline())
    assert found.chosen is not None
    assert found.chosen.tolist() == [3, 2]
    assert found.holding["chosen"].obeying.tolist() == [2, 1]
    bound = Bounded(says="slow", quantity=CONCEPT_LOGIT, upper=sp.S.One, derivative=1)
    (found,) = judge_sweep(replace(LAW, claims=(bound,)), sweep, baseline())
    assert found.chosen is None
    assert set(found.holding) == {"count"}


SLOPES = np.array([[0.9, 0.4, 1e-9], [0.2, 0.9, 2.0]])


def sweep_of_concepts(slopes=SLOPES, **attributes) -> Sweep:
    table = slopes[..., None] * AT
    data = xr.Dataset(
        {
            "concept_logit": (("context", "concept", "strength"), table),
            "concept_logit_halfwidth": (("context", "strength"), np.full((len(slopes), len(AT)), 1e-9)),
        },
        coords={"strength": AT, "concept": ["cats", "dogs", "fish"][: slopes.shape[1]]},
        attrs=attributes,
    )
    return Sweep(data=data)


def test_curves_that_nothing_like_them_could_have_broken_the_bound_of_are_counted():
    """Slopes of at most 1: one of 0.4 could double, which is not to have been tested; one of 2 departs."""
    bound = Bounded(says="slow", quantity=CONCEPT_LOGIT, lower=-sp.S.One, upper=sp.S.One, derivative=1)
    law = replace(LAW, claims=(bound,))
    (found,) = judge_sweep(law, sweep_of_concepts(), None)
    assert found.untested == (SLOPES <= 0.5).sum()
    assert found.counts == {"holds": 5, "departs": 1, "undecided": 0, "not_applicable": 0}
    assert found.where == {"context": 1, "concept": "fish"}
    assert (found.push, found.mass, found.mass_shares, found.chosen, found.tokens) == (None, None, None, None, None)
    assert set(found.holding) == {"count"}
    assert found.worst.horizon is not None
    assert "push" not in found.worst.horizon
    (found,) = judge_sweep(law, sweep_of_concepts(push=0.25), None)
    assert found.push == 0.25


@pytest.mark.parametrize(
    ("sweep", "says"),
    [
        (sweep_of_concepts(), "3 entries of concept, the baseline 1"),
        (sweep_of_concepts(SLOPES[:1, :1]), "1 entries of context, the baseline 2"),
        (sweep_of_shapes(NOTHING, NOTHING, NOTHING[..., 0]), ""),
        (sweep_of_concepts(SLOPES[:, :1]), ""),
    ],
)
def test_a_sweep_of_other_sizes_than_the_baselines_is_refused(sweep, says):
    known = replace(baseline(), concepts=np.array([[True, False, False, False]]))
    if not says:
        assert judge_sweep(LAW, sweep, known)
        assert judge_sweep(LAW, sweep, replace(known, concepts=None))
        return
    with pytest.raises(ValueError, match=says):
        judge_sweep(LAW, sweep, known)


def test_a_sweep_of_another_vocabulary_is_refused():
    known = Baseline(log_probs=np.log(np.full((2, 3), 1 / 3)))
    with pytest.raises(ValueError, match="4 entries of vocab, the baseline 3"):
        judge_sweep(LAW, sweep_of_shapes(NOTHING, NOTHING, NOTHING[..., 0]), known)
