"""Singular values of a table of log-probabilities: how many directions a steered model moves in."""

import numpy as np

from numerics.bands import rounding_halfwidth
from numerics.view import View

ROWS = 65
"""Strengths that the table is taken over, at most, evenly chosen."""


def observe_singular_values(view: View) -> dict[str, np.ndarray]:
    """Singular values of the log-probabilities less their row and column means, per root of the table's size and per
    standard deviation of the strengths.

    The normalisation drops out with the row means. Centring is a projection and singular values move by at most the
    norm of the error (Weyl), so they are off by at most the root mean square of the logits' rounding. The vocabulary is
    streamed: a QR decomposition, block by block, keeps what singular values need.
    """
    rows = slice(None, None, -(-len(view.strengths) // ROWS))
    strengths, means = view.strengths[rows], view.mean_logit[rows]
    triangle = np.zeros((0, len(strengths)))
    for _, values in view.blocks():
        centred = values[rows] - means[:, None]
        centred -= centred.mean(axis=0)
        triangle = np.linalg.qr(np.concatenate([triangle, centred.T]), mode="r")
    scale = np.sqrt(len(strengths) * view.logits.shape[1]) * strengths.std()
    values = np.linalg.svd(triangle, compute_uv=False) / scale
    logits_off = np.sqrt((view.halfwidth[rows] ** 2).mean()) / strengths.std()
    return {
        "singular_values": values,
        "singular_values_halfwidth": logits_off + rounding_halfwidth(np.float64, np.linalg.norm(values)),
    }
