"""Curves along the strength for chosen tokens and concepts, and of entropy, divergence and efficiency.

None of them builds a table over strengths and vocabulary. Large vocabularies go through `sums` and `cells` of
`numerics.exponential_sums`, small ones are streamed. As everywhere, distributions and log-odds in float32 are worked on
in float32.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import logsumexp
from jaxtyping import Array, Float, Int

from numerics.arrays import ArrayLike
from numerics.checks import checked_distribution, checked_strengths, is_concrete, working_dtype
from numerics.closed_forms.cumulants import FEWEST_STRENGTHS, cumulants
from numerics.exponential_sums.cells import evaluate, sort_tokens, worth_compressing
from numerics.exponential_sums.sums import log_sums
from numerics.exponential_sums.tilted import binary_divergence, tilted_divergences


def token_curves(
    log_probs: ArrayLike, log_odds: ArrayLike, strengths: ArrayLike, tokens: ArrayLike
) -> Float[Array, "*contexts tokens strengths"]:
    r"""Log-probabilities of chosen tokens at every strength, as accurate as K.

        log p_alpha(z) = log p(z) + alpha M(z) - K(alpha)

    `log_probs` `[..., vocab]`, `log_odds` `[vocab]`, `tokens` `[tokens]` ids. Law `tilt`, equation 9 of arXiv
    2602.02712 v1.

    >>> token_curves(jnp.log(jnp.array([0.5, 0.5])), [-1.0, 1.0], [0.0], [1])
    Array([[-0.69314718]], dtype=float64)
    """
    distribution, odds, strengths = _checked(log_probs, log_odds, strengths)
    chosen = _checked_tokens(tokens, odds.size)
    (cgf,) = cumulants(distribution, odds, strengths, order=0)
    return distribution[..., chosen, None] + strengths * odds[chosen, None] - cgf[..., None, :]


def concept_curves(
    log_probs: ArrayLike, log_odds: ArrayLike, strengths: ArrayLike, concepts: ArrayLike
) -> tuple[Float[Array, "*contexts concepts strengths"], Float[Array, "*contexts concepts strengths"]]:
    r"""Log-probabilities of concepts and of what is left beside each, at every strength.

        log F = log sum_z w(z) p_alpha(z),    log(1 - F) = log sum_z (1 - w(z)) p_alpha(z)

    `concepts` `[concepts, vocab]` are masks, or weights w from 0 to 1: how far a token belongs. Both are summed apart,
    so the smaller of F and 1 - F keeps its digits; -inf for a concept without tokens that occur. Laws `logit_shift` and
    `concept_logistic`.

    >>> concept_curves(jnp.log(jnp.array([0.25, 0.75])), [-1.0, 1.0], [0.0], [[True, False]])[0]
    Array([[-1.38629436]], dtype=float64)
    """
    distribution, odds, strengths = _checked(log_probs, log_odds, strengths)
    sides = _log_sides(_checked_concepts(concepts, odds)).reshape(-1, odds.size)
    rows, n_sides = distribution.reshape(-1, odds.size), len(sides)

    def joint(some: slice) -> Float[Array, "rows vocab"]:
        context, side = np.divmod(np.arange(some.start, some.stop), n_sides)
        return rows[context] + sides[side]

    (sums,), _ = log_sums(joint, len(rows) * n_sides, odds, strengths)
    inside, outside = jnp.moveaxis(sums.reshape(*distribution.shape[:-1], 2, -1, strengths.size), -3, 0)
    return -jax.nn.softplus(outside - inside), -jax.nn.softplus(inside - outside)


def entropy_curves(
    log_probs: ArrayLike, log_odds: ArrayLike, strengths: ArrayLike
) -> Float[Array, "*contexts strengths"]:
    r"""Entropy in nats of the tilted distribution at every strength, within three times the error of K.

        H(alpha) = K(alpha) - alpha K'(alpha) - E_alpha[log p] = K - alpha K' + e^{L - K},
        L(alpha) = log sum_z -p(z) log p(z) e^{alpha M(z)}

    >>> entropy_curves(jnp.log(jnp.array([0.5, 0.5])), [-1.0, 1.0], [0.0])
    Array([0.69314718], dtype=float64)
    """
    distribution, odds, strengths = _checked(log_probs, log_odds, strengths)
    rows = distribution.reshape(-1, odds.size)

    def surprisals(some: slice) -> Float[Array, "rows vocab"]:
        least = jnp.minimum(rows[some], 0)  # rounding may have made it positive
        return jnp.where(least > -jnp.inf, least + jnp.log(-least), -jnp.inf)

    (cgf, mean), _ = log_sums(lambda some: rows[some], len(rows), odds, strengths, order=1)
    (surprisal,), _ = log_sums(surprisals, len(rows), odds, strengths)
    entropy = cgf - strengths * mean + jnp.exp(surprisal - cgf)
    return jnp.maximum(entropy, 0).reshape(*distribution.shape[:-1], strengths.size)


def divergence_curves(
    log_probs: ArrayLike, log_odds: ArrayLike, strengths: ArrayLike
) -> tuple[Float[Array, "*contexts strengths"], Float[Array, "*contexts strengths"]]:
    r"""Relative entropies in nats, forward and reverse, relatively accurate down to alpha = 0.

        KL(p_alpha, p) = alpha K'(alpha) - K(alpha),    KL(p, p_alpha) = K(alpha) - alpha K'(0)

    >>> divergence_curves(jnp.log(jnp.array([0.5, 0.5])), [-1.0, 1.0], [1.0])[1]   # log cosh
    Array([0.43378083], dtype=float64)
    """
    return _divergences(*_checked(log_probs, log_odds, strengths))


def efficiency_curves(
    log_probs: ArrayLike, log_odds: ArrayLike, strengths: ArrayLike, concepts: ArrayLike
) -> Float[Array, "*contexts concepts strengths"]:
    r"""The share of the push that moves a concept, from 0 to 1 by the chain rule of relative entropy.

        eta(alpha) = kl(F_alpha, F_0)/KL(p_alpha, p),    kl(F, G) = F log(F/G) + (1 - F) log((1 - F)/(1 - G))

    `concepts` as in `concept_curves`. Relatively accurate down to alpha = 0, where it is the limit, Corr(1_C, M)^2 for
    a mask; 0 for a concept that holds none of the tokens that occur, or all; nan where M is constant and nothing moves.
    Law `efficiency`.

    >>> efficiency_curves(jnp.log(jnp.array([0.2, 0.8])), [-1.0, 1.0], [0.0, 0.7], [[True, False]])
    Array([[1., 1.]], dtype=float64)
    """
    distribution, odds, strengths = _checked(log_probs, log_odds, strengths)
    odds -= (jnp.max(odds) + jnp.min(odds)) / 2  # the tilt does not see a common offset, rounding does
    sides = _log_sides(_checked_concepts(concepts, odds))
    rows = distribution.reshape(-1, odds.size)
    curves = [_efficiencies(row, odds, strengths, sides) for row in rows]
    return jnp.stack(curves).reshape(*distribution.shape[:-1], sides.shape[1], strengths.size)


def _efficiencies(
    row: Float[Array, " vocab"],
    log_odds: Float[Array, " vocab"],
    strengths: Float[Array, " strengths"],
    sides: Float[Array, "2 concepts vocab"],
) -> Float[Array, "concepts strengths"]:
    """In one context; logit F_alpha - logit F_0 as in `numerics.exponential_sums.tilted.tilted_concept_divergence`."""
    spent = _divergences(row, log_odds, strengths)[0]
    variance = jnp.exp(row) @ (log_odds - jnp.exp(row) @ log_odds) ** 2
    moves = jnp.ptp(jnp.where(row > -jnp.inf, log_odds, log_odds[jnp.argmax(row)])) > 0

    def of(sides: Float[Array, "2 vocab"]) -> Float[Array, " strengths"]:
        joint = row + sides
        masses = logsumexp(joint, axis=-1)
        occurs = jnp.isfinite(masses).all()
        log_probs = jnp.where(occurs, joint - masses[:, None], row)
        means = jnp.exp(log_probs) @ log_odds
        excesses = _divergences(log_probs, log_odds, strengths)[1]
        shift = strengths * (means[0] - means[1]) + excesses[0] - excesses[1]
        limit = jnp.exp(masses[0] + masses[1]) * (means[0] - means[1]) ** 2 / variance
        eta = jnp.where(spent > 0, binary_divergence(masses[0], masses[1], shift) / spent, limit)
        return jnp.where(moves, jnp.where(occurs, jnp.minimum(eta, 1), 0), jnp.nan)

    return jnp.stack([of(pair) for pair in jnp.moveaxis(sides, 1, 0)])


def _divergences(log_probs, log_odds, strengths):
    if strengths.size < FEWEST_STRENGTHS or not worth_compressing(log_probs, strengths, log_odds):
        return tilted_divergences(log_probs, log_odds, strengths)

    def kernel(log_probs, log_odds, strengths):
        forward, reverse = tilted_divergences(log_probs, log_odds, strengths)
        return jnp.stack([forward, reverse]), reverse + strengths * (jnp.exp(log_probs) @ log_odds)

    order = sort_tokens(log_odds)
    rows = log_probs.reshape(-1, log_odds.size)
    values = jnp.stack([evaluate(kernel, row, log_odds, order, strengths) for row in rows], axis=1)
    return tuple(values.reshape(2, *log_probs.shape[:-1], strengths.size))


def _log_sides(weights: Float[Array, "concepts vocab"]) -> Float[Array, "2 concepts vocab"]:
    """Logarithms of the weights inside the concepts and outside."""
    return jnp.stack([jnp.log(weights), jnp.log1p(-weights)])


def _checked(log_probs: ArrayLike, log_odds: ArrayLike, strengths: ArrayLike):
    dtype = working_dtype(log_probs, log_odds)
    return *checked_distribution(log_probs, log_odds, dtype), checked_strengths(strengths, dtype)


def _checked_tokens(tokens: ArrayLike, vocab: int) -> Int[Array, " tokens"]:
    ids = jnp.asarray(tokens)
    if ids.ndim != 1 or not jnp.issubdtype(ids.dtype, jnp.integer):
        raise ValueError(f"tokens: expected a list of integer ids, got dtype {ids.dtype}, shape {ids.shape}")
    if is_concrete(ids) and not ((ids >= 0) & (ids < vocab)).all():
        raise ValueError(f"tokens: expected ids from 0 to {vocab - 1}, got {int(ids.min())} to {int(ids.max())}")
    return ids


def _checked_concepts(concepts: ArrayLike, log_odds: Float[Array, " vocab"]) -> Float[Array, "concepts vocab"]:
    values, vocab = jnp.asarray(concepts), log_odds.size
    if values.ndim != 2 or values.shape[1] != vocab:
        raise ValueError(f"concepts: expected masks or weights of shape (concepts, {vocab}), got shape {values.shape}")
    if values.dtype != bool and not jnp.issubdtype(values.dtype, jnp.floating):
        raise ValueError(f"concepts: expected masks of bool or weights from 0 to 1, got dtype {values.dtype}")
    if is_concrete(values) and not ((values >= 0) & (values <= 1)).all():
        raise ValueError("concepts: expected weights from 0 to 1: how far a token belongs")
    return values.astype(log_odds.dtype)
