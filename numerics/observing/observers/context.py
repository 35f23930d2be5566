"""Everything that is observed of one context, from an observer for each group of quantities.

An observer maps a `View` to variables of a sweep, by name; the band of X is X +- `X_halfwidth`. One that lacks what it
needs (log-odds, concepts, chosen tokens) observes nothing.
"""

from collections.abc import Callable, Collection

import numpy as np
from jaxtyping import Float
from scipy.special import logsumexp

from numerics.bands.band import rounding_halfwidth
from numerics.lowering.setting import most_probable
from numerics.observing.observers.divergences import observe_divergences
from numerics.observing.observers.entropy import observe_entropy
from numerics.observing.observers.singular_values import observe_singular_values
from numerics.observing.observers.view import View

UNDERFLOW = 1e-250
"""A concept's share of the largest token's probability below which its mass is summed again on its own scale."""

Variables = dict[str, np.ndarray]


def observe_context(view: View, wanted: Collection[str]) -> Variables:
    """What is wanted of one context, and what the same observers find beside it."""
    found: Variables = {}
    for observer, names in OBSERVERS.items():
        if not names.isdisjoint(wanted):
            found |= observer(view)
    return found


def observe_tokens(view: View) -> Variables:
    """Log-probabilities of the chosen tokens, and their log-odds against the most probable unsteered token."""
    if not view.tokens.size:
        return {}
    logits = view.of(view.tokens)
    reference = most_probable(view.unsteered)
    return {
        "log_probability": (logits - view.log_normaliser[:, None]).T,
        "log_probability_halfwidth": 2 * view.halfwidth,
        "log_ratio": (logits - view.of(np.array([reference]))).T,
        "log_ratio_halfwidth": 2 * view.halfwidth,
    }


def observe_interplay(first: View, second: View, both: View) -> Variables:
    """What two vectors add to the chosen tokens' log-probabilities together, less what each adds on its own."""
    logs = [view.of(view.tokens) - view.log_normaliser[:, None] for view in (first, second, both)]
    base = first.base
    return {
        "interplay": (logs[2] - logs[0] - logs[1] + logs[0][base]).T,
        "interplay_halfwidth": 2 * sum(view.halfwidth for view in (first, second, both)) + 2 * first.halfwidth[base],
    }


def observe_means(view: View) -> Variables:
    """The vocabulary's mean log-probability, and the mean log-odds."""
    found = {"mean_logprob": view.mean_logit - view.log_normaliser, "mean_logprob_halfwidth": 2 * view.halfwidth}
    if view.log_odds is not None:
        rounding = rounding_halfwidth(np.float64, np.abs(view.log_odds).max())
        found["mean_log_odds"] = view.sums[:, 1] / view.sums[:, 0]
        found["mean_log_odds_halfwidth"] = view.halfwidth * np.ptp(view.log_odds) + rounding
    return found


def observe_greedy(view: View) -> Variables:
    """The most probable token: its log-probability and its log-odds (of all that may be it, within rounding)."""
    found = {"top_log_probability": view.top - view.log_normaliser, "top_log_probability_halfwidth": 2 * view.halfwidth}
    if view.log_odds is None:
        return found
    low, high = np.full(len(view.top), np.inf), np.full(len(view.top), -np.inf)
    least = (view.top - 2 * view.halfwidth)[:, None]
    for columns, values in view.slices():
        may_lead, odds = values >= least, view.log_odds[columns]
        np.minimum(low, np.where(may_lead, odds, np.inf).min(axis=1), out=low)
        np.maximum(high, np.where(may_lead, odds, -np.inf).max(axis=1), out=high)
    return found | {"greedy_log_odds": (low + high) / 2, "greedy_log_odds_halfwidth": (high - low) / 2}


def observe_concepts(view: View) -> Variables:
    """Logit of each concept's probability."""
    if view.concepts is None:
        return {}
    inside, outside = concept_log_masses(view)
    return {"concept_logit": inside - outside, "concept_logit_halfwidth": 2 * view.halfwidth}


def concept_log_masses(view: View) -> tuple[Float[np.ndarray, "concepts strengths"], ...]:
    """log of the unnormalised mass of each concept, and of the rest; sums that underflow are taken anew."""
    assert view.concepts is not None
    sums = np.split(view.sums[:, -2 * len(view.concepts) :], 2, axis=1)
    logs = tuple(np.empty((len(view.concepts), len(view.top))) for _ in sums)
    for mass, sets, out in zip(sums, (view.concepts, ~view.concepts), logs, strict=True):
        for n, members in enumerate(sets):
            if mass[:, n].min() > UNDERFLOW:
                out[n] = view.top + np.log(mass[:, n])
            else:
                out[n] = logsumexp(view.of(np.flatnonzero(members)), axis=1)
    return logs


def observe_pushes(view: View) -> Variables:
    """Relative entropies to and from the unsteered distribution, and each concept's share of the former."""
    return observe_divergences(view, None if view.concepts is None else concept_log_masses(view))


OBSERVERS: dict[Callable[[View], Variables], frozenset[str]] = {
    observe_tokens: frozenset({"log_probability", "log_ratio"}),
    observe_means: frozenset({"mean_logprob", "mean_log_odds"}),
    observe_greedy: frozenset({"top_log_probability", "greedy_log_odds"}),
    observe_entropy: frozenset({"entropy"}),
    observe_concepts: frozenset({"concept_logit"}),
    observe_pushes: frozenset({"kl_forward", "kl_reverse", "efficiency"}),
    observe_singular_values: frozenset({"singular_values"}),
}
"""Every observer with the names of what it finds, each with its half-width."""
