"""The unconstrained features model: one free residual vector a context, one unembedding, nothing in between.

    f_alpha(c_j) = W (h_j + alpha v),    W [vocab, d],  h_j [d]

Its logits are affine in the strength, so every law of the tilt holds for it exactly; with softmax(W h_j) = p(.|c_j)
(perfect training, Assumption 2) so do the laws that speak of the data. Source: Definition 2.2.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.special import log_softmax

from numerics.arrays import ArrayLike
from numerics.baseline import Baseline, ConceptDistribution
from toy_models.data_law import DataLaw

Vector = Float[ArrayLike, " d"]
Strengths = Float[ArrayLike, " strengths"]


@dataclass(frozen=True, kw_only=True, eq=False)
class UFM:
    """A `SteeredModel` whose prompts are the contexts of a data law: `tokens` is `[j]`, the context's index.

    `unembedding` is W, row j of `features` is h_j, both float64; the one layer is 0 and the one position is the last.
    """

    name: str
    data: DataLaw
    unembedding: Float[np.ndarray, "vocab d"]
    features: Float[np.ndarray, "contexts d"]

    n_layers = 1

    @property
    def d_model(self) -> int:
        """Width d of the residual vectors."""
        return self.unembedding.shape[1]

    @property
    def vocab_size(self) -> int:
        """V, the number of tokens."""
        return self.unembedding.shape[0]

    @property
    def log_probs(self) -> Float[np.ndarray, "contexts vocab"]:
        """The unsteered model's own next-token distributions, as log-probabilities."""
        return log_softmax(self.features @ self.unembedding.T, axis=1)

    def residual(self, tokens: Sequence[int], layer: int = 0) -> Float[Array, "1 d"]:
        """h_j, as `[position, d]`."""
        _check_site(layer, "all")
        return jnp.asarray(self.features[None, self._context(tokens)])

    def logits(
        self, tokens: Sequence[int], strengths: Strengths, *, layer: int = 0, vector: Vector, positions: str = "all"
    ) -> Float[Array, "strengths vocab"]:
        """W (h_j + alpha v) for each strength alpha."""
        _check_site(layer, positions)
        return _steered_logits(
            self.unembedding, self.features[self._context(tokens)], self._vector(vector), jnp.asarray(strengths)
        )

    def derivative(
        self, tokens: Sequence[int], strengths: Strengths, *, layer: int = 0, vector: Vector, positions: str = "all"
    ) -> Float[Array, "strengths vocab"]:
        """Exact d logits/d alpha, by forward-mode differentiation; here W v at every strength."""
        strengths = jnp.asarray(strengths)

        def at(alpha: Float[Array, " strengths"]) -> Float[Array, "strengths vocab"]:
            return self.logits(tokens, alpha, layer=layer, vector=vector, positions=positions)

        return jax.jvp(at, (strengths,), (jnp.ones_like(strengths),))[1]

    def cross_entropy(
        self, segments: Sequence[Sequence[int]], strengths: Strengths, *, layer: int = 0, vector: Vector
    ) -> Float[Array, "strengths segments"]:
        """-sum_z p(z|c_j) log softmax_z(f_alpha(c_j)), nats: the expectation over the data law itself, not a sample."""
        probabilities = self.data.probabilities[[self._context(segment) for segment in segments]]
        steered = [self.logits(segment, strengths, layer=layer, vector=vector) for segment in segments]
        return -jnp.einsum("jaz,jz->aj", jax.nn.log_softmax(jnp.stack(steered)), probabilities)

    def steering_vector(self, positive: Sequence[int], negative: Sequence[int]) -> Float[np.ndarray, " d"]:
        """v = mean of h_i over the positive contexts less the mean over the negative ones (Eq. 3)."""
        return self._contrast(self.features, positive, negative)

    def log_odds(self, positive: Sequence[int], negative: Sequence[int]) -> Float[np.ndarray, " vocab"]:
        """M(z) = mean over positive contexts of log p(z|c_i) less the mean over negative ones (Def. 3.2)."""
        return self._contrast(self.log_probs, positive, negative)

    def baseline(
        self, positive: Sequence[int], negative: Sequence[int], contexts: Sequence[int] | None = None
    ) -> Baseline:
        """All that is known of the given contexts (default: every one) before steering; the target concept first."""
        contexts = list(range(len(self.features)) if contexts is None else contexts)
        target = self.data.contexts[positive[0]]
        order = [target, *(k for k in range(len(self.data.a)) if k != target)]
        shares = np.array(self.data.weights, dtype=np.float64)[contexts]
        shift = self._contrast(self.features @ self.unembedding.T, positive, negative)
        return Baseline(
            log_probs=self.log_probs[contexts],
            log_odds=self.log_odds(positive, negative),
            weights=shares / shares.sum(),
            data=np.log(self.data.probabilities[contexts]),
            concepts=self.data.concepts[order],
            logit_shift=shift,
            in_target=np.array([self.data.contexts[j] == target for j in contexts]),
            data_law=self._concept_distribution(negative),
            local_log_odds=np.broadcast_to(shift, (len(contexts), self.vocab_size)),
            logit_curvature=0.0,
            facts=frozenset({"assumption_1"}),
        )

    def _concept_distribution(self, negative: Sequence[int]) -> ConceptDistribution:
        homes = [self.data.contexts[i] for i in negative]
        return ConceptDistribution(
            inside=np.array([p for row in self.data.a for p in row], np.float64),
            outside=np.array([p for row in self.data.b for p in row], np.float64),
            negative_share=np.array([homes.count(k) / len(homes) for k in self.data.concept_of]),
            delta=float(self.data.delta),
        )

    def _context(self, tokens: Sequence[int]) -> int:
        contexts = len(self.features)
        if len(tokens) != 1 or int(tokens[0]) not in range(contexts):
            raise ValueError(
                f"{self.name}: expected tokens = [j], one context from 0 to {contexts - 1}, got {list(tokens)}"
            )
        return int(tokens[0])

    def _vector(self, vector: Vector) -> Float[Array, " d"]:
        v = jnp.asarray(vector)
        if v.shape != (self.d_model,) or not bool(jnp.isfinite(v).all()):
            raise ValueError(
                f"steering vector of {self.name}: expected {self.d_model} finite numbers, got shape {v.shape}"
                f"{'' if bool(jnp.isfinite(v).all()) else ' with entries that are not finite'}"
            )
        return v

    def _contrast(self, rows: np.ndarray, positive: Sequence[int], negative: Sequence[int]) -> np.ndarray:
        self._check_contrast(positive, negative)
        return rows[list(positive)].mean(axis=0) - rows[list(negative)].mean(axis=0)

    def _check_contrast(self, positive: Sequence[int], negative: Sequence[int]) -> None:
        for side, contexts in (("positive", positive), ("negative", negative)):
            if not contexts or not set(contexts) <= set(range(len(self.features))):
                raise ValueError(
                    f"{side} contexts of {self.name}: expected one or more from 0 to {len(self.features) - 1}, "
                    f"got {list(contexts)}"
                )
        targets = {self.data.contexts[i] for i in positive}
        if len(targets) != 1:
            raise ValueError(f"positive contexts of {self.name}: expected one target concept, got {sorted(targets)}")
        inside = [i for i in negative if self.data.contexts[i] in targets]
        if inside:
            raise ValueError(
                f"negative contexts of {self.name}: expected none of the target concept {min(targets)}, got {inside}"
            )


def exact_ufm(data: DataLaw, *, name: str = "ufm-exact", d_model: int | None = None, seed: int = 0) -> UFM:
    """A perfectly trained UFM: softmax(W h_j) is the data law to rounding.

    Logits are log p(z|c_j) + g_j, with a random offset g_j a context that softmax must not see; orthonormal h_j in
    d >= contexts dimensions (default: as many) then give W = sum_j logits_j h_j^T.
    """
    contexts = len(data.contexts)
    d_model = contexts if d_model is None else d_model
    if d_model < contexts:
        raise ValueError(f"d_model: expected at least {contexts}, one dimension a context, got {d_model}; raise it")
    random = np.random.default_rng(seed)
    features = np.linalg.qr(random.normal(size=(d_model, contexts)))[0].T
    logits = np.log(data.probabilities) + random.normal(size=(contexts, 1))
    return UFM(name=name, data=data, unembedding=logits.T @ features, features=features)


@jax.jit
def _steered_logits(
    unembedding: Float[Array, "vocab d"],
    feature: Float[Array, " d"],
    vector: Float[Array, " d"],
    strengths: Float[Array, " strengths"],
) -> Float[Array, "strengths vocab"]:
    return (feature + strengths[:, None] * vector) @ unembedding.T


def _check_site(layer: int, positions: str) -> None:
    if layer != 0:
        raise ValueError(f"layer: expected 0, the only one of an unconstrained features model, got {layer}")
    if positions not in ("all", "last"):
        raise ValueError(f"positions: expected 'all' or 'last', got {positions!r}")
