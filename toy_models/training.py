"""The unconstrained features model as training leaves it: gradient descent on the cross-entropy from a random start."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.special import log_softmax

import numerics  # noqa: F401  64-bit mode
from toy_models.data_law import DataLaw
from toy_models.ufm import UFM

Params = tuple[Float[Array, "vocab d"], Float[Array, "contexts d"]]


def train_ufm(
    data: DataLaw,
    *,
    name: str = "ufm-trained",
    d_model: int | None = None,
    seed: int = 0,
    steps: int = 20_000,
    learning_rate: float = 1.0,
    momentum: float = 0.95,
) -> UFM:
    """Minimise sum_j pi_j CE(p(.|c_j), softmax(W h_j)) over W and every h_j, all of them free.

    Full-batch gradient descent with Nesterov's momentum in float64, from Gaussian entries of variance 1/d (default d:
    one more than there are concepts, enough for any such distributions). No loss lies below `data.entropy`;
    `training_loss` says how near the model came: by default to rounding, in a fraction of a second.
    """
    if not (steps >= 1 and learning_rate > 0 and 0 <= momentum < 1):
        raise ValueError(
            "training: expected steps >= 1, learning_rate > 0 and 0 <= momentum < 1, "
            f"got {steps}, {learning_rate}, {momentum}"
        )
    d_model = len(data.a) + 1 if d_model is None else d_model
    random = np.random.default_rng(seed)
    start = tuple(
        jnp.asarray(random.normal(size=(rows, d_model)) / np.sqrt(d_model))
        for rows in (data.vocab_size, len(data.contexts))
    )
    shares = np.array(data.weights, dtype=np.float64)
    joint = jnp.asarray(shares[:, None] * data.probabilities)
    unembedding, features = _descend(start, joint, steps, learning_rate, momentum)
    model = UFM(name=name, data=data, unembedding=np.asarray(unembedding), features=np.asarray(features))
    if not np.isfinite(training_loss(model)):
        raise ValueError(f"training {name}: the loss diverged at learning_rate = {learning_rate}; lower it")
    return model


def training_loss(model: UFM) -> float:
    """The unsteered model's cross-entropy on its data law, nats."""
    shares = np.array(model.data.weights, dtype=np.float64)
    log_probs = log_softmax(model.features @ model.unembedding.T, axis=1)
    return float(-np.einsum("j,jz,jz->", shares, model.data.probabilities, log_probs))


@partial(jax.jit, static_argnames="steps")
def _descend(start: Params, joint: Float[Array, "contexts vocab"], steps: int, rate: float, momentum: float) -> Params:
    def loss(params: Params) -> Float[Array, ""]:
        unembedding, features = params
        return -jnp.sum(joint * jax.nn.log_softmax(features @ unembedding.T))

    def step(state: tuple[Params, Params], _: None) -> tuple[tuple[Params, Params], None]:
        params, velocity = state
        slope = jax.grad(loss)(params)
        velocity = jax.tree.map(lambda v, g: momentum * v - rate * g, velocity, slope)
        params = jax.tree.map(lambda x, v, g: x + momentum * v - rate * g, params, velocity, slope)
        return (params, velocity), None

    (end, _), _ = jax.lax.scan(step, (start, jax.tree.map(jnp.zeros_like, start)), None, length=steps)
    return end
