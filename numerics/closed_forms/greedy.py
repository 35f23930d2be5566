"""Where greedy decoding changes its mind: the corners of the upper envelope of the lines `log p(z) + alpha M(z)`.

The lines of the envelope are the corners of the upper hull of the points `(M(z), log p(z))`; two neighbours on it cross
at minus the slope between them. O(V log V) for V tokens.
"""

import numpy as np
from jaxtyping import Float, Int

from numerics.arrays import ArrayLike
from numerics.bands.hulls import lower_hull
from numerics.checks import checked_log_odds


def greedy_breakpoints(
    log_probs: Float[ArrayLike, " vocab"], log_odds: Float[ArrayLike, " vocab"]
) -> tuple[Float[np.ndarray, " flips"], Int[np.ndarray, " flips+1"]]:
    """Strengths, ascending, at which the most probable token under the tilt changes, and the tokens in turn.

    Before the first strength it is the first token, between strengths n and n+1 token n+1. The log-odds of the tokens
    rise strictly. A common offset of `log_probs` drops out, so logits do as well; -inf is a token that never comes. Of
    tokens alike in both the lowest id is named, and one that leads at a single strength only is left out. Exact for the
    float64 lines given, up to the rounding of a cross product; anything but finite values or -inf is a `ValueError`.

    >>> greedy_breakpoints(np.log([0.7, 0.2, 0.1]), [0.0, 1.0, 1.0])     # (array([1.25276297]), array([0, 1]))
    """
    heights = np.asarray(log_probs, np.float64)
    if heights.ndim != 1:
        raise ValueError(f"log_probs: expected those of one context, shape [vocab], got shape {heights.shape}")
    slopes = np.asarray(checked_log_odds(log_odds, vocab=len(heights)))
    possible = np.flatnonzero(heights > -np.inf)
    if not possible.size or np.isnan(heights).any() or np.isposinf(heights).any():
        raise ValueError("log_probs: expected finite values, or -inf for a token of probability 0, one finite at least")
    ranked = possible[np.lexsort((possible, -heights[possible], slopes[possible]))]
    first = np.r_[True, slopes[ranked[1:]] > slopes[ranked[:-1]]]
    highest = ranked[first]
    tokens = highest[lower_hull(slopes[highest], -heights[highest])]
    return -np.diff(heights[tokens]) / np.diff(slopes[tokens]), tokens
