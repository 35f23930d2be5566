"""How far from its limit a model is, on one whose logits are known to approach it as fast as a hyperbolic tangent."""

from typing import Any

import numpy as np
import pytest
from scipy.special import log_softmax, rel_entr

from numerics.baseline import Baseline
from numerics.observing.model import Steering
from numerics.observing.next_token import observe_next_token
from steerlaw.inputs.subjects import Observation, Subject
from steerlaw.results.reaching.limits import limit_rows

VOCAB, CONTEXTS, PUSH, FARTHEST = 9, [[1], [2], [3]], 0.5, 2.0
RNG = np.random.default_rng(3)
BASE = RNG.standard_normal((len(CONTEXTS), VOCAB))
LIMITS = 2 * RNG.standard_normal((2, VOCAB))


class Saturating:
    """Logits that go from the context's own at strength 0 to the same ones for all contexts, on either side."""

    name, vocab_size = "saturating", VOCAB

    def logits(self, tokens, strengths, *, layer, vector):
        gone = np.tanh(np.abs(np.asarray(strengths)))[:, None]
        side = (np.asarray(strengths) > 0).astype(int)
        return (1 - gone) * BASE[tokens[0] - 1] + gone * LIMITS[side]


def observed(kind: Any, control: Any = None, **limits: Any) -> Observation:
    model: Any = Saturating()
    strengths = np.linspace(-FARTHEST, FARTHEST, 17) if kind == "next token" else np.array([-50.0, 0.0, 50.0])
    sweep = observe_next_token(model, CONTEXTS, strengths, Steering(layer=1, vector=np.ones(1)))
    subject = Subject(model="m", layer=1, concept="c", contexts=CONTEXTS, push=PUSH, control=control)
    baseline = Baseline(log_probs=log_softmax(BASE, axis=1), log_odds=np.zeros(VOCAB), **limits)
    return Observation(subject=subject, kind=kind, sweep=sweep, baseline=baseline)


def known() -> dict[str, Any]:
    return {"limit_logits": LIMITS, "limit_strength": 40.0, "limit_remainder": 1e-4}


def test_a_row_says_how_far_out_the_limit_is_proved_and_how_far_off_the_model_is_at_the_end_of_its_sweep():
    (row,) = limit_rows([observed("next token"), observed("limit", **known())])
    distances = []
    for side, sign in enumerate((-1, 1)):
        logits = Saturating().logits([1], [sign * FARTHEST], layer=1, vector=None)
        ends = np.concatenate(
            [logits, *(Saturating().logits(c, [sign * FARTHEST], layer=1, vector=None) for c in CONTEXTS[1:])]
        )
        p, q = np.exp(log_softmax(ends, axis=1)), np.exp(log_softmax(LIMITS[side]))
        distances.append(rel_entr(p, q).sum(axis=1))
    expected = np.max(distances, axis=0)
    assert row.middle == pytest.approx(np.median(expected), rel=1e-5)
    assert row.largest == pytest.approx(expected.max(), rel=1e-5)
    assert (row.proved_from, row.at) == (40 * PUSH, FARTHEST * PUSH)
    assert "from 2e+01 norms of the residual on" in row.say()
    assert row.to_json()["at"] == row.at


def test_no_row_without_a_sweep_before_the_limit_or_of_another_control():
    limit = observed("limit", **known())
    assert limit_rows([limit]) == []
    assert limit_rows([observed("next token", control="random_weights"), limit]) == []
    assert limit_rows([observed("next token"), observed("limit")]) == []
