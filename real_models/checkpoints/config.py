"""Fields of a `config.json`, checked as they are read: sizes, numbers, flags, activations, local blocks."""

import math
import reprlib
from collections.abc import Sequence
from typing import Any

from real_models.decoding.decoder import Spec

Config = dict[str, Any]
ACTIVATIONS = {"silu": "silu", "swish": "silu", "gelu_new": "gelu_tanh", "gelu_pytorch_tanh": "gelu_tanh"}
LAYER_TYPES = ("full_attention", "sliding_attention")
LARGEST = 2**31 - 1
"""The largest size that is believed; tensors have to have it too before anything is allocated."""
MOST_BLOCKS = 10_000
ELSEWHERE = {
    "per_layer_config": "sizes that differ by block",
    "transformers_weights": "weights in another file",
}
"""Fields that mean, in any family, that the model is not what the other fields say."""

_short = reprlib.Repr()
_short.maxstring = _short.maxother = 80
_short.maxlevel = 3


def shown(value: Any) -> str:
    """How a value from a file appears in a message: in one short line, whatever it is."""
    return _short.repr(value)


def size(config: Config, key: str, default: int | None = None, *, least: int = 1, most: int = LARGEST) -> int:
    """An integer of the config from `least` to `most`; `null` means the default, where there is one."""
    value = config.get(key)
    value = default if value is None else value
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{key} is {shown(value)}, expected {'a positive' if least else 'a non-negative'} integer")
    if value > most:
        raise ValueError(f"{key} is {shown(value)}, expected at most {most}")
    return value


def number(config: Config, key: str) -> float:
    """A positive finite number of the config."""
    value = config.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < math.inf:
        raise ValueError(f"{key} is {shown(value)}, expected a positive number")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{key} is {shown(value)}, expected a number that a double can hold") from None


def optional_number(config: Config, key: str) -> float | None:
    """A positive number of the config, or None where it is absent or `null`."""
    return None if config.get(key) is None else number(config, key)


def flag(config: Config, key: str) -> bool:
    """A field that is true or false; absent it is false."""
    value = config.get(key, False)
    if not isinstance(value, bool):
        raise ValueError(f"{key} is {shown(value)}, expected true or false")
    return value


def section(config: Config, key: str) -> Config:
    """An object within the config; empty where it is absent or `null`."""
    value = config.get(key)
    if value is not None and not isinstance(value, dict):
        raise ValueError(f"{key} is {shown(value)}, expected an object")
    return value or {}


def activation(config: Config, key: str) -> Any:
    """Our name of the activation the config asks for."""
    name = config.get(key)
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise ValueError(f"unsupported activation: {key} is {shown(name)}, expected one of {sorted(ACTIVATIONS)}")
    return ACTIVATIONS[name]


def usual(config: Config, model: str, expected: Config) -> None:
    """Refuse a config in which a field is not what this decoder computes; an absent one is."""
    for key, value in expected.items():
        if config.get(key, value) != value:
            raise ValueError(f"unsupported {model} variant: {key} is {shown(config[key])}, expected {value}")


def supported(config: Config) -> None:
    """Refuse what no family of ours has: quantised weights, attention that is not causal, blocks unlike each other."""
    if config.get("quantization_config") is not None:
        raise ValueError("quantised checkpoints are not supported: load the original float weights instead")
    usual(config, "attention", {"is_causal": True})
    for key, meaning in ELSEWHERE.items():
        if config.get(key) is not None:
            raise ValueError(f"{key} is {shown(config[key])}, which asks for {meaning}: expected none")


def listed_local_blocks(config: Config, n_layers: int) -> tuple[int, ...] | None:
    """The sliding blocks that `layer_types` lists; None where the config has no such list."""
    kinds = config.get("layer_types")
    if kinds is None:
        return None
    if not isinstance(kinds, list) or len(kinds) != n_layers or any(kind not in LAYER_TYPES for kind in kinds):
        raise ValueError(f"layer_types is {shown(kinds)}, expected {n_layers} of {list(LAYER_TYPES)}")
    return tuple(layer for layer, kind in enumerate(kinds) if kind == "sliding_attention")


def agreed_local_blocks(config: Config, n_layers: int, local: Sequence[int]) -> tuple[int, ...]:
    """The `local` blocks of a family that does not read `layer_types`; a list there that says otherwise is refused."""
    listed = listed_local_blocks(config, n_layers)
    if listed is not None and listed != tuple(local):
        raise ValueError(
            f"layer_types has {len(listed)} sliding blocks where the other fields give a {config['model_type']} model "
            f"{len(local)}: remove layer_types, or name the model_type it is meant for"
        )
    return tuple(local)


def checked(spec: Spec) -> Spec:
    """The spec, once its sizes fit together."""
    if spec.n_heads % spec.n_kv_heads:
        raise ValueError(f"{spec.n_heads} query heads cannot share {spec.n_kv_heads} key-value heads evenly")
    if spec.family == "gpt2" and spec.n_heads * spec.head_dim != spec.d_model:
        raise ValueError(f"n_embd {spec.d_model} is not divisible by n_head {spec.n_heads}")
    if spec.positions == "rope" and spec.head_dim % 2:
        raise ValueError(f"head_dim is {spec.head_dim}, expected an even number for rotary positions")
    return spec
