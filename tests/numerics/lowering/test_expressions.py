"""Every formula of every law, lowered, is its definition; what it needs, where it lives. Generic over the laws."""

# pyright: reportCallIssue=false, reportArgumentType=false

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sympy as sp

from lowering_oracle import assert_exact, baseline
from numerics.baseline import Baseline
from numerics.judging.counterexample import counterexample_baseline
from numerics.lowering.expressions import dimensions_of, lower, lower_domain, needs
from numerics.lowering.setting import MissingInputError
from theory.catalogue import laws
from theory.claims import Close, Turns
from theory.tilted import (
    ConceptCumulant,
    ContextMean,
    DataMean,
    M,
    M_max,
    alpha,
    centred,
    cgf,
    is_target,
    j,
    limit_strength,
    log_tilted,
    logit,
    pre_norm,
    z,
)

LAWS = laws()
CLAIMS = [(law.id, claim) for law in LAWS.values() for claim in law.claims]
every_claim = pytest.mark.parametrize("claim", [c for _, c in CLAIMS], ids=[f"{name}: {c.says}" for name, c in CLAIMS])


def formulas(claim) -> list:
    match claim:
        case Close():
            found = [claim.value, claim.remainder]
        case Turns():
            found = [claim.turn, *(part for part in (claim.n, claim.first) if isinstance(part, sp.Basic))]
        case _:
            found = [claim.lower, claim.upper]
    return [f for f in found if f is not None]


def abscissa(claim, base: Any, strengths) -> np.ndarray:
    """Where a claim speaks: some of the strengths, or of the log-odds, or of the ranks."""
    along = {"strength": strengths, "log_odds": np.unique(base.log_odds), "rank": np.arange(1.0, 5.0)}
    points = np.asarray(along[claim.quantity.along], float)
    return points[np.broadcast_to(lower_domain(claim.domain, claim.quantity.along)(base, points), points.shape)]


@every_claim
def test_every_formula_of_a_claim_is_its_definition(claim):
    base = baseline(1)
    for expr in formulas(claim):
        assert_exact(expr, base, abscissa(claim, base, [-4.0, -0.3, 0.0, 1.7]), claim.quantity.per)


@every_claim
def test_every_condition_is_its_definition(claim):
    base = baseline(1, ties=True)
    assert_exact(claim.condition.holds, base, [0.0], claim.quantity.per)


@every_claim
def test_nothing_overflows(claim):
    base = baseline(3, spread=1e2)
    certain = np.where(np.arange(4) == base.log_odds.argsort()[1], -np.inf, base.log_probs)
    for law in (base.log_probs, certain - np.log(np.exp(certain).sum(axis=1))[:, None]):
        known = replace(base, log_probs=law)
        points = abscissa(claim, known, [-1e6, -1e3, 0.0, 1e3, 1e6])
        for expr in formulas(claim):
            if law is base.log_probs or not expr.has(logit):
                assert not np.isnan(lower(expr, claim.quantity.per)(known, points)).any()


@every_claim
def test_shapes_follow_the_quantity(claim):
    base, per = baseline(4), claim.quantity.per
    points = abscissa(claim, base, [-5.0, -0.5, 0.5, 5.0])
    lengths = {"context": 2, "token": 3, "concept": 2}
    full = (*(lengths[axis] for axis in per), len(points))
    for expr in formulas(claim):
        value = lower(expr, per)(base, points, tokens=[3, 0, 1])
        assert value.ndim == len(per) + 1
        assert np.broadcast_shapes(value.shape, full) == full
    condition = lower(claim.condition.holds, per)(base, points, tokens=[3, 0, 1])
    assert condition.dtype == bool
    assert condition.shape[-1] == 1
    assert lower_domain(claim.domain, claim.quantity.along)(base, points).dtype == bool


@every_claim
def test_needs_are_exactly_what_is_missed(claim):
    """Without any one of them the evaluation says so; with all of them, and nothing else, it runs."""
    base = baseline(6)
    empty = Baseline(log_probs=base.log_probs)
    enough = replace(empty, **{field: getattr(base, field) for field in needs(claim)})

    def everything(known):
        for expr in (*formulas(claim), claim.condition.holds):
            lower(expr)(known, [1.0])
        lower_domain(claim.domain, claim.quantity.along)(known, [1.0])

    everything(enough)
    for field in needs(claim):
        with pytest.raises(MissingInputError, match=field):
            everything(replace(enough, **{field: None}))


def test_conditions_choose_tokens_concepts_and_models():
    base = replace(baseline(7), log_odds=np.array([-1.0, 0.5, 3.0, 3.0]))
    assert lower(M[z] >= M_max)(base, [0.0]).ravel().tolist() == [False, False, True, True]
    assert lower(M[z] >= M_max)(base, [0.0], tokens=[2, 0]).ravel().tolist() == [True, False]
    assert lower(is_target)(base, [0.0]).ravel().tolist() == [True, False]
    assert bool(lower(pre_norm)(base, [0.0]).item())
    assert not bool(lower(pre_norm)(replace(base, facts=frozenset()), [0.0]).item())
    tail = sp.Union(sp.Interval(-sp.oo, -limit_strength), sp.Interval(limit_strength, sp.oo))
    assert lower_domain(tail)(base, [-3.5, -2.9, 0.0, 3.0]).tolist() == [True, False, False, True]


def test_observed_tokens_are_an_evaluation_law():
    base = replace(baseline(8), data=np.array([2, 0]))
    values = lower(DataMean(j))(base, [0.0])
    np.testing.assert_array_equal(values[:, 0], base.log_odds[[2, 0]])


def test_refusals_say_why():
    base = baseline(9)
    with pytest.raises(ValueError, match="depends on token"):
        lower(log_tilted(), per=("context",))
    with pytest.raises(ValueError, match="no numerical form"):
        lower(sp.gamma(alpha))(base, [1.0])
    certain = np.log([[0.5, 0.5, 0.0 + 1e-300, 1e-300]])
    with pytest.raises(ValueError, match="centred logit needs finite ones"):
        lower(centred(logit[j, z]))(Baseline(log_probs=np.where(certain < -600, -np.inf, certain)), [0.0])


def departs(claim, base: Any, points, values, tokens) -> bool:
    """Whether a fine curve plainly breaks a claim."""

    def at(expr):
        return np.asarray(lower(expr, claim.quantity.per)(base, points, tokens))

    for _ in range(getattr(claim, "derivative", 0)):
        values = np.gradient(values, points, axis=-1)
    match claim:
        case Close():
            return bool((np.abs(values - at(claim.value)) > at(claim.remainder) + 0.01).any())
        case Turns():
            most, rises = (int(at(sp.sympify(e)).item()) for e in (claim.n, DIRECTIONS.get(claim.first, claim.first)))
            steps = rises * np.diff(values, axis=-1).ravel()
            steps = np.sign(steps[np.abs(steps) > 1e-9])
            return bool((steps[1:] != steps[:-1]).sum() + (steps[:1] < 0).sum() > most)
        case _:
            low, high = (e if e is None else at(e) for e in (claim.lower, claim.upper))
            return bool(
                (low is not None and (values < low - 0.01).any()) or (high is not None and (values > high + 0.01).any())
            )


DIRECTIONS = {"rising": 1, "falling": -1}


@pytest.mark.parametrize("law", LAWS.values(), ids=list(LAWS))
def test_a_counterexample_breaks_its_claim_and_the_closed_form_does_not(law):
    example = law.counterexample
    claim, per = law.claims[example.claim], law.claims[example.claim].quantity.per
    base = counterexample_baseline(example)
    points = abscissa(claim, base, np.linspace(*example.window, 241))
    tokens = [example.token]
    applies = lower(claim.condition.holds, per)(base, points, tokens=tokens)
    assert applies.all(), "the law must apply to its counterexample"
    values = np.asarray(lower(example.values, per)(base, points, tokens=tokens))
    assert np.isfinite(values).all()
    assert departs(claim, base, points, values + 0 * points, tokens)
    alike = [
        c for c in law.claims if (c.quantity, c.domain, c.condition) == (claim.quantity, claim.domain, claim.condition)
    ]
    closed_forms = [c.value for c in alike if isinstance(c, Close) and c.derivative == 0]
    for closed_form in closed_forms:
        lawful = np.asarray(lower(closed_form, per)(base, points, tokens=tokens))
        assert not departs(claim, base, points, lawful + 0 * points, tokens)


def test_dimensions():
    assert dimensions_of(cgf()) == ("context",)
    assert dimensions_of(log_tilted()) == ("context", "token")
    assert dimensions_of(ConceptCumulant(0, alpha)) == ("context", "concept")
    assert dimensions_of(ContextMean(cgf())) == ()
    assert dimensions_of(centred(logit[j, z])) == ("context", "token")
