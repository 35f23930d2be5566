"""The model families: how a `config.json` becomes a `Spec`, and which tensors of the files become which parameters.

Adding a family is adding a row to `FAMILIES`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from real_models.checkpoints.config import (
    Config,
    activation,
    checked,
    listed_local_blocks,
    number,
    optional_number,
    rope,
    size,
)
from real_models.checkpoints.layouts import GEMMA_NORMS, PRE_NORMS, QK_NORMS, Tensor, gpt2_tensors, rotary_tensors
from real_models.decoding.decoder import Spec


@dataclass(frozen=True, kw_only=True)
class Family:
    """One row of the table.

    Names in files may start with `prefix`; without it, those that match `ignored` are no weights (both are regexes).
    `defaults` are what its configs may leave out; the decoder's fields may lie under the key `part` of the config.
    """

    spec: Callable[[Config], Spec]
    tensors: Callable[[Config, Spec], Iterator[Tensor]]
    prefix: str = r"model\."
    ignored: str = r".*rotary_emb\.inv_freq"
    defaults: Config = field(default_factory=dict)
    part: str | None = None


def family_of(config: Config) -> tuple[Family, Config]:
    """The family that `model_type` names, and the fields of its decoder with the family's defaults filled in.

    A `ValueError` says what is supported or what is in the way.
    """
    model_type = config.get("model_type")
    if model_type not in FAMILIES:
        raise ValueError(f"unsupported architecture: model_type is {model_type!r}, expected one of {sorted(FAMILIES)}")
    if config.get("quantization_config") is not None:
        raise ValueError("quantised checkpoints are not supported: load the original float weights instead")
    family = FAMILIES[model_type]
    if family.part is None:
        return family, family.defaults | config
    if not isinstance(inner := config.get(family.part), dict):
        raise ValueError(f"{family.part} is {inner!r}, expected an object with the fields of the text model")
    outer = {key: config[key] for key in ("tie_word_embeddings",) if key in config}
    return family, family.defaults | inner | outer


def rotary_spec(config: Config) -> Spec:
    """Llama and its kin: RMSNorm, rotary positions, grouped queries, a gated MLP."""
    d_model, n_heads = size(config, "hidden_size"), size(config, "num_attention_heads")
    theta, scaling = rope(config)
    return checked(
        Spec(
            family=config["model_type"],
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
            rope_theta=theta,
            rope_scaling=scaling,
            tied=bool(config.get("tie_word_embeddings", False)),
        )
    )


def mistral_spec(config: Config) -> Spec:
    """Mistral: a window, unless it is null, in every block."""
    spec = rotary_spec(config)
    if config["sliding_window"] is None:
        return spec
    return replace(spec, window=size(config, "sliding_window"), local=tuple(range(spec.n_layers)))


def qwen_spec(config: Config) -> Spec:
    """Qwen 2.5 and 3: a window in the upper blocks, and only where `use_sliding_window` says so."""
    spec = rotary_spec(config)
    if not config.get("use_sliding_window") or config["sliding_window"] is None:
        return spec
    listed = listed_local_blocks(config, spec.n_layers)
    local = tuple(range(size(config, "max_window_layers", least=0), spec.n_layers)) if listed is None else listed
    return replace(spec, window=size(config, "sliding_window"), local=local)


def gemma_spec(config: Config) -> Spec:
    """Gemma 3: scaled embeddings, norms after the sublayers too, five local blocks to every one that sees all."""
    for key in ("use_bidirectional_attention", "attn_logit_softcapping"):
        if config.get(key):
            raise ValueError(f"unsupported Gemma 3 variant: {key} is {config[key]}, expected none")
    spec = rotary_spec(config | {"hidden_act": config["hidden_activation"]})
    turning = (config.get("rope_parameters") or {}).get("sliding_attention")
    local_theta, local_scaling = rope({"rope_parameters": turning, "rope_theta": config["rope_local_base_freq"]})
    if local_scaling is not None:
        raise ValueError("unsupported rope: the sliding blocks' rotation is scaled, expected rope_type 'default'")
    period = size(config, "sliding_window_pattern")
    listed = listed_local_blocks(config, spec.n_layers)
    return replace(
        spec,
        window=size(config, "sliding_window"),
        local=tuple(n for n in range(spec.n_layers) if (n + 1) % period) if listed is None else listed,
        local_theta=local_theta,
        embed_scale=spec.d_model**0.5,
        score_width=number(config, "query_pre_attn_scalar"),
        logit_cap=optional_number(config, "final_logit_softcapping"),
    )


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


QWEN_WINDOW = {"sliding_window": 4096, "max_window_layers": 28}
GEMMA = Family(
    spec=gemma_spec,
    tensors=partial(rotary_tensors, norms=GEMMA_NORMS | QK_NORMS, norm_offset=1.0),
    defaults={
        "model_type": "gemma3_text",
        "vocab_size": 262_208,
        "hidden_size": 2304,
        "intermediate_size": 9216,
        "num_hidden_layers": 26,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 256,
        "hidden_activation": "gelu_pytorch_tanh",
        "max_position_embeddings": 131_072,
        "query_pre_attn_scalar": 256,
        "sliding_window": 4096,
        "sliding_window_pattern": 6,
        "rope_theta": 1_000_000.0,
        "rope_local_base_freq": 10_000.0,
        "tie_word_embeddings": True,
    },
)
FAMILIES: dict[str, Family] = {
    "gpt2": Family(
        spec=gpt2_spec,
        tensors=gpt2_tensors,
        prefix=r"transformer\.",
        ignored=r"h\.\d+\.attn\.(bias|masked_bias)",
    ),
    "llama": Family(spec=rotary_spec, tensors=rotary_tensors),
    "mistral": Family(
        spec=mistral_spec,
        tensors=partial(rotary_tensors, biases=lambda _config: ""),
        defaults={"num_key_value_heads": 8, "sliding_window": 4096},
    ),
    "qwen2": Family(
        spec=qwen_spec,
        tensors=partial(rotary_tensors, biases=lambda _config: "q k v"),
        defaults=QWEN_WINDOW,
    ),
    "qwen3": Family(
        spec=qwen_spec,
        tensors=partial(rotary_tensors, norms=PRE_NORMS | QK_NORMS),
        defaults=QWEN_WINDOW | {"head_dim": 128},
    ),
    "gemma3_text": GEMMA,
    "gemma3": replace(
        GEMMA,
        prefix=r"language_model\.model\.|model\.language_model\.|language_model\.",
        ignored=r"(model\.)?(vision_tower|multi_modal_projector)\..*",
        part="text_config",
    ),
}
