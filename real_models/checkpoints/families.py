"""The model families: how a `config.json` becomes a `Spec`, and which tensors of the files become which parameters.

Adding a family is adding a row to `FAMILIES`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from real_models.checkpoints.config import (
    MOST_BLOCKS,
    Config,
    activation,
    agreed_local_blocks,
    checked,
    flag,
    listed_local_blocks,
    number,
    optional_number,
    shown,
    size,
    supported,
    usual,
)
from real_models.checkpoints.layouts import (
    FUSED_LINEARS,
    GEMMA_NORMS,
    POST_NORMS,
    PRE_NORMS,
    QK_NORMS,
    Tensor,
    attention_biases,
    gpt2_tensors,
    no_biases,
    rotary_tensors,
)
from real_models.checkpoints.rotations import rotation, rotations_by_type
from real_models.decoding.decoder import Spec


@dataclass(frozen=True, kw_only=True)
class Family:
    """One row of the table.

    Names in files may start with `prefix`; without it, those that match `buffers` are no weights, and those that match
    `ignored` are weights of other parts of a larger model (all are regexes). `defaults` are what its configs may leave
    out, as transformers fills it in; `aliases` are other names of fields, which win over the fields themselves. The
    decoder's fields may lie under the key `part` of the config.
    """

    spec: Callable[[Config], Spec]
    tensors: Callable[[Config, Spec], Iterator[Tensor]]
    prefix: str = r"model\."
    buffers: str = r".*rotary_emb\.inv_freq"
    ignored: str = r""
    defaults: Config = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    part: str | None = None


def family_of(config: Config) -> tuple[Family, Config]:
    """The family that `model_type` names, and the fields of its decoder with the family's defaults filled in.

    A `ValueError` says what is supported or what is in the way.
    """
    model_type = config.get("model_type")
    if not isinstance(model_type, str) or model_type not in FAMILIES:
        expected = f"expected one of {sorted(FAMILIES)}"
        raise ValueError(f"unsupported architecture: model_type is {shown(model_type)}, {expected}")
    supported(config)
    family = FAMILIES[model_type]
    if family.part is not None:
        if not isinstance(inner := config.get(family.part), dict):
            raise ValueError(f"{family.part} is {shown(inner)}, expected an object with the fields of the text model")
        supported(inner)
        outer = {key: config[key] for key in ("tie_word_embeddings",) if key in config}
        config = inner | {"model_type": family.defaults["model_type"]} | outer
    renamed = {theirs: config[alias] for alias, theirs in family.aliases.items() if alias in config}
    return family, family.defaults | config | renamed


def rotary_spec(config: Config, local: Sequence[int] | None = ()) -> Spec:
    """Llama and its kin: RMSNorm, rotary positions, grouped queries, a gated MLP.

    `local` are the blocks with a window, or None where `layer_types` may say which.
    """
    d_model, n_heads = size(config, "hidden_size"), size(config, "num_attention_heads")
    n_layers = size(config, "num_hidden_layers", most=MOST_BLOCKS)
    theta, scaling = rotation(config)
    return checked(
        Spec(
            family=config["model_type"],
            n_layers=n_layers,
            d_model=d_model,
            n_heads=n_heads,
            n_kv_heads=size(config, "num_key_value_heads", n_heads),
            head_dim=size(config, "head_dim", d_model // n_heads),
            d_ff=size(config, "intermediate_size"),
            vocab_size=size(config, "vocab_size"),
            max_positions=size(config, "max_position_embeddings"),
            norm="rms",
            norm_eps=number(config, "rms_norm_eps"),
            activation=activation(config, "hidden_act"),
            positions="rope",
            rope_theta=theta,
            rope_scaling=scaling,
            local=() if local is None else agreed_local_blocks(config, n_layers, local),
            tied=flag(config, "tie_word_embeddings"),
        )
    )


def windowed_spec(config: Config) -> Spec:
    """Mistral and Phi-3: a window, unless it is null, in every block."""
    if config.get("sliding_window") is None:
        return rotary_spec(config)
    window, n_layers = size(config, "sliding_window"), size(config, "num_hidden_layers", most=MOST_BLOCKS)
    return replace(rotary_spec(config, range(n_layers)), window=window)


def qwen_spec(config: Config) -> Spec:
    """Qwen 2.5 and 3: a window in the upper blocks, and only where `use_sliding_window` says so."""
    if not flag(config, "use_sliding_window") or config["sliding_window"] is None:
        return rotary_spec(config)
    spec = rotary_spec(config, None)
    listed = listed_local_blocks(config, spec.n_layers)
    local = tuple(range(size(config, "max_window_layers", least=0), spec.n_layers)) if listed is None else listed
    return replace(spec, window=size(config, "sliding_window"), local=local)


def granite_spec(config: Config) -> Spec:
    """Granite: Llama with multipliers of the embeddings, of what the sublayers write, of the scores and the logits."""
    return replace(
        rotary_spec(config),
        embed_scale=number(config, "embedding_multiplier"),
        residual_scale=number(config, "residual_multiplier"),
        score_width=number(config, "attention_multiplier") ** -2,
        logit_divisor=number(config, "logits_scaling"),
    )


def olmo2_spec(config: Config) -> Spec:
    """OLMo 2: sublayers read the residual stream as it is, and what they write is normed."""
    return replace(rotary_spec(config), pre_norm=False)


def gemma_spec(config: Config) -> Spec:
    """Gemma 3: scaled embeddings, norms after the sublayers too, five local blocks to every one that sees all."""
    for key in ("use_bidirectional_attention", "attn_logit_softcapping"):
        if config.get(key):
            raise ValueError(f"unsupported Gemma 3 variant: {key} is {shown(config[key])}, expected none")
    (theta, scaling), local_theta = rotations_by_type(config)
    plain = {"hidden_act": config["hidden_activation"], "rope_parameters": None, "rope_scaling": None}
    spec = rotary_spec(config | plain, None)
    period = size(config, "sliding_window_pattern")
    listed = listed_local_blocks(config, spec.n_layers)
    return replace(
        spec,
        rope_theta=theta,
        rope_scaling=scaling,
        window=size(config, "sliding_window"),
        local=tuple(n for n in range(spec.n_layers) if (n + 1) % period) if listed is None else listed,
        local_theta=local_theta,
        embed_scale=spec.d_model**0.5,
        score_width=number(config, "query_pre_attn_scalar"),
        logit_cap=optional_number(config, "final_logit_softcapping"),
    )


def gemma_tower_spec(config: Config) -> Spec:
    """The text tower of a multimodal Gemma 3, whose logits transformers leaves uncapped."""
    usual(config, "multimodal Gemma 3", {"final_logit_softcapping": None})
    return gemma_spec(config)


def gpt2_spec(config: Config) -> Spec:
    """GPT-2: LayerNorm, learned positions, biases everywhere, a plain MLP."""
    plain = {"scale_attn_weights": True, "scale_attn_by_inverse_layer_idx": False, "add_cross_attention": False}
    usual(config, "GPT-2", plain)
    d_model, n_heads = size(config, "n_embd"), size(config, "n_head")
    return checked(
        Spec(
            family="gpt2",
            n_layers=size(config, "n_layer", most=MOST_BLOCKS),
            d_model=d_model,
            n_heads=n_heads,
            n_kv_heads=n_heads,
            head_dim=d_model // n_heads,
            d_ff=size(config, "n_inner", 4 * d_model),
            vocab_size=size(config, "vocab_size"),
            max_positions=size(config, "n_positions"),
            norm="layer",
            norm_eps=number(config, "layer_norm_epsilon"),
            activation=activation(config, "activation_function"),
            positions="learned",
            tied=flag(config, "tie_word_embeddings"),
        )
    )


LLAMA_DEFAULTS = {
    "vocab_size": 32_000,
    "hidden_size": 4096,
    "intermediate_size": 11_008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "hidden_act": "silu",
    "max_position_embeddings": 2048,
    "rms_norm_eps": 1e-6,
    "rope_theta": 10_000.0,
    "tie_word_embeddings": False,
}
QWEN_DEFAULTS = LLAMA_DEFAULTS | {
    "vocab_size": 151_936,
    "intermediate_size": 22_016,
    "num_key_value_heads": 32,
    "max_position_embeddings": 32_768,
    "sliding_window": 4096,
    "max_window_layers": 28,
}
GEMMA = Family(
    spec=gemma_spec,
    tensors=partial(rotary_tensors, norms=GEMMA_NORMS | QK_NORMS, norm_offset=1.0, biases=attention_biases),
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
        "rms_norm_eps": 1e-6,
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
        buffers=r"h\.\d+\.attn\.(bias|masked_bias)",
        defaults={
            "vocab_size": 50_257,
            "n_positions": 1024,
            "n_embd": 768,
            "n_layer": 12,
            "n_head": 12,
            "layer_norm_epsilon": 1e-5,
            "activation_function": "gelu_new",
            "tie_word_embeddings": True,
        },
        aliases={
            "hidden_size": "n_embd",
            "max_position_embeddings": "n_positions",
            "num_attention_heads": "n_head",
            "num_hidden_layers": "n_layer",
        },
    ),
    "llama": Family(spec=rotary_spec, tensors=rotary_tensors, defaults=LLAMA_DEFAULTS),
    "granite": Family(
        spec=granite_spec,
        tensors=rotary_tensors,
        defaults=LLAMA_DEFAULTS
        | {f"{name}_multiplier": 1.0 for name in ("embedding", "residual", "attention")}
        | {"logits_scaling": 1.0},
    ),
    "olmo2": Family(
        spec=olmo2_spec,
        tensors=partial(
            rotary_tensors,
            norms=POST_NORMS | QK_NORMS,
            biases=attention_biases,
            qk_norm_by_head=False,
        ),
        defaults=LLAMA_DEFAULTS | {"vocab_size": 50_304, "rms_norm_eps": 1e-5},
    ),
    "mistral": Family(
        spec=windowed_spec,
        tensors=partial(rotary_tensors, biases=no_biases),
        defaults=LLAMA_DEFAULTS
        | {"intermediate_size": 14_336, "num_key_value_heads": 8, "max_position_embeddings": 131_072}
        | {"sliding_window": 4096},
    ),
    "phi3": Family(
        spec=windowed_spec,
        tensors=partial(rotary_tensors, linears=FUSED_LINEARS, biases=no_biases),
        defaults=LLAMA_DEFAULTS
        | {"vocab_size": 32_064, "hidden_size": 3072, "intermediate_size": 8192}
        | {"max_position_embeddings": 4096, "rms_norm_eps": 1e-5},
    ),
    "qwen2": Family(
        spec=qwen_spec,
        tensors=partial(rotary_tensors, biases=lambda _config: "q k v"),
        defaults=QWEN_DEFAULTS,
    ),
    "qwen3": Family(
        spec=qwen_spec,
        tensors=partial(rotary_tensors, norms=PRE_NORMS | QK_NORMS, biases=attention_biases),
        defaults=QWEN_DEFAULTS | {"head_dim": 128},
    ),
    "gemma3_text": GEMMA,
    "gemma3": replace(
        GEMMA,
        spec=gemma_tower_spec,
        prefix=r"language_model\.model\.|model\.language_model\.|language_model\.|model\.",
        ignored=r"(vision_tower|multi_modal_projector)\..*",
        part="text_config",
    ),
}
