r"""Numbers off a curve, a slice of the vocabulary at a time; no table of strengths and tokens is made for sums over it.

With logits `s_z(alpha)` of the interpolated x, `ell_z = s_z - log sum_y exp(s_y)` and `p_z = exp(ell_z)`:

    d ell_z / d alpha = s_z' - sum_y p_y s_y',
    entropy = -sum_z p_z ell_z,    KL(p_alpha, p) = sum_z p_z (ell_z - ell_z(0)).
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from numerics.observing.curves.head import Head
from numerics.observing.slices import Tokens


class Moving(NamedTuple):
    """x along the strengths, and its derivative in whatever moves them."""

    x: Float[np.ndarray, "rows d"]
    dx: Float[np.ndarray, "rows d"]


class Normaliser(NamedTuple):
    """Log-sum-exp of the logits, and the mean of their derivatives, at each strength; float64."""

    log: Float[np.ndarray, " rows"]
    mean: Float[np.ndarray, " rows"]


def log_normaliser(head: Head, x: Float[np.ndarray, "rows d"]) -> Float[np.ndarray, " rows"]:
    """`log sum_y exp(s_y)`, in float64 from logits in the dtype of x."""
    top, total = np.full(len(x), -np.inf), np.zeros(len(x))
    for columns in head.slices():
        logits = head.logits(x, columns).astype(np.float64)
        higher = np.maximum(top, logits.max(axis=1))
        total = np.exp(top - higher) * total + np.exp(logits - higher[:, None]).sum(axis=1)
        top = higher
    return top + np.log(total)


def normaliser(head: Head, at: Moving) -> Normaliser:
    """Both sums in one pass: the largest logit so far is taken out of each."""
    top = np.full(len(at.x), -np.inf)
    total, slope = np.zeros(len(at.x)), np.zeros(len(at.x))
    for columns in head.slices():
        logits, slopes = (part.astype(np.float64) for part in head.moving(*at, columns))
        higher = np.maximum(top, logits.max(axis=1))
        kept, shares = np.exp(top - higher), np.exp(logits - higher[:, None])
        total = kept * total + shares.sum(axis=1)
        slope = kept * slope + np.einsum("rv,rv->r", shares, slopes)
        top = higher
    return Normaliser(top + np.log(total), slope / total)


def log_probs(head: Head, x: Float[np.ndarray, "rows d"], tokens: Tokens) -> Float[np.ndarray, "rows tokens"]:
    """Log-probabilities of some tokens, float64."""
    logits = head.logits(x, tokens).astype(np.float64)
    if not (isinstance(tokens, slice) and tokens == slice(None)):
        return logits - log_normaliser(head, x)[:, None]
    logits -= logits.max(axis=1, keepdims=True)  # in place: a table of all tokens is large
    logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return logits


def slopes(head: Head, at: Moving, tokens: Tokens) -> Float[np.ndarray, "rows tokens"]:
    """Derivatives of log-probabilities of some tokens, float64."""
    return head.moving(*at, tokens)[1].astype(np.float64) - normaliser(head, at).mean[:, None]


def entropy(head: Head, x: Float[np.ndarray, "rows d"]) -> Float[np.ndarray, " rows"]:
    """In nats."""
    log, total = log_normaliser(head, x), np.zeros(len(x))
    for columns in head.slices():
        ell = head.logits(x, columns).astype(np.float64) - log[:, None]
        total -= np.einsum("rv,rv->r", np.exp(ell), ell)
    return total


def divergence(head: Head, x: Float[np.ndarray, "rows d"], x0: Float[np.ndarray, "1 d"]) -> Float[np.ndarray, " rows"]:
    """`KL(p, p0)` in nats, p at x and p0 at x0; a term `p (ell - ell0) - p + p0` is never negative, nor their sum."""
    log, log0, total = log_normaliser(head, x), log_normaliser(head, x0), np.zeros(len(x))
    for columns in head.slices():
        ell0 = head.logits(x0, columns).astype(np.float64) - log0
        gap = head.logits(x, columns).astype(np.float64) - log[:, None] - ell0
        # p (gap - 1 + exp(-gap)) is the term above; below, without its cancellation where the gap is small.
        total += np.einsum("rv,rv->r", np.exp(ell0 + gap), gap + np.expm1(-gap))
    return total
