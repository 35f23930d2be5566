"""The data law and the log-odds that steering along a concept draws from it (the paper's Figure 2)."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from steerlaw.rendering.figures.style import GREY, SERIES, WIDTH, styled


@styled
def data_law_figure(
    probabilities: Float[np.ndarray, "contexts vocab"],
    log_odds: Float[np.ndarray, " vocab"],
    concept_of: Int[np.ndarray, " vocab"],
    concept_names: Sequence[str],
    context_names: Sequence[str],
) -> Figure:
    """Above, p(z|c) by context and token; below, each token's log-odds M(z), nats, coloured by concept."""
    contexts, vocab = probabilities.shape
    figure = Figure(figsize=(WIDTH, 1.9 + 0.28 * contexts), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[0.28 * contexts, 1.1])
    edges = np.flatnonzero(np.diff(concept_of)) + 0.5

    image = above.imshow(probabilities, norm=LogNorm(), cmap="cividis", aspect="auto")
    figure.colorbar(image, ax=above, label="p(z | c)", pad=0.01, aspect=10)
    above.set_yticks(range(contexts), context_names)
    above.tick_params(length=0)
    above.spines[:].set_visible(False)
    above.vlines(edges, -0.5, contexts - 0.5, color="white", linewidth=2.5)
    above.hlines(np.arange(contexts - 1) + 0.5, -0.5, vocab - 0.5, color="white", linewidth=2.5)

    below.bar(np.arange(vocab), log_odds, width=0.7, color=[SERIES[k] for k in concept_of])
    for z in np.flatnonzero(np.isclose(log_odds, 0, atol=1e-9)):
        below.plot(z, 0, "o", color=SERIES[concept_of[z]], markersize=3.5)
    below.axhline(0, color=GREY, linewidth=0.6)
    for edge in edges:
        below.axvline(edge, color=GREY, linewidth=0.6, linestyle=":")
    below.set_ylabel("log-odds M(z)\nnats")
    below.set_xlabel("token z")
    below.set_xticks(range(vocab))
    for k, name in enumerate(concept_names):
        tokens = np.flatnonzero(concept_of == k)
        above.text(tokens.mean(), -0.62, name, ha="center", va="bottom", color=SERIES[k], fontweight="bold")
    return figure
