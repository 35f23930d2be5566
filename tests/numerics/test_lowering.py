"""Lowered closed forms against their definitions: sums over the vocabulary at 50 digits. Generic over the laws."""

from dataclasses import replace
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.baseline import Baseline
from numerics.lowering import MissingInputError, counterexample_baseline, dimensions_of, lower, lower_domain, needs
from theory.catalogue import laws
from theory.claims import Close, Turns
from theory.instances import DIGITS, Instance, evaluate
from theory.tilted import (
    C,
    ConceptCumulant,
    ContextMean,
    Cumulant,
    DataMean,
    J,
    M,
    M_max,
    OutsideCumulant,
    V,
    alpha,
    centred,
    cgf,
    definition,
    is_target,
    j,
    limit_minus,
    limit_plus,
    limit_remainder,
    limit_strength,
    log_tilted,
    logit,
    logit_shift,
    p,
    pi,
    pre_norm,
    r,
    tilted_mean,
    z,
)

EPS = np.finfo(float).eps
LAWS = laws()
CLAIMS = [(law.id, claim) for law in LAWS.values() for claim in law.claims]
every_claim = pytest.mark.parametrize("claim", [c for _, c in CLAIMS], ids=[f"{name}: {c.says}" for name, c in CLAIMS])


def formulas(claim) -> list:
    match claim:
        case Close():
            found = [claim.value, claim.remainder]
        case Turns():
            found = [claim.turn]
        case _:
            found = [claim.lower, claim.upper]
    return [f for f in found if f is not None]


def baseline(seed: int, *, contexts: int = 2, vocab: int = 4, spread: float = 2.0, ties: bool = False) -> Any:
    rng = np.random.default_rng(seed)
    log_odds = spread * rng.standard_normal(vocab)
    if ties:
        log_odds[-1] = log_odds[0]
    inside = np.arange(vocab) % 2 == 0
    return Baseline(
        log_probs=np.log(rng.dirichlet(np.ones(vocab), size=contexts)),
        log_odds=log_odds,
        weights=rng.dirichlet(np.ones(contexts)),
        data=np.log(rng.dirichlet(np.ones(vocab), size=contexts)),
        concepts=np.array([inside, ~inside]),
        logit_shift=rng.standard_normal(vocab),
        limit_logits=rng.standard_normal((2, vocab)),
        limit_strength=3.0,
        limit_remainder=0.1,
        facts=frozenset({"pre_norm"}),
    )


def normalised(log_probs) -> list:
    with mpmath.workdps(DIGITS):
        weights = [mpmath.exp(mpmath.mpf(x)) for x in log_probs]
        return [w / mpmath.fsum(weights) for w in weights]


def oracle(expr, base: Any, strength: float, context: int, token: int, concept: int):
    """The definition as sums, evaluated at 50 digits: it shares no code with the kernels."""
    contexts, vocab = base.log_probs.shape
    known = {V: vocab, J: contexts, alpha: mpmath.mpf(strength), j: context + 1, z: token + 1}
    known |= {limit_remainder: base.limit_remainder, limit_strength: base.limit_strength}
    shares = base.weights / base.weights.sum()
    for n in range(contexts):
        known[pi, (n + 1,)] = mpmath.mpf(shares[n])
        for base_law, rows in ((p, base.log_probs), (r, base.log_probs if base.data is None else base.data)):
            law = normalised(rows[n])
            known |= {(base_law, (n + 1, y + 1)): law[y] for y in range(vocab)}
        known |= {(logit, (n + 1, y + 1)): mpmath.mpf(base.log_probs[n, y]) for y in range(vocab)}
    for y in range(vocab):
        known[M, (y + 1,)] = mpmath.mpf(base.log_odds[y])
        known[C, (y + 1,)] = mpmath.mpf(int(base.concepts[concept, y]))
        known[logit_shift, (y + 1,)] = mpmath.mpf(base.logit_shift[y])
        known[limit_minus, (y + 1,)], known[limit_plus, (y + 1,)] = map(mpmath.mpf, base.limit_logits[:, y])
    return evaluate(definition(expr), Instance(seed=0, size=vocab, given=known))


def assert_exact(expr, base: Any, strengths, per=("context",), scale: float | None = None):
    """`|error| <= 1e-12 |value| + 1e-12 + 4 eps max|alpha M|`, at every context, token, concept and strength."""
    value = np.asarray(lower(expr, per)(base, strengths))
    assert value.dtype == np.float64
    contexts, vocab = base.log_probs.shape
    lengths = {"context": contexts, "token": vocab, "concept": len(base.concepts)}
    value = np.broadcast_to(value, (*(lengths[axis] for axis in per), len(strengths)))
    for at in np.ndindex(value.shape):
        where = dict(zip(per, at, strict=False))
        strength = float(strengths[at[-1]])
        exact = oracle(expr, base, strength, where.get("context", 0), where.get("token", 0), where.get("concept", 0))
        reach = max(1.0, scale or 0.0, float(np.abs(strength * base.log_odds).max()))
        bound = 1e-12 * abs(exact) + 1e-12 + 4 * EPS * reach
        assert abs(mpmath.mpf(float(value[at])) - exact) <= bound, (str(expr), where, strength)


@every_claim
def test_every_formula_of_a_claim_is_its_definition(claim):
    for expr in formulas(claim):
        assert_exact(expr, baseline(1), [-4.0, -0.3, 0.0, 1.7], claim.quantity.per)


@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 2**32 - 1),
    exponent=st.floats(-8, 2),
    strength=st.one_of(st.sampled_from([0.0, 1e-9, -1e3, 1e3]), st.floats(-1e3, 1e3)),
    ties=st.booleans(),
    vocab=st.sampled_from([2, 5]),
)
def test_log_probabilities_at_any_spread(seed, exponent, strength, ties, vocab):
    base = baseline(seed, contexts=1, vocab=vocab, spread=10.0**exponent, ties=ties)
    reach = float(np.abs(base.log_probs).max())
    assert_exact(cgf(), base, [strength])
    assert_exact(log_tilted(), base, [strength], ("context", "token"), reach)
    assert_exact(tilted_mean(), base, [strength], scale=float(np.abs(base.log_odds).max()))


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("atom", [Cumulant, ConceptCumulant, OutsideCumulant])
def test_cumulants_of_any_set(atom, order):
    per = ("context",) if atom is Cumulant else ("context", "concept")
    assert_exact(atom(order, alpha), baseline(2), [-1.0, 0.0, 2.5], per)


@pytest.mark.parametrize("strength", [1e-10, -1e-7, 1e-3, 0.4, -3.0])
def test_the_change_in_cross_entropy_near_zero_keeps_its_digits(strength):
    """About alpha^2 times the variance: relatively accurate, where K - alpha E[M] in floats would be all rounding."""
    base = replace(baseline(5), data=None)
    closed_form = ContextMean(cgf() - alpha * DataMean(j))
    value = float(lower(closed_form)(base, [strength])[0])
    exact = oracle(closed_form, base, strength, 0, 0, 0)
    assert abs(value - exact) <= 1e-11 * abs(exact)
    assert value > 0


@every_claim
def test_nothing_overflows(claim):
    base = baseline(3, spread=1e2)
    strengths = [-1e6, -1e3, 0.0, 1e3, 1e6]
    for expr in formulas(claim):
        assert np.isfinite(lower(expr)(base, strengths)).all()
    if not any(expr.has(logit) for expr in formulas(claim)):
        log_probs = base.log_probs.copy()
        log_probs[:, 1] = -np.inf
        for expr in formulas(claim):
            assert not np.isnan(
                lower(expr)(replace(base, log_probs=log_probs - np.log(np.exp(log_probs).sum(1))[:, None]), strengths)
            ).any()


@every_claim
def test_shapes_follow_the_quantity(claim):
    base, strengths, per = baseline(4), np.linspace(-1, 1, 3), claim.quantity.per
    lengths = {"context": 2, "token": 3, "concept": 2}
    full = (*(lengths[axis] for axis in per), 3)
    for expr in formulas(claim):
        value = lower(expr, per)(base, strengths, tokens=[3, 0, 1])
        assert value.ndim == len(per) + 1
        assert np.broadcast_shapes(value.shape, full) == full
        shared = lower(expr)(base, strengths, tokens=[3, 0, 1])
        assert np.broadcast_shapes(shared.shape, full) == full
    condition = lower(claim.condition.holds, per)(base, strengths, tokens=[3, 0, 1])
    assert condition.dtype == bool
    assert condition.shape[-1] == 1
    assert lower_domain(claim.domain)(base, strengths).dtype == bool


@every_claim
def test_needs_are_exactly_what_is_missed(claim):
    """Without any one of them the evaluation says so; with all of them, and nothing else, it runs."""
    base = baseline(6)
    empty = Baseline(log_probs=base.log_probs)
    enough = replace(empty, **{field: getattr(base, field) for field in needs(claim)})

    def everything(known):
        for expr in formulas(claim):
            lower(expr)(known, [0.0])
        lower(claim.condition.holds)(known, [0.0])
        lower_domain(claim.domain)(known, [0.0])

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
        lower(centred(logit[j, z]))(replace(base, log_probs=np.where(certain < -600, -np.inf, certain)), [0.0])


def departs(claim, base: Any, strengths, values, tokens) -> bool:
    """Whether a fine curve plainly breaks a claim."""
    inside = np.asarray(lower_domain(claim.domain)(base, strengths))
    match claim:
        case Close():
            predicted, remainder = (
                np.asarray(lower(e)(base, strengths, tokens)) for e in (claim.value, claim.remainder)
            )
            return bool(((np.abs(values - predicted) > remainder + 0.01) & inside).any())
        case Turns():
            steps = np.sign(np.diff(values, axis=-1)).reshape(-1, strengths.size - 1)
            turns = (steps[:, 1:] != steps[:, :-1]).sum(axis=-1)
            return bool((turns > claim.n).any())
        case _:
            for _ in range(claim.derivative):
                values = np.gradient(values, strengths, axis=-1)
            low, high = (e if e is None else np.asarray(lower(e)(base, strengths)) for e in (claim.lower, claim.upper))
            return bool(
                (low is not None and (values < low - 0.01).any()) or (high is not None and (values > high + 0.01).any())
            )


@pytest.mark.parametrize("law", LAWS.values(), ids=list(LAWS))
def test_a_counterexample_breaks_its_claim_and_the_closed_form_does_not(law):
    example = law.counterexample
    claim = law.claims[example.claim]
    base = counterexample_baseline(example)
    start, stop = example.window
    strengths = np.linspace(start, stop, 241)
    tokens = [example.token]
    applies = lower(claim.condition.holds)(base, strengths, tokens=tokens)
    assert applies.all(), "the law must apply to its counterexample"
    values = np.asarray(lower(example.values, claim.quantity.per)(base, strengths, tokens=tokens))
    assert np.isfinite(values).all()
    assert departs(claim, base, strengths, values + 0 * strengths, tokens)
    closed_forms = [c.value for c in law.claims if isinstance(c, Close) and c.quantity is claim.quantity]
    for closed_form in closed_forms:
        lawful = np.asarray(lower(closed_form, claim.quantity.per)(base, strengths, tokens=tokens))
        assert not departs(claim, base, strengths, lawful, tokens)


def test_dimensions():
    assert dimensions_of(cgf()) == ("context",)
    assert dimensions_of(log_tilted()) == ("context", "token")
    assert dimensions_of(ConceptCumulant(0, alpha)) == ("context", "concept")
    assert dimensions_of(ContextMean(cgf())) == ()
    assert dimensions_of(centred(logit[j, z])) == ("context", "token")
