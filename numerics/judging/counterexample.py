"""A counterexample's small instance, as a baseline of one context."""

import numpy as np
from jaxtyping import Bool, Float

from numerics.baseline import Baseline, ConceptDistribution, Sphere, Writing
from theory.facts import FACTS
from theory.law import Counterexample
from theory.tilted import pre_norm


def counterexample_baseline(counterexample: Counterexample) -> Baseline:
    """The instance a counterexample is set in.

    Its log-odds are also its logit shift, its local log-odds (with curvature 0) and what the steering vector adds
    before a final normalisation with `rho^2 = 1 + alpha^2`; the data law is one of concepts that has these log-odds. A
    second vector has the same log-odds, dealt to the tokens from last to first. Texts are two independent tokens, and
    their judge says yes to one in ten without the concept, no to one in five with it.
    """
    log_probs = np.log([float(value) for value in counterexample.probabilities])
    log_odds = np.array([float(value) for value in counterexample.log_odds])
    concept = np.isin(np.arange(log_odds.size), counterexample.concept)
    limits = counterexample.limits
    return Baseline(
        log_probs=log_probs[None],
        log_odds=log_odds,
        concepts=concept[None],
        logit_shift=log_odds,
        limit_logits=None if limits is None else np.array(limits, dtype=float),
        limit_strength=None if limits is None else float(counterexample.limit_strength),
        limit_remainder=None if limits is None else 0.0,
        in_target=np.array([counterexample.in_target]),
        data_law=_data_law(np.exp(log_probs), log_odds, concept, counterexample.in_target),
        sphere=Sphere(
            h_part=log_probs[None],
            v_part=log_odds,
            offset=np.zeros_like(log_odds),
            c=np.ones(1),
            e=np.zeros(1),
            f=1.0,
        ),
        local_log_odds=log_odds[None],
        logit_curvature=0.0,
        other_log_odds=log_odds[::-1],
        writing=Writing(follows=np.zeros(log_odds.size, np.int64), length=2.0),
        judge_errors=np.array([0.1, 0.2]),
        facts=frozenset(str(fact) for fact in (pre_norm, *FACTS)),
    )


def _data_law(
    probabilities: Float[np.ndarray, " vocab"],
    log_odds: Float[np.ndarray, " vocab"],
    concept: Bool[np.ndarray, " vocab"],
    in_target: bool,
) -> ConceptDistribution:
    """Negative contexts all belong to the concept of the tokens of negative log-odds, so |M| = log(a/b) there and on T.

    The context at hand gives the probabilities a of its own concept and b of the others.
    """
    negative_share = (~concept & (log_odds < 0)).astype(np.float64)
    own = concept if in_target else ~concept & (log_odds == 0)
    ratio = np.exp(np.where(concept | (negative_share > 0), np.abs(log_odds), 1.0))
    inside, outside = (
        np.where(own, probabilities, probabilities * ratio),
        np.where(own, probabilities / ratio, probabilities),
    )
    return ConceptDistribution(
        inside=inside,
        outside=outside,
        negative_share=negative_share,
        delta=float((inside - outside)[concept].sum()),
    )
