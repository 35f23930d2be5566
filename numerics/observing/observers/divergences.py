"""Relative entropies between the steered and the unsteered distribution, and what of them buys a concept, as observed.

With d = log p_alpha - log p, and h(r) = r e^r - e^r + 1,

    KL(p_alpha, p) = sum p h(d),    KL(p, p_alpha) = sum p (e^d - 1 - d)

term by term positive, so that nothing cancels where d is small.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from numerics.exponential_sums.tilted import binary_divergence, exp_beyond_linear
from numerics.observing.observers.view import View

LogMasses = tuple[Float[np.ndarray, "concepts strengths"], ...]


def observe_divergences(view: View, log_masses: LogMasses | None) -> dict[str, np.ndarray]:
    """`kl_forward`, `kl_reverse` and, given log-masses inside and outside the concepts, `efficiency`.

    If d is within w = 2 (h + h_0) of exact, KL(p, p_alpha) is within w sum |p_alpha - p| + w^2, and the other within
    w sum p_alpha |d| + w^2, beside the share 2 h_0 of itself that p is off by.
    """
    sums = np.zeros((4, len(view.strengths)))
    for _, values in view.slices():
        values -= view.log_normaliser[:, None]
        sums += np.asarray(_sums(values, values[view.base]))
    forward, reverse, moved, swept = sums
    off = 2 * (view.halfwidth + view.halfwidth[view.base])
    off[view.base] = 0.0
    share = 2 * view.halfwidth[view.base]
    found = {
        "kl_forward": forward,
        "kl_forward_halfwidth": off * swept + off**2 + share * forward,
        "kl_reverse": reverse,
        "kl_reverse_halfwidth": off * moved + off**2 + share * reverse,
    }
    return found if log_masses is None else found | _efficiency(view, found, log_masses, off)


def _efficiency(view: View, found: dict[str, np.ndarray], log_masses: LogMasses, off) -> dict[str, np.ndarray]:
    """A ratio of bounds, kept in [0, 1], where any ratio lies; so wherever the push is below rounding."""
    inside, outside = log_masses
    base = view.log_normaliser[view.base]
    log_share, log_rest = inside[:, [view.base]] - base, outside[:, [view.base]] - base
    shift = (inside - outside) - (log_share - log_rest)
    bought = np.asarray(binary_divergence(jnp.asarray(log_share), jnp.asarray(log_rest), jnp.asarray(shift)))
    steepness = np.exp(inside + outside - 2 * view.log_normaliser) * np.abs(shift)
    bought_off = off * steepness + off**2 + 2 * view.halfwidth[view.base] * bought
    push, push_off = found["kl_forward"], found["kl_forward_halfwidth"]
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.maximum(bought - bought_off, 0) / (push + push_off)
        high = (bought + bought_off) / (push - push_off)
    known = push > push_off
    low, high = np.where(known, np.clip(low, 0, 1), 0.0), np.where(known, np.clip(high, 0, 1), 1.0)
    return {"efficiency": (low + high) / 2, "efficiency_halfwidth": np.maximum(high - low, 0) / 2}


@jax.jit
def _sums(log_probs: Float[Array, "strengths slice"], base: Float[Array, " slice"]) -> Float[Array, "4 strengths"]:
    """Sums over a slice of p h(d), p (e^d - 1 - d), |p_alpha - p| and p_alpha |d|."""
    total = partial(jnp.sum, axis=1)
    d = log_probs - base
    unsteered, steered = jnp.exp(base), jnp.exp(log_probs)
    small = jnp.clip(d, -0.5, 0.5)
    near = jnp.abs(d) < 0.5
    forward = jnp.where(near, steered * exp_beyond_linear(-small), steered * d - steered + unsteered)
    reverse = jnp.where(near, unsteered * exp_beyond_linear(small), steered - unsteered - unsteered * d)
    change = jnp.where(near, unsteered * jnp.expm1(small), steered - unsteered)
    return jnp.stack([total(forward), total(reverse), total(jnp.abs(change)), total(steered * jnp.abs(d))])
