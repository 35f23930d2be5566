"""Every atom with a row in the table, lowered, is its definition, at any spread and strength."""

from dataclasses import replace
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from lowering_oracle import assert_exact, baseline, largest, oracle
from numerics.lowering.atoms import ROWS
from numerics.lowering.expressions import dimensions_of, lower
from theory.checker.instances import DIGITS
from theory.tilted import (
    ConceptCumulant,
    ConceptDivergence,
    ContextMean,
    Cumulant,
    DataMean,
    ExtremalLogMass,
    OutsideCumulant,
    TextMean,
    TextSpent,
    TextTilt,
    alpha,
    cgf,
    hits,
    j,
    log_tilted,
    logit,
    text,
    tilted_mean,
    z,
)


def sample(key) -> tuple[Any, int]:
    """An atom with this row in the table, and the power of the log-odds that it is measured in.

    What is of a whole text is looked at through its mean over texts.
    """
    if key is hits:
        return TextMean(hits[text], alpha), 0
    if isinstance(key, sp.IndexedBase):
        return key[tuple({"context": j, "token": z}[axis] for axis in ROWS[key].per if axis != "concept")], 1
    if not isinstance(key, type):
        return key, 1
    if issubclass(key, Cumulant):
        return key(2, alpha), 2
    if key is TextTilt:
        return TextMean(TextTilt(1, alpha) ** 2, alpha), 2
    if key is TextSpent:
        return TextMean(TextSpent(alpha), alpha), 1
    arguments = {DataMean: j, ExtremalLogMass: sp.S.NegativeOne}
    return key(arguments.get(key, alpha)), 0


DEFINED = [key for key in ROWS if getattr(key, "__module__", "theory") != "numerics.lowering.forms"]


@pytest.mark.parametrize("key", DEFINED, ids=str)
@settings(deadline=None, max_examples=4)
@given(seed=st.integers(0, 2**32 - 1), exponent=st.floats(-8, 2), strength=st.floats(-1e3, 1e3), ties=st.booleans())
def test_every_atom_is_its_definition_at_any_spread(key, seed, exponent, strength, ties):
    base = baseline(seed, contexts=2, vocab=5, spread=10.0**exponent, ties=ties)
    atom, power = sample(key)
    size = largest(base)
    if key is ConceptDivergence:  # its definition takes log(1 - F), which 50 digits must tell from log 0
        strength = float(np.clip(strength, -50 / size, 50 / size))
    reach = size**power * (1 + abs(strength) * size) + float(np.abs(base.log_probs).max())
    with mpmath.workdps(DIGITS):
        assert_exact(atom, base, [strength], dimensions_of(atom), reach)


@pytest.mark.parametrize("key", DEFINED, ids=str)
def test_no_atom_overflows(key):
    base = baseline(3, vocab=64, spread=1e2)
    certain = np.where(np.arange(64) == 1, -np.inf, base.log_probs)
    for law in (base.log_probs, certain - np.log(np.exp(certain).sum(axis=1))[:, None]):
        atom, _ = sample(key)
        values = np.asarray(lower(atom)(replace(base, log_probs=law), [-1e6, -1e3, 0.0, 1e3, 1e6]))
        assert not np.isnan(values).any()
        assert np.isfinite(values).all() or key == logit


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
