"""Each law holds where it must, and stops holding when the law or the model is broken. No law is named."""

from dataclasses import replace

import jax
import numpy as np
import pytest
import sympy as sp

from numerics.judging.verdict import OUTCOMES, Outcome
from real_models.decoding.decoder import initialise
from real_models.steering.model import LanguageModel
from steerlaw.experiments.chains import chain_experiments
from steerlaw.experiments.experiment import Grid, observe, with_controls
from steerlaw.experiments.language import Concept, language_experiments
from steerlaw.experiments.toy import toy_experiments
from steerlaw.results.judging import judged
from theory.catalogue import laws
from theory.claims import Bounded, Close, Turns
from theory.quantities import LOG_ODDS

pytestmark = pytest.mark.slow

LAWS = list(laws().values())
TOLERANCE = 1e-3


class Tampered:
    """A model whose strength swings back and forth, and whose logits are stretched."""

    def __init__(self, model):
        self._model = model

    def __getattr__(self, name):
        if name in ("rays", "text_rays"):  # by which it would be seen as it was
            raise AttributeError(name)
        return getattr(self._model, name)

    @staticmethod
    def _swing(strengths):
        return 1.5 * np.sin(np.asarray(strengths)) + 0.1 * np.asarray(strengths)

    def logits(self, tokens, strengths, **where):
        return 1.5 * self._model.logits(tokens, self._swing(strengths), **where)

    def derivative(self, tokens, strengths, **where):
        rate = 1.5 * np.cos(np.asarray(strengths)) + 0.1
        return 1.5 * rate[:, None] * self._model.derivative(tokens, self._swing(strengths), **where)

    def cross_entropy(self, blocks, strengths, **where):
        return self._model.cross_entropy(blocks, self._swing(strengths), **where)


@pytest.fixture(scope="module")
def experiments(small_spec):
    """The exact toy models, the chains, and a small pre-norm transformer in float64, for the laws that speak of one."""
    toys = [e for e in toy_experiments(Grid(count=193)) if e.subject.model == "ufm-exact"]
    return [*toys, *chain_experiments(Grid()), *transformers(small_spec)]


def transformers(spec):
    params = jax.tree.map(lambda x: x.astype(np.float64), initialise(spec, jax.random.key(0), 0.2))
    model = LanguageModel(name="random", spec=spec, params=params, dtype="float64")
    vector = np.random.default_rng(0).standard_normal(spec.d_model)
    concept = Concept(
        name="none", vectors={0: vector, 1: vector}, contexts=[[1, 2, 3], [4, 5]], targets=np.arange(40) < 5
    )
    return [e for e in language_experiments(model, model, concept, Grid(count=33)) if e.subject.control is None]


@pytest.fixture(scope="module")
def observed(experiments):
    return [o for e in experiments for o in observe(e)]


def outcomes(law, observations) -> dict[Outcome, int]:
    """Single verdicts by outcome, on the toy models; on the transformer where no toy model meets the conditions."""
    total = dict.fromkeys(OUTCOMES, 0)
    for kind in ("ufm-exact", "chain", "random"):
        for observation in observations:
            if observation.subject.model == kind:
                for _, finding in judged(observation, [law], TOLERANCE):
                    for outcome in OUTCOMES:
                        total[outcome] += finding.counts[outcome]
        if total["holds"] + total["departs"] + total["undecided"]:
            break
    return total


every_claim = pytest.mark.parametrize(
    ("law", "number"), [(law, n) for law in LAWS for n in range(len(law.claims))], ids=lambda x: getattr(x, "id", x)
)


@every_claim
def test_holds_where_its_hypotheses_hold(law, number, observed):
    found = outcomes(replace(law, claims=(law.claims[number],)), observed)
    assert found["holds"] > 0
    assert found["departs"] == found["undecided"] == 0


def wrong_sign(claim):
    """The claim with its closed form, its direction or its bounds turned round."""
    match claim:
        case Close():
            integral = None if claim.integral is None else -claim.integral
            return replace(claim, value=-claim.value if claim.value != 0 else sp.S.One, integral=integral)
        case Turns():
            turned = {"rising": "falling", "falling": "rising"}
            return replace(claim, first=turned[claim.first] if isinstance(claim.first, str) else -claim.first)
        case Bounded():
            return replace(claim, lower=claim.upper, upper=claim.lower)


@every_claim
def test_a_wrong_sign_departs(law, number, observed):
    broken = replace(law, claims=(wrong_sign(law.claims[number]),))
    assert outcomes(broken, observed)["departs"] > 0


@pytest.fixture(scope="module")
def tampered(experiments):
    """The same models, tampered with; and, for what is measured before any steering, log-odds of the wrong tokens."""
    steered = [o for e in experiments for o in observe(replace(e, model=Tampered(e.model)))]
    dealt = [o for e in experiments for o in observe(list(with_controls(e, seed=0))[1])]
    return steered, dealt


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.id)
def test_a_tampered_model_departs(law, tampered):
    steered, dealt = tampered
    before_steering = all(claim.quantity is LOG_ODDS for claim in law.claims)
    assert outcomes(law, dealt if before_steering else steered)["departs"] > 0
