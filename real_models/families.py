"""The model families: how a `config.json` becomes a `Spec`, and which tensors of the files become which parameters.

Adding a family is adding a row to `FAMILIES`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from real_models.decoder import Spec

Config = dict[str, Any]
ACTIVATIONS = {"silu": "silu", "gelu_new": "gelu_tanh", "gelu_pytorch_tanh": "gelu_tanh"}


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """One tensor of a checkpoint: its name and shape there, and where its parts belong among our parameters.

    Several `paths` share a fused tensor evenly along its last axis, after the transposition if there is one.
    """

    name: str
    shape: tuple[int, ...]
    paths: tuple[str, ...]
    transpose: bool = False


@dataclass(frozen=True, kw_only=True)
class Family:
    """One row of the table. Names in files may carry `prefix`; those that match `ignored` (a regex) are no weights."""

    prefix: str
    ignored: str
    spec: Callable[[Config], Spec]
    tensors: Callable[[Config, Spec], Iterator[Tensor]]


def family_of(config: Config) -> Family:
    """The family that `model_type` names; a `ValueError` says what is supported or what is in the way."""
    model_type = config.get("model_type")
    if model_type not in FAMILIES:
        raise ValueError(f"unsupported architecture: model_type is {model_type!r}, expected one of {sorted(FAMILIES)}")
    if config.get("quantization_config") is not None:
        raise ValueError("quantised checkpoints are not supported: load the original float weights instead")
    return FAMILIES[model_type]


def llama_spec(config: Config) -> Spec:
    """Llama 2 and its kin: RMSNorm, rotary positions, grouped queries, a gated MLP."""
    d_model, n_heads = size(config, "hidden_size"), size(config, "num_attention_heads")
    return checked(
        Spec(
            family="llama",
            n_layers=size(config, "num_hidden_layers"),
            d_model=d_model,
            n_heads=n_heads,
            n_kv_heads=size(config, "num_key_value_heads", n_heads),
            head_dim=size(config, "head_dim", d_model // n_heads),
            d_ff=size(config, "intermediate_size"),
            vocab_size=size(config, "vocab_size"),
            max_positions=size(config, "max_position_embeddings", 2048),
            norm="rms",
            norm_eps=number(config, "rms_norm_eps", 1e-6),
            activation=activation(config, "hidden_act", "silu"),
            positions="rope",
            rope_theta=rope_theta(config),
            tied=bool(config.get("tie_word_embeddings", False)),
        )
    )


def llama_tensors(config: Config, spec: Spec) -> Iterator[Tensor]:
    """Tensors of a Llama checkpoint; PyTorch's linear layers are [out, in]."""
    d, q, kv, ff = spec.d_model, spec.n_heads * spec.head_dim, spec.n_kv_heads * spec.head_dim, spec.d_ff
    attention_bias, mlp_bias = bool(config.get("attention_bias", False)), bool(config.get("mlp_bias", False))
    linears = [
        ("q", "self_attn.q_proj", d, q, attention_bias),
        ("k", "self_attn.k_proj", d, kv, attention_bias),
        ("v", "self_attn.v_proj", d, kv, attention_bias),
        ("o", "self_attn.o_proj", q, d, attention_bias),
        ("gate", "mlp.gate_proj", d, ff, mlp_bias),
        ("up", "mlp.up_proj", d, ff, mlp_bias),
        ("down", "mlp.down_proj", ff, d, mlp_bias),
    ]
    yield Tensor(name="embed_tokens.weight", shape=(spec.vocab_size, d), paths=("embed",))
    yield Tensor(name="norm.weight", shape=(d,), paths=("final_norm.weight",))
    for block in range(spec.n_layers):
        ours, theirs = f"blocks.{block}", f"layers.{block}"
        yield Tensor(name=f"{theirs}.input_layernorm.weight", shape=(d,), paths=(f"{ours}.attn_norm.weight",))
        yield Tensor(name=f"{theirs}.post_attention_layernorm.weight", shape=(d,), paths=(f"{ours}.mlp_norm.weight",))
        for path, name, n_in, n_out, bias in linears:
            weight = f"{theirs}.{name}.weight"
            yield Tensor(name=weight, shape=(n_out, n_in), paths=(f"{ours}.{path}.weight",), transpose=True)
            if bias:
                yield Tensor(name=f"{theirs}.{name}.bias", shape=(n_out,), paths=(f"{ours}.{path}.bias",))
    if not spec.tied:
        yield Tensor(name="lm_head.weight", shape=(spec.vocab_size, d), paths=("unembed",))


def gpt2_spec(config: Config) -> Spec:
    """GPT-2: LayerNorm, learned positions, biases everywhere, a plain MLP."""
    unusual = {"scale_attn_weights": True, "scale_attn_by_inverse_layer_idx": False, "add_cross_attention": False}
    for key, usual in unusual.items():
        if config.get(key, usual) != usual:
            raise ValueError(f"unsupported GPT-2 variant: {key} is {config[key]}, expected {usual}")
    d_model, n_heads = size(config, "n_embd"), size(config, "n_head")
    return checked(
        Spec(
            family="gpt2",
            n_layers=size(config, "n_layer"),
            d_model=d_model,
            n_heads=n_heads,
            n_kv_heads=n_heads,
            head_dim=d_model // n_heads,
            d_ff=size(config, "n_inner", 4 * d_model),
            vocab_size=size(config, "vocab_size"),
            max_positions=size(config, "n_positions"),
            norm="layer",
            norm_eps=number(config, "layer_norm_epsilon", 1e-5),
            activation=activation(config, "activation_function", "gelu_new"),
            positions="learned",
            tied=bool(config.get("tie_word_embeddings", True)),
        )
    )


def gpt2_tensors(config: Config, spec: Spec) -> Iterator[Tensor]:
    """Tensors of a GPT-2 checkpoint; its linear layers (`Conv1D`) are [in, out], queries, keys and values fused."""
    d, ff = spec.d_model, spec.d_ff
    layers = [
        (("attn_norm",), "ln_1", (d,), d),
        (("q", "k", "v"), "attn.c_attn", (d, 3 * d), 3 * d),
        (("o",), "attn.c_proj", (d, d), d),
        (("mlp_norm",), "ln_2", (d,), d),
        (("up",), "mlp.c_fc", (d, ff), ff),
        (("down",), "mlp.c_proj", (ff, d), d),
    ]
    yield Tensor(name="wte.weight", shape=(spec.vocab_size, d), paths=("embed",))
    yield Tensor(name="wpe.weight", shape=(spec.max_positions, d), paths=("positions",))
    for part in ("weight", "bias"):
        yield Tensor(name=f"ln_f.{part}", shape=(d,), paths=(f"final_norm.{part}",))
    for block in range(spec.n_layers):
        for ours, theirs, shape, width in layers:
            weights, biases = (tuple(f"blocks.{block}.{path}.{part}" for path in ours) for part in ("weight", "bias"))
            yield Tensor(name=f"h.{block}.{theirs}.weight", shape=shape, paths=weights)
            yield Tensor(name=f"h.{block}.{theirs}.bias", shape=(width,), paths=biases)
    if not spec.tied:
        yield Tensor(name="lm_head.weight", shape=(spec.vocab_size, d), paths=("unembed",))


FAMILIES: dict[str, Family] = {
    "llama": Family(prefix="model.", ignored=r".*rotary_emb\.inv_freq", spec=llama_spec, tensors=llama_tensors),
    "gpt2": Family(
        prefix="transformer.", ignored=r"h\.\d+\.attn\.(bias|masked_bias)", spec=gpt2_spec, tensors=gpt2_tensors
    ),
}


def rope_theta(config: Config) -> float:
    """The rotary base, from `rope_parameters` (new) or `rope_theta` and `rope_scaling` (old); plain rotation only."""
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    kind = rope.get("rope_type", rope.get("type", "default"))
    if kind != "default":
        raise ValueError(f"unsupported rope type {kind!r}, expected 'default'")
    if rope.get("partial_rotary_factor", config.get("partial_rotary_factor", 1.0)) != 1.0:
        raise ValueError("unsupported rope: partial_rotary_factor is not 1")
    return number(rope if "rope_theta" in rope else config, "rope_theta", 10_000.0)


def activation(config: Config, key: str, default: str) -> Any:
    """Our name of the activation the config asks for."""
    name = config.get(key, default)
    if name not in ACTIVATIONS:
        raise ValueError(f"unsupported activation: {key} is {name!r}, expected one of {sorted(ACTIVATIONS)}")
    return ACTIVATIONS[name]


def size(config: Config, key: str, default: int | None = None) -> int:
    """A positive integer of the config; `null` means the default, and without one the key is required."""
    value = config.get(key)
    value = default if value is None else value
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{key} is {value!r}, expected a positive integer")
    return value


def number(config: Config, key: str, default: float) -> float:
    """A positive number of the config."""
    value = config.get(key, default)
    if not isinstance(value, int | float) or isinstance(value, bool) or not value > 0:
        raise ValueError(f"{key} is {value!r}, expected a positive number")
    return float(value)


def checked(spec: Spec) -> Spec:
    """The spec, once its sizes fit together."""
    if spec.n_heads % spec.n_kv_heads:
        raise ValueError(f"{spec.n_heads} query heads cannot share {spec.n_kv_heads} key-value heads evenly")
    if spec.family == "gpt2" and spec.n_heads * spec.head_dim != spec.d_model:
        raise ValueError(f"n_embd {spec.d_model} is not divisible by n_head {spec.n_heads}")
    if spec.positions == "rope" and spec.head_dim % 2:
        raise ValueError(f"head_dim is {spec.head_dim}, expected an even number for rotary positions")
    return spec
