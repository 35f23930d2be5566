"""Singular values of a table of log-probabilities: how many directions a steered model moves in."""

import numpy as np

from numerics.observing.observers.view import View

ROWS = 65
"""Strengths that the table is taken over, at most, evenly chosen."""


def observe_singular_values(view: View) -> dict[str, np.ndarray]:
    """Singular values of the log-probabilities less their row and column means, per root of the table's size and per
    standard deviation of the strengths.

    The normalisation drops out with the row means. Centring is a projection and singular values move by at most the
    norm of the error (Weyl), so they are off by at most the root mean square of the logits' rounding. They are roots of
    the eigenvalues of the table's Gram matrix, summed slice by slice, in which rounding is at most V eps of its trace:
    of a singular value the root of that, which is less than what logits in float32 are off by.
    """
    rows = slice(None, None, -(-len(view.strengths) // ROWS))
    strengths, means = view.strengths[rows], view.mean_logit[rows]
    gram = np.zeros((len(strengths), len(strengths)))
    for _, values in view.slices():
        centred = values[rows] - means[:, None]
        centred -= centred.mean(axis=0)
        gram += centred @ centred.T
    vocab = view.vocab_size
    scale = np.sqrt(len(strengths) * vocab) * strengths.std()
    values = np.sqrt(np.maximum(np.linalg.eigvalsh(gram)[::-1], 0.0)) / scale
    logits_off = np.sqrt((view.halfwidth[rows] ** 2).mean()) / strengths.std()
    rounding = np.sqrt(vocab * np.finfo(np.float64).eps) * np.linalg.norm(values)
    return {"singular_values": values, "singular_values_halfwidth": logits_off + rounding}
