"""A model spread over a mesh of devices: strengths along one axis, heads, hidden units and tokens along the other.

The arrays are placed, and XLA splits every compiled stage accordingly: what a sublayer writes is the sum of what its
parts on the devices of the axis "tensor" write. Values differ from those of one device by the order of those sums.
"""

from dataclasses import replace

import jax
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array

from real_models.steering.model import LanguageModel
from real_models.steering.steering import STRENGTHS_AXIS

TENSOR_AXIS = "tensor"
OUTPUTS_SPLIT = ("q", "k", "v", "gate", "up")
INPUTS_SPLIT = ("o", "down")


def shard_model(model: LanguageModel, mesh: Mesh) -> LanguageModel:
    """The same model on a mesh with axes "strengths" and "tensor", whose sizes are how often each is split.

    Weights are copied to every device along "strengths". `ValueError` where heads or hidden units cannot be split.

    >>> mesh = jax.make_mesh((2, 2), ("strengths", "tensor"))                                      # doctest: +SKIP
    >>> shard_model(model, mesh).logits("def f(", [-1.0, 0.0, 1.0], layer=1, vector=vector)        # doctest: +SKIP
    """
    if set(mesh.axis_names) != {STRENGTHS_AXIS, TENSOR_AXIS}:
        raise ValueError(f"the mesh has axes {mesh.axis_names}, expected {STRENGTHS_AXIS!r} and {TENSOR_AXIS!r}")
    parts = mesh.shape[TENSOR_AXIS]
    for what, count in (("key-value heads", model.spec.n_kv_heads), ("hidden units", model.spec.d_ff)):
        if count % parts:
            raise ValueError(f"{model.name} has {count} {what}, which {parts} devices cannot share evenly")

    mesh = Mesh(
        mesh.devices, mesh.axis_names
    )  # with axes that XLA divides by itself, which are not make_mesh's default

    def place(path: tuple, array: Array) -> Array:
        names = [str(getattr(key, "key", "")) for key in path]
        return jax.device_put(array, NamedSharding(mesh, partition(names, array, parts)))

    return replace(model, params=jax.tree_util.tree_map_with_path(place, model.params), mesh=mesh)


def partition(names: list[str], array: Array, parts: int) -> PartitionSpec:
    """Which axis of a parameter is split: by its path among the parameters."""
    if names[0] in ("embed", "unembed"):
        return PartitionSpec() if array.shape[0] % parts else PartitionSpec(TENSOR_AXIS)
    if names[-2:-1] and names[-2] in OUTPUTS_SPLIT:  # weights [in, out], and biases [out]
        return PartitionSpec(*[None] * (array.ndim - 1), TENSOR_AXIS)
    if names[-2:-1] and names[-2] in INPUTS_SPLIT and array.ndim == 2:
        return PartitionSpec(TENSOR_AXIS)
    return PartitionSpec()
