r"""Where a pre-norm transformer ends when it is steered without bound, and how far it still is from there.

Limit law (Proposition 4.1, with the conditions it needs). With `alpha v` added to the last position's output of
block l, the final residual is `h = alpha v + e`, where `e` is the unsteered residual plus what the later blocks write.
Each block reads a normalised input, so it writes a bounded amount whatever alpha is: `|e| <= E`. Hence the direction of
`h` tends to that of `v`; the final normalisation forgets the length of `h`, and with it the prompt:

    logits(+-alpha) -> (gamma * (+-v) sqrt(d) / |v| + b) U^T

for RMSNorm (b = 0), and for LayerNorm with `v` less its mean over features. The norm's epsilon is absent from the limit
(`|h|^2/d` outgrows it) and slows the approach only by a term of order 1/alpha^2. A vector that is constant over
features is invisible to LayerNorm: then there is no such limit, and asking for it is an error. Other positions may be
steered or not: attention averages values that are bounded either way.

Remainder. Let P be the centring of LayerNorm (the identity for RMSNorm) and sigma the largest singular value. A norm
with scale gamma and offset beta gives `gamma * u + beta` with `|u| <= sqrt(d)`. Then a block writes at most

    attention   sigma(O P) sqrt(sum over heads of m_h^2) + |P b_o|,   m_h = sqrt(d) sigma(gamma V_h) + |beta V_h + b_v|
                (a head mixes values with weights that sum to one);
    MLP         sigma(D P) w + |P b_d|,   w = sqrt(d) sigma(gamma U) + |beta U + b_u|   (since |act(t)| <= |t|),
                w times max_j (sqrt(d) |gamma G_j| + |beta G_j + b_j|), j over columns, where there is a gate G;
    either      sqrt(d) max |gamma'|, where what it writes is normed again with scale gamma' (Gemma, OLMo 2);
                all of it times the residual multiplier, where there is one (Granite).

`E` is their sum over the blocks after l plus `|P x|`, x the unsteered residual. For `alpha |P v| > E` let
`q = E / (alpha |P v|)`, which bounds the sine of the angle between P h and P v, so that the two unit vectors differ by
at most `2 sin(asin(q) / 2) = q sqrt(2 / (1 + sqrt(1 - q^2)))`; and `|P h| >= alpha |P v| - E`, so that epsilon shortens
the normalised vector by at most the share `s = d eps / (2 (alpha |P v| - E)^2)`. For every token z at once

    |logit_z(+-alpha) - limit_z| <= max_z |gamma * U_z| sqrt(d) min(2, q sqrt(2 / (1 + sqrt(1 - q^2))) + s).

A cap c on the logits turns limits and logits s into `c tanh(s / c)`, which only brings them closer.
The bound is one of exact arithmetic: the rounding of computed logits comes on top.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from real_models.decoding.decoder import Params, Spec, unembedding
from real_models.steering.inputs import Tokens, Vector, steering_vectors
from real_models.steering.model import LanguageModel
from real_models.steering.normed import centred, float64, normed_limits, visible

# Singular values and norms are computed in float64, with a relative error far below this.
ROUNDED_UP = 1 + 1e-9


def limit_logits(
    model: LanguageModel, vector: Vector
) -> tuple[Float[np.ndarray, " vocab"], Float[np.ndarray, " vocab"]]:
    """Limits of the logits as the strength tends to +infinity and to -infinity, in float64.

    `ValueError` where the law does not apply: a zero vector, or one constant over features under LayerNorm.
    """
    direction = normalisable(model, vector)
    minus, plus = normed_limits(model.params["final_norm"], direction) @ logit_table(model).T
    cap = model.spec.logit_cap
    return (plus, minus) if cap is None else (cap * np.tanh(plus / cap), cap * np.tanh(minus / cap))


def tail_remainder(model: LanguageModel, tokens: Tokens, layer: int, vector: Vector, strength: float) -> float:
    """Proved bound on `max_z |logit_z(+-strength) - limit_z|`: the formula at the top of this file.

    It holds for the next-token logits of this prompt, steered at block `layer` at all positions or at the last.
    """
    return approach(model, [tokens], layer, vector).remainder(strength)


def tail_strength(model: LanguageModel, tokens: Tokens, layer: int, vector: Vector, tolerance: float) -> float:
    """The smallest strength, rounded up, from which on `tail_remainder` is at most `tolerance` (in logits)."""
    return approach(model, [tokens], layer, vector).strength(tolerance)


@dataclass(frozen=True, kw_only=True)
class Approach:
    """The remainder's constants: `bound` E, `speed` |P v|, `steepness` max_z |gamma * U_z| sqrt(d), `floor` d eps."""

    bound: float
    speed: float
    steepness: float
    floor: float

    def remainder(self, strength: float) -> float:
        """The bound at `+-strength`; decreasing in its size."""
        travelled = abs(strength) * self.speed
        if travelled <= self.bound:
            return 2 * self.steepness
        sine = self.bound / travelled
        turned = sine * (2 / (1 + (1 - sine * sine) ** 0.5)) ** 0.5
        shrunk = self.floor / (2 * (travelled - self.bound) ** 2)
        return self.steepness * min(2.0, turned + shrunk)

    def strength(self, tolerance: float) -> float:
        """The smallest strength, rounded up, from which on the bound is at most `tolerance`."""
        if not tolerance > 0:
            raise ValueError(f"tolerance is {tolerance}, expected a positive number of logits")
        low, high = 0.0, 1.0
        while self.remainder(high) > tolerance:
            low, high = high, 2 * high
        while high - low > 1e-6 * high:
            middle = (low + high) / 2
            low, high = (middle, high) if self.remainder(middle) > tolerance else (low, middle)
        return high


def approach(model: LanguageModel, prompts: Sequence[Tokens], layer: int, vector: Vector) -> Approach:
    """The constants of a remainder that holds for every one of the prompts, for one block and vector."""
    spec, params = model.spec, model.params
    speed = float(np.linalg.norm(normalisable(model, vector)))
    starts = (centred(spec, float64(model.residual(tokens, layer))[-1]) for tokens in prompts)
    written = sum(block_bound(spec, weights) for weights in map(float64, params["blocks"][layer + 1 :]))
    scaled = logit_table(model) * float64(params["final_norm"]["weight"])
    return Approach(
        bound=ROUNDED_UP * (max(float(np.linalg.norm(start)) for start in starts) + written),
        speed=speed / ROUNDED_UP,
        steepness=ROUNDED_UP * float(np.linalg.norm(scaled, axis=1).max()) * spec.d_model**0.5,
        floor=spec.d_model * spec.norm_eps,
    )


def block_bound(spec: Spec, weights: Params) -> float:
    """The most that a block can write, in norm, whatever it reads."""
    return spec.residual_scale * (attention_bound(spec, weights) + mlp_bound(spec, weights))


def attention_bound(spec: Spec, weights: Params) -> float:
    """The most that the attention of a block can write, in norm, whatever it reads."""
    if "attn_post_norm" in weights:
        return normed_bound(weights["attn_post_norm"])
    scale, offset = weights["attn_norm"]["weight"], affine_offset(weights["attn_norm"], weights["v"])
    groups = spec.n_heads // spec.n_kv_heads
    values = np.split(scale[:, None] * weights["v"]["weight"], spec.n_kv_heads, axis=1)
    offsets = np.split(offset, spec.n_kv_heads)
    heads = [spec.d_model**0.5 * spectral(v) + np.linalg.norm(o) for v, o in zip(values, offsets, strict=True)]
    mixed = (groups * sum(head * head for head in heads)) ** 0.5
    return write_bound(spec, weights["o"], mixed)


def mlp_bound(spec: Spec, weights: Params) -> float:
    """The most that the MLP of a block can write, in norm, whatever it reads."""
    if "mlp_post_norm" in weights:
        return normed_bound(weights["mlp_post_norm"])
    scale, root = weights["mlp_norm"]["weight"][:, None], spec.d_model**0.5
    hidden = root * spectral(scale * weights["up"]["weight"])
    hidden += np.linalg.norm(affine_offset(weights["mlp_norm"], weights["up"]))
    if "gate" in weights:
        columns = root * np.linalg.norm(scale * weights["gate"]["weight"], axis=0)
        hidden *= (columns + np.abs(affine_offset(weights["mlp_norm"], weights["gate"]))).max()
    return write_bound(spec, weights["down"], float(hidden))


def normed_bound(norm: Params) -> float:
    """The norm of `gamma u` for `|u| <= sqrt(d)`: RMSNorm, whatever it reads."""
    scale = norm["weight"]
    return float(np.abs(scale).max()) * len(scale) ** 0.5


def write_bound(spec: Spec, weights: Params, read: float) -> float:
    """The norm of `P (x w + b)` for `|x| <= read`."""
    bias = centred(spec, weights.get("bias", np.zeros(spec.d_model)))
    return spectral(centred(spec, weights["weight"])) * read + float(np.linalg.norm(bias))


def affine_offset(norm: Params, linear: Params) -> Float[np.ndarray, " n_out"]:
    """What a linear layer makes of the norm's offset: `beta w + b`."""
    return norm.get("bias", np.zeros(linear["weight"].shape[0])) @ linear["weight"] + linear.get("bias", 0.0)


def spectral(matrix: Float[np.ndarray, "n_in n_out"]) -> float:
    """The largest singular value, from the Gram matrix of the shorter side."""
    gram = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    return float(np.linalg.eigvalsh(gram)[-1].clip(0) ** 0.5)


def normalisable(model: LanguageModel, vector: Vector, law: str = "transformer_limit") -> Float[np.ndarray, " d"]:
    """`P v`, if the final norm can see it, as the `law` needs."""
    v = steering_vectors(model.spec, model.name, 0, vector)[0]
    if not v.any():
        raise ValueError(f"{law} needs a steering vector that is not zero")
    direction = visible(model.spec, v)
    if not direction.any():
        raise ValueError(f"{law} needs a steering vector that is not constant over features: LayerNorm removes it")
    return direction


def logit_table(model: LanguageModel) -> Float[np.ndarray, "vocab d"]:
    """The matrix that turns a normalised residual into logits (before their cap): the unembedding, scaled."""
    return float64(unembedding(model.spec, model.params)) / model.spec.logit_divisor
