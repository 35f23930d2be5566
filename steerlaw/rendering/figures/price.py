"""What a concept's probability costs in divergence, and the least that any distribution pays for it."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.figure import Figure
from scipy.special import rel_entr

from numerics import concept_curves, divergence_curves, efficiency_curves
from steerlaw.rendering.figures.style import BLACK, GREY, SERIES, sheet, styled


@styled
def price_figure(
    log_probs: Float[np.ndarray, " vocab"],
    concept: Bool[np.ndarray, " vocab"],
    vectors: Mapping[str, Float[np.ndarray, " vocab"]],
    strengths: Float[np.ndarray, " strengths"],
) -> Figure:
    """Left, the concept's probability over the nats spent, KL(p_alpha, p), for each vector's log-odds by name; right,
    the efficiency. On the boundary, kl(F, F_0), every nat buys the concept, as in a tilt along its indicator."""
    figure, (bought, share) = sheet(1, 2, height=2.9)
    dearest = 0.0
    for colour, (name, log_odds) in zip(SERIES, vectors.items(), strict=False):
        spent, probability = _bought(log_probs, concept, log_odds, strengths)
        (efficiency,) = np.asarray(efficiency_curves(log_probs, log_odds, strengths, concept[None]))
        dearest = max(dearest, spent[-1])
        bought.plot(spent, probability, color=colour, label=name)
        share.plot(strengths, efficiency, color=colour)
        share.plot(0, efficiency[0], "o", color=colour, markersize=4, markeredgecolor="white", clip_on=False)
    least = np.exp(log_probs[concept]).sum()
    probability = np.linspace(least, 1, 401)
    spent = rel_entr(probability, least) + rel_entr(1 - probability, 1 - least)
    bought.fill_between(spent, probability, 1.02, color=GREY, alpha=0.25, linewidth=0)
    bought.plot(spent, probability, "--", color=BLACK, linewidth=1, label="no distribution does better")
    bought.set(xlim=(0, dearest), ylim=(0, 1.02), xlabel="spent, nats", ylabel="probability of the concept")
    share.axhline(1, color=BLACK, linestyle="--", linewidth=1)
    share.set(xlim=(0, strengths[-1]), ylim=(0, 1.04), xlabel=r"strength $\alpha$", ylabel="efficiency")
    figure.legend(loc="outside lower center", ncols=len(vectors) + 1)
    return figure


def _bought(
    log_probs: Float[np.ndarray, " vocab"],
    concept: Bool[np.ndarray, " vocab"],
    log_odds: Float[np.ndarray, " vocab"],
    strengths: Float[np.ndarray, " strengths"],
) -> tuple[Float[np.ndarray, " strengths"], Float[np.ndarray, " strengths"]]:
    """Nats spent, and the concept's probability, at every strength."""
    log_inside, _ = concept_curves(log_probs, log_odds, strengths, concept[None])
    spent, _ = divergence_curves(log_probs, log_odds, strengths)
    return np.asarray(spent), np.exp(np.asarray(log_inside)[0])
