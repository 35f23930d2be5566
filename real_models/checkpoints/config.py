"""Fields of a `config.json`, checked as they are read: sizes, numbers, activations, rotary positions, local blocks."""

from typing import Any

from real_models.decoding.decoder import RopeScaling, Spec

Config = dict[str, Any]
ACTIVATIONS = {"silu": "silu", "gelu_new": "gelu_tanh", "gelu_pytorch_tanh": "gelu_tanh"}
ROPE_TYPES = ("default", "linear", "llama3")
LAYER_TYPES = ("full_attention", "sliding_attention")


def size(config: Config, key: str, default: int | None = None, *, least: int = 1) -> int:
    """An integer of the config from `least` on; `null` means the default, and without one the key is required."""
    value = config.get(key)
    value = default if value is None else value
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{key} is {value!r}, expected {'a positive' if least else 'a non-negative'} integer")
    return value


def number(config: Config, key: str, default: float | None = None) -> float:
    """A positive number of the config; without a default the key is required."""
    value = config.get(key, default)
    if not isinstance(value, int | float) or isinstance(value, bool) or not value > 0:
        raise ValueError(f"{key} is {value!r}, expected a positive number")
    return float(value)


def optional_number(config: Config, key: str) -> float | None:
    """A positive number of the config, or None where it is absent or `null`."""
    return None if config.get(key) is None else number(config, key)


def activation(config: Config, key: str, default: str) -> Any:
    """Our name of the activation the config asks for."""
    name = config.get(key, default)
    if name not in ACTIVATIONS:
        raise ValueError(f"unsupported activation: {key} is {name!r}, expected one of {sorted(ACTIVATIONS)}")
    return ACTIVATIONS[name]


def rope(config: Config) -> tuple[float, RopeScaling | None]:
    """Rotary base and scaling of the blocks that see everything, in the fields of transformers 5 or 4.

    New: `rope_parameters`, in Gemma by layer type. Old: `rope_theta` beside `rope_scaling`.
    """
    parameters = config.get("rope_parameters") or config.get("rope_scaling") or {}
    parameters = parameters.get("full_attention", parameters)
    theta = number(parameters if "rope_theta" in parameters else config, "rope_theta", 10_000.0)
    kind = parameters.get("rope_type", parameters.get("type", "default"))
    if kind not in ROPE_TYPES:
        raise ValueError(f"unsupported rope type {kind!r}, expected one of {list(ROPE_TYPES)}")
    if parameters.get("partial_rotary_factor", config.get("partial_rotary_factor", 1.0)) != 1.0:
        raise ValueError("unsupported rope: partial_rotary_factor is not 1")
    if kind == "default":
        return theta, None
    factor = number(parameters, "factor")
    return theta, RopeScaling(factor=factor, band=llama3_band(parameters) if kind == "llama3" else None)


def llama3_band(parameters: Config) -> tuple[float, float, float]:
    """The band of Llama 3's rope scaling."""
    original = number(parameters, "original_max_position_embeddings")
    low, high = number(parameters, "low_freq_factor"), number(parameters, "high_freq_factor")
    if high <= low:
        raise ValueError(f"high_freq_factor is {high}, expected more than low_freq_factor, {low}")
    return original, low, high


def listed_local_blocks(config: Config, n_layers: int) -> tuple[int, ...] | None:
    """The sliding blocks that `layer_types` lists; None where the config has no such list."""
    kinds = config.get("layer_types")
    if kinds is None:
        return None
    if not isinstance(kinds, list) or len(kinds) != n_layers or any(kind not in LAYER_TYPES for kind in kinds):
        raise ValueError(f"layer_types is {kinds!r}, expected {n_layers} of {list(LAYER_TYPES)}")
    return tuple(layer for layer, kind in enumerate(kinds) if kind == "sliding_attention")


def checked(spec: Spec) -> Spec:
    """The spec, once its sizes fit together."""
    if spec.n_heads % spec.n_kv_heads:
        raise ValueError(f"{spec.n_heads} query heads cannot share {spec.n_kv_heads} key-value heads evenly")
    if spec.family == "gpt2" and spec.n_heads * spec.head_dim != spec.d_model:
        raise ValueError(f"n_embd {spec.d_model} is not divisible by n_head {spec.n_heads}")
    if spec.positions == "rope" and spec.head_dim % 2:
        raise ValueError(f"head_dim is {spec.head_dim}, expected an even number for rotary positions")
    return spec
