"""What greedy decoding takes at each strength: the highest of the lines log p(z) + alpha M(z)."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int
from matplotlib.figure import Figure

from numerics.closed_forms.greedy import greedy_breakpoints
from steerlaw.rendering.figures.curves import STRENGTH, colour_key
from steerlaw.rendering.figures.style import BLACK, GREY, SERIES, WIDTH, styled


@styled
def greedy_figure(
    log_probs: Float[np.ndarray, " vocab"],
    log_odds: Float[np.ndarray, " vocab"],
    concept_of: Int[np.ndarray, " vocab"],
    concept_names: Sequence[str],
    reach: float,
) -> Figure:
    """Above, every token's line over strengths up to `reach` and their upper envelope; below, the log-odds of the token
    taken, which never fall. Dotted lines are the strengths at which the output flips, names the tokens taken."""
    flips, tokens = greedy_breakpoints(log_probs, log_odds)
    strengths = np.linspace(-reach, reach, 257)
    lines = log_probs[:, None] + log_odds[:, None] * strengths
    figure = Figure(figsize=(WIDTH, 3.7), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[2.2, 1])

    for line, concept in zip(lines, concept_of, strict=True):
        above.plot(strengths, line, color=SERIES[concept], linewidth=0.9)
    envelope = lines.max(axis=0)
    above.plot(strengths, envelope, color=BLACK, linewidth=2.4, alpha=0.85)
    above.set_ylim(envelope.min() - 0.75 * np.ptp(envelope), envelope.max() + 0.05 * np.ptp(envelope))
    above.set_ylabel(r"$\log p(z) + \alpha\,M(z)$")

    edges = np.concatenate([[-reach], flips, [reach]])
    below.stairs(log_odds[tokens], edges, baseline=None, color=BLACK, linewidth=1.6)
    for token, left, right in zip(tokens, edges[:-1], edges[1:], strict=True):
        below.annotate(
            f"token {token}", ((left + right) / 2, log_odds[token]), (0, 3), textcoords="offset points", ha="center"
        )
    below.margins(y=0.3)
    below.set_ylabel("log-odds of\nthe token taken")
    below.set_xlabel(STRENGTH)
    below.set_xlim(-reach, reach)
    for axes in (above, below):
        for flip in flips:
            axes.axvline(flip, color=GREY, linewidth=0.7, linestyle=":", zorder=0)
    colour_key(figure, concept_names)
    return figure
