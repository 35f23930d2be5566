"""What computes the atoms: kernels that get the setting, then the strengths of an atom, then its integers."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.scipy.special import logsumexp
from jaxtyping import Array, Float

from numerics.checks import checked_log_probs
from numerics.closed_forms.concept_shares import share_steps
from numerics.closed_forms.whole_texts import is_ordered
from numerics.exponential_sums.tilted import (
    Way,
    tilted_concept_divergence,
    tilted_divergences,
    tilted_envelope,
    tilted_log_mass,
    tilted_moments,
)
from numerics.lowering.setting import Setting

Strengths = Float[Array, "#contexts strengths"]


def over_contexts(
    kernel: Callable[..., Array],
    log_probs: Float[Array, "contexts ..."],
    log_odds: Float[Array, "*contexts vocab"],
    strengths: Strengths,
) -> Float[Array, "contexts ..."]:
    """`kernel(log_probs, log_odds, strengths)` at once, or by context where log-odds or strengths differ by it."""
    if log_odds.ndim == 1 and len(strengths) == 1:
        return kernel(log_probs, log_odds, strengths[0])
    odds = np.broadcast_to(log_odds, (len(log_probs), log_odds.shape[-1]))
    at = np.broadcast_to(strengths, (len(log_probs), strengths.shape[-1]))
    return jnp.asarray(np.stack([kernel(*row) for row in zip(log_probs, odds, at, strict=True)]))


def moment(order: int) -> Callable[..., Array]:
    """The kernel of the order-th cumulant of log-odds under the tilted distribution; of order 0, of K."""
    return lambda log_probs, odds, strengths: tilted_moments(log_probs, odds, strengths, order)[order]


def cumulant(setting: Setting, strengths: Strengths, order: int) -> Array:
    """The order-th derivative of K(a), in each context."""
    return over_contexts(moment(order), setting.known.log_probs, setting.known.log_odds, strengths)


def cumulant_of(*fields: str) -> Callable[..., Array]:
    """Cumulants of other log-odds than M: the sum of these fields."""

    def kernel(setting: Setting, strengths: Strengths, order: int) -> Array:
        odds = sum(jnp.asarray(setting.known.need(field), jnp.float64) for field in fields)
        return over_contexts(moment(order), setting.known.log_probs, odds, strengths)  # pyright: ignore[reportArgumentType]

    return kernel


def cumulant_within(side: bool) -> Callable[..., Array]:
    """Derivatives of K_C(a), or of K outside C: the sum goes over the tokens of each concept, or over all others."""

    def kernel(setting: Setting, strengths: Strengths, order: int) -> Array:
        masked = jnp.where(setting.known.concepts == side, setting.known.log_probs[:, None, :], -jnp.inf)
        return over_contexts(moment(order), masked, setting.known.log_odds, strengths)

    return kernel


def divergence(way: Way) -> Callable[..., Array]:
    """`KL(p_a, p)`, forward, or `KL(p, p_a)`, reverse, in each context."""

    def kernel(setting: Setting, strengths: Strengths) -> Array:
        return over_contexts(lambda *of: tilted_divergences(*of, (way,))[0], *setting.known.distribution, strengths)

    return kernel


def log_mass(setting: Setting, strengths: Strengths, side: int) -> Array:
    """Log-probability of each concept under the tilt, `side` 1, or of its complement, 0."""

    def kernel(log_probs, odds, strengths):
        return tilted_log_mass(log_probs, odds, setting.known.concepts, strengths)[1 - side]

    return over_contexts(kernel, *setting.known.distribution, strengths)


def concept_divergence(setting: Setting, strengths: Strengths) -> Array:
    """`kl(F_a, F_0)` of each concept's probability, in each context."""

    def kernel(log_probs, odds, strengths):
        return tilted_concept_divergence(log_probs, odds, setting.known.concepts, strengths)

    return over_contexts(kernel, *setting.known.distribution, strengths)


def envelope(setting: Setting, strengths: Strengths) -> Array:
    """`max_z log p(z) + a M(z)`, in each context."""
    return over_contexts(tilted_envelope, *setting.known.distribution, strengths)


def extremal_log_mass(setting: Setting, end: int) -> Array:
    """Log-probability of the tokens of the largest log-odds, or with `end` -1 of the smallest, in each context."""
    extreme = setting.known.distinct_log_odds[-1 if end > 0 else 0]
    return logsumexp(setting.known.log_probs, axis=1, where=setting.known.log_odds == extreme)


def data_mean(setting: Setting) -> Array:
    """E_r[M]; if r is the model's own, the very number that `Cumulant(1, 0)` is, so that their difference is 0."""
    data = setting.known.baseline.data
    if data is None:
        return cumulant(setting, jnp.zeros((1, 1)), 1)[:, 0]
    data = jnp.asarray(data)
    return (
        setting.known.log_odds[data]
        if data.ndim == 1
        else jnp.exp(checked_log_probs(data, "data")) @ setting.known.log_odds
    )


def extreme_within(side: bool, extreme: Callable[..., Array]) -> Callable[[Setting], Array]:
    """Over the tokens of each concept, or of its complement; not a number where there are none."""

    def kernel(setting: Setting) -> Array:
        members = setting.known.concepts == side
        worst = jnp.inf if extreme is jnp.min else -jnp.inf
        value = extreme(jnp.where(members, setting.known.log_odds, worst), axis=1)
        return jnp.where(members.any(axis=1), value, jnp.nan)

    return kernel


def steps_of_shares(which: int) -> Callable[[Setting], Array]:
    """Of each concept's share along the log-odds: how often its steps change sign (0), or the first step's sign (1)."""

    def kernel(setting: Setting) -> Array:
        tables = (np.asarray(a) for a in (setting.known.log_probs, setting.known.log_odds, setting.known.concepts))
        return jnp.asarray(share_steps(*tables)[which], jnp.float64)

    return kernel


def distinct(n: int) -> Callable[[Setting], Any]:
    """The n-th of the distinct log-odds, from either end, as far as there are any."""

    def kernel(setting: Setting) -> Any:
        odds = setting.known.distinct_log_odds
        return odds[min(n, len(odds) - 1) if n >= 0 else max(n, -len(odds))]

    return kernel


def field(name: str, part: str = "", dtype: Any = jnp.float64) -> Callable[[Setting], Array]:
    """A field of the baseline as it is, or a part of it."""

    def kernel(setting: Setting) -> Array:
        value = setting.known.need(name)
        return jnp.asarray(getattr(value, part) if part else value, dtype)

    return kernel


def text_tilt(setting: Setting, strengths: Strengths, order: int) -> np.ndarray:
    """The order-th derivative of `log P_a(text)/P_0(text)`, `[contexts, texts, strengths]`."""
    texts = setting.known.texts
    odds = texts.sums(np.asarray(setting.known.log_odds))[:, None]
    linear = (np.asarray(strengths) * odds, np.broadcast_to(odds, (len(odds), strengths.shape[-1])))[order == 1]
    return (linear if order < 2 else 0.0) - along_texts(cumulant(setting, strengths, order), setting)


def text_spent(setting: Setting, strengths: Strengths) -> np.ndarray:
    """The sum of `KL(p_a, p)` over the contexts in which a text's tokens are drawn, `[contexts, texts, strengths]`."""
    return along_texts(divergence("forward")(setting, strengths), setting)


def along_texts(each: Any, setting: Setting) -> np.ndarray:
    """Sum over the next tokens of each text of what the context gives that they are drawn in."""
    return np.einsum("jni,is->jns", setting.known.texts.visits, np.asarray(each))


def ordered_texts(setting: Setting) -> bool:
    """Whether the chain of contexts is monotone in likelihood ratio along the log-odds."""
    known = setting.known
    return is_ordered(np.asarray(known.log_probs), np.asarray(known.log_odds), known.need("writing").follows)


def hits(setting: Setting) -> np.ndarray:
    """1 where a text holds a token of a concept, else 0: `[texts, concepts]`."""
    return setting.known.texts.holding(np.asarray(setting.known.concepts)).T.astype(np.float64)
