"""Settings: what several closed forms have in common is read once, and goes with whoever keeps them."""

import gc
import weakref
from typing import Any

import numpy as np
import pytest
from scipy.special import log_softmax

import numerics.lowering.expressions as expressions
from numerics.baseline import Baseline
from numerics.judging.one_curve import compare
from numerics.lowering.expressions import lower
from numerics.lowering.setting import settings_of
from theory.tilted import centred, cgf, j, log_tilted, logit, tilted_mean, z


def baseline() -> Baseline:
    rng = np.random.default_rng(0)
    return Baseline(log_probs=log_softmax(rng.normal(size=(2, 5)), axis=1), log_odds=rng.normal(size=5))


@pytest.fixture
def reads(monkeypatch) -> list[Any]:
    """The atoms that were evaluated, in order."""
    seen, read = [], expressions.read

    def counted(atom, *of):
        seen.append(atom)
        return read(atom, *of)

    monkeypatch.setattr(expressions, "read", counted)
    return seen


def test_an_atom_is_read_once_in_a_setting_whatever_form_it_stands_in(reads):
    known, grid = settings_of(baseline()), [-1.0, 0.0, 2.0]
    apart = [lower(form)(known.baseline, grid) for form in (cgf() + tilted_mean(), tilted_mean(), cgf())]
    alone = len(reads)
    together = [lower(form)(known, grid) for form in (cgf() + tilted_mean(), tilted_mean(), cgf())]
    assert len(reads) - alone == len(set(reads)) < alone
    for one, other in zip(apart, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_other_strengths_and_tokens_are_other_settings(reads):
    known, form = settings_of(baseline()), lower(log_tilted())
    whole = form(known, [0.0, 1.0])
    np.testing.assert_array_equal(form(known, [0.0, 1.0], [3, 1]), whole[:, [3, 1]])
    np.testing.assert_array_equal(form(known, [1.0]), whole[..., 1:])
    assert len(reads) > 2 * len(set(reads))
    np.testing.assert_allclose(
        lower(centred(logit[j, z]))(known, [0.0], [3]), lower(centred(logit[j, z]))(known, [0.0])[:, [3]]
    )


def test_settings_hold_a_few_and_no_more():
    known = settings_of(baseline())
    for strength in range(50):
        lower(cgf())(known, [float(strength)])
    assert len(known.held) <= 8
    assert settings_of(known) is known


def test_nothing_outlives_its_keeper():
    """Neither a single evaluation nor a judgement keeps a baseline, nor do settings that are let go."""
    base, grid = baseline(), np.linspace(-2, 2, 9)
    assert base.log_odds is not None
    known = settings_of(base)
    lower(log_tilted())(known, grid)
    lower(centred(logit[j, z]))(base, grid, [1])
    tilt = np.log(np.exp(base.log_probs[0] + grid[:, None] * base.log_odds).T).T
    tilt -= np.log(np.exp(tilt).sum(axis=1, keepdims=True))
    compare("tilt", grid, tilt, baseline=Baseline(log_probs=base.log_probs[:1], log_odds=base.log_odds))
    kept = [weakref.ref(one) for one in (base, known, *known.held)]
    table = weakref.ref(base.log_probs)
    del base, known
    gc.collect()
    assert [one() for one in kept] == [None] * len(kept)
    assert table() is None
