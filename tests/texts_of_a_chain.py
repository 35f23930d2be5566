"""Texts drawn from a chain whose next token depends on the last one: swept as those of a model, with no model run."""

import itertools

import numpy as np
from scipy.special import log_softmax

from numerics.reweighting.derivatives import Derivatives
from real_models import TextPrediction
from real_models.sampling.batches import Wanted
from real_models.sampling.rescoring import TextCosts
from real_models.sampling.sampling import Draws
from real_models.sampling.slopes import TextSlopes
from real_models.text_curves.curve import TextCurve, curve_of
from steerlaw.inputs.swept_texts import SweptTexts

VOCAB, TOKENS, PROMPTS = 3, 3, 12
GRID = np.array([-1.2, -0.6, -0.02, 0.0, 0.02, 0.6, 1.2])
TEXTS = np.array(list(itertools.product(range(VOCAB), repeat=TOKENS)))
TARGET = 1
BASE, PUSH = (np.random.default_rng(4).normal(size=(VOCAB, VOCAB)) for _ in range(2))
PUSH = PUSH + 2.5 * (np.arange(VOCAB) == TARGET)
BEFORE = np.column_stack([np.zeros(len(TEXTS), int), TEXTS[:, :-1]])


def steps(strengths):
    """Log-probabilities of next tokens `[strengths, last, next]`."""
    return log_softmax(BASE + np.asarray(strengths)[:, None, None] * PUSH, axis=2)


def log_probs(strengths):
    """Of every text at every strength."""
    return steps(strengths)[:, BEFORE, TEXTS].sum(axis=2).T


def exact_share(strengths):
    """The mean share of target tokens, over all texts."""
    return (TEXTS == TARGET).mean(axis=1) @ np.exp(log_probs(strengths))


def words(which):
    return [" ".join(f"w{n}" for n in text) for text in TEXTS[which]]


def chain_curve(each=24, seed=0) -> TextCurve:
    """`each` texts of every prompt at each of four strengths, scored by their share of target tokens."""
    random, at = np.random.default_rng(seed), np.array([0, 1, 3, 5, 6])
    prompt, which, stream = (n.reshape(-1) for n in np.indices((PROMPTS, len(at), each)))
    table, strength = log_probs(GRID), GRID[at[which]]
    chosen = np.array([random.choice(len(TEXTS), p=np.exp(table[:, at[k]])) for k in which])
    law = steps(GRID)
    kl = (np.exp(law) * (law - law[[3]])).sum(axis=2)[:, BEFORE]  # strengths, texts, tokens
    own = kl[at[which], chosen]
    number = at[which]
    draws = Draws(
        tokens=TEXTS[chosen],
        log_prob=law[number[:, None], BEFORE[chosen], TEXTS[chosen]],
        divergence=own,
        entropy=np.zeros(own.shape),
        lengths=np.full(len(chosen), TOKENS),
        ended=np.zeros(len(chosen), bool),
    )
    wanted = Wanted(prompt=prompt, strength=strength, stream=stream)
    costs = TextCosts(log_prob=table[chosen], divergence=kl.sum(axis=2)[:, chosen].T)
    scores = (TEXTS[chosen] == TARGET).mean(axis=1)
    return curve_of(GRID, wanted, draws, costs, words(chosen), scores, 0.05)


def chain_prediction(each=16, seed=1, *, slip=1.0) -> tuple[TextPrediction, np.ndarray]:
    """Unsteered texts of every prompt with S and S' (times `slip`), and their shares of target tokens."""
    random, law = np.random.default_rng(seed), np.exp(steps([0.0])[0])
    mean = (law * PUSH).sum(axis=1)
    variance = (law * (PUSH - mean[:, None]) ** 2).sum(axis=1)
    chosen = random.choice(len(TEXTS), PROMPTS * each, p=np.exp(log_probs([0.0])[:, 0]))
    first = (PUSH[BEFORE, TEXTS] - mean[BEFORE]).sum(axis=1)[chosen]
    information = variance[BEFORE][chosen]
    prediction = TextPrediction(
        prompts=[[0]] * PROMPTS,
        prompt=np.repeat(np.arange(PROMPTS), each),
        tokens=TEXTS[chosen],
        lengths=np.full(len(chosen), TOKENS),
        texts=words(chosen),
        log_prob=log_probs([0.0])[chosen, 0],
        slopes=TextSlopes(first=slip * first, second=-information.sum(axis=1), information=information),
    )
    return prediction, (TEXTS[chosen] == TARGET).mean(axis=1)


def chain_texts(*, slip=1.0, random=(), **change) -> SweptTexts:
    """Both, with the event that a text holds a target token."""
    curve, (predicted, unsteered) = chain_curve(), chain_prediction(slip=slip)
    known = {
        "model": "chain",
        "layer": 2,
        "concept": "w1 <b>",
        "score": "target tokens",
        "tokens": TOKENS,
        "curve": curve,
        "predicted": predicted,
        "unsteered": unsteered,
        "events": {"a target": ((curve.scores > 0).astype(float), (unsteered > 0).astype(float))},
        "random": [_flat(slope) for slope in random],
    }
    return SweptTexts(**known | change)


def _flat(slope: float) -> Derivatives:
    from numerics.reweighting.derivatives import Estimate

    one = Estimate(value=slope, lower=slope, upper=slope)
    return Derivatives(slope=one, curvature=one)
